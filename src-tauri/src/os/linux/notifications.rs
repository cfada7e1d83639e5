//! Notifications by the Desktop Notifications Specification.

mod board;
mod bus;
mod rendering;
#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use zbus::message::Sequence;
use zbus::names::OwnedUniqueName;

use crate::clock::now_ms;
use crate::notification::Notification;
use crate::request::Request;
use crate::shell::Topic;
use board::{Board, Signal};
use bus::{Address, Bus, Heard, What};
use rendering::{Capabilities, render};

/// How long the clock is left alone while something is to expire: a sleeping computer does not
/// count time.
const LOOK_AT_CLOCK: Duration = Duration::from_secs(30);
/// How long the last notifications may take to go.
const FAREWELL: Duration = Duration::from_secs(1);

/// The notifications of this program. All of them go when it is dropped, as long as the
/// runtime goes on.
#[derive(Debug)]
pub struct Notifications {
    orders: UnboundedSender<Order>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
enum Order {
    Show(Box<Notification>),
    Withdraw(Topic),
}

impl Notifications {
    /// Starts in the Tokio runtime that runs; what a person clicks comes as a wish. Nothing here waits
    /// or fails: without a bus or a service, what is still wanted is shown when there is one.
    pub fn start(wishes: UnboundedSender<Request>) -> Self {
        Self::on(Address::Session, wishes)
    }

    /// Shows a notification, in place of the one before of the same topic.
    pub fn show(&self, notification: Notification) {
        self.order(Order::Show(Box::new(notification)));
    }

    /// Takes the notification about a topic away, if there is one.
    pub fn withdraw(&self, topic: &Topic) {
        self.order(Order::Withdraw(topic.clone()));
    }

    /// Takes all notifications away and waits, at most a second, until that is done.
    pub async fn shutdown(self) {
        drop(self.orders);
        if tokio::time::timeout(FAREWELL, self.task).await.is_err() {
            tracing::debug!("the notification service did not answer in time");
        }
    }

    fn on(address: Address, wishes: UnboundedSender<Request>) -> Self {
        let (orders, taken) = unbounded_channel();
        let desk = Desk {
            address,
            bus: None,
            service: None,
            board: Board::default(),
            wishes,
            told: false,
        };
        Self { orders, task: tokio::spawn(desk.run(taken)) }
    }

    fn order(&self, order: Order) {
        if self.orders.send(order).is_err() {
            tracing::error!("notifications ended before the program");
        }
    }
}

/// The one place that knows what is shown.
#[derive(Debug)]
struct Desk {
    address: Address,
    bus: Option<Bus>,
    service: Option<Service>,
    board: Board<Sequence>,
    wishes: UnboundedSender<Request>,
    /// Whether it was logged that there is no service.
    told: bool,
}

/// The notification service that owns the name now.
#[derive(Clone, Debug)]
struct Service {
    name: OwnedUniqueName,
    can: Capabilities,
}

impl Desk {
    async fn run(mut self, mut orders: UnboundedReceiver<Order>) {
        loop {
            let pause = self.until_expiry();
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Show(notification)) => self.show(*notification).await,
                    Some(Order::Withdraw(topic)) => {
                        let id = self.board.remove(&topic);
                        self.close(id).await;
                    }
                    None => break,
                },
                heard = hear(&mut self.bus) => self.hear(heard).await,
                () = wait(pause) => {
                    let ids = self.board.remove_expired(now_ms());
                    self.close(ids).await;
                }
            }
        }
        let ids = self.board.clear();
        self.close(ids).await;
    }

    async fn show(&mut self, notification: Notification) {
        if notification.is_over(now_ms()) {
            let id = self.board.remove(&notification.topic);
            return self.close(id).await;
        }
        self.board.put(notification);
        self.present().await;
    }

    /// Shows all that is wanted and not shown. What fails is tried again with the next one.
    async fn present(&mut self) {
        match self.try_present().await {
            Ok(()) => self.told = false,
            Err(error) if !self.told => {
                self.told = true;
                tracing::debug!(%error, "notifications cannot be shown now");
            }
            Err(_) => {}
        }
    }

    async fn try_present(&mut self) -> zbus::Result<()> {
        if self.bus.is_none() {
            self.bus = Some(Bus::connect(&self.address).await?);
        }
        let Some(bus) = &self.bus else { return Ok(()) };
        let service = match &self.service {
            Some(service) => service.clone(),
            None => {
                let (name, at) = bus.find_service().await?;
                let can = bus.capabilities(&name).await?;
                self.board.set_owner(Some(name.clone()), at);
                self.service.insert(Service { name, can }).clone()
            }
        };
        let mut refused = Ok(());
        for (notification, replaces) in self.board.pending() {
            let rendering = render(&notification, service.can, now_ms());
            match bus.notify(&service.name, replaces, &rendering).await {
                Ok((id, at)) => self.board.shown(&notification.topic, id, at),
                // The service did not like this one; it may like the others.
                Err(error @ zbus::Error::MethodError(..)) => refused = Err(error),
                Err(error) => return Err(error),
            }
        }
        refused
    }

    async fn close(&self, ids: impl IntoIterator<Item = u32>) {
        let (Some(bus), Some(service)) = (&self.bus, &self.service) else { return };
        for id in ids {
            if let Err(error) = bus.close(&service.name, id).await {
                tracing::debug!(%error, "a notification was not closed");
            }
        }
    }

    async fn hear(&mut self, heard: Option<Heard>) {
        let Some(Heard { what, at }) = heard else {
            tracing::debug!("the session bus is gone");
            self.bus = None;
            self.service = None;
            return self.board.set_unconnected();
        };
        match what {
            What::Owner(owner) => self.change_owner(owner, at).await,
            What::Invoked { sender, id, key } => {
                let signal = Signal { sender: &sender, at, id };
                if let Some(click) = self.board.invoked(&signal, &key, now_ms()) {
                    if self.wishes.send(click.request).is_err() {
                        tracing::debug!("a click came when the program was ending");
                    }
                    self.close([click.id]).await;
                }
            }
            What::Closed { sender, id } => self.board.closed(&Signal { sender: &sender, at, id }),
        }
    }

    /// A service that is gone is not started again here: it may have ended because of what it was to
    /// show.
    async fn change_owner(&mut self, owner: Option<OwnedUniqueName>, at: Sequence) {
        let has_service = owner.is_some();
        self.board.set_owner(owner, at);
        if self.service.as_ref().map(|service| &service.name) == self.board.owner() {
            return;
        }
        self.service = None;
        if has_service && !self.board.is_empty() {
            self.present().await;
        }
    }

    fn until_expiry(&self) -> Option<Duration> {
        let left_ms = self.board.next_expiry_ms()?.saturating_sub(now_ms());
        Some(Duration::from_millis(left_ms).min(LOOK_AT_CLOCK))
    }
}

async fn hear(bus: &mut Option<Bus>) -> Option<Heard> {
    match bus {
        Some(bus) => bus.hear().await,
        None => std::future::pending().await,
    }
}

async fn wait(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}
