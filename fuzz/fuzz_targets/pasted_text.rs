//! What a person pastes: a bridge token, the address of a cloud or of a gateway.

#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw::GatewayUrl;
use sap::{BridgeToken, CloudUrl};
use url::Url;

fuzz_target!(|text: &str| {
    match BridgeToken::parse(text) {
        Ok(token) => {
            assert_eq!(token.expose(), text.trim(), "a token is taken as it is");
            let id = token.installation_id();
            assert!(id.as_str().len() < token.expose().len());
            assert_eq!(
                format!("{token:?}"),
                format!("BridgeToken({id})"),
                "the secret is not shown"
            );
        }
        Err(error) => assert!(!repeats(&error.to_string(), text)),
    }
    match CloudUrl::parse(text) {
        Ok(cloud) => check_cloud(&cloud),
        Err(error) => assert!(!repeats(&error.to_string(), text)),
    }
    match GatewayUrl::parse(text) {
        Ok(gateway) => {
            assert!(is_anonymous(&gateway.to_string()), "only the address is shown");
            assert!(matches!(gateway.as_url().scheme(), "ws" | "wss"));
            assert_eq!(GatewayUrl::parse(gateway.as_url().as_str()), Ok(gateway), "one form");
        }
        Err(error) => assert!(!repeats(&error.to_string(), text)),
    }
});

fn check_cloud(cloud: &CloudUrl) {
    let shown = cloud.to_string();
    assert!(is_anonymous(&shown), "only the address is shown");
    assert_eq!(CloudUrl::parse(&shown).as_ref(), Ok(cloud), "one cloud has one form");
    assert_eq!(cloud.origin_key(), shown);
    let (route, socket) = (cloud.route("/v1/x"), cloud.socket());
    assert_eq!(route.host_str(), socket.host_str());
    assert!(route.path().ends_with("/v1/x"));
    let schemes = (route.scheme(), socket.scheme());
    assert!(matches!(schemes, ("https", "wss") | ("http", "ws")), "one is as safe as the other");
}

fn is_anonymous(address: &str) -> bool {
    let url = Url::parse(address).expect("what is shown is an address");
    let is_bare = url.query().is_none() && url.fragment().is_none();
    is_bare && url.username().is_empty() && url.password().is_none()
}

/// Says whether a sentence holds what was pasted, which may be a secret in the wrong place: a long
/// word, unlike the sentence's own.
fn repeats(sentence: &str, text: &str) -> bool {
    let text = text.trim();
    text.len() >= 20 && !text.contains(char::is_whitespace) && sentence.contains(text)
}
