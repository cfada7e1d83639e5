//! The person: writes into several chats at once, decides what is asked, and stops some answers.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fastrand::Rng;
use simulator::cloud::{ApprovalCard, Grant, Said};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::world::World;

/// A command that the person has allowed always.
pub(crate) const FREE: &str = "sleep 0.15; echo free";
/// Beginning of the commands that the person never decides about, because he stops them.
const UNTOUCHED: &str = "echo untouched";
/// The longest that the person thinks before he acts, in milliseconds.
const THINKING: u64 = 300;
/// The longest time from a message to its stop, in milliseconds.
const STOPPING: u64 = 900;

/// One time of so many, an encrypted chat gets another key while it is answered.
const ROTATING: u8 = 4;

/// What a message leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text that is streamed.
    Text,
    /// Text, a tool that needs no approval, and text.
    Tool,
    /// A tool that needs an approval.
    Approval,
    /// Text that is stopped, or is complete before the stop comes.
    Stopped,
    /// An approval that nobody decides before its answer is stopped.
    StoppedApproval,
}

/// A message of the person.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) session: String,
    pub(crate) text: String,
    pub(crate) kind: Kind,
    pub(crate) said: Said,
    pub(crate) at: Instant,
}

/// What the person has done.
pub(crate) struct Person {
    asked: Mutex<Vec<Asked>>,
    /// How many messages were written.
    pub(crate) written: watch::Sender<usize>,
    /// Whether the person writes on.
    pub(crate) goes_on: watch::Sender<bool>,
}

impl Person {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            asked: Mutex::default(),
            written: watch::Sender::new(0),
            goes_on: watch::Sender::new(true),
        })
    }

    /// All messages, in the order in which they were written.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes messages into one chat, the next when the last is answered, until the person stops.
    /// Gives the message whose answer never ended, if there is one.
    pub(crate) async fn chats(
        self: Arc<Self>,
        world: Arc<World>,
        session: String,
        mut rng: Rng,
    ) -> Option<Asked> {
        for number in 0.. {
            if !*self.goes_on.borrow() {
                break;
            }
            let count = if rng.u8(..4) == 0 { 2 } else { 1 };
            let mut waiting = Vec::new();
            for part in 0..count {
                let name = format!("{session}-{number}-{part}");
                waiting.push(self.write(&world, &session, &name, kind(&mut rng)));
            }
            for asked in &waiting {
                if matches!(asked.kind, Kind::Stopped | Kind::StoppedApproval) {
                    sleep(Duration::from_millis(rng.u64(..STOPPING))).await;
                    world.diary.note(format!("the person stops: {}", asked.text));
                    world.cloud.cancel(&session, Some(&asked.said.interaction_id));
                }
            }
            if rng.u8(..ROTATING) == 0 && world.cloud.look(|view| view.is_encrypted(&session)) {
                world.diary.note(format!("another key of {session}"));
                world.cloud.rotate_key(&session, Grant::Now);
            }
            for asked in waiting {
                if world.end_of(&session, &asked.said).await.is_none() {
                    return Some(asked);
                }
            }
        }
        None
    }

    fn write(&self, world: &World, session: &str, name: &str, kind: Kind) -> Asked {
        let text = match kind {
            Kind::Text => format!("say: {}", words(name)),
            Kind::Tool => format!("[{name}] run: {FREE}"),
            Kind::Approval => format!("run: echo asked-{name}"),
            Kind::Stopped => format!("[{name}] slow: 12"),
            Kind::StoppedApproval => format!("run: {UNTOUCHED}-{name}"),
        };
        world.diary.note(format!("the person writes: {text}"));
        let at = Instant::now();
        let said = world.cloud.say(session, &text);
        let asked = Asked { session: session.to_owned(), text, kind, said, at };
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
        self.written.send_modify(|written| *written += 1);
        asked
    }

    /// Decides whatever is asked at the phone, a moment after it was asked.
    pub(crate) async fn decides(world: Arc<World>, mut rng: Rng) {
        let mut seen = HashSet::new();
        loop {
            let asked = world.cloud.seen_within(Duration::MAX, |view| {
                let cards = view.sessions().into_iter().flat_map(|id| view.approvals(id));
                let open = |card: &&ApprovalCard| card.decided.is_none();
                cards.filter(open).find(|card| !seen.contains(&card.approval_id)).cloned()
            });
            let Some(card) = asked.await else { return };
            seen.insert(card.approval_id.clone());
            if card.command.as_deref().is_some_and(|it| it.starts_with(UNTOUCHED)) {
                continue;
            }
            let decision = rng.choice(["approve", "approve", "approveForSession", "deny"]);
            let (decision, pause) = (decision.unwrap_or("deny"), rng.u64(..THINKING));
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                sleep(Duration::from_millis(pause)).await;
                world.diary.note(format!("the person decides: {decision} {}", card.approval_id));
                world.cloud.decide(&card.approval_id, decision);
            });
        }
    }
}

/// What a stopped answer says at most.
pub(crate) fn slow_words() -> String {
    (0..12).map(|number| format!("w{number} ")).collect()
}

fn kind(rng: &mut Rng) -> Kind {
    match rng.u8(..10) {
        0..4 => Kind::Text,
        4..6 => Kind::Tool,
        6..8 => Kind::Approval,
        8 => Kind::Stopped,
        _ => Kind::StoppedApproval,
    }
}

/// Words that stand in no other answer.
fn words(name: &str) -> String {
    (0..16).map(|number| format!("{name}-{number}")).collect::<Vec<_>>().join(" ")
}
