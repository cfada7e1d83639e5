//! The bridge at work: what it says, and what a person does with it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use bridge::{
    AccessAct, AccessDone, AccessError, AccessSnapshot, Attention, Installation, Link, Notice,
    Settings, Snapshot,
};
use cli::{Claim, Failure, Hold, InstallationKeys, OtherBridgeWatch, sentence};
use control::{PastRequest, Pending, Slot, past, pending};
use dial::Dialer;
use tokio::sync::watch;

use super::fitness::Fitness;
use super::other_bridge::OtherNews;
use super::{After, Phase, Seat};
use crate::clock::to_ms;
use crate::shell::Topic;
use crate::view::{Beat, Pulse};

/// The bridge, and what was heard of it.
pub struct Carrying {
    installation: Installation,
    hold: Hold,
    others: OtherBridgeWatch,
    /// What a person should know about the journal.
    remark: Option<String>,
    gateway: String,
    watching: watch::Receiver<Snapshot>,
    watching_access: watch::Receiver<AccessSnapshot>,
    access_changed: bool,
    attention: Attention,
    heard: VecDeque<Notice>,
    pub(in crate::controller) snapshot: Snapshot,
    pub(in crate::controller) access: AccessSnapshot,
    /// What waits for a person.
    pub(in crate::controller) pending: Vec<Pending>,
    pub(super) fitness: Fitness,
    /// What the gateway said last, also when it has gone.
    pub(super) gateway_version: Option<String>,
    other_news: OtherNews,
}

impl Carrying {
    pub(super) async fn start(
        slot: Slot,
        settings: Settings,
        dialer: Dialer,
        keys: Arc<InstallationKeys>,
        claim: Claim,
        gateway: String,
    ) -> Result<Self, Failure> {
        let installation_id = settings.token.installation_id();
        let Claim { journal, hold, remark } = claim;
        let installation = Installation::start(settings, dialer, keys, journal).await;
        let installation = installation.map_err(|error| {
            let remedy = error.remedy().unwrap_or("Start Sophon again.");
            Failure::fatal(sentence(&error.to_string()), remedy)
        })?;
        let mut watching = installation.snapshot();
        let snapshot = watching.borrow_and_update().clone();
        let mut watching_access = installation.access();
        let access = watching_access.borrow_and_update().clone();
        let pending = pending(slot, &snapshot, &access);
        Ok(Self {
            installation,
            hold,
            others: OtherBridgeWatch::start(installation_id),
            remark,
            gateway,
            watching,
            watching_access,
            access_changed: false,
            attention: Attention::Off,
            heard: VecDeque::new(),
            snapshot,
            access,
            pending,
            fitness: Fitness::new(),
            gateway_version: None,
            other_news: OtherNews::default(),
        })
    }

    /// Ends when there is something new; it is taken by the loop.
    pub(super) async fn changed(&mut self) {
        tokio::select! {
            Some(notice) = self.installation.next_notice() => self.heard.push_back(notice),
            Ok(()) = self.watching.changed() => {}
            Ok(()) = self.watching_access.changed() => self.access_changed = true,
            _ = self.others.changed() => {}
            // A bridge that has ended says nothing more.
            else => std::future::pending().await,
        }
    }

    pub(super) async fn stop(self) {
        let Self { installation, hold, .. } = self;
        installation.stop().await;
        drop(hold);
    }

    /// What a person should know as long as it is at work.
    pub(in crate::controller) fn remarks(&self) -> impl Iterator<Item = String> {
        let other = self.others.found();
        let other = other.map(|other| format!("{} {}", other.what(), other.remedy()));
        self.remark.clone().into_iter().chain(other)
    }

    pub(in crate::controller) fn decide(&self, approval: String, decision: openclaw::Decision) {
        tokio::spawn(self.installation.decide(approval, decision));
    }

    pub(in crate::controller) fn act(
        &self,
        act: AccessAct,
    ) -> impl Future<Output = Result<AccessDone, AccessError>> + Send + use<> {
        self.installation.act(act)
    }

    /// Says how much anybody cares who may use the gateway.
    pub(super) fn attend(&mut self, attention: Attention) {
        if std::mem::replace(&mut self.attention, attention) != attention {
            self.installation.attend(attention);
        }
    }

    /// What tells its gateway from others, as far as that was known when it was started.
    pub(in crate::controller) fn gateway(&self) -> &str {
        &self.gateway
    }

    /// Looks at once whether the npm bridge carries the installation as well.
    pub(super) fn look_for_others(&self) {
        self.others.look_again();
    }

    pub(super) fn retry_now(&self) {
        self.installation.retry_now();
    }

