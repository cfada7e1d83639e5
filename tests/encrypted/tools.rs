//! Tools and approvals.

use bridge::{Decider, Notice, Settled};
use flows::{Flow, SOON, end_text};
use openclaw::Decision;
use serde_json::json;
use simulator::gateway::{Gateway, Generation};

use crate::setup::{GENERATIONS, finish, start_encrypted, until};

const SESSION: &str = "ses_tools";
/// Where commands of the simulated gateway run.
const FOLDER: &str = "/home/owner/workspace";

#[tokio::test]
async fn a_command_that_the_phone_allows_runs_and_its_card_is_read_by_the_phone_alone() {
    for generation in GENERATIONS {
        let (gateway, flow) = start_encrypted(generation, SESSION).await;
        let said = flow.cloud.say(SESSION, "run: echo marmalade");
        let asked = flow.asked(SESSION).await;
        assert!(asked.is_encrypted, "{generation:?}");
        assert_eq!(asked.command.as_deref(), Some("echo marmalade"), "{generation:?}");
        assert!(asked.message.contains("If you deny"), "{generation:?}: {}", asked.message);
        assert_eq!(asked.interaction_id.as_deref(), Some(said.interaction_id.as_str()));
        flow.cloud.decide(&asked.approval_id, "approve");
        let bubble = flow.ended(SESSION, &said).await;
        assert!(end_text(&bubble).starts_with("Let me run that."), "{generation:?}");
        let cards = flow.tool_cards(SESSION);
        assert_eq!(cards.len(), 1, "{generation:?}: {cards:#?}");
        assert!(cards[0].is_encrypted, "{generation:?}");
        assert_eq!(cards[0].args.as_ref().unwrap()["command"], "echo marmalade", "{generation:?}");
        let finish_of_card = cards[0].finish.as_ref().unwrap();
        assert_eq!(finish_of_card.status, "completed", "{generation:?}");
        if generation == Generation::Newer {
            let result = finish_of_card.result.as_ref().unwrap();
            assert!(result.to_string().contains("marmalade"), "{generation:?}: {result}");
        }
        let hidden = ["marmalade", "Let me run", "If you deny", FOLDER, "Waiting for your"];
        finish(gateway, flow, &hidden).await;
    }
}

#[tokio::test]
async fn a_command_that_is_denied_does_not_run_and_its_error_is_told_to_the_phone_alone() {
    for generation in GENERATIONS {
        let (gateway, flow) = start_encrypted(generation, SESSION).await;
        let said = flow.cloud.say(SESSION, "run: echo marmalade");
        let asked = flow.asked(SESSION).await;
        flow.cloud.decide(&asked.approval_id, "deny");
        flow.ended(SESSION, &said).await;
        let card = flow.tool_cards(SESSION).remove(0);
        assert!(card.status_label.as_deref().is_some_and(|it| it.ends_with("Denied")), "{card:#?}");
        let end = card.finish.as_ref().unwrap();
        if generation == Generation::Newer {
            assert_eq!(end.status, "failed", "{card:#?}");
            assert!(end.error.as_deref().is_some_and(|why| why.contains("denied")), "{card:#?}");
        }
        finish(gateway, flow, &["marmalade", "denied", "Denied"]).await;
    }
}

#[tokio::test]
async fn a_decision_at_the_computer_reaches_gateway_and_phone() {
    for generation in GENERATIONS {
        let (gateway, mut flow) = start_encrypted(generation, SESSION).await;
        let said = flow.cloud.say(SESSION, "run: echo marmalade");
        let shown = until(&flow, |now| !now.approvals.is_empty()).await.approvals[0].clone();
        assert_eq!(shown.command.as_deref(), Some("echo marmalade"), "{generation:?}");
        let decision = Decision::AllowOnce;
        flow.installation.decide(shown.id.clone(), decision).await;
        let outcome = Settled::Applied { decision, by: Decider::Computer };
        let settled = Notice::ApprovalSettled { approval_id: shown.id.clone(), outcome };
        told(&mut flow, &settled).await;
        flow.ended(SESSION, &said).await;
        let card = flow.tool_cards(SESSION).remove(0);
        let label = card.status_label.as_deref();
        assert!(label.is_some_and(|it| it.ends_with("Allowed at the computer")), "{card:#?}");
        finish(gateway, flow, &["marmalade", "at the computer"]).await;
    }
}

