//! What waits for the bridge of one installation until it says that it has it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Dialect;

/// Updates in order, each kept until it is acknowledged.
#[derive(Debug)]
pub(super) struct UpdateQueue {
    dialect: Dialect,
    issued: u64,
    acked: u64,
    waiting: VecDeque<Waiting>,
    /// When each update left for the first time, in the order of their numbers.
    left_at: Vec<Option<Instant>>,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    frame: String,
    issued_at: Instant,
    sent_at: Option<Instant>,
    copies: usize,
}

impl UpdateQueue {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self { dialect, issued: 0, acked: 0, waiting: VecDeque::new(), left_at: Vec::new() }
    }

    /// Queues the update that `frame` builds around its id; with `twice` it is sent two times.
    pub(super) fn push(
        &mut self,
        now: Instant,
        twice: bool,
        frame: impl FnOnce(&Value) -> Value,
    ) -> Value {
        self.issued += 1;
        self.left_at.push(None);
        let id = self.id(self.issued);
        self.waiting.push_back(Waiting {
            number: self.issued,
            frame: frame(&id).to_string(),
            issued_at: now,
            sent_at: None,
            copies: if twice { 2 } else { 1 },
        });
        id
    }

    /// Takes the frames that are to be sent now: new ones, and those that nobody acknowledged.
    pub(super) fn due(&mut self, now: Instant, resend_after: Duration) -> Vec<String> {
        let mut frames = Vec::new();
        for waiting in &mut self.waiting {
            let due = waiting
                .sent_at
                .is_none_or(|sent| now.saturating_duration_since(sent) >= resend_after);
            if due {
                waiting.sent_at = Some(now);
                if let Some(left_at) = self.left_at.get_mut(index_of(waiting.number)) {
                    left_at.get_or_insert(now);
                }
                frames.extend(std::iter::repeat_n(waiting.frame.clone(), waiting.copies));
                waiting.copies = 1;
            }
        }
        frames
    }

    /// Says when the next frame is to be sent again.
    pub(super) fn next_due(&self, resend_after: Duration) -> Option<Instant> {
        self.waiting.iter().filter_map(|waiting| waiting.sent_at).min().map(|at| at + resend_after)
    }

    /// Makes every waiting update due at once, for a socket that just opened.
    pub(super) fn start_over(&mut self) {
        for waiting in &mut self.waiting {
            waiting.sent_at = None;
        }
    }

    /// Drops what waited for too long.
    pub(super) fn drop_older_than(&mut self, ttl: Duration, now: Instant) {
        self.waiting.retain(|waiting| now.saturating_duration_since(waiting.issued_at) < ttl);
    }

    /// Takes an acknowledgement; false when no update ever had that id in that form.
    pub(super) fn ack(&mut self, id: &Value) -> bool {
        let Some(number) = self.number(id) else { return false };
        self.acked = self.acked.max(number);
        self.waiting.retain(|waiting| waiting.number > number);
        true
    }

    /// Returns the last update that was acknowledged.
    pub(super) fn acked_up_to(&self) -> Option<Value> {
        (self.acked > 0).then(|| self.id(self.acked))
    }

    /// Says whether an update was acknowledged.
    pub(super) fn is_acked(&self, id: &Value) -> bool {
        self.number(id).is_some_and(|number| number <= self.acked)
    }

    /// Says when an update left for the first time.
    pub(super) fn left_at(&self, id: &Value) -> Option<Instant> {
        *self.left_at.get(index_of(self.number(id)?))?
    }

    fn id(&self, number: u64) -> Value {
        match self.dialect {
            Dialect::Documented => json!(format!("upd_{number:012}")),
            Dialect::Npm => json!(number),
        }
    }

    fn number(&self, id: &Value) -> Option<u64> {
        let number = match self.dialect {
            Dialect::Documented => id.as_str()?.strip_prefix("upd_")?.parse().ok()?,
            Dialect::Npm => id.as_u64()?,
        };
        ((1..=self.issued).contains(&number) && self.id(number) == *id).then_some(number)
    }
}

/// Numbers begin with 1.
fn index_of(number: u64) -> usize {
    usize::try_from(number - 1).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESEND: Duration = Duration::from_secs(5);

    fn queue_of(count: usize, dialect: Dialect, now: Instant) -> (UpdateQueue, Vec<Value>) {
        let mut queue = UpdateQueue::new(dialect);
        let ids = (0..count).map(|_| queue.push(now, false, Value::clone)).collect();
        (queue, ids)
    }

    #[test]
    fn an_update_is_sent_once_then_again_after_five_seconds_until_it_is_acknowledged() {
        let now = Instant::now();
        let (mut queue, ids) = queue_of(2, Dialect::Documented, now);
        assert_eq!(queue.due(now, RESEND).len(), 2);
        assert_eq!(queue.due(now, RESEND).len(), 0);
        assert_eq!(queue.next_due(RESEND), Some(now + RESEND));
        assert!(queue.ack(&ids[0]));
        assert_eq!(queue.due(now + RESEND, RESEND), [ids[1].to_string()]);
        assert!(queue.ack(&ids[1]));
        assert_eq!(queue.next_due(RESEND), None);
    }

    #[test]
    fn an_acknowledgement_counts_for_everything_before_it() {
        let now = Instant::now();
        let (mut queue, ids) = queue_of(3, Dialect::Npm, now);
        assert!(queue.ack(&ids[2]));
        assert_eq!(queue.due(now, RESEND), Vec::<String>::new());
        assert!(queue.ack(&ids[0]), "a late acknowledgement is harmless");
        assert_eq!(queue.acked_up_to(), Some(ids[2].clone()));
    }

    #[test]
    fn an_id_that_was_never_issued_or_has_another_form_is_unknown() {
        let (mut text, _) = queue_of(1, Dialect::Documented, Instant::now());
        for id in [json!(1), json!("1"), json!("upd_1"), json!("upd_000000000002"), json!(null)] {
            assert!(!text.ack(&id), "{id}");
        }
        let (mut number, _) = queue_of(1, Dialect::Npm, Instant::now());
        for id in [json!("1"), json!(0), json!(2), json!(1.5)] {
            assert!(!number.ack(&id), "{id}");
        }
    }

    #[test]
    fn a_doubled_update_comes_twice_at_first_and_once_later() {
        let now = Instant::now();
        let mut queue = UpdateQueue::new(Dialect::Npm);
        queue.push(now, true, Value::clone);
        assert_eq!(queue.due(now, RESEND), ["1", "1"]);
        queue.start_over();
        assert_eq!(queue.due(now, RESEND), ["1"]);
    }
}
