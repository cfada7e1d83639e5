use std::time::Duration;

use serde_json::{Value, json};

use super::client::{Client, Knock};
use super::{BOTH, gateway};
use crate::gateway::{
    AccessDecision, AskingDevice, AskingSender, Gateway, GatewayOptions, Generation, OfferingNode,
};

const SEEING: [&str; 1] = ["operator.pairing"];
const ADMIN: [&str; 2] = ["operator.admin", "operator.pairing"];

/// A connection without a device, as whoever looks after others has it.
async fn backend(gateway: &Gateway, scopes: &[&'static str]) -> Client {
    let mut knock = Knock::at(gateway).scopes(scopes);
    knock.key = None;
    knock.change(|params| params["client"]["mode"] = "backend".into()).enter(gateway).await
}

fn by_id(request: &str) -> Value {
    json!({"requestId": request})
}

#[tokio::test]
async fn a_device_is_let_in_only_by_who_has_what_it_asks_for() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut seeing = backend(&gateway, &SEEING).await;
        let mut able = backend(&gateway, &["operator.pairing", "operator.write"]).await;
        let asks = AskingDevice::new("Kitchen").asking_for(&["operator.read", "operator.write"]);
        let request = gateway.device_asks(&asks);
        let told = seeing.named("device.pair.requested").await;
        assert_eq!((&told["requestId"], &told["role"]), (&json!(request), &json!("operator")));
        let refused = seeing.call("device.pair.approve", by_id(&request)).await.unwrap_err();
        assert_eq!(refused["message"], "missing scope: operator.read", "{generation:?}");
        assert_eq!(refused["code"], "INVALID_REQUEST");
        able.call("device.pair.approve", by_id(&request)).await.unwrap();
        assert_eq!(seeing.named("device.pair.resolved").await["decision"], "approved");
        let again = seeing.call("device.pair.approve", by_id(&request)).await.unwrap_err();
        let says = match generation {
            Generation::Older => "unknown requestId",
            Generation::Newer => "device pairing approval denied",
        };
        assert_eq!(again["message"], says);
        let decisions = gateway.access_decisions();
        let connection = gateway.connected().last().map(|it| it.connection);
        assert_eq!(decisions, [AccessDecision { request_id: request, allowed: true, connection }]);
    }
}

#[tokio::test]
async fn a_request_that_grows_is_told_of_as_rejected_only_by_the_newer_generation() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut seeing = backend(&gateway, &SEEING).await;
        let device = AskingDevice::new("Kitchen").asking_for(&["operator.read"]);
        let first = gateway.device_asks(&device);
        assert_eq!(gateway.device_asks(&device), first, "an unchanged question is the same");
        let second = gateway.device_asks(&device.asking_for(&["operator.write"]));
        seeing.named("device.pair.requested").await;
        if generation == Generation::Newer {
            let told = seeing.named("device.pair.resolved").await;
            assert_eq!(
                (&told["requestId"], &told["decision"]),
                (&json!(first), &json!("rejected"))
            );
        }
        let told = seeing.named("device.pair.requested").await;
        assert_eq!(told["requestId"], second.as_str());
        assert_eq!(told["scopes"], json!(["operator.write", "operator.read"]));
        assert_eq!(gateway.waiting_requests(), [second]);
    }
}

#[tokio::test]
async fn what_is_too_old_is_forgotten_without_a_word() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let waited = Duration::from_secs(300);
        gateway.device_asks(&AskingDevice { waited, ..AskingDevice::new("Kitchen") });
        let node = gateway.node_offers(&OfferingNode { waited, ..OfferingNode::new("Attic", &[]) });
        let waited = Duration::from_secs(3_600);
        gateway.sender_writes(&AskingSender { waited, ..AskingSender::new("7001", "alice") });
        let left = match generation {
            Generation::Older => vec![],
            Generation::Newer => vec![node],
        };
        assert_eq!(gateway.waiting_requests(), left);
        let forgotten = gateway.device_asks(&AskingDevice::new("Kitchen"));
        assert!(gateway.forget_request(&forgotten) && !gateway.forget_request(&forgotten));
        assert!(gateway.access_decisions().is_empty());
    }
}

#[tokio::test]
async fn a_node_takes_what_its_commands_take() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut seeing = backend(&gateway, &SEEING).await;
        let mut admin = backend(&gateway, &ADMIN).await;
        let node = OfferingNode::new("Attic", &["system.run"]);
        let request = gateway.node_offers(&node);
        let told = seeing.named("node.pair.requested").await;
        let newer = generation == Generation::Newer;
        assert_eq!(told.get("requiredApproveScopes").is_some(), newer);
        let listed = seeing.call("node.pair.list", json!({})).await.unwrap();
        let takes = &listed["pending"][0]["requiredApproveScopes"];
        assert_eq!(takes, &json!(["operator.pairing", "operator.admin"]));
        let refused = seeing.call("node.pair.approve", by_id(&request)).await.unwrap_err();
        assert_eq!(refused["message"], "missing scope: operator.admin");
        let approved = admin.call("node.pair.approve", by_id(&request)).await.unwrap();
        assert_eq!(approved["node"].get("token").is_some(), !newer);
        assert_eq!(seeing.named("node.pair.resolved").await["decision"], "approved");
        let gone = admin.call("node.pair.reject", by_id(&request)).await.unwrap_err();
        assert_eq!(gone["message"], "unknown requestId");
        let remove = json!({"nodeId": node.id});
        seeing.call("node.pair.remove", remove.clone()).await.unwrap();
        let told = seeing.named("node.pair.resolved").await;
        assert_eq!((&told["requestId"], &told["decision"]), (&json!(""), &json!("removed")));
        let gone = seeing.call("node.pair.remove", remove).await.unwrap_err();
        assert_eq!(gone["message"], "unknown nodeId");
        let harmless = gateway.node_offers(&OfferingNode::new("Cellar", &[]));
        seeing.call("node.pair.approve", by_id(&harmless)).await.unwrap();
    }
}

