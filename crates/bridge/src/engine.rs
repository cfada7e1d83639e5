//! The engine: everything that must be right, decided without I/O.
//!
//! `(state, input, now) → (state, step)`. An [`Input`] is what the cloud, the gateway, a person or
//! time did; a [`Step`] says what must outlive the process, and the [`Effect`]s that should follow.
//! Whoever drives the engine keeps the one, then performs the others, and brings their outcomes back
//! as inputs. [`Engine::restore`] goes on from what was kept.

mod act;
mod acting;
mod analysis;
mod approvals;
mod cards;
mod clock;
mod conversation;
mod decisions;
mod desk;
mod ending;
mod explain;
mod files;
mod gateway;
mod grant;
mod history;
mod kept;
mod keys;
mod ledger;
mod limits;
mod locked;
mod outbox;
mod questions;
mod queue_card;
mod recent;
mod recovery;
mod redact;
mod reply;
mod request;
mod seen;
mod sent;
mod tools;
mod turn;
mod updates;
mod vocabulary;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use openclaw::{CallError, SessionKey, ToolCallId};
use sap::{InstallationId, MessageId, SessionId, UpdateId};
use secrecy::SecretString;
use serde_json::Value;

use self::conversation::Conversation;
use self::desk::Desk;
use self::gateway::LastGateway;
use self::history::History;
use self::keys::Keys;
use self::ledger::Ledger;
use self::locked::Locked;
use self::outbox::{Delivery, Outbox};
use self::recent::Recent;
use self::redact::Redactor;
use self::request::pending_approval;
use self::seen::Seen;
use self::turn::Heard;
use crate::{Decider, Notice, PastRequest, PendingApproval, Settled};

pub use self::act::{Purpose, TurnId};
pub use self::clock::Now;
pub use self::files::TouchedFile;
pub use self::outbox::{Dispatch, DispatchId};
pub use self::vocabulary::{Effect, GatewayFacts, Input, Load, Step};

/// How many updates and messages are remembered, to recognise a repeat by.
const REMEMBERED: usize = 4096;

/// The state of one installation's conversations.
#[derive(Debug)]
pub struct Engine {
    installation: InstallationId,
    conversations: BTreeMap<SessionId, Conversation>,
    by_key: HashMap<SessionKey, SessionId>,
    models_owed: BTreeMap<SessionId, Option<String>>,
    timers: BTreeSet<(Instant, SessionId)>,
    armed: HashMap<SessionId, Instant>,
    desk: Desk,
    /// What [`Engine::approvals`] gave last, and the desk's revision then.
    shown: (u64, Arc<[PendingApproval]>),
    history: History,
    recent: Recent,
    outbox: Outbox,
    keys: Keys,
    /// Messages that wait for a key to be read with.
    locked: BTreeMap<SessionId, VecDeque<Locked>>,
    next_locked: u64,
    /// Files that tools which still run were asked to touch.
    touched: HashMap<(SessionId, ToolCallId), TouchedFile>,
    redactor: Redactor,
    seen_updates: Seen<UpdateId>,
    seen_messages: Seen<MessageId>,
    gateway: Option<GatewayFacts>,
    last_gateway: Option<LastGateway>,
    agent: String,
    revoked: bool,
    next_turn: u64,
    load: Load,
    ledger: Ledger,
}

impl Engine {
    /// Makes the engine of an installation of which nothing is kept; `seed` drives the jitter of
    /// retries.
    pub fn new(installation: InstallationId, seed: u64) -> Self {
        Self {
            installation,
            conversations: BTreeMap::new(),
            by_key: HashMap::new(),
            models_owed: BTreeMap::new(),
            timers: BTreeSet::new(),
            armed: HashMap::new(),
            desk: Desk::new(),
            shown: (0, Arc::default()),
            history: History::new(),
            recent: Recent::default(),
            outbox: Outbox::new(seed),
            keys: Keys::default(),
            locked: BTreeMap::new(),
            next_locked: 1,
            touched: HashMap::new(),
            redactor: Redactor::default(),
            seen_updates: Seen::new(REMEMBERED),
            seen_messages: Seen::new(REMEMBERED),
            gateway: None,
            last_gateway: None,
            agent: "main".into(),
            revoked: false,
            next_turn: 1,
            load: Load::default(),
            ledger: Ledger::default(),
        }
    }

