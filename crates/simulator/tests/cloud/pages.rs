use dial::Dialer;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};
use simulator::cloud::{Cloud, CloudOptions};

use crate::wire::{Answer, SOON, send, talking};

async fn request(
    cloud: &Cloud,
    method: Method,
    path: &str,
    pairs: &[(&'static str, &str)],
    body: &str,
) -> Answer {
    let headers: HeaderMap = pairs
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect();
    let url = format!("{}{path}", cloud.base_url());
    send(&Dialer::new("t"), method, &url, headers, body.as_bytes().to_vec()).await.unwrap()
}

async fn get(cloud: &Cloud, path: &str, headers: &[(&'static str, &str)]) -> Answer {
    request(cloud, Method::GET, path, headers, "").await
}

/// Posts as the phone page does.
pub(crate) async fn act(cloud: &Cloud, path: &str, body: Value) -> Answer {
    let headers = [("content-type", "application/json"), ("x-anti-forgery", cloud.anti_forgery())];
    request(cloud, Method::POST, path, &headers, &body.to_string()).await
}

/// Submits the form of the pairing page.
async fn submit(cloud: &Cloud, form: &str, more: &[(&'static str, &str)]) -> Answer {
    let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
    headers.extend_from_slice(more);
    request(cloud, Method::POST, "/v1/pairing/redeem", &headers, form).await
}

async fn start_pairing(cloud: &Cloud) -> (String, String) {
    let body = json!({"connector_type": "openclaw", "host_label": "Ada's <Mac> & {{proof}}"});
    let headers = [("content-type", "application/json")];
    let answer =
        request(cloud, Method::POST, "/v1/pairing/start", &headers, &body.to_string()).await;
    let code = answer.result()["code"].as_str().unwrap().to_owned();
    (format!("/v1/pairing/redeem?code={code}"), code)
}

async fn cloud() -> Cloud {
    Cloud::start(CloudOptions::default()).await.unwrap()
}

#[tokio::test]
async fn a_person_signs_in_sees_who_asks_and_approves() {
    let cloud = cloud().await;
    let (path, code) = start_pairing(&cloud).await;
    let page = get(&cloud, &path, &[]).await;
    assert!(page.body.as_str().unwrap().contains("Continue as Ada"));
    let proof = cloud.anti_forgery();
    let signed_in = submit(&cloud, &format!("code={code}&proof={proof}&step=sign-in"), &[]).await;
    assert_eq!((signed_in.status, signed_in.header("location")), (303, path.as_str()));
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap().to_owned();
    let cookie = [("cookie", cookie.as_str())];
    let page = get(&cloud, &path, &cookie).await;
    let shown = page.body.as_str().unwrap();
    assert!(shown.contains("Ada&#39;s &lt;Mac&gt; &amp; {{proof}}"), "{shown}");
    let approved =
        submit(&cloud, &format!("code={code}&proof={proof}&step=approve"), &cookie).await;
    assert_eq!(approved.status, 303);
    assert_eq!(cloud.look(|view| view.installations().len()), 1);
    let page = get(&cloud, &path, &cookie).await;
    assert!(page.body.as_str().unwrap().contains("<title>Connected"));
}

#[tokio::test]
async fn a_decision_needs_the_proof_the_origin_and_a_sign_in() {
    let cloud = cloud().await;
    let (_, code) = start_pairing(&cloud).await;
    let proof = cloud.anti_forgery();
    let forged = submit(&cloud, &format!("code={code}&proof=x&step=approve"), &[]).await;
    assert_eq!(forged.status, 403);
    let sign_in = format!("code={code}&proof={proof}&step=sign-in");
    for origin in ["http://evil.example", "null"] {
        let cross_site = submit(&cloud, &sign_in, &[("origin", origin)]).await;
        assert_eq!((cross_site.status, cross_site.header("set-cookie")), (403, ""));
    }
    submit(&cloud, &format!("code={code}&proof={proof}&step=approve"), &[]).await;
    assert_eq!(cloud.look(|view| view.installations().len()), 0, "nobody signed in");
    assert_eq!(cloud.pending_pairings().len(), 1);
}

#[tokio::test]
async fn a_code_that_is_unknown_denied_or_too_old_has_a_page_that_says_so() {
    let cloud = cloud().await;
    let unknown = get(&cloud, "/v1/pairing/redeem?code=nope", &[]).await;
    assert_eq!(unknown.status, 404);
    assert!(unknown.body.as_str().unwrap().contains("<title>Unknown code"));
    let (path, code) = start_pairing(&cloud).await;
    cloud.deny_pairing(&code);
    assert!(get(&cloud, &path, &[]).await.body.as_str().unwrap().contains("<title>Not connected"));
    let options =
        CloudOptions { pairing_ttl: std::time::Duration::ZERO, ..CloudOptions::default() };
    let cloud = Cloud::start(options).await.unwrap();
    let (path, _) = start_pairing(&cloud).await;
    assert!(get(&cloud, &path, &[]).await.body.as_str().unwrap().contains("<title>Code expired"));
}

#[tokio::test]
async fn a_foreign_host_name_is_misdirected_on_every_route() {
    let cloud = cloud().await;
    for path in
        ["/phone", "/sim/state", "/sim/events", "/v1/pairing/redeem?code=x", "/v1/bridge/ws"]
    {
        let answer = get(&cloud, path, &[("host", "evil.example")]).await;
        assert_eq!((answer.status, answer.code()), (421, "misdirected_request"), "{path}");
    }
    assert_eq!(get(&cloud, "/phone", &[("host", "localhost:1")]).await.status, 200);
}

#[tokio::test]
async fn the_phone_acts_only_with_the_proof_of_its_page() {
    let (cloud, _, _) = talking().await;
    let body = json!({"text": "from the page"}).to_string();
    let (path, json) = ("/v1/me/sessions/ses_1/send", ("content-type", "application/json"));
    let proof = ("x-anti-forgery", cloud.anti_forgery());
    for headers in [
        &[json][..],
        &[json, ("x-anti-forgery", "x")],
        &[proof, ("content-type", "text/plain")],
        &[json, proof, ("origin", "http://evil.example")],
    ] {
        let answer = request(&cloud, Method::POST, path, headers, &body).await;
        assert_eq!((answer.status, answer.code()), (403, "forged_request"), "{headers:?}");
    }
    let own = cloud.base_url();
    let headers = [json, proof, ("origin", own.as_str())];
    let answer = request(&cloud, Method::POST, path, &headers, &body).await;
    assert!(answer.result()["interaction_id"].as_str().unwrap().starts_with("int_"));
}

#[tokio::test]
async fn the_phone_opens_talks_decides_and_stops() {
    let (cloud, bridge, _) = talking().await;
    let session = act(&cloud, "/v1/me/sessions", json!({})).await.result()["session_id"].clone();
    let session = session.as_str().unwrap();
    let mut socket = bridge.connect().await;
    socket.next_update("session.started").await;
    act(&cloud, &format!("/v1/me/sessions/{session}/cancel"), json!({})).await.result();
    socket.next_update("session.cancelled").await;
    let approval = json!({"session_id": "ses_1", "approval_id": "plugin:a/1", "action":
        "plugin.invoke", "title": "T", "severity": "high", "message": "M"});
    bridge.call("requestApproval", "1", approval).await.result();
    let decide = "/v1/me/approvals/plugin%3Aa%2F1";
    act(&cloud, decide, json!({"decision": "deny"})).await.result();
    assert_eq!(socket.next_update("approval.resolved").await["payload"]["decision"], "deny");
    let again = act(&cloud, decide, json!({"decision": "approve"})).await;
    assert_eq!((again.status, again.code()), (409, "already_decided"));
    let empty = act(&cloud, "/v1/me/sessions/ses_1/send", json!({"text": " "})).await;
    assert_eq!((empty.status, empty.code()), (400, "empty_message"));
    let malformed = act(&cloud, "/v1/me/sessions/ses_1/send", json!({"text": 7})).await;
    assert_eq!(malformed.code(), "invalid_request");
}

#[tokio::test]
async fn the_phone_claims_a_code_by_hand_and_revokes() {
    let cloud = cloud().await;
    let (_, code) = start_pairing(&cloud).await;
    let typed = json!({"code": format!(" {} ", code.to_lowercase())});
    let claimed = act(&cloud, "/v1/me/pairing/claim", typed.clone()).await;
    let id = claimed.result()["installation_id"].as_str().unwrap().to_owned();
    assert_eq!(act(&cloud, "/v1/me/pairing/claim", typed).await.code(), "pairing_over");
    act(&cloud, &format!("/v1/me/installations/{id}/revoke"), json!({})).await.result();
    assert_eq!(cloud.look(|view| view.installations().len()), 0);
}

#[tokio::test]
async fn a_program_outside_lets_things_go_wrong_and_reads_what_happened() {
    let (cloud, bridge, _) = talking().await;
    let fault = json!({"fault": "answer", "with": {"route": "*", "status": 500,
                       "code": "oops", "times": 1}});
    act(&cloud, "/sim/fault", fault).await.result();
    assert_eq!(bridge.call("createSession", "1", json!({})).await.status, 500);
    let state = get(&cloud, "/sim/state", &[]).await.body;
    assert_eq!(state["calls"][0]["status"], 500);
    assert_eq!(state["sessions"][0]["items"][0]["text"], "hello");
    let unknown = act(&cloud, "/sim/fault", json!({"fault": "meteor"})).await;
    assert_eq!(unknown.code(), "invalid_request");
}

#[tokio::test]
async fn the_phone_is_told_of_text_as_it_streams() {
    let (cloud, bridge, interaction) = talking().await;
    let url = url::Url::parse(&format!("{}/sim/events?session=ses_1", cloud.base_url())).unwrap();
    let mut events = Dialer::new("t").http(&url).unwrap().get(url).send().await.unwrap();
    let message_id = bridge.open_bubble("open", &interaction).await;
    let body = json!({"message_id": message_id, "delta": "streamed words"});
    bridge.call("sendMessageDelta", "d", body).await.result();
    let seen = async {
        let mut text = String::new();
        while !text.contains("streamed words") {
            let chunk = events.chunk().await.unwrap().expect("the stream goes on");
            text.push_str(&String::from_utf8_lossy(&chunk));
        }
        text
    };
    let text = tokio::time::timeout(SOON, seen).await.expect("the text in time");
    assert!(text.starts_with("event: phone\ndata: {"), "{text}");
    cloud.stop().await;
}

#[tokio::test]
async fn pages_run_only_their_own_script_and_are_never_framed() {
    let cloud = cloud().await;
    let (path, _) = start_pairing(&cloud).await;
    for page in ["/phone", &path] {
        let answer = get(&cloud, page, &[]).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("script-src 'self'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!answer.body.as_str().unwrap().contains("<script>"), "no inline script");
        assert!(!answer.body.as_str().unwrap().contains("style=\""), "no inline style");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    for asset in ["sophon.css", "phone.css", "phone.js", "sealed.js", "sophon.svg"] {
        assert_eq!(get(&cloud, &format!("/assets/{asset}"), &[]).await.status, 200, "{asset}");
    }
    assert_eq!(get(&cloud, "/assets/secrets", &[]).await.status, 404);
}
