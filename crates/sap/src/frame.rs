//! The frames of the WebSocket, both ways.

use serde_json::{Map, Value, json};

use crate::one_line::one_line;
use crate::{InstallationId, Update, UpdateId};

/// How much of an unknown frame's type is kept, in characters.
const KIND_LENGTH: usize = 64;

/// A frame from the cloud.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// The cloud accepts work from now on.
    Ready {
        /// Installation that the cloud knows this bridge as.
        installation_id: Option<InstallationId>,
    },
    /// The cloud asked for a sign of life; the socket has answered it.
    Ping,
    /// The cloud gave a sign of life.
    Pong,
    /// Something happened that wants an acknowledgement.
    Update(Update),
    /// The cloud waits for an answer.
    Question(Question),
    /// A type that this version does not know, to be ignored.
    Other {
        /// The type's name.
        kind: String,
    },
}

/// A question of the cloud.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Its id, echoed in the answer in the form in which it came.
    pub req_id: Value,
    /// Its type, such as `models.list.req`.
    pub kind: String,
    /// Its other fields.
    pub body: Map<String, Value>,
}

/// A frame to the cloud.
#[derive(Clone, Debug, PartialEq)]
pub enum Outgoing {
    /// Names this program's version; the socket sends it by itself as the first frame.
    Hello {
        /// Version of this program.
        version: String,
    },
    /// Asks for a sign of life.
    Ping,
    /// Gives a sign of life.
    Pong,
    /// Acknowledges an update and all before it.
    Ack {
        /// The last update that is kept safely on this side.
        up_to: UpdateId,
    },
    /// Answers a question.
    Answer {
        /// Id of the question.
        req_id: Value,
        /// Type of the question, such as `models.list.req`.
        kind: String,
        /// Fields of the answer, or why there is none.
        result: Result<Map<String, Value>, AnswerError>,
    },
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct AnswerError {
    /// Word that the cloud can tell cases apart by, such as `not_supported`.
    pub code: String,
    /// Sentence for the person.
    pub message: String,
}

/// Why a frame cannot be read; it repeats nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedFrame {
    /// It is no JSON, or nested too deeply.
    #[error("the frame is no JSON")]
    NotJson,
    /// It is no JSON object.
    #[error("the frame is no object")]
    NotAnObject,
    /// It does not say what it is.
    #[error("the frame has no type")]
    NoType,
    /// An update frame without an update.
    #[error("the frame holds no update")]
    NoUpdate,
    /// An update that cannot be acknowledged.
    #[error("the update has no id")]
    NoUpdateId,
}

impl Incoming {
    /// Reads a text frame.
    ///
    /// # Errors
    /// [`MalformedFrame`] when the frame can be neither used nor acknowledged.
    pub fn parse(text: &str) -> Result<Self, MalformedFrame> {
        let frame = serde_json::from_str(text).map_err(|_| MalformedFrame::NotJson)?;
        let Value::Object(mut frame) = frame else {
            return Err(MalformedFrame::NotAnObject);
        };
        let Some(Value::String(kind)) = frame.remove("type") else {
            return Err(MalformedFrame::NoType);
        };
        Ok(match kind.as_str() {
            "ready" => {
                let id = frame.get("installation_id").and_then(Value::as_str);
                Self::Ready { installation_id: id.map(InstallationId::new) }
            }
            "ping" => Self::Ping,
            "pong" => Self::Pong,
            "update" => {
                let update = frame.remove("update").ok_or(MalformedFrame::NoUpdate)?;
                Self::Update(Update::parse(update)?)
            }
            // What answers a question asks none.
            answer if answer.ends_with(".resp") => {
                Self::Other { kind: one_line(answer, KIND_LENGTH) }
            }
            other => match frame.remove("req_id") {
                Some(Value::Null) | None => Self::Other { kind: one_line(other, KIND_LENGTH) },
                Some(req_id) => Self::Question(Question { req_id, kind, body: frame }),
            },
        })
    }
}

impl Outgoing {
    /// Writes the frame as it goes over the wire.
    pub fn to_text(&self) -> String {
        match self {
            Self::Hello { version } => json!({"type": "hello", "version": version}),
            Self::Ping => json!({"type": "ping"}),
            Self::Pong => json!({"type": "pong"}),
            Self::Ack { up_to } => json!({"type": "ack", "up_to_update_id": up_to}),
            Self::Answer { req_id, kind, result } => answer(req_id, kind, result),
        }
        .to_string()
    }
}

