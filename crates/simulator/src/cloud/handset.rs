//! The person's phones, as tests have them: they make the keys of sessions, hand them out, and
//! read what comes. The cloud behind them sees ciphertext only.

mod reading;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::cipher::{ContentKey, DeviceKey, PublicKey};
use super::devices::{Granted, Joining};
use super::encryption::{Forgery, Grant};
use super::person::PersonError;
use super::server::Shared;
use super::session::Session;
use super::state::{NewUpdate, State};

pub(super) use reading::Opened;

/// All phones of the person.
#[derive(Default)]
pub(super) struct Handset {
    /// The first is in the person's hand, the others joined later.
    phones: Vec<Phone>,
    chats: BTreeMap<String, Chat>,
}

struct Phone {
    id: String,
    key: DeviceKey,
    /// Keys by session, the newest last.
    keys: BTreeMap<String, Vec<ContentKey>>,
    /// How many grants of the cloud it has looked at.
    seen: usize,
}

/// An encrypted session.
struct Chat {
    grant: Grant,
    /// Devices that were handed the newest key.
    handed: BTreeSet<String>,
    opened: Opened,
}

impl Handset {
    /// Makes a new key for a session, which is encrypted from then on.
    pub(super) fn make_key(
        &mut self,
        state: &mut State,
        session_id: &str,
        grant: Grant,
        now: Instant,
    ) -> Result<(), PersonError> {
        if self.phones.is_empty() {
            self.join(state, "Phone", now);
        }
        state.start_session(session_id, now)?;
        let key = ContentKey::generate();
        let (own, others) = self.phones.split_at_mut(1);
        for phone in others {
            if !state.has_device(&phone.id) {
                continue;
            }
            let granted = granted(&phone.key.public(), &key, session_id, &phone.id);
            state.grant_key(granted.ok_or(PersonError::MalformedKey)?, now)?;
        }
        state.encrypt_session(session_id)?;
        own.iter_mut().for_each(|phone| phone.learn(session_id, key));
        let chat = self.chats.entry(session_id.to_owned()).or_insert_with(Chat::new);
        chat.hand_anew(grant);
        Ok(())
    }

    /// Hands the newest key of a session to the bridge, in this way.
    pub(super) fn hand(&mut self, session_id: &str, grant: Grant) -> Result<(), PersonError> {
        self.chats.get_mut(session_id).ok_or(PersonError::PlainSession)?.hand_anew(grant);
        Ok(())
    }

    /// Lets another phone join, and returns its device id.
    pub(super) fn join(&mut self, state: &mut State, label: &str, now: Instant) -> String {
        let key = DeviceKey::generate();
        let pubkey = key.public().hex();
        let id = state.join(&Joining { pubkey: &pubkey, label, platform: "ios" }, now);
        let seen = state.grants.len();
        self.phones.push(Phone { id: id.clone(), key, keys: BTreeMap::new(), seen });
        id
    }

    /// Seals a message for a session; none where the session is not encrypted.
    pub(super) fn seal(&self, session_id: &str, text: &str) -> Option<String> {
        Some(self.newest_key(session_id)?.seal(&format!("messages/{session_id}"), text))
    }

    /// Seals a message as nobody who holds the session's key would.
    pub(super) fn forge(&self, session_id: &str, text: &str, forgery: Forgery) -> Option<String> {
        let path = format!("messages/{session_id}");
        let key = self.newest_key(session_id)?;
        Some(match forgery {
            Forgery::Changed => altered(&key.seal(&path, text), |bytes| {
                if let Some(last) = bytes.last_mut() {
                    *last ^= 1;
                }
            }),
            Forgery::OtherKey => ContentKey::generate().seal(&path, text),
            Forgery::OtherContent => key.seal(&format!("tasks/{session_id}"), text),
            Forgery::OtherVersion => altered(&key.seal(&path, text), |bytes| bytes[0] = 9),
            Forgery::Cut => altered(&key.seal(&path, text), |bytes| bytes.truncate(20)),
            Forgery::NotBase64 => format!("{}!", key.seal(&path, text)),
        })
    }

    /// Returns what the phone in the person's hand reads of a session.
    pub(super) fn opened(&self, session_id: &str) -> Option<&Opened> {
        self.chats.get(session_id).map(|chat| &chat.opened)
    }

    /// Says whether a phone holds the newest key of a session.
    pub(super) fn holds_key(&self, device_id: &str, session_id: &str) -> bool {
        let holder = self.phones.iter().find(|phone| phone.id == device_id);
        let held = holder.and_then(|phone| phone.keys.get(session_id));
        let newest = self.newest_key(session_id);
        held.zip(newest).is_some_and(|(held, newest)| held.contains(newest))
    }

    /// Takes keys that came, hands out those that are due, and reads what is new; says whether
    /// anything left for a bridge.
    pub(super) fn tend(&mut self, state: &mut State, now: Instant) -> bool {
        if self.phones.is_empty() {
            return false;
        }
        self.take_keys(state);
        let handed = self.hand_out(state, now);
        self.read(state);
        handed
    }

    fn take_keys(&mut self, state: &mut State) {
        let mut problems = Vec::new();
        for (at, phone) in self.phones.iter_mut().enumerate() {
            for granted in &state.grants[phone.seen..] {
                let session_id = &granted.session_id;
                if granted.device_id != phone.id {
                    continue;
                }
                match phone.key.open_grant(&granted.wrapped_session_key) {
                    Ok(key) if at == 0 => {
                        phone.learn_of_another(session_id, key);
                        // Who granted it has it.
                        let bridge = bridge_of(state, session_id).map(|bridge| bridge.device_id);
                        self.chats.entry(session_id.clone()).or_insert_with(|| Chat {
                            handed: bridge.into_iter().collect(),
                            ..Chat::new()
                        });
                    }
                    Ok(key) => phone.learn(session_id, key),
                    Err(error) => {
                        problems.push(format!("recipients: the key of {session_id} {error}"));
                    }
                }
            }
            phone.seen = state.grants.len();
        }
        problems.into_iter().for_each(|problem| state.violation(problem));
    }

