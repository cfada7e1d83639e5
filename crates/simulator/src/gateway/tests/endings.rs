use std::time::Duration;

use serde_json::{Value, json};

use super::client::{DEADLINE, Knock};
use super::{BOTH, gateway, said};
use crate::gateway::{Gateway, GatewayOptions, Generation, RunOutcome};

const SESSION: &str = "agent:main:ses_1";

#[tokio::test]
async fn a_failed_model_ends_the_run_with_an_error_and_the_newer_generation_says_it_twice() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "run-1", "error: 401").await;
        let error = client.chat("error").await;
        assert!(error["errorMessage"].as_str().unwrap().contains("401"));
        if generation == Generation::Newer {
            assert_eq!(error["errorDetail"]["failoverReason"], "auth");
            let again = client.chat("error").await;
            assert_eq!((&again["runId"], &again["seq"]), (&json!("run-1"), &json!(1)));
            assert!(again.get("errorDetail").is_none());
        }
        let ended =
            |gateway: &Gateway| (gateway.runs()[0].outcome == RunOutcome::Failed).then_some(());
        gateway.wait_for(DEADLINE, ended).await.unwrap();
        client.say(SESSION, "run-2", "say: well again").await;
        assert_eq!(said(&client.chat("final").await), "well again");
    }
}

#[tokio::test]
async fn a_failure_that_may_pass_is_retried_before_it_ends_the_run() {
    for generation in BOTH {
        for script in ["error: 429", "error: 500", "error: drop"] {
            let options = GatewayOptions {
                retry_pause: Duration::from_millis(5),
                ..GatewayOptions::of(generation)
            };
            let gateway = Gateway::start(options).await.unwrap();
            let mut client = Knock::at(&gateway).enter(&gateway).await;
            client.say(SESSION, "run-1", script).await;
            let tale = client.tale("run-1", "error").await;
            let count = |word: &str| tale.iter().filter(|told| *told == word).count();
            assert_eq!(count("lifecycle:start"), 3, "{tale:?}");
            match generation {
                Generation::Older => assert_eq!(count("lifecycle:error"), 3, "{tale:?}"),
                Generation::Newer => {
                    assert_eq!(count("run_status:retrying"), 2, "{tale:?}");
                    assert_eq!(count("lifecycle:error"), 1, "{tale:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_begins_anew_when_it_is_retried() {
    for generation in BOTH {
        let options = GatewayOptions {
            retry_pause: Duration::from_millis(5),
            ..GatewayOptions::of(generation)
        };
        let gateway = Gateway::start(options).await.unwrap();
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "run-1", "error: drop").await;
        loop {
            let payload = client.named("chat").await;
            assert!("w0 w1 w2".starts_with(said(&payload)), "{payload}");
            if payload["state"] == "error" {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_stopped_run_is_aborted_before_the_answer_and_settled_after_it() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "run-1", "slow: 100").await;
        client.chat("delta").await;
        let stop = json!({"sessionKey": SESSION, "runId": "run-1"});
        let answer = client.call("chat.abort", stop.clone()).await.unwrap();
        assert_eq!(answer, json!({"ok": true, "aborted": true, "runIds": ["run-1"]}));
        let aborted = client.chat("aborted").await;
        assert_eq!(aborted["stopReason"], "rpc");
        assert!(said(&aborted).starts_with("w0"));
        let (cancelled, settled) = (client.named("agent").await, client.named("agent").await);
        assert_eq!(cancelled["data"]["status"], "cancelled");
        match generation {
            Generation::Older => {
                assert_eq!(
                    (&settled["seq"], &settled["data"]["aborted"]),
                    (&json!(1), &json!(true))
                );
            }
            Generation::Newer => {
                assert_eq!(settled["data"]["phase"], "model");
                let error = client.named("agent").await;
                assert_eq!(error["data"]["error"], "This operation was aborted");
            }
        }
        let again = client.call("chat.abort", stop).await.unwrap();
        assert_eq!(again["aborted"], false);
        let history = client.call("chat.history", json!({"sessionKey": SESSION})).await.unwrap();
        assert_eq!(history["messages"][1]["openclawAbort"]["aborted"], true);
    }
}

#[tokio::test]
async fn the_older_generation_wants_the_key_of_the_session_byte_for_byte() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say("ses_1", "run-1", "slow: 100").await;
        let other = json!({"sessionKey": SESSION, "runId": "run-1"});
        let answer = client.call("chat.abort", other).await;
        match generation {
            Generation::Older => {
                assert_eq!(answer.unwrap_err()["message"], "runId does not match sessionKey");
                let same = json!({"sessionKey": "ses_1", "runId": "run-1"});
                client.call("chat.abort", same).await.unwrap();
                assert_eq!(client.chat("aborted").await["sessionKey"], "ses_1");
            }
            Generation::Newer => {
                assert_eq!(answer.unwrap()["aborted"], true);
                assert_eq!(client.chat("aborted").await["sessionKey"], SESSION);
            }
        }
    }
}

#[tokio::test]
async fn stop_as_a_message_stops_the_session() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "run-1", "slow: 100").await;
        let answer = client.say(SESSION, "stop-1", "stop").await;
        assert_eq!(answer, json!({"ok": true, "aborted": true, "runIds": ["run-1"]}));
        assert_eq!(client.chat("aborted").await["stopReason"], "stop");
    }
}

