//! The bridge's process: how it lives, and how it ends.

use bridge::Notice;
use bridge::engine::{Effect, Input, Purpose};
use journal::{Change, Table};
use openclaw::{Event, RunEventKind};
use sap::{Outgoing, UpdateId, UpdateKind};
use serde_json::Value;

use super::World;
use super::happening::Happening;
use crate::clock::{Millis, SECOND};
use crate::gateway::Asked;
use crate::process::Process;
use crate::schedule::Step;

/// The largest that some tables were: rows and bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sizes {
    /// What waits for the cloud.
    pub(crate) posts: (usize, usize),
    /// Turns that have not ended.
    pub(crate) turns: (usize, usize),
    /// Everything but the memory of updates and messages.
    pub(crate) all: (usize, usize),
}

impl Sizes {
    /// The larger of both, each figure for itself.
    pub(crate) fn max(self, other: Self) -> Self {
        let max = |a: (usize, usize), b: (usize, usize)| (a.0.max(b.0), a.1.max(b.1));
        Self {
            posts: max(self.posts, other.posts),
            turns: max(self.turns, other.turns),
            all: max(self.all, other.all),
        }
    }
}

impl World {
    /// Starts a process from what is committed.
    pub(super) fn start(&mut self) {
        if self.process.is_some() {
            return;
        }
        self.life += 1;
        self.quitting = false;
        let seed = self.rng.u64(..);
        let rows = self.storage.rows();
        self.tell(|| {
            let kept = rows
                .iter()
                .filter(|row| matches!(row.table, Table::Turns | Table::Bubbles | Table::Posts));
            let kept = kept.map(|row| {
                format!(
                    "\n      {:?} {} {}",
                    row.table,
                    row.key,
                    String::from_utf8_lossy(&row.value)
                )
            });
            format!("the bridge starts with{}", kept.collect::<String>())
        });
        let turns = rows.iter().filter(|row| row.table == Table::Turns);
        self.turns = turns.map(|row| (row.key.clone(), message_of(&row.value))).collect();
        self.process = Some(Process::start(&self.storage, seed, self.clock.now()));
        self.find_keys();
        self.find_locked(&rows);
        self.feed(Input::Tick);
        self.dial_cloud(0);
        self.dial_gateway(0);
    }

    /// Feeds the engine.
    pub(super) fn feed(&mut self, input: Input) {
        let is_new = matches!(input, Input::Update(_) | Input::Question(_) | Input::Gateway(_));
        if self.quitting && is_new || self.process.is_none() {
            return;
        }
        self.tell(|| format!("  > {}", shown(&input)));
        self.notice_input(&input);
        let Some(process) = &mut self.process else { return };
        let told =
            if let Input::Update(update) = &input { Some(update.kind.clone()) } else { None };
        let step = process.engine.handle(input, self.clock.now());
        self.notice_kept(&step.keep);
        self.notice_step(&step.keep, &step.effects, told.as_ref());
        let Some(process) = &mut self.process else { return };
        process.hold(step);
        let waits = process.uncommitted() > 0;
        if waits && self.disk_at.is_none() {
            self.disk_at = Some(self.clock.at() + self.rng.u64(..=self.weather.disk));
        }
        match &mut self.crash {
            Some((left, _)) if *left > 1 => *left -= 1,
            Some(_) => return self.crash(),
            None => {}
        }
        self.perform_due();
    }

    /// The disk commits what waits for it.
    pub(super) fn write_down(&mut self) {
        let Some(process) = &mut self.process else { return };
        process.commit(usize::MAX, &mut self.storage);
        self.perform_due();
    }

    fn perform_due(&mut self) {
        while let Some(effect) = self.process.as_mut().and_then(Process::next_due) {
            self.perform_effect(effect);
        }
    }

    fn perform_effect(&mut self, effect: Effect) {
        match effect {
            Effect::Cloud(frame) => {
                let Outgoing::Ack { up_to } = frame else { return };
                let key = serde_json::to_string(&up_to).unwrap();
                if !self.is_grant(&up_to) && !self.storage.has(Table::Updates, &key) {
                    self.violation(format!("update {key} is acknowledged and not kept"));
                }
                self.check_ack(&up_to);
                self.send_ack(up_to);
            }
            Effect::Post(dispatch) => self.send_request(dispatch),
            Effect::Gateway(purpose, call) => self.send_call(purpose, call),
            Effect::Notify(notice) => {
                self.tell(|| format!("  < {notice:?}"));
                if let Notice::DeliveryFailed { session, code } = &notice
                    && code == "undeliverable"
                {
                    self.cloud.give_up(session.as_str(), self.clock.at());
                }
            }
            Effect::KeepKeys(number, keyring) => self.wants_keys_kept(number, keyring),
            Effect::Look { .. } => {
                self.violation("a file is looked at and none was touched".into())
            }
            Effect::Fetch { .. } => self.violation("a file is fetched and none was sent".into()),
            Effect::Revoked { .. } => self.violation("it takes itself for revoked".into()),
        }
    }

    /// The process ends in the middle of what it does.
    fn crash(&mut self) {
        let Some((_, Step::Crash { committed, performed, away, .. })) = self.crash.take() else {
            return;
        };
        let part = |all: usize, thousandths: u32| all * thousandths as usize / 1_000;
        let Some(process) = &mut self.process else { return };
        let commits = part(process.uncommitted(), committed);
        process.commit(commits, &mut self.storage);
        let performs = part(process.due(), performed);
        for _ in 0..performs {
            if let Some(effect) = self.process.as_mut().and_then(Process::next_due) {
                self.perform_effect(effect);
            }
        }
        self.tell(|| format!("the bridge CRASHES: {commits} committed, {performs} performed"));
        // What was decided at the computer just now may be lost with the process.
        let recently = self.clock.at().saturating_sub(SECOND);
        let decided = self.person.decisions.values_mut().flatten();
        for decided in decided.filter(|decided| decided.here && decided.heard >= Some(recently)) {
            decided.heard = None;
        }
        self.bury();
        self.plan(self.clock.at() + away, Happening::Starts);
    }

