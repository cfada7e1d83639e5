//! What other programs of this person ask over the local socket: a later start of this one, or a
//! terminal.

use control::{
    Answer, Ask, CONFIRMED_WITHIN, Deed, DeviceAct, InstallationState, InstallationSummary,
    LISTED_WITHIN, Refusal, RequestKind, Slot, Undecidable, Verdict,
};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::acting::Purpose;
use super::{Controller, Seat};
use crate::clock::now_ms;
use crate::instance::Asked;
use crate::shell::Shell;
use crate::tray;
use crate::view::{Installation, Link};

/// A question that is answered once the gateways were asked.
pub(super) struct Later {
    pub(super) until: Instant,
    asked: Asked,
}

impl<S: Shell> Controller<S> {
    pub(super) fn asked(&mut self, asked: Asked) {
        if asked.ask.concerns_gateway() {
            self.is_asked_for_access();
            self.later.push(Later { until: Instant::now() + LISTED_WITHIN, asked });
        } else {
            self.answer(asked);
        }
    }

    /// Answers what waited for the gateways, where they have answered or had their time.
    pub(super) fn answer_later(&mut self) {
        if self.later.is_empty() {
            return;
        }
        let (now, is_listed) = (Instant::now(), self.is_listed());
        let later = std::mem::take(&mut self.later);
        for later in later {
            if is_listed || later.until <= now {
                self.answer(later.asked);
            } else if !later.asked.answer.is_closed() {
                self.later.push(later);
            }
        }
    }

    fn answer(&mut self, Asked { ask, answer }: Asked) {
        let now = match ask {
            Ask::Greet => text(String::new()),
            Ask::Open => {
                self.shell.open_window(None, None);
                text(String::new())
            }
            Ask::Menu => text(tray::print(&tray::tray(&self.view(), now_ms()))),
            Ask::Pending => {
                let mut gateways = self.gateways();
                gateways.iter_mut().for_each(|access| {
                    (access.devices, access.setup, access.news) = (None, None, None);
                });
                Answer::Pending { requests: self.pending(), gateways }
            }
            Ask::History => Answer::History { requests: self.history() },
            Ask::Access => {
                let mut gateways = self.gateways();
                // A code for a phone is shown where it was asked for, and nowhere else.
                gateways.iter_mut().for_each(|access| access.setup = None);
                let mut requests = self.pending();
                requests.retain(|it| it.subject.kind() != RequestKind::Approval);
                Answer::Access { gateways, requests }
            }
            Ask::Decide { key, verdict, notify, seen } => {
                return self.decide_for(answer, &key, verdict, notify, seen.as_deref());
            }
            Ask::Device { slot, device, act } => {
                return self.change_device_for(answer, slot, &device, &act);
            }
            Ask::Installations => {
                Answer::Installations { installations: self.seats.iter().map(summary).collect() }
            }
        };
        // Whoever asked may have gone.
        let _ = answer.send(now);
    }

    fn decide_for(
        &mut self,
        answer: oneshot::Sender<Answer>,
        key: &str,
        verdict: Verdict,
        notify: bool,
        seen: Option<&str>,
    ) {
        match self.deed(key, verdict, notify, seen) {
            Ok((slot, Deed::Decide { approval, decision })) => {
                let outcome = self.waits.wait(key);
                if let Some(carrying) = self.carrying(slot) {
                    carrying.decide(approval, decision);
                }
                tokio::spawn(async move {
                    let settled =
                        timeout(CONFIRMED_WITHIN, outcome).await.ok().and_then(Result::ok);
                    let settled = settled.map(|outcome| Answer::to_verdict(verdict, &outcome));
                    let late = || Answer::Refused(Refusal::unconfirmed_decision());
                    let _ = answer.send(settled.unwrap_or_else(late));
                });
            }
            Ok((slot, Deed::Act(act))) => {
                let purpose = self.purpose(key, verdict);
                self.act(slot, act, purpose, Some(answer));
            }
            Err(why) => drop(answer.send(Answer::Refused(why.into()))),
        }
    }

    fn change_device_for(
        &mut self,
        answer: oneshot::Sender<Answer>,
        slot: Option<Slot>,
        device: &str,
        act: &DeviceAct,
    ) {
        let slots = self.seats.iter().map(|seat| seat.slot);
        let slots: Vec<_> = slots.filter(|it| slot.is_none_or(|slot| slot == *it)).collect();
        let mut deeds = slots.into_iter().map(|it| (it, self.deed_to_device(it, device, act)));
        let known = deeds.find(|(_, deed)| *deed != Err(Undecidable::NoSuchDevice));
        match known {
            Some((slot, Ok(act))) => self.act(slot, act, Purpose::Terminal, Some(answer)),
            Some((_, Err(why))) => drop(answer.send(Answer::Refused(why.into()))),
            None => drop(answer.send(Answer::Refused(Refusal::from(Undecidable::NoSuchDevice)))),
        }
    }
}

fn text(text: String) -> Answer {
    Answer::Text { text }
}

fn summary(seat: &Seat) -> InstallationSummary {
    let shown = seat.view();
    InstallationSummary {
        slot: seat.slot,
        name: seat.name_on_phone().to_owned(),
        id: seat.installation_id().map(|id| id.to_string()),
        cloud: seat.config.cloud.to_string(),
        gateway: seat.config.gateway_url.as_ref().map(ToString::to_string),
        state: state(&shown.standing),
    }
}

fn state(standing: &Installation) -> InstallationState {
    match standing {
        Installation::Starting => InstallationState::Starting,
        Installation::Locked { .. } => InstallationState::Locked,
        Installation::Unpaired { .. } => InstallationState::Unpaired,
        Installation::Pairing { .. } => InstallationState::Pairing,
        Installation::Paused { .. } => InstallationState::Paused,
        Installation::Revoked { .. } => InstallationState::Revoked,
        Installation::Paired(paired) => match (&paired.cloud, &paired.gateway) {
            (Link::Up { .. }, Link::Up { .. }) => InstallationState::Connected,
            (Link::Down { .. }, _) => InstallationState::CloudDown,
            (_, Link::Down { .. }) => InstallationState::GatewayDown,
            (Link::Connecting, _) | (_, Link::Connecting) => InstallationState::Connecting,
        },
    }
}
