//! When the program is killed, and what else goes wrong meanwhile: all drawn from one seed.

use std::time::Duration;

use fastrand::Rng;
use simulator::cloud::{CloudView, Cut, Fault};
use tokio::time::{sleep, timeout};

use crate::bridge::Bridge;
use crate::person::Person;
use crate::world::World;

/// How long a kill waits for what it is to follow; then it comes anyway.
const TRIGGER: Duration = Duration::from_secs(2);
/// About the length of an answer, in milliseconds.
const ANSWER: u64 = 900;
/// What is a moment for the program, in milliseconds.
const MOMENT: u64 = 25;
/// How long an answer is held back so that the program dies before it hears it, in milliseconds.
const HELD: u64 = 250;
/// The longest that nobody starts the program again, in milliseconds.
const AWAY: u64 = 300;

/// What a kill follows.
#[derive(Clone, Copy, Debug)]
enum Trigger {
    Start,
    Written,
    Bubble,
    Delta,
    Card,
    CardFinished,
    ApprovalAsked,
    Decision,
    Acknowledgement,
    /// An end arrived, and its answer is held back.
    HeldEnd,
}

const TRIGGERS: [Trigger; 10] = [
    Trigger::Start,
    Trigger::Written,
    Trigger::Bubble,
    Trigger::Delta,
    Trigger::Card,
    Trigger::CardFinished,
    Trigger::ApprovalAsked,
    Trigger::Decision,
    Trigger::Acknowledgement,
    Trigger::HeldEnd,
];

/// Whether the gateway dies as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gateways {
    Live,
    Die,
}

/// Starts the program and kills it once, at a moment that is drawn.
pub(crate) async fn live_and_die(
    world: &World,
    person: &Person,
    gateways: Gateways,
    rng: &mut Rng,
) {
    let bridge = world.launch.start();
    let trigger = rng.choice(TRIGGERS).unwrap_or(Trigger::Start);
    let pause = if rng.bool() { rng.u64(..MOMENT) } else { rng.u64(..ANSWER) };
    world.diary.note(format!("to be killed {pause} ms after {trigger:?}"));
    let early = rng.bool();
    if early {
        disturb(world, rng);
    }
    wait(world, person, trigger).await;
    if !early {
        disturb(world, rng);
    }
    if gateways == Gateways::Die {
        disturb_gateway(world, rng).await;
    }
    sleep(Duration::from_millis(pause)).await;
    bridge.kill().await;
    world.cloud.fault(Fault::Clear);
    sleep(Duration::from_millis(rng.u64(..AWAY))).await;
}

/// Starts the program for good.
pub(crate) fn live(world: &World) -> Bridge {
    world.cloud.fault(Fault::Clear);
    world.launch.start()
}

async fn wait(world: &World, person: &Person, trigger: Trigger) {
    let calls = world.cloud.look(|view| view.calls().len());
    let acked = world.cloud.acked_up_to();
    let decided = world.cloud.look(decisions);
    let called = |route: &'static str| {
        let seen = world.cloud.seen_within(TRIGGER, move |view| {
            view.calls()[calls..].iter().any(|call| call.route == route).then_some(())
        });
        async {
            // Without it, the kill comes all the same.
            let _ = seen.await;
        }
    };
    match trigger {
        Trigger::Start => {}
        Trigger::Written => {
            let mut written = person.written.subscribe();
            let _ = timeout(TRIGGER, written.changed()).await;
        }
        Trigger::Bubble => called("sendMessage").await,
        Trigger::Delta => called("sendMessageDelta").await,
        Trigger::Card => called("createTask").await,
        Trigger::CardFinished => called("finishTask").await,
        Trigger::ApprovalAsked => called("requestApproval").await,
        Trigger::Decision => {
            let more = |view: &CloudView<'_>| (decisions(view) > decided).then_some(());
            let _ = world.cloud.seen_within(TRIGGER, more).await;
        }
        Trigger::Acknowledgement => {
            let more = |view: &CloudView<'_>| (view.acked_up_to() != acked).then_some(());
            let _ = world.cloud.seen_within(TRIGGER, more).await;
        }
        Trigger::HeldEnd => {
            world.cloud.fault(Fault::Delay(Duration::from_millis(HELD)));
            called("sendMessageEnd").await;
        }
    }
}

fn decisions(view: &CloudView<'_>) -> usize {
    let cards = view.sessions().into_iter().flat_map(|session| view.approvals(session));
    cards.filter(|card| card.decided.is_some()).count()
}

/// Two times of three, lets something go wrong between the program and the other two.
fn disturb(world: &World, rng: &mut Rng) {
    let fault = match rng.u8(..14) {
        0 => Fault::DropSocket,
        1 => Fault::Delay(Duration::from_millis(rng.u64(..200))),
        2 => unavailable("*"),
        3 => unavailable("sendMessageEnd"),
        4 => cut("*", Cut::BeforeApplying),
        5 => cut("*", Cut::AfterApplying),
        6 => cut("sendMessageDelta", Cut::AfterApplying),
        7 => Fault::DuplicateUpdates(3),
        8 => {
            world.diary.note("the gateway drops its connections");
            return world.gateway.drop_connections();
        }
        _ => return,
    };
    world.diary.note(format!("{fault:?}"));
    world.cloud.fault(fault);
}

/// Half of the time, lets the gateway stop and start again.
async fn disturb_gateway(world: &World, rng: &mut Rng) {
    match rng.u8(..8) {
        0..3 => {
            world.diary.note("the gateway is killed");
            world.gateway.restart(true);
        }
        3 => {
            world.diary.note("the gateway restarts");
            if timeout(TRIGGER, world.gateway.restart_gracefully()).await.is_err() {
                // A run waits for a decision: no gateway waits for ever.
                world.gateway.restart(true);
            }
        }
        _ => {}
    }
}

fn unavailable(route: &str) -> Fault {
    Fault::Answer {
        route: route.into(),
        status: 503,
        code: "unavailable".into(),
        retry_after_ms: Some(100),
        times: 2,
    }
}

fn cut(route: &str, when: Cut) -> Fault {
    Fault::DropConnection { route: route.into(), times: 1, when }
}
