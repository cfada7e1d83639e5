//! What is watched while encrypted sessions go on: acknowledgements, messages that wait for a key,
//! devices, and what leaves sealed.

use bridge::Notice;
use bridge::engine::Effect;
use journal::{Change, Row, Table};
use sap::{UpdateId, UpdateKind};
use serde_json::Value;

use super::World;
use super::key_side::Key;
use crate::clock::{Millis, SECOND};
use crate::person::Fate;

/// How long a message waits for its key, less what a process may lose of it by rounding.
const WAIT: Millis = 60 * SECOND - 5;
/// What the keys of waiting messages begin with among the facts.
const LOCKED: &str = "locked ";

impl World {
    /// The messages that waited for a key when a process ended.
    pub(super) fn find_locked(&mut self, rows: &[Row]) {
        let locked = rows.iter().filter(|row| row.table == Table::Facts);
        let locked = locked.filter(|row| row.key.starts_with(LOCKED));
        self.keys.locked = locked.map(|row| (row.key.clone(), waiting(&row.value))).collect();
    }

    /// An acknowledgement leaves.
    pub(super) fn check_ack(&mut self, up_to: &UpdateId) {
        let UpdateId::Number(place) = up_to else { return };
        let place = usize::try_from(*place).unwrap();
        let is_missing = |(_, key): &(&usize, &Key)| !self.keys.kept.contains(*key);
        let missing = self.keys.grants.range(..=place).find(is_missing);
        if let Some((grant, (session, number))) = missing {
            let what =
                format!("update {grant} is acknowledged and key {number} of {session} is not kept");
            self.violation(what);
        }
        let known = self.keys.revocations.range(..=place).map(|(_, device)| device.clone());
        self.keys.revoked.extend(known);
    }

    /// Says whether an update hands a key over.
    pub(super) fn is_grant(&self, id: &UpdateId) -> bool {
        let UpdateId::Number(place) = id else { return false };
        usize::try_from(*place).is_ok_and(|place| self.keys.grants.contains_key(&place))
    }

    /// A request leaves that hands keys over.
    pub(super) fn check_recipients(&mut self, fields: &Value) {
        for recipient in fields["recipients"].as_array().into_iter().flatten() {
            let device = recipient["device_id"].as_str().unwrap_or_default();
            if self.keys.revoked.contains(device) {
                self.violation(format!("{device} is handed a key and is known to be revoked"));
            }
        }
    }

    /// Notes that the bridge is told something that has to do with keys.
    pub(super) fn notice_told(&mut self, place: usize) {
        if let Some(key) = self.keys.grants.get(&place) {
            self.keys.held.insert(key.clone());
        }
    }

    /// Notes what became of messages that waited for a key, and checks what leaves sealed.
    pub(super) fn notice_step(
        &mut self,
        keep: &[Change],
        effects: &[Effect],
        told: Option<&UpdateKind>,
    ) {
        if !self.keys.is_on {
            return;
        }
        let is_stop = matches!(told, Some(UpdateKind::Cancelled { .. } | UpdateKind::SessionEnded));
        let mut given_up = effects.iter().filter(|effect| is_given_up(effect)).count();
        for change in keep {
            match change {
                Change::Put { table: Table::Facts, key, value } if key.starts_with(LOCKED) => {
                    self.keys.locked.insert(key.clone(), waiting(value));
                }
                Change::Remove { table: Table::Facts, key } if key.starts_with(LOCKED) => {
                    let Some(message) = self.keys.locked.remove(key) else { continue };
                    given_up -= usize::from(self.is_decided(&message, is_stop) && given_up > 0);
                }
                Change::Put { table: Table::Updates, .. } => self.notice_device(told),
                Change::Put { .. } | Change::Remove { .. } | Change::Clear => {}
            }
        }
        if given_up > 0 {
            self.violation("a message is given up whose key is here".into());
        }
        for effect in effects {
            if let Effect::Post(dispatch) = effect {
                self.check_seal(&dispatch.route, &dispatch.body);
            }
        }
    }

    /// A message waits no longer; says whether it is given up because its key is not here.
    fn is_decided(&mut self, id: &str, is_stop: bool) -> bool {
        let Some(place) = self.person.messages.iter().position(|message| message.id == id) else {
            return false;
        };
        let message = &mut self.person.messages[place];
        if is_stop {
            message.fate = Fate::Dropped;
            return false;
        }
        let Some(number) = message.key else { return false };
        message.waited = true;
        let has_key = self.keys.held.contains(&(message.session.clone(), number));
        if has_key {
            return false;
        }
        let any = self.keys.holds_any(&message.session);
        message.fate = if any { Fate::Declined } else { Fate::GivenUp };
        if message.told_first.is_none_or(|told| told + WAIT > self.clock.at()) {
            self.violation(format!("{id} is given up too early"));
        }
        true
    }

    /// The bridge takes note of another device: it is to have the keys that are here now.
    fn notice_device(&mut self, told: Option<&UpdateKind>) {
        let Some(UpdateKind::DeviceAdded { device_id, .. }) = told else { return };
        let newest = |session: &str| {
            let number = self.keys.newest(session, &self.cloud)?;
            Some((session.to_owned(), number))
        };
        let is_to_have = self.cloud.secrets.sessions().filter_map(newest).collect();
        if let Some(device) = self.cloud.devices.others.get_mut(device_id.as_str()) {
            device.is_to_have = Some(is_to_have);
        }
    }

    /// What is sealed for the first time is sealed with the key that was handed over last.
    fn check_seal(&mut self, route: &str, body: &[u8]) {
        let fields: Value = serde_json::from_slice(body).unwrap();
        let key = fields["idempotency_key"].as_str().unwrap_or_default();
        if !self.keys.sealed.insert(key.to_owned()) {
            return;
        }
        let session = self.cloud.session_of(&fields);
        let newest = self.keys.newest(&session, &self.cloud);
        match self.cloud.open(route, &fields) {
            Ok(opened) if opened.keys.iter().all(|number| Some(*number) == newest) => {}
            Ok(opened) => self.violation(format!(
                "{route} of {session} is sealed with {:?}, and {newest:?} is the last key",
                opened.keys
            )),
            Err(what) => self.violation(what),
        }
    }
}

/// The message that waits in a row.
fn waiting(row: &[u8]) -> String {
    let row: Value = serde_json::from_slice(row).unwrap();
    row["message"]["id"].as_str().unwrap_or_default().to_owned()
}

/// Says whether a message is given up because no key here opens it.
fn is_given_up(effect: &Effect) -> bool {
    matches!(effect, Effect::Notify(Notice::MessageRefused { why, .. })
        if why.contains("hand over") || why.contains("does not fit"))
}
