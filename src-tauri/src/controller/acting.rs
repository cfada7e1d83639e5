//! What a person does about who may use a gateway, and what became of it.

use std::pin::pin;

use bridge::{AccessAct, AccessDone, AccessError};
use control::{
    Answer, CONFIRMED_WITHIN, DeviceAct, Problem, Refusal, SetupLevel, Slot, Undecidable, Verdict,
    device_deed, done, sentence,
};
use openclaw::pairing::SetupAccess;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::seat::carrying::Carrying;
use super::{Controller, Event};
use crate::shell::Shell;

/// Code of an error: a request is another at the gateway than the person was shown.
const CHANGED: &str = "access_changed";

/// Something that was wanted of a gateway, and what became of it.
#[derive(Debug)]
pub struct Acted {
    slot: Slot,
    act: AccessAct,
    purpose: Purpose,
    became: Result<AccessDone, AccessError>,
}

/// What an act is for.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// It answers a request, which is about this.
    Request { key: String, verdict: Verdict, words: String },
    /// It changes a device, as a person at the window wants.
    Device,
    /// It makes a code for a phone.
    SetUp { level: SetupLevel, order: u64 },
    /// Whoever wants it is answered.
    Terminal,
}

impl<S: Shell> Controller<S> {
    /// The bridge of an installation, where it is at work.
    pub(super) fn carrying(&self, slot: Slot) -> Option<&Carrying> {
        self.seats.iter().find(|seat| seat.slot == slot)?.carrying()
    }

    /// Asks the gateway of an installation to do something; a terminal may wait for the answer.
    pub(super) fn act(
        &mut self,
        slot: Slot,
        act: AccessAct,
        purpose: Purpose,
        mut terminal: Option<oneshot::Sender<Answer>>,
    ) {
        let Some(carrying) = self.carrying(slot) else { return };
        let (doing, events) = (carrying.act(act.clone()), self.events());
        tokio::spawn(async move {
            let mut doing = pin!(doing);
            let became = match timeout(CONFIRMED_WITHIN, &mut doing).await {
                Ok(became) => became,
                Err(_) => {
                    // Whoever asked, or the loop, may have gone: then nobody is told.
                    let late = Answer::Refused(Refusal::unconfirmed_act());
                    let _ = terminal.take().map(|terminal| terminal.send(late));
                    doing.await
                }
            };
            let _ = terminal.map(|terminal| terminal.send(answer(&act, &became)));
            let _ = events.send(Event::Acted(Acted { slot, act, purpose, became }));
        });
    }

    /// A person wants something done to a device.
    pub(super) fn change_device(&mut self, slot: Slot, device: &str, act: &DeviceAct) {
        match self.deed_to_device(slot, device, act) {
            Ok(act) => {
                self.desk.dismiss_news(slot);
                self.act(slot, act, Purpose::Device, None);
            }
            Err(why) => {
                let Refusal { what, remedy, .. } = why.into();
                self.desk.failed(slot, Problem { what, remedy });
            }
        }
    }

    /// Finds out what a change of a device comes down to.
    pub(super) fn deed_to_device(
        &self,
        slot: Slot,
        device: &str,
        act: &DeviceAct,
    ) -> Result<AccessAct, Undecidable> {
        let carrying = self.carrying(slot).ok_or(Undecidable::NoSuchDevice)?;
        let deed = device_deed(device, act, &carrying.access)?;
        let is_harmless = matches!(act, DeviceAct::Rename { .. } | DeviceAct::RemoveNode);
        if self.is_own(device) && !is_harmless {
            return Err(Undecidable::OwnDevice);
        }
        Ok(deed)
    }

    /// Says whether a device is that of one of this program's installations.
    pub(super) fn is_own(&self, device: &str) -> bool {
        self.seats.iter().any(|seat| seat.is_own(device))
    }

    /// A person wants a code for a phone.
    pub(super) fn set_up(&mut self, slot: Slot, level: SetupLevel) {
        // Where the page was turned meanwhile, nobody would see the code.
        if self.carrying(slot).is_none() || !self.desk.is_at_devices() {
            return;
        }
        let Some(order) = self.desk.make_setup(slot) else { return };
        let access = match level {
            SetupLevel::Full => SetupAccess::Full,
            SetupLevel::Limited => SetupAccess::Limited,
            SetupLevel::Node => SetupAccess::Node,
        };
        self.act(slot, AccessAct::SetUp(access), Purpose::SetUp { level, order }, None);
    }

    pub(super) fn acted(&mut self, Acted { slot, act, purpose, became }: Acted) {
        if let Err(AccessError { what, code, .. }) = &became {
            tracing::info!(code, what, "the gateway did not do what was wanted");
        }
        match (purpose, became) {
            (Purpose::Request { key, verdict, words }, Ok(became)) => {
                let title = if verdict == Verdict::Deny { "Denied" } else { "Allowed" };
                self.tell_about(&key, Some(&words), title, &done(&act, &became));
            }
            (Purpose::Request { key, words, .. }, Err(error)) => {
                let title = if error.is_gone { "Decided otherwise" } else { "Not decided" };
                self.tell_about(&key, Some(&words), title, &in_words(&error));
                if error.code == CHANGED {
                    self.show_changed(&key);
                }
            }
            (Purpose::Device, Ok(became)) => self.desk.succeeded(slot, done(&act, &became)),
            (Purpose::SetUp { order, .. }, _) if !self.desk.awaits_setup(slot, order) => {}
            (Purpose::SetUp { level, .. }, Ok(AccessDone::SetUp(code))) => {
                self.desk.made_setup(slot, code, level);
            }
            (Purpose::SetUp { .. }, Ok(AccessDone::Done | AccessDone::Told(_))) => {
                self.desk.hide_setup(slot);
            }
            (Purpose::Device, Err(error)) => self.desk.failed(slot, problem(error)),
            (Purpose::SetUp { .. }, Err(error)) => {
                self.desk.hide_setup(slot);
                self.desk.failed(slot, problem(error));
            }
            (Purpose::Terminal, _) => {}
        }
    }
}

fn answer(act: &AccessAct, became: &Result<AccessDone, AccessError>) -> Answer {
    match became {
        Ok(became) => Answer::Done { what: done(act, became) },
        Err(error) => Answer::Refused(error.clone().into()),
    }
}

fn in_words(error: &AccessError) -> String {
    let what = sentence(&error.what);
    error.remedy.as_ref().map_or(what.clone(), |remedy| format!("{what} {remedy}"))
}

fn problem(AccessError { what, remedy, .. }: AccessError) -> Problem {
    Problem { what: sentence(&what), remedy }
}
