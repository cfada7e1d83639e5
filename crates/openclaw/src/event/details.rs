use serde::{Deserialize, Serialize};

/// What a gateway knows about an [`Approval`](crate::Approval) beyond what is asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApprovalDetails {
    /// The gateway is of the newer generation: what `allow-always` leaves behind differs.
    pub is_newer: bool,
    /// Agent that asks, and whose rules the decision becomes one of.
    pub agent: Option<String>,
    /// Plugin that asks.
    pub plugin: Option<String>,
    /// Program that the command would start, or the first of them, as the gateway found it.
    pub binary: Option<String>,
    /// When the policy in force asks: `always`, `on-miss` or `off`.
    pub ask: Option<String>,
    /// How many commands the command line has; none if it could not be taken apart.
    pub commands: Option<u64>,
    /// How many more stand inside those.
    pub nested_commands: u64,
    /// Names of the environment variables that the agent sets for the command.
    pub environment: Vec<String>,
    /// A node is bound to run the command line as it was asked for.
    pub is_bound: bool,
    /// What the decision reaches.
    pub scope: Option<ApprovalScope>,
}

/// What a decision reaches, as whoever asks declares it (newer generation).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalScope {
    /// `allow-always` lets one automation run this one command.
    StandingGrant {
        /// Name of the automation.
        automation: String,
        /// How many days that lasts; none: until it is revoked.
        days: Option<u64>,
    },
    /// A message is sent.
    Message {
        /// Through what.
        target: String,
        /// To how many.
        recipients: u64,
        /// Some of them by name.
        named: Vec<String>,
        /// `internal` or `external`.
        audience: Option<String>,
    },
    /// Money is paid.
    Payment {
        /// How much, as a decimal number.
        amount: String,
        /// In which currency.
        currency: String,
        /// To whom, or through what.
        target: String,
    },
    /// Something is published.
    Post {
        /// Where.
        target: String,
        /// Everybody can see it.
        is_public: bool,
    },
}