#[tokio::test]
async fn a_node_that_asks_as_a_device_takes_an_administrator_of_the_newer_generation() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut seeing = backend(&gateway, &SEEING).await;
        let node = AskingDevice { role: "node".to_owned(), ..AskingDevice::new("Attic") };
        let request = gateway.device_asks(&node.asking_for(&[]));
        let approved = seeing.call("device.pair.approve", by_id(&request)).await;
        match generation {
            Generation::Older => drop(approved.unwrap()),
            Generation::Newer => {
                assert_eq!(approved.unwrap_err()["message"], "device pairing approval denied");
            }
        }
    }
}

#[tokio::test]
async fn a_revoked_token_is_listed_and_its_device_has_to_ask() {
    for generation in BOTH {
        let options = GatewayOptions { auto_pairing: false, ..GatewayOptions::of(generation) };
        let gateway = Gateway::start(options).await.unwrap();
        let refusal = Knock::at(&gateway).try_enter(&gateway).await.err().unwrap();
        let request = refusal.error["details"]["requestId"].as_str().unwrap().to_owned();
        assert!(gateway.decide_request_elsewhere(&request, true));
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        let mut admin = backend(&gateway, &ADMIN).await;
        let id = gateway.connects()[0].device_id.clone().unwrap();
        let mut seeing = backend(&gateway, &SEEING).await;
        let role = json!({"deviceId": id, "role": "operator"});
        let denied = seeing.call("device.token.revoke", role.clone()).await.unwrap_err();
        assert_eq!(denied["message"], "device token revocation denied");
        admin.call("device.token.revoke", role).await.unwrap();
        client.gone().await;
        let refusal = Knock::at(&gateway).try_enter(&gateway).await.err().unwrap();
        assert_eq!(refusal.error["details"]["reason"], "role-upgrade");
        let listed = admin.call("device.pair.list", json!({})).await.unwrap();
        assert!(listed["paired"][0]["tokens"][0]["revokedAtMs"].is_u64(), "{listed}");
        assert_eq!(listed["pending"][0]["isRepair"], true);
    }
}

#[tokio::test]
async fn a_phone_joins_with_a_code_that_is_good_once() {
    let public_url = Some("wss://gateway.example".to_owned());
    let options = GatewayOptions { public_url, ..GatewayOptions::default() };
    let gateway = Gateway::start(options).await.unwrap();
    let mut seeing = backend(&gateway, &SEEING).await;
    let mut admin = backend(&gateway, &ADMIN).await;
    let method = "device.pair.setupCode";
    let methods = admin.hello["features"]["methods"].as_array().unwrap();
    assert!(!methods.contains(&json!(method)), "it is not listed");
    let refused = seeing.call(method, json!({})).await.unwrap_err();
    assert_eq!(refused["message"], "missing scope: operator.admin");
    let made = admin.call(method, json!({"bootstrapProfile": "limited"})).await.unwrap();
    assert_eq!(made["access"], "limited");
    let code = made["setupCode"].as_str().unwrap();
    assert_eq!(gateway.setup_codes(), [code]);
    assert!(gateway.use_setup_code(code, "Phone", true));
    assert!(!gateway.use_setup_code(code, "Phone", true));
    let told = seeing.named("device.pair.setup.completed").await;
    assert_eq!((&told["setupId"], &told["deviceName"]), (&made["setupId"], &json!("Phone")));
}

#[tokio::test]
async fn a_gateway_that_nobody_can_reach_makes_no_code() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut admin = backend(&gateway, &ADMIN).await;
        let refused = admin.call("device.pair.setupCode", json!({})).await.unwrap_err();
        let says = match generation {
            Generation::Older => "unknown method",
            Generation::Newer => "Gateway is only bound to loopback",
        };
        assert!(refused["message"].as_str().unwrap().starts_with(says), "{refused}");
    }
}

#[tokio::test]
async fn what_waits_outlives_a_restart() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        gateway.device_asks(&AskingDevice::new("Kitchen"));
        gateway.node_offers(&OfferingNode::new("Attic", &[]));
        gateway.sender_writes(&AskingSender::new("7001", "alice"));
        let waiting = gateway.waiting_requests();
        assert_eq!(waiting.len(), if generation == Generation::Newer { 3 } else { 2 });
        gateway.restart(true);
        assert_eq!(gateway.waiting_requests(), waiting);
    }
}
