use std::collections::HashMap;

use anyhow::Context as _;
use jsonschema::Validator;
use serde_json::Value;

use crate::npm::{Package, Progress};

const GATEWAY_PROTOCOL: Package = Package {
    name: "@openclaw/gateway-protocol",
    version: "2026.9.1",
    folder: "gateway-protocol-2026.9.1",
    overrides: &[],
    unwanted: &[],
};

/// Installs OpenClaw's published protocol package and reads its JSON Schema, which describes
/// protocol 4.
///
/// # Errors
/// When npm fails, or the package has no readable schema.
pub async fn protocol_schema(progress: Progress<'_>) -> anyhow::Result<Value> {
    let path = GATEWAY_PROTOCOL.ensure(progress).await?.join("protocol.schema.json");
    let bytes = tokio::fs::read(&path)
        .await
        .with_context(|| format!("cannot read the protocol schema {}", path.display()))?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// Checks frames that a client sends against the published protocol schema.
#[derive(Debug)]
pub struct FrameValidator {
    frame: Validator,
    /// By method; none where the schema says nothing about its parameters.
    params: HashMap<String, Option<Validator>>,
}

impl FrameValidator {
    /// Compiles the schema that [`protocol_schema`] returns.
    ///
    /// # Errors
    /// When the schema has another shape than OpenClaw's, or is no valid JSON Schema.
    pub fn new(schema: &Value) -> anyhow::Result<Self> {
        let schema = without_patterns(schema.clone());
        let definitions = schema["definitions"].as_object().context("no definitions in schema")?;
        let methods = schema["methods"].as_object().context("no methods in schema")?;
        let by_name: HashMap<String, &Value> =
            definitions.iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
        let params = methods.keys().map(|method| {
            let definition = by_name.get(&params_definition(method)).copied();
            let validator = definition.map(jsonschema::validator_for).transpose()?;
            Ok((method.clone(), validator))
        });
        let frame = definitions.get("RequestFrame").context("no RequestFrame in schema")?;
        Ok(Self {
            frame: jsonschema::validator_for(frame)?,
            params: params.collect::<anyhow::Result<_>>()?,
        })
    }

    /// Checks a request and, by its method, its parameters.
    ///
    /// # Errors
    /// Every violation with its place in the frame; values are not repeated.
    pub fn check(&self, frame: &Value) -> Result<(), String> {
        violations(&self.frame, frame, "request")?;
        let method = frame["method"].as_str().unwrap_or_default();
        let Some(validator) = self.params.get(method) else {
            return Err(format!("request: the protocol has no method {method}"));
        };
        let params = frame.get("params");
        match validator {
            Some(validator) => violations(validator, params.unwrap_or(&Value::Null), method),
            None if params.is_none_or(Value::is_object) => Ok(()),
            None => Err(format!("{method}: params must be an object")),
        }
    }
}

/// Drops the text patterns: they are JavaScript's, over UTF-16, which no Rust engine reads.
fn without_patterns(schema: Value) -> Value {
    match schema {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(name, value)| name != "pattern" || !value.is_string())
            .map(|(name, value)| (name, without_patterns(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_patterns).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema,
    }
}

/// `device.pair.setupCode` has `DevicePairSetupCodeParams`; capitals vary.
fn params_definition(method: &str) -> String {
    format!("{}params", method.replace(['.', '-'], "").to_lowercase())
}

fn violations(validator: &Validator, value: &Value, subject: &str) -> Result<(), String> {
    let found: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{subject}{}: {}", error.instance_path(), error.masked()))
        .collect();
    if found.is_empty() { Ok(()) } else { Err(found.join("; ")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn validator() -> FrameValidator {
        let closed = |properties: Value, required: Value| {
            json!({"type": "object", "properties": properties, "required": required,
                "additionalProperties": false})
        };
        let text = json!({"type": "string"});
        FrameValidator::new(&json!({
            "methods": {"chat.send": {}, "exec.approval.list": {}, "tools.github.status": {}},
            "definitions": {
                "RequestFrame": closed(
                    json!({"type": {"const": "req"}, "id": text, "method": text, "params": {}}),
                    json!(["type", "id", "method"]),
                ),
                "ChatSendParams": closed(json!({"message": text}), json!(["message"])),
                "ToolsGitHubStatusParams": closed(json!({}), json!([])),
            },
        }))
        .unwrap()
    }

    fn request(method: &str, params: Value) -> Value {
        json!({"type": "req", "id": "1", "method": method, "params": params})
    }

    #[test]
    fn a_request_that_follows_the_schema_passes() {
        validator().check(&request("chat.send", json!({"message": "hello"}))).unwrap();
        validator().check(&request("tools.github.status", json!({}))).unwrap();
        validator()
            .check(&json!({"type": "req", "id": "1", "method": "exec.approval.list"}))
            .unwrap();
    }

    #[test]
    fn unknown_missing_and_wrong_parameters_are_named_without_their_values() {
        let check = |params| validator().check(&request("chat.send", params)).unwrap_err();
        assert!(check(json!({"message": "m", "agentId": "main"})).contains("agentId"));
        assert!(check(json!({})).contains("\"message\" is a required property"));
        let wrong = check(json!({"message": 4711}));
        assert!(wrong.starts_with("chat.send/message: ") && !wrong.contains("4711"), "{wrong}");
    }

    #[test]
    fn unknown_methods_missing_params_and_malformed_frames_fail() {
        let validator = validator();
        assert!(validator.check(&request("chat.shout", json!({}))).is_err());
        assert!(validator.check(&request("tools.github.status", json!({"x": 1}))).is_err());
        assert!(validator.check(&request("exec.approval.list", json!([]))).is_err());
        let no_params = json!({"type": "req", "id": "1", "method": "chat.send"});
        assert!(validator.check(&no_params).is_err());
        for frame in [json!(null), json!({"type": "event"}), json!({"type": "req", "id": 1})] {
            assert!(validator.check(&frame).is_err(), "{frame}");
        }
    }
}
