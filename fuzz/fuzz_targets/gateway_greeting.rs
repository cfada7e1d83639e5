//! The first words of a gateway: its challenge, its greeting, or why it refuses.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use openclaw::{Challenge, ConnectError, Generation, Hello};
use serde_json::Value;

const LONGEST_WAIT: Duration = Duration::from_secs(10 * 60);

fuzz_target!(|text: &str| {
    let _ = Challenge::parse(text);
    let Ok(payload) = serde_json::from_str::<Value>(text) else { return };
    if let Ok(hello) = Hello::parse(&payload) {
        check_hello(&hello);
        check_secrecy(payload);
    } else {
        check_refusal(&ConnectError::refused(&payload));
    }
});

fn check_hello(hello: &Hello) {
    let protocol = match hello.generation {
        Generation::Older => 3,
        Generation::Newer => 4,
    };
    assert_eq!(hello.protocol, protocol);
    assert!(!hello.default_agent.is_empty(), "an agent answers");
    let believable = Duration::from_millis(100)..=LONGEST_WAIT;
    assert!(believable.contains(&hello.tick_interval), "silence is noticed some day");
}

/// Puts a secret where the greeting may hold one, and looks for it in what is shown.
fn check_secrecy(mut payload: Value) {
    if payload.to_string().contains(fuzz::SECRET) {
        return;
    }
    let Some(Value::Object(auth)) = payload.get_mut("auth") else { return };
    auth.insert("deviceToken".to_owned(), fuzz::SECRET.into());
    let hello = Hello::parse(&payload).expect("it is still a greeting");
    assert!(hello.device_token.is_some());
    assert!(!format!("{hello:?}").contains(fuzz::SECRET), "a secret is never shown");
}

fn check_refusal(error: &ConnectError) {
    assert!(!error.to_string().is_empty() && !error.remedy().is_empty(), "a person can go on");
    assert!(error.retry_after().is_none_or(|after| after <= LONGEST_WAIT), "nobody waits for ever");
    assert!(error.is_retryable() || error.needs_person() || is_next_step(error));
    if let ConnectError::PairingRequired { request_id: Some(id), .. } = error {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        assert!(id.chars().all(plain), "a command to type holds nothing else");
    }
}

/// A rejected device token needs neither patience nor a person: the shared token is tried next.
fn is_next_step(error: &ConnectError) -> bool {
    matches!(error, ConnectError::DeviceTokenRejected)
}
