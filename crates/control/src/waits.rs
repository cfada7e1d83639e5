//! Those who wait for what becomes of requests.

use std::collections::HashMap;

use tokio::sync::oneshot;

use crate::Outcome;

/// Hands the outcomes of requests to those who wait for them.
#[derive(Debug, Default)]
pub struct Waits {
    waiting: HashMap<String, Vec<oneshot::Sender<Outcome>>>,
}

impl Waits {
    /// Waits for what becomes of the request of this key; nothing comes if it is not told.
    pub fn wait(&mut self, key: &str) -> oneshot::Receiver<Outcome> {
        self.waiting.retain(|_, waiting| {
            waiting.retain(|one| !one.is_closed());
            !waiting.is_empty()
        });
        let (sender, receiver) = oneshot::channel();
        self.waiting.entry(key.to_owned()).or_default().push(sender);
        receiver
    }

    /// Tells everybody who waits for it what became of the request of this key.
    pub fn settle(&mut self, key: &str, outcome: Outcome) {
        for waiting in self.waiting.remove(key).into_iter().flatten() {
            // Whoever waited may have gone.
            let _ = waiting.send(outcome.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_who_waits_for_a_request_is_told_and_nobody_else() {
        let mut waits = Waits::default();
        let (mut one, mut two, mut other) = (waits.wait("a"), waits.wait("a"), waits.wait("b"));
        waits.settle("a", Outcome::Expired);
        assert_eq!(one.try_recv().unwrap(), Outcome::Expired);
        assert_eq!(two.try_recv().unwrap(), Outcome::Expired);
        assert!(other.try_recv().is_err());
    }

    #[test]
    fn those_who_have_gone_are_forgotten() {
        let mut waits = Waits::default();
        drop(waits.wait("a"));
        let _still = waits.wait("b");
        assert_eq!(waits.waiting.len(), 1);
    }
}
