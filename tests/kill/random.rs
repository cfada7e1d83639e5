//! Killed at random moments, in the middle of several chats.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use simulator::gateway::{GatewayOptions, Generation};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::bridge::Bridge;
use crate::person::{FREE, Person};
use crate::promise::{broken, unfinished};
use crate::schedule::{Gateways, live, live_and_die};
use crate::world::{PATIENCE, World};

/// How often the program is killed in all, unless `SOPHON_KILLS` says otherwise.
const KILLS: u64 = 12;
/// Chats that go on at the same time.
const CHATS: usize = 4;
/// Pause between the words of an answer.
const WORD: Duration = Duration::from_millis(20);
/// How often it is looked whether all has come to its end.
const LOOK: Duration = Duration::from_millis(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whenever_it_is_killed_nothing_is_lost_and_nothing_doubled() {
    be_killed_everywhere(Gateways::Live, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whenever_it_and_the_gateway_are_killed_every_message_ends_once_and_honestly() {
    be_killed_everywhere(Gateways::Die, 6).await;
}

/// Between gateways of both generations.
async fn be_killed_everywhere(gateways: Gateways, part: u64) {
    let seed = seed();
    let kills = number("SOPHON_KILLS").unwrap_or(KILLS).div_ceil(part);
    tokio::join!(
        be_killed(Generation::Older, gateways, kills, seed),
        be_killed(Generation::Newer, gateways, kills, seed),
    );
}

async fn be_killed(generation: Generation, gateways: Gateways, kills: u64, seed: u64) {
    let options = GatewayOptions { word_pause: WORD, ..GatewayOptions::of(generation) };
    let world = Arc::new(World::new(options).await);
    world.diary.note(format!("SOPHON_KILL_SEED={seed}, {generation:?}, gateways {gateways:?}"));
    let mut rng = Rng::with_seed(seed);
    allow_always(&world).await;

    let person = Person::new();
    let mut deciding = JoinSet::new();
    deciding.spawn(Person::decides(Arc::clone(&world), rng.fork()));
    let mut chats = JoinSet::new();
    for number in 0..CHATS {
        let session = format!("ses_chat{number}");
        if number % 2 == 1 {
            world.cloud.encrypt_session(&session);
        }
        chats.spawn(Arc::clone(&person).chats(Arc::clone(&world), session, rng.fork()));
    }
    for _ in 0..kills {
        live_and_die(&world, &person, gateways, &mut rng).await;
    }
    let bridge = live(&world);
    person.goes_on.send_replace(false);
    while let Some(unanswered) = chats.join_next().await {
        if let Some(asked) = unanswered.unwrap() {
            world.fail(&format!("seed {seed}, {generation:?}: never answered: {asked:#?}"));
        }
    }
    all_is_kept(&world, &person, bridge, seed).await;
}

/// Waits until all has come to its end, checks it, and checks that nothing of it comes again.
async fn all_is_kept(world: &World, person: &Person, bridge: Bridge, seed: u64) {
    let asked = person.asked();
    let deadline = Instant::now() + PATIENCE;
    while let Some(what) = unfinished(world, &asked) {
        if Instant::now() > deadline {
            world.fail(&format!("seed {seed}: {what}"));
        }
        sleep(LOOK).await;
    }
    let status = bridge.end().await;
    let bridge = live(world);
    world.ask("ses_after", "say: still here").await;
    drop(bridge);
    let mut broken = broken(world, &asked);
    if !status.success() {
        broken.push(format!("it ended with {status}"));
    }
    if !broken.is_empty() {
        let count = asked.len();
        world.fail(&format!("seed {seed}: {count} messages, broken promises: {broken:#?}"));
    }
}

/// Lets the person allow one command always.
async fn allow_always(world: &World) {
    let bridge = live(world);
    let said = world.cloud.say("ses_before", &format!("run: {FREE}"));
    let asked = world.seen("an approval", |view| view.approvals("ses_before").first().cloned());
    let approval = asked.await.approval_id;
    world.cloud.decide(&approval, "approve_always");
    world.answer_to("ses_before", &said).await;
    assert!(bridge.end().await.success());
}

fn seed() -> u64 {
    number("SOPHON_KILL_SEED").unwrap_or_else(|| fastrand::u64(..))
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().unwrap())
}
