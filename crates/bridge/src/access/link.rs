//! Keeps the second connection while somebody attends to it, and performs what the book and the
//! person want.

mod lists;
mod orders;

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use openclaw::pairing::SetupOutcome;
use openclaw::{DeviceId, Disconnected, Event, Generation};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::book::{Book, Change, Input};
use super::doing::{Doing, Waiter};
use super::errand::{Failure, Reached};
use super::line::{Heard, Line, dial};
use super::{AccessAct, AccessDone, AccessSnapshot, AccessStanding, Attention, SendersSnapshot};
use crate::engine::Input as EngineInput;
use crate::links::finding::Trouble;
use crate::links::{Lead, Pause, Redial, Signal};
use crate::{KeyStore, Notice};

/// How long the connection stays after the last person looked away: pages are turned back, too.
const LINGER: Duration = Duration::from_secs(3);
/// How much longer it stays for what was begun and has not come to its end.
const PATIENCE: Duration = Duration::from_secs(35);
/// How many errands are run at a time.
const TURNS: usize = 8;
/// How many events are taken up before what they changed is shown.
const EVENTS_AT_ONCE: usize = 256;

/// Something that a person wants done, and who waits for it.
pub(super) type Order = (AccessAct, Waiter);
type Dialled = (Result<Reached, Trouble>, Option<DeviceId>);
type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The task of the second connection.
pub(super) struct AccessLink {
    lead: Lead,
    keys: Arc<dyn KeyStore>,
    attention: watch::Receiver<Attention>,
    orders: mpsc::Receiver<Order>,
    published: watch::Sender<AccessSnapshot>,
    phase: Phase,
    redial: Redial,
    /// When the connection goes, unless somebody attends to it again or something is being done.
    leave_at: Option<Instant>,
    book: Book,
    doing: Doing,
    errands: JoinSet<(u64, Result<AccessDone, Failure>)>,
    turns: Arc<Semaphore>,
    /// What is published, but for what the book and the acts tell.
    shown: AccessSnapshot,
    /// Why senders cannot be listed.
    no_senders: Option<SendersSnapshot>,
    is_changed: bool,
}

enum Phase {
    Off,
    Dialling(Pending<Dialled>),
    Up(Line),
    Waiting(Pending<Pause>),
}

enum Happening {
    Attention,
    Order(Order),
    Done(u64, Result<AccessDone, Failure>),
    Dialled(Dialled),
    Heard(Heard),
    Waited(Pause),
    Time,
}

impl AccessLink {
    pub(super) fn new(
        lead: Lead,
        keys: Arc<dyn KeyStore>,
        attention: watch::Receiver<Attention>,
        orders: mpsc::Receiver<Order>,
        published: watch::Sender<AccessSnapshot>,
    ) -> Self {
        Self {
            lead,
            keys,
            attention,
            orders,
            published,
            phase: Phase::Off,
            redial: Redial::new(fastrand::u64(..)),
            leave_at: None,
            book: Book::new(),
            doing: Doing::default(),
            errands: JoinSet::new(),
            turns: Arc::new(Semaphore::new(TURNS)),
            shown: AccessSnapshot::default(),
            no_senders: None,
            is_changed: false,
        }
    }

    /// Runs until it is told to stop; then nothing is known any more.
    pub(super) async fn run(mut self) {
        let stop = self.lead.stop.clone();
        stop.run_until_cancelled(self.keep()).await;
        self.published.send_replace(AccessSnapshot::default());
    }

    async fn keep(&mut self) {
        // Somebody may have attended to it before this began.
        self.attend();
        loop {
            self.ask();
            self.publish();
            let happening = self.next().await;
            self.take(happening).await;
        }
    }

