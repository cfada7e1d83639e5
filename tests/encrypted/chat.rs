//! Messages and their answers.

use flows::end_text;
use simulator::cloud::{Attachment, Message};
use simulator::gateway::{GatewayOptions, Generation};

use crate::setup::{GENERATIONS, finish, start, start_encrypted, words};

const SESSION: &str = "ses_chat";

#[tokio::test]
async fn an_answer_streams_to_the_phone_and_nobody_between_can_read_it() {
    for generation in GENERATIONS {
        let (gateway, flow) = start_encrypted(generation, SESSION).await;
        let bubble = flow.ask(SESSION, "long: 500").await;
        assert!(bubble.is_encrypted, "{generation:?}");
        assert_eq!(end_text(&bubble), words(500), "{generation:?}");
        assert!(words(500).starts_with(&bubble.streamed), "{generation:?}");
        assert!(!bubble.deltas.is_empty(), "{generation:?}");
        let end = bubble.end.unwrap();
        assert!(end.usage.is_some() && end.finish_reason.as_deref() == Some("stop"));
        let bubble = flow.ask(SESSION, "say: marmalade").await;
        assert_eq!((end_text(&bubble), bubble.ends), ("marmalade", 1), "{generation:?}");
        finish(gateway, flow, &["w498 w499", "marmalade"]).await;
    }
}

#[tokio::test]
async fn an_open_and_an_encrypted_session_go_on_side_by_side() {
    for generation in GENERATIONS {
        let (gateway, flow) = start_encrypted(generation, SESSION).await;
        let shut = flow.cloud.say(SESSION, "say: gingerbread and some more words");
        let open = flow.cloud.say("ses_open", "say: marmalade and some more words");
        let shut = flow.ended(SESSION, &shut).await;
        let open = flow.ended("ses_open", &open).await;
        assert_eq!(end_text(&shut), "gingerbread and some more words", "{generation:?}");
        assert_eq!(end_text(&open), "marmalade and some more words", "{generation:?}");
        assert!(shut.is_encrypted && !open.is_encrypted, "{generation:?}");
        assert!(flow.cloud.received_contains(b"marmalade"), "{generation:?}");
        finish(gateway, flow, &["gingerbread"]).await;
    }
}

#[tokio::test]
async fn messages_are_answered_in_order_and_their_queue_is_shown_encrypted() {
    let (gateway, flow) = start_encrypted(Generation::Newer, SESSION).await;
    let first = flow.cloud.say(SESSION, "slow: 6");
    let second = flow.cloud.say(SESSION, "say: second");
    let second = flow.ended(SESSION, &second).await;
    let first = flow.ended(SESSION, &first).await;
    assert_eq!((end_text(&first), end_text(&second)), (words(6).as_str(), "second"));
    assert!(first.ended_at < second.ended_at);
    let cards = flow.cloud.tasks(SESSION);
    assert!(cards.iter().any(|card| card.kind == "queue"), "{cards:#?}");
    assert!(cards.iter().all(|card| card.is_encrypted), "{cards:#?}");
    finish(gateway, flow, &["Queued"]).await;
}

#[tokio::test]
async fn an_answer_that_is_stopped_keeps_what_was_streamed() {
    for generation in GENERATIONS {
        let (gateway, flow) = start_encrypted(generation, SESSION).await;
        let said = flow.cloud.say(SESSION, "slow: 100");
        flow.streamed(SESSION, &said, "w2").await;
        flow.cloud.cancel(SESSION, Some(&said.interaction_id));
        let bubble = flow.ended(SESSION, &said).await;
        assert!(end_text(&bubble).starts_with("w0 w1 w2"), "{generation:?}: {bubble:#?}");
        assert!(end_text(&bubble).starts_with(&bubble.streamed), "{generation:?}: {bubble:#?}");
        assert!(!end_text(&bubble).contains("w99"), "{generation:?}");
        let next = flow.ask(SESSION, "say: still here").await;
        assert_eq!(end_text(&next), "still here", "{generation:?}");
        finish(gateway, flow, &["w0 w1 w2", "still here"]).await;
    }
}

#[tokio::test]
async fn what_went_wrong_at_the_model_is_told_to_the_phone_alone() {
    let (gateway, flow) = start_encrypted(Generation::Newer, SESSION).await;
    let bubble = flow.ask(SESSION, "error: 401").await;
    assert!(end_text(&bubble).contains("Check the API key"), "{bubble:#?}");
    finish(gateway, flow, &["Check the API key", "provider refused"]).await;
}

#[tokio::test]
async fn files_reach_the_model_with_and_without_words() {
    let (gateway, flow) = start_encrypted(Generation::Newer, SESSION).await;
    for text in ["look at it", ""] {
        let file = Attachment {
            name: "holiday.png".into(),
            mime: "image/png".into(),
            bytes: vec![137, 80, 78, 71],
        };
        let text = text.to_owned();
        let message = Message { text, attachments: vec![file], ..Message::default() };
        let said = flow.cloud.say_with(SESSION, message);
        let bubble = flow.ended(SESSION, &said).await;
        assert_eq!(end_text(&bubble), "I see an image");
        let sent = gateway.last_call_of("chat.send").unwrap().params;
        assert_eq!(sent["attachments"][0]["content"], "iVBORw==");
        assert_eq!(sent["attachments"][0]["fileName"], "holiday.png");
    }
    let sent = gateway.calls_of("chat.send");
    assert!(sent[0].params["message"].as_str().unwrap().ends_with("look at it"));
    finish(gateway, flow, &["look at it", "I see an image", "holiday.png"]).await;
}

#[tokio::test]
async fn a_text_that_is_too_long_once_it_is_encrypted_is_cut_with_a_mark() {
    let (gateway, flow) = start(GatewayOptions::default()).await;
    flow.cloud.encrypt_session(SESSION);
    let bubble = flow.ask(SESSION, "long: 12000").await;
    let text = end_text(&bubble);
    assert!(text.ends_with("bytes cut by Sophon …]"), "{}", &text[text.len() - 100..]);
    assert!(text.len() > 40 * 1024, "{}", text.len());
    assert!(text.starts_with(&bubble.streamed), "what was streamed is a beginning of the end");
    assert!(words(12_000).starts_with(text.rsplit_once("\n[…").unwrap().0));
    finish(gateway, flow, &["w10 w11", "cut by Sophon"]).await;
}
