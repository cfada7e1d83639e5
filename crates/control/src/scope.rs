//! What the gateway's rights mean, and how much is at stake where they are asked for.

use openclaw::pairing::{ForeignList, ForeignText};

use crate::{Foreign, Scope, Severity};

/// Makes every right of a list readable.
pub(crate) fn scopes(list: &[ForeignText]) -> Vec<Scope> {
    list.iter().map(scope).collect()
}

fn scope(name: &ForeignText) -> Scope {
    let meaning = (name.missing() == 0).then(|| meaning(name.as_str())).flatten();
    Scope { name: Foreign::from(name), meaning: meaning.map(str::to_owned) }
}

/// Says what whoever has a right can do; none where it is not known.
fn meaning(scope: &str) -> Option<&'static str> {
    Some(match scope {
        "operator.read" => "read all chats, sessions and settings that are not secret",
        "operator.write" => "write to the agent, stop it, and change sessions",
        "operator.approvals" => "answer what the agent asks before it acts",
        "operator.questions" => "answer the agent's questions",
        "operator.pairing" => "let devices, nodes and senders in, and remove them",
        "operator.admin" => "do everything: change the settings, and let anybody in",
        "operator.talk.secrets" => "read the keys of speech services",
        "node.invoke" => "run commands on nodes",
        _ => return None,
    })
}

/// Says how much is at stake when a device gets these roles and scopes.
///
/// `Critical` where it could administer the gateway, or where so much is asked for that not all of it
/// is listed; `Medium` where it could only read and answer questions; everything else, which the
/// unknown is part of, is `High`.
pub(crate) fn severity(roles: &ForeignList, scopes: &ForeignList) -> Severity {
    let is_beyond_view = roles.missing() + scopes.missing() > 0;
    if is_beyond_view || scopes.contains("operator.admin") {
        return Severity::Critical;
    }
    let only = |list: &ForeignList, harmless: &[&str]| {
        list.kept().iter().all(|it| it.missing() == 0 && harmless.contains(&it.as_str()))
    };
    let is_harmless =
        only(roles, &["operator"]) && only(scopes, &["operator.read", "operator.questions"]);
    if is_harmless { Severity::Medium } else { Severity::High }
}

#[cfg(test)]
mod tests {
    use openclaw::pairing::DeviceRequest;
    use serde_json::{Value, json};

    use super::*;

    fn asked(roles: &Value, scopes: &Value) -> Severity {
        let request = DeviceRequest::parse(&json!({"requestId": "r", "deviceId": "d", "ts": 1,
            "roles": roles, "scopes": scopes}))
        .unwrap();
        severity(&request.roles, &request.scopes)
    }

    #[test]
    fn more_is_at_stake_the_more_a_device_could_do() {
        let operator = json!(["operator"]);
        assert_eq!(asked(&operator, &json!(["operator.read"])), Severity::Medium);
        for scope in ["operator.write", "operator.pairing", "operator.approvals", "operator.new"] {
            assert_eq!(asked(&operator, &json!(["operator.read", scope])), Severity::High);
        }
        assert_eq!(asked(&json!(["node"]), &json!([])), Severity::High);
        assert_eq!(asked(&operator, &json!(["operator.admin"])), Severity::Critical);
    }

    #[test]
    fn what_is_not_listed_may_be_everything() {
        let mut many: Vec<String> = vec!["operator.read".to_owned(); 64];
        many.push("operator.admin".to_owned());
        assert_eq!(asked(&json!(["operator"]), &json!(many)), Severity::Critical);
    }

    #[test]
    fn a_scope_that_only_begins_like_a_known_one_has_no_meaning() {
        assert!(scope(&ForeignText::new("operator.read")).meaning.is_some());
        for strange in ["operator.read\u{200b}", "operator.READ", ""] {
            assert_eq!(scope(&ForeignText::new(strange)).meaning, None);
        }
    }
}
