use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::life::Life;
use crate::error::{CallError, Refusal};
use crate::{Call, frame};

/// Calls the gateway; clones share one connection.
#[derive(Clone, Debug)]
pub struct Client {
    requests: mpsc::Sender<String>,
    waiting: Arc<Waiting>,
    last_id: Arc<AtomicU64>,
    max_payload: usize,
}

/// A call that was queued and whose answer is still to come; dropping it forgets the answer.
#[derive(Debug)]
pub struct PendingAnswer {
    id: u64,
    answer: oneshot::Receiver<Answer>,
    waiting: Arc<Waiting>,
}

/// What the connection and its callers share.
#[derive(Debug)]
pub(super) struct Waiting {
    /// Who waits for answers, by id of the request; none once the connection has ended.
    callers: Mutex<Option<HashMap<u64, Caller>>>,
    life: Life,
}

/// Whoever waits for an answer.
#[derive(Debug)]
struct Caller {
    answer: oneshot::Sender<Answer>,
    /// When the call began; none where its answer takes longer than the way there and back.
    measured_from: Option<Instant>,
}

/// The payload, or the error, of an answer.
type Answer = Result<Value, Value>;

impl Client {
    pub(super) fn new(requests: mpsc::Sender<String>, life: Life, max_payload: usize) -> Self {
        let waiting = Arc::new(Waiting { callers: Mutex::new(Some(HashMap::new())), life });
        Self { requests, waiting, last_id: Arc::default(), max_payload }
    }

    pub(super) fn waiting(&self) -> Arc<Waiting> {
        Arc::clone(&self.waiting)
    }

    /// Shares the connection's signs of life; what it gives does not keep the connection open.
    pub fn life(&self) -> Life {
        self.waiting.life.clone()
    }

    /// Calls the gateway and waits for its answer.
    ///
    /// # Errors
    /// [`CallError`] when the gateway refuses, is late, or the connection ends; in the last two
    /// cases the call may have run.
    pub async fn call(&self, call: &Call, deadline: Duration) -> Result<Value, CallError> {
        self.begin(call)?.wait(deadline).await
    }

    /// Queues a call without waiting; calls leave in the order in which they were begun.
    ///
    /// # Errors
    /// [`CallError::Refused`] for a call larger than the gateway takes,
    /// [`CallError::Disconnected`] once the connection has ended, and [`CallError::TimedOut`] when
    /// the socket has not taken earlier calls for so long that the queue is full; in none of these
    /// cases the call leaves.
    pub fn begin(&self, call: &Call) -> Result<PendingAnswer, CallError> {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let request = frame::request(&id.to_string(), call.method(), &call.params());
        if request.len() > self.max_payload {
            return Err(CallError::Refused(too_large(self.max_payload)));
        }
        let measured_from = call.is_answered_at_once().then(Instant::now);
        let expected = self.waiting.expect_answer(id, measured_from);
        let answer = expected.ok_or(CallError::Disconnected)?;
        let pending = PendingAnswer { id, answer, waiting: self.waiting() };
        match self.requests.try_send(request) {
            Ok(()) => Ok(pending),
            Err(mpsc::error::TrySendError::Full(_)) => Err(CallError::TimedOut),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(CallError::Disconnected),
        }
    }
}

impl PendingAnswer {
    /// Waits for the answer, at most for `deadline`.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn wait(mut self, deadline: Duration) -> Result<Value, CallError> {
        match timeout(deadline, &mut self.answer).await {
            Ok(Ok(answer)) => answer.map_err(|error| CallError::Refused(Refusal::parse(&error))),
            Ok(Err(_)) => Err(CallError::Disconnected),
            Err(_) => Err(CallError::TimedOut),
        }
    }
}

impl Drop for PendingAnswer {
    fn drop(&mut self) {
        self.waiting.take(self.id);
    }
}

impl Waiting {
    /// Hands an answer to whoever still waits for it.
    pub(super) fn answer(&self, id: &str, answer: Answer) {
        let caller = id.parse().ok().and_then(|id| self.take(id));
        if let Some(begun) = caller.as_ref().and_then(|caller| caller.measured_from) {
            self.life.measure(begun.elapsed());
        }
        if caller.is_none_or(|caller| caller.answer.send(answer).is_err()) {
            tracing::debug!("an answer came for which nobody waits any more");
        }
    }

    /// Notes that something came.
    pub(super) fn hear(&self) {
        self.life.hear();
    }

    /// Notes how long a prompt answer took.
    pub(super) fn measure(&self, round_trip: Duration) {
        self.life.measure(round_trip);
    }

    /// Fails every call, those to come as well.
    pub(super) fn close(&self) {
        *self.lock() = None;
    }

    fn expect_answer(
        &self,
        id: u64,
        measured_from: Option<Instant>,
    ) -> Option<oneshot::Receiver<Answer>> {
        let (answer, receiver) = oneshot::channel();
        self.lock().as_mut()?.insert(id, Caller { answer, measured_from });
        Some(receiver)
    }

    fn take(&self, id: u64) -> Option<Caller> {
        self.lock().as_mut()?.remove(&id)
    }

    fn lock(&self) -> MutexGuard<'_, Option<HashMap<u64, Caller>>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn too_large(max_payload: usize) -> Refusal {
    let mebibytes = max_payload / (1024 * 1024);
    Refusal {
        code: "PAYLOAD_TOO_LARGE".into(),
        message: format!("the message is larger than the {mebibytes} MiB it takes"),
        reason: None,
        retryable: false,
        retry_after: None,
    }
}
