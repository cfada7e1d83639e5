//! Doing one thing about who may use the gateway, over the standing connection or one of its own.

use std::sync::Arc;

use openclaw::pairing::{NodeRequest, Pairing, PairingError};
use openclaw::{CallError, Credential, DeviceId, Events, Hello, Identity, Target};
use tokio::sync::Semaphore;

use super::book::Answered;
use super::doing::Answer;
use super::{AccessAct, AccessDone, AccessError};
use crate::links::finding::{Trouble, find_gateway};
use crate::links::identity::own_device;
use crate::links::{Lead, Signal};
use crate::{Decider, KeyStore, KeyStoreError, Outcome, Settings};

/// A connection that may do what it was made for.
pub(super) struct Reached {
    pub(super) hello: Hello,
    pub(super) pairing: Pairing,
    pub(super) events: Events,
}

/// Dials the gateway with the shared token, as no device of its own.
pub(super) async fn reach(lead: &Lead, scopes: &[&str]) -> Result<Reached, Trouble> {
    let Settings { gateway, version, .. } = &lead.settings;
    let (url, token) = find_gateway(gateway)?;
    let token = token?;
    lead.tell(Signal::Secret(token.clone())).await;
    let identity = Identity::new(format!("{} access", gateway.display_name), version.clone());
    let credential = Credential::Shared(token);
    let (url, identity, credential) = (&url, &identity, &credential);
    let target = Target { url, identity, device: None, credential, scopes };
    let connected = openclaw::connect(&lead.dialer, target).await;
    let (hello, client, events) = connected.map_err(Trouble::Connect)?;
    let pairing = Pairing::new(client, &hello);
    Ok(Reached { hello, pairing, events })
}

/// One thing to do.
pub(super) struct Errand {
    pub(super) act: AccessAct,
    /// The standing connection.
    pub(super) standing: Pairing,
    /// Scopes of the connection that it takes; none where the standing one does.
    pub(super) scopes: Option<Vec<String>>,
    pub(super) lead: Lead,
    pub(super) keys: Arc<dyn KeyStore>,
    /// How many errands are run at a time.
    pub(super) turns: Arc<Semaphore>,
}

/// Why something was not done.
#[derive(Debug)]
pub(super) enum Failure {
    /// It would cut off this installation's own link.
    Own,
    /// Which device is this installation's own cannot be known.
    Keys(KeyStoreError),
    /// There is no connection that could do it.
    Unreached(Trouble),
    /// It is another request by now than the one that was shown.
    Changed,
    /// Whether it is still what was shown cannot be told; nothing was done.
    Unseen(PairingError),
    /// The gateway did not do it, or did not say so.
    Refused(PairingError),
}

impl From<PairingError> for Failure {
    fn from(error: PairingError) -> Self {
        Self::Refused(error)
    }
}

impl Errand {
    pub(super) async fn run(self) -> Result<AccessDone, Failure> {
        // The turns never end.
        let _turn = self.turns.acquire().await;
        if let Some(device) = endangered(&self.act) {
            let own = own_device(self.keys.as_ref()).await.map_err(Failure::Keys)?;
            if own.as_ref() == Some(device) {
                return Err(Failure::Own);
            }
        }
        let Some(scopes) = &self.scopes else {
            return perform(&self.act, &self.standing).await;
        };
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let reached = reach(&self.lead, &scopes).await.map_err(Failure::Unreached)?;
        let Reached { pairing, mut events, .. } = reached;
        let unheard = async {
            while events.next().await.is_ok() {}
            // The call fails by itself once the connection has ended.
            std::future::pending().await
        };
        tokio::select! {
            done = perform(&self.act, &pairing) => done,
            never = unheard => never,
        }
    }
}

async fn perform(act: &AccessAct, pairing: &Pairing) -> Result<AccessDone, Failure> {
    match act {
        AccessAct::ApproveDevice(request) => pairing.approve_device(request).await?,
        AccessAct::RejectDevice(request) => pairing.reject_device(request).await?,
        AccessAct::ApproveNode(shown) => {
            is_as_shown(shown, pairing).await?;
            pairing.approve_node(&shown.id).await?;
        }
        AccessAct::RejectNode(request) => pairing.reject_node(request).await?,
        AccessAct::ApproveSender { request, notify } => {
            return Ok(AccessDone::Told(pairing.approve_sender(request, *notify).await?));
        }
        AccessAct::DismissSender(request) => pairing.dismiss_sender(request).await?,
        AccessAct::RenameDevice { device, name } => pairing.rename_device(device, name).await?,
        AccessAct::RemoveDevice(device) => pairing.remove_device(device).await?,
        AccessAct::RemoveNode(device) => pairing.remove_node(device).await?,
        AccessAct::RotateToken { device, role } => {
            pairing.rotate_token(device, role).await.map(drop)?;
        }
        AccessAct::RevokeToken { device, role } => pairing.revoke_token(device, role).await?,
        AccessAct::SetUp(access) => {
            return Ok(AccessDone::SetUp(pairing.setup_code(None, *access).await?));
        }
    }
    Ok(AccessDone::Done)
}

