use dial::Dialer;
use http::{HeaderMap, Method};
use serde_json::{Value, json};
use simulator::cloud::{Cloud, CloudOptions, Dialect};

use crate::wire::{Answer, Bridge, send};

async fn cloud(dialect: Dialect) -> Cloud {
    Cloud::start(CloudOptions { dialect, ..CloudOptions::default() }).await.unwrap()
}

async fn post(cloud: &Cloud, path: &str, body: Value) -> Answer {
    let url = format!("{}{path}", cloud.base_url());
    let body = body.to_string().into_bytes();
    send(&Dialer::new("t"), Method::POST, &url, HeaderMap::new(), body).await.unwrap()
}

async fn start(cloud: &Cloud) -> Value {
    let body = json!({"connector_type": "openclaw", "connector_type_id": "openclaw",
                      "host_label": "Work Mac OpenClaw"});
    post(cloud, "/v1/pairing/start", body).await.result().clone()
}

async fn long_poll(cloud: &Cloud, code: &str, seconds: u32) -> Value {
    let url = format!("{}/v1/pairing/poll?code={code}&timeout={seconds}", cloud.base_url());
    let answer = send(&Dialer::new("t"), Method::GET, &url, HeaderMap::new(), Vec::new()).await;
    answer.unwrap().result().clone()
}

#[tokio::test]
async fn the_documented_dialect_hands_the_token_to_the_holder_of_the_poll_token() {
    let cloud = cloud(Dialect::Documented).await;
    let ticket = start(&cloud).await;
    assert!(ticket["expires_at"].as_u64().unwrap() < 100_000_000_000, "seconds, not milliseconds");
    assert_eq!(ticket.get("browser_url"), None);
    let poll = json!({"poll_token": ticket["poll_token"]});
    let pending = post(&cloud, "/v1/pairing/poll", poll.clone()).await;
    assert_eq!(pending.result()["status"], "pending");
    assert_eq!(cloud.pending_pairings()[0].host_label, "Work Mac OpenClaw");
    let installation_id = cloud.approve_pairing(ticket["code"].as_str().unwrap());
    let paired = post(&cloud, "/v1/pairing/poll", poll).await;
    assert_eq!(paired.result()["status"], "paired");
    assert_eq!(paired.result()["installation_id"], installation_id);
    let token = paired.result()["token"].as_str().unwrap().to_owned();
    let mut socket = Bridge::new(&cloud, token).connect().await;
    assert_eq!(socket.next().await, json!({"type": "ready", "installation_id": installation_id}));
}

#[tokio::test]
async fn the_npm_dialect_holds_the_poll_until_the_person_confirms() {
    let cloud = cloud(Dialect::Npm).await;
    let ticket = start(&cloud).await;
    let code = ticket["code"].as_str().unwrap();
    assert!(ticket["expires_at"].as_u64().unwrap() > 100_000_000_000, "milliseconds");
    let url = format!("{}/v1/pairing/redeem?code={code}", cloud.base_url());
    assert_eq!(ticket["browser_url"], url);
    assert_eq!(long_poll(&cloud, code, 0).await["status"], "pending");
    let (claimed, _) = tokio::join!(long_poll(&cloud, code, 25), async {
        tokio::task::yield_now().await;
        cloud.approve_pairing(code)
    });
    assert_eq!(claimed["status"], "claimed");
    assert!(claimed["bot_token"].as_str().unwrap().starts_with("inst_"));
    let socket = format!("{}/v1/bridge/ws", cloud.base_url().replacen("http", "ws", 1));
    assert_eq!(claimed["sophon_ws_url"], socket);
    assert_eq!(long_poll(&cloud, code, 0).await["status"], "expired", "once and never again");
}

#[tokio::test]
async fn a_denied_pairing_says_so_and_a_wrong_poll_token_finds_nothing() {
    let cloud = cloud(Dialect::Documented).await;
    let ticket = start(&cloud).await;
    cloud.deny_pairing(ticket["code"].as_str().unwrap());
    let denied =
        post(&cloud, "/v1/pairing/poll", json!({"poll_token": ticket["poll_token"]})).await;
    assert_eq!(denied.result()["status"], "denied");
    let unknown = post(&cloud, "/v1/pairing/poll", json!({"poll_token": "x"})).await;
    assert_eq!((unknown.status, unknown.code()), (404, "pairing_not_found"));
}

#[tokio::test]
async fn a_long_poll_ends_when_the_code_does() {
    let options = CloudOptions {
        dialect: Dialect::Npm,
        pairing_ttl: std::time::Duration::from_millis(100),
        ..CloudOptions::default()
    };
    let cloud = Cloud::start(options).await.unwrap();
    let ticket = start(&cloud).await;
    let answer = long_poll(&cloud, ticket["code"].as_str().unwrap(), 25).await;
    assert_eq!(answer["status"], "expired");
}

#[tokio::test]
async fn a_pairing_without_a_page_is_approved_at_once_where_that_is_asked_for() {
    let options = CloudOptions { auto_approve_pairing: true, ..CloudOptions::default() };
    let cloud = Cloud::start(options).await.unwrap();
    let ticket = start(&cloud).await;
    let poll = json!({"poll_token": ticket["poll_token"]});
    let answer = post(&cloud, "/v1/pairing/poll", poll).await;
    assert_eq!(answer.result()["status"], "paired");
}

#[tokio::test]
async fn a_start_that_is_not_whole_is_refused_field_by_field() {
    let cloud = cloud(Dialect::Documented).await;
    let answer = post(&cloud, "/v1/pairing/start", json!({"connector_type": "openclaw"})).await;
    assert_eq!((answer.status, answer.code()), (400, "validation_failed"));
    assert_eq!(answer.body["error"]["errors"][0]["path"], "host_label");
}
