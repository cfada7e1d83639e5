//! What a terminal, or a later start, asks the running program for, and what it answers.

use std::time::Duration;

use bridge::AccessError;
use bridge::request_key::is_approval_key;
use serde::{Deserialize, Serialize};

use crate::sentence::sentence;
use crate::{Access, By, DeviceAct, Outcome, PastRequest, Pending, Slot, Verdict};

/// A question to the running program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Ask {
    /// Nothing: only whether it is there.
    Greet,
    /// That it opens its window.
    Open,
    /// The tray's menu as text.
    Menu,
    /// What waits for a person.
    Pending,
    /// What was decided.
    History,
    /// Who may use the gateways, and who asks to.
    Access,
    /// That it answers a request.
    Decide {
        /// Key of the request.
        key: String,
        /// The answer.
        verdict: Verdict,
        /// Whether to tell a person who is let in (senders).
        notify: bool,
        /// Digest of the request that the person was shown; none where nothing was shown.
        seen: Option<String>,
    },
    /// That it does something to a device.
    Device {
        /// Installation whose gateway it is; none: whichever knows the device.
        slot: Option<Slot>,
        /// Fingerprint of its key.
        device: String,
        /// What to do.
        act: DeviceAct,
    },
    /// Which installations it has.
    Installations,
}

impl Ask {
    /// Says whether an answer takes what the gateway lists of devices, nodes and senders.
    pub fn concerns_gateway(&self) -> bool {
        match self {
            Self::Decide { key, .. } => !is_approval_key(key),
            Self::Access | Self::Device { .. } => true,
            Self::Greet
            | Self::Open
            | Self::Menu
            | Self::Pending
            | Self::History
            | Self::Installations => false,
        }
    }
}

/// What the running program answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// A text for people.
    Text {
        /// The text.
        text: String,
    },
    /// What waits for a person.
    Pending {
        /// Requests, oldest first.
        requests: Vec<Pending>,
        /// Whether the gateways were asked for devices and senders, one for each installation.
        gateways: Vec<Access>,
    },
    /// What was decided.
    History {
        /// Requests, newest first.
        requests: Vec<PastRequest>,
    },
    /// Who may use the gateways, and who asks to.
    Access {
        /// One for each installation.
        gateways: Vec<Access>,
        /// Requests of devices, nodes and senders, oldest first.
        requests: Vec<Pending>,
    },
    /// What was wanted is done, and the gateway confirmed it.
    Done {
        /// What was done, as sentences.
        what: String,
    },
    /// What was wanted is not done.
    Refused(Refusal),
    /// Which installations it has.
    Installations {
        /// One for each, oldest first.
        installations: Vec<InstallationSummary>,
    },
}

/// Why something is not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What happened, as a stable word.
    pub code: String,
    /// What happened, as a sentence.
    pub what: String,
    /// What to do now, as a sentence.
    pub remedy: Option<String>,
}

/// An installation of this computer, in a few words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallationSummary {
    /// Its number, which never changes.
    pub slot: Slot,
    /// Name that the phone shows.
    pub name: String,
    /// Id at the cloud; none while it is not paired.
    pub id: Option<String>,
    /// Cloud that it is paired with.
    pub cloud: String,
    /// Address of its gateway; none: as OpenClaw's own configuration says.
    pub gateway: Option<String>,
    /// How it stands.
    pub state: InstallationState,
}

/// How an installation stands, as a stable word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstallationState {
    /// What is stored of it is being read.
    Starting,
    /// Its secrets cannot be read.
    Locked,
    /// It is not paired.
    Unpaired,
    /// It is being paired.
    Pairing,
    /// A person wants it to stay away.
    Paused,
    /// The cloud no longer takes it.
    Revoked,
    /// Its bridge has stopped.
    Stopped,
    /// A side is being connected, and none is known to be away.
    Connecting,
    /// The cloud is away.
    CloudDown,
    /// The gateway is away.
    GatewayDown,
    /// Both sides are connected.
    Connected,
}