#[tokio::test]
async fn only_the_device_that_started_a_run_may_stop_it() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "run-1", "slow: 100").await;
        let stop = json!({"sessionKey": SESSION, "runId": "run-1"});
        let mut other = Knock::at(&gateway).key([9; 32]).enter(&gateway).await;
        let refused = other.call("chat.abort", stop.clone()).await.unwrap_err();
        assert_eq!(refused["message"], "unauthorized");
        let mut again = Knock::at(&gateway).enter(&gateway).await;
        assert_eq!(again.call("chat.abort", stop).await.unwrap()["aborted"], true);
    }
}

#[tokio::test]
async fn stopping_a_waiting_run_withdraws_its_approval_on_the_newer_generation_only() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "run-1", "run: echo hi").await;
        let asked = client.named("exec.approval.requested").await;
        if generation == Generation::Older {
            client.chat("final").await;
        }
        let stop = json!({"sessionKey": SESSION, "runId": "run-1"});
        let answer = client.call("chat.abort", stop).await.unwrap();
        match generation {
            Generation::Older => {
                assert_eq!(answer["aborted"], false);
                let late = json!({"id": asked["id"], "decision": "allow-once"});
                client.call("exec.approval.resolve", late).await.unwrap();
                assert!(said(&client.chat("final").await).contains("Exec finished"));
            }
            Generation::Newer => {
                assert_eq!(answer["aborted"], true);
                let resolved = client.named("exec.approval.resolved").await;
                assert_eq!(resolved["resolvedBy"], "approval-scope-closed");
            }
        }
    }
}

#[tokio::test]
async fn the_continuation_of_an_approval_cannot_be_stopped_without_being_an_administrator() {
    let gateway = gateway(Generation::Older).await;
    let mut client = Knock::at(&gateway).enter(&gateway).await;
    client.say(SESSION, "run-1", "run: seq 1 1000").await;
    let id = client.named("exec.approval.requested").await["id"].clone();
    client.chat("final").await;
    let decision = json!({"id": id, "decision": "allow-once"});
    client.call("exec.approval.resolve", decision).await.unwrap();
    let follow_up = format!("exec-approval-followup:{}", id.as_str().unwrap());
    let started = loop {
        let payload = client.named("agent").await;
        if payload["runId"] == follow_up.as_str() {
            break payload;
        }
    };
    assert_eq!(started["data"]["phase"], "start");
    let stop = json!({"sessionKey": SESSION, "runId": follow_up});
    let answer: Result<Value, Value> = client.call("chat.abort", stop).await;
    assert_eq!(answer.unwrap_err()["message"], "unauthorized");
}
