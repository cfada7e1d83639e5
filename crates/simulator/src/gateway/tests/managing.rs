use serde_json::{Value, json};

use super::client::{Client, Knock};
use super::{BOTH, gateway};
use crate::gateway::{AskingSender, Gateway, GatewayOptions, Generation};

const MANAGER: [&str; 2] = ["operator.read", "operator.pairing"];
const ADMIN: [&str; 2] = ["operator.admin", "operator.pairing"];

async fn manager(gateway: &Gateway, scopes: &[&'static str]) -> Client {
    Knock::at(gateway).key([1; 32]).scopes(scopes).enter(gateway).await
}

#[tokio::test]
async fn an_unknown_device_waits_for_its_owner_when_pairing_is_not_silent() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut owner = manager(&gateway, &ADMIN).await;
        let mut newcomer = Knock::at(&gateway);
        newcomer.header = Some(("origin", "http://localhost:5173"));
        let refusal = newcomer.try_enter(&gateway).await.err().unwrap();
        let request = refusal.error["details"]["requestId"].clone();
        let asked = owner.named("device.pair.requested").await;
        assert_eq!(asked["requestId"], request);
        let listed = owner.call("device.pair.list", json!({})).await.unwrap();
        assert_eq!(listed["pending"][0]["requestId"], request);
        let approval = json!({"requestId": request});
        let approved = owner.call("device.pair.approve", approval.clone()).await.unwrap();
        assert_eq!(approved["device"]["displayName"], "Desk one");
        assert_eq!(owner.named("device.pair.resolved").await["decision"], "approved");
        let again = owner.call("device.pair.approve", approval).await.unwrap_err();
        assert_eq!(again["message"], "unknown requestId");
        Knock::at(&gateway).enter(&gateway).await;
    }
}

#[tokio::test]
async fn a_rejected_device_asks_anew() {
    let options = GatewayOptions { auto_pairing: false, ..GatewayOptions::default() };
    let gateway = Gateway::start(options).await.unwrap();
    let knock = || Knock::at(&gateway).key([1; 32]).scopes(&ADMIN);
    let first =
        knock().try_enter(&gateway).await.err().unwrap().error["details"]["requestId"].clone();
    let again =
        knock().try_enter(&gateway).await.err().unwrap().error["details"]["requestId"].clone();
    assert_eq!(first, again);
    assert!(gateway.decide_request_elsewhere(first.as_str().unwrap(), true));
    let mut owner = knock().enter(&gateway).await;
    let refusal = Knock::at(&gateway).try_enter(&gateway).await.err().unwrap();
    let request = refusal.error["details"]["requestId"].clone();
    owner.call("device.pair.reject", json!({"requestId": request})).await.unwrap();
    let refusal = Knock::at(&gateway).try_enter(&gateway).await.err().unwrap();
    assert_ne!(refusal.error["details"]["requestId"], request);
}

#[tokio::test]
async fn a_removed_device_is_sent_away_and_its_token_is_dead() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut owner = manager(&gateway, &MANAGER).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        let token = client.hello["auth"]["deviceToken"].clone();
        let id = gateway.connects()[1].device_id.clone().unwrap();
        owner.call("device.pair.remove", json!({"deviceId": id})).await.unwrap();
        assert_eq!(client.closing().await, (4001, "device removed".to_owned()));
        let dead = Knock::at(&gateway).auth(json!({"deviceToken": token}));
        let dead = dead.try_enter(&gateway).await.err().unwrap();
        assert_eq!(dead.error["details"]["code"], "AUTH_DEVICE_TOKEN_MISMATCH");
        Knock::at(&gateway).enter(&gateway).await;
        let unknown = owner.call("device.pair.remove", json!({"deviceId": "nobody"})).await;
        assert_eq!(unknown.unwrap_err()["message"], "unknown deviceId");
    }
}

#[tokio::test]
async fn a_device_token_manages_only_its_own_device() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        Knock::at(&gateway).enter(&gateway).await;
        let other = gateway.connects()[0].device_id.clone().unwrap();
        let owner = manager(&gateway, &MANAGER).await;
        let token = owner.hello["auth"]["deviceToken"].clone();
        let knock = Knock::at(&gateway).key([1; 32]).scopes(&MANAGER);
        let mut owner = knock.clone().auth(json!({"deviceToken": token})).enter(&gateway).await;
        let listed = owner.call("device.pair.list", json!({})).await.unwrap();
        let paired = listed["paired"].as_array().unwrap();
        assert_eq!(paired.len(), 1);
        let own = paired[0]["deviceId"].clone();
        let denied = owner.call("device.pair.remove", json!({"deviceId": other})).await;
        assert_eq!(denied.unwrap_err()["message"], "device pairing removal denied");
        let role = json!({"deviceId": own, "role": "operator"});
        let rotated = owner.call("device.token.rotate", role).await.unwrap();
        assert_eq!(owner.closing().await.0, 4001);
        knock.auth(json!({"deviceToken": rotated["token"]})).enter(&gateway).await;
    }
}

