use serde_json::Value;

/// What the gateway makes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendAnswer {
    /// A run starts; its events follow.
    Started,
    /// The run of this key is still going on.
    InFlight,
    /// The run of this key has ended; it is not run again.
    AlreadyDone,
    /// The message was a word that stops runs; there is no run.
    Aborted {
        /// A run was stopped.
        aborted: bool,
    },
}

impl SendAnswer {
    /// Reads the answer to `chat.send`; none when it is of no known form.
    pub fn parse(answer: &Value) -> Option<Self> {
        match answer.get("status").and_then(Value::as_str) {
            Some("started") => Some(Self::Started),
            Some("in_flight") => Some(Self::InFlight),
            Some("ok") => Some(Self::AlreadyDone),
            Some(_) => None,
            None => {
                Some(Self::Aborted { aborted: answer.get("aborted").and_then(Value::as_bool)? })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_answer_to_a_message_is_told_apart() {
        for (answer, expected) in [
            (json!({"runId": "r", "status": "started"}), Some(SendAnswer::Started)),
            (json!({"runId": "r", "status": "in_flight"}), Some(SendAnswer::InFlight)),
            (json!({"runId": "r", "status": "ok"}), Some(SendAnswer::AlreadyDone)),
            (
                json!({"ok": true, "aborted": true, "runIds": ["r"]}),
                Some(SendAnswer::Aborted { aborted: true }),
            ),
            (json!({"runId": "r", "status": "novelty"}), None),
            (json!({}), None),
            (json!(null), None),
        ] {
            assert_eq!(SendAnswer::parse(&answer), expected, "{answer}");
        }
    }
}
