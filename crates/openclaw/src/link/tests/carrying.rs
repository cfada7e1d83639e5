use super::*;
use crate::{Call, CallError, Event, RunEvent, RunEventKind, SessionKey};

fn history(limit: u32) -> Call {
    Call::ChatHistory { session_key: SessionKey::canonical("main", "s"), limit }
}

fn text(number: usize) -> Value {
    let message = json!({"content": [{"type": "text", "text": number.to_string()}]});
    event("chat", &json!({"runId": "r", "sessionKey": "s", "state": "delta", "message": message}))
}

fn alive() -> Value {
    event(
        "agent",
        &json!({"runId": "r", "sessionKey": "s", "stream": "assistant", "data": {"text": "…"}}),
    )
}

async fn next(events: &mut Events) -> Result<Event, Disconnected> {
    timeout(DEADLINE, events.next()).await.unwrap()
}

/// Greets with an interval so short that silence is noticed within a test.
fn impatient() -> Value {
    json!({"type": "hello-ok", "protocol": 4, "policy": {"tickIntervalMs": 100}})
}

#[tokio::test]
async fn answers_find_their_callers_in_any_order() {
    let (url, play) = gateway(async |mut stage: Stage| {
        stage.greet(&greeting()).await;
        let (first, second) = (stage.hear().await, stage.hear().await);
        assert_eq!((&first["params"]["limit"], &second["params"]["limit"]), (&json!(1), &json!(2)));
        stage.answer(&second, &json!("second")).await;
        stage.answer(&json!({"id": "999"}), &json!("nobody's")).await;
        stage.answer(&first, &json!("first")).await;
        stage.until_left().await;
    })
    .await;
    let (_, client, _events) = dial_up(&url).await.unwrap();
    let (first, second) = (client.begin(&history(1)).unwrap(), client.begin(&history(2)).unwrap());
    assert_eq!(first.wait(DEADLINE).await, Ok(json!("first")));
    assert_eq!(second.wait(DEADLINE).await, Ok(json!("second")));
    drop((client, _events));
    play.await.unwrap();
}

#[tokio::test]
async fn a_refusal_reaches_its_caller_in_the_gateways_words() {
    let (url, _play) = gateway(async |mut stage: Stage| {
        stage.greet(&greeting()).await;
        let request = stage.hear().await;
        let error = json!({"code": "INVALID_REQUEST", "message": "unknown or expired approval id",
            "details": {"reason": "APPROVAL_NOT_FOUND"}});
        stage.say(&json!({"type": "res", "id": request["id"], "ok": false, "error": error})).await;
        stage.until_left().await;
    })
    .await;
    let (_, client, _events) = dial_up(&url).await.unwrap();
    let error = client.call(&history(1), DEADLINE).await.unwrap_err();
    assert!(error.approval_not_found(), "{error:?}");
}

#[tokio::test]
async fn a_late_answer_is_a_timeout_and_harms_no_later_call() {
    let (url, _play) = gateway(async |mut stage: Stage| {
        stage.greet(&greeting()).await;
        let late = stage.hear().await;
        let other = stage.hear().await;
        stage.answer(&late, &json!("late")).await;
        stage.answer(&other, &json!("in time")).await;
        stage.until_left().await;
    })
    .await;
    let (_, client, _events) = dial_up(&url).await.unwrap();
    let late = client.call(&history(1), Duration::from_millis(20)).await;
    assert_eq!(late, Err(CallError::TimedOut));
    assert_eq!(client.call(&history(2), DEADLINE).await, Ok(json!("in time")));
}

#[tokio::test]
async fn the_end_of_the_connection_fails_every_call_made_before_and_after() {
    let (url, _play) = gateway(async |mut stage: Stage| {
        stage.greet(&greeting()).await;
        stage.hear().await;
        // Hangs up without goodbye.
    })
    .await;
    let (_, client, mut events) = dial_up(&url).await.unwrap();
    assert_eq!(client.call(&history(1), DEADLINE).await, Err(CallError::Disconnected));
    let vanished = Disconnected::Closed { code: None, reason: String::new() };
    let end = next(&mut events).await.unwrap_err();
    assert!(end == vanished || matches!(end, Disconnected::Network(_)), "{end:?}");
    assert_eq!(next(&mut events).await, Err(end));
    assert_eq!(client.call(&history(2), DEADLINE).await, Err(CallError::Disconnected));
}

