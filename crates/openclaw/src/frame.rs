//! The envelope of every message: requests go out, answers and events come in.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::json;

/// A text that is borrowed from the message wherever it holds no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// A message of the gateway.
pub enum Incoming<'a> {
    /// The answer to a request of ours.
    Answer {
        /// The request's id.
        id: Cow<'a, str>,
        /// The payload, or the error.
        result: Result<Value, Value>,
    },
    /// Something happened.
    Event {
        /// What.
        name: Cow<'a, str>,
        /// JSON text of the details.
        payload: &'a str,
    },
}

impl<'a> Incoming<'a> {
    /// Reads a message without building what nobody asked for: of an event only the envelope.
    ///
    /// # Errors
    /// [`NotAFrame`] when the text is no JSON, or no message that a gateway sends.
    pub fn parse(text: &'a str) -> Result<Self, NotAFrame> {
        let envelope: Envelope<'a> = serde_json::from_str(text).map_err(|_| NotAFrame)?;
        match envelope.kind.0.as_ref() {
            "event" => Ok(Self::Event {
                name: envelope.event.ok_or(NotAFrame)?.0,
                payload: envelope.payload.map_or("null", RawValue::get),
            }),
            "res" => {
                let id = envelope.id.ok_or(NotAFrame)?.0;
                let result = if envelope.ok.ok_or(NotAFrame)? {
                    Ok(value(envelope.payload))
                } else {
                    Err(value(envelope.error))
                };
                Ok(Self::Answer { id, result })
            }
            _ => Err(NotAFrame),
        }
    }
}

/// The text is no message of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no message of a gateway")]
pub struct NotAFrame;

/// Writes a request.
pub(crate) fn request(id: &str, method: &str, params: &Value) -> String {
    let request = Request { kind: "req", id, method, params };
    serde_json::to_string(&request).unwrap_or_default()
}

fn value(raw: Option<&RawValue>) -> Value {
    raw.and_then(|raw| json::parse(raw.get())).unwrap_or(Value::Null)
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type", borrow)]
    kind: Text<'a>,
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    event: Option<Text<'a>>,
    ok: Option<bool>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Request<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    method: &'a str,
    params: &'a Value,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_borrows_its_name_and_payload_from_the_message() {
        let text = r#"{"type":"event","event":"tick","payload":{"ts":1},"seq":9,"new":[]}"#;
        let Incoming::Event { name: Cow::Borrowed("tick"), payload } =
            Incoming::parse(text).unwrap()
        else {
            panic!("something else was read")
        };
        assert_eq!(payload, r#"{"ts":1}"#);
    }

    #[test]
    fn answers_carry_their_payload_or_the_refusal() {
        let text = r#"{"type":"res","id":"7","ok":true}"#;
        let Ok(Incoming::Answer { id, result }) = Incoming::parse(text) else { panic!("{text}") };
        assert_eq!((id.as_ref(), result.unwrap()), ("7", Value::Null));

        let text = r#"{"type":"res","id":"7","ok":false,"error":{"code":"X","message":"no"}}"#;
        let Ok(Incoming::Answer { result, .. }) = Incoming::parse(text) else { panic!("{text}") };
        assert_eq!(result.unwrap_err()["code"], "X");
    }

    #[test]
    fn what_no_gateway_sends_is_no_frame() {
        for text in [
            "",
            "hello",
            "null",
            "[]",
            r#"{"type":"hello"}"#,
            r#"{"type":"event"}"#,
            r#"{"type":"res","ok":true}"#,
            r#"{"type":"res","id":"7"}"#,
            r#"{"type":"res","id":7,"ok":true}"#,
        ] {
            assert_eq!(Incoming::parse(text).err(), Some(NotAFrame), "{text}");
        }
    }

    #[test]
    fn a_request_is_written_as_the_gateway_expects_it() {
        let text = request("1", "chat.history", &json!({"limit": 5}));
        let written: Value = serde_json::from_str(&text).unwrap();
        let params = json!({"limit": 5});
        assert_eq!(
            written,
            json!({"type": "req", "id": "1", "method": "chat.history", "params": params})
        );
    }
}
