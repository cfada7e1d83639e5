use gatewaylab::Version;
use openclaw::PAIRING_SCOPES;
use openclaw::pairing::{PairingError, SetupAccess};

use super::side::{Desk, RealSide};

pub(super) async fn senders_and_codes_are_had_where_the_gateway_offers_them(
    version: Version,
    real: &RealSide,
) {
    let seeing = Desk::open(real, None, &PAIRING_SCOPES).await;
    let admin = Desk::open(real, None, &["operator.pairing", "operator.admin"]).await;
    let url = Some("wss://gateway.example:18789");
    let senders = seeing.pairing.senders().await;
    let refused = seeing.pairing.setup_code(url, SetupAccess::Limited).await;
    let code = admin.pairing.setup_code(url, SetupAccess::Limited).await;
    match version {
        Version::V2026_5_6 => {
            let command = |text: &str| PairingError::NotOffered { command: Some(text.into()) };
            assert_eq!(senders, Err(command("openclaw pairing list")));
            assert_eq!(refused.unwrap_err(), command("openclaw qr"));
            assert_eq!(code.unwrap_err(), command("openclaw qr"));
        }
        Version::V2026_9_6 => {
            let senders = senders.unwrap();
            assert!(senders.pending.is_empty() && senders.unreadable == 0);
            let refused = refused.unwrap_err();
            assert_eq!(refused.command(), Some("openclaw qr"), "{refused}");
            assert_eq!(refused.code(), "pairing_scope_missing");
            let code = code.unwrap();
            assert!(code.picture.is_some() && code.id.is_some());
            assert_eq!(code.access.as_ref().unwrap().as_str(), "limited");
            assert!(code.expires_at_ms.is_some());
            let nowhere = admin.pairing.setup_code(None, SetupAccess::Full).await;
            assert_eq!(nowhere.unwrap_err().code(), "pairing_failed");
        }
    }
}
