//! How runs go on: steered, after a decision, and after a restart.

use std::collections::VecDeque;

use openclaw::{Generation, RunEventKind};

use super::questions::State;
use super::rows::{Row, Said};
use super::run::Beat;
use super::truth::{Attempt, Outcome};
use super::{FollowUp, Gateway, newer, older};
use crate::clock::unix_ms;

impl Gateway {
    /// A message steers the run that goes on (older generation).
    pub(super) fn steer(&mut self, session: &str, key: &str) {
        let Some(asked) = self.asked.get_mut(key) else { return };
        asked.shares = true;
        let words = format!("[{}] steered, ", asked.text);
        let run = self.sessions.get(session).and_then(|state| state.active.as_ref());
        let so_far = run.map_or_else(String::new, |run| run.chat.clone());
        asked.attempts.push(Attempt {
            runs: Vec::new(),
            parts: vec![so_far],
            taken_back: Vec::new(),
            outcome: Outcome::Running,
            since: self.now,
        });
        let said = Said::User(asked.text.clone());
        let timestamp = unix_ms(self.now);
        let Some(run) = self.active(session) else { return };
        run.steered.push(key.to_owned());
        let about = Some(key.to_owned());
        let at = run.beats.len().saturating_sub(1);
        run.beats.insert(at, Beat::Steered(Row { said, about, timestamp, key: None }));
        run.beats.insert(at + 1, Beat::Say(words));
    }

    /// After a decision: the newer generation's run goes on, the older's continues in another.
    pub(super) fn go_on(&mut self, approval: &str, ran: bool) {
        let Some(question) = self.questions.get(approval) else { return };
        let (session, tool, run_id) =
            (question.session.clone(), question.tool.clone(), question.run.clone());
        if self.generation == Generation::Older {
            let ready = self.now + self.rng.u64(600..2_000);
            self.follow_ups.push(FollowUp { ready, approval: approval.to_owned() });
            return;
        }
        let now = self.now;
        if let Some(run) = self.active(&session).filter(|run| run.id == run_id) {
            let beats: Vec<Beat> = newer::after_asking(&tool, ran).collect();
            beats.into_iter().rev().for_each(|beat| run.beats.push_front(beat));
            run.next = Some(now + 20);
        }
    }

    /// Resumes what a restart interrupted (newer generation).
    pub(super) fn resume(&mut self) {
        let now = self.now;
        let due: Vec<_> = self.resumes.extract_if(.., |resume| resume.at <= now).collect();
        for resume in due {
            // A session that went on meanwhile is left alone.
            if self.sessions.get(&resume.session).is_some_and(|s| s.active.is_some()) {
                continue;
            }
            let run = self.fresh("resumed");
            let key = Some(format!("{run}:user"));
            let said = Said::Injected(newer::RESUMED.into());
            let row = Row { said, about: None, timestamp: unix_ms(now), key };
            self.write(&resume.session, row);
            self.begin(&resume.session, &run, &resume.about, 500);
        }
    }

    pub(super) fn is_idle_for(&self, next: &FollowUp) -> bool {
        let session = self.questions.get(&next.approval).map(|question| &question.session);
        session
            .and_then(|session| self.sessions.get(session))
            .is_some_and(|session| session.active.is_none())
    }

    /// Continues after approvals, one after the other (older generation).
    pub(super) fn follow_up(&mut self) {
        let now = self.now;
        let due = |next: &FollowUp| next.ready <= now && self.is_idle_for(next);
        let Some(index) = self.follow_ups.iter().position(due) else { return };
        let FollowUp { approval, .. } = self.follow_ups.remove(index);
        let Some(question) = self.questions.get(&approval) else { return };
        let ran = match question.state {
            State::Decided(decision, _) => decision != openclaw::Decision::Deny,
            State::Expired { ran } => ran,
            State::Pending | State::Withdrawn | State::Gone => false,
        };
        let (session, about) = (question.session.clone(), question.about.clone());
        let injected = older::continued(&approval, &question.tool.command, ran);
        let words = format!("[{}] {}, ", question.tool.call, if ran { "ran" } else { "not run" });
        let beats = [
            Beat::Tell(RunEventKind::Started),
            Beat::Say(words),
            Beat::Tell(RunEventKind::AttemptEnded { aborted: false }),
            Beat::End,
        ];
        let said = Said::Injected(injected);
        let row = Row { said, about: None, timestamp: unix_ms(now), key: None };
        let run = older::follow_up(&approval);
        self.start(&session, &run, about.as_deref(), VecDeque::from(beats), Some(row));
        let part = self.attempt(&session).map_or(0, |attempt| {
            attempt.runs.push(run.clone());
            attempt.outcome = Outcome::Running;
            attempt.parts.len()
        });
        if let Some(active) = self.active(&session) {
            active.follows = Some(approval);
            active.part = part;
        }
        self.pace(&session, 150, 10);
    }
}
