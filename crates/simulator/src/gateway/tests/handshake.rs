use futures_util::SinkExt as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::client::{Knock, closing, open, receive};
use super::{BOTH, gateway};
use crate::gateway::{
    ConnectRefusal, Credential, Gateway, GatewayOptions, Generation, PairingReason,
};

type Change = fn(&mut Value);

const WITH_PAIRING: [&str; 4] =
    ["operator.read", "operator.write", "operator.approvals", "operator.pairing"];

#[tokio::test]
async fn a_device_with_the_shared_token_is_paired_and_greeted() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let client = Knock::at(&gateway).enter(&gateway).await;
        let hello = client.hello;
        assert_eq!(hello["type"], "hello-ok");
        assert_eq!(hello["protocol"], generation.protocol());
        assert_eq!(hello["server"]["version"], generation.version());
        assert_eq!(hello["snapshot"]["sessionDefaults"]["defaultAgentId"], "main");
        assert!(hello["auth"]["deviceToken"].is_string());
        let methods = hello["features"]["methods"].as_array().unwrap();
        assert!(methods.contains(&json!("chat.send")));
        let newer = generation == Generation::Newer;
        assert_eq!(methods.contains(&json!("device.pair.rename")), newer);
        assert_eq!(hello["server"]["bootId"].is_string(), newer);
        let connects = gateway.connects();
        assert_eq!(connects[0].outcome, Some(Ok(Credential::Shared)));
        assert!(gateway.violations().is_empty(), "{:?}", gateway.violations());
    }
}

#[tokio::test]
async fn the_device_token_lets_the_same_device_in_again_and_nobody_else() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let first = Knock::at(&gateway).enter(&gateway).await;
        let token = first.hello["auth"]["deviceToken"].clone();
        let knock = Knock::at(&gateway).auth(json!({"deviceToken": token}));
        let again = knock.clone().enter(&gateway).await;
        assert_eq!(again.hello["auth"]["deviceToken"], token);
        assert_eq!(gateway.connects()[1].outcome, Some(Ok(Credential::Device)));
        let foreign = knock.key([9; 32]).try_enter(&gateway).await.err().unwrap();
        assert_eq!(foreign.error["details"]["code"], "AUTH_DEVICE_TOKEN_MISMATCH");
        assert_eq!(foreign.code, 1008);
    }
}

#[tokio::test]
async fn every_missing_or_wrong_credential_has_its_own_answer() {
    let cases: [(bool, Value, &str, &str); 5] = [
        (true, json!({"token": "wrong"}), "AUTH_TOKEN_MISMATCH", "retry_with_device_token"),
        (false, json!({"token": "wrong"}), "AUTH_TOKEN_MISMATCH", "update_auth_credentials"),
        (true, json!({}), "AUTH_TOKEN_MISSING", "update_auth_configuration"),
        (
            true,
            json!({"bootstrapToken": "x"}),
            "AUTH_BOOTSTRAP_TOKEN_INVALID",
            "review_auth_configuration",
        ),
        (
            true,
            json!({"deviceToken": "x"}),
            "AUTH_DEVICE_TOKEN_MISMATCH",
            "update_auth_credentials",
        ),
    ];
    for generation in BOTH {
        let gateway = gateway(generation).await;
        for (with_device, auth, code, step) in &cases {
            let mut knock = Knock::at(&gateway).auth(auth.clone());
            knock.key = knock.key.filter(|_| *with_device);
            let refusal = knock.try_enter(&gateway).await.err().unwrap();
            let details = &refusal.error["details"];
            assert_eq!(details["code"], *code, "{auth}");
            assert_eq!(details["recommendedNextStep"], *step, "{auth}");
            assert_eq!(refusal.code, 1008);
        }
        let mut nobody = Knock::at(&gateway).auth(json!({}));
        nobody.key = None;
        let refusal = nobody.try_enter(&gateway).await.err().unwrap();
        assert_eq!(refusal.error["details"]["code"], "DEVICE_IDENTITY_REQUIRED");
        assert_eq!(refusal.error["code"], "NOT_PAIRED");
    }
}

