//! Whatever happens in whatever order: what is shown is in the end what the gateway has, and every
//! request that was shown ends once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use openclaw::pairing::PairingEvent;
use proptest::prelude::*;

use super::tests::{device_request, ends, resolved};
use super::*;

const LIFETIME: u64 = 300_000;

/// Something that happens at the gateway, on the wire, or here.
#[derive(Clone, Debug)]
enum Step {
    /// A device asks; what it asked for before makes way. The event may be lost.
    Ask {
        device: u8,
        is_lost: bool,
    },
    /// A device asks the same again: the newer generation gives it time again, and tells nobody.
    AskAgain {
        device: u8,
    },
    /// Somebody elsewhere decides about a device's request.
    DecideElsewhere {
        device: u8,
        is_yes: bool,
        is_lost: bool,
    },
    /// Somebody here decides, and the answer reaches the gateway, or not.
    DecideHere {
        device: u8,
        is_yes: bool,
    },
    /// The gateway takes up what was decided here, and answers, or the answer is lost.
    Apply {
        device: u8,
        is_answered: bool,
    },
    /// The gateway is asked for its list.
    List,
    /// The next thing arrives.
    Arrive,
    /// The next event arrives, even before an earlier list.
    ArriveEvent,
    Pass {
        ms: u64,
    },
    Reconnect,
}

fn step() -> impl Strategy<Value = Step> {
    let device = || 0u8..3;
    prop_oneof![
        3 => (device(), any::<bool>()).prop_map(|(device, is_lost)| Step::Ask { device, is_lost }),
        1 => device().prop_map(|device| Step::AskAgain { device }),
        2 => (device(), any::<bool>(), any::<bool>()).prop_map(|(device, is_yes, is_lost)| {
            Step::DecideElsewhere { device, is_yes, is_lost }
        }),
        2 => (device(), any::<bool>())
            .prop_map(|(device, is_yes)| Step::DecideHere { device, is_yes }),
        2 => (device(), any::<bool>())
            .prop_map(|(device, is_answered)| Step::Apply { device, is_answered }),
        2 => Just(Step::List),
        5 => Just(Step::Arrive),
        2 => Just(Step::ArriveEvent),
        1 => prop_oneof![1u64..1_000, Just(LIFETIME / 2), Just(LIFETIME + 2_000)]
            .prop_map(|ms| Step::Pass { ms }),
        1 => Just(Step::Reconnect),
    ]
}

enum Frame {
    Event(Box<PairingEvent>),
    List(u64, Vec<DeviceRequest>),
}

struct World {
    book: Book,
    is_older: bool,
    now: u64,
    next_id: u32,
    /// What waits at the gateway, by its device.
    gateway: BTreeMap<u8, DeviceRequest>,
    /// Since when the time of a request runs, by its device.
    runs_since: BTreeMap<u8, u64>,
    wire: VecDeque<Frame>,
    /// What was decided here and has not reached the gateway, by its device.
    deciding: BTreeMap<u8, (DeviceRequest, bool)>,
    /// What the gateway did because of us, or may have done for all that we heard.
    ours: BTreeSet<String>,
    ended: BTreeMap<String, Outcome>,
    shown: BTreeSet<String>,
}

impl World {
    fn new(is_older: bool) -> Self {
        let mut world = Self {
            book: Book::new(),
            is_older,
            now: 1_800_000_000_000,
            next_id: 0,
            gateway: BTreeMap::new(),
            runs_since: BTreeMap::new(),
            wire: VecDeque::new(),
            deciding: BTreeMap::new(),
            ours: BTreeSet::new(),
            ended: BTreeMap::new(),
            shown: BTreeSet::new(),
        };
        world.feed(Input::Connected(world.generation()));
        world.list();
        world.arrive(0);
        world
    }

    fn generation(&self) -> Generation {
        if self.is_older { Generation::Older } else { Generation::Newer }
    }

    fn feed(&mut self, input: Input) {
        let changes = self.book.handle(input, self.now);
        for (key, outcome) in ends(&changes) {
            assert!(self.shown.contains(&key), "{key} ended and was never shown");
            let before = self.ended.insert(key.clone(), outcome);
            assert_eq!(before, None, "{key} ended twice");
        }
        for request in self.book.devices().into_iter().flat_map(|devices| devices.pending) {
            let key = request.key();
            assert!(!self.ended.contains_key(&key), "{key} is shown after its end");
            self.shown.insert(key);
        }
    }

    fn tell(&mut self, event: PairingEvent, is_lost: bool) {
        if !is_lost {
            self.wire.push_back(Frame::Event(Box::new(event)));
        }
    }

