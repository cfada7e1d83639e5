//! A simulated Sophon Cloud, after `sap.md`: updates until they are acknowledged, and answers to
//! requests with idempotency.

mod devices;
mod opened;
mod phone;
mod requests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use sap::{Update, UpdateId};
use serde_json::Value;

use crate::clock::{MINUTE, Millis};
use crate::secrets::Secrets;

pub(crate) use self::devices::Devices;
pub(crate) use self::phone::{Bubble, Phone};
pub(crate) use self::requests::{error, network, wait};

/// How long an interaction lives.
const INTERACTION_LIFE: Millis = 30 * MINUTE;

/// The cloud.
#[derive(Debug)]
pub(crate) struct Cloud {
    /// What the phone shows.
    pub(crate) phone: Phone,
    /// The keys of encrypted sessions, of which the cloud itself knows nothing.
    pub(crate) secrets: Secrets,
    /// The person's devices.
    pub(crate) devices: Devices,
    /// What the cloud saw that must not happen.
    pub(crate) violations: Vec<String>,
    /// The dialect that opens no bubble with an empty text.
    wants_text: bool,
    updates: Vec<Update>,
    /// How many of the updates are acknowledged.
    acknowledged: usize,
    answers: HashMap<String, (Bytes, Value)>,
    interactions: BTreeMap<String, Interaction>,
    /// Sessions that exist no more.
    gone: BTreeSet<String>,
    /// Sessions of which the bridge has given something up.
    given_up: BTreeSet<String>,
    next: u64,
}

/// One message of the person and what answers it.
#[derive(Debug)]
struct Interaction {
    session: String,
    expires: Millis,
    /// The cloud said so: it takes nothing more.
    is_over: bool,
}

impl Cloud {
    /// Makes a cloud of one dialect or the other.
    pub(crate) fn new(wants_text: bool, secrets: Secrets) -> Self {
        Self {
            phone: Phone::default(),
            secrets,
            devices: Devices::default(),
            violations: Vec::new(),
            wants_text,
            updates: Vec::new(),
            acknowledged: 0,
            answers: HashMap::new(),
            interactions: BTreeMap::new(),
            gone: BTreeSet::new(),
            given_up: BTreeSet::new(),
            next: 0,
        }
    }

    /// Adds an update; returns its place.
    pub(crate) fn announce(&mut self, mut update: Update) -> usize {
        let place = self.updates.len();
        update.id = UpdateId::Number(i64::try_from(place).unwrap());
        self.updates.push(update);
        place
    }

    /// Begins an interaction.
    pub(crate) fn begin_interaction(&mut self, id: &str, session: &str, now: Millis) {
        let (session, expires) = (session.to_owned(), now + INTERACTION_LIFE);
        let interaction = Interaction { session, expires, is_over: false };
        self.interactions.insert(id.to_owned(), interaction);
    }

    /// Lets an interaction end before its time.
    pub(crate) fn expire(&mut self, interaction: &str) {
        if let Some(interaction) = self.interactions.get_mut(interaction) {
            interaction.expires = 0;
        }
    }

    /// The bridge gives something of a session up, because it cannot reach the cloud: that is well
    /// where the cloud would not take it any more.
    pub(crate) fn give_up(&mut self, session: &str, now: Millis) {
        self.given_up.insert(session.to_owned());
        for interaction in self.interactions.values_mut().filter(|i| i.session == session) {
            interaction.is_over |= interaction.expires <= now;
        }
    }

    /// Says whether the bridge gave something of a session up, or it was deleted.
    pub(crate) fn is_given_up(&self, session: &str) -> bool {
        self.is_gone(session) || self.given_up.contains(session)
    }

    /// Deletes a session.
    pub(crate) fn delete(&mut self, session: &str) {
        self.gone.insert(session.to_owned());
    }

    /// Says whether a session was deleted.
    pub(crate) fn is_gone(&self, session: &str) -> bool {
        self.gone.contains(session)
    }

    /// Says whether the cloud refused something of an interaction for good.
    pub(crate) fn refused(&self, interaction: &str) -> bool {
        self.interactions.get(interaction).is_some_and(|interaction| interaction.is_over)
    }

    /// The places of what is to be delivered.
    pub(crate) fn unacknowledged(&self) -> std::ops::Range<usize> {
        self.acknowledged..self.updates.len()
    }

    /// An update by its place.
    pub(crate) fn update(&self, place: usize) -> &Update {
        &self.updates[place]
    }

    /// Takes an acknowledgement, which is one of everything before as well.
    pub(crate) fn acknowledge(&mut self, id: &UpdateId) {
        match id {
            UpdateId::Number(number) => {
                let place = usize::try_from(*number).unwrap();
                self.acknowledged = self.acknowledged.max(place + 1);
            }
            UpdateId::Text(text) => self.violations.push(format!("an unknown ack: {text}")),
        }
    }

    fn fresh(&mut self, prefix: &str) -> String {
        self.next += 1;
        format!("{prefix}_{}", self.next)
    }
}
