use std::fmt;

use secrecy::SecretString;
use serde_json::Value;

use super::foreign::{ForeignText, id};
use crate::DeviceId;
use crate::parse::borrowed;

/// Largest picture of a code that is taken, in bytes as a `data:` URL; gateways promise 16 KiB.
const LARGEST_PICTURE: usize = 64 * 1024;
/// What a picture begins with.
const PICTURE: &str = "data:image/png;base64,";
/// Longest code that is taken, in bytes.
const LONGEST_CODE: usize = 8 * 1024;

/// A code with which a phone's OpenClaw app joins. Whoever sees it can join instead.
#[derive(Clone)]
pub struct SetupCode {
    /// Names it in [`SetupOutcome`]; is no secret.
    pub id: Option<String>,
    /// The code.
    pub code: SecretString,
    /// Picture of the code, a PNG in a `data:` URL.
    pub picture: Option<SecretString>,
    /// Where the phone will look for the gateway.
    pub gateway: Option<ForeignText>,
    /// What the phone will be allowed: `full`, `limited` or `node`.
    pub access: Option<ForeignText>,
    /// Unix time in milliseconds when it becomes void.
    pub expires_at_ms: Option<u64>,
}

/// What a phone that joins with a setup code is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupAccess {
    /// Everything, administration too.
    Full,
    /// Everything but administration.
    Limited,
    /// To be a node, read and talk.
    Node,
}

/// What became of a setup code.
#[derive(Clone, Debug, PartialEq)]
pub struct SetupOutcome {
    /// Code that was used.
    pub id: String,
    /// Device that used it.
    pub device: DeviceId,
    /// What it says its name is.
    pub name: Option<ForeignText>,
    /// What it may do: `full`, `limited` or `node`.
    pub access: Option<ForeignText>,
    /// The device got its credentials; else the code is spent, and whether it did is unknown.
    pub is_certain: bool,
}

impl SetupAccess {
    /// Names what is asked for; none is what a gateway gives by itself.
    pub(super) fn profile(self) -> Option<&'static str> {
        match self {
            Self::Full => None,
            Self::Limited => Some("limited"),
            Self::Node => Some("node"),
        }
    }
}

impl SetupCode {
    /// Reads the answer to `device.pair.setupCode`; none when it has no code.
    pub fn parse(answer: &Value) -> Option<Self> {
        let secret = |name, longest, begin: &str| {
            let text = borrowed(answer, name)?;
            let is_sound = text.len() <= longest && text.len() > begin.len();
            (is_sound && text.starts_with(begin)).then(|| SecretString::from(text))
        };
        Some(Self {
            id: id(answer, "setupId", |id| id),
            code: secret("setupCode", LONGEST_CODE, "")?,
            picture: secret("qrDataUrl", LARGEST_PICTURE, PICTURE),
            gateway: ForeignText::read(answer, "gatewayUrl"),
            access: ForeignText::read(answer, "access"),
            expires_at_ms: answer.get("expiresAtMs").and_then(Value::as_u64),
        })
    }
}

impl SetupOutcome {
    pub(super) fn parse(payload: &Value, is_certain: bool) -> Option<Self> {
        Some(Self {
            id: id(payload, "setupId", |id| id)?,
            device: id(payload, "deviceId", DeviceId::new)?,
            name: ForeignText::read(payload, "deviceName"),
            access: ForeignText::read(payload, "access"),
            is_certain,
        })
    }
}

impl fmt::Debug for SetupCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetupCode")
            .field("id", &self.id)
            .field("expires_at_ms", &self.expires_at_ms)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_code_is_read_and_neither_it_nor_its_picture_is_printed() {
        let answer = json!({"setupId": "s", "setupCode": "hush", "expiresAtMs": 5,
            "qrDataUrl": "data:image/png;base64,aHVzaA==", "gatewayUrl": "ws://host:1"});
        let code = SetupCode::parse(&answer).unwrap();
        assert_eq!(code.code.expose_secret(), "hush");
        assert!(code.picture.is_some());
        let printed = format!("{code:?}");
        assert!(!printed.contains("hush") && !printed.contains("aHVz"), "{printed}");
    }

    #[test]
    fn a_picture_that_is_none_or_too_large_is_left_out() {
        for strange in ["https://elsewhere/qr.png", "", PICTURE, &PICTURE.repeat(9_000)] {
            let answer = json!({"setupCode": "hush", "qrDataUrl": strange});
            assert!(SetupCode::parse(&answer).unwrap().picture.is_none());
        }
        assert!(SetupCode::parse(&json!({"setupCode": ""})).is_none());
        assert!(SetupCode::parse(&json!({"setupCode": "x".repeat(9_000)})).is_none());
    }
}
