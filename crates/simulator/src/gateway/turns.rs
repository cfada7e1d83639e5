//! Who has the floor: how runs are started, queued, stopped and ended.

use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::Generation;
use super::failure::Failure;
use super::house::{Errand, State};
use super::ids::uuid;
use super::observe::{RunOutcome, RunRecord};
use super::player::user_row;
use super::run::{Run, Task};
use super::sessions::{FollowUp, Message, RowBody, Session, Waiting};

/// What the newer generation tells the agent whose turn a restart interrupted.
const INTERRUPTED: &str = "[System] Your previous turn was interrupted by a gateway restart while \
    OpenClaw was waiting on tool/model work. The restart did not cancel the user's task. Continue \
    from the existing transcript.";

impl State {
    /// Starts a run, which gets the floor.
    pub(super) fn start_run(&mut self, id: &str, session_key: &str, task: Task, by_itself: bool) {
        let over: CancellationToken = self.boot.child_token();
        let session = self.session(session_key);
        session.current = Some(id.to_owned());
        let mut run = Run::new(id, session, task, over);
        run.by_itself = by_itself;
        let message = match &run.task {
            Task::Message(message) => message.text.clone(),
            Task::FollowUp(follow_up) => follow_up.told.clone(),
        };
        self.record.runs.push(RunRecord {
            run_id: id.to_owned(),
            session_key: session_key.to_owned(),
            message,
            outcome: RunOutcome::Running,
            started_at: Instant::now(),
        });
        self.runs.insert(id.to_owned(), run);
        self.errands.push(Errand::Play(id.to_owned()));
    }

    /// Lets a message into a session whose floor is taken: the older generation gives it to the
    /// run that has the floor, the newer one keeps it for later.
    pub(super) fn queue_message(&mut self, session_key: &str, message: Message) {
        let current = self.sessions.get(session_key).and_then(|session| session.current.clone());
        match (self.generation, current.and_then(|id| self.runs.get_mut(&id))) {
            (Generation::Older, Some(run)) => run.steered.push_back(message),
            (Generation::Older | Generation::Newer, _) => {
                self.session(session_key).waiting.push_back(Waiting::Message(message));
            }
        }
    }

    /// Lets what came of an approval into its session.
    pub(super) fn follow_up(&mut self, session_key: &str, follow_up: FollowUp) {
        self.session(session_key).waiting.push_back(Waiting::FollowUp(follow_up));
        self.give_floor(session_key);
    }

    /// Gives the floor to whoever waits for it longest.
    fn give_floor(&mut self, session_key: &str) {
        let session = self.session(session_key);
        if session.current.is_some() {
            return;
        }
        match session.waiting.pop_front() {
            Some(Waiting::Message(message)) => {
                self.start_run(&uuid(), session_key, Task::Message(message), true);
            }
            Some(Waiting::FollowUp(follow_up)) => {
                let id = format!("exec-approval-followup:{}", follow_up.approval_id);
                self.start_run(&id, session_key, Task::FollowUp(follow_up), false);
            }
            None => {}
        }
    }

    /// Takes the next message that was given to a run, or closes the run.
    pub(super) fn next_or_finish(&mut self, id: &str) -> Option<Message> {
        let next = self.on_run(id, |run, wire, session| {
            let next = run.steered.pop_front()?;
            run.record(wire.generation, session, user_row(&next));
            Some(next)
        });
        if let Some(Some(next)) = next {
            return Some(next);
        }
        self.finish_run(id);
        None
    }

    /// Closes a run with what it said.
    pub(super) fn finish_run(&mut self, id: &str) {
        self.on_run(id, |run, wire, session| run.finish(wire, session.model()));
        self.end_run(id, RunOutcome::Final);
    }

    /// Closes a run whose model failed.
    pub(super) fn fail_run(&mut self, id: &str, failure: &Failure, model: (&str, &str)) {
        self.on_run(id, |run, wire, session| {
            run.fail(wire, failure, model);
            run.record(wire.generation, session, failure.row());
        });
        self.end_run(id, RunOutcome::Failed);
    }

    /// Stops a run and tells so; what it was doing is settled by whoever plays it.
    pub(super) fn stop_run(&mut self, id: &str, stop_reason: &'static str) {
        self.on_run(id, |run, wire, session| {
            run.aborted = true;
            run.stop(wire, stop_reason);
            if !run.text.trim().is_empty() {
                let text = run.text.trim().to_owned();
                run.record(
                    wire.generation,
                    session,
                    RowBody::Partial { text, origin: stop_reason },
                );
            }
            session.current = None;
            run.over.cancel();
        });
        self.record.ended(id, RunOutcome::Aborted);
        if let Some(remembered) = self.memory.get_mut(id) {
            remembered.ended = true;
        }
    }

    /// Settles a run that was stopped, and gives the floor to the next.
    pub(super) fn settle_stopped(&mut self, id: &str) {
        let stopped = self.on_run(id, |run, wire, session| {
            run.settle(wire);
            run.release_rows(session);
            session.key.clone()
        });
        let Some(session_key) = stopped else { return };
        self.withdraw_approvals(id);
        self.runs.remove(id);
        self.give_floor(&session_key);
    }

    fn end_run(&mut self, id: &str, outcome: RunOutcome) {
        let Some(mut run) = self.runs.remove(id) else { return };
        run.over.cancel();
        let session = self.session(&run.session_key);
        run.release_rows(session);
        session.current = None;
        self.record.ended(id, outcome);
        if let Some(remembered) = self.memory.get_mut(id) {
            remembered.ended = true;
        }
        self.give_floor(&run.session_key);
    }

    /// Takes up a turn that a restart interrupted (newer generation), if the history has it.
    pub(super) fn recover(&mut self, interrupted: &Run) {
        let Task::Message(message) = &interrupted.task else { return };
        let rows = &self.session(&interrupted.session_key).rows;
        if !rows.iter().any(|row| row.run_id == interrupted.id) {
            return;
        }
        let text = format!("{INTERRUPTED}\n\n{}", message.text);
        let task = Message { text, key: None, starter: None, ..message.clone() };
        self.start_run(&uuid(), &interrupted.session_key, Task::Message(task), true);
    }

    /// Tells whether any run still does something.
    pub(super) fn is_busy(&self) -> bool {
        let waits = |session: &Session| !session.waiting.is_empty();
        self.runs.values().any(|run| !run.aborted) || self.sessions.values().any(waits)
    }
}
