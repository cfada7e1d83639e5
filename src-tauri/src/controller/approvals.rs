//! Approvals: told when an agent asks, taken back when it is over, and never said to be done before
//! the gateway said so.

use bridge::Settled;

use super::Controller;
use crate::shell::{Shell, Topic};
use crate::text::{shorten_middle, visible};
use crate::view::{Approval, Decision};

/// How many letters of a command stand in a notification about what became of it.
const SHOWN: usize = 120;

impl<S: Shell> Controller<S> {
    /// A person decided at this computer.
    pub(super) fn decide(&mut self, approval: String, decision: Decision) {
        if let Some(carrying) = self.phase.carrying() {
            carrying.decide(approval, to_gateway(decision));
        } else {
            let text = "This computer is not connected, so the decision was not applied.";
            self.tell(Topic::Approval(approval), "Not decided", text);
        }
    }

    /// Tells about new approvals, and takes back what is no longer asked.
    pub(super) fn announce_approvals(&mut self, approvals: &[Approval]) {
        let gone: Vec<_> = self
            .announced
            .iter()
            .filter(|id| approvals.iter().all(|approval| approval.id != **id))
            .cloned()
            .collect();
        for id in gone {
            self.announced.remove(&id);
            self.shell.retract_approval(&id);
        }
        if !self.stored.notifications {
            return;
        }
        for approval in approvals {
            if approval.deciding.is_none() && self.announced.insert(approval.id.clone()) {
                self.shell.announce_approval(approval);
            }
        }
    }

    pub(super) fn approval_settled(&mut self, id: &str, outcome: Settled) {
        match outcome {
            Settled::Applied { decision, by: bridge::Decider::Computer } => {
                let title = match decision {
                    openclaw::Decision::AllowOnce => "Allowed once",
                    openclaw::Decision::AllowAlways => "Allowed always",
                    openclaw::Decision::Deny => "Denied",
                };
                self.tell_about(id, title, "OpenClaw confirmed it.");
            }
            Settled::Failed { why } => self.tell_about(id, "Not decided", &cli::sentence(&why)),
            Settled::Applied { by: bridge::Decider::Phone, .. }
            | Settled::Elsewhere { .. }
            | Settled::Expired
            | Settled::Gone => {
                self.announced.remove(id);
                self.shell.retract_approval(id);
            }
        }
    }

    pub(super) fn decision_changed(&mut self, id: &str, what: &str) {
        self.tell_about(id, "Decided otherwise", &cli::sentence(what));
    }

    fn tell_about(&mut self, id: &str, title: &str, text: &str) {
        self.announced.remove(id);
        let command = self.shown.as_ref().and_then(|view| {
            let approval = view.approvals.iter().find(|approval| approval.id == id)?;
            let command = approval.command.as_ref().unwrap_or(&approval.title);
            Some(shorten_middle(&visible(command), SHOWN))
        });
        let text = command.map_or(text.to_owned(), |command| format!("{command}\n{text}"));
        if self.stored.notifications {
            self.shell.announce(Topic::Approval(id.to_owned()), title, &text);
        } else {
            self.shell.retract_approval(id);
        }
    }
}

pub(super) fn to_gateway(decision: Decision) -> openclaw::Decision {
    match decision {
        Decision::AllowOnce => openclaw::Decision::AllowOnce,
        Decision::AllowAlways => openclaw::Decision::AllowAlways,
        Decision::Deny => openclaw::Decision::Deny,
    }
}

pub(super) fn from_gateway(decision: openclaw::Decision) -> Decision {
    match decision {
        openclaw::Decision::AllowOnce => Decision::AllowOnce,
        openclaw::Decision::AllowAlways => Decision::AllowAlways,
        openclaw::Decision::Deny => Decision::Deny,
    }
}