    fn pulse(&self, slot: Slot) -> Pulse {
        let pulse = self.installation.pulse();
        let beat = |beat: bridge::Beat| Beat {
            heard_at_ms: to_ms(beat.heard),
            round_trip_ms: beat.round_trip.map(|trip| trip.as_secs_f64() * 1000.0),
        };
        Pulse { slot, cloud: pulse.cloud.map(beat), gateway: pulse.gateway.map(beat) }
    }
}

impl fmt::Debug for Carrying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carrying").finish_non_exhaustive()
    }
}

impl Phase {
    /// The bridge, where it is at work.
    pub(super) fn carrying(&self) -> Option<&Carrying> {
        match self {
            Self::Carrying(carrying) => Some(carrying),
            Self::Opening
            | Self::Locked { .. }
            | Self::Claiming(_)
            | Self::Starting
            | Self::Unpaired { .. }
            | Self::Pairing(_)
            | Self::Stopping(_)
            | Self::Paused
            | Self::Revoked
            | Self::Over => None,
        }
    }
}

impl Seat {
    /// Takes what the bridge has said.
    pub(in crate::controller) fn follow_bridge(&mut self) {
        let Phase::Carrying(carrying) = &mut self.phase else { return };
        let before = Arc::clone(&carrying.snapshot.approvals);
        // What else woke the loop may have come with a change of who may use the gateway.
        let access_changed = std::mem::take(&mut carrying.access_changed)
            || carrying.watching_access.has_changed().unwrap_or(false);
        carrying.snapshot = carrying.watching.borrow_and_update().clone();
        carrying.access = carrying.watching_access.borrow_and_update().clone();
        if access_changed || !Arc::ptr_eq(&before, &carrying.snapshot.approvals) {
            carrying.pending = pending(self.slot, &carrying.snapshot, &carrying.access);
        }
        if let Link::Up { peer: Some(version), .. } = &carrying.snapshot.gateway {
            carrying.gateway_version = Some(version.clone());
        }
        self.history = Arc::clone(&carrying.snapshot.history);
        self.know_own_device();
        let Phase::Carrying(carrying) = &mut self.phase else { return };
        let heard = std::mem::take(&mut carrying.heard);
        let other = carrying.other_news.of(carrying.others.found());
        self.look_at_health();
        for notice in heard {
            self.hear(notice);
        }
        if let Some(other) = other {
            tracing::warn!(?other, "the npm bridge carries this installation as well");
            let text = format!("{} {}", other.what(), other.remedy());
            self.tell(Topic::Health(self.slot), "Two bridges carry this computer", text);
        }
    }

    pub(in crate::controller) fn pause(&mut self) {
        if self.stop_before(After::Pause) {
            self.stored.paused = true;
            self.remember();
        }
    }

    pub(in crate::controller) fn resume(&mut self) {
        let next = match self.phase {
            Phase::Paused => None,
            Phase::Stopping(After::Pause) => Some(Phase::Stopping(After::Carry)),
            Phase::Claiming(After::Pause) => Some(Phase::Claiming(After::Carry)),
            Phase::Opening
            | Phase::Locked { .. }
            | Phase::Unpaired { .. }
            | Phase::Pairing(_)
            | Phase::Claiming(_)
            | Phase::Starting
            | Phase::Carrying(_)
            | Phase::Stopping(_)
            | Phase::Revoked
            | Phase::Over => return,
        };
        self.stored.paused = false;
        self.remember();
        match next {
            Some(phase) => self.phase = phase,
            None => self.carry(),
        }
    }

    /// Tries again now what waits for its next try.
    pub(in crate::controller) fn retry_now(&mut self) {
        if matches!(self.phase, Phase::Locked { .. }) {
            self.open();
        } else if let Some(carrying) = self.phase.carrying() {
            carrying.retry_now();
        }
    }

    /// Ends when the bridge has something to say.
    pub(in crate::controller) async fn changed(&mut self) {
        if let Phase::Carrying(carrying) = &mut self.phase {
            carrying.changed().await;
        } else {
            std::future::pending().await
        }
    }

    /// The bridge, where it is at work.
    pub(in crate::controller) fn carrying(&self) -> Option<&Carrying> {
        self.phase.carrying()
    }

    /// What waits for a person.
    pub(in crate::controller) fn pending(&self) -> &[Pending] {
        self.phase.carrying().map_or(&[], |carrying| &carrying.pending)
    }

    /// What was decided, newest first, as far as it is known.
    pub(in crate::controller) fn history(&self) -> impl Iterator<Item = PastRequest> {
        self.history.iter().map(|request| past(self.slot, request))
    }

    /// Says how much anybody cares who may use the gateway.
    pub(in crate::controller) fn attend(&mut self, attention: Attention) {
        if let Phase::Carrying(carrying) = &mut self.phase {
            carrying.attend(attention);
        }
    }

    /// When the two sides were last heard from.
    pub(in crate::controller) fn pulse(&self) -> Option<Pulse> {
        self.phase.carrying().map(|carrying| carrying.pulse(self.slot))
    }
}
