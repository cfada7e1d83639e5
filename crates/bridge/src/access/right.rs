//! What an act takes beyond the right to see who joins.

use std::collections::BTreeSet;

use openclaw::pairing::ForeignList;
use openclaw::{Generation, PAIRING_SCOPES};

use super::AccessAct;
use super::book::Book;
use crate::request_key::{device_key, node_key};

const ADMIN: &str = "operator.admin";
/// The role that every gateway lets the holder of its scopes manage.
const OPERATOR: &str = "operator";
/// Longest name of a scope that is asked for, in bytes.
const LONGEST_NAME: usize = 64;

/// Names the scopes of the connection that an act has to be done over; none where the standing one
/// does. Nothing is asked for but what the request or the token names, and the administration of
/// the gateway where it wants that for the act.
pub(super) fn scopes_for(act: &AccessAct, book: &Book) -> Option<Vec<String>> {
    let mut scopes = BTreeSet::new();
    let is_newer = book.generation() == Generation::Newer;
    match act {
        AccessAct::ApproveDevice(request) => {
            let request = book.device_request(&device_key(request))?;
            scopes.extend(named(&request.scopes));
            let other_role = |role: &&_| openclaw::pairing::ForeignText::as_str(role) != OPERATOR;
            if is_newer && request.roles.kept().iter().any(|role| other_role(&role)) {
                scopes.insert(ADMIN.to_owned());
            }
        }
        AccessAct::ApproveNode(request) => {
            let request = book.node_request(&node_key(&request.id))?;
            scopes.extend(named(&request.scopes_to_approve));
        }
        AccessAct::RotateToken { device, role } | AccessAct::RevokeToken { device, role } => {
            let token = book.joined_device(device)?.token(role.as_str())?;
            scopes.extend(named(&token.scopes));
            if is_newer && role.as_str() != OPERATOR {
                scopes.insert(ADMIN.to_owned());
            }
        }
        AccessAct::SetUp(_) => {
            scopes.insert(ADMIN.to_owned());
        }
        AccessAct::RejectDevice(_)
        | AccessAct::RejectNode(_)
        | AccessAct::ApproveSender { .. }
        | AccessAct::DismissSender(_)
        | AccessAct::RenameDevice { .. }
        | AccessAct::RemoveDevice(_)
        | AccessAct::RemoveNode(_) => {}
    }
    if scopes.iter().all(|scope| PAIRING_SCOPES.contains(&scope.as_str())) {
        return None;
    }
    scopes.extend(PAIRING_SCOPES.map(str::to_owned));
    Some(scopes.into_iter().collect())
}

/// Lists what is an operator's scope. Whatever else a stranger names is not asked for.
fn named(scopes: &ForeignList) -> impl Iterator<Item = String> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'_' | b'-');
    let is_scope = move |scope: &str| {
        scope.starts_with("operator.") && scope.len() <= LONGEST_NAME && scope.bytes().all(is_plain)
    };
    let whole = scopes.kept().iter().filter(|scope| scope.missing() == 0);
    whole.map(|scope| scope.as_str()).filter(move |scope| is_scope(scope)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use openclaw::pairing::{Devices, Nodes, SetupAccess};
    use openclaw::{DeviceId, DeviceRole, RequestId};
    use serde_json::{Value, json};

    use super::super::book::Input;
    use super::*;

    fn book(generation: Generation, pending: &Value, paired: &Value) -> Book {
        let mut book = Book::new();
        book.handle(Input::Connected(generation), 0);
        let begun = book.begin();
        let listed = Devices::parse(&json!({"pending": [pending], "paired": [paired]})).unwrap();
        book.handle(Input::Devices(begun, listed), 0);
        book
    }

    fn asks(fields: &Value) -> Value {
        let mut request = json!({"requestId": "r", "deviceId": "d", "ts": 1});
        request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        request
    }

    fn texts(scopes: &[&str]) -> Option<Vec<String>> {
        Some(scopes.iter().map(|scope| (*scope).to_owned()).collect())
    }

    #[test]
    fn approving_takes_what_the_device_asks_for_and_nothing_more() {
        let request = asks(&json!({"role": "operator",
            "scopes": ["operator.write", "node.all", "operator.WRITE", "operator.a b", "root"]}));
        let book = book(Generation::Newer, &request, &json!({}));
        let approve = AccessAct::ApproveDevice(RequestId::new("r"));
        assert_eq!(scopes_for(&approve, &book), texts(&["operator.pairing", "operator.write"]));
        let reject = AccessAct::RejectDevice(RequestId::new("r"));
        assert_eq!(scopes_for(&reject, &book), None);
    }

    #[test]
    fn a_node_as_a_device_takes_an_administrator_of_the_newer_gateway() {
        let approve = AccessAct::ApproveDevice(RequestId::new("r"));
        let request = asks(&json!({"role": "node", "scopes": []}));
        let newer = book(Generation::Newer, &request, &json!({}));
        assert_eq!(scopes_for(&approve, &newer), texts(&["operator.admin", "operator.pairing"]));
        let older = book(Generation::Older, &request, &json!({}));
        assert_eq!(scopes_for(&approve, &older), None);
    }

    #[test]
    fn a_token_takes_its_scopes_and_a_nodes_an_administrator() {
        let tokens = json!([{"role": "operator", "scopes": ["operator.read"]},
            {"role": "node", "scopes": []}]);
        let paired = json!({"deviceId": "d", "tokens": tokens});
        let book = book(Generation::Newer, &json!({}), &paired);
        let device = DeviceId::new("d");
        let rotate = |role| {
            let (device, role) = (device.clone(), DeviceRole::new(role));
            scopes_for(&AccessAct::RotateToken { device, role }, &book)
        };
        assert_eq!(rotate("operator"), texts(&["operator.pairing", "operator.read"]));
        assert_eq!(rotate("node"), texts(&["operator.admin", "operator.pairing"]));
        assert_eq!(rotate("other"), None);
    }

    #[test]
    fn a_nodes_offer_takes_what_it_says_and_a_code_an_administrator() {
        let mut book = Book::new();
        let begun = book.begin();
        let offer = json!({"requestId": "r", "nodeId": "n", "ts": 1,
            "requiredApproveScopes": ["operator.pairing", "operator.admin"]});
        let listed = Nodes::parse(&json!({"pending": [offer], "paired": []})).unwrap();
        let approve = AccessAct::ApproveNode(Box::new(listed.pending[0].clone()));
        book.handle(Input::Nodes(begun, listed), 0);
        let both = texts(&["operator.admin", "operator.pairing"]);
        assert_eq!(scopes_for(&approve, &book), both);
        assert_eq!(scopes_for(&AccessAct::SetUp(SetupAccess::Node), &book), both);
    }
}
