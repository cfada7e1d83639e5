//! Models, and which of them answers in a session.

use serde_json::{Map, Value, json};

use super::RpcError;
use super::house::State;
use super::keys::canonical;
use super::rpc::Caller;

type Params = Map<String, Value>;

/// The imaginary models: id, name, and whether they reason.
const MODELS: [(&str, &str, bool); 2] =
    [("talker", "Simulated Talker", false), ("thinker", "Simulated Thinker", true)];

impl State {
    /// Answers `models.list`.
    pub(super) fn list_models(&mut self, _: &Caller, _: &Params) -> Result<Value, RpcError> {
        let newer = self.generation.is_newer();
        let models = MODELS.iter().map(|(id, name, reasoning)| {
            let mut model = json!({
                "provider": "simulated", "id": id, "name": name, "contextWindow": 128_000,
                "reasoning": reasoning,
            });
            if newer {
                model["available"] = true.into();
                model["thinkingLevels"] = json!([{"id": "off", "label": "off"}]);
                model["thinkingDefault"] = "off".into();
            } else {
                model["input"] = json!(["text", "image"]);
            }
            model
        });
        Ok(json!({"models": models.collect::<Vec<_>>()}))
    }

    /// Answers `sessions.patch`; the model of a run that is under way stays.
    pub(super) fn patch_session(&mut self, _: &Caller, params: &Params) -> Result<Value, RpcError> {
        let key = canonical(&self.session_param(params, "key")?)?;
        match params.get("model") {
            None => {}
            Some(Value::Null) => self.session(&key).model = None,
            Some(chosen) => {
                let chosen = chosen.as_str().unwrap_or_default();
                let (provider, model) = chosen.split_once('/').unwrap_or((chosen, ""));
                if provider != "simulated" {
                    let message =
                        format!("Unknown provider \"{provider}\". Use /models to list providers.");
                    return Err(RpcError::invalid(&message));
                }
                if !MODELS.iter().any(|(id, ..)| *id == model) {
                    return Err(RpcError::invalid(&format!("Unknown model \"{chosen}\".")));
                }
                self.session(&key).model = Some(chosen.to_owned());
            }
        }
        let session = self.session(&key);
        let (provider, model) = session.model();
        Ok(json!({
            "ok": true, "key": key, "entry": {"sessionId": session.id},
            "resolved": {"modelProvider": provider, "model": model},
        }))
    }
}
