//! Answers programs of this computer that ask the bridge without a screen.

use std::future;
use std::path::Path;
use std::time::Duration;

use bridge::{AccessSnapshot, Attention, Installation, Link};
use control::channel::{self, Asked, Server};
use control::{
    Answer, Ask, CONFIRMED_WITHIN, Deed, InstallationState, InstallationSummary, LISTED_WITHIN,
    Outcome, Refusal, Waits,
};
use disk::{Lock, LockError};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::config::FIRST;

/// How long the gateway is attended to after the last question about it.
const ATTENTION: Duration = Duration::from_secs(30);

/// How the installation is called, which its state does not tell.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) cloud: String,
    pub(crate) gateway: Option<String>,
}

/// The place where programs of this computer ask, if no other program has it.
#[derive(Debug)]
pub(crate) struct Front {
    named: Named,
    server: Option<Server>,
    waits: Waits,
    /// Questions that wait for the gateway's lists.
    unlisted: JoinSet<Asked>,
    attention_ends: Option<Instant>,
    _lock: Option<Lock>,
}

/// What [`Front::act`] is for.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Somebody asks.
    Asked(Asked),
    /// Somebody asked about the gateway, whose lists are there now, or late.
    Listed(Asked),
    /// Nobody has asked about the gateway for a while.
    LookAway,
}

impl Front {
    /// Opens the place of a data folder. Where another program has it, or it cannot be had, nobody
    /// can ask.
    pub(crate) fn open(data_dir: &Path, named: Named) -> Self {
        let (server, lock) = match take(data_dir) {
            Ok((server, lock)) => (Some(server), Some(lock)),
            Err(error) => {
                tracing::debug!(%error, "other programs cannot ask this one");
                (None, None)
            }
        };
        let (waits, unlisted) = (Waits::default(), JoinSet::new());
        Self { named, server, waits, unlisted, attention_ends: None, _lock: lock }
    }

    /// Waits until there is something to do. Nothing is lost if this is given up and called again.
    pub(crate) async fn next(&mut self) -> Turn {
        let asked = async {
            match &mut self.server {
                Some(server) => server.next().await,
                None => future::pending().await,
            }
        };
        tokio::select! {
            asked = asked => Turn::Asked(asked),
            Some(Ok(asked)) = self.unlisted.join_next() => Turn::Listed(asked),
            () = sleep_until(self.attention_ends.unwrap_or_else(Instant::now)),
                if self.attention_ends.is_some() => Turn::LookAway,
        }
    }

    /// Does what there is to do.
    pub(crate) fn act(&mut self, turn: Turn, installation: &Installation) {
        match turn {
            Turn::Asked(asked) if asked.ask.concerns_gateway() => {
                installation.attend(Attention::Shown);
                self.attention_ends = Some(Instant::now() + ATTENTION);
                let mut access = installation.access();
                self.unlisted.spawn(async move {
                    // Without all of it, what is known is told.
                    let _ =
                        timeout(LISTED_WITHIN, access.wait_for(AccessSnapshot::is_settled)).await;
                    asked
                });
            }
            Turn::Asked(asked) => self.answer(asked, installation),
            Turn::Listed(asked) => {
                self.attention_ends = Some(Instant::now() + ATTENTION);
                self.answer(asked, installation);
            }
            Turn::LookAway => {
                installation.attend(Attention::Off);
                self.attention_ends = None;
            }
        }
    }

    /// Tells those who wait for it how a request ended.
    pub(crate) fn settle(&mut self, key: &str, outcome: Outcome) {
        self.waits.settle(key, outcome);
    }

    fn answer(&mut self, Asked { ask, answer }: Asked, installation: &Installation) {
        let snapshot = installation.snapshot().borrow().clone();
        let access = installation.access().borrow().clone();
        let told = match ask {
            Ask::Greet => Answer::Text { text: String::new() },
            Ask::Open | Ask::Menu => {
                refusal("no_window", "this is the bridge without a screen", "Start Sophon Desktop.")
            }
            Ask::Pending => Answer::Pending {
                requests: control::pending(FIRST, &snapshot, &access),
                gateways: vec![control::access(FIRST, &access)],
            },
            Ask::History => Answer::History { requests: control::history(FIRST, &snapshot) },
            Ask::Access => {
                let mut requests = control::pending(FIRST, &snapshot, &access);
                requests.retain(|it| it.subject.kind() != control::RequestKind::Approval);
                Answer::Access { gateways: vec![control::access(FIRST, &access)], requests }
            }
            Ask::Decide { key, verdict, notify, seen } => {
                match control::deed(&key, verdict, notify, seen.as_deref(), &snapshot, &access) {
                    Ok(Deed::Decide { approval, decision }) => {
                        let ended = self.waits.wait(&key);
                        let decide = installation.decide(approval, decision);
                        tokio::spawn(async move {
                            decide.await;
                            let confirmed = timeout(CONFIRMED_WITHIN, ended).await;
                            send(
                                answer,
                                confirmed_answer(verdict, confirmed.ok().and_then(Result::ok)),
                            );
                        });
                        return;
                    }
                    Ok(Deed::Act(act)) => return perform(act, answer, installation),
                    Err(why) => Answer::Refused(why.into()),
                }
            }
            Ask::Device { slot, device, act } => {
                if slot.is_some_and(|slot| slot != FIRST) {
                    refusal("no_such_device", "another program carries this installation", "")
                } else {
                    match control::device_deed(&device, &act, &access) {
                        Ok(act) => return perform(act, answer, installation),
                        Err(why) => Answer::Refused(why.into()),
                    }
                }
            }
            Ask::Installations => Answer::Installations {
                installations: vec![self.summary(&snapshot.cloud, &snapshot.gateway)],
            },
        };
        send(answer, told);
    }