fn answer(req_id: &Value, kind: &str, result: &Result<Map<String, Value>, AnswerError>) -> Value {
    let mut frame = match result {
        Ok(fields) => fields.clone(),
        Err(error) => {
            let error = json!({"code": error.code, "message": error.message});
            Map::from_iter([("error".to_owned(), error)])
        }
    };
    let kind = kind.strip_suffix(".req").unwrap_or(kind);
    frame.insert("type".to_owned(), Value::String(format!("{kind}.resp")));
    frame.insert("req_id".to_owned(), req_id.clone());
    Value::Object(frame)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(frame: Value) -> Result<Incoming, MalformedFrame> {
        Incoming::parse(&frame.to_string())
    }

    fn written(frame: &Outgoing) -> Value {
        serde_json::from_str(&frame.to_text()).unwrap()
    }

    #[test]
    fn every_frame_of_the_cloud_is_told_apart() {
        let installation_id = Some(InstallationId::new("inst_1"));
        assert_eq!(
            parse(json!({"type": "ready", "installation_id": "inst_1"})),
            Ok(Incoming::Ready { installation_id })
        );
        assert_eq!(parse(json!({"type": "ready"})), Ok(Incoming::Ready { installation_id: None }));
        assert_eq!(parse(json!({"type": "ping"})), Ok(Incoming::Ping));
        assert_eq!(parse(json!({"type": "pong"})), Ok(Incoming::Pong));
        let other = Incoming::Other { kind: "weather".into() };
        assert_eq!(parse(json!({"type": "weather", "req_id": null})), Ok(other));
    }

    #[test]
    fn any_other_frame_with_a_req_id_is_a_question() {
        let Ok(Incoming::Question(question)) =
            parse(json!({"type": "cron.run.req", "req_id": 7, "job": "nightly"}))
        else {
            panic!("a question");
        };
        assert_eq!(question.req_id, json!(7));
        assert_eq!(question.kind, "cron.run.req");
        assert_eq!(Value::Object(question.body), json!({"job": "nightly"}));
    }

    #[test]
    fn an_update_with_a_req_id_is_an_update() {
        let frame =
            json!({"type": "update", "req_id": "r", "update": {"update_id": 1, "type": "x"}});
        assert!(matches!(parse(frame), Ok(Incoming::Update(_))));
    }

    #[test]
    fn an_answer_to_a_question_is_not_answered() {
        let frame = json!({"type": "models.list.resp", "req_id": "r"});
        assert!(matches!(parse(frame), Ok(Incoming::Other { .. })));
    }

    #[test]
    fn a_frame_that_cannot_be_used_says_why() {
        for (text, problem) in [
            ("", MalformedFrame::NotJson),
            ("{\"type\":\"ping\"", MalformedFrame::NotJson),
            (&"[".repeat(100_000), MalformedFrame::NotJson),
            ("[]", MalformedFrame::NotAnObject),
            ("{}", MalformedFrame::NoType),
            ("{\"type\":1}", MalformedFrame::NoType),
            ("{\"type\":\"update\"}", MalformedFrame::NoUpdate),
            ("{\"type\":\"update\",\"update\":7}", MalformedFrame::NoUpdate),
            ("{\"type\":\"update\",\"update\":{}}", MalformedFrame::NoUpdateId),
        ] {
            assert_eq!(Incoming::parse(text), Err(problem));
        }
    }

    #[test]
    fn frames_to_the_cloud_are_written_as_the_wire_wants_them() {
        let hello = Outgoing::Hello { version: "1.2.3".into() };
        assert_eq!(written(&hello), json!({"type": "hello", "version": "1.2.3"}));
        assert_eq!(written(&Outgoing::Ping), json!({"type": "ping"}));
        assert_eq!(written(&Outgoing::Pong), json!({"type": "pong"}));
        for (up_to, id) in
            [(UpdateId::Number(42), json!(42)), (UpdateId::Text("u_42".into()), json!("u_42"))]
        {
            assert_eq!(
                written(&Outgoing::Ack { up_to }),
                json!({"type": "ack", "up_to_update_id": id})
            );
        }
    }

    #[test]
    fn an_answer_has_the_questions_id_and_its_own_type_whatever_its_fields_are() {
        let answer = |result| Outgoing::Answer {
            req_id: json!("r1"),
            kind: "models.list.req".into(),
            result,
        };
        let fields = json!({"models": [], "type": "evil", "req_id": "other"});
        let Value::Object(fields) = fields else { panic!("an object") };
        assert_eq!(
            written(&answer(Ok(fields))),
            json!({"type": "models.list.resp", "req_id": "r1", "models": []})
        );
        let error = AnswerError { code: "not_supported".into(), message: "no".into() };
        assert_eq!(
            written(&answer(Err(error))),
            json!({"type": "models.list.resp", "req_id": "r1",
                   "error": {"code": "not_supported", "message": "no"}})
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,200}") {
            let _ = Incoming::parse(&text);
        }

        #[test]
        fn the_type_of_an_unknown_frame_is_kept_short(kind in "[a-z]{65,300}") {
            let Ok(Incoming::Other { kind }) = parse(json!({"type": kind})) else { panic!("other") };
            prop_assert!(kind.chars().count() <= KIND_LENGTH + 1);
        }
    }
}