#[tokio::test]
async fn somebody_elses_new_token_is_withheld() {
    let gateway = gateway(Generation::Newer).await;
    let mut client = Knock::at(&gateway).enter(&gateway).await;
    let id = gateway.connects()[0].device_id.clone().unwrap();
    let mut owner = manager(&gateway, &ADMIN).await;
    let role = json!({"deviceId": id, "role": "operator"});
    let rotated = owner.call("device.token.rotate", role.clone()).await.unwrap();
    assert_eq!(rotated["tokenDelivery"], "withheld-cross-device");
    assert!(rotated.get("token").is_none());
    client.gone().await;
    let renamed = json!({"deviceId": id, "label": "Kitchen"});
    owner.call("device.pair.rename", renamed).await.unwrap();
    let listed = owner.call("device.pair.list", json!({})).await.unwrap();
    let labels: Vec<&Value> =
        listed["paired"].as_array().unwrap().iter().map(|d| &d["operatorLabel"]).collect();
    assert!(labels.contains(&&json!("Kitchen")));
    let revoked = owner.call("device.token.revoke", role).await.unwrap();
    assert_eq!(revoked["deviceId"], id.as_str());
}

#[tokio::test]
async fn strangers_wait_for_the_owners_leave_and_a_fourth_is_not_noticed() {
    let gateway = gateway(Generation::Newer).await;
    let mut owner = manager(&gateway, &MANAGER).await;
    let writes = |sender: &str| gateway.sender_writes(&AskingSender::new(sender, "somebody"));
    let first = writes("7001").unwrap();
    let second = writes("7002").unwrap();
    assert!(writes("7003").is_some());
    assert!(writes("7004").is_none());
    assert_eq!(writes("7001").as_ref(), Some(&first), "one who writes again is the same");
    let listed = owner.call("channels.pairing.list", json!({})).await.unwrap();
    assert_eq!(listed["requests"].as_array().unwrap().len(), 3);
    let answer = |id: &str| json!({"channel": "telegram", "accountId": "default", "requestId": id});
    let approved = owner.call("channels.pairing.approve", answer(&first)).await.unwrap();
    assert_eq!(
        (&approved["senderId"], &approved["notification"]),
        (&json!("7001"), &json!("not-requested"))
    );
    owner.call("channels.pairing.dismiss", answer(&second)).await.unwrap();
    let gone = owner.call("channels.pairing.approve", answer(&first)).await.unwrap_err();
    assert_eq!(gone["message"], "pending DM access request no longer exists");
}

#[tokio::test]
async fn timed_jobs_are_kept_changed_run_and_removed() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut owner = manager(&gateway, &["operator.admin"]).await;
        let job = json!({
            "name": "morning", "schedule": {"kind": "every", "everyMs": 3_600_000},
            "sessionTarget": "isolated", "wakeMode": "now",
            "payload": {"kind": "agentTurn", "message": "say: good morning"},
        });
        let added = owner.call("cron.add", job).await.unwrap();
        let id = added["id"].clone();
        assert_eq!(owner.named("cron").await["action"], "added");
        let disable = json!({"id": id, "patch": {"enabled": false}});
        assert_eq!(owner.call("cron.update", disable).await.unwrap()["enabled"], false);
        let listed = owner.call("cron.list", json!({})).await.unwrap();
        assert_eq!(listed["jobs"], json!([]));
        let listed = owner.call("cron.list", json!({"includeDisabled": true})).await.unwrap();
        assert_eq!(listed["total"], 1);
        owner.call("cron.run", json!({"id": id})).await.unwrap();
        let end = owner.chat("final").await;
        assert!(end["sessionKey"].as_str().unwrap().starts_with("agent:main:cron:"));
        let runs = owner.call("cron.runs", json!({"id": id})).await.unwrap();
        assert_eq!(runs["entries"].as_array().unwrap().len(), 1);
        assert_eq!(owner.call("cron.remove", json!({"id": id})).await.unwrap()["removed"], true);
        let mut reader = Knock::at(&gateway).enter(&gateway).await;
        let denied = reader.call("cron.remove", json!({"id": id})).await.unwrap_err();
        assert_eq!(denied["message"], "missing scope: operator.admin");
    }
}
