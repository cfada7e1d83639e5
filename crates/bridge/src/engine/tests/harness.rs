use std::collections::HashMap;
use std::time::{Duration, Instant};

use journal::{Firmness, Journal};
use openclaw::{Call, CallError, Event, Generation, RunEvent, RunEventKind, RunId, SessionKey};
use sap::sealed::DeviceKey;
use sap::{
    Accepted, ApprovalId, Content, InteractionId, MessageId, Reply, SessionId, Update, UpdateId,
    UpdateKind, UserMessage,
};
use serde_json::{Value, json};

use super::super::{Dispatch, Effect, Engine, GatewayFacts, Input, Now, Purpose, TouchedFile};
use crate::{CloudKeys, Keyring, Notice, Settled};

pub(super) const SESSION: &str = "ses_1";

/// A cloud that takes everything, and a gateway that is played by the test.
pub(super) struct Harness {
    pub(super) engine: Engine,
    pub(super) journal: Journal,
    pub(super) now: Now,
    /// Requests that reached the cloud, in order.
    pub(super) posts: Vec<(String, Value)>,
    /// Calls that reached the gateway, in order, with their purpose.
    pub(super) calls: Vec<(Purpose, Call)>,
    pub(super) notices: Vec<Notice>,
    pub(super) acked: Vec<UpdateId>,
    pub(super) answers: Vec<sap::Outgoing>,
    pub(super) revoked: Option<String>,
    /// Files that are to be looked at.
    pub(super) looks: Vec<TouchedFile>,
    /// Keyrings that are to be kept, with their numbers.
    pub(super) keyrings: Vec<(u64, Keyring)>,
    /// The secret of this computer, and the keyring as it is kept; none without encrypted sessions.
    pub(super) kept: Option<([u8; 32], Keyring)>,
    /// While set, requests to the cloud stay unanswered.
    pub(super) held: bool,
    pub(super) waiting: Vec<Dispatch>,
    next: u64,
}

fn installation() -> sap::InstallationId {
    sap::InstallationId::new("inst_test")
}

impl Harness {
    pub(super) fn new() -> Self {
        let now = Now { instant: Instant::now(), unix_ms: 1_800_000_000_000 };
        Self {
            engine: Engine::new(installation(), 7),
            journal: Journal::in_memory().unwrap(),
            now,
            posts: Vec::new(),
            calls: Vec::new(),
            notices: Vec::new(),
            acked: Vec::new(),
            answers: Vec::new(),
            revoked: None,
            looks: Vec::new(),
            keyrings: Vec::new(),
            kept: None,
            held: false,
            waiting: Vec::new(),
            next: 1,
        }
    }

    pub(super) fn with_gateway(generation: Generation) -> Self {
        let mut harness = Self::new();
        harness.gateway_up(generation, "boot-1");
        harness.calls.clear();
        harness
    }

    pub(super) fn gateway_up(&mut self, generation: Generation, boot: &str) {
        let newer = generation == Generation::Newer;
        // A process that started again started after the old one was last seen.
        self.now.unix_ms += 100;
        self.feed(Input::GatewayUp(GatewayFacts {
            generation,
            agent: "main".into(),
            boot_id: newer.then(|| boot.to_owned()),
            uptime_ms: Some(if boot == "boot-1" { 3_600_000 } else { 1 }),
            max_attachment: None,
        }));
    }

    pub(super) fn feed(&mut self, input: Input) {
        let step = self.engine.handle(input, self.now);
        self.journal.commit(&step.keep, Firmness::Process).unwrap();
        for effect in step.effects {
            match effect {
                Effect::Cloud(sap::Outgoing::Ack { up_to }) => self.acked.push(up_to),
                Effect::Cloud(frame) => self.answers.push(frame),
                Effect::Post(dispatch) => self.waiting.push(dispatch),
                Effect::Gateway(purpose, call) => self.calls.push((purpose, call)),
                Effect::Look { file, .. } => self.looks.push(file),
                Effect::Fetch { .. } => {}
                Effect::KeepKeys(number, keyring) => self.keyrings.push((number, keyring)),
                Effect::Notify(notice) => self.notices.push(notice),
                Effect::Revoked { code } => self.revoked = Some(code),
            }
        }
        if !self.held {
            self.deliver();
        }
    }

