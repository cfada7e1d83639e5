//! What of the outbox outlives the process.

use std::collections::{BTreeMap, HashMap};

use journal::{Row, Table};

use super::super::clock::Now;
use super::super::ledger::{self, Ledger};
use super::super::sent::Sent;
use super::lane::{BubbleRecord, Lane, PostRecord};
use super::{LaneId, LaneKind, Outbox};
use crate::engine::TurnId;

impl Outbox {
    /// Shows the ledger what must outlive the process, and forgets lanes that have nothing to say.
    pub(crate) fn keep(&mut self, now: Now, ledger: &mut Ledger) {
        for id in std::mem::take(&mut self.changed) {
            let Some(lane) = self.lanes.get_mut(&id) else { continue };
            lane.keep(now, ledger);
            if lane.is_forgettable() {
                self.lanes.remove(&id);
            }
        }
    }

    /// Takes back what an earlier process left; says how much of each bubble was sent.
    pub(crate) fn take_back(&mut self, rows: &[Row], now: Now) -> HashMap<TurnId, Sent> {
        for (key, record) in ledger::read::<BubbleRecord>(rows, Table::Bubbles) {
            let Ok(turn) = key.parse() else { continue };
            let id = LaneId { session: record.session.clone(), kind: LaneKind::Chat };
            self.lane(&id).take_back_bubble(TurnId(turn), record);
        }
        let posts = ledger::read::<PostRecord>(rows, Table::Posts).into_iter();
        let numbered = posts.filter_map(|(key, record)| Some((key.parse().ok()?, record)));
        // In the order in which they were to be sent, not in that in which they were written down.
        for (number, record) in numbered.collect::<BTreeMap<u64, _>>() {
            self.next_number = self.next_number.max(number + 1);
            let id = record.lane();
            self.lane(&id).take_back_post(number, record, now);
        }
        let lanes: Vec<LaneId> = self.lanes.keys().cloned().collect();
        for id in lanes {
            self.queue(&id);
        }
        self.lanes.values().flat_map(Lane::sent).collect()
    }

    /// The largest number of a turn that something here belongs to.
    pub(crate) fn last_turn(&self) -> u64 {
        self.lanes.values().flat_map(Lane::turns).map(|turn| turn.0).max().unwrap_or(0)
    }
}
