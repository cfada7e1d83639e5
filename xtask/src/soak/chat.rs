//! The person: writes into a chat, decides what is asked there, and stops some answers.

use std::collections::HashMap;
use std::ops::Range;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::bail;
use fastrand::Rng;
use simulator::cloud::Said;

use super::answer;
use super::world::World;

/// How long the person reads an answer before the next message, in milliseconds.
const READING: Range<u64> = 3_000..8_000;
/// How long the person thinks before a decision, in milliseconds.
const THINKING: Range<u64> = 200..2_000;
/// How long after a message its answer is stopped, in milliseconds.
const STOPPING: Range<u64> = 0..2_500;
/// How long an answer may take before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(180);
/// How often the person looks at the phone.
const LOOK: Duration = Duration::from_millis(50);
/// The command that the person has allowed always; its output grows three times.
const FREE: &str = "seq 60; sleep 0.2; seq 30; sleep 0.2; echo done";
/// Words of the longest text, and of a text that is stopped.
const WORDS: u32 = 80;
pub(super) const SLOW_WORDS: u32 = 30;
/// Words of a text that comes at once.
const LONG: u32 = 2_000;

/// What a message leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text that is streamed, word by word.
    Text,
    /// A long text at once.
    Long,
    /// Text, a tool that needs no approval, and text.
    Tool,
    /// A tool that needs an approval.
    Approval,
    /// Text that is stopped, or is complete before the stop comes.
    Stopped,
}

/// A message of the person.
pub(super) struct Asked {
    pub(super) session: String,
    pub(super) text: String,
    pub(super) kind: Kind,
    pub(super) said: Said,
    pub(super) at: Instant,
}

/// Keeps one chat going, a few messages a time, and checks every answer.
pub(super) fn go_on(world: &World<'_>, number: usize, mut rng: Rng) {
    let session = format!("ses_soak_{number}");
    for round in 0.. {
        sleep(Duration::from_millis(rng.u64(READING)));
        if !world.goes_on() {
            return;
        }
        let count = if rng.u8(..5) == 0 { rng.usize(2..=3) } else { 1 };
        let asked: Vec<Asked> = (0..count)
            .map(|part| write(world, &session, &format!("{number}-{round}-{part}"), &mut rng))
            .collect();
        if let Err(what) = see_through(world, &session, &asked, &mut rng) {
            if !world.is_lost() {
                world.note_wrong(what);
            }
            continue;
        }
        for asked in &asked {
            match answer::check(world, asked) {
                Ok(()) => world.note_answer(),
                Err(what) => world.note_wrong(format!("{} in {session}: {what}", asked.text)),
            }
        }
    }
}

/// Lets the person allow one command for ever.
///
/// # Errors
/// When the approval is not asked for, or the answer does not come.
pub(super) fn allow_always(world: &World<'_>) -> anyhow::Result<()> {
    let (cloud, session) = (&world.rig.cloud, "ses_before");
    cloud.say(session, &format!("run: {FREE}"));
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        sleep(LOOK);
        for approval in undecided(world, session) {
            cloud.decide(&approval, "approve_always");
        }
        let ended = |bubble: &simulator::cloud::Bubble| bubble.end.is_some();
        if cloud.look(|view| view.bubbles(session).iter().any(ended)) {
            return Ok(());
        }
    }
    bail!("the first message was never answered")
}

fn write(world: &World<'_>, session: &str, name: &str, rng: &mut Rng) -> Asked {
    let kind = match rng.u8(..20) {
        0..9 => Kind::Text,
        9 => Kind::Long,
        10..14 => Kind::Tool,
        14..17 => Kind::Approval,
        _ => Kind::Stopped,
    };
    let text = match kind {
        Kind::Text => {
            let words = (0..rng.u32(1..=WORDS)).map(|number| format!("{name}-{number}"));
            format!("say: {}", words.collect::<Vec<_>>().join(" "))
        }
        Kind::Long => format!("[{name}] long: {LONG}"),
        Kind::Tool => format!("[{name}] run: {FREE}"),
        Kind::Approval => format!("run: echo asked-{name}"),
        Kind::Stopped => format!("[{name}] slow: {SLOW_WORDS}"),
    };
    let at = Instant::now();
    let said = world.rig.cloud.say(session, &text);
    Asked { session: session.to_owned(), text, kind, said, at }
}

/// Waits until messages are answered; decides and stops meanwhile. Says what never came.
fn see_through(
    world: &World<'_>,
    session: &str,
    asked: &[Asked],
    rng: &mut Rng,
) -> Result<(), String> {
    let stopped = asked.iter().filter(|asked| asked.kind == Kind::Stopped);
    let mut stops: Vec<(Instant, &Asked)> =
        stopped.map(|asked| (asked.at + Duration::from_millis(rng.u64(STOPPING)), asked)).collect();
    let mut decisions: HashMap<String, Instant> = HashMap::new();
    let deadline = Instant::now() + PATIENCE;
    loop {
        sleep(LOOK);
        let now = Instant::now();
        for (_, asked) in stops.extract_if(.., |(due, _)| *due <= now) {
            world.rig.cloud.cancel(session, Some(&asked.said.interaction_id));
        }
        for approval in undecided(world, session) {
            let due = decisions
                .entry(approval.clone())
                .or_insert_with(|| now + Duration::from_millis(rng.u64(THINKING)));
            if *due <= now {
                let decision = rng.choice(["approve", "approve", "approveForSession", "deny"]);
                world.rig.cloud.decide(&approval, decision.unwrap_or("deny"));
            }
        }
        let Some(what) = answer::missing(world, asked) else { return Ok(()) };
        if now >= deadline || world.is_lost() {
            return Err(format!("{what} within {} s, in {session}", PATIENCE.as_secs()));
        }
    }
}

fn undecided(world: &World<'_>, session: &str) -> Vec<String> {
    world.rig.cloud.look(|view| {
        let cards = view.approvals(session).iter().filter(|card| card.decided.is_none());
        cards.map(|card| card.approval_id.clone()).collect()
    })
}
