//! A simulated OpenClaw gateway of either generation, after `openclaw-facts.md`, at the level of
//! calls and events.

mod calls;
mod going_on;
mod newer;
mod older;
mod power;
mod questions;
mod rows;
mod run;
mod running;
mod script;
mod truth;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fastrand::Rng;
use openclaw::{CallError, Event, Generation, Refusal, RunEvent, RunEventKind, RunId, SessionKey};

use self::rows::{Row, Said};
use self::run::Run;
use crate::clock::Millis;

pub(crate) use self::power::Power;
pub(crate) use self::questions::{By, Question, State};
use self::truth::join;
pub(crate) use self::truth::{Asked, Attempt, Outcome, whole};

/// The gateway.
#[derive(Debug)]
pub(crate) struct Gateway {
    /// Its generation.
    pub(crate) generation: Generation,
    /// The how-manieth life of its process it is.
    pub(crate) boot: u32,
    /// Whether it runs.
    pub(crate) power: Power,
    /// Every approval that was ever asked for.
    pub(crate) questions: BTreeMap<String, Question>,
    /// Every message that it was ever handed, by idempotency key.
    pub(crate) asked: BTreeMap<String, Asked>,
    /// What the bridge made it do that must not happen.
    pub(crate) violations: Vec<String>,
    /// The number of each message, by idempotency key.
    numbers: BTreeMap<String, usize>,
    booted: Millis,
    now: Millis,
    rng: Rng,
    /// Agents ask their owner.
    asks: bool,
    sessions: BTreeMap<String, Session>,
    /// What this life of the process remembers: the words of each idempotency key.
    keys: BTreeMap<String, String>,
    follow_ups: Vec<FollowUp>,
    resumes: Vec<Resume>,
    /// Runs that the connection of now began.
    begun: BTreeSet<String>,
    out: Vec<Event>,
    counter: u64,
}

/// A session.
#[derive(Debug, Default)]
struct Session {
    rows: Vec<Row>,
    active: Option<Run>,
    /// Messages that came while it was busy (newer generation), by their keys.
    waiting: VecDeque<String>,
}

/// A run that continues after an approval (older generation).
#[derive(Debug)]
struct FollowUp {
    ready: Millis,
    approval: String,
}

/// A run that the restarted gateway takes up again (newer generation).
#[derive(Debug)]
struct Resume {
    at: Millis,
    session: String,
    about: String,
}

impl Gateway {
    /// Makes a gateway that has run for an hour.
    pub(crate) fn new(generation: Generation, asks: bool, rng: Rng) -> Self {
        Self {
            generation,
            boot: 1,
            power: Power::Up,
            questions: BTreeMap::new(),
            asked: BTreeMap::new(),
            violations: Vec::new(),
            numbers: BTreeMap::new(),
            booted: 0,
            now: 0,
            rng,
            asks,
            sessions: BTreeMap::new(),
            keys: BTreeMap::new(),
            follow_ups: Vec::new(),
            resumes: Vec::new(),
            begun: BTreeSet::new(),
            out: Vec::new(),
            counter: 0,
        }
    }

    /// Takes what it has to tell.
    pub(crate) fn take_out(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.out)
    }

    /// When it does something by itself, if ever.
    pub(crate) fn next_at(&self) -> Option<Millis> {
        if let Power::Down { until } = self.power {
            return Some(until);
        }
        let drained = match self.power {
            Power::Draining { until } => Some(until),
            Power::Up | Power::Down { .. } => None,
        };
        let pending = self.questions.values().filter(|q| q.state == State::Pending);
        let runs = self.sessions.values().filter_map(|s| s.active.as_ref()?.next);
        let follow_ups = self.follow_ups.iter().filter(|next| self.is_idle_for(next));
        drained
            .into_iter()
            .chain(pending.map(|question| question.expires))
            .chain(runs)
            .chain(follow_ups.map(|next| next.ready))
            .chain(self.resumes.iter().map(|resume| resume.at))
            .min()
    }

    /// Does what is due.
    pub(crate) fn advance(&mut self, now: Millis) {
        self.now = now;
        self.change_power();
        if matches!(self.power, Power::Down { .. }) {
            return;
        }
        self.expire_questions();
        self.resume();
        self.follow_up();
        let due = |session: &Session| {
            session.active.as_ref().is_some_and(|run| run.next.is_some_and(|at| at <= now))
        };
        let due: Vec<String> =
            self.sessions.iter().filter(|(_, s)| due(s)).map(|(key, _)| key.clone()).collect();
        for session in due {
            self.beat(&session);
        }
        self.change_power();
    }

    /// Says whether a run goes on in a session.
    pub(crate) fn is_busy(&self, session: &str) -> bool {
        self.sessions.get(session).is_some_and(|session| session.active.is_some())
    }

    /// Says whether nothing goes on, and nothing will.
    pub(crate) fn is_quiet(&self) -> bool {
        self.next_at().is_none()
    }

    /// The answer to a message as the history has it.
    pub(crate) fn history_text(&self, asked: &Asked) -> Option<String> {
        let rows = self.sessions.get(&asked.session)?.rows.iter();
        let ours = rows.filter(|row| row.about.as_deref() == Some(&asked.key));
        let texts = ours.filter_map(|row| match &row.said {
            Said::Agent(text) | Said::Before(text) => Some(text.trim()),
            Said::User(_)
            | Said::Injected(_)
            | Said::ToolCall(_)
            | Said::Tool(..)
            | Said::Failure(_) => None,
        });
        Some(join(texts))
    }

    fn tell(&mut self, event: Event) {
        self.out.push(event);
    }

    fn tell_run(&mut self, session: &str, run: &str, kind: RunEventKind) {
        let (run_id, session_key) = (RunId::new(run), SessionKey::new(session));
        self.tell(Event::Run(RunEvent { run_id, session_key, kind }));
    }

    fn fresh(&mut self, prefix: &str) -> String {
        self.counter += 1;
        format!("{prefix}-{}", self.counter)
    }
}

/// A refusal in the gateway's words.
fn refused(reason: &str, message: &str, retryable: bool) -> CallError {
    CallError::Refused(Refusal {
        code: if retryable { "UNAVAILABLE" } else { "INVALID_REQUEST" }.into(),
        message: message.into(),
        reason: Some(reason.into()),
        retryable,
        retry_after: retryable.then_some(std::time::Duration::from_secs(1)),
    })
}
