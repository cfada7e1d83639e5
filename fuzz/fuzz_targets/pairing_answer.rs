//! What the cloud answers while this computer is paired: the code, and then the token.

#![no_main]

use std::time::{Duration, SystemTime};

use libfuzzer_sys::fuzz_target;
use sap::pairing::{read_poll, read_start};
use sap::{Answer, CloudUrl, DEFAULT_CLOUD, PairingError, PollOutcome, Ticket};
use serde_json::Value;

const HOUR: Duration = Duration::from_secs(3600);
const LONGEST_LIFE: Duration = Duration::from_secs(15 * 60);

fuzz_target!(|bytes: &[u8]| {
    let Some(answer) = fuzz::answer(bytes) else { return };
    let cloud = CloudUrl::parse(DEFAULT_CLOUD).expect("the usual cloud");
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
    match read_start(&cloud, &answer, now) {
        Ok(ticket) => check_ticket(&ticket, now),
        Err(error) => check_error(&error),
    }
    match read_poll(&answer, now) {
        Ok(PollOutcome::Paired { token, installation_id }) => {
            assert!((200..300).contains(&answer.status), "a failure pairs nobody");
            assert!(!installation_id.as_str().is_empty());
            assert!(token.expose().starts_with("inst_"));
        }
        Ok(PollOutcome::Pending | PollOutcome::Expired | PollOutcome::Denied) => {}
        Err(error) => check_error(&error),
    }
    check_secrecy(answer, &cloud, now);
});

fn check_ticket(ticket: &Ticket, now: SystemTime) {
    assert!(ticket.expires_at > now && ticket.expires_at <= now + LONGEST_LIFE);
    let code = ticket.code.as_str();
    assert!((1..=32).contains(&code.len()) && code.is_ascii(), "a person can type the code");
    let url = &ticket.url;
    assert!(
        url.scheme() == "https" || is_on_this_computer(url),
        "nobody on the way changes the page"
    );
    assert!(url.username().is_empty() && url.password().is_none(), "the page names nobody");
}

fn check_error(error: &PairingError) {
    assert!(!error.to_string().chars().any(char::is_control), "fit for a window");
    if let PairingError::Busy { after } = error {
        assert!(*after <= HOUR, "nobody waits for ever");
    }
}

/// Puts a secret in every place where an answer may hold one, and looks for it in what is shown.
fn check_secrecy(mut answer: Answer, cloud: &CloudUrl, now: SystemTime) {
    let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else { return };
    if body.to_string().contains(fuzz::SECRET) {
        return;
    }
    let Some(Value::Object(result)) = body.get_mut("result") else { return };
    for (name, secret) in [
        ("poll_token", fuzz::SECRET.to_owned()),
        ("token", format!("inst_1:s_live_{}", fuzz::SECRET)),
        ("bot_token", format!("inst_1 {}", fuzz::SECRET)),
    ] {
        result.insert(name.to_owned(), secret.into());
    }
    answer.body = body.to_string().into_bytes();
    let ticket = read_start(cloud, &answer, now);
    let outcome = read_poll(&answer, now);
    let shown = [
        format!("{ticket:?}"),
        format!("{outcome:?}"),
        ticket.err().map(|error| error.to_string()).unwrap_or_default(),
        outcome.err().map(|error| error.to_string()).unwrap_or_default(),
    ];
    assert!(!shown.concat().contains(fuzz::SECRET), "a secret is never shown");
}

fn is_on_this_computer(url: &url::Url) -> bool {
    let is_local = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "http" && is_local
}
