use std::time::Duration;

use serde_json::{Value, json};

use super::client::{Client, DEADLINE, Knock};
use super::{BOTH, gateway, said};
use crate::gateway::{Gateway, GatewayOptions, Generation, RunOutcome};

const SESSION: &str = "agent:main:ses_1";

async fn decide(client: &mut Client, id: &Value, decision: &str) -> Result<Value, Value> {
    client.call("exec.approval.resolve", json!({"id": id, "decision": decision})).await
}

#[tokio::test]
async fn the_newer_generation_waits_inside_the_run() {
    for (decision, ending, status) in
        [("allow-once", "Tool said: hi", "completed"), ("deny", "user-denied): echo hi", "failed")]
    {
        let gateway = gateway(Generation::Newer).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "run-1", "run: echo hi").await;
        let mut before = Vec::new();
        let asked = loop {
            let event = client.event().await;
            if event["event"] == "exec.approval.requested" {
                break event["payload"].clone();
            }
            before.push(event);
        };
        assert_eq!(asked["request"]["runId"], "run-1");
        assert_eq!(asked["request"]["command"], "echo hi");
        let preamble = before.iter().find(|e| e["payload"]["data"]["kind"] == "preamble").unwrap();
        assert_eq!(preamble["payload"]["data"]["progressText"], "Let me run that.");
        decide(&mut client, &asked["id"], decision).await.unwrap();
        let tale = client.tale("run-1", "final").await;
        let told = match decision {
            "deny" => vec!["tool:result", "tool:end", "command_output:end", "approval:resolved"],
            _ => vec![
                "tool:update",
                "tool:update",
                "command_output:delta",
                "tool:result",
                "tool:end",
                "command_output:end",
            ],
        };
        let mut expected = vec![
            "lifecycle:waiting-approval",
            "exec.approval.resolved",
            "lifecycle:approval-resolved",
        ];
        expected.extend(told);
        expected.extend(["lifecycle:model", "text", "usage", "lifecycle:finishing"]);
        expected.extend(["lifecycle:model", "lifecycle:end", "chat:final"]);
        assert_eq!(tale, expected, "{decision}");
        let history = client.call("chat.history", json!({"sessionKey": SESSION})).await.unwrap();
        let rows = history["messages"].as_array().unwrap();
        let roles: Vec<&str> = rows.iter().map(|row| row["role"].as_str().unwrap()).collect();
        assert_eq!(roles, ["user", "assistant", "assistant", "toolResult", "assistant"]);
        assert!(rows[4]["content"][0]["text"].as_str().unwrap().ends_with(ending));
        assert_eq!(rows[3]["isError"], status == "failed");
    }
}

#[tokio::test]
async fn the_older_generation_ends_the_run_and_goes_on_in_another() {
    for (decision, report) in [("allow-once", "code 0)\nhi"), ("deny", "user-denied): echo hi")] {
        let gateway = gateway(Generation::Older).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "run-1", "run: echo hi").await;
        let tale = client.tale("run-1", "final").await;
        assert_eq!(
            tale,
            [
                "lifecycle:start",
                "text",
                "tool:start",
                "tool:start",
                "command:start",
                "exec.approval.requested",
                "tool:result",
                "tool:end",
                "approval:requested",
                "command:end",
                "lifecycle:end",
                "chat:final",
            ]
        );
        let listed = client.call("exec.approval.list", json!({})).await.unwrap();
        let id = listed[0]["id"].clone();
        assert!(listed[0]["request"].get("runId").is_none());
        decide(&mut client, &id, decision).await.unwrap();
        assert_eq!(client.named("exec.approval.resolved").await["resolvedBy"], "Desk one");
        let end = client.chat("final").await;
        assert_eq!(end["runId"], format!("exec-approval-followup:{}", id.as_str().unwrap()));
        assert!(said(&end).ends_with(report), "{end}");
        let history = client.call("chat.history", json!({"sessionKey": SESSION})).await.unwrap();
        let injected = history["messages"][3]["content"][0]["text"].as_str().unwrap();
        assert!(injected.starts_with("An async command"), "{injected}");
        assert!(injected.contains(report), "{injected}");
    }
}

