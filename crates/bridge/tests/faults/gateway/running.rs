//! How runs begin, go on and end.

use std::collections::VecDeque;

use openclaw::{FailureKind, Generation, RunEventKind};

use super::questions::State;
use super::rows::{Row, Said};
use super::run::{Beat, Run, cost};
use super::script::Script;
use super::truth::{Attempt, Outcome};
use super::{Gateway, newer, older};
use crate::clock::{Millis, unix_ms};

impl Gateway {
    /// Begins to answer a message.
    pub(super) fn begin(&mut self, session: &str, run: &str, about: &str, after: Millis) {
        let number = self.numbers.len();
        let number = *self.numbers.entry(about.to_owned()).or_insert(number);
        let Some(asked) = self.asked.get_mut(about) else { return };
        if let Some(earlier) = asked.attempts.iter().find(|a| a.outcome != Outcome::Lost) {
            let what = earlier.outcome;
            self.violations.push(format!("{:?} is asked again, after {what:?}", asked.text));
        }
        let tag = format!("{}#{number}:{}", asked.text, asked.attempts.len() + 1);
        asked.attempts.push(Attempt {
            runs: vec![run.to_owned()],
            parts: Vec::new(),
            taken_back: Vec::new(),
            outcome: Outcome::Running,
            since: self.now,
        });
        let text = asked.text.clone();
        let script = Script::draw(&tag, self.generation, self.asks, &mut self.rng);
        let beats: VecDeque<Beat> = match self.generation {
            Generation::Newer => newer::beats(&script).collect(),
            Generation::Older => older::beats(&script).collect(),
        };
        // Only the first run of a message has a row of the person's own.
        let key = (self.generation == Generation::Newer).then(|| format!("{about}:user"));
        let (said, belongs_to) = (Said::User(text), Some(about.to_owned()));
        let row = Row { said, about: belongs_to, timestamp: unix_ms(self.now), key };
        let is_known = self.is_in_history(session, &row);
        self.start(session, run, Some(about), beats, (!is_known).then_some(row));
        self.pace(session, script.pace, after);
    }

    fn is_in_history(&self, session: &str, row: &Row) -> bool {
        let rows = self.sessions.get(session).into_iter().flat_map(|session| &session.rows);
        row.key.is_some() && rows.into_iter().any(|other| other.key == row.key)
    }

    /// A run that somebody else began in one of the person's sessions.
    pub(crate) fn run_of_another(&mut self, session: &str, now: Millis) {
        self.now = now;
        if self.sessions.entry(session.to_owned()).or_default().active.is_some() {
            return;
        }
        let run = self.fresh("other");
        let script = Script::draw(&run, self.generation, false, &mut self.rng);
        let words = script.words.clone();
        let beats = std::iter::once(Beat::Tell(RunEventKind::Started))
            .chain(words.into_iter().map(Beat::Say))
            .chain([Beat::End]);
        let key = (self.generation == Generation::Newer).then(|| format!("{run}:user"));
        let said = Said::User(format!("words of another {run}"));
        let row = Row { said, about: None, timestamp: unix_ms(now), key };
        self.start(session, &run, None, beats.collect(), Some(row));
        self.pace(session, script.pace, 100);
    }

    pub(super) fn start(
        &mut self,
        session: &str,
        run: &str,
        about: Option<&str>,
        beats: VecDeque<Beat>,
        row: Option<Row>,
    ) {
        let run = Run {
            id: run.to_owned(),
            about: about.map(ToOwned::to_owned),
            speaks_to: about.map(ToOwned::to_owned),
            chat: String::new(),
            preamble: String::new(),
            unrowed: String::new(),
            unsaved: Vec::new(),
            steered: Vec::new(),
            beats,
            next: None,
            pace: 0,
            follows: None,
            part: 0,
        };
        // A session that goes on is not resumed any more.
        self.resumes.retain(|resume| resume.session != session);
        let state = self.sessions.entry(session.to_owned()).or_default();
        state.active = Some(run);
        if let Some(row) = row {
            self.write(session, row);
        }
    }

    pub(super) fn pace(&mut self, session: &str, pace: Millis, after: Millis) {
        let now = self.now;
        if let Some(run) = self.active(session) {
            run.pace = pace;
            run.next = Some(now + after);
        }
    }

    pub(super) fn active(&mut self, session: &str) -> Option<&mut Run> {
        self.sessions.get_mut(session)?.active.as_mut()
    }

    /// Writes a row: the newer generation at once, the older when the run has ended.
    pub(super) fn write(&mut self, session: &str, row: Row) {
        let newer = self.generation == Generation::Newer;
        let Some(state) = self.sessions.get_mut(session) else { return };
        match &mut state.active {
            Some(run) if !newer => run.unsaved.push(row),
            Some(_) | None => state.rows.push(row),
        }
    }

    fn note(&mut self, session: &str, said: Said) {
        let timestamp = unix_ms(self.now);
        let about = self.active(session).and_then(|run| run.speaks_to.clone());
        self.write(session, Row { said, about, timestamp, key: None });
    }

