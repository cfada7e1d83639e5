//! Where events go: lines of JSON on standard output, or sentences on standard error.

use std::io::{self, IsTerminal as _, Write as _};

use control::Refusal;
use serde::Serialize;
use time::OffsetDateTime;

use crate::event::Event;
use crate::exit::Failure;

/// Clears the line that shows the seconds left.
const CLEAR_LINE: &str = "\r\u{1b}[2K";

/// The one place that writes.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    terminal: bool,
    progress_shown: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    event: &'a Event,
    ts: String,
}

impl Output {
    /// Writes for programs or for people.
    pub(crate) fn new(json: bool) -> Self {
        Self { json, terminal: io::stderr().is_terminal(), progress_shown: false }
    }

    /// Says whether a person reads this and can answer.
    pub(crate) fn is_dialogue(&self) -> bool {
        !self.json && self.terminal && io::stdin().is_terminal()
    }

    /// Says whether a line can be written over.
    pub(crate) fn is_terminal(&self) -> bool {
        !self.json && self.terminal
    }

    /// Tells an event.
    pub(crate) fn tell(&mut self, event: &Event) {
        if self.json {
            let line = Line { event, ts: timestamp(OffsetDateTime::now_utc()) };
            // Plain data always serialises.
            let mut text = serde_json::to_string(&line).unwrap_or_default();
            text.push('\n');
            let mut stdout = io::stdout().lock();
            // Whoever read this may have gone; messages are carried all the same.
            let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        } else if let Some(text) = event.for_people() {
            self.say(&text);
        }
    }

    /// Tells why the program ends; a sentence goes to standard error in any case.
    pub(crate) fn tell_failure(&mut self, failure: &Failure) {
        self.tell_error(&failure.event(false));
    }

    /// Tells that the program that was asked does not do what was wanted.
    pub(crate) fn tell_refusal(&mut self, refusal: Refusal) {
        let Refusal { code, what, remedy } = refusal;
        let (code, message) = (code.into(), what);
        let event = Event::Error { code, message, hint: remedy, is_retried: false };
        self.tell_error(&event);
    }

    fn tell_error(&mut self, event: &Event) {
        self.tell(event);
        if self.json
            && let Some(text) = event.for_people()
        {
            self.say(&text);
        }
    }

    /// Shows what was asked for: the event to a program, the text to a person, with an empty line
    /// behind it. Both are on standard output.
    pub(crate) fn show(&mut self, text: &str, event: Event) {
        if self.json {
            self.tell(&event);
        } else {
            // Whoever read this may have gone.
            let _ = writeln!(io::stdout(), "{text}\n");
        }
    }

    /// Says to people what they should know about what was shown.
    pub(crate) fn remark(&mut self, text: &str) {
        if !self.json {
            self.say(text);
        }
    }

    /// Says something that only people are told.
    pub(crate) fn say(&mut self, text: &str) {
        let clear = if self.progress_shown { CLEAR_LINE } else { "" };
        self.progress_shown = false;
        // Without anybody to read, there is nothing to do about it.
        let _ = writeln!(io::stderr(), "{clear}{text}");
    }

    /// Shows a line on a terminal that the next one replaces.
    pub(crate) fn show_progress(&mut self, text: &str) {
        if self.is_terminal() {
            self.progress_shown = true;
            let _ = write!(io::stderr(), "{CLEAR_LINE}{text}");
        }
    }
}

/// Writes a moment as RFC 3339 with milliseconds, in UTC.
pub fn timestamp(at: OffsetDateTime) -> String {
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_rfc_3339_with_milliseconds() {
        let at = OffsetDateTime::from_unix_timestamp_nanos(1_767_225_599_007_000_000).unwrap();
        assert_eq!(timestamp(at), "2025-12-31T23:59:59.007Z");
    }

    #[test]
    fn a_line_holds_the_event_and_its_time() {
        let line = Line { event: &Event::PairingTimeout, ts: "now".to_owned() };
        let json = serde_json::to_value(line).unwrap();
        assert_eq!(json, serde_json::json!({"event": "pairing_timeout", "ts": "now"}));
    }
}
