use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

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

/// Callers that wait for answers, by id of the request; none once the connection has ended.
#[derive(Debug)]
pub(super) struct Waiting(Mutex<Option<HashMap<u64, oneshot::Sender<Answer>>>>);

/// The payload, or the error, of an answer.
type Answer = Result<Value, Value>;

impl Client {
    pub(super) fn new(requests: mpsc::Sender<String>, max_payload: usize) -> Self {
        let waiting = Arc::new(Waiting(Mutex::new(Some(HashMap::new()))));
        Self { requests, waiting, last_id: Arc::default(), max_payload }
    }

    pub(super) fn waiting(&self) -> Arc<Waiting> {
        Arc::clone(&self.waiting)
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
        let answer = self.waiting.expect_answer(id).ok_or(CallError::Disconnected)?;
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
        if caller.is_none_or(|caller| caller.send(answer).is_err()) {
            tracing::debug!("an answer came for which nobody waits any more");
        }
    }

    /// Fails every call, those to come as well.
    pub(super) fn close(&self) {
        *self.lock() = None;
    }

    fn expect_answer(&self, id: u64) -> Option<oneshot::Receiver<Answer>> {
        let (sender, receiver) = oneshot::channel();
        self.lock().as_mut()?.insert(id, sender);
        Some(receiver)
    }

    fn take(&self, id: u64) -> Option<oneshot::Sender<Answer>> {
        self.lock().as_mut()?.remove(&id)
    }

    fn lock(&self) -> MutexGuard<'_, Option<HashMap<u64, oneshot::Sender<Answer>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
