use serde_json::{Value, json};

use super::client::{DEADLINE, Knock};
use super::{BOTH, gateway, said};
use crate::gateway::script::GREETING;
use crate::gateway::{Generation, RunOutcome};

const SESSION: &str = "agent:main:ses_1";

#[tokio::test]
async fn a_plain_answer_is_told_in_the_order_of_its_generation() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        let ack = client.say(SESSION, "run-1", "hello").await;
        assert_eq!(ack, json!({"runId": "run-1", "status": "started"}));
        let tale = client.tale("run-1", "final").await;
        match generation {
            Generation::Older => {
                assert_eq!(
                    tale,
                    ["lifecycle:start", "text", "lifecycle:end", "text", "chat:final"]
                );
            }
            Generation::Newer => assert_eq!(
                tale,
                [
                    "status:preparing_workspace",
                    "run_status",
                    "status:preparing_context",
                    "run_status",
                    "lifecycle:start",
                    "status:starting_model",
                    "run_status",
                    "lifecycle:model",
                    "text",
                    "usage",
                    "lifecycle:finishing",
                    "lifecycle:model",
                    "lifecycle:end",
                    "chat:final",
                ]
            ),
        }
        assert_eq!(gateway.runs()[0].outcome, RunOutcome::Final);
        assert!(gateway.violations().is_empty(), "{:?}", gateway.violations());
    }
}

#[tokio::test]
async fn the_last_delta_is_the_final_text_and_the_pieces_make_it_up() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "run-1", "long: 300").await;
        let (mut last, mut pieces) = (String::new(), String::new());
        let end = loop {
            let payload = client.named("chat").await;
            match payload["state"].as_str() {
                Some("delta") => {
                    last = said(&payload).to_owned();
                    pieces.push_str(payload["deltaText"].as_str().unwrap_or_default());
                }
                Some("final") => break payload,
                _ => {}
            }
        };
        assert!(last.ends_with("w298 w299"));
        assert_eq!(said(&end), last);
        let expected = if generation == Generation::Newer { last.as_str() } else { "" };
        assert_eq!(pieces, expected);
    }
}

#[tokio::test]
async fn the_older_generation_repeats_its_text_with_every_word() {
    for (generation, fewest) in [(Generation::Older, 100), (Generation::Newer, 1)] {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "run-1", "long: 100").await;
        let mut repeats = 0;
        loop {
            let event = client.event().await;
            repeats += usize::from(event["payload"]["stream"] == "assistant");
            if event["payload"]["state"] == "final" {
                break;
            }
        }
        assert!(repeats >= fewest, "{repeats}");
        assert!(generation == Generation::Older || repeats < 50, "{repeats}");
    }
}

#[tokio::test]
async fn a_message_into_a_busy_session_ends_empty_and_is_answered_elsewhere() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "first", "slow: 3").await;
        client.say(SESSION, "second", "say: also this").await;
        let empty = client.chat("final").await;
        assert_eq!((&empty["runId"], &empty["seq"]), (&json!("second"), &json!(1)));
        assert!(empty.get("message").is_none());
        let first = client.chat("final").await;
        assert_eq!(first["runId"], "first");
        match generation {
            Generation::Older => assert_eq!(said(&first), "w0 w1 w2also this"),
            Generation::Newer => {
                assert_eq!(said(&first), "w0 w1 w2");
                let third = client.chat("final").await;
                assert!(!["first", "second"].contains(&third["runId"].as_str().unwrap()));
                assert_eq!(said(&third), "also this");
                assert!(third.get("agentId").is_none());
            }
        }
    }
}

#[tokio::test]
async fn an_idempotency_key_is_remembered() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "key", "slow: 2").await;
        assert_eq!(client.say(SESSION, "key", "slow: 2").await["status"], "in_flight");
        client.chat("final").await;
        assert_eq!(client.say(SESSION, "key", "slow: 2").await["status"], "ok");
        let other = json!({"sessionKey": SESSION, "message": "else", "idempotencyKey": "key"});
        let other = client.call("chat.send", other).await;
        match generation {
            Generation::Older => assert_eq!(other.unwrap()["status"], "ok"),
            Generation::Newer => {
                assert_eq!(other.unwrap_err()["details"]["reason"], "chat-request-conflict");
            }
        }
        assert_eq!(gateway.runs().len(), 1);
    }
}

