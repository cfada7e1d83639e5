//! The inside of a running gateway: one state behind one lock, and the tasks that act on it.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::approvals::Approvals;
use super::cron::CronJobs;
use super::devices::Devices;
use super::ids::{now_ms, uuid};
use super::nodes::Nodes;
use super::observe::Record;
use super::run::Run;
use super::senders::Senders;
use super::sessions::Session;
use super::setup::MadeCode;
use super::wire::{Audience, Wire};
use super::{ConnectRefusal, GatewayOptions, Generation, follow_up, player};

/// A running gateway.
pub(super) struct House {
    state: Mutex<State>,
    changed: watch::Sender<()>,
    /// Ends everything.
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
    /// The tasks of the sockets.
    pub(super) sockets: TaskTracker,
}

/// Something to do outside of the lock.
pub(super) enum Errand {
    /// Plays a run.
    Play(String),
    /// Lets an approval expire.
    Expire(String, Duration),
    /// Runs what an approval of the older generation allowed, and tells the agent.
    FollowUp(String),
}

/// What a gateway does to those who come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Serving,
    /// It lets its runs end and takes nothing new.
    Draining,
}

/// What an idempotency key was used for.
pub(super) struct Remembered {
    pub(super) session_key: String,
    pub(super) message: String,
    pub(super) ended: bool,
}

type Afterthought = Box<dyn FnOnce(&mut State) + Send>;

/// Everything that a gateway knows.
pub(super) struct State {
    pub(super) options: GatewayOptions,
    pub(super) generation: Generation,
    pub(super) phase: Phase,
    pub(super) boot_id: String,
    pub(super) booted_at_ms: u64,
    /// Ends the tasks of this start of the gateway.
    pub(super) boot: CancellationToken,
    pub(super) wire: Wire,
    pub(super) sessions: BTreeMap<String, Session>,
    pub(super) runs: HashMap<String, Run>,
    pub(super) memory: HashMap<String, Remembered>,
    pub(super) approvals: Approvals,
    /// Commands that need no approval any more.
    pub(super) allowed_commands: HashSet<String>,
    pub(super) devices: Devices,
    pub(super) nodes: Nodes,
    pub(super) senders: Senders,
    pub(super) setup_codes: Vec<MadeCode>,
    pub(super) cron: CronJobs,
    pub(super) refusals: VecDeque<ConnectRefusal>,
    pub(super) record: Record,
    pub(super) errands: Vec<Errand>,
    pub(super) afterthoughts: Vec<Afterthought>,
    last_connection: u64,
}

impl House {
    pub(super) fn new(options: GatewayOptions) -> Arc<Self> {
        let stop = CancellationToken::new();
        let state = State::new(options, stop.child_token());
        let changed = watch::Sender::new(());
        Arc::new(Self {
            state: Mutex::new(state),
            changed,
            stop,
            tasks: TaskTracker::new(),
            sockets: TaskTracker::new(),
        })
    }

    /// Looks at the state and changes it; whoever waits for a change looks again.
    pub(super) fn with<T>(self: &Arc<Self>, change: impl FnOnce(&mut State) -> T) -> T {
        let (result, errands, boot) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let result = change(&mut state);
            (result, std::mem::take(&mut state.errands), state.boot.clone())
        };
        for errand in errands {
            self.run(errand, &boot);
        }
        self.changed.send_replace(());
        result
    }

    /// Looks at the state.
    pub(super) fn look<T>(&self, at: impl FnOnce(&State) -> T) -> T {
        at(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until a look gives something; looks again after every change.
    pub(super) async fn until<T>(&self, look: impl Fn() -> Option<T>) -> T {
        let mut changes = self.changed.subscribe();
        loop {
            if let Some(found) = look() {
                return found;
            }
            // The sender lives as long as this house.
            let _ = changes.changed().await;
        }
    }

    /// Starts a task that ends with this start of the gateway.
    fn run(self: &Arc<Self>, errand: Errand, boot: &CancellationToken) {
        let house = Arc::clone(self);
        match errand {
            Errand::Play(run) => self.spawn(boot, player::play(house, run)),
            Errand::FollowUp(approval) => self.spawn(boot, follow_up::go_on(house, approval)),
            Errand::Expire(approval, after) => self.spawn(boot, async move {
                tokio::time::sleep(after).await;
                house.with(|state| state.expire_approval(&approval));
            }),
        }
    }

    fn spawn(&self, until: &CancellationToken, task: impl Future<Output = ()> + Send + 'static) {
        let until = until.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = until.cancelled() => {}
                () = task => {}
            }
        });
    }
}