#[tokio::test]
async fn two_commands_are_asked_for_at_once_and_decided_in_any_order() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "run-1", "two: echo one | echo two").await;
        let first = client.named("exec.approval.requested").await;
        let second = client.named("exec.approval.requested").await;
        decide(&mut client, &second["id"], "allow-once").await.unwrap();
        decide(&mut client, &first["id"], "deny").await.unwrap();
        let mut ends = Vec::new();
        while ends.len() < if generation == Generation::Older { 3 } else { 1 } {
            ends.push(client.chat("final").await);
        }
        let told: String = ends.iter().map(said).collect();
        assert!(told.contains("user-denied): echo one") && told.contains("two"), "{told}");
    }
}

#[tokio::test]
async fn a_decision_stands_and_every_other_answer_says_why_not() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "run-1", "run: [ask=always] echo hi").await;
        let id = client.named("exec.approval.requested").await["id"].clone();
        let reason =
            |answer: Result<Value, Value>| answer.unwrap_err()["details"]["reason"].clone();
        let unknown = decide(&mut client, &json!("nope"), "deny").await;
        assert_eq!(reason(unknown), "APPROVAL_NOT_FOUND");
        let word = decide(&mut client, &id, "maybe").await.unwrap_err();
        assert_eq!(word["message"], "invalid decision");
        let always = decide(&mut client, &id, "allow-always").await;
        assert_eq!(reason(always), "APPROVAL_ALLOW_ALWAYS_UNAVAILABLE");
        let beginning = json!(&id.as_str().unwrap()[..8]);
        assert_eq!(decide(&mut client, &beginning, "allow-once").await, Ok(json!({"ok": true})));
        assert_eq!(decide(&mut client, &id, "allow-once").await, Ok(json!({"ok": true})));
        assert_eq!(reason(decide(&mut client, &id, "deny").await), "APPROVAL_ALREADY_RESOLVED");
        assert_eq!(client.call("exec.approval.list", json!({})).await.unwrap(), json!([]));
    }
}

#[tokio::test]
async fn what_is_always_allowed_is_not_asked_for_again() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "run-1", "run: echo hi").await;
        let asked = client.named("exec.approval.requested").await;
        decide(&mut client, &asked["id"], "allow-always").await.unwrap();
        let expected = if generation == Generation::Older { 2 } else { 1 };
        let idle = |gateway: &Gateway| {
            let runs = gateway.runs();
            let over = runs.iter().all(|run| run.outcome == RunOutcome::Final);
            (over && runs.len() == expected).then_some(())
        };
        gateway.wait_for(DEADLINE, idle).await.unwrap();
        client.say(SESSION, "run-2", "run: echo hi").await;
        let tale = client.tale("run-2", "final").await;
        assert!(tale.iter().all(|word| word != "exec.approval.requested"), "{tale:?}");
        assert!(tale.contains(&"command_output:end".to_owned()));
    }
}

#[tokio::test]
async fn an_unanswered_approval_expires_loudly_or_silently() {
    for (generation, runs) in
        [(Generation::Newer, false), (Generation::Older, false), (Generation::Older, true)]
    {
        let options = GatewayOptions {
            approval_ttl: Duration::from_millis(50),
            unanswered_runs: runs,
            ..GatewayOptions::of(generation)
        };
        let gateway = Gateway::start(options).await.unwrap();
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "run-1", "run: echo hi").await;
        let asked = client.named("exec.approval.requested").await;
        let id = asked["id"].clone();
        assert_eq!(asked["request"]["security"], if runs { "full" } else { "allowlist" });
        let mut resolved = None;
        let end = loop {
            let event = client.event().await;
            if event["event"] == "exec.approval.resolved" {
                resolved = Some(event["payload"].clone());
            }
            let text = said(&event["payload"]);
            if event["payload"]["state"] == "final" && text.starts_with("Tool said") {
                break text.to_owned();
            }
        };
        match (generation, runs) {
            (Generation::Newer, _) => {
                let resolved = resolved.unwrap();
                assert_eq!(
                    (&resolved["decision"], &resolved["resolvedBy"]),
                    (&json!("deny"), &Value::Null)
                );
                assert!(end.contains("approval-timeout"), "{end}");
            }
            (Generation::Older, runs) => {
                assert!(resolved.is_none(), "nobody is told");
                assert_eq!(end.contains("Exec finished"), runs, "{end}");
            }
        }
        let late = decide(&mut client, &id, "allow-once").await.unwrap_err();
        assert_eq!(late["details"]["reason"], "APPROVAL_NOT_FOUND");
    }
}

