//! Codes with which a phone joins (newer generation).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::RpcError;
use super::house::State;
use super::ids::{device_token, now_ms, uuid};
use super::rpc::Caller;

type Params = Map<String, Value>;

/// How long a code can be used, in milliseconds.
const LIFETIME_MS: u64 = 600_000;
/// The smallest picture that is one: a single pixel.
const PIXEL: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\n\
    IDATx\x9cc`\0\0\0\x02\0\x01H\xaf\xa4q\0\0\0\0IEND\xaeB`\x82";

/// A code that was made.
#[derive(Clone)]
pub(super) struct MadeCode {
    pub(super) id: String,
    pub(super) code: String,
    pub(super) access: &'static str,
    expires_at_ms: u64,
}

impl MadeCode {
    pub(super) fn is_over(&self) -> bool {
        self.expires_at_ms <= now_ms()
    }
}

impl State {
    /// Answers `device.pair.setupCode`.
    pub(super) fn make_setup_code(
        &mut self,
        _: &Caller,
        params: &Params,
    ) -> Result<Value, RpcError> {
        let asked = params.get("publicUrl").and_then(Value::as_str);
        let (Some(url), source) = (match asked {
            Some(url) => (Some(url.to_owned()), "request.publicUrl"),
            None => {
                let source = "plugins.entries.device-pair.config.publicUrl";
                (self.options.public_url.clone(), source)
            }
        }) else {
            return Err(RpcError::invalid(
                "Gateway is only bound to loopback. Set gateway.bind=lan, enable tailscale serve, \
                 or configure plugins.entries.device-pair.config.publicUrl.",
            ));
        };
        let access = match params.get("bootstrapProfile").and_then(Value::as_str) {
            Some("limited") => "limited",
            Some("node") => "node",
            Some(_) | None => "full",
        };
        let expires_at_ms = now_ms() + LIFETIME_MS;
        let payload = json!({
            "url": url, "bootstrapToken": device_token(), "expiresAtMs": expires_at_ms,
        });
        let code = URL_SAFE_NO_PAD.encode(payload.to_string());
        let made = MadeCode { id: uuid(), code, access, expires_at_ms };
        let answer = json!({
            "setupId": made.id, "expiresAtMs": expires_at_ms, "setupCode": made.code,
            "qrDataUrl": format!("data:image/png;base64,{}", STANDARD.encode(PIXEL)),
            "gatewayUrl": url, "auth": "token", "urlSource": source, "access": access,
        });
        self.setup_codes.push(made);
        Ok(answer)
    }
}
