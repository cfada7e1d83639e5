//! What waits between the socket and the engine: bounded by its size, in order, and without what a
//! later event made superfluous. Where an engine is slower than a gateway, the newest of many whole
//! texts says it all.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{Event, RunEvent, RunEventKind, SessionKey, ToolCallId, ToolEvent};

/// How many bytes of events may wait, as the gateway sent them, before it has to wait as well. The
/// event that goes beyond is still taken.
pub(super) const CAPACITY: usize = 2 * 1024 * 1024;
/// What an event weighs beside its text.
const OVERHEAD: usize = 512;

/// The socket's end.
pub(super) struct Teller(Arc<Queue>);

/// The engine's end.
#[derive(Debug)]
pub(super) struct Listener {
    queue: Arc<Queue>,
    _leave: DropGuard,
}

#[derive(Debug, Default)]
struct Queue {
    line: Mutex<Line>,
    arrived: Notify,
    taken: Notify,
    /// Nobody listens any more.
    left: CancellationToken,
}

/// Opens a queue.
pub(super) fn queue() -> (Teller, Listener) {
    let queue = Arc::new(Queue::default());
    let _leave = queue.left.clone().drop_guard();
    (Teller(Arc::clone(&queue)), Listener { queue, _leave })
}

impl Teller {
    /// Adds an event of this many bytes, and waits while too much waits already. Where nobody
    /// listens any more, the event is dropped.
    pub(super) async fn tell(&self, event: Event, bytes: usize) {
        let mut event = event;
        let weight = bytes + OVERHEAD;
        loop {
            // Made before the look, so that what is taken meanwhile is noticed.
            let taken = self.0.taken.notified();
            match self.0.lock().add(event, weight) {
                None => return self.0.arrived.notify_one(),
                Some(refused) => event = refused,
            }
            tokio::select! {
                () = taken => {}
                () = self.0.left.cancelled() => return,
            }
        }
    }

    /// Waits until nobody listens any more.
    pub(super) async fn left(&self) {
        self.0.left.cancelled().await;
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.0.lock().is_over = true;
        self.0.arrived.notify_one();
    }
}

