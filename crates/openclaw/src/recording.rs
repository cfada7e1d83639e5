//! Recorded conversations with real gateways, for tests.

use std::io;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::{Event, parse_event};

/// One line of a recording.
#[derive(Clone, Debug, Deserialize)]
pub struct Recorded {
    /// Unix time in seconds.
    #[serde(rename = "t")]
    pub at: f64,
    /// Who spoke.
    #[serde(rename = "dir")]
    pub direction: Direction,
    /// Connection on which it was said.
    #[serde(rename = "c")]
    pub connection: String,
    /// What was said.
    #[serde(rename = "f")]
    pub frame: Value,
}

/// Who spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The gateway.
    In,
    /// Its client.
    Out,
    /// The recorder.
    Meta,
}

/// Reads a recording: one JSON object a line.
///
/// # Errors
/// When the file cannot be read, or a line is no line of a recording.
pub fn read(path: impl AsRef<Path>) -> io::Result<Vec<Recorded>> {
    std::fs::read_to_string(path)?
        .lines()
        .map(|line| serde_json::from_str(line).map_err(io::Error::from))
        .collect()
}

impl Recorded {
    /// Reads the event that the gateway told in this line, if it told one.
    pub fn event(&self) -> Option<Event> {
        let name = self.event_name()?;
        Some(parse_event(name, &self.payload().to_string()))
    }

    /// Borrows the name of the event that the gateway told in this line.
    pub fn event_name(&self) -> Option<&str> {
        if self.direction != Direction::In || self.text("type") != Some("event") {
            return None;
        }
        self.text("event")
    }

    /// Borrows the payload of an event or an answer; null where there is none.
    pub fn payload(&self) -> &Value {
        self.frame.get("payload").unwrap_or(&Value::Null)
    }

    /// Borrows the method of the request that the client made in this line.
    pub fn method(&self) -> Option<&str> {
        if self.direction == Direction::Out { self.text("method") } else { None }
    }

    /// Borrows the id of a request or an answer.
    pub fn id(&self) -> Option<&str> {
        self.text("id")
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.frame.get(name).and_then(Value::as_str)
    }
}
