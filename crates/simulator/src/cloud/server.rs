//! The HTTP server around the state.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State as Extract;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{any, get, post};
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::answer::Problem;
use super::state::State;
use super::{CloudOptions, guard, ids, pages, pairing_http, phone, rest, sim, socket};

/// How long stopping may take.
const STOP_DEADLINE: Duration = Duration::from_secs(5);

/// What every request of the cloud shares.
pub(super) struct Shared {
    state: Mutex<State>,
    /// Ticks after every change of the state.
    pub(super) changes: watch::Sender<()>,
    pub(super) stopping: CancellationToken,
    /// Open sockets.
    pub(super) tasks: TaskTracker,
    pub(super) base_url: String,
    /// Proves that a request comes from a page of this cloud.
    pub(super) anti_forgery: String,
    /// Cookie of the person who signed in on the pairing page.
    pub(super) sign_in: String,
}

/// The server's task.
pub(super) struct Running {
    server: JoinHandle<()>,
    stop: DropGuard,
}

/// Opens the port and serves.
pub(super) async fn start(
    address: SocketAddr,
    options: CloudOptions,
) -> std::io::Result<(Arc<Shared>, Running)> {
    if !address.ip().is_loopback() {
        let message = "the simulated cloud listens on loopback only";
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, message));
    }
    let listener = TcpListener::bind(address).await?;
    let base_url = format!("http://{}", listener.local_addr()?);
    let stopping = CancellationToken::new();
    let shared = Arc::new(Shared {
        state: Mutex::new(State::new(options, base_url.clone())),
        changes: watch::Sender::new(()),
        stopping: stopping.clone(),
        tasks: TaskTracker::new(),
        base_url,
        anti_forgery: ids::secret(32),
        sign_in: ids::secret(32),
    });
    let listener = listener.tap_io(|stream| {
        // Small frames at once; a socket that is gone already shows so elsewhere.
        let _ = stream.set_nodelay(true);
    });
    let serve = axum::serve(listener, router(&shared))
        .with_graceful_shutdown(stopping.clone().cancelled_owned());
    let server = tokio::spawn(async move {
        if let Err(error) = serve.await {
            tracing::warn!(%error, "the simulated cloud stopped serving");
        }
    });
    Ok((shared, Running { server, stop: stopping.drop_guard() }))
}

impl Running {
    /// Closes everything and waits until it is closed.
    pub(super) async fn stop(mut self, shared: &Shared) {
        drop(self.stop);
        shared.tasks.close();
        let quiet = async {
            // A panic of the server has been reported by then.
            let _ = (&mut self.server).await;
            shared.tasks.wait().await;
        };
        if timeout(STOP_DEADLINE, quiet).await.is_err() {
            self.server.abort();
        }
    }
}

impl Shared {
    /// Changes the state and tells everybody who waits for a change.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let outcome = change(&mut self.lock());
        self.changes.send_replace(());
        outcome
    }

    /// Changes what nobody waits for.
    pub(super) fn quietly<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.lock())
    }

    /// Reads the state.
    pub(super) fn look<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.lock())
    }

    /// Waits, unless the cloud stops.
    pub(super) async fn pause(&self, time: Duration) {
        if !time.is_zero() {
            tokio::select! {
                () = sleep(time) => {}
                () = self.stopping.cancelled() => {}
            }
        }
    }

    /// A test that fails while it holds the state is no reason to fail everywhere.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn router(shared: &Arc<Shared>) -> Router {
    let person = Router::new()
        .merge(phone::routes())
        .merge(sim::routes())
        .layer(from_fn_with_state(Arc::clone(shared), guard::only_from_our_pages));
    Router::new()
        .route("/v1/pairing/start", post(pairing_http::start))
        .route("/v1/pairing/poll", get(pairing_http::long_poll).post(pairing_http::poll))
        .route("/v1/pairing/redeem", get(pages::redeem).post(pages::decide))
        .route("/v1/bridge/ws", get(socket::upgrade))
        .route("/v1/bridge/{*route}", any(rest::bridge_call))
        .route("/phone", get(pages::phone))
        .route("/assets/{name}", get(pages::asset))
        .route("/files/{key}", get(phone::file))
        .merge(person)
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(Arc::clone(shared), guard::every_answer))
        .with_state(Arc::clone(shared))
}

async fn nothing_here(Extract(shared): Extract<Arc<Shared>>) -> Response {
    let problem = Problem::new(StatusCode::NOT_FOUND, "route_not_found", "no such route");
    shared.answer_anyone(Err(problem))
}

async fn wrong_method(Extract(shared): Extract<Arc<Shared>>) -> Response {
    let message = "this route takes another method";
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message);
    shared.answer_anyone(Err(problem))
}
