//! A world on simulated time: a person with a phone, the cloud, the bridge's process and its disk,
//! the gateway, and the ways between them.

mod bridge_side;
mod cloud_side;
mod doings;
mod gateway_side;
mod happening;
mod key_checks;
mod key_side;

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use fastrand::Rng;
use openclaw::Generation;

use self::gateway_side::Line;
use self::happening::{Happening, Place};
use self::key_side::KeySide;
use crate::clock::{Clock, MINUTE, Millis, SECOND};
use crate::cloud::Cloud;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::process::Process;
use crate::schedule::{self, Scheduled, Step};
use crate::secrets::Secrets;
use crate::storage::Storage;
use crate::weather::Weather;

pub(crate) use self::bridge_side::Sizes;

/// How long a world may take to become quiet once nothing goes wrong any more.
const CALM: Millis = 360 * MINUTE;
/// How much may happen at one moment.
const AT_ONCE: u32 = 20_000;

/// A world.
#[derive(Debug)]
pub(crate) struct World {
    /// The cloud, and what the phone shows.
    pub(crate) cloud: Cloud,
    /// The gateway, and what really happened there.
    pub(crate) gateway: Gateway,
    /// What the person did.
    pub(crate) person: Person,
    /// What happened that must not.
    pub(crate) violations: Vec<String>,
    /// The gateway was slow once, or the bridge quit: it may have had to do without an answer.
    pub(crate) was_hurried: bool,
    /// The largest that the journal was.
    pub(crate) sizes: Sizes,
    clock: Clock,
    rng: Rng,
    agenda: BTreeMap<(Millis, u64), Happening>,
    sequence: u64,
    weather: Weather,
    storage: Storage,
    process: Option<Process>,
    /// The how-manieth process of the bridge it is.
    life: u32,
    disk_at: Option<Millis>,
    /// A crash that is to come: after how many inputs, and how.
    crash: Option<(u32, Step)>,
    quitting: bool,
    asleep_until: Millis,
    /// The turn of each row, and the message that it answers.
    turns: BTreeMap<String, String>,
    /// The how-manieth connection to the cloud it is, if there is one.
    socket: Option<u32>,
    sockets: u32,
    socket_at: Millis,
    cloud_away: Millis,
    rest_away: Millis,
    keys: KeySide,
    /// The bytes of each request, by its idempotency key.
    bodies: HashMap<String, Bytes>,
    line: Option<Line>,
    lines: u32,
    line_away: Millis,
    /// When there was a connection to the gateway: from, to.
    ups: Vec<(Millis, Millis)>,
    /// Calls without an answer.
    calls: BTreeMap<u64, bridge::engine::Purpose>,
    next_call: u64,
    log: Option<Vec<String>>,
    calm: bool,
}

impl World {
    /// Makes a world and plays a schedule in it until it is calm; `tells` keeps a log.
    pub(crate) fn play(
        seed: u64,
        generation: Generation,
        schedule: &[Scheduled],
        tells: bool,
    ) -> Self {
        let mut world = Self::new(seed, generation, tells);
        for (at, step) in schedule {
            world.plan(*at, Happening::Step(*step));
        }
        world.start();
        let end = schedule.iter().map(|(at, _)| *at).max().unwrap_or(0) + 10 * SECOND;
        world.run_until(end);
        world.calm_down();
        let end = world.clock.at() + CALM;
        world.run_until(end);
        if !world.is_quiet() {
            world.violation("it never becomes quiet".into());
        }
        world
    }

