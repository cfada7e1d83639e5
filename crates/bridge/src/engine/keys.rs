//! The keys of encrypted sessions: who hands them over, to whom they are handed on, and that no
//! grant is acknowledged before its key is kept.

use sap::sealed::{
    ContentKey, DeviceKey, DevicePublicKey, GrantSessionKey, OpenError, Recipient, RegisterDevice,
    SealedGrant,
};
use sap::{Call, DeviceId, Outgoing, SessionId, UpdateId};

use super::act::{Post, TurnId};
use super::clock::Now;
use super::{Effect, Engine};
use crate::{CloudKeys, Keyring, Notice};

/// What kind of device this program is, in the cloud's words; such a one is given no keys by
/// another of its kind (`sap.md`, §5).
const BRIDGE: &str = "bridge";

/// Longest name of a device that is shown, in characters.
const MAX_LABEL: usize = 64;

/// What the engine knows of keys.
#[derive(Debug, Default)]
pub(super) struct Keys {
    device: Option<DeviceKey>,
    /// Name of this computer, as the person sees it in the list of devices.
    label: Option<String>,
    /// Id of this computer among the devices, once the cloud has said it.
    own_id: Option<DeviceId>,
    keyring: Keyring,
    /// How often the keyring changed, and up to which change it is kept.
    changes: u64,
    kept: u64,
    /// What is to be acknowledged once the keyring is kept.
    owed: Option<UpdateId>,
    is_failing: bool,
}

/// Why a message of an encrypted session cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// There is no key of the session here.
    NoKey,
    /// None of the keys here fits.
    WrongKey,
    /// It is no envelope, so no key will ever fit.
    Never(OpenError),
}

impl Keys {
    /// Reads a message of an encrypted session.
    pub(super) fn open(&self, session: &SessionId, envelope: &str) -> Result<String, Unreadable> {
        let mut why = Unreadable::NoKey;
        for key in self.keyring.of(session) {
            match key.messages(session).open(envelope) {
                Ok(text) => return Ok(text.to_string()),
                Err(error) if error.may_want_another_key() => why = Unreadable::WrongKey,
                Err(error) => return Err(Unreadable::Never(error)),
            }
        }
        Err(why)
    }

    /// The key with which something new of a session is sealed.
    pub(super) fn newest(&self, session: &SessionId) -> Option<&ContentKey> {
        self.keyring.newest(session)
    }
}

impl Engine {
    /// Gives the engine the keys of this computer, which the person knows by `label`.
    pub fn hold_keys(&mut self, keys: CloudKeys, label: String) {
        let CloudKeys { device, keyring } = keys;
        self.keys = Keys { device: Some(device), label: Some(label), keyring, ..Keys::default() };
        // Who has a key for a session encrypts it, whatever else is remembered of it.
        let held: Vec<SessionId> = self.keys.keyring.iter().map(|(it, _)| it.clone()).collect();
        for session in held {
            self.encrypt(&session);
        }
    }

    /// The cloud is there: it learns for which key others seal what this computer may read.
    pub(super) fn register_device(&mut self, now: Now) {
        let Some(device) = &self.keys.device else { return };
        let call = RegisterDevice { pubkey: device.public(), label: self.keys.label.clone() };
        let post = Post::Ready(Call::RegisterDevice(call));
        self.outbox.push(&nowhere(), TurnId::NONE, post, now.instant);
    }

    /// The cloud says which device this computer is.
    pub(super) fn device_registered(&mut self, device: DeviceId) {
        self.keys.own_id = Some(device);
    }

    /// Another device hands over the key of a session.
    pub(super) fn key_granted(
        &mut self,
        session: &SessionId,
        device: Option<&DeviceId>,
        grant: &SealedGrant,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        let Some(own) = &self.keys.device else { return };
        let key = match own.open_grant(grant.as_str()) {
            Ok(key) => key,
            Err(error) => {
                let is_ours = device.is_none() || device == self.keys.own_id.as_ref();
                return tracing::warn!(%session, is_ours, %error, "a session key cannot be opened");
            }
        };
        if !self.keys.keyring.hold(session, key) {
            return tracing::debug!(%session, "a session key came that is held already");
        }
        tracing::info!(%session, "the phone handed over the key of an encrypted session");
        self.keys.changes += 1;
        effects.push(Effect::KeepKeys(self.keys.changes, self.keys.keyring.clone()));
        self.encrypt(session);
        self.read_locked(session, now, effects);
    }

    /// The person has another device: it is given the keys of all sessions.
    pub(super) fn device_added(
        &mut self,
        device: &DeviceId,
        pubkey: &DevicePublicKey,
        label: Option<String>,
        platform: Option<&str>,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        if platform == Some(BRIDGE) || Some(device) == self.keys.own_id.as_ref() {
            return;
        }
        for (session_id, key) in self.keys.keyring.iter() {
            let wrapped_session_key = match pubkey.seal(key) {
                Ok(sealed) => sealed,
                Err(error) => return tracing::warn!(%device, %error, "a device gets no keys"),
            };
            let recipient = Recipient { device_id: device.clone(), wrapped_session_key };
            let grant = GrantSessionKey {
                recipients: vec![recipient],
                wrapped_by_device_id: self.keys.own_id.clone(),
            };
            let call = Call::GrantSessionKey { session_id: session_id.clone(), grant };
            self.outbox.push(session_id, TurnId::NONE, Post::Ready(call), now.instant);
        }
        let sessions = self.keys.keyring.iter().count();
        if sessions > 0 {
            let label = label.map(|label| visible(&label));
            effects.push(Effect::Notify(Notice::KeysHandedOn { label, sessions }));
        }
    }

    /// A device is the person's no more.
    pub(super) fn device_revoked(&mut self, device: &DeviceId) {
        self.outbox.forget_device(device);
    }

    /// From now on nothing of this session leaves in plain text.
    pub(super) fn encrypt(&mut self, session: &SessionId) {
        if !self.outbox.is_encrypted(session) {
            self.keep_encrypted(session);
        }
        self.outbox.encrypt(session, self.keys.newest(session).cloned());
    }

    /// The keyring was kept up to this change, or could not be.
    pub(super) fn keys_kept(&mut self, kept: Result<u64, String>, effects: &mut Vec<Effect>) {
        let was_failing = std::mem::replace(&mut self.keys.is_failing, kept.is_err());
        match kept {
            Ok(change) => {
                self.keys.kept = self.keys.kept.max(change);
                if self.are_keys_kept()
                    && let Some(up_to) = self.keys.owed.take()
                {
                    effects.push(Effect::Cloud(Outgoing::Ack { up_to }));
                }
            }
            Err(why) if !was_failing => {
                effects.push(Effect::Notify(Notice::KeysUnkept { why }));
            }
            Err(_) => {}
        }
    }

    /// Says whether the keyring is kept as it is.
    pub(super) fn are_keys_kept(&self) -> bool {
        self.keys.kept == self.keys.changes
    }

    /// Acknowledges an update and everything before it; later, while a key among it is not kept.
    pub(super) fn acknowledge(&mut self, up_to: UpdateId, effects: &mut Vec<Effect>) {
        if self.are_keys_kept() {
            effects.push(Effect::Cloud(Outgoing::Ack { up_to }));
        } else {
            self.keys.owed = Some(up_to);
        }
    }
}

/// A device's name, fit for a line of a terminal or a log.
fn visible(label: &str) -> String {
    label.chars().filter(|c| !crate::host_label::is_invisible(*c)).take(MAX_LABEL).collect()
}

/// Stands for the session of what belongs to none.
fn nowhere() -> SessionId {
    SessionId::new("")
}