impl State {
    fn new(options: GatewayOptions, boot: CancellationToken) -> Self {
        let generation = options.generation;
        Self {
            options,
            generation,
            phase: Phase::Serving,
            boot_id: uuid(),
            booted_at_ms: now_ms(),
            boot,
            wire: Wire::new(generation),
            sessions: BTreeMap::new(),
            runs: HashMap::new(),
            memory: HashMap::new(),
            approvals: Approvals::default(),
            allowed_commands: HashSet::new(),
            devices: Devices::default(),
            nodes: Nodes::default(),
            senders: Senders::default(),
            setup_codes: Vec::new(),
            cron: CronJobs::default(),
            refusals: VecDeque::new(),
            record: Record::default(),
            errands: Vec::new(),
            afterthoughts: Vec::new(),
            last_connection: 0,
        }
    }

    pub(super) fn next_connection(&mut self) -> u64 {
        self.last_connection += 1;
        self.last_connection
    }

    /// The session with this canonical key, made if it is new.
    pub(super) fn session(&mut self, key: &str) -> &mut Session {
        self.sessions.entry(key.to_owned()).or_insert_with(|| Session::new(key))
    }

    /// Acts on a run that has not ended.
    pub(super) fn on_run<T>(
        &mut self,
        id: &str,
        act: impl FnOnce(&mut Run, &mut Wire, &mut Session) -> T,
    ) -> Option<T> {
        let run = self.runs.get_mut(id)?;
        let key = run.session_key.clone();
        let session = self.sessions.entry(key.clone()).or_insert_with(|| Session::new(&key));
        Some(act(run, &mut self.wire, session))
    }

    /// Does, after a call was answered, what must come after the answer.
    pub(super) fn think_on(&mut self) {
        for afterthought in std::mem::take(&mut self.afterthoughts) {
            afterthought(self);
        }
    }

    /// Announces the end of this process to everybody.
    pub(super) fn announce_shutdown(&mut self) {
        let mut payload = json!({"reason": "gateway stopping"});
        if self.generation == Generation::Older {
            payload["restartExpectedMs"] = serde_json::Value::Null;
        }
        self.wire.event("shutdown", &payload, Audience::Everyone);
        self.wire.close_all(1012, "service restart");
    }

    /// Becomes a new process with the same files: whatever was only in memory is gone.
    pub(super) fn reboot(&mut self, boot: CancellationToken, keep_history: bool) {
        std::mem::replace(&mut self.boot, boot).cancel();
        self.wire.cut_all();
        self.record.restarts.push(Instant::now());
        self.phase = Phase::Serving;
        self.boot_id = uuid();
        self.booted_at_ms = now_ms();
        self.memory.clear();
        self.approvals = Approvals::default();
        self.errands.clear();
        self.afterthoughts.clear();
        let interrupted: Vec<Run> = self.runs.drain().map(|(_, run)| run).collect();
        for run in &interrupted {
            self.record.lost(&run.id);
        }
        for session in self.sessions.values_mut() {
            session.current = None;
            session.waiting.clear();
        }
        if !keep_history {
            self.sessions.clear();
        } else if self.generation.is_newer() {
            for run in interrupted.into_iter().filter(|run| !run.aborted) {
                self.recover(&run);
            }
        }
    }
}