    /// The process ends without a word, and another one goes on from the journal after a while.
    pub(super) fn crash(&mut self, away: Duration) {
        self.waiting.clear();
        self.calls.clear();
        self.advance_to(self.now.instant + away);
        let rows = self.journal.rows().unwrap();
        self.engine = Engine::restore(installation(), 8, &rows, self.now);
        self.take_keys();
        self.feed(Input::Tick);
    }

    /// The engine is given the keys that are kept.
    pub(super) fn take_keys(&mut self) {
        if let Some((secret, keyring)) = &self.kept {
            let device = DeviceKey::from_bytes(secret);
            let keys = CloudKeys { device, keyring: keyring.clone() };
            self.engine.hold_keys(keys, "Work Mac".into());
        }
    }

    /// The cloud takes what waits.
    pub(super) fn deliver(&mut self) {
        while let Some(dispatch) = (!self.waiting.is_empty()).then(|| self.waiting.remove(0)) {
            let body: Value = serde_json::from_slice(&dispatch.body).unwrap();
            let result = match &*dispatch.route {
                "sendMessage" => json!({"message_id": self.fresh("msg_out")}),
                _ => json!({}),
            };
            self.posts.push((dispatch.route.into_owned(), body));
            let outcome = Ok(Accepted { result, idempotent: false });
            let reply = Reply { outcome, rate: None, request_id: None };
            self.feed(Input::Posted(dispatch.id, reply));
        }
    }

    /// Time passes, and with it whatever was due.
    pub(super) fn wait(&mut self, time: Duration) {
        let until = self.now.instant + time;
        while let Some(at) = self.engine.deadline(self.now).filter(|at| *at <= until) {
            self.advance_to(at.max(self.now.instant));
            self.feed(Input::Tick);
        }
        self.advance_to(until);
        self.feed(Input::Tick);
    }

    fn advance_to(&mut self, at: Instant) {
        let passed = at.saturating_duration_since(self.now.instant);
        self.now.instant = at;
        self.now.unix_ms += u64::try_from(passed.as_millis()).unwrap();
    }

    fn fresh(&mut self, prefix: &str) -> String {
        self.next += 1;
        format!("{prefix}_{}", self.next)
    }

    pub(super) fn update(&mut self, session: &str, interaction: Option<&str>, kind: UpdateKind) {
        let id = UpdateId::Text(self.fresh("upd"));
        self.feed(Input::Update(Update {
            id,
            session_id: Some(SessionId::new(session)),
            interaction_id: interaction.map(InteractionId::new),
            kind,
        }));
    }

    /// The person writes; the interaction is named after the message.
    pub(super) fn say(&mut self, message: &str, text: &str) {
        self.say_in(SESSION, message, text);
    }

    pub(super) fn say_in(&mut self, session: &str, message: &str, text: &str) {
        let kind = UpdateKind::Message(UserMessage {
            id: MessageId::new(message),
            content: Content::Plain(text.into()),
            attachments: Vec::new(),
            thought_level: None,
        });
        self.update(session, Some(&format!("int_{message}")), kind);
    }

    pub(super) fn decide(&mut self, approval: &str, decision: sap::Decision) {
        self.update(
            SESSION,
            None,
            UpdateKind::ApprovalResolved {
                approval_id: ApprovalId::new(approval),
                decision,
                scope: None,
                reason: None,
            },
        );
    }

    /// The person decides at this computer.
    pub(super) fn decide_here(&mut self, approval: &str, decision: openclaw::Decision) {
        self.feed(Input::Decided(approval.to_owned(), decision));
    }

    /// How approvals ended, in order.
    pub(super) fn settled(&self) -> Vec<(&str, &Settled)> {
        let settled = self.notices.iter().filter_map(|notice| match notice {
            Notice::ApprovalSettled { approval_id, outcome } => {
                Some((approval_id.as_str(), outcome))
            }
            _ => None,
        });
        settled.collect()
    }

    /// What people were told about decisions of theirs that were not applied as they made them.
    pub(super) fn changed(&self) -> Vec<&str> {
        let changed = self.notices.iter().filter_map(|notice| match notice {
            Notice::DecisionChanged { what, .. } => Some(what.as_str()),
            _ => None,
        });
        changed.collect()
    }

    /// The run id of the last message handed over.
    pub(super) fn last_run(&self) -> RunId {
        let sent = self.calls.iter().rev().find_map(|(_, call)| match call {
            Call::ChatSend { run_id, .. } => Some(run_id.clone()),
            _ => None,
        });
        sent.expect("a message was handed over")
    }

