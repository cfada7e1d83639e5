//! The connection to the cloud.

use std::time::{Duration, Instant, SystemTime};

use dial::disruption;
use sap::{Closed, ConnectError, Incoming, Outgoing, Socket};
use tokio::sync::mpsc::Receiver;

use super::{LOOK_EVERY, Lead, Pause, Redial, Signal, down};
use crate::engine::Input;
use crate::{Link, Notice, Settings};

/// How long the cloud may take to say that it is ready.
const READY_WITHIN: Duration = Duration::from_secs(15);

/// Keeps the connection until it is told to stop or the token is revoked.
pub(crate) struct CloudLink {
    pub(crate) lead: Lead,
    pub(crate) outgoing: Receiver<Outgoing>,
}

enum End {
    Stopped,
    Revoked(String),
    Lost(Closed),
}

impl CloudLink {
    pub(crate) async fn run(mut self) {
        let mut redial = Redial::new(fastrand::u64(..));
        loop {
            let attempt = redial.failures;
            self.lead.tell(Signal::Cloud(Link::Connecting { attempt })).await;
            let stop = self.lead.stop.clone();
            let connected = tokio::select! {
                () = stop.cancelled() => return,
                connected = self.connect() => connected,
                disruption = disruption(LOOK_EVERY) => {
                    tracing::info!(?disruption, "the cloud is dialled anew");
                    self.lead.dialer.give_up_connections();
                    redial.start_over();
                    continue;
                }
            };
            let wait = match connected {
                Ok(socket) => {
                    let since = Instant::now();
                    let end = self.carry(socket).await;
                    self.lead.vitals.lose_cloud();
                    self.lead.tried();
                    match end {
                        End::Stopped => return,
                        End::Revoked(code) => return self.revoked(code).await,
                        End::Lost(closed) => {
                            if matches!(closed, Closed::Woke | Closed::Silent) {
                                // What else is open to the cloud leads as little there.
                                self.lead.dialer.give_up_connections();
                            }
                            let wait = redial.after_end(since, matches!(closed, Closed::Woke));
                            self.lost(&closed, wait).await;
                            wait
                        }
                    }
                }
                Err(error) if error.is_revoked() => {
                    return self.revoked(revocation_code(&error)).await;
                }
                Err(error) => {
                    self.lead.tried();
                    let wait = redial.after_failure(error.retry_after());
                    self.failed(&error, attempt, wait).await;
                    wait
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                pause = self.lead.pause(wait) => if pause == Pause::Disrupted {
                    self.lead.dialer.give_up_connections();
                    redial.start_over();
                },
            }
        }
    }

    async fn connect(&self) -> Result<Socket, ConnectError> {
        let Settings { cloud, token, version, .. } = &self.lead.settings;
        Socket::connect(&self.lead.dialer, cloud, token, version).await
    }

    /// Carries frames both ways until the connection ends.
    async fn carry(&mut self, mut socket: Socket) -> End {
        let mut is_ready = false;
        let ready_by = tokio::time::Instant::now() + READY_WITHIN;
        loop {
            tokio::select! {
                () = self.lead.stop.cancelled() => {
                    socket.close().await;
                    return End::Stopped;
                }
                frame = socket.next() => match frame {
                    Ok(frame) => {
                        is_ready |= matches!(frame, Incoming::Ready { .. });
                        if is_ready {
                            self.lead.vitals.hear_cloud(socket.round_trip());
                        }
                        self.pass_on(frame).await;
                    }
                    Err(Closed::Revoked { reason }) => return End::Revoked(reason),
                    Err(closed) => return End::Lost(closed),
                },
                Some(frame) = self.outgoing.recv() => {
                    if let Err(closed) = socket.send(frame).await {
                        return End::Lost(closed);
                    }
                }
                () = tokio::time::sleep_until(ready_by), if !is_ready => {
                    socket.close().await;
                    return End::Lost(Closed::Silent);
                }
            }
        }
    }

    async fn pass_on(&self, frame: Incoming) {
        match frame {
            Incoming::Ready { installation_id } => {
                self.lead.tell(Signal::Notify(Notice::CloudUp { installation_id })).await;
                let up = Link::Up { since: SystemTime::now(), peer: None };
                self.lead.tell(Signal::Cloud(up)).await;
                self.lead.tell(Signal::Engine(Input::CloudUp)).await;
            }
            Incoming::Update(update) => {
                self.lead.tell(Signal::Engine(Input::Update(update))).await;
            }
            Incoming::Question(question) => {
                self.lead.tell(Signal::Engine(Input::Question(question))).await;
            }
            Incoming::Ping | Incoming::Pong | Incoming::Other { .. } => {}
        }
    }

    async fn lost(&self, closed: &Closed, wait: Duration) {
        let cause = closed.to_string();
        tracing::info!(cause, wait_ms = wait.as_millis(), "the connection to the cloud is gone");
        self.lead.tell(Signal::Cloud(down(cause.clone(), None, "cloud_lost", wait))).await;
        self.lead.tell(Signal::Notify(Notice::CloudDown { cause, code: "cloud_lost" })).await;
    }

    async fn failed(&self, error: &ConnectError, attempt: u32, wait: Duration) {
        let cause = error.to_string();
        tracing::info!(cause, attempt, wait_ms = wait.as_millis(), "the cloud cannot be reached");
        let code = "sophon_unreachable";
        self.lead.tell(Signal::Cloud(down(cause.clone(), None, code, wait))).await;
        self.lead.tell(Signal::Notify(Notice::CloudDown { cause, code })).await;
    }

    async fn revoked(&self, code: String) {
        tracing::warn!(code, "the cloud does not accept this installation any more");
        self.lead.tell(Signal::Engine(Input::CloudRevoked { code })).await;
    }
}

fn revocation_code(error: &ConnectError) -> String {
    if let ConnectError::Revoked { code: Some(code), .. } = error {
        return code.clone();
    }
    "invalid_token".into()
}