/// A node's offer may become another one under the same id, which only a list tells.
async fn is_as_shown(shown: &NodeRequest, pairing: &Pairing) -> Result<(), Failure> {
    let nodes = pairing.nodes().await.map_err(Failure::Unseen)?;
    match nodes.pending.iter().find(|offer| offer.id == shown.id) {
        Some(offer) if offer.offers_the_same_as(shown) => Ok(()),
        Some(_) => Err(Failure::Changed),
        None => Err(Failure::Refused(PairingError::Gone)),
    }
}

/// Names the device that an act would cut off.
fn endangered(act: &AccessAct) -> Option<&DeviceId> {
    match act {
        AccessAct::RemoveDevice(device)
        | AccessAct::RemoveNode(device)
        | AccessAct::RotateToken { device, .. }
        | AccessAct::RevokeToken { device, .. } => Some(device),
        AccessAct::ApproveDevice(_)
        | AccessAct::RejectDevice(_)
        | AccessAct::ApproveNode(_)
        | AccessAct::RejectNode(_)
        | AccessAct::ApproveSender { .. }
        | AccessAct::DismissSender(_)
        | AccessAct::RenameDevice { .. }
        | AccessAct::SetUp(_) => None,
    }
}

impl Failure {
    /// Tells what became of the request that was answered.
    pub(super) fn answered(&self) -> Answered {
        match self {
            Self::Own | Self::Keys(_) | Self::Unreached(_) | Self::Changed | Self::Unseen(_) => {
                Answered::Refused
            }
            Self::Refused(PairingError::Gone) => Answered::Gone,
            Self::Refused(
                PairingError::Unreadable
                | PairingError::Failed(CallError::TimedOut | CallError::Disconnected),
            ) => Answered::Unknown,
            Self::Refused(
                PairingError::NotOffered { .. }
                | PairingError::MissingScope { .. }
                | PairingError::Denied { .. }
                | PairingError::UnfitName
                | PairingError::Failed(CallError::Refused(_)),
            ) => Answered::Refused,
        }
    }

    /// Says it to a person.
    pub(super) fn explain(self) -> AccessError {
        let error = |what: String, remedy, code| AccessError { what, remedy, code, is_gone: false };
        match self {
            Self::Own => error(
                "this is the device of Sophon Desktop itself".into(),
                Some("Unpair this installation instead if it shall not use the gateway.".into()),
                "access_own_device",
            ),
            Self::Keys(keys) => error(
                format!("which device is this computer's own cannot be told: {}", keys.what),
                keys.remedy,
                "keys_unavailable",
            ),
            Self::Unreached(trouble) => {
                let (cause, remedy, code) = trouble.explain();
                error(cause, Some(remedy), code)
            }
            Self::Changed => error(
                "it has changed since it was shown: look at it again".into(),
                None,
                "access_changed",
            ),
            Self::Unseen(why) => error(
                format!("whether it is still what was shown cannot be told: {why}"),
                Some("Nothing was done: try again.".into()),
                why.code(),
            ),
            Self::Refused(PairingError::Gone) => gone(None),
            Self::Refused(refusal) => {
                let is_uncertain = matches!(
                    refusal,
                    PairingError::Unreadable
                        | PairingError::Failed(CallError::TimedOut | CallError::Disconnected)
                );
                let remedy = match refusal.command() {
                    Some(command) => Some(format!("Type `{command}` on the gateway's computer.")),
                    None if is_uncertain => {
                        Some("Look at the list before you try again: it may have been done.".into())
                    }
                    None => None,
                };
                error(refusal.to_string(), remedy, refusal.code())
            }
        }
    }
}

/// Says that a request is over, and how where that is known.
pub(super) fn gone(outcome: Option<&Outcome>) -> AccessError {
    let what = match outcome {
        Some(Outcome::Allowed { by: Some(Decider::Computer), .. }) => {
            "it was allowed at this computer before"
        }
        Some(Outcome::Denied { by: Some(Decider::Computer) }) => {
            "it was denied at this computer before"
        }
        Some(Outcome::Allowed { by: Some(Decider::Phone), .. }) => "it was allowed at the phone",
        Some(Outcome::Denied { by: Some(Decider::Phone) }) => "it was denied at the phone",
        Some(Outcome::Allowed { by: None, .. }) => "it was allowed elsewhere before",
        Some(Outcome::Denied { by: None }) => "it was denied elsewhere before",
        Some(Outcome::Expired) => "it has expired",
        Some(Outcome::Decided | Outcome::Gone | Outcome::Failed { .. }) | None => {
            "it is no longer there: it was decided elsewhere, withdrawn, or has expired"
        }
    };
    AccessError { what: what.into(), remedy: None, code: "pairing_gone", is_gone: true }
}

/// Says that the gateway cannot be asked now.
pub(super) fn not_connected(cause: Option<&str>) -> Answer {
    Err(AccessError {
        what: cause.map_or_else(
            || "nothing is connected that could do it".into(),
            |cause| format!("the gateway cannot be asked: {cause}"),
        ),
        remedy: Some("Wait until the gateway is connected, and try again.".into()),
        code: "access_not_connected",
        is_gone: false,
    })
}
