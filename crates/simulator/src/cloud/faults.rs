//! What can go wrong between a bridge and the cloud, on demand.

use std::time::{Duration, Instant};

use axum::extract::ws::Message as Frame;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::RateTable;
use super::link::{Farewell, Link};
use super::rates::Meters;
use super::state::State;

/// One thing that goes wrong; as JSON `{"fault": "drop_socket"}` or `{"fault": …, "with": …}`,
/// durations in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", content = "with", rename_all = "snake_case")]
pub enum Fault {
    /// Cuts every open socket without a close frame.
    DropSocket,
    /// Refuses the next upgrades.
    RefuseSocket {
        /// HTTP status of the refusal.
        status: u16,
        /// How many upgrades are refused.
        times: u32,
    },
    /// Keeps sockets open and accepts new ones, but says nothing on any of them.
    SilenceSocket,
    /// Holds every REST answer back for this much longer.
    Delay(#[serde(with = "milliseconds")] Duration),
    /// Answers the next calls with an error instead of handling them.
    Answer {
        /// Route below `/v1/bridge/` (`pairing/start` and `pairing/poll` for pairing), or `*`.
        route: String,
        /// HTTP status.
        status: u16,
        /// Code in the error envelope.
        code: String,
        /// Wait that the answer asks for, in milliseconds.
        #[serde(default)]
        retry_after_ms: Option<u64>,
        /// How many calls are answered so.
        times: u32,
    },
    /// Closes the connection instead of answering the next calls.
    DropConnection {
        /// Route as in `Answer`, or `*`.
        route: String,
        /// How many calls are cut.
        times: u32,
        /// Whether the cloud has done the work by then.
        when: Cut,
    },
    /// Sends each of the next updates twice.
    DuplicateUpdates(u32),
    /// Revokes the newest installation, as the person does in the settings.
    Revoke,
    /// Puts other rates in force and fills every bucket.
    Rates(RateTable),
    /// Sends a text frame to every connected bridge.
    SendRaw(String),
    /// Sends a binary frame to every connected bridge.
    SendBinary(Vec<u8>),
    /// Lets an interaction expire now.
    ExpireInteraction(String),
    /// Deletes a session without telling the bridge.
    DeleteSession(String),
    /// Ends every lasting fault; rates, revocations and deletions stay.
    Clear,
}

/// When a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// Before the call took effect.
    BeforeApplying,
    /// After the call took effect: only its answer is lost.
    AfterApplying,
}

/// The faults that wait for their next victim.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) delay: Duration,
    pub(super) silent: bool,
    pub(super) duplicates: u32,
    refusals: Option<(u16, u32)>,
    injected: Vec<Waiting>,
}

/// What replaces the ordinary answer of one call.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Injected {
    Answer { status: u16, code: String, retry_after: Option<Duration> },
    Cut(Cut),
}

#[derive(Debug)]
struct Waiting {
    route: String,
    times: u32,
    injected: Injected,
}

impl Faults {
    /// Says with which status the next upgrade is refused, if it is.
    pub(super) fn next_refusal(&mut self) -> Option<u16> {
        let (status, times) = self.refusals?;
        self.refusals = (times > 1).then(|| (status, times - 1));
        (times > 0).then_some(status)
    }

    /// Says what happens to the next call of a route instead of the ordinary.
    pub(super) fn next_for(&mut self, route: &str) -> Option<Injected> {
        self.injected.retain(|waiting| waiting.times > 0);
        let hit = self.injected.iter_mut().find(|it| it.route == "*" || it.route == route)?;
        hit.times -= 1;
        Some(hit.injected.clone())
    }
}

impl State {
    /// Lets something go wrong.
    pub(super) fn fault(&mut self, fault: Fault, now: Instant) {
        match fault {
            Fault::DropSocket => self.every_link(|link| link.end(Farewell::Cut)),
            Fault::RefuseSocket { status, times } => self.faults.refusals = Some((status, times)),
            Fault::SilenceSocket => self.faults.silent = true,
            Fault::Delay(delay) => self.faults.delay = delay,
            Fault::Answer { route, status, code, retry_after_ms, times } => {
                let retry_after = retry_after_ms.map(Duration::from_millis);
                let injected = Injected::Answer { status, code, retry_after };
                self.faults.injected.push(Waiting { route, times, injected });
            }
            Fault::DropConnection { route, times, when } => {
                let injected = Injected::Cut(when);
                self.faults.injected.push(Waiting { route, times, injected });
            }
            Fault::DuplicateUpdates(count) => self.faults.duplicates = count,
            Fault::Revoke => {
                if let Some(id) = self.newest_installation().map(|it| it.id.clone()) {
                    let revoked = self.revoke(&id, now);
                    debug_assert!(revoked.is_ok(), "the installation was there a line ago");
                }
            }
            Fault::Rates(rates) => {
                self.options.rates = rates;
                self.anonymous = Meters::default();
                for installation in &mut self.installations {
                    installation.meters = Meters::default();
                }
            }
            Fault::SendRaw(text) => {
                self.every_link(|link| link.send(Frame::Text(text.as_str().into())));
            }
            Fault::SendBinary(bytes) => {
                self.every_link(|link| link.send(Frame::Binary(bytes.clone().into())));
            }
            Fault::ExpireInteraction(id) => {
                for session in &mut self.sessions {
                    if let Some(interaction) = session.interactions.get_mut(&id) {
                        interaction.expired = true;
                    }
                }
            }
            Fault::DeleteSession(id) => {
                if let Some(session) = self.session(&id) {
                    session.ended = true;
                }
            }
            Fault::Clear => self.faults = Faults::default(),
        }
    }

    fn every_link(&mut self, act: impl Fn(&mut Link)) {
        self.installations.iter_mut().flat_map(|it| it.links.iter_mut()).for_each(act);
    }
}

mod milliseconds {
    use super::{Deserialize, Deserializer, Duration, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fault_hits_its_route_as_often_as_asked_and_no_other() {
        let mut faults = Faults::default();
        let injected = Injected::Cut(Cut::BeforeApplying);
        faults.injected.push(Waiting { route: "sendMessage".into(), times: 2, injected });
        assert_eq!(faults.next_for("createTask"), None);
        for _ in 0..2 {
            assert_eq!(faults.next_for("sendMessage"), Some(Injected::Cut(Cut::BeforeApplying)));
        }
        assert_eq!(faults.next_for("sendMessage"), None);
    }

    #[test]
    fn faults_are_plain_json() {
        for (text, fault) in [
            (json!({"fault": "drop_socket"}), Fault::DropSocket),
            (json!({"fault": "delay", "with": 250}), Fault::Delay(Duration::from_millis(250))),
            (
                json!({"fault": "drop_connection",
                       "with": {"route": "*", "times": 1, "when": "after_applying"}}),
                Fault::DropConnection { route: "*".into(), times: 1, when: Cut::AfterApplying },
            ),
        ] {
            assert_eq!(serde_json::from_value::<Fault>(text).unwrap(), fault);
        }
    }
}
