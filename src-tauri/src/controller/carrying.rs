//! The bridge at work: what it says, and what a person does with it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use bridge::{Installation, Link, Notice, Settings, Snapshot};
use cli::{Claim, Failure, Hold, InstallationKeys, OtherBridgeWatch, sentence};
use dial::Dialer;
use tokio::sync::watch;

use super::fitness::Fitness;
use super::other_bridge::OtherNews;
use super::{After, Controller, Phase};
use crate::clock::to_ms;
use crate::shell::{Shell, Topic};
use crate::view::{Beat, Pulse};

/// The bridge, and what was heard of it.
pub struct Carrying {
    installation: Installation,
    hold: Hold,
    others: OtherBridgeWatch,
    /// What a person should know about the journal.
    remark: Option<String>,
    watching: watch::Receiver<Snapshot>,
    heard: VecDeque<Notice>,
    pub(super) snapshot: Snapshot,
    pub(super) fitness: Fitness,
    /// What the gateway said last, also when it has gone.
    pub(super) gateway_version: Option<String>,
    other_news: OtherNews,
}

impl Carrying {
    pub(super) async fn start(
        settings: Settings,
        dialer: Dialer,
        keys: Arc<InstallationKeys>,
        claim: Claim,
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
        Ok(Self {
            installation,
            hold,
            others: OtherBridgeWatch::start(installation_id),
            remark,
            watching,
            heard: VecDeque::new(),
            snapshot,
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
    pub(super) fn remarks(&self) -> impl Iterator<Item = String> {
        let other = self.others.found();
        let other = other.map(|other| format!("{} {}", other.what(), other.remedy()));
        self.remark.clone().into_iter().chain(other)
    }

    pub(super) fn decide(&self, approval: String, decision: openclaw::Decision) {
        tokio::spawn(self.installation.decide(approval, decision));
    }

    pub(super) fn retry_now(&self) {
        self.installation.retry_now();
    }

    pub(super) fn pulse(&self) -> Pulse {
        let pulse = self.installation.pulse();
        let beat = |beat: bridge::Beat| Beat {
            heard_at_ms: to_ms(beat.heard),
            round_trip_ms: beat.round_trip.map(|trip| trip.as_secs_f64() * 1000.0),
        };
        Pulse { cloud: pulse.cloud.map(beat), gateway: pulse.gateway.map(beat) }
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
            | Self::Revoked => None,
        }
    }

    /// Ends when the bridge has something to say.
    pub(super) async fn changed(&mut self) {
        if let Self::Carrying(carrying) = self {
            carrying.changed().await;
        } else {
            std::future::pending().await
        }
    }
}

impl<S: Shell> Controller<S> {
    /// Takes what the bridge has said.
    pub(super) fn follow_bridge(&mut self) {
        let Phase::Carrying(carrying) = &mut self.phase else { return };
        carrying.snapshot = carrying.watching.borrow_and_update().clone();
        if let Link::Up { peer: Some(version), .. } = &carrying.snapshot.gateway {
            carrying.gateway_version = Some(version.clone());
        }
        let heard = std::mem::take(&mut carrying.heard);
        let other = carrying.other_news.of(carrying.others.found());
        self.look_at_health();
        for notice in heard {
            self.hear(notice);
        }
        if let Some(other) = other {
            tracing::warn!(?other, "the npm bridge carries this installation as well");
            let text = format!("{} {}", other.what(), other.remedy());
            self.tell(Topic::Health, "Two bridges carry this computer", &text);
        }
    }

    fn hear(&mut self, notice: Notice) {
        match notice {
            Notice::Revoked { code } => {
                tracing::warn!(code, "this computer was removed on the phone");
                self.stop_before(After::Revoke);
            }
            Notice::ApprovalSettled { approval_id, outcome } => {
                self.approval_settled(&approval_id, outcome);
            }
            Notice::DecisionChanged { approval_id, what } => {
                self.decision_changed(&approval_id, &what);
            }
            Notice::MessageRefused { why, .. } => {
                tracing::warn!(why, "a message was not carried");
                let text = sentence(&why);
                self.tell(Topic::Messages, "A message was not carried", &text);
            }
            Notice::KeyAwaited { session } => {
                tracing::info!(%session, "a message waits for the phone's key");
            }
            Notice::KeysHandedOn { label, sessions } => {
                tracing::info!(sessions, "another device is handed the keys of encrypted chats");
                let device = label
                    .map_or_else(|| "A device without a name".to_owned(), |it| format!("“{it}”"));
                let text = format!(
                    "{device} is handed the keys of encrypted chats ({sessions}). If you do not \
                     know it, remove it on the phone."
                );
                self.tell(Topic::Keys, "Another device of yours", &text);
                self.remark(text);
            }
            Notice::KeysUnkept { why } => {
                tracing::warn!(why, "keys of encrypted chats cannot be kept");
                let text = format!(
                    "{} They serve until Sophon is quit; then the phone hands them over again.",
                    sentence(&why)
                );
                self.tell(Topic::Keys, "Keys of encrypted chats cannot be kept", &text);
            }
            Notice::DeliveryFailed { session, code } => {
                tracing::warn!(%session, code, "the cloud refused a part of an answer");
            }
            Notice::CloudUp { .. } => {
                tracing::info!("Sophon is connected");
                if let Some(carrying) = self.phase.carrying() {
                    carrying.others.look_again();
                }
            }
            Notice::CloudDown { cause, code } => {
                tracing::warn!(cause, code, "Sophon is away");
            }
            Notice::Storage { trouble: Some(trouble) } => {
                tracing::warn!(trouble, "nothing can be stored, so nothing is carried");
            }
            Notice::Storage { trouble: None } => tracing::info!("what is carried is stored again"),
            Notice::GatewayUp { version } => tracing::info!(version, "OpenClaw is connected"),
            Notice::GatewayDown { cause, code, .. } => {
                tracing::warn!(cause, code, "OpenClaw is away");
            }
            other @ (Notice::Ready | _) => tracing::debug!(?other, "notice"),
        }
    }

    pub(super) fn pause(&mut self) {
        if self.stop_before(After::Pause) {
            self.stored.paused = true;
            self.remember();
        }
    }

    pub(super) fn resume(&mut self) {
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
            | Phase::Revoked => return,
        };
        self.stored.paused = false;
        self.remember();
        match next {
            Some(phase) => self.phase = phase,
            None => self.carry(),
        }
    }

    pub(super) fn retry_now(&mut self) {
        if matches!(self.phase, Phase::Locked { .. }) {
            self.open();
        } else if let Some(carrying) = self.phase.carrying() {
            carrying.retry_now();
        }
    }
}
