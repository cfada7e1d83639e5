//! What a person judges of a request, in a few letters: it can change under its key.

use sha2::{Digest as _, Sha256};

use crate::Subject;

/// How many bytes of the digest are kept.
const KEPT: usize = 8;

/// Digests what is asked, in 16 hexadecimal digits. What merely counts time is no part of it.
pub(crate) fn seen(subject: &Subject) -> String {
    let mut judged = subject.clone();
    if let Subject::Sender(sender) = &mut judged {
        sender.last_seen_at_ms = None;
    }
    // Plain values without maps always become JSON.
    let judged = serde_json::to_vec(&judged).unwrap_or_default();
    let digest = Sha256::digest(judged);
    digest.iter().take(KEPT).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::*;
    use crate::{Slot, pending, samples};

    /// The subjects of one request of every kind, as plain values.
    fn subjects() -> Vec<Value> {
        let snapshot = samples::snapshot(vec![samples::approval("a1", 10)]);
        let all = pending(Slot(0), &snapshot, &samples::busy());
        all.iter().map(|it| serde_json::to_value(&it.subject).unwrap()).collect()
    }

    fn of(subject: &Value) -> String {
        seen(&serde_json::from_value(subject.clone()).unwrap())
    }

    /// What another value of the same type could be.
    fn others(value: &Value) -> Vec<Value> {
        match value {
            Value::Null => vec![json!("x"), json!({"text": "x", "missing": 0}), json!(7)],
            Value::Bool(is) => vec![json!(!is)],
            Value::Number(number) => vec![json!(number.as_u64().unwrap() + 1)],
            Value::String(text) if text == "high" => vec![json!("low")],
            Value::String(text) => vec![json!(format!("{text}x"))],
            Value::Array(all) => {
                let more = all.last().map(|last| [all.clone(), vec![last.clone()]].concat());
                let none = (!all.is_empty()).then(Vec::new);
                let one = [json!(["x"]), json!([{"text": "x", "missing": 0}])];
                let one = one.into_iter().filter(|_| all.is_empty());
                more.into_iter().chain(none).map(Value::Array).chain(one).collect()
            }
            Value::Object(_) => vec![Value::Null, json!({"text": "another", "missing": 0})],
        }
    }

    #[test]
    fn the_same_subject_has_the_same_digest_and_every_other_another() {
        let all = subjects();
        let digests: BTreeSet<_> = all.iter().map(of).collect();
        assert_eq!((all.len(), digests.len()), (4, 4));
        assert!(
            digests.iter().all(|it| it.len() == 16 && it.chars().all(|c| c.is_ascii_hexdigit()))
        );
        assert_eq!(subjects().iter().map(of).collect::<BTreeSet<_>>(), digests);
    }

    #[test]
    fn any_change_of_what_is_judged_changes_the_digest() {
        for subject in subjects() {
            let before = of(&subject);
            let fields = subject.as_object().unwrap();
            let mut changed = BTreeSet::new();
            for (name, value) in fields {
                for other in others(value) {
                    let mut another = subject.clone();
                    another[name] = other;
                    let Ok(another) = serde_json::from_value(another) else { continue };
                    if seen(&another) != before {
                        changed.insert(name.as_str());
                    }
                }
            }
            let unchanged: Vec<_> =
                fields.keys().map(String::as_str).filter(|name| !changed.contains(name)).collect();
            // What kind it is cannot be changed alone.
            match subject["kind"].as_str() {
                Some("sender") => assert_eq!(unchanged, ["kind", "last_seen_at_ms"]),
                _ => assert_eq!(unchanged, ["kind"]),
            }
        }
    }

    #[test]
    fn what_a_known_device_asks_to_be_different_is_judged_too() {
        let all = subjects();
        let device = all.iter().find(|it| it["kind"] == "device").unwrap();
        for (name, other) in [
            ("known_as", json!(null)),
            ("new_scopes", json!([])),
            ("revoked_roles", json!([])),
            ("is_introduced_anew", json!(false)),
        ] {
            let mut another = device.clone();
            another["change"][name] = other;
            assert_ne!(of(&another), of(device), "{name}");
        }
    }

    #[test]
    fn when_a_person_last_wrote_is_not_judged() {
        let all = subjects();
        let sender = all.iter().find(|it| it["kind"] == "sender").unwrap();
        let mut later = sender.clone();
        later["last_seen_at_ms"] = json!(1_000_000);
        assert_eq!(of(&later), of(sender));
    }
}
