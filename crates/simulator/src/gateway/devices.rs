//! The devices that the gateway knows, and those that wait for its owner.

use serde_json::{Value, json};

use super::ids::{device_token, now_ms, uuid};
use super::{Generation, PairingReason};

/// How long a pending request waits, in milliseconds.
const PENDING_TTL_MS: u64 = 300_000;
/// Age from which the newer generation takes an idle record with the same names for an older
/// installation, in milliseconds.
const SUPERSEDED_AFTER_MS: u64 = 60_000;

/// The role of whoever asks for scopes; a node has none.
pub(super) const OPERATOR: &str = "operator";

/// What a connection says about its device.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Profile {
    pub(super) id: String,
    pub(super) public_key: String,
    pub(super) display_name: Option<String>,
    pub(super) platform: String,
    pub(super) client_id: String,
    pub(super) client_mode: String,
    pub(super) role: String,
    pub(super) scopes: Vec<String>,
    /// Address that it comes from, where it is not this computer.
    pub(super) remote_ip: Option<String>,
}

impl Profile {
    /// Reads it from connect parameters with a verified device.
    pub(super) fn of(params: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let client = &params["client"];
        let scopes = params["scopes"].as_array();
        Self {
            id: text(&params["device"]["id"]),
            public_key: text(&params["device"]["publicKey"]),
            display_name: client["displayName"].as_str().map(str::to_owned),
            platform: text(&client["platform"]).trim().to_lowercase(),
            client_id: text(&client["id"]),
            client_mode: text(&client["mode"]),
            role: OPERATOR.to_owned(),
            remote_ip: None,
            scopes: scopes.map_or_else(Vec::new, |scopes| scopes.iter().map(text).collect()),
        }
    }

    fn describe(&self) -> Value {
        let mut description = json!({
            "deviceId": self.id,
            "publicKey": self.public_key,
            "displayName": self.display_name,
            "platform": self.platform,
            "clientId": self.client_id,
            "clientMode": self.client_mode,
            "role": self.role,
            "roles": [self.role],
            "scopes": self.scopes,
        });
        if let Some(address) = &self.remote_ip {
            description["remoteIp"] = address.as_str().into();
        }
        description
    }
}

/// A paired device.
pub(super) struct Device {
    pub(super) profile: Profile,
    /// Its token; absent after a revocation.
    pub(super) token: Option<String>,
    pub(super) issued_at_ms: u64,
    revoked_at_ms: Option<u64>,
    pub(super) label: Option<String>,
    approved_silently: bool,
    created_at_ms: u64,
    approved_at_ms: u64,
}

/// A device that waits for its owner.
pub(super) struct PendingDevice {
    pub(super) request_id: String,
    pub(super) profile: Profile,
    at_ms: u64,
    /// When it asked last; it is forgotten so long after that.
    refreshed_at_ms: u64,
    is_repair: bool,
}

impl PendingDevice {
    pub(super) fn describe(&self) -> Value {
        let mut description = self.profile.describe();
        description["requestId"] = self.request_id.as_str().into();
        description["silent"] = false.into();
        description["isRepair"] = self.is_repair.into();
        description["ts"] = self.at_ms.into();
        description
    }
}

/// A question that a device asked.
#[derive(Debug, PartialEq)]
pub(super) struct Asked {
    pub(super) request_id: String,
    pub(super) is_new: bool,
    /// Earlier questions whose place it took.
    pub(super) superseded: Vec<String>,
}

/// The devices that the gateway knows, and those that wait for its owner. They outlive a restart.
#[derive(Default)]
pub(super) struct Devices {
    paired: Vec<Device>,
    pending: Vec<PendingDevice>,
}

impl Devices {
    pub(super) fn paired(&self, id: &str) -> Option<&Device> {
        self.paired.iter().find(|device| device.profile.id == id)
    }

    pub(super) fn paired_mut(&mut self, id: &str) -> Option<&mut Device> {
        self.paired.iter_mut().find(|device| device.profile.id == id)
    }

    /// Pairs a device, or gives it what it now asks for as well; its token changes.
    pub(super) fn pair(&mut self, mut profile: Profile, silently: bool) -> &mut Device {
        let now = now_ms();
        for scope in self.paired(&profile.id).map_or(&[][..], |known| &known.profile.scopes) {
            if !profile.scopes.contains(scope) {
                profile.scopes.push(scope.clone());
            }
        }
        let created_at_ms = self.paired(&profile.id).map_or(now, |device| device.created_at_ms);
        let label = self.paired(&profile.id).and_then(|device| device.label.clone());
        self.pending.retain(|pending| pending.profile.id != profile.id);
        self.paired.retain(|device| device.profile.id != profile.id);
        self.paired.push(Device {
            profile,
            token: Some(device_token()),
            issued_at_ms: now,
            revoked_at_ms: None,
            label,
            approved_silently: silently,
            created_at_ms,
            approved_at_ms: now,
        });
        let last = self.paired.len() - 1;
        &mut self.paired[last]
    }

