//! Questions of the phone that the gateway answers: its models and its scheduled jobs.

use openclaw::{Call, CallError};
use sap::{AnswerError, Outgoing, Question};
use serde_json::{Map, Value, json};

use super::act::Purpose;
use super::{Effect, Engine};

/// Questions and the gateway's methods that answer them (`sap.md`, §3).
const METHODS: [(&str, &str); 8] = [
    ("models.list.req", "models.list"),
    ("cron.list.req", "cron.list"),
    ("cron.status.req", "cron.status"),
    ("cron.add.req", "cron.add"),
    ("cron.update.req", "cron.update"),
    ("cron.remove.req", "cron.remove"),
    ("cron.run.req", "cron.run"),
    ("cron.runs.req", "cron.runs"),
];

impl Engine {
    pub(super) fn question(&mut self, question: Question, effects: &mut Vec<Effect>) {
        let Question { req_id, kind, body } = question;
        let known = METHODS.iter().find(|(name, _)| *name == kind);
        let Some((_, method)) = known else {
            let message = "this bridge does not answer such questions";
            return effects.push(refuse(req_id, kind, "not_supported", message));
        };
        if self.gateway.is_none() {
            let message = "OpenClaw on this computer cannot be reached";
            return effects.push(refuse(req_id, kind, "gateway_unreachable", message));
        }
        let params = body.get("params").cloned().unwrap_or(Value::Object(body));
        let call = Call::Query { method, params };
        effects.push(Effect::Gateway(Purpose::Question { req_id, kind }, call));
    }

    pub(super) fn question_answered(
        &self,
        req_id: Value,
        kind: String,
        answer: Result<Value, CallError>,
        effects: &mut Vec<Effect>,
    ) {
        let effect = match answer {
            Ok(answer) => {
                let result = fields(self.redactor.json(answer));
                Effect::Cloud(Outgoing::Answer { req_id, kind, result: Ok(result) })
            }
            Err(error) => {
                let message = self.redactor.text(&error.to_string());
                refuse(req_id, kind, "gateway_error", &message)
            }
        };
        effects.push(effect);
    }
}

/// The fields of an answer; what is no object becomes the field `result`.
fn fields(answer: Value) -> Map<String, Value> {
    if let Value::Object(fields) = answer {
        return fields;
    }
    Map::from_iter([("result".to_owned(), answer)])
}

fn refuse(req_id: Value, kind: String, code: &str, message: &str) -> Effect {
    let error = AnswerError { code: code.into(), message: message.into() };
    tracing::debug!(kind, code, error = %json!({"message": message}), "a question is refused");
    Effect::Cloud(Outgoing::Answer { req_id, kind, result: Err(error) })
}
