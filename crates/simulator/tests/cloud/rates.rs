use std::time::Duration;

use serde_json::json;
use simulator::cloud::{CloudOptions, Fault, Rate, RateTable};

use crate::wire::{paired, talking};

#[tokio::test]
async fn an_overdrawn_bucket_is_answered_429_with_the_wait_and_remembered() {
    let (cloud, bridge, _) = talking().await;
    let message = Rate::new(2.0, 0.5);
    cloud.fault(Fault::Rates(RateTable { message, ..RateTable::default() }));
    let body = json!({"session_id": "ses_1", "text": "x"});
    for key in ["1", "2"] {
        assert_eq!(bridge.call("sendMessage", key, body.clone()).await.status, 200);
    }
    let refused = bridge.call("sendMessage", "3", body).await;
    assert_eq!((refused.status, refused.code()), (429, "rate_limited"));
    let wait = refused.body["error"]["retry_after_ms"].as_u64().unwrap();
    assert!((1..=2000).contains(&wait), "{wait}");
    assert_eq!(refused.header("retry-after"), "2");
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    let reset_after: f64 = refused.header("x-ratelimit-reset-after").parse().unwrap();
    assert!(reset_after > 0.0 && reset_after <= 2.0, "{reset_after}");
    assert_eq!(cloud.violations(), ["sendMessage: the bucket msg is overdrawn"]);
    let task = json!({"session_id": "ses_1", "task_id": "t", "kind": "exec"});
    assert_eq!(bridge.call("createTask", "4", task).await.status, 200, "another bucket");
}

#[tokio::test]
async fn lifted_rates_are_never_met() {
    let options = CloudOptions { rates: RateTable::lifted(), ..CloudOptions::default() };
    let (cloud, bridge) = paired(options).await;
    cloud.say("ses_1", "hello");
    for key in 0..60 {
        let body = json!({"session_id": "ses_1", "text": "x"});
        assert_eq!(bridge.call("sendMessage", &key.to_string(), body).await.status, 200);
    }
}

#[tokio::test]
async fn every_answer_is_held_back_by_the_round_trip() {
    let round_trip = Duration::from_millis(60);
    let (cloud, bridge) = paired(CloudOptions { round_trip, ..CloudOptions::default() }).await;
    let before = std::time::Instant::now();
    bridge.call("createSession", "1", json!({})).await.result();
    assert!(before.elapsed() >= round_trip);
    cloud.fault(Fault::Delay(Duration::from_millis(60)));
    let before = std::time::Instant::now();
    bridge.call("createSession", "2", json!({})).await.result();
    assert!(before.elapsed() >= 2 * round_trip);
}
