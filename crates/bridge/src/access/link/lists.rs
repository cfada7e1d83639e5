//! What the lists of the gateway tell, and what it means when there is none.

use std::time::SystemTime;

use openclaw::CallError;
use openclaw::pairing::PairingError;

use super::{AccessLink, Phase};
use crate::access::book::{Input, List};
use crate::access::line::{Listed, Listing};
use crate::access::{AccessStanding, SendersSnapshot};

impl AccessLink {
    pub(super) async fn listed(&mut self, Listing { begun, listed }: Listing) {
        let list = match listed {
            Listed::Devices(Ok(devices), own) => {
                self.shown.own_device = self.shown.own_device.take().or(own);
                self.prove();
                self.feed(Input::Devices(begun, devices)).await;
                List::Devices
            }
            // How the connection ended is told next.
            Listed::Devices(Err(PairingError::Failed(CallError::Disconnected)), _) => List::Devices,
            Listed::Devices(Err(error), _) => return self.unproven(&error).await,
            Listed::Nodes(Ok(nodes)) => {
                self.feed(Input::Nodes(begun, nodes)).await;
                List::Nodes
            }
            Listed::Nodes(Err(error)) => {
                self.close_if_not_offered(List::Nodes, &error);
                tracing::warn!(%error, "nodes cannot be listed");
                List::Nodes
            }
            Listed::Senders(Ok(senders)) => {
                self.no_senders = None;
                self.feed(Input::Senders(begun, senders)).await;
                List::Senders
            }
            Listed::Senders(Err(error)) => {
                self.close_if_not_offered(List::Senders, &error);
                self.no_senders = Some(without_senders(&error));
                List::Senders
            }
        };
        if let Phase::Up(line) = &mut self.phase {
            line.rounds.end(list);
        }
        self.doing.listed(list, begun);
        self.is_changed = true;
    }

    fn prove(&mut self) {
        let Phase::Up(line) = &mut self.phase else { return };
        if !line.is_proven {
            line.is_proven = true;
            tracing::info!("who may use the gateway can be asked");
            self.stand(AccessStanding::Up { since: SystemTime::now() });
        }
    }

    /// A connection that does not even list devices is none.
    async fn unproven(&mut self, error: &PairingError) {
        let wait = self.redial.after_failure(None);
        let (cause, remedy) = match error {
            PairingError::MissingScope { .. } => (
                "the gateway gives this computer no right to see who may use it".to_owned(),
                "Connect to the gateway directly: behind a proxy it grants no rights.".to_owned(),
            ),
            PairingError::NotOffered { .. }
            | PairingError::Denied { .. }
            | PairingError::Gone
            | PairingError::UnfitName
            | PairingError::Unreadable
            | PairingError::Failed(_) => (
                format!("its devices cannot be listed: {error}"),
                "Update OpenClaw, or look into the gateway's log, if it stays.".to_owned(),
            ),
        };
        tracing::info!(cause, "who may use the gateway cannot be asked");
        self.wait(wait, cause, Some(remedy)).await;
    }

    fn close_if_not_offered(&mut self, list: List, error: &PairingError) {
        if let (PairingError::NotOffered { .. }, Phase::Up(line)) = (error, &mut self.phase) {
            line.rounds.close(list);
        }
    }
}

fn without_senders(error: &PairingError) -> SendersSnapshot {
    match error {
        PairingError::NotOffered { command: Some(command) } => {
            SendersSnapshot::NotOffered { command: command.clone() }
        }
        PairingError::NotOffered { command: None }
        | PairingError::MissingScope { .. }
        | PairingError::Denied { .. }
        | PairingError::Gone
        | PairingError::UnfitName
        | PairingError::Unreadable
        | PairingError::Failed(_) => SendersSnapshot::Failed { why: error.to_string() },
    }
}