impl Listener {
    /// Waits for the next event; none when there will be no more. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<Event> {
        loop {
            let arrived = self.queue.arrived.notified();
            {
                let mut line = self.queue.lock();
                if let Some(event) = line.pop() {
                    self.queue.taken.notify_one();
                    return Some(event);
                }
                if line.is_over {
                    return None;
                }
            }
            arrived.await;
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The events that wait, each with its weight.
#[derive(Debug, Default)]
struct Line {
    waiting: VecDeque<(Event, usize)>,
    weight: usize,
    /// How many events have left the line.
    gone: u64,
    /// The number of the last waiting event of each session, counted from the first ever.
    last: HashMap<SessionKey, u64>,
    is_over: bool,
}

impl Line {
    /// Adds an event, or gives it back where too much waits.
    fn add(&mut self, event: Event, weight: usize) -> Option<Event> {
        let is_bare_life = matches!(&event, Event::Run(RunEvent { kind: RunEventKind::Alive, .. }));
        if is_bare_life && !self.waiting.is_empty() {
            // What waits shows life as well.
            return None;
        }
        if let Some((old, old_weight)) = self.superseded_by(&event) {
            let before = std::mem::replace(old_weight, weight);
            *old = event;
            self.weight = self.weight - before + weight;
            return None;
        }
        if self.weight >= CAPACITY {
            return Some(event);
        }
        let number = self.gone + self.waiting.len() as u64;
        match &event {
            Event::Run(run) => {
                self.last.insert(run.session_key.clone(), number);
            }
            // Nothing of a run may overtake these.
            Event::ApprovalRequested(_)
            | Event::ApprovalResolved { .. }
            | Event::Pairing(_)
            | Event::Tick
            | Event::Shutdown { .. }
            | Event::Other => self.last.clear(),
        }
        self.weight += weight;
        self.waiting.push_back((event, weight));
        None
    }

    /// The last waiting event of the same session, if the new one says all that it says.
    fn superseded_by(&mut self, event: &Event) -> Option<&mut (Event, usize)> {
        let Event::Run(newer) = event else { return None };
        let number = *self.last.get(&newer.session_key)?;
        let index = usize::try_from(number.checked_sub(self.gone)?).ok()?;
        let waiting = self.waiting.get_mut(index)?;
        let Event::Run(older) = &waiting.0 else { return None };
        let subject = Subject::of(&newer.kind)?;
        let is_same = older.run_id == newer.run_id && Subject::of(&older.kind) == Some(subject);
        is_same.then_some(waiting)
    }

    fn pop(&mut self) -> Option<Event> {
        let (event, weight) = self.waiting.pop_front()?;
        self.weight -= weight;
        if let Event::Run(run) = &event
            && self.last.get(&run.session_key) == Some(&self.gone)
        {
            self.last.remove(&run.session_key);
        }
        self.gone += 1;
        Some(event)
    }
}

/// What an event tells whole, so that a later one about the same leaves nothing to know of it.
#[derive(PartialEq)]
enum Subject<'a> {
    Text,
    Usage,
    Preamble(&'a str),
    Output(&'a ToolCallId),
}

impl<'a> Subject<'a> {
    fn of(kind: &'a RunEventKind) -> Option<Self> {
        match kind {
            RunEventKind::Text { .. } => Some(Self::Text),
            RunEventKind::Usage { .. } => Some(Self::Usage),
            RunEventKind::Preamble { item_id, .. } => Some(Self::Preamble(item_id)),
            RunEventKind::Tool { call_id, event: ToolEvent::Output { .. } } => {
                Some(Self::Output(call_id))
            }
            RunEventKind::Tool { .. }
            | RunEventKind::Started
            | RunEventKind::Model { .. }
            | RunEventKind::Retrying { .. }
            | RunEventKind::AttemptEnded { .. }
            | RunEventKind::Final { .. }
            | RunEventKind::Failed { .. }
            | RunEventKind::Aborted { .. }
            | RunEventKind::Alive => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;
    use crate::RunId;

    const SOON: Duration = Duration::from_secs(5);

    fn event(session: &str, kind: RunEventKind) -> Event {
        let (run_id, session_key) =
            (RunId::new(format!("run-{session}")), SessionKey::new(session));
        Event::Run(RunEvent { run_id, session_key, kind })
    }

    fn text(session: &str, text: &str) -> Event {
        event(session, RunEventKind::Text { text: text.into() })
    }

    fn output(call: &str, tail: &str) -> Event {
        let output = ToolEvent::Output { tail: tail.into() };
        event("a", RunEventKind::Tool { call_id: ToolCallId::new(call), event: output })
    }

    /// What is left of these events when nobody has listened meanwhile.
    async fn left_of(events: Vec<Event>) -> Vec<Event> {
        let (teller, mut listener) = queue();
        for event in events {
            timeout(SOON, teller.tell(event, 1)).await.unwrap();
        }
        drop(teller);
        let mut left = Vec::new();
        while let Some(event) = listener.next().await {
            left.push(event);
        }
        left
    }

    #[tokio::test]
    async fn the_newest_of_many_whole_texts_says_it_all_also_between_those_of_others() {
        let events = vec![text("a", "1"), text("b", "1"), text("a", "12"), text("b", "12")];
        assert_eq!(left_of(events).await, [text("a", "12"), text("b", "12")]);
    }

    #[tokio::test]
    async fn nothing_overtakes_what_happened_in_between() {
        let tick = || Event::Tick;
        let final_ = || {
            let kind = RunEventKind::Final { text: None, stop_reason: None, usage: None };
            event("a", kind)
        };
        for between in [tick(), final_(), output("c", "x"), event("a", RunEventKind::Started)] {
            let events = vec![text("a", "1"), between, text("a", "12")];
            assert_eq!(left_of(events.clone()).await, events);
        }
    }

    #[tokio::test]
    async fn a_commands_output_is_replaced_by_its_own_alone() {
        let events = vec![output("c", "1"), output("c", "2"), output("d", "3")];
        assert_eq!(left_of(events).await, [output("c", "2"), output("d", "3")]);
    }

    #[tokio::test]
    async fn bare_signs_of_life_come_alone_or_not_at_all() {
        let alive = || event("a", RunEventKind::Alive);
        assert_eq!(left_of(vec![alive(), alive()]).await, [alive()]);
        assert_eq!(left_of(vec![text("b", "1"), alive()]).await, [text("b", "1")]);
    }

    #[tokio::test]
    async fn whoever_tells_too_much_waits_until_enough_was_taken() {
        let (teller, mut listener) = queue();
        let started = || event("a", RunEventKind::Started);
        teller.tell(started(), CAPACITY).await;
        let mut telling = std::pin::pin!(teller.tell(started(), 1));
        let blocked = timeout(Duration::from_millis(50), &mut telling).await;
        assert!(blocked.is_err(), "the queue is full");
        assert_eq!(listener.next().await, Some(started()));
        timeout(SOON, telling).await.unwrap();
        drop(listener);
        timeout(SOON, teller.left()).await.unwrap();
        for _ in 0..3 {
            timeout(SOON, teller.tell(started(), CAPACITY)).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_text_that_replaces_another_never_waits_for_room() {
        let (teller, mut listener) = queue();
        for length in 1..=3 {
            let longer = text("a", &"x".repeat(length));
            timeout(SOON, teller.tell(longer, length * CAPACITY)).await.unwrap();
        }
        assert_eq!(listener.next().await, Some(text("a", "xxx")));
        teller.tell(text("a", "y"), 1).await;
        assert_eq!(listener.next().await, Some(text("a", "y")));
    }
}
