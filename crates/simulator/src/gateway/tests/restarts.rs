use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error;

use super::client::{Knock, closing, open};
use super::{BOTH, gateway, said};
use crate::gateway::{Gateway, GatewayOptions, Generation, RunOutcome};

const SESSION: &str = "agent:main:ses_1";

#[tokio::test]
async fn a_killed_gateway_forgets_keys_and_approvals_and_keeps_devices() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        let token = client.hello["auth"]["deviceToken"].clone();
        client.say(SESSION, "run-0", "say: before").await;
        client.chat("final").await;
        client.say("agent:main:other", "run-1", "run: echo hi").await;
        client.named("exec.approval.requested").await;
        gateway.restart(true);
        assert_eq!(client.closing().await.0, 1006);
        let mut client =
            Knock::at(&gateway).auth(json!({"deviceToken": token})).enter(&gateway).await;
        let listed = client.call("exec.approval.list", json!({})).await.unwrap();
        assert_eq!(listed, json!([]));
        let history = client.call("chat.history", json!({"sessionKey": SESSION})).await.unwrap();
        assert_eq!(history["messages"].as_array().unwrap().len(), 2);
        let again = client.say(SESSION, "run-0", "say: before").await;
        assert_eq!(again["status"], "started", "the turn runs twice");
    }
}

#[tokio::test]
async fn an_interrupted_turn_is_lost_by_the_older_generation_and_resumed_by_the_newer() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "run-1", "slow: 4").await;
        client.chat("delta").await;
        gateway.restart(true);
        assert_eq!(gateway.runs()[0].outcome, RunOutcome::Lost);
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        let history = client.call("chat.history", json!({"sessionKey": SESSION})).await.unwrap();
        match generation {
            Generation::Older => {
                assert_eq!(history["messages"], json!([]));
                assert_eq!(gateway.runs().len(), 1);
            }
            Generation::Newer => {
                assert_eq!(history["messages"][0]["idempotencyKey"], "run-1:user");
                let end = client.chat("final").await;
                assert_ne!(end["runId"], "run-1");
                assert_eq!(said(&end), "w0 w1 w2 w3");
            }
        }
    }
}

#[tokio::test]
async fn a_turn_that_the_history_does_not_have_yet_is_not_resumed() {
    let gateway = gateway(Generation::Newer).await;
    gateway.start_foreign_run(SESSION, "say: too early");
    // Nothing has played the run yet: this is the only thread.
    gateway.restart(true);
    assert_eq!(gateway.restarts().len(), 1);
    assert_eq!(gateway.runs().len(), 1);
    assert_eq!(gateway.answers_to(SESSION, "say: too early"), [[""; 0]; 0]);
}

#[tokio::test]
async fn what_the_agent_said_to_a_message_is_told_without_its_neighbours() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        for (run, text) in [("run-1", "say: one"), ("run-2", "say: two")] {
            client.say(SESSION, run, text).await;
            client.chat("final").await;
        }
        assert_eq!(gateway.answers_to(SESSION, "say: one"), [["one"]]);
        assert_eq!(gateway.answers_to(SESSION, "say: three"), [[""; 0]; 0]);
    }
}

#[tokio::test]
async fn a_restart_without_history_remembers_no_conversation() {
    let gateway = gateway(Generation::Newer).await;
    let mut client = Knock::at(&gateway).enter(&gateway).await;
    client.say(SESSION, "run-1", "slow: 50").await;
    gateway.restart(false);
    let mut client = Knock::at(&gateway).enter(&gateway).await;
    let history = client.call("chat.history", json!({"sessionKey": SESSION})).await.unwrap();
    assert_eq!(history["messages"], json!([]));
    assert_eq!(gateway.runs().len(), 1);
}