    pub(super) fn sends(&self) -> usize {
        self.calls.iter().filter(|(_, call)| matches!(call, Call::ChatSend { .. })).count()
    }

    /// Answers the oldest unanswered call for which `which` holds.
    pub(super) fn answer(
        &mut self,
        which: impl Fn(&Call) -> bool,
        answer: Result<Value, CallError>,
    ) -> Call {
        let index = self.calls.iter().position(|(_, call)| which(call)).expect("such a call");
        let (purpose, call) = self.calls.remove(index);
        self.feed(Input::Answered(purpose, answer));
        call
    }

    /// The gateway takes the last message and starts its run.
    pub(super) fn accept(&mut self) -> RunId {
        let run = self.last_run();
        let is_send = |call: &Call| matches!(call, Call::ChatSend { .. });
        self.answer(is_send, Ok(json!({"runId": run.as_str(), "status": "started"})));
        self.run(&run, RunEventKind::Started);
        run
    }

    /// The gateway is busy, and takes the last message into another run.
    pub(super) fn is_busy(&mut self) {
        let run = self.last_run();
        let is_send = |call: &Call| matches!(call, Call::ChatSend { .. });
        self.answer(is_send, Ok(json!({"runId": run.as_str(), "status": "started"})));
        self.run(&run, RunEventKind::Final { text: None, stop_reason: None, usage: None });
    }

    pub(super) fn run(&mut self, run: &RunId, kind: RunEventKind) {
        self.run_in(&format!("agent:main:{SESSION}"), run, kind);
    }

    pub(super) fn run_in(&mut self, key: &str, run: &RunId, kind: RunEventKind) {
        let session_key = SessionKey::new(key);
        let event = RunEvent { run_id: run.clone(), session_key, kind };
        self.feed(Input::Gateway(Event::Run(event)));
    }

    pub(super) fn text(&mut self, run: &RunId, text: &str) {
        self.run(run, RunEventKind::Text { text: text.into() });
    }

    pub(super) fn finish(&mut self, run: &RunId, text: &str) {
        let kind = RunEventKind::Final { text: Some(text.into()), stop_reason: None, usage: None };
        self.run(run, kind);
    }

    /// What the phone shows of the bubbles, in the order in which they were opened.
    pub(super) fn bubbles(&self) -> Vec<Bubble> {
        let mut order = Vec::new();
        let mut bubbles: HashMap<String, Bubble> = HashMap::new();
        let mut opened = 1;
        for (route, body) in &self.posts {
            let id = body["message_id"].as_str().unwrap_or_default().to_owned();
            match route.as_str() {
                "sendMessage" => {
                    // Ids are handed out in order; the harness numbers them with everything else.
                    opened += 1;
                    order.push((opened, body["interaction_id"].as_str().map(ToOwned::to_owned)));
                }
                "sendMessageDelta" => {
                    let bubble = bubbles.entry(id).or_default();
                    assert!(bubble.end.is_none(), "a delta after the end: {body}");
                    bubble.streamed.push_str(body["delta"].as_str().unwrap());
                }
                "sendMessageEnd" => {
                    let bubble = bubbles.entry(id).or_default();
                    assert!(bubble.end.is_none(), "a second end: {body}");
                    bubble.end = Some(body["text"].as_str().unwrap().to_owned());
                    bubble.reason = body["finish_reason"].as_str().unwrap_or_default().to_owned();
                    bubble.usage = body["usage"].clone();
                }
                _ => {}
            }
        }
        assert!(bubbles.len() <= order.len());
        let mut shown: Vec<(String, Bubble)> = bubbles.into_iter().collect();
        shown.sort_by_key(|(id, _)| id.rsplit('_').next().unwrap().parse::<u64>().unwrap());
        let mut result: Vec<Bubble> = shown.into_iter().map(|(_, bubble)| bubble).collect();
        result.resize_with(order.len(), Bubble::default);
        result
    }

    /// Requests to one route, in order.
    pub(super) fn posted(&self, route: &str) -> Vec<&Value> {
        self.posts.iter().filter(|(name, _)| *name == route).map(|(_, body)| body).collect()
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Bubble {
    pub(super) streamed: String,
    pub(super) end: Option<String>,
    pub(super) reason: String,
    pub(super) usage: Value,
}
