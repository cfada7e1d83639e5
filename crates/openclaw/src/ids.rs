//! Identifiers as the wire spells them.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps the identifier as the wire spells it.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// Borrows the identifier as the wire spells it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

text_id! {
    /// Names a run; for a run that we asked for it is our idempotency key.
    RunId;
    /// Names a session in its canonical form, `agent:<agent>:<key>` in lower case.
    SessionKey;
    /// Names a tool call of a run.
    ToolCallId;
    /// Names a device or a node: the fingerprint of its key.
    DeviceId;
    /// Names a request that waits for a decision: of a device, a node or a sender.
    RequestId;
    /// Names a role of a device: `operator`, `node`, or one to come.
    DeviceRole;
}

impl SessionKey {
    /// Builds the canonical form; only this one is understood alike by every call of both
    /// generations.
    pub fn canonical(agent: &str, key: &str) -> Self {
        Self(format!("agent:{agent}:{key}").to_lowercase())
    }

    /// Reads the agent that the session belongs to; none when the key is not canonical.
    pub fn agent(&self) -> Option<&str> {
        let (agent, _) = self.0.strip_prefix("agent:")?.split_once(':')?;
        (!agent.is_empty()).then_some(agent)
    }
}

impl RunId {
    /// Reads the approval whose decision this run continues (`exec-approval-followup:<id>`, the
    /// older generation's way to go on after a decision).
    pub fn follows_approval(&self) -> Option<&str> {
        self.0.strip_prefix("exec-approval-followup:")
    }
}
