//! Frames that are too large, too deep, or nothing at all.

use flows::{Flow, SOON, end_text};
use serde_json::json;
use simulator::cloud::Fault;
use simulator::gateway::Generation;

use crate::rig::Rig;

const MEGABYTE: usize = 1_000_000;
/// Deeper than any stack.
const DEEP: usize = 200_000;

/// Brackets in brackets in brackets.
fn deep() -> String {
    format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP))
}

/// The bridge answers, over the connection that it had.
async fn unimpressed(flow: &Flow, session: &str) {
    assert_eq!(end_text(&flow.ask(session, "say: unimpressed").await), "unimpressed");
}

#[tokio::test]
async fn huge_and_deep_frames_of_the_gateway_do_not_end_the_connection() {
    let rig = Rig::of(Generation::Newer).await;
    let dialled = rig.to_gateway.connections();
    let huge = "x".repeat(30 * MEGABYTE);
    let chat = json!({"runId": "nobody", "sessionKey": "agent:main:nobody", "state": "delta",
        "message": {"content": [{"type": "text", "text": huge}]}});
    for frame in [
        huge.clone(),
        json!({"type": "event", "event": "health", "payload": huge}).to_string(),
        json!({"type": "event", "event": "chat", "payload": chat}).to_string(),
        deep(),
        format!(r#"{{"type":"event","event":"chat","payload":{}}}"#, deep()),
        format!(
            r#"{{"type":"event","event":"agent","payload":{{"runId":"r","data":{}}}}}"#,
            deep()
        ),
        format!(r#"{{"type":"res","id":"1","ok":true,"payload":{}}}"#, deep()),
    ] {
        rig.gateway.emit_raw(&frame);
        unimpressed(&rig.flow, "ses_huge").await;
    }
    assert_eq!(rig.to_gateway.connections(), dialled);
    rig.finish().await;
}

#[tokio::test]
async fn a_huge_text_of_a_session_of_ours_is_shown_as_far_as_it_fits() {
    let rig = Rig::of(Generation::Newer).await;
    let dialled = rig.to_gateway.connections();
    let said = rig.flow.cloud.say("ses_text", "manual");
    let run = rig.gateway.wait_for(SOON, |gateway| Some(gateway.runs().first()?.run_id.clone()));
    let run = run.await.expect("the message starts a run");
    assert!(rig.gateway.emit_delta(&run, &"é".repeat(MEGABYTE)));
    rig.gateway.finish_run(&run);
    let bubble = rig.flow.ended("ses_text", &said).await;
    assert!(end_text(&bubble).starts_with("ééé") && end_text(&bubble).contains("cut by Sophon"));
    assert_eq!(rig.to_gateway.connections(), dialled);
    rig.finish().await;
}

#[tokio::test]
async fn huge_and_deep_frames_of_the_cloud_do_not_end_the_connection() {
    let rig = Rig::of(Generation::Newer).await;
    let dialled = rig.upgrades();
    let huge = "x".repeat(2 * MEGABYTE);
    for frame in [
        huge.clone(),
        json!({"type": "party", "payload": huge}).to_string(),
        deep(),
        format!(r#"{{"type":"update","update":{{"update_id":1,"payload":{}}}}}"#, deep()),
    ] {
        rig.flow.cloud.fault(Fault::SendRaw(frame));
        unimpressed(&rig.flow, "ses_huge").await;
    }
    let said = rig.flow.cloud.say("ses_long", &format!("{huge}\nsay: read to its end"));
    rig.answered("ses_long", &said, "read to its end").await;
    assert_eq!(rig.upgrades(), dialled);
    rig.finish().await;
}

#[tokio::test]
async fn a_frame_beyond_every_limit_ends_the_connection_and_nothing_else() {
    let rig = Rig::of(Generation::Newer).await;
    let dialled = rig.upgrades();
    let said = rig.flow.cloud.say("ses_beyond", "slow: 15");
    rig.flow.streamed("ses_beyond", &said, "w2").await;
    rig.flow.cloud.fault(Fault::SendRaw("x".repeat(17 << 20)));
    rig.answered("ses_beyond", &said, &crate::rig::words(15)).await;
    rig.flow.connected().await;
    unimpressed(&rig.flow, "ses_after").await;
    assert_eq!(rig.upgrades(), dialled + 1);
    rig.finish().await;
}
