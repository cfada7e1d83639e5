//! How a simulated gateway behaves.

use std::fmt;
use std::time::Duration;

/// A generation of the gateway's wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// Protocol 3, as version 2026.5.6 speaks it.
    Older,
    /// Protocol 4, as version 2026.9.6 speaks it.
    Newer,
}

impl Generation {
    /// The only protocol number that this generation accepts.
    pub fn protocol(self) -> u64 {
        match self {
            Self::Older => 3,
            Self::Newer => 4,
        }
    }

    /// The version that a gateway of this generation names in its greeting.
    pub fn version(self) -> &'static str {
        match self {
            Self::Older => "2026.5.6",
            Self::Newer => "2026.9.6",
        }
    }

    pub(super) fn is_newer(self) -> bool {
        self == Self::Newer
    }
}

/// How a simulated gateway behaves; the default is a newer one that asks before it runs a command.
#[derive(Clone)]
pub struct GatewayOptions {
    /// Generation whose frames, order and quirks it shows.
    pub generation: Generation,
    /// The shared token.
    pub token: String,
    /// Time between two `tick` events.
    pub tick_every: Duration,
    /// A command needs its owner's approval unless it was allowed always before.
    pub exec_needs_approval: bool,
    /// Approvals of commands offer `allow-always`.
    pub allow_always: bool,
    /// How long an approval waits for a decision.
    pub approval_ttl: Duration,
    /// The older generation runs a command whose approval expired, as it does with
    /// `security: "full"`; the newer generation never does.
    pub unanswered_runs: bool,
    /// Devices are issued a token of their own, and may connect with it.
    pub device_tokens: bool,
    /// Unknown devices with the shared token are paired at once; otherwise they wait for an
    /// approval.
    pub auto_pairing: bool,
    /// Where phones find it; without it, it is only on this computer, and makes no codes for them.
    pub public_url: Option<String>,
    /// Pause between the words of the scripts that do not say otherwise.
    pub word_pause: Duration,
    /// Pause before a failed model is asked again.
    pub retry_pause: Duration,
    /// How many times a model is asked that keeps failing in a way that may pass.
    pub attempts: u32,
}

impl Default for GatewayOptions {
    fn default() -> Self {
        Self {
            generation: Generation::Newer,
            token: "simulated-gateway-token".to_owned(),
            tick_every: Duration::from_secs(30),
            exec_needs_approval: true,
            allow_always: true,
            approval_ttl: Duration::from_secs(30 * 60),
            unanswered_runs: false,
            device_tokens: true,
            auto_pairing: true,
            public_url: None,
            word_pause: Duration::from_millis(2),
            retry_pause: Duration::from_millis(100),
            attempts: 3,
        }
    }
}

impl GatewayOptions {
    /// The defaults, for a generation.
    pub fn of(generation: Generation) -> Self {
        Self { generation, ..Self::default() }
    }
}

impl fmt::Debug for GatewayOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayOptions")
            .field("generation", &self.generation)
            .field("tick_every", &self.tick_every)
            .field("exec_needs_approval", &self.exec_needs_approval)
            .field("allow_always", &self.allow_always)
            .field("approval_ttl", &self.approval_ttl)
            .finish_non_exhaustive()
    }
}
