//! A code for a phone, which is as good as a password: it is held only while it is shown.

use control::{Setup, SetupLevel};
use openclaw::pairing::SetupCode;
use secrecy::{ExposeSecret as _, SecretString};

use super::seat::qr;
use crate::text::{shorten_middle, visible};

/// Longest name of a phone, in characters.
const NAME_CHARS: usize = 60;

/// A code for a phone, while there is anything to be seen of it.
pub(super) enum Shown {
    /// It is being made.
    Making { order: u64 },
    /// It can be used.
    Ready(Box<Ready>),
    /// It was used, or has become void.
    Over { what: String },
}

/// A code that can be used.
pub(super) struct Ready {
    id: Option<String>,
    code: SecretString,
    qr_path: SecretString,
    qr_size: u32,
    level: SetupLevel,
    expires_at_ms: Option<u64>,
}

impl Shown {
    pub(super) fn ready(made: SetupCode, level: SetupLevel) -> Self {
        let SetupCode { id, code, expires_at_ms, .. } = made;
        let (qr_path, qr_size) = qr(code.expose_secret());
        let qr_path = qr_path.into();
        Self::Ready(Box::new(Ready { id, code, qr_path, qr_size, level, expires_at_ms }))
    }

    /// When it becomes void.
    pub(super) fn expires_at_ms(&self) -> Option<u64> {
        match self {
            Self::Ready(ready) => ready.expires_at_ms,
            Self::Making { .. } | Self::Over { .. } => None,
        }
    }

    /// Lets go of the code where it has become void.
    pub(super) fn expire(&mut self, now_ms: u64) {
        if self.expires_at_ms().is_some_and(|at| at <= now_ms) {
            let what = "The code has expired. Make another one if the phone is not there yet.";
            *self = Self::Over { what: what.to_owned() };
        }
    }

    /// Lets go of the code if it is this one, which was used.
    pub(super) fn was_used(&mut self, id: &str, name: Option<&str>, is_certain: bool) {
        let is_this =
            matches!(self, Self::Ready(ready) if ready.id.as_deref().is_none_or(|it| it == id));
        if is_this {
            *self = Self::Over { what: use_in_words(name, is_certain) };
        }
    }

    pub(super) fn view(&self) -> Setup {
        match self {
            Self::Making { .. } => Setup::Making,
            Self::Ready(ready) => Setup::Ready {
                code: ready.code.expose_secret().to_owned(),
                qr_path: ready.qr_path.expose_secret().to_owned(),
                qr_size: ready.qr_size,
                level: ready.level,
                expires_at_ms: ready.expires_at_ms,
            },
            Self::Over { what } => Setup::Over { what: what.clone() },
        }
    }
}

/// Says that a code was used, and by whom.
pub(super) fn use_in_words(name: Option<&str>, is_certain: bool) -> String {
    let who = name.filter(|name| !name.is_empty()).map_or_else(
        || "A device without a name".to_owned(),
        |name| format!("“{}”", shorten_middle(&visible(name), NAME_CHARS)),
    );
    if is_certain {
        format!("{who} has joined with the code. If that was not you, remove it from the devices.")
    } else {
        format!(
            "{who} has used the code, and may not have got its access. If it cannot connect, remove \
             it from the devices and make another code."
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ready() -> Shown {
        let made = json!({"setupId": "s1", "setupCode": "hush-hush", "expiresAtMs": 5_000});
        Shown::ready(SetupCode::parse(&made).unwrap(), SetupLevel::Limited)
    }

    #[test]
    fn a_code_is_gone_once_it_was_used_and_says_by_whom() {
        let mut shown = ready();
        shown.was_used("another", Some("Phone"), true);
        assert!(matches!(shown.view(), Setup::Ready { code, .. } if code == "hush-hush"));
        shown.was_used("s1", Some("Pho\u{202e}ne"), true);
        let Setup::Over { what } = shown.view() else { panic!("it is still there") };
        assert!(what.starts_with("“Pho‹U+202E›ne” has joined"), "{what}");
    }

    #[test]
    fn a_code_is_gone_once_it_has_expired() {
        let mut shown = ready();
        shown.expire(4_999);
        assert!(matches!(shown.view(), Setup::Ready { .. }));
        shown.expire(5_000);
        assert!(matches!(shown.view(), Setup::Over { .. }) && shown.expires_at_ms().is_none());
    }
}