#[tokio::test]
async fn a_call_larger_than_the_gateway_takes_is_refused_before_it_leaves() {
    let (url, _play) = gateway(async |mut stage: Stage| {
        let small = json!({"type": "hello-ok", "protocol": 4, "policy": {"maxPayload": 400}});
        stage.greet(&small).await;
        let request = stage.hear().await;
        stage.answer(&request, &json!("small")).await;
        stage.until_left().await;
    })
    .await;
    let (_, client, _events) = dial_up(&url).await.unwrap();
    let session_key = SessionKey::canonical("main", &"x".repeat(400));
    match client.begin(&Call::ChatHistory { session_key, limit: 1 }) {
        Err(CallError::Refused(refusal)) => assert_eq!(refusal.code, "PAYLOAD_TOO_LARGE"),
        other => panic!("{other:?}"),
    }
    assert_eq!(client.call(&history(1), DEADLINE).await, Ok(json!("small")));
}

#[tokio::test]
async fn events_come_in_order_and_strange_messages_between_them_lose_nothing() {
    let (url, _play) = gateway(async |mut stage: Stage| {
        stage.greet(&greeting()).await;
        stage.say(&text(1)).await;
        for strange in [
            Message::text("nonsense"),
            Message::text("{}"),
            Message::binary(vec![0xFF; 64]),
            Message::text(r#"{"type":"event","event":"chat","payload":{"state":7}}"#),
            Message::text(r#"{"type":"event","event":"novelty","payload":{"runId":"r"}}"#),
            Message::text(r#"{"type":"res","id":"77","ok":true}"#),
            Message::text("[".repeat(100_000)),
            Message::text(format!(
                r#"{{"type":"event","event":"chat","payload":{}1{}}}"#,
                "[".repeat(100_000),
                "]".repeat(100_000)
            )),
            Message::Ping(vec![1].into()),
        ] {
            stage.0.send(strange).await.unwrap();
        }
        stage.say(&event("tick", &json!({"ts": 1}))).await;
        stage.say(&text(2)).await;
        stage.close(1012, "service restart").await;
    })
    .await;
    let (_, _client, mut events) = dial_up(&url).await.unwrap();
    let mut said = Vec::new();
    let ended = loop {
        match next(&mut events).await {
            Ok(Event::Run(RunEvent { kind: RunEventKind::Text { text }, .. })) => said.push(text),
            Ok(Event::Tick) => said.push("tick".into()),
            Ok(other) => panic!("{other:?}"),
            Err(ended) => break ended,
        }
    };
    assert_eq!(said, ["1", "tick", "2"]);
    assert_eq!(ended, Disconnected::Restarting);
}

#[tokio::test]
async fn a_slow_listener_hears_the_newest_text_and_every_event_between_in_order() {
    const RUNS: usize = 50;
    let (all_said, listen) = tokio::sync::oneshot::channel();
    let (url, play) = gateway(async move |mut stage: Stage| {
        stage.greet(&greeting()).await;
        for number in 0..RUNS {
            for _ in 0..10 {
                stage.say(&alive()).await;
                stage.say(&text(number)).await;
            }
            stage.say(&event("tick", &json!({"ts": 1}))).await;
        }
        all_said.send(()).unwrap();
        stage.until_left().await;
    })
    .await;
    let (_, client, mut events) = dial_up(&url).await.unwrap();
    timeout(DEADLINE, listen).await.unwrap().unwrap();
    for expected in 0..RUNS {
        let mut newest = None;
        loop {
            match next(&mut events).await.unwrap() {
                Event::Run(RunEvent { kind: RunEventKind::Text { text }, .. }) => {
                    newest = Some(text);
                }
                Event::Run(RunEvent { kind: RunEventKind::Alive, .. }) => {}
                Event::Tick => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(newest, Some(expected.to_string()));
    }
    drop((client, events));
    play.await.unwrap();
}

#[tokio::test]
async fn a_listener_that_does_not_listen_lets_the_gateway_wait_and_calls_pass() {
    const WORDS: usize = 64;
    let long = "x".repeat(256 * 1024);
    let (told, mut tell) = mpsc::unbounded_channel();
    let (url, play) = gateway(async move |mut stage: Stage| {
        stage.greet(&greeting()).await;
        let request = stage.hear().await;
        stage.answer(&request, &json!("before the flood")).await;
        for number in 0..WORDS {
            let item = json!({"kind": "preamble", "itemId": number.to_string(),
                "progressText": long});
            let payload = json!({"runId": "r", "sessionKey": "s", "stream": "item", "data": item});
            stage.say(&event("agent", &payload)).await;
            told.send(number).unwrap();
        }
        stage.until_left().await;
    })
    .await;
    let (_, client, mut events) = dial_up(&url).await.unwrap();
    assert_eq!(client.call(&history(1), DEADLINE).await, Ok(json!("before the flood")));
    // The gateway gets as far as the queue and the buffers of the system let it.
    let mut said = 0;
    while timeout(Duration::from_millis(500), tell.recv()).await.is_ok_and(|said| said.is_some()) {
        said += 1;
    }
    assert!(said < WORDS, "16 MB went somewhere although nobody listens");
    for number in 0..WORDS {
        let Event::Run(RunEvent { kind: RunEventKind::Preamble { item_id, .. }, .. }) =
            next(&mut events).await.unwrap()
        else {
            panic!("no preamble")
        };
        assert_eq!(item_id, number.to_string());
    }
    drop((client, events));
    play.await.unwrap();
}

#[tokio::test]
async fn silence_that_no_ping_ends_is_the_end_of_the_connection() {
    let (url, _play) = gateway(async |stage: Stage| {
        let mut stage = stage;
        stage.greet(&impatient()).await;
        // What does not read answers no ping either.
        std::future::pending::<()>().await;
    })
    .await;
    let (_, client, mut events) = dial_up(&url).await.unwrap();
    let begun = Instant::now();
    assert_eq!(next(&mut events).await, Err(Disconnected::Silent));
    assert!(begun.elapsed() >= Duration::from_millis(100), "{:?}", begun.elapsed());
    assert_eq!(client.call(&history(1), DEADLINE).await, Err(CallError::Disconnected));
}

#[tokio::test]
async fn a_gateway_that_answers_pings_is_there_however_long_it_says_nothing() {
    let (url, play) = gateway(async |mut stage: Stage| {
        stage.greet(&impatient()).await;
        let pings = async {
            for _ in 0..5 {
                let message = stage.0.next().await.unwrap().unwrap();
                assert!(matches!(message, Message::Ping(_)), "{message:?}");
            }
        };
        timeout(DEADLINE, pings).await.unwrap();
        stage.say(&event("tick", &json!({"ts": 1}))).await;
        stage.until_left().await;
    })
    .await;
    let (_, client, mut events) = dial_up(&url).await.unwrap();
    let greeting = client.life().round_trip();
    assert_eq!(next(&mut events).await, Ok(Event::Tick));
    assert_ne!(client.life().round_trip(), greeting, "an answer to a ping is measured");
    drop((client, events));
    play.await.unwrap();
}

#[tokio::test]
async fn any_message_is_a_sign_of_life() {
    let (url, _play) = gateway(async |mut stage: Stage| {
        stage.greet(&impatient()).await;
        for _ in 0..8 {
            tokio::time::sleep(Duration::from_millis(60)).await;
            stage.0.send(Message::Ping(vec![].into())).await.unwrap();
        }
        stage.say(&event("tick", &json!({"ts": 1}))).await;
        stage.until_left().await;
    })
    .await;
    let (_, _client, mut events) = dial_up(&url).await.unwrap();
    assert_eq!(next(&mut events).await, Ok(Event::Tick));
}

#[tokio::test]
async fn signs_of_life_tell_when_anything_came_and_how_long_a_prompt_answer_took() {
    const ON_THE_WAY: Duration = Duration::from_millis(50);
    let (url, play) = gateway(async |mut stage: Stage| {
        stage.greet(&greeting()).await;
        let asked = stage.hear().await;
        tokio::time::sleep(ON_THE_WAY).await;
        stage.answer(&asked, &json!([])).await;
        let asked = stage.hear().await;
        tokio::time::sleep(4 * ON_THE_WAY).await;
        stage.answer(&asked, &json!([])).await;
        stage.until_left().await;
    })
    .await;
    let (_, client, events) = dial_up(&url).await.unwrap();
    let life = client.life();
    let (greeted_at, greeting) = (life.heard_at(), life.round_trip());
    assert!(greeting > Duration::ZERO);
    let list = Call::ListApprovals { kind: crate::ApprovalKind::Exec };
    client.call(&list, DEADLINE).await.unwrap();
    let prompt = life.round_trip();
    assert!(prompt >= ON_THE_WAY, "{prompt:?}");
    let answered_at = life.heard_at();
    assert!(answered_at > greeted_at);
    client.call(&history(1), DEADLINE).await.unwrap();
    assert_eq!(life.round_trip(), prompt, "reading takes its own time");
    assert!(life.heard_at() > answered_at);
    drop((client, events));
    play.await.unwrap();
}

#[tokio::test]
async fn a_removed_device_is_told_so() {
    let (url, _play) = gateway(async |mut stage: Stage| {
        stage.greet(&greeting()).await;
        stage.close(4001, "device removed").await;
    })
    .await;
    let (_, _client, mut events) = dial_up(&url).await.unwrap();
    assert_eq!(next(&mut events).await, Err(Disconnected::Removed));
}

#[tokio::test]
async fn an_endless_message_ends_the_connection_and_nothing_else() {
    use tokio::io::AsyncWriteExt as _;
    let (url, _play) = gateway(async |mut stage: Stage| {
        stage.greet(&greeting()).await;
        stage.say(&text(1)).await;
        let endless = [0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0];
        stage.0.get_mut().write_all(&endless).await.unwrap();
        stage.until_left().await;
    })
    .await;
    let (_, _client, mut events) = dial_up(&url).await.unwrap();
    assert!(matches!(next(&mut events).await, Ok(Event::Run(_))));
    assert!(matches!(next(&mut events).await, Err(Disconnected::Network(_))));
}

#[tokio::test]
async fn a_text_that_is_none_ends_the_connection_after_what_came_before_it() {
    use tokio::io::AsyncWriteExt as _;
    let (url, _play) = gateway(async |mut stage: Stage| {
        stage.greet(&greeting()).await;
        stage.say(&text(1)).await;
        let not_utf8 = [0x81, 2, 0xC3, 0x28];
        stage.0.get_mut().write_all(&not_utf8).await.unwrap();
        stage.until_left().await;
    })
    .await;
    let (_, _client, mut events) = dial_up(&url).await.unwrap();
    assert!(matches!(next(&mut events).await, Ok(Event::Run(_))));
    assert!(matches!(next(&mut events).await, Err(Disconnected::Network(_))));
}

#[tokio::test]
async fn the_connection_lives_while_either_client_or_events_are_held() {
    let (url, play) = gateway(async |mut stage: Stage| {
        stage.greet(&greeting()).await;
        let request = stage.hear().await;
        stage.say(&text(1)).await;
        stage.answer(&request, &json!("still here")).await;
        stage.until_left().await;
    })
    .await;
    let (_, client, events) = dial_up(&url).await.unwrap();
    drop(events);
    assert_eq!(client.call(&history(1), DEADLINE).await, Ok(json!("still here")));
    drop(client);
    play.await.unwrap();

    let (url, play) = gateway(async |mut stage: Stage| {
        stage.greet(&greeting()).await;
        stage.say(&text(1)).await;
        stage.until_left().await;
    })
    .await;
    let (_, client, mut events) = dial_up(&url).await.unwrap();
    drop(client.clone());
    drop(client);
    assert!(matches!(next(&mut events).await, Ok(Event::Run(_))));
    drop(events);
    play.await.unwrap();
}