    fn summary(&self, cloud: &Link, gateway: &Link) -> InstallationSummary {
        let state = match (cloud, gateway) {
            (Link::Up { .. }, Link::Up { .. }) => InstallationState::Connected,
            (Link::Stopped, _) | (_, Link::Stopped) => InstallationState::Stopped,
            (Link::Down { .. }, _) => InstallationState::CloudDown,
            (_, Link::Down { .. }) => InstallationState::GatewayDown,
            (Link::Connecting { .. }, _) | (_, Link::Connecting { .. }) => {
                InstallationState::Connecting
            }
        };
        let Named { id, name, cloud, gateway } = self.named.clone();
        InstallationSummary { slot: FIRST, name, id: Some(id), cloud, gateway, state }
    }
}

fn take(data_dir: &Path) -> Result<(Server, Lock), LockError> {
    let lock = Lock::take(&data_dir.join("bridge.sock.lock"))?;
    let server = Server::bind(&channel::address(data_dir, channel::Program::Bridge))?;
    Ok((server, lock))
}

fn perform(act: bridge::AccessAct, answer: oneshot::Sender<Answer>, installation: &Installation) {
    let acting = installation.act(act.clone());
    tokio::spawn(async move {
        let told = match timeout(CONFIRMED_WITHIN, acting).await {
            Ok(Ok(done)) => Answer::Done { what: control::done(&act, &done) },
            Ok(Err(error)) => Answer::Refused(error.into()),
            Err(_) => Answer::Refused(Refusal::unconfirmed_act()),
        };
        send(answer, told);
    });
}

fn confirmed_answer(verdict: control::Verdict, outcome: Option<Outcome>) -> Answer {
    match outcome {
        Some(outcome) => Answer::to_verdict(verdict, &outcome),
        None => Answer::Refused(Refusal::unconfirmed_decision()),
    }
}

fn refusal(code: &str, what: &str, remedy: &str) -> Answer {
    Answer::Refused(Refusal::new(code, what, (!remedy.is_empty()).then_some(remedy)))
}

fn send(answer: oneshot::Sender<Answer>, told: Answer) {
    // Whoever asked may have gone.
    let _ = answer.send(told);
}

#[cfg(test)]
mod tests {
    use super::*;
    use bridge::{AccessStanding, SendersSnapshot};

    fn open(folder: &Path) -> Front {
        let text = || "x".to_owned();
        Front::open(folder, Named { id: text(), name: text(), cloud: text(), gateway: None })
    }

    #[tokio::test]
    async fn one_program_of_a_folder_can_be_asked_and_then_another() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (open(folder.path()), open(folder.path()));
        assert!(first.server.is_some() && second.server.is_none());
        drop(second);
        let address = channel::address(folder.path(), channel::Program::Bridge);
        assert!(address.exists(), "the place of the first is left alone");
        drop(first);
        assert!(!address.exists() && open(folder.path()).server.is_some());
    }

    #[tokio::test]
    async fn the_gateway_is_looked_away_from_only_after_somebody_looked() {
        let folder = tempfile::tempdir().unwrap();
        let mut front = open(folder.path());
        let short = Duration::from_millis(50);
        assert!(timeout(short, front.next()).await.is_err());
        front.attention_ends = Some(Instant::now() + short);
        let turn = timeout(Duration::from_secs(5), front.next()).await.unwrap();
        assert!(matches!(turn, Turn::LookAway), "{turn:?}");
    }

    #[test]
    fn only_what_takes_the_gateways_lists_looks_at_it() {
        let decide = |key: &str| Ask::Decide {
            key: key.to_owned(),
            verdict: control::Verdict::Deny,
            notify: false,
            seen: None,
        };
        assert!(Ask::Access.concerns_gateway() && decide("device:d1").concerns_gateway());
        for other in [Ask::Pending, Ask::History, Ask::Installations, decide("approval:a1")] {
            assert!(!other.concerns_gateway(), "{other:?}");
        }
    }

    #[test]
    fn lists_are_waited_for_until_they_are_there_or_will_not_come() {
        let standing = |standing| AccessSnapshot { standing, ..AccessSnapshot::default() };
        assert!(!standing(AccessStanding::Off).is_settled());
        assert!(!standing(AccessStanding::Connecting).is_settled());
        let up = standing(AccessStanding::Up { since: std::time::SystemTime::UNIX_EPOCH });
        assert!(!up.is_settled());
        let listed = AccessSnapshot {
            devices: Some(std::sync::Arc::default()),
            nodes: Some(std::sync::Arc::default()),
            senders: SendersSnapshot::Failed { why: "it refuses".to_owned() },
            ..up
        };
        assert!(listed.is_settled());
        let down = AccessStanding::Down { cause: "it is off".to_owned(), remedy: None };
        assert!(standing(down).is_settled());
    }
}