    fn arrive(&mut self, index: usize) {
        match self.wire.remove(index) {
            Some(Frame::Event(event)) => self.feed(Input::Told(event)),
            Some(Frame::List(begun, pending)) => {
                let listed = Devices { pending, ..Devices::default() };
                self.feed(Input::Devices(begun, listed));
            }
            None => {}
        }
    }

    fn list(&mut self) {
        let (now, runs_since) = (self.now, &self.runs_since);
        self.gateway.retain(|device, _| runs_since[device] + LIFETIME > now);
        let begun = self.book.begin();
        self.wire.push_back(Frame::List(begun, self.gateway.values().cloned().collect()));
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Ask { device, is_lost } => {
                let name = device.to_string();
                self.next_id += 1;
                let id = format!("r{}", self.next_id);
                let request = device_request(&id, &name, self.now);
                self.runs_since.insert(device, self.now);
                let before = self.gateway.insert(device, request.clone());
                if let Some(before) = before
                    && !self.is_older
                {
                    self.tell(resolved(before.id.as_str(), &name, Verdict::Rejected), is_lost);
                }
                self.tell(PairingEvent::DeviceRequested(request), is_lost);
            }
            Step::AskAgain { device } => {
                if !self.is_older {
                    self.runs_since.insert(device, self.now);
                }
            }
            Step::DecideElsewhere { device, is_yes, is_lost } => {
                if let Some(request) = self.gateway.remove(&device) {
                    self.tell(verdict_of(&request, is_yes), is_lost);
                }
            }
            Step::DecideHere { device, is_yes } => {
                let pending = self.book.devices().unwrap_or_default().pending;
                let name = device.to_string();
                let of_device = pending.into_iter().find(|it| it.device.as_str() == name);
                if let Some(request) = of_device
                    && !self.deciding.contains_key(&device)
                {
                    self.feed(Input::Answering(request.key(), is_yes));
                    self.deciding.insert(device, (request, is_yes));
                }
            }
            Step::Apply { device, is_answered } => {
                let Some((request, is_yes)) = self.deciding.remove(&device) else { return };
                let is_there = self.gateway.get(&device).is_some_and(|it| it.id == request.id);
                if is_there {
                    self.gateway.remove(&device);
                    self.tell(verdict_of(&request, is_yes), false);
                }
                if is_there || !is_answered {
                    self.ours.insert(request.key());
                }
                let came = match (is_answered, is_there) {
                    (true, true) => Answered::Confirmed,
                    (true, false) => Answered::Gone,
                    (false, _) => Answered::Unknown,
                };
                self.feed(Input::Answered(request.key(), came));
            }
            Step::List => self.list(),
            Step::Arrive => self.arrive(0),
            Step::ArriveEvent => {
                let is_event = |frame: &Frame| matches!(frame, Frame::Event(_));
                if let Some(index) = self.wire.iter().position(is_event) {
                    self.arrive(index);
                }
            }
            Step::Pass { ms } => {
                self.now += ms;
                self.feed(Input::Time);
            }
            Step::Reconnect => {
                self.wire.clear();
                self.feed(Input::Disconnected);
                self.feed(Input::Connected(self.generation()));
                self.list();
            }
        }
    }

    fn settle(&mut self) {
        for device in 0..3 {
            self.step(Step::Apply { device, is_answered: true });
        }
        // What arrives before the first list makes it worth asking for a second one.
        for _ in 0..2 {
            self.list();
            while !self.wire.is_empty() {
                self.arrive(0);
            }
        }
    }
}

fn verdict_of(request: &DeviceRequest, is_yes: bool) -> PairingEvent {
    let verdict = if is_yes { Verdict::Approved } else { Verdict::Rejected };
    resolved(request.id.as_str(), request.device.as_str(), verdict)
}

proptest! {
    #[test]
    fn what_is_shown_is_what_the_gateway_has_and_all_else_ended_once(
        is_older in any::<bool>(),
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let mut world = World::new(is_older);
        for step in steps {
            world.step(step);
        }
        world.settle();
        let shown: BTreeSet<_> =
            world.book.devices().unwrap().pending.iter().map(Asks::key).collect();
        let there: BTreeSet<_> = world.gateway.values().map(Asks::key).collect();
        prop_assert_eq!(&shown, &there);
        for key in &world.shown {
            prop_assert_ne!(shown.contains(key), world.ended.contains_key(key), "{}", key);
        }
        for (key, outcome) in &world.ended {
            let is_ours = matches!(
                outcome,
                Outcome::Allowed { by: Some(_), .. } | Outcome::Denied { by: Some(_) }
            );
            prop_assert!(!is_ours || world.ours.contains(key), "{} {:?}", key, outcome);
        }
    }
}
