//! A Sophon cloud on loopback: pairing, the socket, the REST routes, and a phone in the browser.
//!
//! It enforces the wire: what the real cloud refuses is refused, what a correct bridge never does
//! is kept as a violation, and what can go wrong on the way happens on demand.

mod answer;
mod calls;
mod cipher;
mod devices;
mod encryption;
mod envelope;
mod faults;
mod guard;
mod handset;
mod ids;
mod link;
mod options;
mod pages;
mod pairing;
mod pairing_http;
mod person;
mod phone;
mod phone_view;
mod rates;
mod received;
mod record;
mod rest;
mod routes;
mod secrecy;
mod server;
mod session;
mod sim;
mod socket;
mod state;
mod updates;
mod validate;
mod view;

use std::net::{Ipv4Addr, SocketAddr};
use std::panic::Location;
use std::sync::{Arc, Mutex, Once};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

pub use encryption::{Forgery, Grant};
pub use faults::{Cut, Fault};
pub use options::{CloudOptions, Dialect};
pub use pairing::PendingPairing;
pub use person::PersonError;
pub use rates::{Rate, RateTable};
pub use record::{
    ApprovalCard, Attachment, Bubble, End, Finish, Message, RecordedCall, Said, Task,
};
pub use view::CloudView;

use handset::{Handset, lock};
use server::{Running, Shared};

/// A running cloud; it stops when it is dropped.
pub struct Cloud {
    shared: Arc<Shared>,
    running: Running,
    handset: Arc<Mutex<Handset>>,
    /// Whether the phones act on their own.
    awake: Once,
    runtime: Handle,
}

impl Cloud {
    /// Starts a cloud on a free port of this computer.
    ///
    /// # Errors
    /// When the port cannot be opened.
    pub async fn start(options: CloudOptions) -> std::io::Result<Self> {
        Self::start_on((Ipv4Addr::LOCALHOST, 0).into(), options).await
    }

    /// Starts a cloud at a loopback address.
    ///
    /// # Errors
    /// When the address is not loopback or cannot be opened.
    pub async fn start_on(address: SocketAddr, options: CloudOptions) -> std::io::Result<Self> {
        let (shared, running) = server::start(address, options).await?;
        let (handset, awake, runtime) = (Arc::default(), Once::new(), Handle::current());
        Ok(Self { shared, running, handset, awake, runtime })
    }

    /// Closes every socket and the port; returns when all is quiet, at the latest after 5 s.
    pub async fn stop(self) {
        self.running.stop(&self.shared).await;
    }

    /// Returns the URL that a bridge is given, without a slash at its end.
    pub fn base_url(&self) -> String {
        self.shared.base_url.clone()
    }

    /// Returns the URL of the phone page.
    pub fn phone_url(&self) -> String {
        format!("{}/phone", self.shared.base_url)
    }

    /// Returns what a program must send as `X-Anti-Forgery` when it posts to `/sim/…` or `/v1/me/…`.
    pub fn anti_forgery(&self) -> &str {
        &self.shared.anti_forgery
    }

    /// Pairs a computer without page and code; returns its installation id and its token.
    pub fn mint_installation(&self, name: &str) -> (String, String) {
        self.shared.change(|state| state.mint_installation(name, Instant::now()))
    }

    /// Lists the pairings that wait for the person.
    pub fn pending_pairings(&self) -> Vec<PendingPairing> {
        self.shared.look(|state| state.pending_pairings(Instant::now()))
    }

    /// Approves a pairing and returns the new installation's id.
    ///
    /// # Panics
    /// When no pairing with this code waits.
    #[track_caller]
    pub fn approve_pairing(&self, code: &str) -> String {
        granted(self.shared.change(|state| state.approve_pairing(code, Instant::now())))
    }

    /// Denies a pairing.
    ///
    /// # Panics
    /// When no pairing with this code waits.
    #[track_caller]
    pub fn deny_pairing(&self, code: &str) {
        granted(self.shared.change(|state| state.deny_pairing(code, Instant::now())));
    }

    /// Removes an installation, as the person does on the phone.
    ///
    /// # Panics
    /// When there is no such installation.
    #[track_caller]
    pub fn revoke(&self, installation: &str) {
        granted(self.shared.change(|state| state.revoke(installation, Instant::now())));
    }

    /// Sends a message; the first one of a session creates it at the newest installation.
    ///
    /// # Panics
    /// When nothing is paired, the session has ended, or the text is empty.
    #[track_caller]
    pub fn say(&self, session: &str, text: &str) -> Said {
        self.say_with(session, Message { text: text.to_owned(), ..Message::default() })
    }

    /// Sends a message with attachments or other particulars.
    ///
    /// # Panics
    /// As [`Cloud::say`].
    #[track_caller]
    pub fn say_with(&self, session: &str, message: Message) -> Said {
        let message = self.sealed(session, message);
        granted(self.shared.change(|state| state.say(session, message, Instant::now())))
    }

