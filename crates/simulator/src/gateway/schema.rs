//! The shapes of parameters. Every object is closed: one unknown field fails the call.

use serde_json::{Map, Value};

use super::Generation;

/// What a field may hold.
pub(super) enum Kind {
    Any,
    Text,
    Integer,
    Flag,
    Texts,
    OneOf { both: &'static [&'static str], newer: &'static [&'static str] },
    Object(&'static [Field]),
}

/// One field of a parameter object.
pub(super) struct Field {
    name: &'static str,
    kind: Kind,
    required: bool,
    newer_only: bool,
}

const fn must(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true, newer_only: false }
}

const fn may(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false, newer_only: false }
}

const fn newer(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false, newer_only: true }
}

const CLIENT_IDS: Kind = Kind::OneOf {
    both: &[
        "webchat-ui",
        "openclaw-control-ui",
        "openclaw-tui",
        "webchat",
        "cli",
        "gateway-client",
        "openclaw-macos",
        "openclaw-ios",
        "openclaw-android",
        "node-host",
        "test",
        "fingerprint",
        "openclaw-probe",
    ],
    newer: &["openclaw-linux", "openclaw-watchos", "openclaw-browser-copilot", "openclaw-worker"],
};

const CLIENT_MODES: Kind = Kind::OneOf {
    both: &["webchat", "cli", "ui", "backend", "node", "probe", "test"],
    newer: &["worker"],
};

/// The parameters of `connect`.
pub(super) const CONNECT: &[Field] = &[
    must("minProtocol", Kind::Integer),
    must("maxProtocol", Kind::Integer),
    must(
        "client",
        Kind::Object(&[
            must("id", CLIENT_IDS),
            must("version", Kind::Text),
            must("platform", Kind::Text),
            must("mode", CLIENT_MODES),
            may("displayName", Kind::Text),
            may("deviceFamily", Kind::Text),
            may("modelIdentifier", Kind::Text),
            may("instanceId", Kind::Text),
            newer("buildId", Kind::Text),
            newer("timeZone", Kind::Text),
        ]),
    ),
    may("role", Kind::Text),
    may("scopes", Kind::Texts),
    may("caps", Kind::Texts),
    may("commands", Kind::Texts),
    may("permissions", Kind::Any),
    may("pathEnv", Kind::Text),
    may("locale", Kind::Text),
    may("userAgent", Kind::Text),
    may(
        "auth",
        Kind::Object(&[
            may("token", Kind::Text),
            may("deviceToken", Kind::Text),
            may("bootstrapToken", Kind::Text),
            may("password", Kind::Text),
            newer("approvalRuntimeToken", Kind::Text),
            newer("agentRuntimeIdentityToken", Kind::Text),
        ]),
    ),
    may(
        "device",
        Kind::Object(&[
            must("id", Kind::Text),
            must("publicKey", Kind::Text),
            must("signature", Kind::Text),
            must("signedAt", Kind::Integer),
            must("nonce", Kind::Text),
        ]),
    ),
];

pub(super) const NOTHING: &[Field] = &[];

pub(super) const CHAT_SEND: &[Field] = &[
    must("sessionKey", Kind::Text),
    must("message", Kind::Text),
    must("idempotencyKey", Kind::Text),
    may("thinking", Kind::Text),
    may("deliver", Kind::Flag),
    may("attachments", Kind::Any),
    may("timeoutMs", Kind::Integer),
    newer("agentId", Kind::Text),
    newer("queueMode", Kind::Text),
    newer("expectedLeafEntryId", Kind::Text),
];

pub(super) const CHAT_ABORT: &[Field] =
    &[must("sessionKey", Kind::Text), may("runId", Kind::Text), newer("agentId", Kind::Text)];

pub(super) const CHAT_HISTORY: &[Field] = &[
    must("sessionKey", Kind::Text),
    may("limit", Kind::Integer),
    newer("cursor", Kind::Text),
    newer("offset", Kind::Integer),
    newer("messageId", Kind::Text),
];

pub(super) const APPROVAL_RESOLVE: &[Field] =
    &[must("id", Kind::Text), must("decision", Kind::Text)];

pub(super) const MODELS_LIST: &[Field] = &[may("view", Kind::Text)];

pub(super) const SESSIONS_PATCH: &[Field] = &[
    must("key", Kind::Text),
    may("model", Kind::Any),
    may("label", Kind::Any),
    may("thinkingLevel", Kind::Any),
    may("reasoningLevel", Kind::Any),
];

pub(super) const CRON_LIST: &[Field] = &[
    may("includeDisabled", Kind::Flag),
    may("limit", Kind::Integer),
    may("offset", Kind::Integer),
    may("query", Kind::Text),
];

pub(super) const CRON_ADD: &[Field] = &[
    must("name", Kind::Text),
    must("schedule", Kind::Any),
    must("sessionTarget", Kind::Text),
    must("wakeMode", Kind::Text),
    must("payload", Kind::Any),
    may("delivery", Kind::Any),
    may("description", Kind::Text),
    may("enabled", Kind::Flag),
    may("agentId", Kind::Any),
    may("deleteAfterRun", Kind::Flag),
];

pub(super) const CRON_UPDATE: &[Field] = &[must("id", Kind::Text), must("patch", Kind::Any)];
pub(super) const CRON_REMOVE: &[Field] = &[must("id", Kind::Text)];
pub(super) const CRON_RUN: &[Field] = &[must("id", Kind::Text), may("mode", Kind::Text)];
pub(super) const CRON_RUNS: &[Field] =
    &[may("id", Kind::Text), may("limit", Kind::Integer), may("offset", Kind::Integer)];

