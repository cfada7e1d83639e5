//! Whole flows against the simulated gateway of both generations, with everything that can go
//! wrong between the three.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flows::{Flow, MemoryKeys, SOON, end_text};
use secrecy::SecretString;
use simulator::cloud::{CloudOptions, Cut, Dialect, Fault, RateTable, RecordedCall};
use simulator::gateway::{Gateway, GatewayOptions, Generation};
use url::Url;

const GENERATIONS: [Generation; 2] = [Generation::Older, Generation::Newer];

async fn start_with(gateway: GatewayOptions, cloud: CloudOptions) -> (Gateway, Flow) {
    let gateway = Gateway::start(gateway).await.unwrap();
    let url = Url::parse(&gateway.url()).unwrap();
    let token = SecretString::from(gateway.token());
    let flow = Flow::start(&url, &token, cloud).await;
    (gateway, flow)
}

async fn start(generation: Generation) -> (Gateway, Flow) {
    start_with(GatewayOptions::of(generation), npm()).await
}

fn npm() -> CloudOptions {
    CloudOptions { dialect: Dialect::Npm, rates: RateTable::lifted(), ..CloudOptions::default() }
}

async fn finish(gateway: Gateway, flow: Flow) {
    flow.finish().await;
    let violations = gateway.violations();
    assert!(violations.is_empty(), "against the gateway's wire: {violations:#?}");
}

