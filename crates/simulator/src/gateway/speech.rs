//! What a run says: text, preambles and thoughts, cut as each generation cuts them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Generation;
use super::run::{Run, message};
use super::wire::Wire;

/// Least time between two `chat` deltas of the older generation.
const OLDER_PACE: Duration = Duration::from_millis(150);
/// Least time between two deltas of the newer generation.
const NEWER_PACE: Duration = Duration::from_millis(75);

impl Run {
    /// Says some more; the newer generation merges what comes fast, the older one repeats the
    /// whole text with every word.
    pub(super) fn say(&mut self, wire: &mut Wire, more: &str) {
        self.text.push_str(more);
        self.output_tokens += 1;
        let (generation, pace) = match wire.generation {
            Generation::Older => (Generation::Older, OLDER_PACE),
            Generation::Newer => (Generation::Newer, NEWER_PACE),
        };
        if generation == Generation::Older {
            let text = self.text.trim_end();
            let data = json!({"text": text, "delta": more});
            self.agent(wire, "assistant", data);
        } else {
            // A merged frame keeps its number: gaps are normal.
            self.seq += 1;
        }
        if self.told_at.is_none_or(|at| at.elapsed() >= pace) {
            self.flush(wire);
        }
    }

    /// Sends what the last delta did not carry.
    pub(super) fn flush(&mut self, wire: &mut Wire) {
        let text = self.text.trim_end().to_owned();
        if text.len() <= self.told {
            return;
        }
        let more = text.get(self.told..).unwrap_or_default();
        let mut fields = json!({"message": message(&text)});
        if wire.generation.is_newer() {
            let item = format!("{}:1", self.session_id);
            let data = json!({"text": text, "delta": more, "itemId": item});
            self.agent(wire, "assistant", data);
            fields["deltaText"] = more.into();
        }
        self.chat(wire, "delta", &fields);
        self.told = text.len();
        self.told_at = Some(Instant::now());
    }

    /// Takes back what was said, because the model is asked again (newer generation).
    pub(super) fn take_back(&mut self, wire: &mut Wire) {
        let item = format!("{}:1", self.session_id);
        let data = json!({"itemId": item, "text": "", "delta": "", "replace": true});
        self.agent(wire, "assistant", data);
        if self.told > 0 {
            let fields = json!({"deltaText": "", "replace": true, "message": message("")});
            self.chat(wire, "delta", &fields);
        }
        self.forget_text();
    }

    /// Begins the text anew, without a word.
    pub(super) fn forget_text(&mut self) {
        self.text.clear();
        self.told = 0;
        self.told_at = None;
    }

    /// Says what comes before a tool call: on the newer generation this is no part of the text.
    pub(super) fn say_before_tools(&mut self, wire: &mut Wire, text: &str) {
        match wire.generation {
            Generation::Older => self.say(wire, text),
            Generation::Newer => {
                let item = format!("commentary-{}-{}", self.seq, self.session_id);
                self.preamble(wire, &item, "update", text);
                self.output_tokens += 20;
                self.agent(wire, "usage", json!({"outputTokens": self.output_tokens}));
                self.preamble(wire, &item, "end", text);
            }
        }
    }

    /// Thinks some more; on the older generation nobody hears it.
    pub(super) fn think(&mut self, wire: &mut Wire, so_far: &str, more: &str) {
        if wire.generation.is_newer() {
            self.agent(wire, "thinking", json!({"text": so_far, "delta": more}));
        }
    }

    fn preamble(&mut self, wire: &mut Wire, item: &str, phase: &str, text: &str) {
        let data: Value = json!({
            "kind": "preamble", "title": "Preamble", "phase": phase, "progressText": text,
            "itemId": item,
        });
        self.agent(wire, "item", data);
    }
}
