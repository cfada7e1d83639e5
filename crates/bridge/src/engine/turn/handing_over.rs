//! How a message reaches the gateway.

use std::time::Duration;

use openclaw::{Call, CallError, OutgoingAttachment, SendAnswer};
use serde_json::Value;

use super::super::act::{Act, Purpose};
use super::super::ending::Ending;
use super::super::explain::Cause;
use super::{Context, Message, Phase, Turn};

impl Turn {
    /// It is the turn's turn: fetches its files, or hands it over.
    pub(crate) fn start(&mut self, cx: Context<'_>, acts: &mut Vec<Act>) {
        let Some(message) = &self.message else { return };
        if message.attachments.is_empty() || message.files.is_some() {
            self.phase = Phase::Unsent { retry_at: None };
            self.hand_over(cx, acts);
        } else {
            self.phase = Phase::Fetching;
            acts.push(Act::Fetch { turn: self.id, attachments: message.attachments.clone() });
        }
    }

    /// Answers the message from here, without the gateway.
    pub(crate) fn answer(&mut self, text: &str, cx: Context<'_>, acts: &mut Vec<Act>) {
        self.reply.run_says(&self.run, text);
        self.close(Ending::Answered { stop_reason: None }, cx, acts);
    }

    /// The turn ends without anybody being asked.
    pub(crate) fn decline(&mut self, cause: Cause, cx: Context<'_>, acts: &mut Vec<Act>) {
        self.close(Ending::Failed(cause), cx, acts);
    }

    /// The files came, or did not: the message names those that are missing.
    pub(crate) fn fetched(
        &mut self,
        files: Vec<Result<OutgoingAttachment, String>>,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) {
        if self.phase != Phase::Fetching {
            return;
        }
        if let Some(message) = &mut self.message {
            message.files = Some(files);
        }
        self.phase = Phase::Unsent { retry_at: None };
        self.hand_over(cx, acts);
    }

    pub(super) fn hand_over(&mut self, cx: Context<'_>, acts: &mut Vec<Act>) {
        let Phase::Unsent { retry_at } = self.phase else { return };
        if cx.gateway.is_none() || retry_at.is_some_and(|at| at > cx.now.instant) {
            return;
        }
        if std::mem::take(&mut self.gateway_restarted) {
            // What the gateway said before its restart is said anew, and its approvals are gone.
            self.reply.start_over();
            self.outstanding.clear();
            self.handed_ms = None;
        }
        self.handed_ms.get_or_insert(cx.now.unix_ms);
        let Some(message) = &self.message else { return };
        let files = message.files.as_deref().unwrap_or_default();
        let call = Call::ChatSend {
            session_key: cx.key.clone(),
            message: message.as_sent(),
            run_id: self.run.clone(),
            attachments: files.iter().flatten().cloned().collect(),
            thinking: message.thinking.clone(),
        };
        self.phase = Phase::Sending;
        self.missed_frames = false;
        self.is_unsure = false;
        self.last_heard = cx.now.instant;
        acts.push(Act::Call { purpose: Purpose::Send(cx.session.clone(), self.id), call });
    }

    /// The gateway answered `chat.send`, or could not.
    pub(crate) fn handed_over(
        &mut self,
        answer: Result<Value, CallError>,
        cx: Context<'_>,
        acts: &mut Vec<Act>,
    ) {
        if let (Phase::Stopping { .. }, Ok(_)) = (&self.phase, &answer) {
            // The stop overtook the message: now there is something to stop.
            return self.ask_to_stop(cx, acts);
        }
        if self.phase != Phase::Sending {
            return;
        }
        match answer.map(|answer| SendAnswer::parse(&answer)) {
            Ok(Some(SendAnswer::Started)) => {
                // What an earlier run said or asked is gone where this one is the gateway's first.
                self.reply.start_over();
                self.outstanding.clear();
                self.phase = Phase::Running { lively: false };
            }
            Ok(Some(SendAnswer::InFlight)) => {
                // It had been handed over before, and was heard only in part.
                self.missed_frames = true;
                self.phase = Phase::Running { lively: self.was_lively };
            }
            Ok(Some(SendAnswer::AlreadyDone)) => {
                self.is_done_there = true;
                self.phase = Phase::Unknown;
                self.check(cx, acts);
            }
            Ok(Some(SendAnswer::Aborted { aborted })) => {
                let text = if aborted { "Stopped." } else { "Nothing was running." };
                self.answer(text, cx, acts);
            }
            Ok(None) => {
                let message = "the gateway gave an answer that this version cannot read".into();
                self.close(Ending::Failed(Cause::Refused { message }), cx, acts);
            }
            Err(CallError::Disconnected | CallError::TimedOut) => {
                self.phase = Phase::Unknown;
                if cx.gateway.is_some() {
                    self.check(cx, acts);
                }
            }
            Err(CallError::Refused(refusal)) if refusal.retryable => {
                let wait = refusal.retry_after.unwrap_or(Duration::from_secs(1));
                self.phase = Phase::Unsent { retry_at: Some(cx.now.instant + wait) };
            }
            Err(CallError::Refused(_)) if self.wants_thinking() => {
                // Not every model can be told how hard to think.
                self.phase = Phase::Unsent { retry_at: None };
                self.hand_over(cx, acts);
            }
            Err(CallError::Refused(refusal)) => {
                let message = refusal.message;
                self.close(Ending::Failed(Cause::Refused { message }), cx, acts);
            }
        }
    }

    /// Takes the wish for a level of thinking away, and says whether there was one.
    fn wants_thinking(&mut self) -> bool {
        self.message.as_mut().is_some_and(|message| message.thinking.take().is_some())
    }
}

impl Message {
    /// The text as the gateway gets it: it names the files that are missing.
    pub(super) fn as_sent(&self) -> String {
        let missing = self.files.iter().flatten().filter_map(|file| file.as_ref().err());
        let notes = missing.map(|why| format!("\n\n[A file is missing here: {why}]"));
        std::iter::once(self.text.clone()).chain(notes).collect()
    }
}
