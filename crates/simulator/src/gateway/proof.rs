//! The proof that a connection comes from the device that it names.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::ConnectRefusal;

/// How far a signature's time may be from the challenge's, in milliseconds.
const TOLERANCE_MS: u64 = 10 * 60 * 1000;

/// What the gateway sent first.
#[derive(Clone, Debug)]
pub(super) struct Challenge {
    pub(super) nonce: String,
    pub(super) ts: u64,
}

/// Verifies the `device` object of connect parameters that passed the schema.
///
/// # Errors
/// The refusal that the gateway answers with.
pub(super) fn verify(params: &Value, challenge: &Challenge) -> Result<(), ConnectRefusal> {
    let device = &params["device"];
    let text = |field: &str| device[field].as_str().unwrap_or_default();
    let Some(key) = public_key(text("publicKey")) else {
        return Err(ConnectRefusal::DeviceIdMismatch);
    };
    if text("id") != fingerprint(key.as_bytes()) {
        return Err(ConnectRefusal::DeviceIdMismatch);
    }
    let signed_at = device["signedAt"].as_u64().unwrap_or_default();
    if signed_at.abs_diff(challenge.ts) > TOLERANCE_MS {
        return Err(ConnectRefusal::SignatureExpired);
    }
    match text("nonce").trim() {
        "" => return Err(ConnectRefusal::NonceRequired),
        nonce if nonce != challenge.nonce => return Err(ConnectRefusal::NonceMismatch),
        _ => {}
    }
    let signature = URL_SAFE_NO_PAD.decode(text("signature")).unwrap_or_default();
    let Ok(signature) = Signature::from_slice(&signature) else {
        return Err(ConnectRefusal::SignatureInvalid);
    };
    let (second, third) = signed_texts(params, signed_at, &challenge.nonce);
    let genuine =
        [third, second].iter().any(|text| key.verify_strict(text.as_bytes(), &signature).is_ok());
    if genuine { Ok(()) } else { Err(ConnectRefusal::SignatureInvalid) }
}

/// The texts of versions 2 and 3 that a device may have signed.
fn signed_texts(params: &Value, signed_at: u64, nonce: &str) -> (String, String) {
    let client = &params["client"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let plain = |value: &Value| text(value).trim().to_lowercase();
    let scopes: Vec<&str> = params["scopes"]
        .as_array()
        .map_or_else(Vec::new, |scopes| scopes.iter().filter_map(Value::as_str).collect());
    let role = params["role"].as_str().unwrap_or("operator");
    let auth = &params["auth"];
    let credential = ["token", "deviceToken", "bootstrapToken"]
        .iter()
        .find_map(|slot| auth[slot].as_str())
        .unwrap_or_default();
    let common = format!(
        "{}|{}|{}|{role}|{}|{signed_at}|{credential}|{nonce}",
        text(&params["device"]["id"]),
        text(&client["id"]),
        text(&client["mode"]),
        scopes.join(","),
    );
    let platform = plain(&client["platform"]);
    let family = plain(&client["deviceFamily"]);
    (format!("v2|{common}"), format!("v3|{common}|{platform}|{family}"))
}

fn public_key(text: &str) -> Option<VerifyingKey> {
    let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    VerifyingKey::from_bytes(&bytes).ok()
}

fn fingerprint(key: &[u8]) -> String {
    Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A handshake recorded from a real gateway that accepted it.
    fn recorded() -> (Value, Challenge) {
        let params = json!({
            "minProtocol": 3, "maxProtocol": 4,
            "client": {
                "id": "gateway-client", "displayName": "Desk", "version": "0.1.0",
                "platform": "linux", "mode": "ui",
            },
            "role": "operator",
            "scopes": ["operator.read", "operator.write", "operator.approvals"],
            "auth": {"token": "labtoken-0123456789abcdef0123456789"},
            "device": {
                "id": "97cf43f5ece80f1c22facc71aec9095b2bf05b4401f8218af71f8aa58ee44ba7",
                "publicKey": "aJ6mxAm3zVBwMzTaClxlkrzIPsBRNTMnychhPUlpg5c",
                "signature": "Djq6j_FUN7VYEg1RXOLJQ3l8MsOPtaOrk86QUqeOcO0eDP0MHFpjQG8bh\
                              -lm9EXGWqciOWnoRjV08p4LFuM2Bg",
                "signedAt": 1_795_178_349_454_u64,
                "nonce": "4bd77509-4c76-4843-a24f-a07991adc7f8",
            },
        });
        let nonce = "4bd77509-4c76-4843-a24f-a07991adc7f8".to_owned();
        (params, Challenge { nonce, ts: 1_795_178_349_454 })
    }

    #[test]
    fn a_proof_that_a_real_gateway_accepted_is_accepted() {
        let (params, challenge) = recorded();
        assert_eq!(verify(&params, &challenge), Ok(()));
    }

    #[test]
    fn every_flaw_of_a_proof_has_its_own_refusal() {
        let (good, challenge) = recorded();
        let refused = |change: &dyn Fn(&mut Value)| {
            let mut params = good.clone();
            change(&mut params);
            verify(&params, &challenge).unwrap_err()
        };
        use ConnectRefusal as R;
        assert_eq!(refused(&|p| p["auth"]["token"] = "other".into()), R::SignatureInvalid);
        assert_eq!(refused(&|p| p["client"]["platform"] = "macos".into()), R::SignatureInvalid);
        assert_eq!(refused(&|p| p["device"]["signature"] = "AA".into()), R::SignatureInvalid);
        assert_eq!(refused(&|p| p["device"]["nonce"] = "other".into()), R::NonceMismatch);
        assert_eq!(refused(&|p| p["device"]["nonce"] = " ".into()), R::NonceRequired);
        assert_eq!(refused(&|p| p["device"]["signedAt"] = 1.into()), R::SignatureExpired);
        assert_eq!(refused(&|p| p["device"]["id"] = "00".into()), R::DeviceIdMismatch);
        assert_eq!(refused(&|p| p["device"]["publicKey"] = "!".into()), R::DeviceIdMismatch);
    }
}
