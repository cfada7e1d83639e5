//! The session bus, as far as notifications need it: calls, and what is heard, in order.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::task::AbortOnDropHandle;
use zbus::message::{Message, Sequence, Type};
use zbus::names::OwnedUniqueName;
use zbus::zvariant::Value;
use zbus::{Connection, MatchRule, MessageStream, connection};

use super::rendering::{Capabilities, Rendering};
use crate::tray::Icon;
use crate::tray::icons::{Picture, picture};

const APP_NAME: &str = "Sophon Desktop";
/// Name of the desktop entry, which gives the icon and the desktop's settings for this program.
const DESKTOP_ENTRY: &str = "at.sophon.desktop";
/// Side of the picture that stands in a notification, in pixels.
const ICON_SIDE: u32 = 48;
const SERVICE: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
const BUS: &str = "org.freedesktop.DBus";
const BUS_PATH: &str = "/org/freedesktop/DBus";
/// How long the service may think; to be started on demand is within it.
const ANSWER: Duration = Duration::from_secs(10);

/// A bus to connect to.
#[derive(Clone, Debug)]
pub(super) enum Address {
    /// That of the person's session.
    Session,
    /// One by its address.
    #[cfg(test)]
    At(String),
}

/// A connection to the bus.
#[derive(Debug)]
pub(super) struct Bus {
    connection: Connection,
    heard: UnboundedReceiver<Heard>,
    _listener: AbortOnDropHandle<()>,
}

/// What came over the bus.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) what: What,
    /// Where it stands among all that came, answers included.
    pub(super) at: Sequence,
}

/// What is heard. The sender is what the bus says, which cannot be forged.
#[derive(Debug)]
pub(super) enum What {
    /// The service has come, gone or changed.
    Owner(Option<OwnedUniqueName>),
    /// A person chose something.
    Invoked { sender: OwnedUniqueName, id: u32, key: String },
    /// A notification is gone.
    Closed { sender: OwnedUniqueName, id: u32 },
}

impl Bus {
    pub(super) async fn connect(address: &Address) -> zbus::Result<Self> {
        let builder = match address {
            Address::Session => connection::Builder::session()?,
            #[cfg(test)]
            Address::At(address) => connection::Builder::address(address.as_str())?,
        };
        let connection = builder.method_timeout(ANSWER).build().await?;
        let (tell, heard) = unbounded_channel();
        let listener = tokio::spawn(listen(MessageStream::from(&connection), tell));
        let bus = Self { connection, heard, _listener: AbortOnDropHandle::new(listener) };
        bus.subscribe().await?;
        Ok(bus)
    }

    /// Waits for what is heard next; none after the bus is gone.
    pub(super) async fn hear(&mut self) -> Option<Heard> {
        self.heard.recv().await
    }

    /// Finds the notification service, and has it started if it is not there.
    pub(super) async fn find_service(&self) -> zbus::Result<(OwnedUniqueName, Sequence)> {
        if let Ok(found) = self.service_owner().await {
            return Ok(found);
        }
        self.ask_bus("StartServiceByName", &(SERVICE, 0_u32)).await?;
        self.service_owner().await
    }

    /// Asks a notification service what it can do.
    pub(super) async fn capabilities(&self, of: &OwnedUniqueName) -> zbus::Result<Capabilities> {
        let answer = self.ask_service(of, "GetCapabilities", &()).await?;
        let names: Vec<String> = answer.body().deserialize()?;
        Ok(Capabilities::read(&names))
    }