#[tokio::test]
async fn the_newer_generation_asks_nobody_who_cannot_answer() {
    let gateway = gateway(Generation::Newer).await;
    let mut knock = Knock::at(&gateway);
    knock.caps = vec!["tool-events"];
    let mut client = knock.enter(&gateway).await;
    client.say(SESSION, "run-1", "run: echo hi").await;
    assert!(said(&client.chat("final").await).contains("Headless runs cannot wait"));
    let mut other = Knock::at(&gateway).key([9; 32]).enter(&gateway).await;
    client.say(SESSION, "run-2", "run: echo hi").await;
    assert!(said(&other.chat("final").await).contains("Headless"), "another device may not decide");
}

#[tokio::test]
async fn the_newer_generation_refuses_some_commands_without_asking() {
    let gateway = gateway(Generation::Newer).await;
    let mut client = Knock::at(&gateway).enter(&gateway).await;
    client.say(SESSION, "run-1", "run: echo hi > file").await;
    let tale = client.tale("run-1", "final").await;
    assert!(tale.iter().all(|word| !word.starts_with("exec.approval")), "{tale:?}");
    assert!(tale.iter().all(|word| word != "approval:resolved"), "{tale:?}");
}

#[tokio::test]
async fn a_plugin_asks_and_another_surface_decides() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let mut client = Knock::at(&gateway).enter(&gateway).await;
        client.say(SESSION, "run-1", "manual").await;
        let id = gateway.ask_plugin_approval(SESSION, "May I?", "It wants to.");
        let asked = client.named("plugin.approval.requested").await;
        assert_eq!((&asked["id"], &asked["request"]["title"]), (&json!(id), &json!("May I?")));
        let listed = client.call("plugin.approval.list", json!({})).await.unwrap();
        assert_eq!(listed.as_array().unwrap().len(), 1);
        assert_eq!(gateway.pending_approvals()[0].id, id);
        assert!(gateway.decide_elsewhere(&id, "allow-once"));
        let resolved = client.named("plugin.approval.resolved").await;
        assert_eq!(resolved["resolvedBy"], "Another surface");
        assert!(gateway.pending_approvals().is_empty());
    }
}

#[tokio::test]
async fn tool_frames_go_only_to_the_connection_that_started_the_run() {
    let options = GatewayOptions { exec_needs_approval: false, ..GatewayOptions::default() };
    let gateway = Gateway::start(options).await.unwrap();
    let mut client = Knock::at(&gateway).enter(&gateway).await;
    let mut watcher = Knock::at(&gateway).enter(&gateway).await;
    client.say(SESSION, "run-1", "run: exit 3").await;
    let stream = |event: &Value| event["payload"]["stream"].as_str().map(str::to_owned);
    let mut seen = [Vec::new(), Vec::new()];
    for (client, seen) in [&mut client, &mut watcher].into_iter().zip(&mut seen) {
        loop {
            let event = client.event().await;
            if event["payload"]["state"] == "final" {
                break;
            }
            if event["payload"]["stream"] == "command_output" {
                assert_eq!(event["payload"]["data"]["exitCode"], 3);
            }
            seen.extend(stream(&event));
        }
    }
    assert!(seen[0].contains(&"tool".to_owned()));
    assert!(!seen[1].contains(&"tool".to_owned()));
    assert!(seen[1].contains(&"command_output".to_owned()));
}