    /// Forgets what looks like older installations of the same client: idle, silently paired
    /// records with the same names. Nobody is told.
    pub(super) fn supersede(&mut self, newcomer: &Profile, connected: &[String]) {
        let now = now_ms();
        self.paired.retain(|device| {
            let same = device.profile.client_id == newcomer.client_id
                && device.profile.client_mode == newcomer.client_mode
                && device.profile.display_name == newcomer.display_name
                && device.profile.id != newcomer.id;
            let old = now.saturating_sub(device.approved_at_ms) > SUPERSEDED_AFTER_MS;
            let idle = !connected.contains(&device.profile.id);
            !(same && old && idle && device.approved_silently)
        });
    }

    /// Records that a device asks since this time; an unchanged question keeps its id, and another
    /// one includes what the device asked for before.
    pub(super) fn ask(&mut self, mut profile: Profile, at_ms: u64, by: Generation) -> Asked {
        self.expire();
        let known = self.pending.iter_mut().find(|pending| {
            let subset = profile.scopes.iter().all(|s| pending.profile.scopes.contains(s));
            let same = pending.profile.scopes == profile.scopes;
            pending.profile.id == profile.id && (same || by.is_newer() && subset)
        });
        if let Some(known) = known {
            if by.is_newer() {
                known.refreshed_at_ms = at_ms;
            }
            let request_id = known.request_id.clone();
            return Asked { request_id, is_new: false, superseded: Vec::new() };
        }
        let mut superseded = Vec::new();
        for before in self.pending.extract_if(.., |pending| pending.profile.id == profile.id) {
            superseded.push(before.request_id);
            for scope in before.profile.scopes {
                if !profile.scopes.contains(&scope) {
                    profile.scopes.push(scope);
                }
            }
        }
        let request_id = uuid();
        let is_repair = self.paired(&profile.id).is_some();
        self.pending.push(PendingDevice {
            request_id: request_id.clone(),
            profile,
            at_ms,
            refreshed_at_ms: at_ms,
            is_repair,
        });
        Asked { request_id, is_new: true, superseded }
    }

    pub(super) fn pending(&mut self) -> &[PendingDevice] {
        self.expire();
        &self.pending
    }

    pub(super) fn take_pending(&mut self, request_id: &str) -> Option<PendingDevice> {
        self.expire();
        let index = self.pending.iter().position(|pending| pending.request_id == request_id)?;
        Some(self.pending.remove(index))
    }

    pub(super) fn remove(&mut self, id: &str) -> bool {
        let before = self.paired.len();
        self.paired.retain(|device| device.profile.id != id);
        self.pending.retain(|pending| pending.profile.id != id);
        self.paired.len() < before
    }

    /// Lists the paired devices, only one of them if so asked.
    pub(super) fn describe_paired(
        &self,
        generation: Generation,
        only: Option<&str>,
        connected: &[String],
    ) -> Vec<Value> {
        let shown = |device: &&Device| only.is_none_or(|id| id == device.profile.id);
        self.paired
            .iter()
            .filter(shown)
            .map(|device| device.describe(generation, connected))
            .collect()
    }

    fn expire(&mut self) {
        let now = now_ms();
        self.pending.retain(|pending| now.saturating_sub(pending.refreshed_at_ms) < PENDING_TTL_MS);
    }
}

impl Device {
    pub(super) fn describe(&self, generation: Generation, connected: &[String]) -> Value {
        let mut description = self.profile.describe();
        description["createdAtMs"] = self.created_at_ms.into();
        description["approvedAtMs"] = self.approved_at_ms.into();
        let mut token = json!({
            "role": self.profile.role,
            "scopes": sorted(&self.profile.scopes),
            "createdAtMs": self.created_at_ms,
        });
        if self.issued_at_ms > self.created_at_ms {
            token["rotatedAtMs"] = self.issued_at_ms.into();
        }
        if let Some(revoked_at_ms) = self.revoked_at_ms {
            token["revokedAtMs"] = revoked_at_ms.into();
        }
        description["tokens"] = json!([token]);
        if generation.is_newer() {
            let via = if self.approved_silently { "silent" } else { "owner" };
            description["approvedVia"] = via.into();
            description["connected"] = connected.contains(&self.profile.id).into();
            if let Some(label) = &self.label {
                description["operatorLabel"] = label.as_str().into();
            }
        }
        description
    }

