//! Holds effects back until what they rest on is durable.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use journal::{Journal, Told, Writer};
use tokio::sync::watch;

use crate::engine::{Effect, Step};

/// Commits what the engine wants kept, and gives its effects in order, each once everything before
/// it is durable.
#[derive(Debug)]
pub(crate) struct Keeper {
    writer: Writer,
    told: watch::Receiver<State>,
    /// The last batch that was handed over.
    last: u64,
    held: VecDeque<(u64, Effect)>,
}

/// What the journal said last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State {
    committed: u64,
    trouble: Option<String>,
}

impl Keeper {
    /// Starts to keep things in a journal.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(journal: Journal) -> io::Result<Self> {
        let (tell, told) = watch::channel(State::default());
        let writer = Writer::start(journal, move |told| {
            tell.send_modify(|state| match told {
                Told::Committed(batch) => *state = State { committed: batch, trouble: None },
                Told::Failed(error) => state.trouble = Some(error.to_string()),
                other => tracing::debug!(?other, "the journal says something new"),
            });
        })?;
        Ok(Self { writer, told, last: 0, held: VecDeque::new() })
    }

    /// Takes what an input led to.
    pub(crate) fn take(&mut self, step: Step) {
        if !step.keep.is_empty() {
            self.last = self.writer.write(step.keep, step.firmness);
        }
        self.held.extend(step.effects.into_iter().map(|effect| (self.last, effect)));
    }

    /// The next effect that may be performed now.
    pub(crate) fn next_due(&mut self) -> Option<Effect> {
        let committed = self.told.borrow().committed;
        let (_, effect) = self.held.pop_front_if(|(batch, _)| *batch <= committed)?;
        Some(effect)
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
        self.told.borrow().trouble.clone()
    }

    /// Says whether everything is durable and was performed.
    pub(crate) fn is_settled(&self) -> bool {
        self.held.is_empty() && self.told.borrow().committed >= self.last
    }

    /// Ends in order; gives the journal back, unless it does not finish in time.
    pub(crate) fn finish(self, within: Duration) -> Option<Journal> {
        self.writer.finish(within)
    }
}