    /// The program ends in order.
    pub(super) fn quit(&mut self, away: Millis) {
        if self.process.is_none() || self.quitting {
            return;
        }
        self.crash = None;
        self.tell(|| "the bridge QUITS".into());
        self.was_hurried = true;
        self.feed(Input::Quit);
        self.quitting = true;
        let life = self.life;
        let gone = self.clock.at() + self.rng.u64(..2 * SECOND);
        self.plan(gone, Happening::Gone { life, away });
    }

    /// The process that quits is gone.
    pub(super) fn gone(&mut self, life: u32, away: Millis) {
        if life == self.life && self.quitting {
            self.write_down();
            self.bury();
            self.plan(self.clock.at() + away, Happening::Starts);
        }
    }

    /// What of a dead process is under way arrives or does not.
    fn bury(&mut self) {
        self.process = None;
        self.leave_keys();
        self.quitting = false;
        self.disk_at = None;
        self.calls.clear();
        let life = self.life;
        self.settle_requests(life);
        self.socket = None;
        self.leave_gateway();
    }

    /// Notes which messages the bridge is told, and how they ended.
    fn notice_input(&mut self, input: &Input) {
        if let Input::Update(update) = input {
            if let UpdateKind::Message(told) = &update.kind {
                let messages = &mut self.person.messages;
                let meant = messages.iter_mut().filter(|message| message.id == told.id.as_str());
                let now = self.clock.at();
                meant.for_each(|message| {
                    message.delivered = true;
                    message.told_first.get_or_insert(now);
                });
            }
            if let UpdateId::Number(place) = update.id {
                self.notice_told(usize::try_from(place).unwrap());
            }
            if let UpdateKind::ApprovalResolved { approval_id, .. } = &update.kind {
                self.hear_decision(approval_id.as_str(), false);
            }
        }
        if let Input::Decided(approval, _) = input {
            self.hear_decision(approval, true);
        }
        if let Input::Gateway(Event::Run(run)) = input
            && let RunEventKind::Final { text: Some(_), .. } = run.kind
        {
            self.hear_the_end(run.run_id.as_str());
        }
    }

    /// Notes which message the end of a run answers, unless the history is being asked whose it is.
    fn hear_the_end(&mut self, run: &str) {
        let asks = |session: &str| {
            let key = |asked: &sap::SessionId| session == format!("agent:main:{asked}");
            let mut calls = self.calls.values();
            calls.any(|call| matches!(call, Purpose::Check(asked, _) if key(asked)))
        };
        let ends = |asked: &Asked| {
            if asks(&asked.session) {
                return false;
            }
            let last = asked.attempts.last().and_then(|attempt| attempt.runs.last());
            asked.answered_at().is_some() && last.is_some_and(|last| last == run)
        };
        let told = Some((self.life, self.clock.at()));
        for asked in self.gateway.asked.values().filter(|asked| ends(asked)) {
            let meant = self.person.messages.iter_mut().filter(|m| m.text == asked.text);
            meant.for_each(|message| message.told = told);
        }
    }

    fn hear_decision(&mut self, approval: &str, here: bool) {
        let now = self.clock.at();
        if let Some(decided) = self.person.decisions.get_mut(approval) {
            let next = decided.iter_mut().find(|made| made.heard.is_none() && made.here == here);
            if let Some(next) = next {
                next.heard = Some(now);
            }
        }
    }

    /// Notes when the bridge is done with a message: its turn is kept no longer.
    fn notice_kept(&mut self, keep: &[Change]) {
        for change in keep {
            match change {
                Change::Put { table: Table::Turns, key, value }
                    if !self.turns.contains_key(key) =>
                {
                    self.turns.insert(key.clone(), message_of(value));
                }
                Change::Remove { table: Table::Turns, key } => {
                    let decided = Some((self.life, self.clock.at()));
                    let message = self.turns.remove(key);
                    let ours =
                        self.person.messages.iter_mut().find(|m| Some(&m.id) == message.as_ref());
                    if let Some(message) = ours {
                        message.decided = decided;
                    }
                }
                Change::Put { .. } | Change::Remove { .. } | Change::Clear => {}
            }
        }
    }

    /// Notes how large the journal is.
    pub(super) fn sample(&mut self) {
        let memory = |table: &Table| matches!(table, Table::Updates | Table::Messages);
        let mut all = (0, 0);
        for table in Table::ALL.iter().filter(|table| !memory(table)) {
            let (rows, bytes) = self.storage.size(*table);
            all = (all.0 + rows, all.1 + bytes);
        }
        let now = Sizes {
            posts: self.storage.size(Table::Posts),
            turns: self.storage.size(Table::Turns),
            all,
        };
        self.sizes = self.sizes.max(now);
    }
}

/// The message that a kept turn answers.
fn message_of(turn: &[u8]) -> String {
    let row: Value = serde_json::from_slice(turn).unwrap();
    row["message"]["id"].as_str().unwrap_or_default().to_owned()
}

fn shown(input: &Input) -> String {
    let text = format!("{input:?}");
    let end = text.floor_char_boundary(400);
    text[..end].to_owned()
}
