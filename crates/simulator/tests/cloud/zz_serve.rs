use serde_json::json;
use simulator::cloud::{Cloud, CloudOptions};
use crate::node::Node;
use crate::wire::Bridge;

#[tokio::test]
#[ignore]
async fn serve() {
    let cloud = Cloud::start_on("127.0.0.1:8177".parse().unwrap(), CloudOptions { ping_every: std::time::Duration::from_secs(9999), ..CloudOptions::default() }).await.unwrap();
    let (_, token) = cloud.mint_installation("Work Mac OpenClaw");
    let bridge = Bridge::new(&cloud, token);
    let mut socket = bridge.connect().await;
    let mut node = Node::start();
    let secret = node.new_key();
    bridge.call("devices", "d", json!({"pubkey": node.public_key(&secret)})).await.result();
    cloud.say("plain", "an old plain chat");
    let mut keys = std::collections::HashMap::<String, String>::new();
    let mut n = 0;
    loop {
        let frame = socket.next_of("update").await;
        let update = &frame["update"];
        socket.ack(&update["update_id"]).await;
        let payload = &update["payload"];
        let kind = update["type"].as_str().unwrap();
        println!("{kind} {payload}");
        n += 1;
        if kind == "session_key_granted" {
            let key = node.open_grant(&secret, &payload["wrapped_session_key"]).unwrap();
            keys.insert(payload["session_id"].as_str().unwrap().to_owned(), key);
        }
        if kind == "device_added" {
            for (session, key) in &keys {
                let wrapped = node.grant(&payload["pubkey"], key);
                let body = json!({"recipients": [{"device_id": payload["device_id"], "wrapped_session_key": wrapped}]});
                bridge.call(&format!("sessions/{session}/recipients"), &format!("r{n}"), body).await.result();
            }
        }
        if kind == "session.message" {
            let session = update["session_id"].as_str().unwrap().to_owned();
            let message = &payload["message"];
            let Some(key) = keys.get(&session).cloned() else { println!("no key"); continue };
            let text = node.open(&key, &format!("messages/{session}"), &message["text_ct"]).unwrap();
            let open = json!({"session_id": session, "text_ct": node.seal(&key, &format!("messages/{session}"), "")});
            let id = bridge.call("sendMessage", &format!("o{n}"), open).await.result()["message_id"].clone();
            let delta = json!({"message_id": id, "delta_ct": node.seal(&key, &format!("messages/{session}"), &format!("echo: {text}"))});
            bridge.call("sendMessageDelta", &format!("d{n}"), delta).await.result();
            let t = format!("tasks/{session}");
            let task = json!({"session_id": session, "task_id": format!("t{n}"), "kind": "exec", "args_ct": node.seal(&key, &t, "{\"command\":\"ls\"}"), "status_label_ct": node.seal(&key, &t, "Runs ls")});
            bridge.call("createTask", &format!("t{n}"), task).await.result();
            let details = json!({"title": "Run ls", "message": "It lists files.", "command": "ls -la", "host": "mac"});
            let ask = json!({"session_id": session, "approval_id": format!("a{n}"), "action": "shell.exec", "severity": "low", "details_ct": node.seal(&key, &format!("approvals/{session}"), &details.to_string())});
            bridge.call("requestApproval", &format!("a{n}"), ask).await.result();
            println!("violations {:?}", cloud.violations());
        }
    }
}