    /// Tells the engine a secret of this bridge, which then leaves in no text.
    pub fn keep_secret(&mut self, secret: &SecretString) {
        self.redactor.learn(secret);
        self.desk.revise();
        self.history.revise();
    }

    /// Takes one input and says what it leads to.
    pub fn handle(&mut self, input: Input, now: Now) -> Step {
        let mut effects = Vec::new();
        if !self.revoked {
            self.recent.forget_old(now);
            self.take(input, now, &mut effects);
            effects.extend(self.outbox.poll(now.instant).into_iter().map(Effect::Post));
            self.keep(now);
        }
        let (keep, firmness) = self.ledger.take();
        Step { keep, firmness, effects }
    }

    fn take(&mut self, input: Input, now: Now, effects: &mut Vec<Effect>) {
        match input {
            Input::Update(update) => self.update(update, now, effects),
            Input::Question(question) => self.question(question, effects),
            Input::Posted(id, reply) => self.posted(id, reply, now, effects),
            Input::CloudUp => {
                self.outbox.wake_all();
                self.wait_anew(now);
                self.register_device(now);
            }
            Input::CloudRevoked { code } => self.revoke(code, now, effects),
            Input::GatewayUp(facts) => self.gateway_up(facts, now, effects),
            Input::GatewayDown => self.gateway_down(),
            Input::Gateway(event) => self.gateway_event(event, now, effects),
            Input::Answered(purpose, answer) => self.answered(purpose, answer, now, effects),
            Input::Fetched(session, turn, files) => {
                self.with(&session, now, effects, |conversation, cx, acts| {
                    conversation.fetched(turn, files, cx, acts);
                });
            }
            Input::Looked(session, tool, path, bytes) => {
                self.file_seen(&session, tool, &path, bytes, now);
            }
            Input::Decided(approval, decision) => {
                self.person_decided(&approval, decision, Decider::Computer, now, effects);
            }
            Input::Recorded(past) => {
                let past = self.history.record(past, &self.redactor, &mut self.ledger);
                effects.extend(past.map(|past| Effect::Notify(Notice::RequestEnded(past))));
            }
            Input::KeysKept(kept) => self.keys_kept(kept, effects),
            Input::Tick => self.tick(now, effects),
            Input::Quit => self.each(now, effects, Conversation::quit),
        }
    }

    /// When [`Input::Tick`] should come, if nothing else does.
    pub fn deadline(&self, now: Now) -> Option<Instant> {
        if self.revoked {
            return None;
        }
        let timer = self.timers.first().map(|(at, _)| *at);
        let generation = self.gateway.as_ref().map(|facts| facts.generation);
        let desk = self.desk.deadline(generation, now);
        let recent = self.recent.deadline(now);
        let locked = self.locked_deadline();
        let others = [desk, recent, locked, self.outbox.deadline()];
        timer.into_iter().chain(others.into_iter().flatten()).min()
    }

    /// How much is going on.
    pub fn load(&self) -> Load {
        Load {
            sessions: self.conversations.len(),
            approvals: self.desk.waiting(),
            sessions_today: self.recent.count(),
            locked: self.locked.values().map(VecDeque::len).sum(),
            ..self.load
        }
    }

    /// The approvals that the person was asked about, oldest first: the same value until one of
    /// them changes.
    pub fn approvals(&mut self) -> Arc<[PendingApproval]> {
        let revision = self.desk.revision();
        if self.shown.0 != revision {
            let asked = self.desk.asked().into_iter();
            let shown = asked.filter_map(|pending| pending_approval(pending, &self.redactor));
            self.shown = (revision, shown.collect());
        }
        Arc::clone(&self.shown.1)
    }

    /// The requests that came to their end, newest first, at most [`crate::REMEMBERED`]: the same
    /// value until there is another one.
    pub fn history(&mut self) -> Arc<[PastRequest]> {
        self.history.show(&self.redactor)
    }

    /// Says whether everything that the cloud should know was delivered, and its keys are kept.
    pub fn is_settled(&self) -> bool {
        self.outbox.is_empty() && self.are_keys_kept()
    }