    /// Gives the device another token.
    pub(super) fn rotate(&mut self) -> &str {
        self.issued_at_ms = now_ms();
        self.revoked_at_ms = None;
        self.token.insert(device_token())
    }

    /// Makes the device's token void; tells when.
    pub(super) fn revoke(&mut self) -> u64 {
        self.token = None;
        *self.revoked_at_ms.get_or_insert_with(now_ms)
    }

    /// Tells why the device may not simply connect like this.
    pub(super) fn objection(&self, profile: &Profile) -> Option<PairingReason> {
        if profile.platform != self.profile.platform {
            return Some(PairingReason::MetadataUpgrade);
        }
        if self.revoked_at_ms.is_some() {
            return Some(PairingReason::RoleUpgrade);
        }
        let holds = |scope: &String| self.profile.scopes.contains(scope);
        (!profile.scopes.iter().all(holds)).then_some(PairingReason::ScopeUpgrade)
    }
}

/// Sorts scopes as the gateway stores them.
pub(super) fn sorted(scopes: &[String]) -> Vec<String> {
    let mut scopes = scopes.to_vec();
    scopes.sort();
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(id: &str, scopes: &[&str]) -> Profile {
        Profile {
            id: id.to_owned(),
            public_key: String::new(),
            display_name: Some("Desk".to_owned()),
            platform: "linux".to_owned(),
            client_id: "gateway-client".to_owned(),
            client_mode: "ui".to_owned(),
            role: OPERATOR.to_owned(),
            remote_ip: None,
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        }
    }

    #[test]
    fn an_unchanged_question_keeps_its_id_and_a_smaller_one_only_on_the_newer_generation() {
        for (generation, same) in [(Generation::Older, false), (Generation::Newer, true)] {
            let mut devices = Devices::default();
            let mut ask = |scopes: &[&str]| devices.ask(profile("a", scopes), now_ms(), generation);
            let first = ask(&["r", "w"]);
            assert!(first.is_new);
            let again = ask(&["r", "w"]);
            assert_eq!((&again.request_id, again.is_new), (&first.request_id, false));
            assert_eq!(ask(&["r"]).request_id == first.request_id, same);
            assert_eq!(devices.pending().len(), 1);
        }
    }

    #[test]
    fn a_larger_question_takes_the_place_of_the_one_before_and_includes_it() {
        let mut devices = Devices::default();
        let first = devices.ask(profile("a", &["r"]), now_ms(), Generation::Newer);
        let second = devices.ask(profile("a", &["w"]), now_ms(), Generation::Newer);
        assert_eq!(second.superseded, [first.request_id]);
        assert_eq!(devices.pending()[0].profile.scopes, ["w", "r"]);
    }

    #[test]
    fn a_question_is_forgotten_after_five_minutes_that_only_the_newer_generation_counts_anew() {
        for (generation, is_anew) in [(Generation::Older, false), (Generation::Newer, true)] {
            let mut devices = Devices::default();
            let (first, again) = (now_ms() - 1_000, now_ms());
            devices.ask(profile("a", &["r"]), first, generation);
            devices.ask(profile("a", &["r"]), again, generation);
            let counts_from = devices.pending()[0].refreshed_at_ms;
            assert_eq!(counts_from, if is_anew { again } else { first });
            devices.ask(profile("b", &["r"]), now_ms() - PENDING_TTL_MS, generation);
            assert!(devices.pending().iter().all(|pending| pending.profile.id != "b"));
        }
    }

    #[test]
    fn every_approval_changes_the_token() {
        let mut devices = Devices::default();
        let first = devices.pair(profile("a", &["r"]), true).token.clone();
        let second = devices.pair(profile("a", &["r", "w"]), false).token.clone();
        assert_ne!(first, second);
        assert_eq!(devices.describe_paired(Generation::Newer, None, &[]).len(), 1);
    }

    #[test]
    fn an_idle_twin_is_forgotten_after_a_minute_unless_it_is_connected() {
        let mut devices = Devices::default();
        devices.pair(profile("old", &["r"]), true);
        devices.supersede(&profile("new", &["r"]), &[]);
        assert!(devices.paired("old").is_some(), "younger than a minute");
        devices.paired[0].approved_at_ms -= SUPERSEDED_AFTER_MS + 1;
        devices.supersede(&profile("new", &["r"]), &["old".to_owned()]);
        assert!(devices.paired("old").is_some(), "connected");
        devices.supersede(&profile("new", &["r"]), &[]);
        assert!(devices.paired("old").is_none());
    }
}
