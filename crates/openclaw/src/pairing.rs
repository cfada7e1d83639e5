//! Who may join: devices and nodes of the gateway, unknown senders of its channels, and codes for
//! setting up a phone.
//!
//! What a gateway tells of them was mostly said by strangers. It is kept as it came, control
//! characters too, but bounded; whoever shows it has to make it harmless.

mod change;
mod client;
mod command;
mod device;
mod error;
mod event;
mod foreign;
mod node;
mod sender;
mod setup;

pub use change::Change;
pub use client::Pairing;
pub use device::{DeviceRequest, DeviceToken, Devices, PairedDevice, RotatedToken};
pub use error::PairingError;
pub(crate) use event::read as read_event;
pub use event::{PairingEvent, Subject, Verdict};
pub use foreign::{ForeignList, ForeignText, Introduction};
pub use node::{NodeRequest, Nodes, PairedNode};
pub use sender::{Notification, SenderAccount, SenderRequest, Senders};
pub use setup::{SetupAccess, SetupCode, SetupOutcome};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::any_json::any_json;

    /// How many of this character follow each other at most.
    fn longest_run(of: char, text: &str) -> usize {
        text.split(|c| c != of).map(str::len).max().unwrap_or(0)
    }

    proptest! {
        #[test]
        fn any_answer_is_read_without_panic(answer in any_json()) {
            Devices::parse(&answer);
            Nodes::parse(&answer);
            Senders::parse(&answer);
            SetupCode::parse(&answer);
        }

        #[test]
        fn every_entry_of_a_list_is_read_or_counted(
            pending in prop::collection::vec(any_json(), 0..6),
            paired in prop::collection::vec(any_json(), 0..6),
        ) {
            let total = pending.len() + paired.len();
            let answer = json!({"pending": pending, "paired": paired});
            let devices = Devices::parse(&answer).unwrap();
            prop_assert_eq!(devices.pending.len() + devices.paired.len() + devices.unreadable, total);
            let nodes = Nodes::parse(&answer).unwrap();
            prop_assert_eq!(nodes.pending.len() + nodes.paired.len() + nodes.unreadable, total);
            let answer = json!({"requests": pending, "accounts": paired});
            let senders = Senders::parse(&answer).unwrap();
            let read = senders.pending.len() + senders.accounts.len();
            prop_assert_eq!(read + senders.unreadable, total);
        }

        #[test]
        fn nothing_that_was_read_is_long(
            field in prop::sample::select(vec!["requestId", "deviceId", "displayName", "platform",
                "deviceFamily", "clientId", "clientMode", "role", "remoteIp", "browserOrigin"]),
            length in 0usize..100_000,
            strange in any_json(),
        ) {
            let mut request = json!({"requestId": "r", "deviceId": "d", "ts": 1, "scopes": strange});
            request[field] = Value::from("#".repeat(length));
            let shown = format!("{:?}", DeviceRequest::parse(&request));
            prop_assert!(longest_run('#', &shown) <= 256, "{}", shown);
        }
    }
}
