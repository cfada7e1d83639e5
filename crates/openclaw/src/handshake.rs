//! The first words of a connection: the gateway challenges, we prove who we are.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::Target;
use crate::hello::PROTOCOLS;

/// What a bridge asks to be allowed: read, write, and answer approvals; nothing that administers.
pub const SCOPES: [&str; 3] = ["operator.read", "operator.write", "operator.approvals"];
/// What it takes to see who joins, and to reject, rename and remove. A gateway lets nobody approve
/// a device, or renew its token, whose scopes the connection does not have itself: then those of
/// the device are asked for as well.
pub const PAIRING_SCOPES: [&str; 1] = ["operator.pairing"];
/// What we can show: without the last three a gateway sends no approvals.
pub const CAPABILITIES: [&str; 4] =
    ["tool-events", "approvals", "exec-approvals", "plugin-approvals"];
/// This computer's platform. It is pinned when a device is paired, so it never names a version.
pub const PLATFORM: &str = if cfg!(target_os = "macos") {
    "macos"
} else if cfg!(windows) {
    "windows"
} else {
    "linux"
};

/// The client that both generations let read, write and approve with a device identity.
const CLIENT_ID: &str = "gateway-client";
const CLIENT_MODE: &str = "ui";
/// The only mode in which both generations grant scopes without a device identity.
const MODE_WITHOUT_DEVICE: &str = "backend";
const ROLE: &str = "operator";

/// How we present ourselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Name that the gateway shows. It must be unique per installation: a gateway deletes older
    /// records that have the same name.
    pub display_name: String,
    /// Version of this program.
    pub version: String,
    /// Platform, a constant: `linux`, `macos` or `windows`.
    pub platform: &'static str,
}

impl Identity {
    /// Presents this computer under a name that is unique per installation.
    pub fn new(display_name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { display_name: display_name.into(), version: version.into(), platform: PLATFORM }
    }
}

/// What we sign in with.
#[derive(Clone, Debug)]
pub enum Credential {
    /// The gateway's own token, which everybody on its computer shares.
    Shared(SecretString),
    /// The token that the gateway gave to this device.
    Device(SecretString),
}

impl Credential {
    fn secret(&self) -> &str {
        match self {
            Self::Shared(token) | Self::Device(token) => token.expose_secret(),
        }
    }

    fn slot(&self) -> &'static str {
        match self {
            Self::Shared(_) => "token",
            Self::Device(_) => "deviceToken",
        }
    }
}

/// The gateway's first message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    nonce: String,
    issued_at_ms: u64,
}

impl Challenge {
    /// Reads the payload of `connect.challenge`; none when it cannot be answered.
    pub fn parse(payload: &str) -> Option<Self> {
        let payload: Value = serde_json::from_str(payload).ok()?;
        Some(Self {
            nonce: payload.get("nonce")?.as_str()?.to_owned(),
            issued_at_ms: payload.get("ts")?.as_u64()?,
        })
    }
}

/// Builds the parameters of `connect`. They hold the credential: never log them.
pub(crate) fn connect_params(challenge: &Challenge, target: Target<'_>) -> Value {
    let Target { identity, device, credential, scopes, .. } = target;
    let mode = if device.is_some() { CLIENT_MODE } else { MODE_WITHOUT_DEVICE };
    let mut params = json!({
        "minProtocol": PROTOCOLS.start(),
        "maxProtocol": PROTOCOLS.end(),
        "client": {
            "id": CLIENT_ID,
            "mode": mode,
            "displayName": identity.display_name,
            "version": identity.version,
            "platform": identity.platform,
        },
        "role": ROLE,
        "scopes": scopes,
        "caps": CAPABILITIES,
        "auth": { credential.slot(): credential.secret() },
    });
    if let Some(device) = device {
        let token = credential.secret();
        let proof = proof(challenge, device.id(), scopes, token, identity.platform);
        params["device"] = json!({
            "id": device.id(),
            "publicKey": device.public_key(),
            "signature": device.sign(&proof),
            "signedAt": challenge.issued_at_ms,
            "nonce": challenge.nonce,
        });
    }
    params
}