    /// Stops one answer, or all of a session's.
    ///
    /// # Panics
    /// When the session is unknown.
    #[track_caller]
    pub fn cancel(&self, session: &str, interaction: Option<&str>) {
        granted(self.shared.change(|state| state.cancel(session, interaction, Instant::now())));
    }

    /// Decides a request: `approve`, `approveForSession`, `approve_always`, `deny` or `abort`.
    ///
    /// # Panics
    /// When the request is unknown or decided, or the decision is another word.
    #[track_caller]
    pub fn decide(&self, approval_id: &str, decision: &str) {
        granted(self.shared.change(|state| state.decide(approval_id, decision, Instant::now())));
    }

    /// Ends a session and tells the bridge.
    ///
    /// # Panics
    /// When the session is unknown.
    #[track_caller]
    pub fn end_session(&self, session: &str) {
        granted(self.shared.change(|state| state.end_session(session, Instant::now())));
    }

    /// Chooses a model for a session; none is the default.
    ///
    /// # Panics
    /// When the session is unknown.
    #[track_caller]
    pub fn choose_model(&self, session: &str, model: Option<&str>) {
        granted(self.shared.change(|state| state.choose_model(session, model, Instant::now())));
    }

    /// Sends the bridge an update of any type about a session and returns the update's id.
    ///
    /// # Panics
    /// When the session is unknown.
    #[track_caller]
    pub fn push_update(&self, session: &str, kind: &str, payload: Value) -> Value {
        granted(self.shared.change(|s| s.tell(session, kind, None, payload, Instant::now())))
    }

    /// Asks the connected bridge, for example `models.list.req`; the receiver fails at once where
    /// no bridge is connected.
    pub fn ask(&self, kind: &str, body: Map<String, Value>) -> oneshot::Receiver<Value> {
        self.shared.change(|state| state.ask(kind, body))
    }

    /// Lets something go wrong.
    pub fn fault(&self, fault: Fault) {
        self.shared.change(|state| state.fault(fault, Instant::now()));
    }

    /// Copies the agent's bubbles of a session.
    pub fn bubbles(&self, session: &str) -> Vec<Bubble> {
        self.look(|view| view.bubbles(session).to_vec())
    }

    /// Copies the tool cards of a session.
    pub fn tasks(&self, session: &str) -> Vec<Task> {
        self.look(|view| view.tasks(session).to_vec())
    }

    /// Copies the requests for consent of a session.
    pub fn approvals(&self, session: &str) -> Vec<ApprovalCard> {
        self.look(|view| view.approvals(session).to_vec())
    }

    /// Copies every REST call and upgrade since the last [`Cloud::clear_calls`].
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.look(|view| view.calls().to_vec())
    }

    /// Forgets the calls and what [`Cloud::received`] copies, not what they did.
    pub fn clear_calls(&self) {
        self.shared.change(|state| {
            state.calls.clear();
            state.received.clear();
        });
    }

    /// Returns the last update that the newest installation acknowledged.
    pub fn acked_up_to(&self) -> Option<Value> {
        self.look(|view| view.acked_up_to())
    }

    /// Copies what the bridge did against the wire.
    pub fn violations(&self) -> Vec<String> {
        self.look(|view| view.violations().to_vec())
    }

    /// Looks at the cloud between two changes.
    pub fn look<T>(&self, read: impl FnOnce(&CloudView<'_>) -> T) -> T {
        let now = Instant::now();
        let (seen, handed) = self.shared.quietly(|state| {
            let mut handset = lock(&self.handset);
            let handed = handset.tend(state, now);
            (read(&CloudView::of(state, &handset)), handed)
        });
        if handed {
            self.shared.changes.send_replace(());
        }
        seen
    }

    /// Waits until the cloud shows something, looking again after every change.
    ///
    /// # Panics
    /// When `deadline` passes first.
    #[track_caller]
    pub fn wait_for<T>(
        &self,
        what: &str,
        deadline: Duration,
        seen: impl Fn(&CloudView<'_>) -> Option<T>,
    ) -> impl Future<Output = T> {
        let asked_at = Location::caller();
        async move {
            self.seen_within(deadline, seen).await.unwrap_or_else(|| {
                let calls = self.look(|view| view.calls().len());
                let violations = self.violations();
                panic!(
                    "{asked_at}: no {what} within {deadline:?} \
                     (after {calls} calls, violations: {violations:?})"
                )
            })
        }
    }

    /// Waits until the cloud shows something, looking again after every change; gives nothing when
    /// the deadline passes first.
    pub async fn seen_within<T>(
        &self,
        deadline: Duration,
        seen: impl Fn(&CloudView<'_>) -> Option<T>,
    ) -> Option<T> {
        let mut changes = self.shared.changes.subscribe();
        let waiting = async {
            loop {
                changes.mark_unchanged();
                if let Some(found) = self.look(&seen) {
                    return found;
                }
                // The sender lives in `self`, so that this never fails.
                let _ = changes.changed().await;
            }
        };
        timeout(deadline, waiting).await.ok()
    }
}

#[track_caller]
fn granted<T>(outcome: Result<T, PersonError>) -> T {
    outcome.unwrap_or_else(|error| panic!("{error}"))
}
