//! The standing connection while it is there: what it tells, and what it is asked for.

use std::sync::Arc;

use openclaw::pairing::{Devices, Nodes, Pairing, PairingError, Senders};
use openclaw::{DeviceId, Disconnected, Event, Events, Hello, PAIRING_SCOPES};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Attention;
use super::book::List;
use super::errand::{Reached, reach};
use super::rounds::Rounds;
use crate::KeyStore;
use crate::links::Lead;
use crate::links::finding::Trouble;
use crate::links::identity::own_device;

/// A connection, its events, and the lists that it is asked for.
pub(super) struct Line {
    pub(super) pairing: Pairing,
    pub(super) rounds: Rounds,
    pub(super) since: Instant,
    /// The devices were listed over it: it is up.
    pub(super) is_proven: bool,
    events: Events,
    lists: JoinSet<Listing>,
}

/// What a connection brings.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "each is taken up at once")]
pub(super) enum Heard {
    Event(Event),
    Ended(Disconnected),
    Listing(Listing),
}

/// The answer to a question for a list.
#[derive(Debug)]
pub(super) struct Listing {
    /// Moment of the question.
    pub(super) begun: u64,
    pub(super) listed: Listed,
}

/// A list, or why there is none.
#[derive(Debug)]
pub(super) enum Listed {
    /// With this installation's own device, where it was looked for and there is one.
    Devices(Result<Devices, PairingError>, Option<DeviceId>),
    Nodes(Result<Nodes, PairingError>),
    Senders(Result<Senders, PairingError>),
}

/// Dials, and looks which device is this installation's own.
pub(super) async fn dial(
    lead: Lead,
    keys: Arc<dyn KeyStore>,
) -> (Result<Reached, Trouble>, Option<DeviceId>) {
    let reached = reach(&lead, &PAIRING_SCOPES).await;
    (reached, look_for_own(keys.as_ref()).await)
}

async fn look_for_own(keys: &dyn KeyStore) -> Option<DeviceId> {
    own_device(keys).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "which device is this installation's own cannot be told");
        None
    })
}

impl Line {
    /// Takes a connection over, and tells its greeting.
    pub(super) fn new(reached: Reached) -> (Self, Hello) {
        let Reached { hello, pairing, events } = reached;
        let (rounds, lists) = (Rounds::default(), JoinSet::new());
        let since = Instant::now();
        (Self { pairing, rounds, since, is_proven: false, events, lists }, hello)
    }

    /// Waits for what comes next: events first, as they may be older than a list. Cancel-safe.
    pub(super) async fn next(&mut self) -> Heard {
        tokio::select! {
            biased;
            event = self.events.next() => match event {
                Ok(event) => Heard::Event(event),
                Err(ended) => Heard::Ended(ended),
            },
            Some(Ok(listing)) = self.lists.join_next() => Heard::Listing(listing),
        }
    }

    /// Takes an event that is there already.
    pub(super) async fn event_at_hand(&mut self) -> Option<Event> {
        tokio::select! {
            biased;
            // How the connection ended is told again.
            event = self.events.next() => event.ok(),
            () = std::future::ready(()) => None,
        }
    }

    /// Asks for the lists that are due; `moment` names the moment of a question. Looks into the keys
    /// again where this installation's own device is not known: it has none before its first start.
    pub(super) fn ask(
        &mut self,
        attention: Attention,
        keys: Option<&Arc<dyn KeyStore>>,
        mut moment: impl FnMut() -> u64,
    ) {
        let now = Instant::now();
        for list in self.rounds.due(attention, now) {
            self.rounds.begin(list, now);
            let (pairing, begun, keys) = (self.pairing.clone(), moment(), keys.cloned());
            self.lists.spawn(async move {
                let listed = match list {
                    List::Devices => {
                        let own = match &keys {
                            Some(keys) => look_for_own(keys.as_ref()).await,
                            None => None,
                        };
                        Listed::Devices(pairing.devices().await, own)
                    }
                    List::Nodes => Listed::Nodes(pairing.nodes().await),
                    List::Senders => Listed::Senders(pairing.senders().await),
                };
                Listing { begun, listed }
            });
        }
    }
}
