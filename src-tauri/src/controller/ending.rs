//! The end of the program, which waits until everything that is to be forgotten is forgotten.

use super::{After, Controller, Flow, Phase};
use crate::shell::Shell;

impl After {
    /// What comes after the bridge has stopped, where something else is wanted meanwhile: what is to be
    /// forgotten is forgotten all the same, and the program ends then.
    pub(super) fn or(self, wanted: Self) -> Self {
        match (self, wanted) {
            (Self::Wipe, _) | (_, Self::Wipe) => Self::Wipe,
            (Self::Revoke, _) | (_, Self::Revoke) => Self::Revoke,
            (Self::Quit, _) | (_, Self::Quit) => Self::Quit,
            (Self::Carry | Self::Pause | Self::Open | Self::Pair, wanted) => wanted,
        }
    }

    fn forgets(self) -> bool {
        match self {
            Self::Wipe | Self::Revoke => true,
            Self::Carry | Self::Pause | Self::Open | Self::Pair | Self::Quit => false,
        }
    }
}

impl<S: Shell> Controller<S> {
    /// Ends the program: at once, or when the bridge has stopped and nothing is left to be forgotten.
    pub(super) fn quit(&mut self) -> Flow {
        self.is_ending = true;
        if self.is_forgetting() {
            return Flow::GoOn;
        }
        match std::mem::replace(&mut self.phase, Phase::Opening) {
            Phase::Carrying(carrying) => {
                self.stop(*carrying, After::Quit);
                Flow::GoOn
            }
            Phase::Stopping(_) => {
                self.phase = Phase::Stopping(After::Quit);
                Flow::GoOn
            }
            Phase::Pairing(pairing) => {
                pairing.cancel.cancel();
                Flow::End
            }
            Phase::Opening
            | Phase::Locked { .. }
            | Phase::Claiming(_)
            | Phase::Starting
            | Phase::Unpaired { .. }
            | Phase::Paused
            | Phase::Revoked => Flow::End,
        }
    }

    /// Says whether a pairing that ended is being removed from this computer.
    pub(super) fn is_forgetting(&self) -> bool {
        self.removes
            || match self.phase {
                Phase::Claiming(after) | Phase::Stopping(after) => after.forgets(),
                Phase::Opening
                | Phase::Locked { .. }
                | Phase::Starting
                | Phase::Unpaired { .. }
                | Phase::Pairing(_)
                | Phase::Carrying(_)
                | Phase::Paused
                | Phase::Revoked => false,
            }
    }

    /// Whether the loop goes on after something was done that an end may have waited for.
    pub(super) fn flow(&self) -> Flow {
        if self.is_ending && !self.is_forgetting() { Flow::End } else { Flow::GoOn }
    }
}