pub(super) const REQUEST_ID: &[Field] = &[must("requestId", Kind::Text)];
pub(super) const DEVICE_ID: &[Field] = &[must("deviceId", Kind::Text)];
pub(super) const NODE_ID: &[Field] = &[must("nodeId", Kind::Text)];
pub(super) const SETUP_CODE: &[Field] = &[
    may("publicUrl", Kind::Text),
    may("preferRemoteUrl", Kind::Flag),
    may("includeQr", Kind::Flag),
    may("joinUrl", Kind::Flag),
    may("bootstrapProfile", Kind::Text),
];
pub(super) const DEVICE_LABEL: &[Field] =
    &[must("deviceId", Kind::Text), must("label", Kind::Text)];
pub(super) const DEVICE_ROLE: &[Field] = &[must("deviceId", Kind::Text), must("role", Kind::Text)];

pub(super) const SENDERS_LIST: &[Field] =
    &[may("channel", Kind::Text), may("accountId", Kind::Text)];
pub(super) const SENDER_APPROVE: &[Field] = &[
    must("channel", Kind::Text),
    must("accountId", Kind::Text),
    must("requestId", Kind::Text),
    may("notify", Kind::Flag),
    may("bootstrapCommandOwner", Kind::Flag),
];
pub(super) const SENDER_DISMISS: &[Field] =
    &[must("channel", Kind::Text), must("accountId", Kind::Text), must("requestId", Kind::Text)];

/// Checks a parameter object.
///
/// # Errors
/// The gateway's sentence about everything that is wrong with it.
pub(super) fn check(
    fields: &[Field],
    params: &Value,
    generation: Generation,
) -> Result<Map<String, Value>, String> {
    let Some(object) = params.as_object() else {
        return Err("at root: must be object".to_owned());
    };
    let mut problems = Vec::new();
    collect(fields, object, generation, "", &mut problems);
    if problems.is_empty() { Ok(object.clone()) } else { Err(problems.join("; ")) }
}

fn collect(
    fields: &[Field],
    object: &Map<String, Value>,
    generation: Generation,
    path: &str,
    problems: &mut Vec<String>,
) {
    let known = |field: &&Field| generation.is_newer() || !field.newer_only;
    for field in fields.iter().filter(known) {
        match object.get(field.name) {
            None if field.required => {
                let place = if path.is_empty() { String::new() } else { format!("at {path}: ") };
                problems.push(format!("{place}must have required property '{}'", field.name));
            }
            None => {}
            Some(value) => {
                let path = format!("{path}/{}", field.name);
                if let Kind::Object(inner) = &field.kind
                    && let Some(object) = value.as_object()
                {
                    collect(inner, object, generation, &path, problems);
                } else if let Some(problem) = mismatch(&field.kind, value, generation) {
                    problems.push(format!("at {path}: {problem}"));
                }
            }
        }
    }
    for name in object.keys() {
        if !fields.iter().filter(known).any(|field| field.name == name) {
            let place = if path.is_empty() { "root" } else { path };
            problems.push(format!("at {place}: unexpected property '{name}'"));
        }
    }
}

fn mismatch(kind: &Kind, value: &Value, generation: Generation) -> Option<String> {
    let (fits, wanted) = match kind {
        Kind::Any => (true, ""),
        Kind::Text => (value.is_string(), "string"),
        Kind::Integer => (value.is_i64() || value.is_u64(), "integer"),
        Kind::Flag => (value.is_boolean(), "boolean"),
        Kind::Object(_) => (value.is_object(), "object"),
        Kind::Texts => {
            let texts = |items: &Vec<Value>| items.iter().all(Value::is_string);
            (value.as_array().is_some_and(texts), "array of strings")
        }
        Kind::OneOf { both, newer } => {
            let text = value.as_str().unwrap_or_default();
            if both.contains(&text) || generation.is_newer() && newer.contains(&text) {
                return None;
            }
            return Some("must be equal to one of the allowed values".to_owned());
        }
    };
    (!fits).then(|| format!("must be {wanted}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_and_missing_fields_are_named_as_the_gateway_names_them() {
        let lacking = check(CHAT_SEND, &json!({"sessionKey": "x"}), Generation::Older);
        assert_eq!(
            lacking.unwrap_err(),
            "must have required property 'message'; must have required property 'idempotencyKey'"
        );
        let unknown = check(CHAT_ABORT, &json!({"sessionKey": "x", "foo": 1}), Generation::Newer);
        assert_eq!(unknown.unwrap_err(), "at root: unexpected property 'foo'");
    }

    #[test]
    fn a_field_of_the_newer_generation_is_unknown_to_the_older_one() {
        let params = json!({"sessionKey": "x", "agentId": "main"});
        assert!(check(CHAT_ABORT, &params, Generation::Newer).is_ok());
        assert!(check(CHAT_ABORT, &params, Generation::Older).is_err());
    }

    #[test]
    fn nested_objects_are_closed_too() {
        let params = json!({
            "minProtocol": 3, "maxProtocol": "4",
            "client": {"id": "openclaw-linux", "version": "1", "platform": "linux", "mode": "ui"},
            "device": {"id": "", "publicKey": "", "signedAt": 0, "nonce": ""},
        });
        assert_eq!(
            check(CONNECT, &params, Generation::Older).unwrap_err(),
            "at /maxProtocol: must be integer; \
             at /client/id: must be equal to one of the allowed values; \
             at /device: must have required property 'signature'"
        );
    }
}