#[tokio::test]
async fn history_has_the_shape_of_its_generation() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        let ask = json!({"sessionKey": SESSION, "limit": 10});
        let unknown = client.call("chat.history", ask.clone()).await.unwrap();
        assert_eq!(unknown["messages"], json!([]));
        client.say(SESSION, "run-1", "slow: 3").await;
        client.chat("delta").await;
        let during = client.call("chat.history", ask.clone()).await.unwrap();
        client.chat("final").await;
        let after = client.call("chat.history", ask).await.unwrap();
        let rows = after["messages"].as_array().unwrap();
        assert_eq!(rows[1]["content"][0]["text"], "w0 w1 w2");
        assert!(rows[1]["usage"]["output"].as_u64().unwrap() > 0);
        match generation {
            Generation::Older => {
                assert_eq!(during["messages"], json!([]), "a running turn is not told");
                assert_eq!(rows[0]["content"], json!([{"type": "text", "text": "slow: 3"}]));
                assert_eq!(after["thinkingLevel"], "off");
            }
            Generation::Newer => {
                assert_eq!(during["inFlightRun"]["runId"], "run-1");
                assert_eq!(during["sessionInfo"]["hasActiveRun"], true);
                assert_eq!(rows[0]["content"], "slow: 3");
                assert_eq!(rows[0]["idempotencyKey"], "run-1:user");
                assert!(after.get("inFlightRun").is_none());
                assert_eq!(after["sessionInfo"]["hasActiveRun"], false);
            }
        }
    }
}

#[tokio::test]
async fn frames_of_every_session_reach_every_reader() {
    let gateway = gateway(Generation::Newer).await;
    let mut watcher = Knock::at(&gateway).enter(&gateway).await;
    let elsewhere = gateway.start_foreign_run("agent:main:other", "say: not for you");
    let seen = watcher.chat("final").await;
    assert_eq!(seen["runId"], elsewhere.as_str());
    assert_eq!(seen["sessionKey"], "agent:main:other");
}

#[tokio::test]
async fn a_manual_run_is_played_from_outside() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "run-1", "manual").await;
        let begun = |word: &str| {
            let word = word.to_owned();
            move |event: &Value| event["payload"]["data"]["phase"] == word.as_str()
        };
        let started = begun(if generation == Generation::Newer { "model" } else { "start" });
        while !started(&client.event().await) {}
        assert!(gateway.emit_delta("run-1", "one "));
        assert_eq!(said(&client.chat("delta").await), "one");
        assert!(gateway.emit_delta("run-1", "two"));
        assert!(gateway.finish_run("run-1"));
        assert_eq!(said(&client.chat("final").await), "one two");
        assert!(!gateway.emit_delta("run-1", "late"));
        assert!(!gateway.finish_run("run-1"));
        client.say(SESSION, "run-2", "say: on").await;
        assert_eq!(said(&client.chat("final").await), "on");
    }
}

#[tokio::test]
async fn a_silent_reply_is_silent_on_the_older_generation_and_asked_for_again_on_the_newer() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "run-1", "silent").await;
        let end = client.chat("final").await;
        match generation {
            Generation::Older => assert!(end.get("message").is_none()),
            Generation::Newer => assert_eq!(said(&end), GREETING),
        }
    }
}

#[tokio::test]
async fn slash_commands_end_with_a_text_and_no_run() {
    let gateway = gateway(Generation::Newer).await;
    let mut client = Knock::at(&gateway).enter(&gateway).await;
    client.say(SESSION, "key", "/compact").await;
    assert_eq!(client.chat("final").await["runId"], "key");
    assert_eq!(client.chat("final").await["runId"], "key", "twice, as recorded");
    assert!(gateway.runs().is_empty());
    let nothing = client.say(SESSION, "stop-key", "stop").await;
    assert_eq!(nothing, json!({"ok": true, "aborted": false, "runIds": []}));
}

