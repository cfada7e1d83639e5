//! When the gateway is asked for its lists again.

use std::time::Duration;

use tokio::time::Instant;

use super::Attention;
use super::book::List;

/// How often the gateway is asked while a person looks.
const WHILE_SHOWN: Duration = Duration::from_secs(5);
/// How often it is asked while nobody looks.
const IN_BACKGROUND: Duration = Duration::from_secs(60);
/// How far apart two questions for the same list are at least.
const GAP: Duration = Duration::from_millis(50);

/// The rounds of one connection.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    devices: Round,
    nodes: Round,
    senders: Round,
}

#[derive(Debug, Default)]
struct Round {
    begun: Option<Instant>,
    is_under_way: bool,
    is_wanted: bool,
    /// The gateway cannot be asked for it.
    is_closed: bool,
}

impl Rounds {
    /// A list is to be asked for soon, once more if it is being asked for.
    pub(super) fn want(&mut self, list: List) {
        self.round(list).is_wanted = true;
    }

    /// A list is asked for now.
    pub(super) fn begin(&mut self, list: List, now: Instant) {
        let round = self.round(list);
        (round.begun, round.is_under_way, round.is_wanted) = (Some(now), true, false);
    }

    /// The answer came.
    pub(super) fn end(&mut self, list: List) {
        self.round(list).is_under_way = false;
    }

    /// The gateway does not have such a list.
    pub(super) fn close(&mut self, list: List) {
        self.round(list).is_closed = true;
    }

    pub(super) fn is_closed(&self, list: List) -> bool {
        self.look(list).is_closed
    }

    /// Tells which lists are to be asked for now.
    pub(super) fn due(&self, attention: Attention, now: Instant) -> Vec<List> {
        let lists = [List::Devices, List::Nodes, List::Senders];
        let is_due = |list: &List| {
            self.look(*list).next(attention).is_some_and(|at| at.is_none_or(|at| at <= now))
        };
        lists.into_iter().filter(is_due).collect()
    }

    /// Tells when to ask next for those that were asked for before.
    pub(super) fn next(&self, attention: Attention) -> Option<Instant> {
        let rounds = [&self.devices, &self.nodes, &self.senders];
        rounds.into_iter().filter_map(|round| round.next(attention).flatten()).min()
    }

    fn round(&mut self, list: List) -> &mut Round {
        match list {
            List::Devices => &mut self.devices,
            List::Nodes => &mut self.nodes,
            List::Senders => &mut self.senders,
        }
    }

    fn look(&self, list: List) -> &Round {
        match list {
            List::Devices => &self.devices,
            List::Nodes => &self.nodes,
            List::Senders => &self.senders,
        }
    }
}

impl Round {
    /// None: not for now; inner none: at once.
    #[expect(clippy::option_option, reason = "never and at once are different answers")]
    fn next(&self, attention: Attention) -> Option<Option<Instant>> {
        if self.is_closed || self.is_under_way {
            return None;
        }
        let Some(begun) = self.begun else { return Some(None) };
        let wait = match attention {
            _ if self.is_wanted => GAP,
            Attention::Shown => WHILE_SHOWN,
            Attention::Background | Attention::Off => IN_BACKGROUND,
        };
        Some(Some(begun + wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [List; 3] = [List::Devices, List::Nodes, List::Senders];

    fn asked(now: Instant) -> Rounds {
        let mut rounds = Rounds::default();
        for list in ALL {
            rounds.begin(list, now);
            rounds.end(list);
        }
        rounds
    }

    #[test]
    fn everything_is_asked_for_at_first_and_nothing_twice_at_a_time() {
        let now = Instant::now();
        let mut rounds = Rounds::default();
        assert_eq!(rounds.due(Attention::Background, now), ALL);
        rounds.begin(List::Devices, now);
        rounds.close(List::Senders);
        rounds.want(List::Devices);
        assert_eq!(rounds.due(Attention::Shown, now + WHILE_SHOWN), [List::Nodes]);
        rounds.end(List::Devices);
        assert_eq!(rounds.due(Attention::Shown, now + GAP), [List::Devices, List::Nodes]);
    }

    #[test]
    fn a_person_who_looks_sees_what_is_at_most_five_seconds_old() {
        let now = Instant::now();
        let rounds = asked(now);
        assert_eq!(rounds.next(Attention::Shown), Some(now + WHILE_SHOWN));
        assert_eq!(rounds.next(Attention::Background), Some(now + IN_BACKGROUND));
        assert!(rounds.due(Attention::Background, now + WHILE_SHOWN).is_empty());
        assert_eq!(rounds.due(Attention::Shown, now + WHILE_SHOWN), ALL);
    }
}
