//! The keys of encrypted sessions: the phone hands them over, the bridge keeps and uses them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use bridge::Keyring;
use bridge::engine::Input;
use fastrand::Rng;
use sap::{DeviceId, UpdateKind};

use super::World;
use super::happening::Happening;
use crate::clock::{Millis, SECOND};
use crate::cloud::Cloud;
use crate::key_store::KeptKeys;
use crate::schedule::KeyStep;

/// A key by its session and number.
pub(super) type Key = (String, usize);

/// What the bridge has to do with keys in a world.
#[derive(Debug)]
pub(crate) struct KeySide {
    /// Some of the sessions are encrypted.
    pub(super) is_on: bool,
    rng: Rng,
    store: KeptKeys,
    /// What the store holds, and since when it has held any key of a session.
    pub(super) kept: BTreeSet<Key>,
    kept_since: BTreeMap<String, Millis>,
    /// What this process was handed, or found in the store.
    pub(super) held: BTreeSet<Key>,
    /// Updates that hand a key over, and those that revoke a device, by their places.
    pub(super) grants: BTreeMap<usize, Key>,
    pub(super) revocations: BTreeMap<usize, String>,
    /// Devices of which the bridge said that it knows that they are revoked.
    pub(super) revoked: BTreeSet<String>,
    /// The keys that are to be kept next, and whether some are being kept now.
    wish: Option<(u64, Keyring)>,
    is_saving: bool,
    fails_until: Millis,
    /// The messages that wait for a key, by their rows.
    pub(super) locked: BTreeMap<String, String>,
    /// The idempotency keys of what was sealed.
    pub(super) sealed: HashSet<String>,
    /// When the process that lives was connected last.
    connected: Option<Millis>,
}

impl KeySide {
    /// What there is before anything happens.
    pub(super) fn new(is_on: bool, cloud: &Cloud, rng: Rng) -> Self {
        Self {
            is_on,
            rng,
            store: KeptKeys::of(&cloud.secrets),
            kept: BTreeSet::new(),
            kept_since: BTreeMap::new(),
            held: BTreeSet::new(),
            grants: BTreeMap::new(),
            revocations: BTreeMap::new(),
            revoked: BTreeSet::new(),
            wish: None,
            is_saving: false,
            fails_until: 0,
            locked: BTreeMap::new(),
            sealed: HashSet::new(),
            connected: None,
        }
    }

    /// Says whether a process has any key of a session.
    pub(super) fn holds_any(&self, session: &str) -> bool {
        self.held.iter().any(|(of, _)| of == session)
    }

    /// The key of a session that was handed over last, of those that this process has.
    pub(super) fn newest(&self, session: &str, cloud: &Cloud) -> Option<usize> {
        let held = self.held.iter().filter(|(of, _)| of == session).map(|(_, number)| *number);
        held.max_by_key(|number| cloud.secrets.announced(session, *number))
    }
}

impl World {
    /// Says whether the bridge has had a key of a session, where one is needed, since a moment.
    pub(crate) fn can_speak(&self, session: &str, since: Millis) -> bool {
        let is_kept = |kept: &Millis| *kept <= since;
        !self.cloud.secrets.has(session) || self.keys.kept_since.get(session).is_some_and(is_kept)
    }

    /// When the process that lives was connected to the cloud last.
    pub(crate) fn connected(&self) -> Option<Millis> {
        self.keys.connected
    }

    /// A process begins with what is kept.
    pub(super) fn find_keys(&mut self) {
        let keys = &mut self.keys;
        if !keys.is_on {
            return;
        }
        keys.held.clone_from(&keys.kept);
        if let Some(process) = &mut self.process {
            process.engine.hold_keys(keys.store.load(), "Work Mac".into());
        }
    }

    /// A process ends: what it was about to keep is kept or is not.
    pub(super) fn leave_keys(&mut self) {
        let saves = |what: &mut Happening| matches!(what, Happening::KeysSaved { .. });
        let saves: Vec<_> = self.agenda.extract_if(.., |_, what| saves(what)).collect();
        for (_, save) in saves {
            if let Happening::KeysSaved { keyring, .. } = save
                && self.keys.fails_until <= self.clock.at()
                && self.keys.rng.bool()
            {
                self.keep_keys(&keyring);
            }
        }
        let keys = &mut self.keys;
        (keys.wish, keys.is_saving, keys.connected) = (None, false, None);
        keys.held.clear();
    }

    /// The cloud's socket is there.
    pub(super) fn cloud_is_up(&mut self) {
        if self.keys.is_on {
            self.keys.connected = Some(self.clock.at());
            self.feed(Input::CloudUp);
        }
    }