    /// The run of a session does the next thing.
    pub(super) fn beat(&mut self, session: &str) {
        let now = self.now;
        let Some(run) = self.active(session) else { return };
        let Some(beat) = run.beats.pop_front() else { return };
        run.next = Some(now + run.pace.max(1));
        let id = run.id.clone();
        match beat {
            Beat::Tell(kind) => self.tell_run(session, &id, kind),
            Beat::TellStarter(kind) => {
                if self.begun.contains(&id) {
                    self.tell_run(session, &id, kind);
                }
            }
            Beat::Say(more) => {
                run.chat.push_str(&more);
                run.unrowed.push_str(&more);
                self.tell_text(session);
            }
            Beat::TakeBack => {
                // Only the last words are taken back: what came before a tool stands.
                let kept = run.chat.len() - run.unrowed.len();
                run.chat.truncate(kept);
                run.unrowed.clear();
                if let Some(attempt) = self.attempt(session) {
                    attempt.taken_back.push(attempt.parts.clone());
                }
                self.tell_text(session);
            }
            Beat::Preamble(text) => {
                run.preamble.clone_from(&text);
                run.unrowed.clone_from(&text);
                self.show(session);
                let item_id = format!("{id}-preamble");
                self.tell_run(session, &id, RunEventKind::Preamble { item_id, text });
            }
            Beat::Steered(row) => {
                self.flush(session, Said::Agent);
                if let Some(run) = self.active(session) {
                    run.speaks_to.clone_from(&row.about);
                }
                self.write(session, row);
            }
            Beat::Called(call) => {
                self.flush(session, Said::Before);
                self.note(session, Said::ToolCall(call));
            }
            Beat::Returned(call, text) => self.note(session, Said::Tool(call, text)),
            Beat::Ask(tool) => {
                let about = run.about.clone();
                let waits_inside = self.generation == Generation::Newer;
                let approval = self.ask(session, &id, about, &tool);
                if !waits_inside {
                    let text = format!("Approval required (id x, full {approval}).\nHost: gateway");
                    self.note(session, Said::Tool(tool.call.clone(), text));
                }
                if let Some(run) = self.active(session) {
                    if waits_inside {
                        run.next = None;
                    } else {
                        older::waits(&tool, &approval).into_iter().rev().for_each(|beat| {
                            run.beats.push_front(beat);
                        });
                    }
                }
            }
            Beat::Fail => self.fail(session),
            Beat::End => self.end(session),
        }
    }

    /// Everyone hears the text of the run so far.
    fn tell_text(&mut self, session: &str) {
        self.show(session);
        let Some(run) = self.active(session) else { return };
        let (id, text) = (run.id.clone(), run.chat.clone());
        self.tell_run(session, &id, RunEventKind::Text { text });
    }

    /// Notes what is said as the truth.
    fn show(&mut self, session: &str) {
        let Some(run) = self.active(session) else { return };
        let (preamble, chat) = (run.preamble.clone(), run.chat.clone());
        let part = run.part;
        for key in run.steered.clone() {
            if let Some(attempt) = self.asked.get_mut(&key).and_then(|a| a.attempts.last_mut()) {
                attempt.parts = vec![chat.clone()];
            }
        }
        if let Some(attempt) = self.attempt(session) {
            attempt.parts.truncate(part);
            attempt.parts.extend([preamble, chat].into_iter().filter(|text| !text.is_empty()));
        }
    }

    pub(super) fn attempt(&mut self, session: &str) -> Option<&mut Attempt> {
        let about = self.sessions.get(session)?.active.as_ref()?.about.as_ref()?;
        self.asked.get_mut(about)?.attempts.last_mut()
    }

    /// What was said and has no row yet gets one.
    fn flush(&mut self, session: &str, said: impl FnOnce(String) -> Said) {
        let Some(run) = self.active(session) else { return };
        let text = std::mem::take(&mut run.unrowed);
        if !text.is_empty() {
            self.note(session, said(text));
        }
    }

    fn fail(&mut self, session: &str) {
        let message = "401 Incorrect API key provided";
        self.note(session, Said::Failure(message.into()));
        let Some(run) = self.close(session) else { return };
        let kind = FailureKind::Auth;
        let failed = || RunEventKind::Failed { message: message.into(), kind };
        self.tell_run(session, &run.id, failed());
        if self.generation == Generation::Newer {
            self.tell_run(session, &run.id, failed());
        }
        for key in run.about.iter().chain(&run.steered) {
            if let Some(asked) = self.asked.get_mut(key) {
                asked.settle(Outcome::Failed, self.now);
            }
        }
        self.go_on_with_waiting(session);
    }

    fn end(&mut self, session: &str) {
        self.flush(session, Said::Agent);
        let Some(run) = self.close(session) else { return };
        let text = Some(run.chat.clone()).filter(|text| !text.is_empty());
        let usage = (self.generation == Generation::Newer).then(cost);
        let stop_reason = usage.is_some().then(|| "stop".into());
        self.tell_run(session, &run.id, RunEventKind::Final { text, stop_reason, usage });
        for key in run.about.iter().chain(&run.steered) {
            let goes_on = self.generation == Generation::Older && self.has_to_continue(key);
            let outcome = if goes_on { Outcome::Between } else { Outcome::Answered };
            if let Some(asked) = self.asked.get_mut(key) {
                asked.settle(outcome, self.now);
            }
        }
        self.go_on_with_waiting(session);
    }

    /// The run has ended: its rows are in the history.
    fn close(&mut self, session: &str) -> Option<Run> {
        let state = self.sessions.get_mut(session)?;
        let mut run = state.active.take()?;
        state.rows.append(&mut run.unsaved);
        Some(run)
    }

    /// Says whether an approval of this message's runs was not continued yet (older generation).
    fn has_to_continue(&self, key: &str) -> bool {
        self.questions.values().any(|question| {
            question.about.as_deref() == Some(key)
                && (question.state == State::Pending
                    || self.follow_ups.iter().any(|next| next.approval == question.id))
        })
    }

    /// The next message that came while the session was busy (newer generation).
    fn go_on_with_waiting(&mut self, session: &str) {
        let waiting = self.sessions.get_mut(session).and_then(|state| state.waiting.pop_front());
        if let Some(key) = waiting {
            let run = self.fresh("queued");
            self.begin(session, &run, &key, 120);
        }
    }
}