    fn answered(
        &mut self,
        purpose: Purpose,
        answer: Result<Value, CallError>,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        match purpose {
            Purpose::Send(ref session, _)
            | Purpose::Abort(ref session, _)
            | Purpose::Check(ref session, _)
            | Purpose::Whole(ref session, _)
            | Purpose::Cost(ref session, _)
            | Purpose::Outcome(ref session, ..) => {
                self.with(&session.clone(), now, effects, |conversation, cx, acts| {
                    conversation.answered(&purpose, answer, cx, acts);
                });
            }
            Purpose::Resolve { approval, decision } => {
                self.decision_answered(&approval, decision, answer, now, effects);
            }
            Purpose::List { kind, known } => {
                self.approvals_listed(kind, known, answer, now, effects);
            }
            Purpose::Model(session) => self.model_answered(session, answer, effects),
            Purpose::Question { req_id, kind } => {
                self.question_answered(req_id, kind, answer, effects);
            }
        }
    }

    fn posted(&mut self, id: DispatchId, reply: sap::Reply, now: Now, effects: &mut Vec<Effect>) {
        for delivery in self.outbox.settle(id, reply, now.instant) {
            self.load.undelivered += usize::from(delivery.is_loss());
            match delivery {
                Delivery::Revoked { code } => self.revoke(code, now, effects),
                Delivery::TurnRefused { session, turn, code } => {
                    tell_refusal(&session, code, "the cloud takes nothing more of a turn", effects);
                    self.with(&session, now, effects, |conversation, cx, acts| {
                        conversation.abandon(turn, cx, acts);
                    });
                }
                Delivery::SessionRefused { session, code } => {
                    let what = "the cloud takes nothing more of a session";
                    tell_refusal(&session, code, what, effects);
                    self.with(&session, now, effects, Conversation::abandon_all);
                }
                Delivery::Registered { device } => self.device_registered(device),
                Delivery::Refused { session, code } => {
                    tell_refusal(&session, code, "the cloud refused a request for good", effects);
                }
            }
        }
    }

    /// Names the next turn.
    fn fresh_turn(&mut self) -> TurnId {
        let turn = TurnId(self.next_turn);
        self.next_turn += 1;
        turn
    }

    /// Stops everything: the cloud does not accept this installation any more.
    fn revoke(&mut self, code: String, now: Now, effects: &mut Vec<Effect>) {
        self.each(now, effects, Conversation::abandon_all);
        for approval in self.desk.ids() {
            self.settle(&approval, Settled::Gone, now, effects);
        }
        self.revoked = true;
        self.outbox.clear();
        self.ledger.clear();
        effects.push(Effect::Notify(Notice::Revoked { code: code.clone() }));
        effects.push(Effect::Revoked { code });
    }

    fn tick(&mut self, now: Now, effects: &mut Vec<Effect>) {
        while let Some((at, _)) = self.timers.first()
            && *at <= now.instant
            && let Some((_, session)) = self.timers.pop_first()
        {
            self.armed.remove(&session);
            self.with(&session, now, effects, Conversation::on_time);
        }
        self.read_all_locked(now, effects);
        self.outbox.give_up_locked(now.instant);
        self.expire_approvals(now, effects);
        self.forget_old(now);
    }

    /// The conversation of a session, made when the cloud first names it.
    fn ensure(&mut self, session: &SessionId, now: Now, effects: &mut Vec<Effect>) {
        if !self.conversations.contains_key(session) {
            let key = SessionKey::canonical(&self.agent, session.as_str());
            self.by_key.insert(key.clone(), session.clone());
            let mut conversation = Conversation::new(session.clone(), key.clone(), now.instant);
            conversation.keep(now, &mut self.ledger);
            self.conversations.insert(session.clone(), conversation);
            for approval in self.desk.claim(&key, session) {
                self.ask_person(&approval, Heard::Later, session, now, effects);
            }
        }
    }
}

fn tell_refusal(session: &SessionId, code: String, what: &str, effects: &mut Vec<Effect>) {
    tracing::warn!(%session, code, what, "a delivery failed");
    effects.push(Effect::Notify(Notice::DeliveryFailed { session: session.clone(), code }));
}

#[cfg(test)]
mod tests;
