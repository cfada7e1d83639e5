//! What waits in a lane, in order; it knows what left it since the ledger was shown it last.

use std::collections::VecDeque;
use std::time::Instant;

use super::super::act::{Post, TurnId};

/// Something that waits to be sent.
#[derive(Debug)]
pub(super) struct Item {
    /// Its place among everything that was ever to be sent; names its row in the journal.
    pub(super) number: u64,
    pub(super) turn: TurnId,
    pub(super) post: Post,
    pub(super) since: Instant,
}

impl Item {
    /// Says whether it must outlive the process. Text and what a running tool prints need not: the
    /// end repeats them. Neither need what nobody waits for, but keys.
    pub(super) fn must_outlive(&self) -> bool {
        match &self.post {
            Post::Text(_)
            | Post::Ready(
                sap::Call::UpdateTask(_)
                | sap::Call::RegisterDevice(_)
                | sap::Call::NotifyToolFile(_),
            ) => false,
            Post::Open { .. } | Post::End { .. } | Post::Ready(_) => true,
        }
    }
}

/// What waits in a lane, in order.
#[derive(Debug, Default)]
pub(super) struct Line {
    items: VecDeque<Item>,
    gone: Vec<u64>,
}

impl Line {
    pub(super) fn push(&mut self, item: Item) {
        self.items.push_back(item);
    }

    pub(super) fn front(&self) -> Option<&Item> {
        self.items.front()
    }

    pub(super) fn last(&self) -> Option<&Item> {
        self.items.back()
    }

    /// Takes the next one, to be sent: it stays in the journal.
    pub(super) fn take(&mut self) -> Option<Item> {
        self.items.pop_front()
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Item> {
        self.items.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Item> {
        self.items.iter_mut()
    }

    /// Leaves out what need not be sent any more.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Item) -> bool) {
        let Self { items, gone } = self;
        items.retain(|item| {
            let keeps = keep(item);
            if !keeps {
                gone.push(item.number);
            }
            keeps
        });
    }

    /// Something that was taken is done with.
    pub(super) fn is_done(&mut self, number: u64) {
        self.gone.push(number);
    }

    /// Takes the numbers of what left since this was asked last.
    pub(super) fn take_gone(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.gone)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}