    async fn next(&mut self) -> Happening {
        let wake_at = self.wake_at();
        let Self { attention, orders, errands, phase, .. } = self;
        tokio::select! {
            biased;
            Ok(()) = attention.changed() => Happening::Attention,
            Some(Ok((number, done))) = errands.join_next() => Happening::Done(number, done),
            happening = phase.next() => happening,
            Some(order) = orders.recv() => Happening::Order(order),
            () = sleep_until(wake_at) => Happening::Time,
        }
    }

    async fn take(&mut self, happening: Happening) {
        match happening {
            Happening::Attention => self.attend(),
            Happening::Order(order) => self.order(order).await,
            Happening::Done(number, done) => self.done(number, done).await,
            Happening::Dialled((reached, own)) => self.dialled(reached, own).await,
            Happening::Heard(Heard::Event(event)) => {
                self.hear(event).await;
                self.hear_what_is_there().await;
            }
            Happening::Heard(Heard::Listing(listing)) => {
                // Whatever the gateway told before it answered is known before the answer.
                self.hear_what_is_there().await;
                self.listed(listing).await;
            }
            Happening::Heard(Heard::Ended(ended)) => self.lost(&ended).await,
            Happening::Waited(pause) => {
                if pause == Pause::Disrupted {
                    self.redial.start_over();
                }
                self.dial();
            }
            Happening::Time => {
                if self.leaves_at().is_some_and(|at| at <= Instant::now()) {
                    self.leave().await;
                }
                self.feed(Input::Time).await;
            }
        }
    }

    fn attend(&mut self) {
        let attention = *self.attention.borrow_and_update();
        self.leave_at = match (attention, &self.phase) {
            (Attention::Off, Phase::Off) => None,
            (Attention::Off, Phase::Dialling(_) | Phase::Up(_) | Phase::Waiting(_)) => {
                Some(self.leave_at.unwrap_or_else(|| Instant::now() + LINGER))
            }
            (Attention::Background | Attention::Shown, _) => None,
        };
        if attention != Attention::Off && matches!(self.phase, Phase::Off) {
            self.redial.start_over();
            self.stand(AccessStanding::Connecting);
            self.dial();
        }
    }

    /// When the connection goes: later as long as something is being done over it.
    fn leaves_at(&self) -> Option<Instant> {
        let wait = if self.doing.is_empty() { Duration::ZERO } else { PATIENCE };
        self.leave_at.map(|at| at + wait)
    }

    async fn leave(&mut self) {
        tracing::info!("nobody attends to who may use the gateway any more");
        self.leave_at = None;
        self.phase = Phase::Off;
        self.no_senders = None;
        self.shown = AccessSnapshot::default();
        self.is_changed = true;
        self.doing.unlisted();
        self.feed(Input::Left).await;
    }

    fn dial(&mut self) {
        let dialling = dial(self.lead.clone(), Arc::clone(&self.keys));
        self.phase = Phase::Dialling(Box::pin(dialling));
    }

    async fn dialled(&mut self, reached: Result<Reached, Trouble>, own: Option<DeviceId>) {
        self.shown.own_device = own;
        self.is_changed = true;
        match reached {
            Ok(reached) => {
                let (line, hello) = Line::new(reached);
                let offers = |method| hello.methods.is_empty() || hello.methods.contains(method);
                let is_newer = hello.generation == Generation::Newer;
                self.shown.can_rename = is_newer && offers("device.pair.rename");
                // The newer generation has the method for codes, and does not list it.
                self.shown.can_set_up = is_newer;
                self.no_senders = None;
                self.phase = Phase::Up(line);
                self.feed(Input::Connected(hello.generation)).await;
            }
            Err(trouble) => {
                let (cause, remedy, code) = trouble.explain();
                tracing::info!(cause, code, "who may use the gateway cannot be asked");
                let wait = self.redial.after_failure(trouble.patience());
                self.wait(wait, cause, Some(remedy)).await;
            }
        }
    }

    async fn lost(&mut self, ended: &Disconnected) {
        let Phase::Up(line) = &self.phase else { return };
        let woke = matches!(ended, Disconnected::Woke);
        let wait = self.redial.after_end(line.since.into_std(), woke);
        let cause = ended.to_string();
        tracing::info!(cause, "the connection for who may use the gateway is gone");
        self.wait(wait, cause, None).await;
    }