#[tokio::test]
async fn attachments_are_checked_and_seen() {
    let gateway = gateway(Generation::Older).await;
    let mut client = Knock::at(&gateway).enter(&gateway).await;
    let send = |key: &str, content: &str| {
        let file = json!({"type": "image", "mimeType": "image/png", "fileName": "a.png",
            "content": content});
        json!({"sessionKey": SESSION, "message": "", "idempotencyKey": key, "attachments": [file]})
    };
    let bad = client.call("chat.send", send("a", "%%%")).await.unwrap_err();
    assert_eq!(bad["message"], "Error: attachment a.png: invalid base64 content");
    client.call("chat.send", send("b", "aGVsbG8=")).await.unwrap();
    assert_eq!(said(&client.chat("final").await), "I see an image");
    let nothing = json!({"sessionKey": SESSION, "message": " ", "idempotencyKey": "c"});
    let nothing = client.call("chat.send", nothing).await.unwrap_err();
    assert_eq!(nothing["message"], "message or attachment required");
}

#[tokio::test]
async fn what_breaks_the_rules_is_refused_and_noted() {
    let gateway = gateway(Generation::Older).await;
    let mut client = Knock::at(&gateway).enter(&gateway).await;
    let newer_field = json!({"sessionKey": SESSION, "message": "x", "idempotencyKey": "k",
        "agentId": "main"});
    let error = client.call("chat.send", newer_field).await.unwrap_err();
    assert_eq!(
        error["message"],
        "invalid chat.send params: at root: unexpected property 'agentId'"
    );
    let error = client.call("approval.get", json!({})).await.unwrap_err();
    assert_eq!(error["message"], "missing scope: operator.admin", "unknown methods hide so");
    client.say("SES_1", "key", "hello").await;
    client.send("[]").await;
    client.send("{").await;
    client.send_binary(&[0, 1]).await;
    let noted = gateway.wait_for(DEADLINE, |gateway| {
        let noted = gateway.violations();
        (noted.len() >= 5).then_some(noted)
    });
    let noted = noted.await.unwrap();
    for (note, part) in noted.iter().zip(["agentId", "canonical", "no request", "JSON", "binary"]) {
        assert!(note.contains(part), "{note}");
    }
}

#[tokio::test]
async fn an_unknown_agent_is_refused() {
    let gateway = gateway(Generation::Newer).await;
    let mut client = Knock::at(&gateway).enter(&gateway).await;
    let params = json!({"sessionKey": "agent:other:x", "message": "x", "idempotencyKey": "k"});
    let error = client.call("chat.send", params).await.unwrap_err();
    assert_eq!(error["message"], "Agent \"other\" no longer exists in configuration");
}

#[tokio::test]
async fn models_are_listed_and_chosen_for_a_session() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        let models = client.call("models.list", json!({})).await.unwrap();
        assert_eq!(models["models"][0]["provider"], "simulated");
        let patch = |model: Value| json!({"key": SESSION, "model": model});
        let patched = client.call("sessions.patch", patch(json!("simulated/thinker"))).await;
        match generation {
            Generation::Older => {
                assert_eq!(patched.unwrap_err()["message"], "missing scope: operator.admin");
            }
            Generation::Newer => {
                assert_eq!(patched.unwrap()["resolved"]["model"], "thinker");
                let unknown = client.call("sessions.patch", patch(json!("nope/none"))).await;
                assert!(unknown.unwrap_err()["message"].as_str().unwrap().starts_with("Unknown"));
                let cleared = client.call("sessions.patch", patch(Value::Null)).await.unwrap();
                assert_eq!(cleared["resolved"]["model"], "talker");
            }
        }
    }
}

#[tokio::test]
async fn thoughts_are_heard_on_the_newer_generation_only() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "run-1", "think: is it so").await;
        let tale = client.tale("run-1", "final").await;
        let heard = tale.iter().any(|word| word == "thinking");
        assert_eq!(heard, generation == Generation::Newer);
    }
}