impl Ask {
    /// How long the answer may take.
    pub fn patience(&self) -> Duration {
        match self {
            Self::Greet | Self::Open | Self::Menu => Duration::from_secs(5),
            Self::Pending
            | Self::History
            | Self::Access
            | Self::Decide { .. }
            | Self::Device { .. }
            | Self::Installations => Duration::from_secs(40),
        }
    }
}

impl Answer {
    /// Says what became of an answer that a person gave here to a request.
    pub fn to_verdict(verdict: Verdict, outcome: &Outcome) -> Self {
        let (code, what) = match (verdict, outcome) {
            (Verdict::AllowOnce, Outcome::Allowed { always: false, by: By::Computer })
            | (Verdict::AllowAlways, Outcome::Allowed { always: true, by: By::Computer })
            | (Verdict::Allow, Outcome::Allowed { by: By::Computer, .. })
            | (Verdict::Deny, Outcome::Denied { by: By::Computer }) => {
                return Self::Done { what: format!("It {}.", outcome.words()) };
            }
            (Verdict::AllowAlways, Outcome::Allowed { always: false, by: By::Computer }) => {
                let what = "It was allowed this once only: OpenClaw asks again the next time.";
                ("only_once", what.to_owned())
            }
            (_, Outcome::Expired) => ("expired", "Nobody answered in time: it expired.".to_owned()),
            (_, Outcome::Gone) => ("gone", "Nobody waits for an answer any more.".to_owned()),
            (_, Outcome::Failed { why }) => ("failed", sentence(why)),
            (_, Outcome::Allowed { .. } | Outcome::Denied { .. } | Outcome::Decided) => {
                ("decided_elsewhere", format!("It {} already.", outcome.words()))
            }
        };
        Self::Refused(Refusal { code: code.to_owned(), what, remedy: None })
    }
}

impl Outcome {
    /// Says what became of a request, as the end of a sentence that begins with it.
    pub fn words(&self) -> String {
        match self {
            Self::Allowed { always: false, by } => format!("was allowed {}", by.words()),
            Self::Allowed { always: true, by } => format!("was allowed for good {}", by.words()),
            Self::Denied { by } => format!("was denied {}", by.words()),
            Self::Decided => "was decided elsewhere".to_owned(),
            Self::Expired => "expired".to_owned(),
            Self::Gone => "was withdrawn".to_owned(),
            Self::Failed { why } => format!("failed: {}", why.trim_end_matches('.')),
        }
    }
}

impl By {
    fn words(self) -> &'static str {
        match self {
            Self::Computer => "at this computer",
            Self::Phone => "at the phone",
            Self::Elsewhere => "elsewhere",
        }
    }
}

impl Refusal {
    /// A refusal; `what` is a sentence fragment.
    pub fn new(code: &str, what: &str, remedy: Option<&str>) -> Self {
        let remedy = remedy.map(str::to_owned);
        Self { code: code.to_owned(), what: sentence(what), remedy }
    }
}

impl From<AccessError> for Refusal {
    fn from(error: AccessError) -> Self {
        Self { remedy: error.remedy.clone(), ..Self::new(error.code, &error.what, None) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_decides_second_is_told_what_the_first_decided() {
        let first = Outcome::Denied { by: By::Phone };
        let Answer::Refused(refusal) = Answer::to_verdict(Verdict::AllowOnce, &first) else {
            panic!("it counts as done")
        };
        assert_eq!(refusal.code, "decided_elsewhere");
        assert_eq!(refusal.what, "It was denied at the phone already.");
    }

    #[test]
    fn an_answer_is_done_only_as_it_was_given() {
        let once = Outcome::Allowed { always: false, by: By::Computer };
        let done = Answer::to_verdict(Verdict::AllowOnce, &once);
        assert_eq!(done, Answer::Done { what: "It was allowed at this computer.".to_owned() });
        let other = Answer::to_verdict(Verdict::AllowAlways, &once);
        let Answer::Refused(refusal) = other else { panic!("it counts as done") };
        assert_eq!(refusal.code, "only_once");
    }
}