    /// Tries again later.
    async fn wait(&mut self, wait: Duration, cause: String, remedy: Option<String>) {
        self.lead.tried();
        let mut lead = self.lead.clone();
        self.phase = Phase::Waiting(Box::pin(async move { lead.pause(wait).await }));
        self.stand(AccessStanding::Down { cause, remedy });
        self.doing.unlisted();
        self.feed(Input::Disconnected).await;
    }

    async fn hear(&mut self, event: Event) {
        match event {
            Event::Pairing(event) => self.feed(Input::Told(event)).await,
            Event::Run(_)
            | Event::ApprovalRequested(_)
            | Event::ApprovalResolved { .. }
            | Event::Tick
            | Event::Shutdown { .. }
            | Event::Other => {}
        }
    }

    async fn hear_what_is_there(&mut self) {
        for _ in 0..EVENTS_AT_ONCE {
            let Phase::Up(line) = &mut self.phase else { return };
            let Some(event) = line.event_at_hand().await else { return };
            self.hear(event).await;
        }
    }

    async fn feed(&mut self, input: Input) {
        self.is_changed = true;
        for change in self.book.handle(input, now_ms()) {
            match change {
                Change::Ended(past) => {
                    self.lead.tell(Signal::Engine(EngineInput::Recorded(past))).await;
                }
                Change::SetupUsed(SetupOutcome { id, name, is_certain, .. }) => {
                    let name = name.map(|name| name.as_str().to_owned());
                    self.lead
                        .tell(Signal::Notify(Notice::SetupUsed { id, name, is_certain }))
                        .await;
                }
                Change::Ask(list) => {
                    if let Phase::Up(line) = &mut self.phase {
                        line.rounds.want(list);
                    }
                }
            }
        }
    }

    fn ask(&mut self) {
        let attention = *self.attention.borrow();
        if let Phase::Up(line) = &mut self.phase {
            let unknown_own = self.shown.own_device.is_none().then_some(&self.keys);
            line.ask(attention, unknown_own, || self.book.begin());
        }
    }

    fn stand(&mut self, standing: AccessStanding) {
        self.shown.standing = standing;
        self.is_changed = true;
    }

    /// Shows what changed, and then tells whoever waits for it.
    fn publish(&mut self) {
        if !std::mem::take(&mut self.is_changed) {
            return;
        }
        let finished = self.doing.finished();
        let senders = || self.book.senders().map(|senders| SendersSnapshot::Listed(senders.into()));
        let next = AccessSnapshot {
            devices: self.book.devices().map(Arc::new),
            nodes: self.book.nodes().map(Arc::new),
            senders: self.no_senders.clone().or_else(senders).unwrap_or_default(),
            doing: self.doing.acts(),
            ..self.shown.clone()
        };
        self.published.send_if_modified(|published| {
            let is_new = *published != next;
            if is_new {
                *published = next;
            }
            is_new
        });
        self.tell(finished);
    }

    fn wake_at(&self) -> Option<Instant> {
        let round = match &self.phase {
            Phase::Up(line) => line.rounds.next(*self.attention.borrow()),
            Phase::Off | Phase::Dialling(_) | Phase::Waiting(_) => None,
        };
        let over = self
            .book
            .deadline_ms()
            .map(|at| Instant::now() + Duration::from_millis(at.saturating_sub(now_ms())));
        [self.leaves_at(), round, over].into_iter().flatten().min()
    }
}

impl Phase {
    async fn next(&mut self) -> Happening {
        match self {
            Self::Off => std::future::pending().await,
            Self::Dialling(dialling) => Happening::Dialled(dialling.await),
            Self::Up(line) => Happening::Heard(line.next().await),
            Self::Waiting(waiting) => Happening::Waited(waiting.await),
        }
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