#[tokio::test]
async fn a_flawed_proof_is_refused_and_noted() {
    let gateway = gateway(Generation::Newer).await;
    let flaws: [(Change, &str); 3] = [
        (|p| p["device"]["signature"] = "AAAA".into(), "DEVICE_AUTH_SIGNATURE_INVALID"),
        (|p| p["device"]["nonce"] = "stale".into(), "DEVICE_AUTH_NONCE_MISMATCH"),
        (|p| p["device"]["signedAt"] = 5.into(), "DEVICE_AUTH_SIGNATURE_EXPIRED"),
    ];
    for (flaw, code) in flaws {
        let refusal = Knock::at(&gateway).change(flaw).try_enter(&gateway).await.err().unwrap();
        assert_eq!(refusal.error["details"]["code"], code);
        assert!(gateway.violations().last().unwrap().contains(code));
    }
}

#[tokio::test]
async fn a_protocol_range_without_the_gateways_is_refused_in_its_generations_words() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let future: Change = |p| {
            p["minProtocol"] = 5.into();
            p["maxProtocol"] = 9.into();
        };
        let refusal = Knock::at(&gateway).change(future).try_enter(&gateway).await.err().unwrap();
        assert_eq!((refusal.code, refusal.reason.as_str()), (1002, "protocol mismatch"));
        assert_eq!(refusal.error["details"]["expectedProtocol"], generation.protocol());
        let has_code = refusal.error["details"]["code"].is_string();
        assert_eq!(has_code, generation == Generation::Newer);
    }
}

#[tokio::test]
async fn a_client_id_of_the_newer_generation_is_fatal_on_the_older_one() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let linux: Change = |p| p["client"]["id"] = "openclaw-linux".into();
        let entered = Knock::at(&gateway).change(linux).try_enter(&gateway).await;
        assert_eq!(entered.is_ok(), generation == Generation::Newer);
        if let Err(refusal) = entered {
            assert_eq!(
                refusal.reason,
                "invalid connect params: at /client/id: must be equal to one of the allowed values"
            );
        }
    }
}