    fn hand_out(&mut self, state: &mut State, now: Instant) -> bool {
        let Some(phone) = self.phones.first() else { return false };
        let mut handed = false;
        for (session_id, chat) in &mut self.chats {
            let Some(key) = phone.newest(session_id) else { continue };
            let Some(bridge) = bridge_of(state, session_id) else { continue };
            if chat.grant == Grant::Later || !chat.handed.insert(bridge.device_id.clone()) {
                continue;
            }
            let outcome = bridge.hand(state, session_id, key, chat.grant, phone, now);
            handed |= outcome.is_ok();
            if let Err(error) = outcome {
                state.violation(format!("devices: no key can be sealed for a bridge: {error}"));
            }
        }
        handed
    }

    fn read(&mut self, state: &mut State) {
        let Some(phone) = self.phones.first() else { return };
        let mut problems = Vec::new();
        for session in &state.sessions {
            let Some(chat) = self.chats.get_mut(&session.id) else { continue };
            let keys = phone.keys.get(&session.id).map_or(&[][..], Vec::as_slice);
            chat.opened.read(session, keys, &mut problems);
        }
        problems.into_iter().for_each(|problem| state.violation(problem));
    }

    fn newest_key(&self, session_id: &str) -> Option<&ContentKey> {
        self.phones.first()?.newest(session_id)
    }
}

impl Phone {
    fn newest(&self, session_id: &str) -> Option<&ContentKey> {
        self.keys.get(session_id)?.last()
    }

    /// Takes a key that is newer than those it has.
    fn learn(&mut self, session_id: &str, key: ContentKey) {
        let keys = self.keys.entry(session_id.to_owned()).or_default();
        if !keys.contains(&key) {
            keys.push(key);
        }
    }

    /// Takes a key that another device made: this phone's own, if any, are newer.
    fn learn_of_another(&mut self, session_id: &str, key: ContentKey) {
        let keys = self.keys.entry(session_id.to_owned()).or_default();
        if !keys.contains(&key) {
            keys.insert(0, key);
        }
    }
}

impl Chat {
    fn new() -> Self {
        Self { grant: Grant::Now, handed: BTreeSet::new(), opened: Opened::default() }
    }

    fn hand_anew(&mut self, grant: Grant) {
        self.grant = grant;
        self.handed.clear();
    }
}

/// The bridge that a session belongs to.
struct Bridge {
    installation_id: String,
    device_id: String,
    key: PublicKey,
}

fn bridge_of(state: &State, session_id: &str) -> Option<Bridge> {
    let is_it = |session: &&Session| session.id == session_id && !session.ended;
    let installation_id = state.sessions.iter().find(is_it)?.installation_id.clone();
    let device = state.bridge_device(&installation_id)?;
    let (device_id, key) = (device.id.clone(), PublicKey::parse(&device.pubkey)?);
    Some(Bridge { installation_id, device_id, key })
}

impl Bridge {
    fn hand(
        &self,
        state: &mut State,
        session_id: &str,
        key: &ContentKey,
        grant: Grant,
        phone: &Phone,
        now: Instant,
    ) -> Result<(), PersonError> {
        let stranger = DeviceKey::generate().public();
        let (recipient, device_id) = match grant {
            Grant::Now | Grant::Later => (self.key, &self.device_id),
            Grant::SealedForAnother => (stranger, &self.device_id),
            Grant::AddressedToAnother => (phone.key.public(), &phone.id),
        };
        let granted = granted(&recipient, key, session_id, device_id);
        let granted = granted.ok_or(PersonError::MalformedKey)?;
        if grant != Grant::AddressedToAnother {
            return state.grant_key(granted, now).map(drop);
        }
        // A cloud that tells everybody what concerns one.
        let payload = json!({"session_id": session_id, "device_id": granted.device_id,
                             "wrapped_session_key": granted.wrapped_session_key});
        let kind = "session_key_granted";
        let update = NewUpdate { kind, session_id: None, interaction_id: None, payload };
        state.publish(&self.installation_id, update, now);
        Ok(())
    }
}

fn granted(
    recipient: &PublicKey,
    key: &ContentKey,
    session_id: &str,
    device_id: &str,
) -> Option<Granted> {
    Some(Granted {
        session_id: session_id.to_owned(),
        device_id: device_id.to_owned(),
        wrapped_session_key: recipient.grant(key)?,
    })
}

fn altered(envelope: &str, alter: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = STANDARD.decode(envelope).unwrap_or_default();
    alter(&mut bytes);
    STANDARD.encode(bytes)
}

/// Takes the phones; a test that fails while it holds them is no reason to fail everywhere.
pub(super) fn lock(handset: &Mutex<Handset>) -> MutexGuard<'_, Handset> {
    handset.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps the phones awake: a bridge that registers gets its keys at once.
pub(super) async fn stay_awake(shared: Arc<Shared>, handset: Arc<Mutex<Handset>>) {
    let mut changes = shared.changes.subscribe();
    loop {
        changes.mark_unchanged();
        shared.tend(&handset);
        tokio::select! {
            () = shared.stopping.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return },
        }
    }
}

impl Shared {
    fn tend(&self, handset: &Mutex<Handset>) {
        let now = Instant::now();
        let handed = self.quietly(|state| lock(handset).tend(state, now));
        if handed {
            self.changes.send_replace(());
        }
    }
}