    /// Shows a notification, in place of another if an id is given.
    pub(super) async fn notify(
        &self,
        service: &OwnedUniqueName,
        replaces: Option<u32>,
        shown: &Rendering,
    ) -> zbus::Result<(u32, Sequence)> {
        let mut hints = HashMap::from([
            ("desktop-entry", Value::from(DESKTOP_ENTRY)),
            ("urgency", Value::from(shown.urgency)),
        ]);
        if let Some(picture) = picture(Icon::Connected, false, ICON_SIDE) {
            hints.insert("image-data", image_data(picture));
        }
        let arguments = (
            APP_NAME,
            replaces.unwrap_or(0),
            "",
            &shown.summary,
            &shown.body,
            &shown.actions,
            hints,
            shown.timeout_ms,
        );
        let answer = self.ask_service(service, "Notify", &arguments).await?;
        Ok((answer.body().deserialize()?, answer.recv_position()))
    }

    /// Takes a notification away.
    pub(super) async fn close(&self, service: &OwnedUniqueName, id: u32) -> zbus::Result<()> {
        self.ask_service(service, "CloseNotification", &id).await.map(drop)
    }

    /// The bus itself passes on only what comes from the service's owner. What is sent straight to
    /// this connection passes without a rule, so that the sender is looked at again later.
    async fn subscribe(&self) -> zbus::Result<()> {
        let of_service = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(SERVICE)?
            .interface(SERVICE)?
            .path(PATH)?
            .build();
        let of_owner = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(BUS)?
            .interface(BUS)?
            .member("NameOwnerChanged")?
            .arg(0, SERVICE)?
            .build();
        for rule in [of_service, of_owner] {
            self.ask_bus("AddMatch", &rule.to_string()).await?;
        }
        Ok(())
    }

    async fn service_owner(&self) -> zbus::Result<(OwnedUniqueName, Sequence)> {
        let answer = self.ask_bus("GetNameOwner", &SERVICE).await?;
        Ok((answer.body().deserialize()?, answer.recv_position()))
    }

    async fn ask_bus<B>(&self, method: &str, arguments: &B) -> zbus::Result<Message>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
    {
        self.connection.call_method(Some(BUS), BUS_PATH, Some(BUS), method, arguments).await
    }

    async fn ask_service<B>(
        &self,
        service: &OwnedUniqueName,
        method: &str,
        arguments: &B,
    ) -> zbus::Result<Message>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
    {
        self.connection.call_method(Some(service), PATH, Some(SERVICE), method, arguments).await
    }
}

async fn listen(mut messages: MessageStream, tell: UnboundedSender<Heard>) {
    while let Some(Ok(message)) = messages.next().await {
        let at = message.recv_position();
        if let Some(what) = read(&message)
            && tell.send(Heard { what, at }).is_err()
        {
            return;
        }
    }
}

/// Reads a signal; whatever is not one of these three, or not as it should be, is none.
fn read(message: &Message) -> Option<What> {
    let header = message.header();
    if header.message_type() != Type::Signal {
        return None;
    }
    let sender = header.sender()?;
    let body = message.body();
    match (header.interface()?.as_str(), header.member()?.as_str()) {
        (BUS, "NameOwnerChanged") if sender == BUS => {
            let (name, _, new): (&str, &str, &str) = body.deserialize().ok()?;
            let owner = OwnedUniqueName::try_from(new).ok();
            (name == SERVICE).then_some(What::Owner(owner))
        }
        (SERVICE, "ActionInvoked") => {
            let (id, key) = body.deserialize().ok()?;
            Some(What::Invoked { sender: sender.to_owned().into(), id, key })
        }
        (SERVICE, "NotificationClosed") => {
            let (id, _reason): (u32, u32) = body.deserialize().ok()?;
            Some(What::Closed { sender: sender.to_owned().into(), id })
        }
        _ => None,
    }
}

/// A picture as the service takes it: width, height, bytes a row, whether there is opacity, bits a
/// sample, samples a pixel, and the pixels (Desktop Notifications Specification, "Icons and Images").
fn image_data(picture: &Picture) -> Value<'static> {
    const SAMPLES: i32 = 4;
    let side = i32::try_from(picture.side).unwrap_or_default();
    Value::from((side, side, side * SAMPLES, true, 8, SAMPLES, picture.rgba.clone()))
}