#[tokio::test]
async fn without_a_device_the_scopes_are_silently_emptied() {
    let gateway = gateway(Generation::Newer).await;
    let mut knock = Knock::at(&gateway);
    knock.key = None;
    let mut client = knock.clone().enter(&gateway).await;
    assert_eq!(client.hello["auth"]["scopes"], json!([]));
    let error = client.call("chat.history", json!({"sessionKey": "agent:main:x"})).await;
    assert_eq!(error.unwrap_err()["details"]["missingScope"], "operator.read");
    let backend: Change = |p| p["client"]["mode"] = "backend".into();
    let client = knock.change(backend).enter(&gateway).await;
    assert_eq!(client.hello["auth"]["scopes"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn more_scopes_are_given_at_once_by_the_newer_generation_and_asked_for_by_the_older() {
    for generation in BOTH {
        let gateway = gateway(generation).await;
        let first = Knock::at(&gateway).enter(&gateway).await;
        let token = first.hello["auth"]["deviceToken"].clone();
        let with_token = Knock::at(&gateway)
            .scopes(&WITH_PAIRING)
            .auth(json!({"deviceToken": token}))
            .try_enter(&gateway)
            .await
            .err()
            .unwrap();
        let more = Knock::at(&gateway).scopes(&WITH_PAIRING).try_enter(&gateway).await;
        match generation {
            Generation::Older => {
                assert_eq!(with_token.error["details"]["code"], "AUTH_DEVICE_TOKEN_MISMATCH");
                let asked = more.err().unwrap().error;
                assert_eq!(asked["details"]["reason"], "scope-upgrade");
                assert_eq!(asked["details"]["approvedScopes"].as_array().unwrap().len(), 3);
                let request = asked["details"]["requestId"].as_str().unwrap();
                assert!(gateway.decide_request_elsewhere(request, true));
                let client = Knock::at(&gateway).scopes(&WITH_PAIRING).enter(&gateway).await;
                assert_ne!(client.hello["auth"]["deviceToken"], token, "an approval rotates it");
            }
            Generation::Newer => {
                assert_eq!(with_token.error["details"]["code"], "AUTH_SCOPE_MISMATCH");
                assert_ne!(more.unwrap().hello["auth"]["deviceToken"], token);
            }
        }
    }
}

#[tokio::test]
async fn a_changed_platform_must_be_approved() {
    let gateway = gateway(Generation::Newer).await;
    Knock::at(&gateway).enter(&gateway).await;
    let moved: Change = |p| p["client"]["platform"] = "macos".into();
    let refusal = Knock::at(&gateway).change(moved).try_enter(&gateway).await.err().unwrap();
    assert_eq!(refusal.error["details"]["reason"], "metadata-upgrade");
}

#[tokio::test]
async fn an_origin_is_noted_and_stops_silent_pairing() {
    let gateway = gateway(Generation::Newer).await;
    let mut knock = Knock::at(&gateway);
    knock.header = Some(("origin", "tauri://localhost"));
    let refusal = knock.try_enter(&gateway).await.err().unwrap();
    assert_eq!(refusal.error["details"]["reason"], "not-paired");
    assert!(gateway.violations()[0].contains("Origin"));
}

#[tokio::test]
async fn a_proxied_upgrade_is_forbidden_by_the_newer_generation() {
    let gateway = gateway(Generation::Newer).await;
    let refused = open(&gateway, Some(("x-forwarded-for", "203.0.113.9"))).await.err().unwrap();
    assert!(matches!(refused, Error::Http(response) if response.status() == 403));
}

#[tokio::test]
async fn what_is_no_handshake_is_closed_as_recorded() {
    let gateway = gateway(Generation::Older).await;
    let cases = [
        ("{\"type\":\"req\",\"id\":\"1\",\"method\":\"health\"}".to_owned(), 1008),
        ("{\"hello\":1}".to_owned(), 1008),
        ("not JSON".to_owned(), 1000),
        (format!("{{\"x\":\"{}\"}}", "y".repeat(70_000)), 1009),
    ];
    for (text, code) in cases {
        let mut socket = open(&gateway, None).await.unwrap();
        receive(&mut socket).await.unwrap();
        socket.send(Message::text(text)).await.unwrap();
        assert_eq!(closing(&mut socket).await.0, code);
    }
}

#[tokio::test]
async fn planned_refusals_are_answered_in_order_and_then_over() {
    let gateway = gateway(Generation::Newer).await;
    gateway.refuse_next_connect(ConnectRefusal::Starting);
    gateway.refuse_next_connect(ConnectRefusal::PairingRequired(PairingReason::NotPaired));
    let starting = Knock::at(&gateway).try_enter(&gateway).await.err().unwrap();
    assert_eq!((starting.code, starting.reason.as_str()), (1013, "gateway starting"));
    assert_eq!(starting.error["retryAfterMs"], 500);
    let pairing = Knock::at(&gateway).try_enter(&gateway).await.err().unwrap();
    assert!(pairing.error["details"]["requestId"].is_string());
    assert!(Knock::at(&gateway).try_enter(&gateway).await.is_ok());
}

#[tokio::test]
async fn without_device_tokens_none_is_given_and_none_is_taken() {
    let options = GatewayOptions { device_tokens: false, ..GatewayOptions::default() };
    let gateway = Gateway::start(options).await.unwrap();
    let client = Knock::at(&gateway).enter(&gateway).await;
    assert!(client.hello["auth"].get("deviceToken").is_none());
}
