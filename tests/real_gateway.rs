//! Whole conversations with real OpenClaw gateways of both generations.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use flows::{Flow, RealSide, end_text};
use gatewaylab::{ExecPolicy, GREETING, GatewayOptions, Version};
use simulator::cloud::{CloudOptions, Dialect};

const VERSIONS: [Version; 2] = [Version::V2026_5_6, Version::V2026_9_6];

async fn start(version: Version) -> (RealSide, Flow) {
    start_with(GatewayOptions::new(version)).await
}

async fn start_with(options: GatewayOptions) -> (RealSide, Flow) {
    let real = RealSide::start(options).await.unwrap();
    // The npm dialect takes an empty bubble; what the other one does is tried with the simulator.
    let options = CloudOptions { dialect: Dialect::Npm, ..CloudOptions::default() };
    let flow = Flow::start(real.tap.url(), real.gateway.token(), options).await;
    (real, flow)
}

async fn finish(real: RealSide, flow: Flow) {
    flow.finish().await;
    real.frames_are_valid().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_with_every_kind_of_answer() {
    for version in VERSIONS {
        let (real, flow) = start(version).await;
        chat_is_streamed_and_ended(&flow, version).await;
        a_tool_that_is_allowed_runs_and_shows_its_output(&flow, version).await;
        a_tool_that_is_denied_does_not_run(&flow, version).await;
        stopping_ends_the_bubble_and_the_next_message_is_answered(&flow, version).await;
        messages_of_one_session_are_answered_in_order(&flow, version).await;
        slash_commands_are_answered(&flow, version).await;
        an_encrypted_session_shows_the_same_to_the_phone_alone(&flow, version).await;
        // The last one: a gateway lets a provider rest whose key was refused.
        a_model_error_ends_the_bubble_with_a_remedy(&flow, version).await;
        finish(real, flow).await;
    }
}

async fn chat_is_streamed_and_ended(flow: &Flow, version: Version) {
    let bubble = flow.ask("ses_chat", "hello there").await;
    assert_eq!(end_text(&bubble), GREETING, "{version:?}");
    assert!(GREETING.starts_with(&bubble.streamed), "{version:?}: {}", bubble.streamed);
    assert!(!bubble.deltas.is_empty(), "{version:?}");
    let end = bubble.end.unwrap();
    assert_eq!(end.finish_reason.as_deref(), Some("stop"));
    let usage = end.usage.expect("the end carries the usage");
    assert!(usage["output_tokens"].as_u64().is_some_and(|n| n > 0), "{version:?}: {usage}");
    assert!(usage["model"].is_string(), "{version:?}: {usage}");
}

async fn a_tool_that_is_allowed_runs_and_shows_its_output(flow: &Flow, version: Version) {
    let session = "ses_allow";
    let said = flow.cloud.say(session, "run: echo ALLOWED-OUTPUT");
    let asked = flow.asked(session).await;
    assert_eq!(asked.command.as_deref(), Some("echo ALLOWED-OUTPUT"));
    assert_eq!(asked.action, "shell.exec");
    assert!(asked.message.contains("If you deny"), "{}", asked.message);
    assert_eq!(asked.interaction_id.as_deref(), Some(said.interaction_id.as_str()));
    flow.cloud.decide(&asked.approval_id, "approve");
    let bubble = flow.ended(session, &said).await;
    let text = end_text(&bubble);
    assert!(text.starts_with("Let me run that."), "{version:?}: {text}");
    assert!(text.contains("ALLOWED-OUTPUT"), "{version:?}: {text}");
    assert!(text.starts_with(&bubble.streamed), "{version:?}: {}", bubble.streamed);
    let cards = flow.tool_cards(session);
    assert_eq!(cards.len(), 1, "{version:?}: {cards:#?}");
    assert_eq!(cards[0].kind, "exec");
    assert_eq!(cards[0].args.as_ref().unwrap()["command"], "echo ALLOWED-OUTPUT");
    let finish = cards[0].finish.clone().expect("the card is finished");
    assert_eq!(finish.status, "completed", "{version:?}: {finish:?}");
    assert!(finish.result.unwrap().to_string().contains("ALLOWED-OUTPUT"), "{version:?}");
}

async fn an_encrypted_session_shows_the_same_to_the_phone_alone(flow: &Flow, version: Version) {
    let session = "ses_encrypted";
    flow.cloud.encrypt_session(session);
    let said = flow.cloud.say(session, "run: echo SEALED-OUTPUT");
    let asked = flow.asked(session).await;
    assert_eq!(asked.command.as_deref(), Some("echo SEALED-OUTPUT"), "{version:?}");
    assert!(asked.message.contains("If you deny"), "{version:?}: {}", asked.message);
    flow.cloud.decide(&asked.approval_id, "approve");
    let bubble = flow.ended(session, &said).await;
    assert!(end_text(&bubble).contains("SEALED-OUTPUT"), "{version:?}: {bubble:#?}");
    let cards = flow.tool_cards(session);
    assert_eq!(cards.len(), 1, "{version:?}: {cards:#?}");
    assert_eq!(cards[0].args.as_ref().unwrap()["command"], "echo SEALED-OUTPUT", "{version:?}");
    let finish = cards[0].finish.as_ref().unwrap();
    assert_eq!(finish.status, "completed", "{version:?}: {finish:?}");
    let result = finish.result.as_ref().unwrap().to_string();
    assert!(result.contains("SEALED-OUTPUT"), "{version:?}: {result}");
    assert!(bubble.is_encrypted && cards[0].is_encrypted && asked.is_encrypted, "{version:?}");
    let bubble = flow.ask(session, "say: SEALED-WORDS").await;
    assert_eq!(end_text(&bubble), "SEALED-WORDS", "{version:?}");
    for hidden in ["SEALED-WORDS", "SEALED-OUTPUT"] {
        assert!(!flow.cloud.received_contains(hidden.as_bytes()), "{version:?}: {hidden}");
    }
}

async fn a_tool_that_is_denied_does_not_run(flow: &Flow, version: Version) {
    let session = "ses_deny";
    let said = flow.cloud.say(session, "run: echo DENIED-OUTPUT");
    let asked = flow.asked(session).await;
    flow.cloud.decide(&asked.approval_id, "deny");
    let bubble = flow.ended(session, &said).await;
    assert!(bubble.end.is_some(), "{version:?}");
    let cards = flow.tool_cards(session);
    assert_eq!(cards.len(), 1, "{version:?}: {cards:#?}");
    assert_eq!(cards[0].finish.as_ref().unwrap().status, "failed", "{version:?}: {cards:#?}");
}

async fn a_model_error_ends_the_bubble_with_a_remedy(flow: &Flow, version: Version) {
    let bubble = flow.ask("ses_error", "error: 401").await;
    let text = end_text(&bubble);
    assert!(text.contains("Check the API key"), "{version:?}: {text}");
    assert_eq!(bubble.ends, 1);
}

async fn stopping_ends_the_bubble_and_the_next_message_is_answered(flow: &Flow, version: Version) {
    let session = "ses_stop";
    let said = flow.cloud.say(session, "slow: 200");
    flow.streamed(session, &said, "w2").await;
    flow.cloud.cancel(session, Some(&said.interaction_id));
    let bubble = flow.ended(session, &said).await;
    assert!(end_text(&bubble).starts_with("w0 w1 w2"), "{version:?}: {}", end_text(&bubble));
    assert!(!end_text(&bubble).contains("w199"), "{version:?}");
    let next = flow.ask(session, "say: still here").await;
    assert_eq!(end_text(&next), "still here", "{version:?}");
}

async fn messages_of_one_session_are_answered_in_order(flow: &Flow, version: Version) {
    let session = "ses_order";
    let first = flow.cloud.say(session, "slow: 10");
    let second = flow.cloud.say(session, "say: second");
    let third = flow.cloud.say(session, "say: third");
    let third = flow.ended(session, &third).await;
    let second = flow.ended(session, &second).await;
    let first = flow.ended(session, &first).await;
    assert_eq!(end_text(&first), "w0 w1 w2 w3 w4 w5 w6 w7 w8 w9", "{version:?}");
    assert_eq!((end_text(&second), end_text(&third)), ("second", "third"), "{version:?}");
    assert!(first.ended_at < second.ended_at && second.ended_at < third.ended_at);
}

async fn slash_commands_are_answered(flow: &Flow, version: Version) {
    let bubble = flow.ask("ses_slash", "/status").await;
    assert!(!end_text(&bubble).is_empty(), "{version:?}");
    let idle_stop = flow.ask("ses_slash", "stop").await;
    assert!(!end_text(&idle_stop).is_empty(), "{version:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tools_of_one_turn_are_two_cards_and_two_questions() {
    for version in VERSIONS {
        let (real, flow) = start(version).await;
        let session = "ses_two";
        let said = flow.cloud.say(session, "two: echo FIRST-ONE | echo SECOND-ONE");
        for _ in 0..2 {
            let asked = flow.asked(session).await;
            flow.cloud.decide(&asked.approval_id, "approve");
        }
        let bubble = flow.ended(session, &said).await;
        let cards = flow.tool_cards(session);
        assert_eq!(cards.len(), 2, "{version:?}: {cards:#?}");
        for card in &cards {
            let finish = card.finish.clone().expect("the card is finished");
            assert_eq!(finish.status, "completed", "{version:?}: {finish:?}");
        }
        assert_eq!(bubble.ends, 1, "{version:?}");
        assert_eq!(flow.cloud.bubbles(session).len(), 1, "{version:?}");
        finish(real, flow).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn always_allowed_commands_run_without_a_question_the_next_time() {
    for version in VERSIONS {
        let options = GatewayOptions { run_as_user: true, ..GatewayOptions::new(version) };
        let (real, flow) = start_with(options).await;
        let session = "ses_always";
        let said = flow.cloud.say(session, "run: uname -s");
        let asked = flow.asked(session).await;
        flow.cloud.decide(&asked.approval_id, "approve_always");
        flow.ended(session, &said).await;
        let again = flow.ask(session, "run: uname -s").await;
        assert!(end_text(&again).contains("Linux"), "{version:?}: {}", end_text(&again));
        assert_eq!(flow.cloud.approvals(session).len(), 1, "{version:?}");
        assert_eq!(flow.tool_cards(session).len(), 2, "{version:?}");
        finish(real, flow).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_while_a_question_is_pending_does_not_run_the_command() {
    for version in VERSIONS {
        let (real, flow) = start(version).await;
        let session = "ses_pending";
        let marker = real.gateway.home().join("ran");
        let said = flow.cloud.say(session, &format!("run: touch {}", marker.display()));
        let asked = flow.asked(session).await;
        flow.cloud.cancel(session, Some(&said.interaction_id));
        flow.ended(session, &said).await;
        flow.cloud.decide(&asked.approval_id, "approve");
        let next = flow.ask(session, "say: go on").await;
        assert!(!end_text(&next).is_empty(), "{version:?}");
        assert!(!marker.exists(), "{version:?}: the command ran although the turn was stopped");
        let cards = flow.tool_cards(session);
        assert_eq!(cards[0].finish.as_ref().unwrap().status, "cancelled", "{version:?}");
        finish(real, flow).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_gateway_connection_loses_nothing_of_a_running_answer() {
    for version in VERSIONS {
        let (real, flow) = start(version).await;
        let session = "ses_drop";
        let said = flow.cloud.say(session, "slow: 40");
        flow.streamed(session, &said, "w3").await;
        real.tap.drop_connections();
        let bubble = flow.ended(session, &said).await;
        let expected: Vec<String> = (0..40).map(|n| format!("w{n}")).collect();
        assert_eq!(end_text(&bubble), expected.join(" "), "{version:?}");
        assert!(end_text(&bubble).starts_with(&bubble.streamed), "{version:?}");
        finish(real, flow).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_pending_over_a_reconnect_is_still_decided() {
    for version in VERSIONS {
        let (real, flow) = start(version).await;
        let session = "ses_reconnect";
        let said = flow.cloud.say(session, "run: echo AFTER-RECONNECT");
        let asked = flow.asked(session).await;
        real.tap.drop_connections();
        flow.cloud.decide(&asked.approval_id, "approve");
        let bubble = flow.ended(session, &said).await;
        assert!(end_text(&bubble).contains("AFTER-RECONNECT"), "{version:?}");
        assert_eq!(flow.cloud.approvals(session).len(), 1, "{version:?}");
        finish(real, flow).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_gateway_that_comes_back_answers_each_message_once() {
    for version in VERSIONS {
        let (mut real, flow) = start(version).await;
        let session = "ses_kill";
        let said = flow.cloud.say(session, "slow: 30");
        flow.streamed(session, &said, "w3").await;
        real.gateway.kill().await;
        real.gateway.restart().await.unwrap();
        let bubble = flow.ended(session, &said).await;
        let expected: Vec<String> = (0..30).map(|n| format!("w{n}")).collect();
        assert_eq!(end_text(&bubble), expected.join(" "), "{version:?}: {bubble:#?}");
        let next = flow.ask(session, "say: alive").await;
        assert!(!end_text(&next).is_empty(), "{version:?}");
        let bubbles = flow.cloud.bubbles(session);
        assert_eq!(bubbles.len(), 2, "{version:?}: not answered exactly once: {bubbles:#?}");
        finish(real, flow).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_stream_side_by_side_without_mixing() {
    for version in VERSIONS {
        let (real, flow) = start(version).await;
        let said: Vec<_> = (0..4)
            .map(|n| {
                let session = format!("ses_side_{n}");
                let said = flow.cloud.say(&session, &format!("say: answer number {n}"));
                (session, said)
            })
            .collect();
        for (n, (session, said)) in said.iter().enumerate() {
            let bubble = flow.ended(session, said).await;
            assert_eq!(end_text(&bubble), format!("answer number {n}"), "{version:?}");
        }
        finish(real, flow).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_policy_that_runs_what_nobody_answers_a_question_is_still_asked() {
    let options = GatewayOptions {
        exec: ExecPolicy::FullAskAlways,
        ..GatewayOptions::new(Version::V2026_5_6)
    };
    let (real, flow) = start_with(options).await;
    let session = "ses_full";
    let said = flow.cloud.say(session, "run: echo FULL");
    let asked = flow.asked(session).await;
    flow.cloud.decide(&asked.approval_id, "approve_always");
    let bubble = flow.ended(session, &said).await;
    assert!(end_text(&bubble).contains("FULL"), "{}", end_text(&bubble));
    finish(real, flow).await;
}