    fn new(seed: u64, generation: Generation, tells: bool) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x5eed);
        let real = seed % 50 == 49;
        let asks = rng.u8(..100) < 70;
        let encrypted: Vec<String> =
            schedule::encrypted(seed).into_iter().map(doings::name).collect();
        let mut keys_rng = Rng::with_seed(seed ^ 0x6b65_7973);
        let secrets = Secrets::new(&encrypted, keys_rng.fork());
        let mut cloud = Cloud::new(rng.u8(..100) < 20, secrets);
        cloud.devices.unknown = keys_rng.u8(..100) < 15;
        let keys = KeySide::new(!encrypted.is_empty(), &cloud, keys_rng);
        Self {
            cloud,
            keys,
            bodies: HashMap::new(),
            gateway: Gateway::new(generation, asks, rng.fork()),
            person: Person::default(),
            violations: Vec::new(),
            was_hurried: false,
            sizes: Sizes::default(),
            clock: Clock::new(),
            agenda: BTreeMap::new(),
            sequence: 0,
            weather: Weather::fair(),
            storage: if real { Storage::real() } else { Storage::model() },
            process: None,
            life: 0,
            disk_at: None,
            crash: None,
            quitting: false,
            asleep_until: 0,
            turns: BTreeMap::new(),
            socket: None,
            sockets: 0,
            socket_at: 0,
            cloud_away: 0,
            rest_away: 0,
            line: None,
            lines: 0,
            line_away: 0,
            ups: Vec::new(),
            calls: BTreeMap::new(),
            next_call: 0,
            log: tells.then(Vec::new),
            calm: false,
            rng,
        }
    }

    /// Says whether the cloud takes all of a session's messages: nothing of it is held back.
    pub(crate) fn bridge_knows(&self, session: &str) -> bool {
        let of_session = |message: &&crate::person::Message| message.session == session;
        let mut messages = self.person.messages.iter().filter(of_session);
        messages.all(|message| message.delivered && !self.cloud.refused(&message.interaction))
    }

    /// The log, if one is kept.
    pub(crate) fn log(&self) -> &[String] {
        self.log.as_deref().unwrap_or_default()
    }

    /// From now on nothing goes wrong.
    fn calm_down(&mut self) {
        self.tell(|| "-- calm --".into());
        self.calm = true;
        self.weather = Weather::fair();
        (self.cloud_away, self.rest_away, self.line_away) = (0, 0, 0);
        self.crash = None;
        self.calm_keys();
        if self.process.is_none() {
            self.plan(self.clock.at() + SECOND, Happening::Starts);
        } else {
            self.dial_cloud(0);
            self.dial_gateway(0);
        }
    }

    /// Says whether nothing is left to happen.
    fn is_quiet(&self) -> bool {
        let settled = self.process.as_ref().is_some_and(|process| {
            let load = process.engine.load();
            process.engine.is_settled()
                && (load.running, load.queued, load.approvals, load.locked) == (0, 0, 0, 0)
                && process.uncommitted() == 0
        });
        settled
            && self.cloud.unacknowledged().is_empty()
            && self.gateway.is_quiet()
            && self.calls.is_empty()
            && self.agenda.values().all(Happening::is_routine)
    }

    fn run_until(&mut self, end: Millis) {
        let mut at_once = 0;
        while let Some(at) = self.next_at().filter(|at| *at <= end) {
            at_once = if at > self.clock.at() { 0 } else { at_once + 1 };
            if at_once > AT_ONCE {
                return self.violation("something happens over and over at one moment".into());
            }
            self.clock.move_to(at);
            self.happen();
            self.sample();
            if self.calm && self.is_quiet() || !self.violations.is_empty() {
                return;
            }
        }
        self.clock.move_to(end);
    }

    fn next_at(&self) -> Option<Millis> {
        let local = self.gateway.next_at().into_iter().chain(self.disk_at).chain(self.tick_at());
        let local = local.map(|at| at.max(self.asleep_until)).min();
        let planned = self.agenda.first_key_value().map(|((at, _), _)| *at);
        local.into_iter().chain(planned).min().map(|at| at.max(self.clock.at()))
    }

    fn happen(&mut self) {
        let now = self.clock.at();
        if let Some(entry) = self.agenda.first_entry()
            && entry.key().0 <= now
        {
            let happening = entry.remove();
            if self.asleep_until > now && happening.place() == Place::Computer {
                return self.plan(self.asleep_until, happening);
            }
            return self.perform(happening);
        }
        if self.asleep_until > now {
            return;
        }
        if self.gateway.next_at().is_some_and(|at| at <= now) {
            self.gateway.advance(now);
            self.hear_gateway();
        }
        if self.disk_at.is_some_and(|at| at <= now) {
            self.disk_at = None;
            self.write_down();
        }
        if self.tick_at().is_some_and(|at| at <= now) {
            self.feed(bridge::engine::Input::Tick);
        }
    }

    fn tick_at(&self) -> Option<Millis> {
        let process = self.process.as_ref()?;
        let deadline = process.engine.deadline(self.clock.now())?;
        Some(self.clock.millis_of(deadline))
    }

    fn plan(&mut self, at: Millis, happening: Happening) {
        self.sequence += 1;
        self.agenda.insert((at.max(self.clock.at()), self.sequence), happening);
    }

    /// The time that something takes to get there.
    fn way(&mut self) -> Millis {
        self.rng.u64(1..=self.weather.way.max(1))
    }

    fn violation(&mut self, what: String) {
        self.tell(|| format!("VIOLATION: {what}"));
        self.violations.push(format!("at {}: {what}", time(self.clock.at())));
    }

    fn tell(&mut self, what: impl FnOnce() -> String) {
        let at = self.clock.at();
        if let Some(log) = &mut self.log {
            log.push(format!("{} {}", time(at), what()));
        }
    }
}

fn time(at: Millis) -> String {
    format!("{:02}:{:02}.{:03}", at / MINUTE, at % MINUTE / SECOND, at % SECOND)
}
