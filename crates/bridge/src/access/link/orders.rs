//! What a person wants done, from the order to the answer.

use std::sync::Arc;

use super::{AccessLink, Order, Phase};
use crate::access::book::{Answered, Input};
use crate::access::doing::{Answer, Finished, Waiter, answers, shown_in};
use crate::access::errand::{Errand, Failure, gone, not_connected};
use crate::access::right::scopes_for;
use crate::access::{AccessDone, AccessStanding};

impl AccessLink {
    pub(super) async fn order(&mut self, (act, waiter): Order) {
        let line = match &self.phase {
            Phase::Up(line) if line.is_proven => line,
            Phase::Up(_) | Phase::Off | Phase::Dialling(_) | Phase::Waiting(_) => {
                return answer(vec![waiter], &not_connected(self.cause()));
            }
        };
        let request = answers(&act);
        if let Some((key, _)) = &request
            && !self.doing.is_busy_with(&act)
            && !self.book.waits(key)
        {
            return answer(vec![waiter], &Err(gone(self.book.outcome(key))));
        }
        let errand = Errand {
            act: act.clone(),
            standing: line.pairing.clone(),
            scopes: scopes_for(&act, &self.book),
            lead: self.lead.clone(),
            keys: Arc::clone(&self.keys),
            turns: Arc::clone(&self.turns),
        };
        let Some(number) = self.doing.admit(act, waiter) else { return };
        self.errands.spawn(async move { (number, errand.run().await) });
        self.is_changed = true;
        if let Some((key, is_yes)) = request {
            self.feed(Input::Answering(key, is_yes)).await;
        }
    }

    pub(super) async fn done(&mut self, number: u64, done: Result<AccessDone, Failure>) {
        let Some(act) = self.doing.act(number).cloned() else { return };
        let answered = done.as_ref().map_or_else(Failure::answered, |_| Answered::Confirmed);
        if let Some((key, _)) = answers(&act) {
            self.feed(Input::Answered(key, answered)).await;
        }
        let mut lists = shown_in(&act);
        match &mut self.phase {
            Phase::Up(line) => {
                lists.retain(|list| !line.rounds.is_closed(*list));
                lists.iter().for_each(|list| line.rounds.want(*list));
            }
            Phase::Off | Phase::Dialling(_) | Phase::Waiting(_) => lists.clear(),
        }
        let after = self.book.begin();
        self.doing.done(number, done.map_err(Failure::explain), after, lists);
        self.is_changed = true;
    }

    /// Tells those who wait what came of it.
    pub(super) fn tell(&self, finished: Vec<Finished>) {
        for Finished { act, waiters, answer: told } in finished {
            let told = match (told, answers(&act)) {
                (Err(error), Some((key, _))) if error.is_gone => Err(gone(self.book.outcome(&key))),
                (told, _) => told,
            };
            answer(waiters, &told);
        }
    }

    fn cause(&self) -> Option<&str> {
        match &self.shown.standing {
            AccessStanding::Down { cause, .. } => Some(cause),
            AccessStanding::Off | AccessStanding::Connecting | AccessStanding::Up { .. } => None,
        }
    }
}

fn answer(waiters: Vec<Waiter>, told: &Answer) {
    for waiter in waiters {
        // Whoever asked may have left.
        let _ = waiter.send(told.clone());
    }
}
