use gatewaylab::{GatewayOptions, LabMessenger, Version};
use openclaw::PAIRING_SCOPES;
use openclaw::pairing::{Notification, PairingError};

use super::side::{Desk, RealSide};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_to_the_current_gateway_is_listed_approved_or_dismissed() {
    let messenger = LabMessenger::start().await.unwrap();
    let mut options = GatewayOptions::new(Version::V2026_9_6);
    (options.with_channels, options.extra) = (true, messenger.config());
    let real = RealSide::start(options).await;
    let desk = Desk::open(&real, None, &PAIRING_SCOPES).await;
    let [alice, bob] = [7_001, 7_002];
    messenger.write(alice, "Ali\u{202e}ce", "hello");
    messenger.write(bob, "Bob", "hello");
    let senders = desk.senders(2).await;
    assert_eq!((senders.unreadable, senders.accounts.len()), (0, 1));
    let of = |person: u64| {
        let mut pending = senders.pending.iter();
        pending.find(|request| request.sender.as_str() == person.to_string()).unwrap()
    };
    let request = of(alice);
    let account = (request.account.channel.as_str(), request.account.account.as_str());
    assert_eq!(account, (LabMessenger::CHANNEL, "default"));
    assert!(request.details.iter().any(|(_, detail)| detail.as_str() == "Ali\u{202e}ce"));
    let lifetime = request.expires_at_ms.unwrap() - request.asked_at_ms.unwrap();
    assert_eq!(lifetime, 3_600_000);

    let notification = desk.pairing.approve_sender(request, true).await.unwrap();
    assert_eq!(notification, Notification::Sent);
    assert!(messenger.sent_to(alice).iter().any(|text| text.contains("approved")));
    let again = desk.pairing.approve_sender(request, true).await;
    assert_eq!(again, Err(PairingError::Gone));
    desk.pairing.dismiss_sender(of(bob)).await.unwrap();
    assert_eq!(desk.pairing.dismiss_sender(of(bob)).await, Err(PairingError::Gone));
    assert!(desk.senders(0).await.pending.is_empty());
    real.frames_are_valid().await;
}
