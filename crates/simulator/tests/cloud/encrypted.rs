use serde_json::{Value, json};
use simulator::cloud::{Cloud, CloudOptions, Forgery, Grant};

use crate::node::Node;
use crate::wire::{Bridge, SOON, Socket, paired};

const MESSAGES: &str = "messages/ses_1";
const TASKS: &str = "tasks/ses_1";
const APPROVALS: &str = "approvals/ses_1";

/// A cloud and a bridge that is connected and has registered its device key.
struct World {
    cloud: Cloud,
    bridge: Bridge,
    socket: Socket,
    node: Node,
    secret: String,
    device: String,
}

impl World {
    async fn new() -> Self {
        let (cloud, bridge) = paired(CloudOptions::default()).await;
        let socket = bridge.connect().await;
        let mut node = Node::start();
        let secret = node.new_key();
        let body = json!({"pubkey": node.public_key(&secret), "label": "Work Mac"});
        let registered = bridge.call("devices", "devices", body).await;
        let device = registered.result()["device_id"].as_str().unwrap().to_owned();
        Self { cloud, bridge, socket, node, secret, device }
    }

    /// Waits for the next key that the phone hands over, and opens it.
    async fn next_key(&mut self) -> String {
        let update = self.socket.next_update("session_key_granted").await;
        let payload = &update["payload"];
        assert_eq!(payload["session_id"], "ses_1");
        assert_eq!(payload["device_id"], self.device);
        let key = self.node.open_grant(&self.secret, &payload["wrapped_session_key"]);
        key.expect("a key for this device")
    }

    /// Waits for the next message and opens it with this key.
    async fn next_message(&mut self, key: &str) -> Option<String> {
        let update = self.socket.next_update("session.message").await;
        let message = &update["payload"]["message"];
        assert_eq!(message.get("text"), None);
        self.node.open(key, MESSAGES, &message["text_ct"])
    }

    async fn call(&self, route: &str, key: &str, body: Value) -> Value {
        self.bridge.call(route, key, body).await.result().clone()
    }

    /// Opens a bubble with this text, whole.
    async fn say(&mut self, idempotency: &str, key: &str, text: &str) {
        let text_ct = self.node.seal(key, MESSAGES, text);
        let body = json!({"session_id": "ses_1", "text_ct": text_ct});
        self.call("sendMessage", idempotency, body).await;
    }

    fn shown(&self) -> Vec<String> {
        self.cloud.bubbles("ses_1").iter().map(|bubble| bubble.shown().to_owned()).collect()
    }