    /// A step that has to do with keys.
    pub(super) fn key_step(&mut self, step: KeyStep) {
        match step {
            KeyStep::Change { session } => self.cloud.secrets.change(&super::doings::name(session)),
            KeyStep::HandOver { session, back } => {
                let session = super::doings::name(session);
                self.hand_over(&session, self.cloud.secrets.back(&session, back));
            }
            KeyStep::AddDevice { device, is_bridge } => {
                let kind = self.cloud.devices.add(&id(device), is_bridge, &mut self.keys.rng);
                self.announce("", None, kind);
            }
            KeyStep::RevokeDevice { device } => {
                let place = self.cloud.unacknowledged().end;
                let Some(known) = self.cloud.devices.others.get_mut(&id(device)) else { return };
                known.revoked = Some(place);
                self.keys.revocations.insert(place, id(device));
                let device_id = DeviceId::new(id(device));
                self.announce("", None, UpdateKind::DeviceRevoked { device_id });
            }
            KeyStep::RequestsFail { time } => {
                self.rest_away = self.rest_away.max(self.clock.at() + time);
            }
            KeyStep::StoreFails { time } => {
                let until = self.clock.at() + time;
                self.keys.fails_until = self.keys.fails_until.max(until);
            }
        }
    }

    /// Nothing goes wrong any more: the phone hands over what it never did.
    pub(super) fn calm_keys(&mut self) {
        self.keys.fails_until = 0;
        let sessions: Vec<String> = self.cloud.secrets.sessions().map(str::to_owned).collect();
        for session in sessions {
            for number in 0..self.cloud.secrets.count(&session) {
                if self.cloud.secrets.announced(&session, number).is_none() {
                    self.hand_over(&session, number);
                }
            }
        }
    }

    fn hand_over(&mut self, session: &str, number: usize) {
        let place = self.cloud.unacknowledged().end;
        let kind = self.cloud.secrets.announce(session, number, place);
        self.keys.grants.insert(place, (session.to_owned(), number));
        self.announce(session, None, kind);
    }

    /// What the person writes in an encrypted session, as it travels: under the key that the phone
    /// chose last, or a moment ago; now and then somebody else writes there who has none.
    pub(super) fn draw_key(&mut self, session: &str) -> Option<usize> {
        let had = self.person.messages.iter().any(|m| m.session == session && m.key.is_some());
        let is_exposed = self.keys.rng.u8(..100) < 5 && had;
        let back = usize::from(self.keys.rng.u8(..100) < 20);
        (!is_exposed).then(|| self.cloud.secrets.back(session, back))
    }

    /// The bridge wants its keys kept.
    pub(super) fn wants_keys_kept(&mut self, number: u64, keyring: Keyring) {
        if self.keys.wish.as_ref().is_some_and(|(last, _)| *last >= number) {
            self.violation(format!("keys are to be kept as number {number} after a later one"));
        }
        self.keys.wish = Some((number, keyring));
        if !self.keys.is_saving {
            self.save_keys(0);
        }
    }

    fn save_keys(&mut self, after: Millis) {
        let Some((number, keyring)) = self.keys.wish.clone() else { return };
        self.keys.is_saving = true;
        let most = [2, 50, SECOND, 20 * SECOND][self.keys.rng.usize(..4)];
        let at = self.clock.at() + after + self.keys.rng.u64(..=most);
        self.plan(at, Happening::KeysSaved { life: self.life, number, keyring });
    }

    /// The store kept the keys, or could not.
    pub(super) fn keys_saved(&mut self, life: u32, number: u64, keyring: &Keyring) {
        if life != self.life || self.process.is_none() {
            return;
        }
        if self.clock.at() < self.keys.fails_until {
            let after = self.keys.rng.u64(SECOND..=60 * SECOND);
            self.save_keys(after);
            return self.feed(Input::KeysKept(Err("the keychain is locked".into())));
        }
        self.keep_keys(keyring);
        self.keys.is_saving = false;
        if self.keys.wish.as_ref().is_some_and(|(wished, _)| *wished > number) {
            self.save_keys(0);
        }
        self.feed(Input::KeysKept(Ok(number)));
    }

    fn keep_keys(&mut self, keyring: &Keyring) {
        let now = self.clock.at();
        self.keys.store.keep(keyring);
        let kept = self.keys.store.numbers(&self.cloud.secrets);
        for (session, number) in self.keys.kept.clone() {
            if !kept.contains(&(session.clone(), number)) {
                self.violation(format!("key {number} of {session} is kept no longer"));
            }
        }
        for (session, _) in &kept {
            self.keys.kept_since.entry(session.clone()).or_insert(now);
        }
        self.keys.kept = kept;
    }
}

fn id(device: usize) -> String {
    format!("dev_{device}")
}
