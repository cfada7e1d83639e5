//! How the phone reads what the bridge says in an encrypted session, and that nothing of it can be
//! read by anybody else.

use serde_json::{Map, Value};

use crate::secrets::{Kind, Secrets};

/// What may be read in a session that is not encrypted, and in no other: the field, whose envelope
/// has the same name and `_ct`, the kind of its key, and whether it is JSON.
const SEALED: [(&str, Kind, bool); 7] = [
    ("text", Kind::Message, false),
    ("delta", Kind::Message, false),
    ("status_label", Kind::Task, false),
    ("error", Kind::Task, false),
    ("args", Kind::Task, true),
    ("partial_result", Kind::Task, true),
    ("result", Kind::Task, true),
];
/// What an approval says, all in one envelope.
const DETAILS: [&str; 6] = ["title", "message", "command", "host", "tool_call_id", "approval_slug"];
/// The envelope of what an approval says.
const DETAILS_CT: &str = "details_ct";

/// A request as it is read on the phone.
pub(crate) struct Opened {
    /// Its fields, as those of one that never was sealed.
    pub(crate) fields: Value,
    /// The key that each of its envelopes was sealed with.
    pub(crate) keys: Vec<usize>,
}

/// Reads a request.
///
/// # Errors
/// Says what is wrong with it.
pub(crate) fn open(
    secrets: &Secrets,
    session: &str,
    route: &str,
    fields: &Value,
) -> Result<Opened, String> {
    let mut fields = fields.as_object().cloned().unwrap_or_default();
    let names = SEALED.iter().map(|(name, ..)| *name);
    if !secrets.has(session) {
        let sealed = fields.keys().find(|name| name.ends_with("_ct")).cloned();
        return match sealed {
            Some(name) => Err(format!("{name} in a session that is not encrypted")),
            None => Ok(Opened { fields: Value::Object(fields), keys: Vec::new() }),
        };
    }
    if let Some(name) = names.chain(DETAILS).find(|name| fields.contains_key(*name)) {
        return Err(format!("plain text in an encrypted session: {route} {name}"));
    }
    let mut keys = Vec::new();
    for (name, kind, is_json) in SEALED {
        if let Some(text) = opened(secrets, session, &mut fields, &format!("{name}_ct"), kind)? {
            // The envelope of nothing is the same under every key.
            keys.extend((!text.1.is_empty()).then_some(text.0));
            let value = if is_json { json(&text.1)? } else { Value::String(text.1) };
            fields.insert(name.to_owned(), value);
        }
    }
    if let Some((key, text)) = opened(secrets, session, &mut fields, DETAILS_CT, Kind::Approval)? {
        keys.push(key);
        let Value::Object(details) = json(&text)? else {
            return Err(format!("{DETAILS_CT} is no object: {text}"));
        };
        fields.extend(details);
    }
    Ok(Opened { fields: Value::Object(fields), keys })
}

fn opened(
    secrets: &Secrets,
    session: &str,
    fields: &mut Map<String, Value>,
    name: &str,
    kind: Kind,
) -> Result<Option<(usize, String)>, String> {
    let Some(envelope) = fields.remove(name) else { return Ok(None) };
    let envelope = envelope.as_str().unwrap_or_default();
    match secrets.open(session, kind, envelope) {
        Some(opened) => Ok(Some(opened)),
        None => Err(format!("{name} opens with no key of {session}: {envelope}")),
    }
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|_| format!("it holds no JSON: {text}"))
}
