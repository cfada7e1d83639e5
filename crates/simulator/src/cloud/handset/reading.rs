//! What a phone reads of an encrypted session: the same records, opened as they come.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::cloud::cipher::{ContentKey, Unreadable};
use crate::cloud::envelope::{NONCE, SYMMETRIC};
use crate::cloud::record::{ApprovalCard, Bubble, Task};
use crate::cloud::session::Session;

/// What stands where a text cannot be read.
const UNREADABLE: &str = "(unreadable)";

/// A session as its reader has it.
#[derive(Default)]
pub(in crate::cloud) struct Opened {
    pub(in crate::cloud) bubbles: Vec<Bubble>,
    pub(in crate::cloud) tasks: Vec<Task>,
    pub(in crate::cloud) approvals: Vec<ApprovalCard>,
    /// The label of each task as it came.
    labels: Vec<Option<String>>,
    nonces: HashSet<Vec<u8>>,
}

impl Opened {
    /// Reads what is new in a session.
    pub(super) fn read(
        &mut self,
        session: &Session,
        keys: &[ContentKey],
        problems: &mut Vec<String>,
    ) {
        if keys.is_empty() {
            return;
        }
        let mut reader =
            Reader { session_id: &session.id, keys, nonces: &mut self.nonces, problems };
        for (at, stored) in session.bubbles.iter().enumerate() {
            if at == self.bubbles.len() {
                self.bubbles.push(reader.new_bubble(stored));
            }
            reader.bubble(stored, &mut self.bubbles[at]);
        }
        for (at, stored) in session.tasks.iter().enumerate() {
            if at == self.tasks.len() {
                self.tasks.push(reader.new_task(stored));
                self.labels.push(None);
            }
            reader.task(stored, &mut self.tasks[at]);
            if self.labels[at] != stored.status_label {
                self.labels[at].clone_from(&stored.status_label);
                self.tasks[at].status_label = reader.label(stored);
            }
        }
        for (at, stored) in session.approvals.iter().enumerate() {
            if at == self.approvals.len() {
                self.approvals.push(reader.approval(stored));
            }
            self.approvals[at].decided.clone_from(&stored.decided);
        }
    }
}

struct Reader<'a> {
    session_id: &'a str,
    keys: &'a [ContentKey],
    nonces: &'a mut HashSet<Vec<u8>>,
    problems: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn new_bubble(&mut self, stored: &Bubble) -> Bubble {
        let opened_with = self.text("messages", &stored.opened_with);
        Bubble {
            opens_blank: opened_with.trim().is_empty(),
            opened_with,
            deltas: Vec::new(),
            streamed: String::new(),
            end: None,
            ..stored.clone()
        }
    }

    fn bubble(&mut self, stored: &Bubble, opened: &mut Bubble) {
        for delta in &stored.deltas[opened.deltas.len()..] {
            let delta = self.text("messages", delta);
            opened.streamed.push_str(&delta);
            opened.deltas.push(delta);
        }
        if let (Some(end), None) = (&stored.end, &opened.end) {
            let mut end = end.clone();
            end.text = end.text.map(|text| self.text("messages", &text));
            opened.end = Some(end);
        }
        opened.ends = stored.ends;
        opened.first_delta_at = stored.first_delta_at;
        opened.ended_at = stored.ended_at;
    }

    fn new_task(&mut self, stored: &Task) -> Task {
        Task {
            status_label: None,
            args: stored.args.as_ref().map(|args| self.json("tasks", args)),
            updates: Vec::new(),
            finish: None,
            ..stored.clone()
        }
    }

    fn task(&mut self, stored: &Task, opened: &mut Task) {
        for update in &stored.updates[opened.updates.len()..] {
            opened.updates.push(self.update(update));
        }
        if let (Some(finish), None) = (&stored.finish, &opened.finish) {
            let mut finish = finish.clone();
            finish.error = finish.error.map(|error| self.text("tasks", &error));
            finish.result = finish.result.map(|result| self.json("tasks", &result));
            opened.finish = Some(finish);
        }
        opened.creates = stored.creates;
    }

    fn label(&mut self, stored: &Task) -> Option<String> {
        let label = stored.status_label.as_deref()?;
        let is_it = |update: &&Value| update["status_label_ct"] == label;
        // What an update brought is read with the update.
        let text = match stored.updates.iter().find(is_it) {
            Some(_) => self.open("tasks", label),
            None => self.text("tasks", label),
        };
        Some(text)
    }

    fn update(&mut self, stored: &Value) -> Value {
        let fields = stored.as_object().into_iter().flatten();
        let opened = fields.map(|(name, value)| match name.as_str() {
            "status_label_ct" => {
                let label = value.as_str().unwrap_or_default();
                ("status_label".to_owned(), Value::String(self.text("tasks", label)))
            }
            "partial_result_ct" => ("partial_result".to_owned(), self.json("tasks", value)),
            name => (name.to_owned(), value.clone()),
        });
        Value::Object(opened.collect::<Map<String, Value>>())
    }

    fn approval(&mut self, stored: &ApprovalCard) -> ApprovalCard {
        let details = stored.asked_with.get("details_ct").unwrap_or(&Value::Null);
        let details = self.json("approvals", details);
        let known = ["title", "message", "command", "host", "tool_call_id", "approval_slug"];
        let odd = details.as_object().is_none_or(|fields| {
            fields.iter().any(|(name, it)| !known.contains(&name.as_str()) || !it.is_string())
        });
        if odd {
            self.problem("the details of an approval have another form");
        }
        let field = |name: &str| details.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
        for needed in ["title", "message"] {
            if field(needed).is_none_or(|text| text.trim().is_empty()) {
                self.problem(&format!("the {needed} of an approval says nothing"));
            }
        }
        ApprovalCard {
            title: field("title").unwrap_or_else(|| UNREADABLE.to_owned()),
            message: field("message").unwrap_or_else(|| UNREADABLE.to_owned()),
            command: field("command"),
            host: field("host"),
            tool_call_id: field("tool_call_id"),
            ..stored.clone()
        }
    }

    fn json(&mut self, kind: &str, envelope: &Value) -> Value {
        let text = self.text(kind, envelope.as_str().unwrap_or_default());
        serde_json::from_str(&text).unwrap_or_else(|_| {
            if text != UNREADABLE {
                self.problem(&format!("something in {kind} is no JSON once it is opened"));
            }
            Value::String(text)
        })
    }

    fn text(&mut self, kind: &str, envelope: &str) -> String {
        self.note_nonce(envelope);
        self.open(kind, envelope)
    }

    fn open(&mut self, kind: &str, envelope: &str) -> String {
        let path = format!("{kind}/{}", self.session_id);
        let mut failure = Unreadable::Forged;
        for key in self.keys.iter().rev() {
            match key.open(&path, envelope) {
                Ok(text) => return text,
                Err(error) => failure = error,
            }
        }
        self.problem(&format!("something in {kind} {failure}"));
        UNREADABLE.to_owned()
    }

    /// A nonce that comes again gives away what both envelopes hide.
    fn note_nonce(&mut self, envelope: &str) {
        let bytes = STANDARD.decode(envelope).unwrap_or_default();
        let nonce = bytes.strip_prefix(&[SYMMETRIC]).and_then(|rest| rest.get(..NONCE));
        if nonce.is_some_and(|nonce| !self.nonces.insert(nonce.to_vec())) {
            self.problem("a nonce was used twice");
        }
    }

    fn problem(&mut self, problem: &str) {
        self.problems.push(format!("{}: {problem}", self.session_id));
    }
}