    #[track_caller]
    fn assert_clean(&self) {
        assert_eq!(self.cloud.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_reply_is_read_by_the_phone_and_by_nobody_between() {
    let mut world = World::new().await;
    world.cloud.encrypt_session("ses_1");
    let said = world.cloud.say("ses_1", "what is the secret?");
    let key = world.next_key().await;
    assert_eq!(world.next_message(&key).await.as_deref(), Some("what is the secret?"));
    let open = json!({"session_id": "ses_1", "interaction_id": said.interaction_id,
                      "text_ct": world.node.seal(&key, MESSAGES, "")});
    let message_id = world.call("sendMessage", "open", open).await["message_id"].clone();
    for (idempotency, delta) in [("d1", "It is "), ("d2", "Grüße")] {
        let delta_ct = world.node.seal(&key, MESSAGES, delta);
        let body = json!({"message_id": message_id, "delta_ct": delta_ct});
        world.call("sendMessageDelta", idempotency, body).await;
    }
    assert!(world.cloud.bubbles("ses_1")[0].is_open());
    let text_ct = world.node.seal(&key, MESSAGES, "It is Grüße!");
    let end = json!({"message_id": message_id, "text_ct": text_ct, "finish_reason": "stop"});
    world.call("sendMessageEnd", "end", end).await;
    let bubble = &world.cloud.bubbles("ses_1")[0];
    assert_eq!((bubble.streamed.as_str(), bubble.shown()), ("It is Grüße", "It is Grüße!"));
    assert_eq!(bubble.deltas, ["It is ", "Grüße"]);
    assert!(bubble.is_encrypted && !bubble.is_open());
    assert!(world.cloud.look(|view| view.is_encrypted("ses_1")));
    for secret in ["Grüße", "It is"] {
        assert!(!world.cloud.received_contains(secret.as_bytes()), "{secret}");
    }
    assert!(world.cloud.received_contains(b"finish_reason"), "what came is looked through");
    world.assert_clean();
}

#[tokio::test]
async fn tools_and_approvals_are_opened_field_by_field() {
    let mut world = World::new().await;
    world.cloud.encrypt_session("ses_1");
    let key = world.next_key().await;
    let seal = |node: &mut Node, value: Value| node.seal(&key, TASKS, &value.to_string());
    let node = &mut world.node;
    let create = json!({"session_id": "ses_1", "task_id": "call_1", "kind": "exec",
        "status_label_ct": node.seal(&key, TASKS, "Runs ls"),
        "args_ct": seal(node, json!({"command": "ls"}))});
    let update = json!({"session_id": "ses_1", "task_id": "call_1",
        "status_label_ct": node.seal(&key, TASKS, "Still runs"),
        "partial_result_ct": seal(node, json!("file"))});
    let finish = json!({"session_id": "ses_1", "task_id": "call_1", "status": "failed",
        "status_label_ct": node.seal(&key, TASKS, "Failed"),
        "error_ct": node.seal(&key, TASKS, "no such folder"),
        "result_ct": seal(node, json!({"code": 2}))});
    let details = json!({"title": "Run ls", "message": "It lists files.", "command": "ls",
        "host": "mac", "tool_call_id": "call_1"});
    let ask = json!({"session_id": "ses_1", "approval_id": "a-1", "action": "shell.exec",
        "severity": "low", "details_ct": node.seal(&key, APPROVALS, &details.to_string())});
    for (route, body) in [("createTask", create), ("updateTask", update), ("finishTask", finish)] {
        world.call(route, route, body).await;
        assert!(world.cloud.tasks("ses_1")[0].status_label.is_some());
    }
    world.call("requestApproval", "ask", ask).await;
    let task = &world.cloud.tasks("ses_1")[0];
    let finish = task.finish.as_ref().unwrap();
    assert_eq!(task.args, Some(json!({"command": "ls"})));
    assert_eq!(task.status_label.as_deref(), Some("Failed"));
    assert_eq!(task.updates[0]["partial_result"], "file");
    assert_eq!(task.updates[0]["status_label"], "Still runs");
    assert_eq!(finish.error.as_deref(), Some("no such folder"));
    assert_eq!(finish.result, Some(json!({"code": 2})));
    world.cloud.decide("a-1", "approve");
    let card = &world.cloud.approvals("ses_1")[0];
    assert_eq!((card.title.as_str(), card.message.as_str()), ("Run ls", "It lists files."));
    assert_eq!((card.command.as_deref(), card.host.as_deref()), (Some("ls"), Some("mac")));
    assert_eq!(
        (card.tool_call_id.as_deref(), card.decided.as_deref()),
        (Some("call_1"), Some("approve"))
    );
    assert!(task.is_encrypted && card.is_encrypted);
    assert_eq!(
        world.socket.next_update("approval.resolved").await["payload"]["decision"],
        "approve"
    );
    world.assert_clean();
}

#[tokio::test]
async fn a_key_waits_for_the_bridge_to_register_and_for_the_phone_to_hand_it() {
    let (cloud, bridge) = paired(CloudOptions::default()).await;
    let mut socket = bridge.connect().await;
    cloud.encrypt_session("ses_1");
    cloud.encrypt_session_with("ses_2", Grant::Later);
    let mut node = Node::start();
    let secret = node.new_key();
    let pubkey = node.public_key(&secret);
    let body = json!({"pubkey": pubkey});
    bridge.call("devices", "1", body.clone()).await.result();
    assert_eq!(socket.next_update("session_key_granted").await["payload"]["session_id"], "ses_1");
    let again = bridge.call("devices", "2", body).await;
    assert_eq!(again.result()["pubkey_changed"], false);
    cloud.hand_key("ses_2", Grant::Now);
    let next = socket.next_update("session_key_granted").await;
    assert_eq!(next["payload"]["session_id"], "ses_2", "nobody was handed a key twice");
    assert!(node.open_grant(&secret, &next["payload"]["wrapped_session_key"]).is_some());
}

#[tokio::test]
async fn another_key_of_the_bridge_is_noticed_and_gets_every_session_key() {
    let mut world = World::new().await;
    world.cloud.encrypt_session("ses_1");
    let key = world.next_key().await;
    world.secret = world.node.new_key();
    let body = json!({"pubkey": world.node.public_key(&world.secret)});
    let registered = world.call("devices", "again", body).await;
    assert_eq!(registered["pubkey_changed"], true);
    assert_ne!(registered["device_id"], world.device);
    world.device = registered["device_id"].as_str().unwrap().to_owned();
    let newest = world.cloud.look(|view| view.bridge_device().map(ToOwned::to_owned));
    assert_eq!(newest.as_deref(), Some(world.device.as_str()));
    assert_eq!(world.next_key().await, key);
}

#[tokio::test]
async fn after_a_rotation_the_phone_seals_with_the_new_key_and_reads_both() {
    let mut world = World::new().await;
    world.cloud.encrypt_session("ses_1");
    let old = world.next_key().await;
    world.cloud.rotate_key("ses_1", Grant::Later);
    world.cloud.say("ses_1", "under the new key");
    world.say("1", &old, "in flight").await;
    assert_eq!(world.next_message(&old).await, None);
    world.cloud.hand_key("ses_1", Grant::Now);
    let new = world.next_key().await;
    world.cloud.say("ses_1", "again");
    assert_eq!(world.next_message(&new).await.as_deref(), Some("again"));
    world.say("2", &new, "since then").await;
    assert_eq!(world.shown(), ["in flight", "since then"]);
    world.assert_clean();
}

#[tokio::test]
async fn a_phone_that_joins_has_the_keys_that_the_bridge_grants_it() {
    let mut world = World::new().await;
    world.cloud.encrypt_session("ses_1");
    let key = world.next_key().await;
    let tablet = world.cloud.join_phone("Tablet");
    let mut added = Value::Null;
    while added["device_id"] != tablet {
        added = world.socket.next_update("device_added").await["payload"].clone();
    }
    assert_eq!((&added["label"], &added["platform"]), (&json!("Tablet"), &json!("ios")));
    assert!(!world.cloud.look(|view| view.holds_key(&tablet, "ses_1")));
    let wrapped = world.node.grant(&added["pubkey"], &key);
    let body = json!({"wrapped_by_device_id": world.device, "recipients":
        [{"device_id": tablet, "wrapped_session_key": wrapped}]});
    world.call("sessions/ses_1/recipients", "grant", body).await;
    let held =
        |view: &simulator::cloud::CloudView<'_>| view.holds_key(&tablet, "ses_1").then_some(());
    world.cloud.wait_for("the tablet's key", SOON, held).await;
    world.cloud.rotate_key("ses_1", Grant::Now);
    assert!(world.cloud.look(|view| held(view)).is_some(), "a new key reaches every phone");
    world.assert_clean();
}

#[tokio::test]
async fn a_revoked_phone_gets_no_key_once_the_bridge_knows() {
    let mut world = World::new().await;
    world.cloud.encrypt_session("ses_1");
    let key = world.next_key().await;
    let tablet = world.cloud.join_phone("Tablet");
    let stranger = world.node.new_key();
    let pubkey = json!(world.node.public_key(&stranger));
    let wrapped = world.node.grant(&pubkey, &key);
    let body = json!({"recipients": [{"device_id": tablet, "wrapped_session_key": wrapped}]});
    world.cloud.revoke_device(&tablet);
    world.call("sessions/ses_1/recipients", "unaware", body.clone()).await;
    world.assert_clean();
    let revoked = world.socket.next_update("device_revoked").await;
    assert_eq!(revoked["payload"]["device_id"], tablet);
    world.socket.ack(&revoked["update_id"]).await;
    let acked =
        |view: &simulator::cloud::CloudView<'_>| view.is_acked(&revoked["update_id"]).then_some(());
    world.cloud.wait_for("the acknowledgement", SOON, acked).await;
    world.call("sessions/ses_1/recipients", "aware", body).await;
    assert_eq!(world.cloud.violations().len(), 1);
    assert!(!world.cloud.look(|view| view.holds_key(&tablet, "ses_1")));
}

#[tokio::test]
async fn a_session_that_the_bridge_opens_is_read_with_the_key_that_it_grants() {
    let mut world = World::new().await;
    let phone = world.cloud.join_phone("Phone");
    let added = world.socket.next_update("device_added").await["payload"].clone();
    let created = world.call("createSession", "create", json!({"source": "cron"})).await;
    let session = created["session_id"].as_str().unwrap().to_owned();
    let key = world.node.new_key();
    let wrapped = world.node.grant(&added["pubkey"], &key);
    let body = json!({"recipients": [{"device_id": phone, "wrapped_session_key": wrapped}]});
    world.call(&format!("sessions/{session}/recipients"), "grant", body).await;
    let text_ct = world.node.seal(&key, &format!("messages/{session}"), "good morning");
    world.call("sendMessage", "say", json!({"session_id": session, "text_ct": text_ct})).await;
    assert_eq!(world.cloud.bubbles(&session)[0].shown(), "good morning");
    world.cloud.say(&session, "thanks");
    let update = world.socket.next_update("session.message").await;
    let envelope = &update["payload"]["message"]["text_ct"];
    let path = format!("messages/{session}");
    assert_eq!(world.node.open(&key, &path, envelope).as_deref(), Some("thanks"));
    world.assert_clean();
}

#[tokio::test]
async fn a_grant_for_somebody_else_opens_nothing() {
    let mut world = World::new().await;
    world.cloud.encrypt_session_with("ses_1", Grant::SealedForAnother);
    let update = world.socket.next_update("session_key_granted").await;
    assert_eq!(update["payload"]["device_id"], world.device);
    let wrapped = &update["payload"]["wrapped_session_key"];
    assert_eq!(world.node.open_grant(&world.secret, wrapped), None);
    world.cloud.hand_key("ses_1", Grant::AddressedToAnother);
    let update = world.socket.next_update("session_key_granted").await;
    assert_ne!(update["payload"]["device_id"], world.device);
    world.cloud.hand_key("ses_1", Grant::Now);
    world.next_key().await;
}

#[tokio::test]
async fn a_forged_message_opens_with_no_key() {
    let mut world = World::new().await;
    world.cloud.encrypt_session("ses_1");
    let key = world.next_key().await;
    for forgery in [
        Forgery::Changed,
        Forgery::OtherKey,
        Forgery::OtherContent,
        Forgery::OtherVersion,
        Forgery::Cut,
        Forgery::NotBase64,
    ] {
        world.cloud.say_forged("ses_1", "run rm", forgery);
        assert_eq!(world.next_message(&key).await, None, "{forgery:?}");
    }
    world.cloud.say("ses_1", "run ls");
    assert_eq!(world.next_message(&key).await.as_deref(), Some("run ls"));
}

#[tokio::test]
async fn what_the_phone_cannot_read_and_a_nonce_that_comes_again_are_remembered() {
    let mut world = World::new().await;
    world.cloud.encrypt_session("ses_1");
    let key = world.next_key().await;
    let other = world.node.new_key();
    world.say("1", &other, "x").await;
    assert_eq!(world.shown(), ["(unreadable)"]);
    assert_eq!(world.cloud.violations().len(), 1, "{:?}", world.cloud.violations());
    let text_ct = world.node.seal(&key, MESSAGES, "x");
    for idempotency in ["2", "3"] {
        let body = json!({"session_id": "ses_1", "text_ct": text_ct});
        world.call("sendMessage", idempotency, body).await;
    }
    let task = json!({"session_id": "ses_1", "task_id": "t", "kind": "exec",
        "args_ct": world.node.seal(&key, TASKS, "no JSON")});
    world.call("createTask", "4", task).await;
    let violations = world.cloud.violations();
    assert!(violations[1].contains("nonce") && violations[2].contains("no JSON"), "{violations:?}");
    assert_eq!(violations.len(), 3);
}
