use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::RateTable;

/// Which of the two known forms of the wire the cloud speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// The documented form: poll tokens, `paired`, ids as text, no empty text in `sendMessage`.
    #[default]
    Documented,
    /// The form of the published npm bridge: long polls by code, `claimed`, ids as integers.
    Npm,
}

/// How a simulated cloud behaves.
#[derive(Clone, Debug)]
pub struct CloudOptions {
    /// Form of the wire.
    pub dialect: Dialect,
    /// Rate buckets of every installation.
    pub rates: RateTable,
    /// How long every REST answer is held back, as a distant server would.
    pub round_trip: Duration,
    /// How long a pairing code lives.
    pub pairing_ttl: Duration,
    /// Time between two pings.
    pub ping_every: Duration,
    /// How fast a pong must follow its ping.
    pub pong_within: Duration,
    /// After how long an update that nobody acknowledged is sent again.
    pub resend_after: Duration,
    /// How long an update that nobody acknowledged is kept.
    pub update_ttl: Duration,
    /// How long after the person's message an interaction accepts answers.
    pub interaction_ttl: Duration,
    /// Whether a pairing is approved as soon as it starts, without the page.
    pub auto_approve_pairing: bool,
}

impl Default for CloudOptions {
    fn default() -> Self {
        Self {
            dialect: Dialect::default(),
            rates: RateTable::default(),
            round_trip: Duration::ZERO,
            pairing_ttl: Duration::from_secs(120),
            ping_every: Duration::from_secs(25),
            pong_within: Duration::from_secs(10),
            resend_after: Duration::from_secs(5),
            update_ttl: Duration::from_secs(5 * 60),
            interaction_ttl: Duration::from_secs(30 * 60),
            auto_approve_pairing: false,
        }
    }
}
