//! The gateway's configuration file, which people write by hand.

#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use openclaw::{DiscoveryError, discover};

fuzz_target!(|bytes: &[u8]| {
    let folder = fuzz::folder();
    fs::write(folder.path().join("openclaw.json"), bytes).expect("a file");
    match discover(folder.path()) {
        Ok(found) => {
            let url = found.url.as_url();
            assert!(url.port_or_known_default().is_some_and(|port| port != 0));
            assert_eq!(url.host_str(), Some("localhost"), "it is on this computer");
            let shown = format!("{found:?}");
            let is_shown = |token: &str| token.len() >= 20 && shown.contains(token);
            let token = found.token.as_ref().map(secrecy::ExposeSecret::expose_secret);
            assert!(!token.is_some_and(is_shown), "a secret is never shown");
        }
        Err(error @ DiscoveryError::Malformed { .. }) => {
            assert!(error.to_string().len() < 300, "the file is not quoted");
        }
        Err(error @ (DiscoveryError::TokenElsewhere { .. } | DiscoveryError::OtherMode { .. })) => {
            assert!(!error.remedy().is_empty())
        }
        Err(
            error @ (DiscoveryError::NotInitialised { .. } | DiscoveryError::Unreadable { .. }),
        ) => panic!("the file is there: {error}"),
    }
});
