use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use simulator::cloud::{CloudOptions, Dialect, Fault};
use tokio_tungstenite::tungstenite::{Error as WsError, Message as Frame};

use crate::wire::{Bridge, SOON, paired};

fn patient() -> CloudOptions {
    CloudOptions { resend_after: Duration::from_secs(600), ..CloudOptions::default() }
}

#[tokio::test]
async fn a_message_reaches_the_bridge_with_its_session_and_interaction() {
    for dialect in [Dialect::Documented, Dialect::Npm] {
        let (cloud, bridge) = paired(CloudOptions { dialect, ..patient() }).await;
        let mut socket = bridge.connect().await;
        assert_eq!(socket.next().await["type"], "ready");
        let said = cloud.say("ses_1", "hello");
        let update = socket.next_update("session.message").await;
        assert_eq!(update["update_id"], said.update_id);
        assert_eq!(update["payload"]["message"]["id"], said.message_id);
        assert_eq!(update["payload"]["message"]["text"], "hello");
        assert_eq!(update["payload"]["session"]["id"], "ses_1");
        let interaction = match dialect {
            Dialect::Documented => &update["interaction_id"],
            Dialect::Npm => &update["payload"]["interaction_id"],
        };
        assert_eq!(*interaction, said.interaction_id);
        assert_eq!(cloud.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn an_update_comes_again_until_it_is_acknowledged() {
    let options =
        CloudOptions { resend_after: Duration::from_millis(50), ..CloudOptions::default() };
    let (cloud, bridge) = paired(options).await;
    let mut socket = bridge.connect().await;
    let said = cloud.say("ses_1", "hello");
    for _ in 0..3 {
        let update = socket.next_update("session.message").await;
        assert_eq!(update["update_id"], said.update_id);
    }
    socket.ack(&said.update_id).await;
    cloud.wait_for("ack", SOON, |view| view.is_acked(&said.update_id).then_some(())).await;
    assert_eq!(cloud.acked_up_to(), Some(said.update_id.clone()));
    let next = cloud.say("ses_1", "next");
    loop {
        // Copies of the first update may still be on their way.
        let update = socket.next_update("session.message").await;
        if update["update_id"] != said.update_id {
            assert_eq!(update["update_id"], next.update_id);
            break;
        }
    }
}

#[tokio::test]
async fn what_was_not_acknowledged_is_replayed_in_order_after_a_reconnect() {
    let (cloud, bridge) = paired(patient()).await;
    let said: Vec<Value> = ["a", "b", "c"].map(|t| cloud.say("ses_1", t).update_id).into();
    let mut socket = bridge.connect().await;
    for id in &said {
        assert_eq!(socket.next_update("session.message").await["update_id"], *id);
    }
    socket.ack(&said[0]).await;
    cloud.wait_for("ack", SOON, |view| view.is_acked(&said[0]).then_some(())).await;
    cloud.fault(Fault::DropSocket);
    assert_eq!(socket.end().await, None, "cut without a close frame");
    let mut socket = bridge.connect().await;
    for id in &said[1..] {
        assert_eq!(socket.next_update("session.message").await["update_id"], *id);
    }
}

#[tokio::test]
async fn the_newest_socket_gets_the_updates_and_an_older_one_takes_over() {
    let (cloud, bridge) = paired(patient()).await;
    let mut older = bridge.connect().await;
    assert_eq!(older.next().await["type"], "ready");
    let mut newer = bridge.connect().await;
    assert_eq!(newer.next().await["type"], "ready");
    let said = cloud.say("ses_1", "hello");
    assert_eq!(newer.next_update("session.message").await["update_id"], said.update_id);
    drop(newer);
    assert_eq!(older.next_update("session.message").await["update_id"], said.update_id);
}

#[tokio::test]
async fn the_first_frame_must_be_hello_and_every_frame_json() {
    let (cloud, bridge) = paired(patient()).await;
    let mut socket = bridge.dial().await.unwrap();
    socket.send(json!({"type": "pong"})).await;
    socket.send(json!({"type": "hello"})).await;
    socket.send_frame(Frame::text("{")).await;
    socket.send_frame(Frame::binary(vec![0, 1])).await;
    socket.send(json!({"type": "something.new"})).await;
    socket.ack(&json!("upd_7")).await;
    cloud
        .wait_for("five violations", SOON, |view| (view.violations().len() == 5).then_some(()))
        .await;
    assert_eq!(
        cloud.violations(),
        [
            "socket: the first frame is pong, not hello",
            "socket: a hello without a version",
            "socket: a frame that is no JSON object with a type",
            "socket: a frame that is no JSON object with a type",
            "socket: an ack of an unknown update \"upd_7\"",
        ]
    );
}

#[tokio::test]
async fn three_missed_pongs_close_the_socket_with_4001() {
    let options = CloudOptions { ping_every: Duration::from_millis(60), ..CloudOptions::default() };
    let (cloud, bridge) = paired(options).await;
    let mut socket = bridge.connect().await;
    assert_eq!(socket.end().await, Some(4001));
    assert_eq!(cloud.violations(), ["socket: no pong to three pings in a row"]);
    let mut socket = bridge.connect().await;
    for _ in 0..6 {
        socket.next_of("ping").await;
        socket.send(json!({"type": "pong"})).await;
    }
    socket.send(json!({"type": "ping"})).await;
    socket.next_of("pong").await;
    assert_eq!(cloud.violations().len(), 1, "a bridge that answers stays");
}

#[tokio::test]
async fn a_question_is_answered_by_its_request_id() {
    let (cloud, bridge) = paired(patient()).await;
    let unasked = cloud.ask("models.list.req", Map::new());
    assert!(unasked.await.is_err(), "nobody is connected");
    let mut socket = bridge.connect().await;
    cloud.wait_for("hello", SOON, |view| (view.connected() == 1).then_some(())).await;
    let body = json!({"session_id": "ses_1"}).as_object().cloned().unwrap();
    let answer = cloud.ask("models.list.req", body);
    let question = socket.next_of("models.list.req").await;
    assert_eq!(question["session_id"], "ses_1");
    let reply = json!({"type": "models.list.resp", "req_id": question["req_id"], "models": []});
    socket.send(reply.clone()).await;
    assert_eq!(answer.await.unwrap(), reply);
    socket.send(reply).await;
    let told = cloud.wait_for("the second answer", SOON, |v| v.violations().first().cloned()).await;
    assert_eq!(told, "socket: models.list.resp answers no open question");
}

#[tokio::test]
async fn what_the_person_does_becomes_updates() {
    let (cloud, bridge) = paired(patient()).await;
    let mut socket = bridge.connect().await;
    let said = cloud.say("ses_1", "hello");
    let approval = json!({"session_id": "ses_1", "approval_id": "a-1", "action": "shell.exec",
        "title": "Run ls", "severity": "low", "command": "ls", "message": "It lists files.",
        "interaction_id": said.interaction_id});
    bridge.call("requestApproval", "1", approval).await.result();
    cloud.decide("a-1", "approveForSession");
    let resolved = socket.next_update("approval.resolved").await;
    assert_eq!(resolved["payload"]["decision"], "approve");
    assert_eq!(cloud.approvals("ses_1")[0].decided.as_deref(), Some("approve"));
    cloud.cancel("ses_1", Some(&said.interaction_id));
    let cancelled = socket.next_update("session.cancelled").await;
    assert_eq!(cancelled["interaction_id"], said.interaction_id);
    cloud.choose_model("ses_1", Some("opus"));
    let changed = socket.next_update("session.model.changed").await;
    assert_eq!(changed["payload"]["model"], "opus");
    cloud.push_update("ses_1", "session.sparkle", json!({"colour": "blue"}));
    socket.next_update("session.sparkle").await;
    cloud.end_session("ses_1");
    socket.next_update("session.ended").await;
}

#[tokio::test]
async fn an_unknown_token_is_refused_at_the_upgrade() {
    let (cloud, _) = paired(patient()).await;
    let refused = Bridge::new(&cloud, "inst_x:s_test_nothing".into()).dial().await;
    let Err(WsError::Http(response)) = refused else { panic!("not refused by HTTP") };
    assert_eq!(response.status(), 401);
    assert_eq!(cloud.calls().last().map(|call| call.status), Some(401));
}

#[tokio::test]
async fn stopping_closes_the_sockets_soon() {
    let (cloud, bridge) = paired(patient()).await;
    let mut socket = bridge.connect().await;
    assert_eq!(socket.next().await["type"], "ready");
    let before = Instant::now();
    cloud.stop().await;
    assert!(before.elapsed() < Duration::from_secs(4));
    socket.end().await;
    assert!(bridge.dial().await.is_err(), "the port is closed");
}