async fn told(flow: &mut Flow, wanted: &Notice) {
    let waits = async { while flow.installation.next_notice().await.as_ref() != Some(wanted) {} };
    tokio::time::timeout(SOON, waits).await.expect("the screen is told");
}

#[tokio::test]
async fn an_approval_of_a_plugin_is_read_by_the_phone_alone() {
    let (gateway, flow) = start_encrypted(Generation::Newer, SESSION).await;
    // The agent's plugin asks while the agent answers.
    let said = flow.cloud.say(SESSION, "slow: 20");
    flow.streamed(SESSION, &said, "w1").await;
    let key = format!("agent:main:{SESSION}");
    let id = gateway.ask_plugin_approval(&key, "Order marmalade", "Five jars of gingerbread.");
    let asked = flow.asked(SESSION).await;
    assert_eq!(asked.approval_id, id);
    assert_eq!(asked.action, "plugin.invoke");
    assert!(asked.title.contains("marmalade"), "{asked:#?}");
    assert!(asked.message.contains("gingerbread"), "{asked:#?}");
    flow.cloud.decide(&id, "deny");
    let decided =
        |gateway: &Gateway| gateway.last_call_of("plugin.approval.resolve").map(|call| call.params);
    let told = gateway.wait_for(SOON, decided).await.expect("a decision");
    assert_eq!(told["decision"], "deny");
    flow.ended(SESSION, &said).await;
    finish(gateway, flow, &["marmalade", "gingerbread"]).await;
}

#[tokio::test]
async fn large_arguments_and_results_are_cut_with_a_mark_and_stay_encrypted() {
    let (gateway, flow) = start_encrypted(Generation::Newer, SESSION).await;
    let said = flow.cloud.say(SESSION, "manual");
    let begun = |gateway: &Gateway| gateway.runs().pop().map(|run| run.run_id);
    let run = gateway.wait_for(SOON, begun).await.expect("the message starts a run");
    // The second is as large as it may be as it is, and too large once it is encrypted.
    for kilobytes in [100, 80] {
        let jam = "marmalade-".repeat(kilobytes * 1024 / 10);
        let call = format!("call_{kilobytes}");
        let start = json!({"phase": "start", "name": "exec", "toolCallId": call,
            "args": {"command": jam}});
        let result = json!({"phase": "result", "name": "exec", "toolCallId": call,
            "isError": false, "result": {"content": [{"type": "text", "text": jam}]}});
        assert!(gateway.emit_agent_event(&run, "tool", start));
        assert!(gateway.emit_agent_event(&run, "tool", result));
    }
    gateway.finish_run(&run);
    flow.ended(SESSION, &said).await;
    let cards = flow.tool_cards(SESSION);
    assert_eq!(cards.len(), 2);
    for card in &cards {
        let end = card.finish.as_ref().unwrap();
        assert_eq!(end.status, "completed");
        for large in [card.args.as_ref().unwrap(), end.result.as_ref().unwrap()] {
            assert_eq!(large["cut_by_sophon"], true);
            let beginning = large["beginning"].as_str().unwrap();
            assert!(beginning.contains("marmalade-marmalade"), "{beginning}");
            assert!(large["bytes"].as_u64().is_some_and(|bytes| bytes > 80_000), "{large}");
        }
    }
    finish(gateway, flow, &["marmalade", "cut_by_sophon"]).await;
}

#[tokio::test]
async fn a_command_that_is_too_long_is_asked_about_with_its_beginning_and_a_mark() {
    let (gateway, flow) = start_encrypted(Generation::Newer, SESSION).await;
    let said = flow.cloud.say(SESSION, &format!("run: echo {}", "marmalade-".repeat(10 * 1024)));
    let asked = flow.asked(SESSION).await;
    let command = asked.command.unwrap();
    assert!(command.starts_with("echo marmalade-marmalade"), "{}", &command[..100]);
    assert!(command.ends_with("bytes cut by Sophon …]"), "{}", &command[command.len() - 100..]);
    assert!(asked.message.contains("If you deny"), "{}", asked.message);
    flow.cloud.decide(&asked.approval_id, "deny");
    flow.ended(SESSION, &said).await;
    finish(gateway, flow, &["marmalade", "cut by Sophon"]).await;
}
