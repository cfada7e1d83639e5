//! Keeps what the engine wants kept, sealed, and holds effects back until what they rest on is
//! durable.

use std::collections::VecDeque;
use std::time::Duration;

use journal::{Change, CommitError, Firmness, Journal, Row, Told, Writer};
use sap::Outgoing;
use tokio::sync::watch;

use crate::StartError;
use crate::engine::{Effect, Step};
use crate::row_seal::RowSeal;

/// How many effects may wait for the journal before nothing more is taken in.
const HELD: usize = 4096;

/// Commits what the engine wants kept, and gives its effects in order, each once everything before
/// it is kept. An acknowledgement waits for more than the others: what the cloud forgets by it must
/// survive a power cut.
#[derive(Debug)]
pub(crate) struct Keeper {
    writer: Writer,
    seal: RowSeal,
    told: watch::Receiver<State>,
    /// The last batch that was handed over.
    last: u64,
    /// The last one of them that must survive a power cut.
    last_firm: u64,
    held: VecDeque<(u64, Effect)>,
    held_acks: VecDeque<(u64, Effect)>,
}

/// What the journal said last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State {
    committed: u64,
    flushed: u64,
    /// Why nothing can be committed now, as a sentence fragment.
    commit_trouble: Option<String>,
    /// Why nothing can be made to survive a power cut now, as a sentence fragment.
    flush_trouble: Option<String>,
}

impl Keeper {
    /// Starts to keep things in a journal, and gives what it holds. Rows that cannot be opened are
    /// left out, and forgotten before anything else is kept.
    ///
    /// # Errors
    /// When the journal cannot be read, or the system gives no thread.
    pub(crate) fn start(journal: Journal, seal: RowSeal) -> Result<(Self, Vec<Row>), StartError> {
        let mut rows = journal.rows()?;
        let lost: Vec<Change> = rows.extract_if(.., |row| !seal.open(row)).map(removal).collect();
        let (tell, told) = watch::channel(State::default());
        let writer = Writer::start(journal, move |told| {
            tell.send_modify(|state| match told {
                Told::Committed(batch) => {
                    state.committed = batch;
                    state.commit_trouble = None;
                }
                Told::Flushed(batch) => {
                    state.flushed = batch;
                    state.flush_trouble = None;
                }
                Told::Failed(error @ CommitError::Unflushed { .. }) => {
                    state.flush_trouble = Some(error.to_string());
                }
                Told::Failed(error) => state.commit_trouble = Some(error.to_string()),
                other => tracing::debug!(?other, "the journal says something new"),
            });
        })?;
        let last = if lost.is_empty() {
            0
        } else {
            tracing::warn!(rows = lost.len(), "rows of the journal cannot be opened, and are gone");
            writer.write(lost, Firmness::Process)
        };
        let keeper = Self {
            writer,
            seal,
            told,
            last,
            last_firm: 0,
            held: VecDeque::new(),
            held_acks: VecDeque::new(),
        };
        Ok((keeper, rows))
    }

    /// Takes what an input led to.
    pub(crate) fn take(&mut self, step: Step) {
        if !step.keep.is_empty() {
            let sealed = step.keep.into_iter().map(|change| self.seal.seal(change)).collect();
            self.last = self.writer.write(sealed, step.firmness);
            if step.firmness == Firmness::Power {
                self.last_firm = self.last;
            }
        }
        for effect in step.effects {
            if matches!(effect, Effect::Cloud(Outgoing::Ack { .. })) {
                self.held_acks.push_back((self.last_firm, effect));
            } else {
                self.held.push_back((self.last, effect));
            }
        }
    }

    /// The next effect that may be performed now.
    pub(crate) fn next_due(&mut self) -> Option<Effect> {
        let (committed, flushed) = {
            let state = self.told.borrow();
            (state.committed, state.flushed)
        };
        let due = self.held.pop_front_if(|(batch, _)| *batch <= committed);
        let due = due.or_else(|| self.held_acks.pop_front_if(|(batch, _)| *batch <= flushed));
        due.map(|(_, effect)| effect)
    }

    /// Says whether so much waits for the journal that nothing more should be taken in.
    pub(crate) fn is_full(&self) -> bool {
        self.held.len() + self.held_acks.len() >= HELD
    }

    /// Waits until something changed: more is durable, or the journal fails.
    pub(crate) async fn changed(&mut self) {
        if self.told.changed().await.is_err() {
            // The thread lives as long as its writer; without it, nothing will ever change.
            std::future::pending::<()>().await;
        }
    }

    /// Why nothing can be kept now, as a sentence fragment.
    pub(crate) fn trouble(&self) -> Option<String> {
        let state = self.told.borrow();
        state.commit_trouble.as_ref().or(state.flush_trouble.as_ref()).cloned()
    }

    /// Says whether everything is durable and was performed.
    pub(crate) fn is_settled(&self) -> bool {
        self.held.is_empty()
            && self.held_acks.is_empty()
            && self.told.borrow().committed >= self.last
    }

    /// Ends in order; gives the journal back, unless it does not finish in time.
    pub(crate) fn finish(self, within: Duration) -> Option<Journal> {
        self.writer.finish(within)
    }
}

fn removal(Row { table, key, .. }: Row) -> Change {
    Change::Remove { table, key }
}

#[cfg(test)]
mod tests;
