use std::fmt;
use std::time::{Duration, SystemTime};

use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use crate::{CloudUrl, PairingError};

/// How long a code lives where the cloud does not say it credibly.
const USUAL_LIFE: Duration = Duration::from_secs(120);
/// How long a code can live at most.
const LONGEST_LIFE: Duration = Duration::from_secs(15 * 60);
/// Above this, a time since 1970 is counted in milliseconds.
const LEAST_MILLIS: f64 = 1e11;
const LONGEST_CODE: usize = 32;

/// One try to pair.
#[derive(Clone)]
pub struct Ticket {
    /// Code that the person can type on the phone.
    pub code: PairingCode,
    /// Page on which the person confirms this computer.
    pub url: Url,
    /// When the code ends, by this computer's clock.
    pub expires_at: SystemTime,
    pub(crate) poll: Poll,
}

/// The short code of one try to pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairingCode(String);

/// How the cloud wants to be asked whether the person has decided.
#[derive(Clone)]
pub(crate) enum Poll {
    Token(SecretString),
    Code,
}

impl PairingCode {
    /// Borrows the code as the person reads it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let fits = (1..=LONGEST_CODE).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        fits.then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for PairingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Ticket {
    pub(crate) fn read(
        cloud: &CloudUrl,
        result: &Value,
        now: SystemTime,
    ) -> Result<Self, PairingError> {
        let text = |name: &str| result.get(name).and_then(Value::as_str);
        let code = text("code")
            .and_then(PairingCode::parse)
            .ok_or_else(|| PairingError::Unreadable("it has no pairing code".into()))?;
        let url = text("browser_url").and_then(page).unwrap_or_else(|| redeem(cloud, &code));
        let poll = text("poll_token")
            .filter(|token| !token.is_empty())
            .map_or(Poll::Code, |token| Poll::Token(token.into()));
        let expires_at = expiry(result.get("expires_at").and_then(Value::as_f64), now);
        Ok(Self { code, url, expires_at, poll })
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket")
            .field("code", &self.code)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Takes a page for the browser only where nobody on the way can change it.
fn page(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let safe = url.scheme() == "https" || (url.scheme() == "http" && dial::is_loopback(&url));
    let anonymous = url.username().is_empty() && url.password().is_none();
    (safe && anonymous).then_some(url)
}

fn redeem(cloud: &CloudUrl, code: &PairingCode) -> Url {
    let mut url = cloud.route("/v1/pairing/redeem");
    url.query_pairs_mut().append_pair("code", code.as_str());
    url
}

/// Reads seconds or milliseconds since 1970; a clock that is far off must neither end the code
/// at once nor keep it for ever.
fn expiry(stamp: Option<f64>, now: SystemTime) -> SystemTime {
    stamp
        .map(|stamp| if stamp > LEAST_MILLIS { stamp / 1000.0 } else { stamp })
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since))
        .filter(|end| *end > now && *end <= now + LONGEST_LIFE)
        .unwrap_or(now + USUAL_LIFE)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_790_000_000;

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
    }

    fn read(result: &Value) -> Result<Ticket, PairingError> {
        Ticket::read(&CloudUrl::parse("https://example.org/base").unwrap(), result, now())
    }

    fn life(expires_at: Value) -> Duration {
        let ticket = read(&json!({"code": "ABC1234", "expires_at": expires_at})).unwrap();
        ticket.expires_at.duration_since(now()).unwrap()
    }

    #[test]
    fn the_end_of_a_code_is_read_in_seconds_and_in_milliseconds() {
        assert_eq!(life(json!(NOW + 100)), Duration::from_secs(100));
        assert_eq!(life(json!((NOW + 100) * 1000)), Duration::from_secs(100));
    }

    #[test]
    fn an_absurd_end_of_a_code_becomes_two_minutes_from_now() {
        for absurd in [
            json!(null),
            json!("soon"),
            json!(0),
            json!(-5),
            json!(120),
            json!(NOW - 1),
            json!(NOW),
            json!(NOW + 16 * 60),
            json!(1e300),
        ] {
            assert_eq!(life(absurd.clone()), USUAL_LIFE, "{absurd}");
        }
    }

    #[test]
    fn the_page_is_the_clouds_own_where_it_names_none_that_is_safe() {
        let own = "https://example.org/base/v1/pairing/redeem?code=ABC1234";
        for unsafe_page in [
            json!(null),
            json!("http://example.org/redeem"),
            json!("javascript:alert(1)"),
            json!("file:///etc/passwd"),
            json!("https://ada:pw@example.org/"),
            json!("not a url"),
        ] {
            let ticket = read(&json!({"code": "ABC1234", "browser_url": unsafe_page})).unwrap();
            assert_eq!(ticket.url.as_str(), own);
        }
        for page in ["https://sophon.at/pair?code=ABC1234", "http://127.0.0.1:9/redeem"] {
            let ticket = read(&json!({"code": "ABC1234", "browser_url": page})).unwrap();
            assert_eq!(ticket.url.as_str(), page);
        }
    }

    #[test]
    fn a_code_that_nobody_could_type_is_refused() {
        for code in [json!(null), json!(""), json!("<b>"), json!("A".repeat(33)), json!(7)] {
            let error = read(&json!({"code": code})).unwrap_err();
            assert!(matches!(error, PairingError::Unreadable(_)), "{error}");
        }
    }

    #[test]
    fn the_poll_token_does_not_show_in_debug() {
        let ticket = read(&json!({"code": "ABC1234", "poll_token": "hush-hush"})).unwrap();
        assert!(!format!("{ticket:?}").contains("hush"));
    }
}
