//! What an event says, on one line.

use std::fmt::{self, Write as _};

use tracing::Event;
use tracing::field::{Field, Visit};

use crate::text::visible;

/// Beginnings of what only stands before a secret, in lower case.
const BEFORE_SECRETS: [&str; 3] = ["bearer ", ":s_", "privatekey"];

/// The event's message, then its fields as `name=value`; never more than one line.
pub(super) fn text(event: &Event<'_>) -> String {
    let mut words = Words::default();
    event.record(&mut words);
    visible(&(words.message + &words.fields))
}

/// Says whether a line may hold a secret although the types should have kept it out.
pub(super) fn may_hold_a_secret(text: &str) -> bool {
    let text = text.to_lowercase();
    BEFORE_SECRETS.iter().any(|beginning| text.contains(beginning))
}

#[derive(Default)]
struct Words {
    message: String,
    fields: String,
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a text cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_headers_are_recognised_and_ordinary_lines_are_not() {
        for secret in [
            "inst_Ab3dEf6hIj9kLm2n:s_test_0123",
            "authorization: Bearer abc",
            "{\"privateKey\": 1}",
        ] {
            assert!(may_hold_a_secret(secret), "{secret}");
        }
        for harmless in ["the cloud is away cause=\"reset\"", "session=ses_1 code=\"unknown_s_1\""]
        {
            assert!(!may_hold_a_secret(harmless), "{harmless}");
        }
    }
}
