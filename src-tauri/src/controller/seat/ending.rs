//! The end of the program, which waits until everything that is to be forgotten is forgotten.

use super::{After, Phase, Seat};

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

impl Seat {
    /// Ends: at once, or when the bridge has stopped and nothing is left to be forgotten.
    pub(in crate::controller) fn quit(&mut self) {
        self.is_ending = true;
        if self.is_forgetting() {
            return;
        }
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Carrying(carrying) => self.stop(*carrying, After::Quit),
            Phase::Stopping(_) => self.phase = Phase::Stopping(After::Quit),
            Phase::Pairing(pairing) => pairing.cancel.cancel(),
            Phase::Opening
            | Phase::Locked { .. }
            | Phase::Claiming(_)
            | Phase::Starting
            | Phase::Unpaired { .. }
            | Phase::Paused
            | Phase::Revoked
            | Phase::Over => {}
        }
    }

    /// Says whether the program need not wait for it any more.
    pub(in crate::controller) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
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
                | Phase::Revoked
                | Phase::Over => false,
            }
    }

    /// Ends after something was done that the end has waited for.
    pub(super) fn end_if_due(&mut self) {
        if self.is_ending && !self.is_forgetting() {
            self.phase = Phase::Over;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgetting_wins_over_everything_and_the_end_over_the_rest() {
        let rest = [After::Carry, After::Pause, After::Open, After::Pair];
        for after in rest {
            assert_eq!(after.or(After::Pause), After::Pause);
            for (one, two) in [(after, After::Quit), (After::Quit, after)] {
                assert_eq!(one.or(two), After::Quit);
            }
        }
        for wins in [After::Revoke, After::Wipe] {
            for loses in rest.into_iter().chain([After::Quit]) {
                assert_eq!((wins.or(loses), loses.or(wins)), (wins, wins));
            }
        }
        assert_eq!(After::Revoke.or(After::Wipe), After::Wipe);
        assert_eq!(After::Wipe.or(After::Revoke), After::Wipe);
    }
}
