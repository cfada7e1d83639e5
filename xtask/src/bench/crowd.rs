//! Many answers that stream at once.

use std::collections::HashMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use simulator::cloud::CloudView;

use super::turns::piece_of_text;
use crate::measure::process::{self, Memory};
use crate::measure::rig::{Rig, seen};

/// Sessions that get an answer at once.
pub(super) struct Crowd {
    /// How many they are.
    pub(super) sessions: usize,
    /// Pieces of each answer.
    pub(super) pieces: usize,
    /// Time between two pieces of one answer.
    pub(super) pace: Duration,
}

/// What came of it.
pub(super) struct Outcome {
    /// Pieces that the gateway sent.
    pub(super) pieces: usize,
    /// Answers whose end has the whole text and whose stream is a beginning of it.
    pub(super) complete: usize,
    /// Time that the bridge computed while the answers streamed.
    pub(super) used: Option<Duration>,
    /// Its memory just before they ended.
    pub(super) while_streaming: Option<Memory>,
    /// The most memory that it ever had, in megabytes.
    pub(super) peak: Option<f64>,
}

impl Crowd {
    /// Lets a new bridge carry the answers.
    ///
    /// # Errors
    /// When messages do not reach the gateway, or answers do not end.
    pub(super) fn stream(&self, rig: &Rig) -> anyhow::Result<Outcome> {
        let (bridge, _) = rig.connect()?;
        let so_far = rig.cloud.look(|view| view.sessions().len());
        let chats: Vec<String> =
            (so_far..so_far + self.sessions).map(|number| format!("ses_crowd_{number}")).collect();
        rig.cloud.clear_calls();
        for chat in &chats {
            rig.cloud.say(chat, "manual");
        }
        let runs = self.runs(rig, &chats)?;
        let opened = |view: &CloudView<'_>| chats.iter().all(|it| !view.bubbles(it).is_empty());
        seen("bubble in every chat", || rig.cloud.look(opened).then_some(()))?;

        let before = process::computed(bridge.id());
        let began = Instant::now();
        for piece in 0..self.pieces {
            for (number, run) in runs.iter().enumerate() {
                let share = number as f64 / self.sessions as f64;
                let due = began + self.pace.mul_f64(piece as f64 + share);
                sleep(due.saturating_duration_since(Instant::now()));
                rig.gateway.emit_delta(run, &piece_of_text(piece));
            }
        }
        sleep(self.pace);
        let while_streaming = process::memory(bridge.id());
        for run in &runs {
            rig.gateway.finish_run(run);
        }
        let ended = |view: &CloudView<'_>| {
            chats.iter().all(|it| view.bubbles(it).iter().all(|bubble| bubble.end.is_some()))
        };
        seen("end of every answer", || rig.cloud.look(ended).then_some(()))?;
        let after = process::computed(bridge.id());
        let outcome = Outcome {
            pieces: self.pieces * self.sessions,
            complete: rig.cloud.look(|view| self.complete(view, &chats)),
            used: before.zip(after).map(|(before, after)| after - before),
            while_streaming,
            peak: process::peak(bridge.id()),
        };
        rig.disconnect(bridge)?;
        Ok(outcome)
    }

    /// The runs of the chats, in their order, once the gateway has them all.
    fn runs(&self, rig: &Rig, chats: &[String]) -> anyhow::Result<Vec<String>> {
        let keys: Vec<String> = chats.iter().map(|chat| format!("agent:main:{chat}")).collect();
        seen("message of every chat at the gateway", || {
            let runs = rig.gateway.runs();
            let of: HashMap<&str, &str> =
                runs.iter().map(|run| (run.session_key.as_str(), run.run_id.as_str())).collect();
            keys.iter().map(|key| of.get(key.as_str()).map(|run| (*run).to_owned())).collect()
        })
        .with_context(|| format!("{} messages at once", self.sessions))
    }

    fn complete(&self, view: &CloudView<'_>, chats: &[String]) -> usize {
        let whole: String = (0..self.pieces).map(piece_of_text).collect();
        let is_complete = |chat: &&String| {
            view.bubbles(chat).iter().all(|bubble| {
                let text = bubble.end.as_ref().and_then(|end| end.text.as_deref());
                let text = text.unwrap_or_default();
                text == whole && text.starts_with(&bubble.streamed)
            })
        };
        chats.iter().filter(is_complete).count()
    }
}