#[tokio::test]
async fn a_graceful_restart_lets_the_runs_of_the_newer_generation_end() {
    let gateway = gateway(Generation::Newer).await;
    let mut client = Knock::at(&gateway).enter(&gateway).await;
    client.say(SESSION, "run-1", "slow: 4").await;
    client.chat("delta").await;
    let scenario = async {
        let send = json!({"sessionKey": SESSION, "message": "more", "idempotencyKey": "run-2"});
        let refused = loop {
            // The restart may not have begun; until then the same key is simply in flight.
            match client.call("chat.send", send.clone()).await {
                Err(refused) => break refused,
                Ok(_) => tokio::task::yield_now().await,
            }
        };
        assert_eq!(refused["details"]["reason"], "gateway-restarting");
        assert_eq!(refused["retryAfterMs"], 1000);
        let busy = open(&gateway, None).await.err().unwrap();
        assert!(matches!(busy, Error::Http(response) if response.status() == 503));
        let mut client = client;
        while client.chat("final").await["runId"] != "run-1" {}
        assert_eq!(client.named("shutdown").await["reason"], "gateway stopping");
        assert_eq!(client.closing().await, (1012, "service restart".to_owned()));
    };
    tokio::join!(gateway.restart_gracefully(), scenario);
    Knock::at(&gateway).enter(&gateway).await;
}

#[tokio::test]
async fn a_graceful_restart_of_the_older_generation_drops_the_turn() {
    let gateway = gateway(Generation::Older).await;
    let mut client = Knock::at(&gateway).enter(&gateway).await;
    client.say(SESSION, "run-1", "slow: 50").await;
    gateway.restart_gracefully().await;
    client.named("shutdown").await;
    assert_eq!(client.closing().await.0, 1012);
    assert_eq!(gateway.runs()[0].outcome, RunOutcome::Lost);
}

#[tokio::test]
async fn a_stopped_gateway_says_goodbye_and_gives_its_port_free() {
    let gateway = gateway(Generation::Newer).await;
    let port = gateway.port();
    let mut client = Knock::at(&gateway).enter(&gateway).await;
    let (code, ()) = tokio::join!(client.closing(), gateway.stop());
    assert_eq!(code, (1012, "service restart".to_owned()));
    let gateway = Gateway::start_on(port, GatewayOptions::default()).await.unwrap();
    assert_eq!(gateway.port(), port);
    Knock::at(&gateway).enter(&gateway).await;
}

#[tokio::test]
async fn a_run_goes_on_while_its_client_is_away_and_is_heard_again_after_it() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "run-1", "slow: 6").await;
        client.chat("delta").await;
        gateway.drop_connections();
        client.gone().await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        let end = client.chat("final").await;
        assert_eq!((&end["runId"], said(&end)), (&json!("run-1"), "w0 w1 w2 w3 w4 w5"));
    }
}

#[tokio::test]
async fn a_mute_gateway_takes_everything_and_says_nothing() {
    let gateway = gateway(Generation::Newer).await;
    let mut client = Knock::at(&gateway).enter(&gateway).await;
    client.named("presence").await;
    gateway.stop_answering();
    client.send(r#"{"type":"req","id":"x","method":"health"}"#).await;
    let quiet = timeout(Duration::from_millis(200), client.event()).await;
    assert!(quiet.is_err());
    assert_eq!(gateway.calls_of("health").len(), 1);
    let mut socket = open(&gateway, None).await.unwrap();
    let quiet = timeout(Duration::from_millis(200), closing(&mut socket)).await;
    assert!(quiet.is_err());
    gateway.answer_again();
    assert_eq!(client.call("health", json!({})).await.unwrap()["ok"], true);
}

#[tokio::test]
async fn ticks_come_and_raw_frames_and_floods_go_through() {
    let options =
        GatewayOptions { tick_every: Duration::from_millis(10), ..GatewayOptions::default() };
    let gateway = Gateway::start(options).await.unwrap();
    let mut client = Knock::at(&gateway).enter(&gateway).await;
    assert_eq!(client.hello["policy"]["tickIntervalMs"], 10);
    client.named("tick").await;
    gateway.emit_raw(r#"{"type":"event","event":"new.thing","payload":{"x":1}}"#);
    assert_eq!(client.named("new.thing").await, json!({"x": 1}));
    let reads = async {
        let mut bytes = 0;
        while bytes < 1_000_000 {
            bytes += client.event().await.to_string().len();
        }
    };
    tokio::join!(gateway.flood(1_100_000), reads);
    assert_eq!(gateway.connections(), 1);
}