/// The text to sign, third version. It ends with the device family, which we leave empty.
fn proof(
    challenge: &Challenge,
    device: &str,
    scopes: &[&str],
    token: &str,
    platform: &str,
) -> String {
    let scopes = scopes.join(",");
    let Challenge { nonce, issued_at_ms } = challenge;
    format!(
        "v3|{device}|{CLIENT_ID}|{CLIENT_MODE}|{ROLE}|{scopes}|{issued_at_ms}|{token}|{nonce}|\
         {platform}|"
    )
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use ed25519_dalek::{Signature, VerifyingKey};

    use super::*;
    use crate::{DeviceIdentity, GatewayUrl};

    fn verify(public_key: &str, signature: &str, text: &str) -> bool {
        let key: [u8; 32] = URL_SAFE_NO_PAD.decode(public_key).unwrap().try_into().unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        VerifyingKey::from_bytes(&key)
            .unwrap()
            .verify_strict(text.as_bytes(), &Signature::from_slice(&signature).unwrap())
            .is_ok()
    }

    #[test]
    fn the_proof_is_the_text_whose_signature_a_real_gateway_accepted() {
        let challenge = Challenge::parse(
            r#"{"nonce":"71233390-8a2d-4328-b0e9-41efe5fac72b","ts":1795178227998}"#,
        )
        .unwrap();
        let proof = proof(
            &challenge,
            "97cf43f5ece80f1c22facc71aec9095b2bf05b4401f8218af71f8aa58ee44ba7",
            &SCOPES,
            "labtoken-0123456789abcdef0123456789",
            "linux",
        );
        assert!(verify(
            "aJ6mxAm3zVBwMzTaClxlkrzIPsBRNTMnychhPUlpg5c",
            "cBYOJr6vWtQL6aA9QlW-8uo4w1D0GmBVYZp51e5KbPlzeEhlBRfYB1TrF72zZs45kpQa_ObJqOiMtykMprmPAA",
            &proof,
        ));
    }

    fn params(device: Option<&DeviceIdentity>, credential: &Credential, scopes: &[&str]) -> Value {
        let challenge = Challenge { nonce: "n".into(), issued_at_ms: 5 };
        let url = GatewayUrl::parse("ws://127.0.0.1:18789").unwrap();
        let identity = Identity::new("Sophon 1a2b", "1.0.0");
        let target = Target { url: &url, identity: &identity, device, credential, scopes };
        connect_params(&challenge, target)
    }

    #[test]
    fn the_parameters_carry_a_signature_over_the_very_credential_and_scopes_that_are_sent() {
        let challenge = Challenge { nonce: "n".into(), issued_at_ms: 5 };
        let device = DeviceIdentity::from_secret(&[3; 32]);
        let device_token = Credential::Device("hush".to_owned().into());
        let sent = params(Some(&device), &device_token, &SCOPES);
        assert_eq!(sent["auth"], json!({"deviceToken": "hush"}));
        assert_eq!((&sent["minProtocol"], &sent["maxProtocol"]), (&json!(3), &json!(4)));
        assert_eq!((&sent["scopes"], &sent["client"]["mode"]), (&json!(SCOPES), &json!("ui")));
        let proof = proof(&challenge, device.id(), &SCOPES, "hush", PLATFORM);
        let proves = |sent: &Value| {
            let text = |name: &str| sent["device"][name].as_str().unwrap();
            verify(text("publicKey"), text("signature"), &proof)
        };
        assert!(proves(&sent));

        let shared = Credential::Shared("other".to_owned().into());
        let sent = params(Some(&device), &shared, &SCOPES);
        assert_eq!(sent["auth"], json!({"token": "other"}));
        assert!(!proves(&sent));
        assert!(!proves(&params(Some(&device), &device_token, &PAIRING_SCOPES)));
    }

    #[test]
    fn a_connection_without_a_device_names_none_and_says_that_it_is_a_program() {
        let shared = Credential::Shared("hush".to_owned().into());
        let sent = params(None, &shared, &PAIRING_SCOPES);
        assert_eq!(sent["scopes"], json!(["operator.pairing"]));
        assert_eq!(sent["client"]["mode"], "backend");
        assert_eq!(sent.get("device"), None);
    }

    #[test]
    fn a_credential_is_never_printed() {
        let credential = Credential::Shared("hush".to_owned().into());
        assert!(!format!("{credential:?}").contains("hush"));
    }

    #[test]
    fn a_challenge_without_nonce_or_time_is_none() {
        for payload in ["null", "{}", r#"{"nonce":"n"}"#, r#"{"nonce":1,"ts":1}"#, "nonsense"] {
            assert_eq!(Challenge::parse(payload), None, "{payload}");
        }
    }
}