fn words(count: usize) -> String {
    (0..count).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn the_documented_dialect_is_spoken_after_its_first_refusal_of_an_empty_bubble() {
    let cloud = CloudOptions { dialect: Dialect::Documented, ..npm() };
    let (gateway, flow) = start_with(GatewayOptions::default(), cloud).await;
    for n in 0..3 {
        let bubble = flow.ask("ses_doc", &format!("say: number {n}")).await;
        assert_eq!(end_text(&bubble), format!("number {n}"));
        assert_eq!(bubble.opened_with, " ");
    }
    let refused = flow.cloud.calls().iter().filter(|call| call.status == 400).count();
    assert_eq!(refused, 1, "the dialect is learned once");
    flow.installation.stop().await;
    drop(gateway);
}

#[tokio::test]
async fn both_text_streams_of_the_gateway_arrive_once() {
    for generation in GENERATIONS {
        let (gateway, flow) = start(generation).await;
        let bubble = flow.ask("ses_long", "long: 500").await;
        assert_eq!(end_text(&bubble), words(500), "{generation:?}");
        assert!(words(500).starts_with(&bubble.streamed), "{generation:?}");
        finish(gateway, flow).await;
    }
}

#[tokio::test]
async fn a_tool_is_asked_about_allowed_and_shown_as_one_card() {
    for generation in GENERATIONS {
        let (gateway, flow) = start(generation).await;
        let said = flow.cloud.say("ses_tool", "run: echo HELLO");
        let asked = flow.asked("ses_tool").await;
        assert_eq!(asked.command.as_deref(), Some("echo HELLO"));
        flow.cloud.decide(&asked.approval_id, "approve");
        let bubble = flow.ended("ses_tool", &said).await;
        assert!(end_text(&bubble).starts_with("Let me run that."), "{generation:?}");
        let cards = flow.tool_cards("ses_tool");
        assert_eq!(cards.len(), 1, "{generation:?}: {cards:#?}");
        assert_eq!(cards[0].finish.as_ref().unwrap().status, "completed", "{generation:?}");
        finish(gateway, flow).await;
    }
}

#[tokio::test]
async fn another_surfaces_run_never_reaches_the_phone() {
    for generation in GENERATIONS {
        let (gateway, flow) = start(generation).await;
        flow.ask("ses_mine", "say: mine").await;
        gateway.start_foreign_run("agent:main:telegram:1", "say: somebody else's secret");
        let after = flow.ask("ses_mine", "slow: 3").await;
        assert_eq!(end_text(&after), words(3), "{generation:?}");
        let sent = format!("{:?}", flow.cloud.calls());
        assert!(!sent.contains("somebody else's secret"), "{generation:?}");
        finish(gateway, flow).await;
    }
}

#[tokio::test]
async fn a_message_into_a_session_that_is_busy_elsewhere_is_answered() {
    for generation in GENERATIONS {
        let (gateway, flow) = start(generation).await;
        flow.ask("ses_busy", "say: first").await;
        gateway.start_foreign_run("agent:main:ses_busy", "slow: 8");
        let bubble = flow.ask("ses_busy", "say: the second answer").await;
        assert!(!end_text(&bubble).is_empty(), "{generation:?}: answered with nothing");
        flow.installation.stop().await;
    }
}

#[tokio::test]
async fn a_cloud_connection_that_drops_loses_and_doubles_nothing() {
    for generation in GENERATIONS {
        let (gateway, flow) = start(generation).await;
        let said = flow.cloud.say("ses_drop", "slow: 12");
        flow.streamed("ses_drop", &said, "w2").await;
        flow.cloud.fault(Fault::DropSocket);
        let bubble = flow.ended("ses_drop", &said).await;
        assert_eq!(end_text(&bubble), words(12), "{generation:?}");
        let again = flow.ask("ses_drop", "say: still here").await;
        assert_eq!(end_text(&again), "still here", "{generation:?}");
        assert_eq!(flow.cloud.bubbles("ses_drop").len(), 2, "{generation:?}");
        finish(gateway, flow).await;
    }
}

#[tokio::test]
async fn updates_that_come_twice_are_answered_once() {
    let (gateway, flow) = start(Generation::Newer).await;
    flow.cloud.fault(Fault::DuplicateUpdates(3));
    for n in 0..3 {
        flow.ask("ses_twice", &format!("say: {n}")).await;
    }
    assert_eq!(flow.cloud.bubbles("ses_twice").len(), 3);
    assert_eq!(gateway.calls_of("chat.send").len(), 3);
    finish(gateway, flow).await;
}

#[tokio::test]
async fn refused_failed_and_cut_requests_are_repeated_until_they_arrive_once() {
    let (gateway, flow) = start(Generation::Newer).await;
    for fault in [
        answer("sendMessageEnd", 500, "internal"),
        answer("sendMessageEnd", 429, "rate_limited"),
        answer("sendMessage", 503, "unavailable"),
        answer("sendMessageDelta", 429, "rate_limited"),
        cut("sendMessageEnd", Cut::BeforeApplying),
        cut("sendMessageEnd", Cut::AfterApplying),
        cut("sendMessage", Cut::AfterApplying),
        cut("sendMessageDelta", Cut::AfterApplying),
    ] {
        flow.cloud.fault(fault.clone());
        let bubble = flow.ask("ses_faults", "long: 30").await;
        assert_eq!(end_text(&bubble), words(30), "{fault:?}");
        assert_eq!(bubble.ends, 1, "{fault:?}");
        assert!(words(30).starts_with(bubble.streamed.trim_start()), "{fault:?}: {bubble:#?}");
    }
    assert_eq!(flow.cloud.bubbles("ses_faults").len(), 8);
    finish(gateway, flow).await;
}

fn answer(route: &str, status: u16, code: &str) -> Fault {
    Fault::Answer {
        route: route.into(),
        status,
        code: code.into(),
        retry_after_ms: Some(50),
        times: 2,
    }
}

fn cut(route: &str, when: Cut) -> Fault {
    Fault::DropConnection { route: route.into(), times: 1, when }
}

#[tokio::test]
async fn narrow_rate_buckets_are_respected_instead_of_met() {
    let cloud = CloudOptions { rates: RateTable::default(), ..npm() };
    let (gateway, flow) = start_with(GatewayOptions::default(), cloud).await;
    let said: Vec<_> = (0..20)
        .map(|n| {
            let session = format!("ses_rate_{n}");
            let said = flow.cloud.say(&session, "long: 50");
            (session, said)
        })
        .collect();
    for (session, said) in &said {
        assert_eq!(end_text(&flow.ended(session, said).await), words(50));
    }
    let refused = flow.cloud.calls().iter().filter(|call| call.status == 429).count();
    assert_eq!(refused, 0);
    finish(gateway, flow).await;
}

#[tokio::test]
async fn a_revoked_installation_stops_at_once() {
    let (gateway, flow) = start(Generation::Newer).await;
    let said = flow.cloud.say("ses_revoked", "slow: 100");
    flow.streamed("ses_revoked", &said, "w1").await;
    flow.cloud.fault(Fault::Revoke);
    let mut snapshot = flow.installation.snapshot();
    let stopped = snapshot.wait_for(|now| matches!(now.gateway, bridge::Link::Stopped));
    tokio::time::timeout(Duration::from_secs(5), stopped).await.unwrap().unwrap();
    let aborted = !gateway.calls_of("chat.abort").is_empty();
    assert!(aborted, "the run of the revoked installation was stopped");
}

#[tokio::test]
async fn garbage_from_either_side_is_survived() {
    let (gateway, flow) = start(Generation::Newer).await;
    for text in ["", "{", "[]", "null", "{\"type\":7}", "{\"type\":\"party\"}", "\u{0}"] {
        flow.cloud.fault(Fault::SendRaw(text.into()));
        gateway.emit_raw(text);
    }
    flow.cloud
        .fault(Fault::SendRaw(r#"{"type":"update","update":{"type":"session.message"}}"#.into()));
    flow.cloud.fault(Fault::SendBinary(vec![0, 159, 146, 150]));
    gateway.emit_binary(&[0, 1, 2]);
    gateway.emit_raw(r#"{"type":"event","event":"chat","payload":"no object"}"#);
    gateway.emit_raw(r#"{"type":"event","event":"agent","payload":{"stream":"item","data":[]}}"#);
    let bubble = flow.ask("ses_garbage", "say: unimpressed").await;
    assert_eq!(end_text(&bubble), "unimpressed");
    finish(gateway, flow).await;
}

#[tokio::test]
async fn a_stop_is_honoured_within_five_seconds_even_by_a_gateway_that_does_not_answer() {
    let (gateway, flow) = start(Generation::Newer).await;
    let said = flow.cloud.say("ses_mute", "manual");
    let running = |gateway: &Gateway| (!gateway.runs().is_empty()).then_some(());
    gateway.wait_for(SOON, running).await.expect("the message starts a run");
    gateway.stop_answering();
    flow.cloud.cancel("ses_mute", Some(&said.interaction_id));
    let bubble = flow.ended("ses_mute", &said).await;
    assert_eq!(end_text(&bubble), "Stopped.");
    flow.installation.stop().await;
}

#[tokio::test]
async fn files_reach_the_model() {
    let (gateway, flow) = start(Generation::Newer).await;
    let message = simulator::cloud::Message {
        text: "look".into(),
        attachments: vec![simulator::cloud::Attachment {
            name: "dot.png".into(),
            mime: "image/png".into(),
            bytes: vec![137, 80, 78, 71],
        }],
        ..simulator::cloud::Message::default()
    };
    let said = flow.cloud.say_with("ses_file", message);
    flow.ended("ses_file", &said).await;
    let sent = gateway.calls_of("chat.send");
    assert_eq!(sent[0].params["attachments"][0]["content"], "iVBORw==");
    assert_eq!(sent[0].params["attachments"][0]["fileName"], "dot.png");
    finish(gateway, flow).await;
}

#[tokio::test]
async fn the_phone_may_ask_for_the_models() {
    let (gateway, flow) = start(Generation::Newer).await;
    let answer = flow.cloud.ask("models.list.req", serde_json::Map::new()).await.unwrap();
    assert!(answer["models"].is_array(), "{answer}");
    let refused = flow.cloud.ask("file.read.req", serde_json::Map::new()).await.unwrap();
    assert_eq!(refused["error"]["code"], "not_supported", "{refused}");
    finish(gateway, flow).await;
}

#[tokio::test]
async fn the_device_token_is_kept_and_used_again() {
    let (gateway, flow) = start(Generation::Newer).await;
    flow.ask("ses_token", "say: one").await;
    let names = flow.keys.names();
    assert!(names.iter().any(|name| name == "gateway/device-key"), "{names:?}");
    assert!(names.iter().any(|name| name.starts_with("gateway/device-token/")), "{names:?}");
    let flow = flow.restart().await;
    flow.ask("ses_token", "say: two").await;
    let connects = gateway.connects();
    let devices: Vec<_> = connects.iter().map(|connect| connect.device_id.clone()).collect();
    assert_eq!(devices.len(), 2);
    assert_eq!(devices[0], devices[1]);
    assert_ne!(connects[0].outcome, connects[1].outcome, "the second used its device token");
    finish(gateway, flow).await;
}

#[tokio::test]
async fn stopping_the_bridge_ends_open_bubbles_honestly() {
    let (gateway, flow) = start(Generation::Newer).await;
    let said = flow.cloud.say("ses_quit", "manual");
    let running = |gateway: &Gateway| (!gateway.runs().is_empty()).then_some(());
    gateway.wait_for(SOON, running).await.expect("the message starts a run");
    let Flow { cloud, installation, .. } = flow;
    installation.stop().await;
    let bubble = cloud.bubbles("ses_quit").remove(0);
    assert_eq!(bubble.interaction_id.as_deref(), Some(said.interaction_id.as_str()));
    assert!(end_text(&bubble).contains("was stopped on the computer"), "{bubble:#?}");
}

#[tokio::test]
async fn nothing_that_is_carried_can_be_read_in_the_journal_and_a_restart_goes_on_from_it() {
    for generation in GENERATIONS {
        let (gateway, flow) = start(generation).await;
        flow.cloud.fault(Fault::Answer {
            route: "sendMessageEnd".into(),
            status: 503,
            code: "unavailable".into(),
            retry_after_ms: None,
            times: u32::MAX,
        });
        let said = flow.cloud.say("ses_sealed", "say: marmalade");
        let refused = |call: &RecordedCall| call.body["text"] == "marmalade" && call.status == 503;
        flow.cloud
            .wait_for("an end that is not taken", SOON, |view| {
                view.calls().iter().any(refused).then_some(())
            })
            .await;
        // What was sent is written down before: it is there now.
        let files = all_bytes(flow.folder.path());
        assert!(holds(&files, "ses_sealed"), "{generation:?}: keys can be read");
        // The base64 of a word in the middle of a text, whatever stands before it.
        for readable in ["marmalade", "bWFybWFsYWRl", "cm1hbGFk", "YXJtYWxh"] {
            assert!(!holds(&files, readable), "{generation:?}: {readable}");
        }
        let flow = flow.restart().await;
        assert!(!holds(&all_bytes(flow.folder.path()), "marmalade"), "{generation:?}");
        flow.cloud.fault(Fault::Clear);
        let bubble = flow.ended("ses_sealed", &said).await;
        assert_eq!((end_text(&bubble), bubble.ends), ("marmalade", 1), "{generation:?}");
        assert_eq!(gateway.runs().len(), 1, "{generation:?}");
        finish(gateway, flow).await;
    }
}

#[tokio::test]
async fn with_other_keys_than_before_nothing_is_taken_up_again_and_new_messages_are_answered() {
    let (gateway, flow) = start(Generation::Newer).await;
    flow.ask("ses_other_keys", "say: before").await;
    let keys = Arc::new(MemoryKeys::default());
    let flow = Flow { keys, ..flow }.restart().await;
    let bubble = flow.ask("ses_other_keys", "say: after").await;
    assert_eq!((end_text(&bubble), bubble.ends), ("after", 1));
    let flow = flow.restart().await;
    assert_eq!(end_text(&flow.ask("ses_other_keys", "say: again").await), "again");
    assert_eq!(gateway.runs().len(), 3);
    finish(gateway, flow).await;
}

/// What every file of a folder holds.
fn all_bytes(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut names = Vec::new();
    let bytes = files.flat_map(|file| {
        names.push(file.to_str().unwrap().to_owned());
        std::fs::read(file).unwrap()
    });
    let bytes = bytes.collect();
    assert!(names.iter().any(|name| name.ends_with("-wal")), "{names:?}");
    bytes
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
