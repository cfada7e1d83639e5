//! The fault suite: worlds on simulated time in which everything breaks that can break, each from
//! one seed, and what must hold of each of them.
//!
//! `SOPHON_SEEDS=10000` plays so many worlds; `SOPHON_SEED=7` plays one and prints what happens.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "a world that is played again is printed")]

mod clock;
mod cloud;
mod gateway;
mod invariants;
mod key_store;
mod person;
mod process;
mod schedule;
mod secrets;
mod storage;
mod weather;
mod world;

use std::collections::BTreeSet;

use fastrand::Rng;
use openclaw::Generation;

use crate::schedule::{Profile, Scheduled};
use crate::world::World;

/// How many worlds the ordinary run plays.
const SEEDS: u64 = 300;
/// How many tests share them.
const TESTS: u64 = 8;

#[test]
fn older_gateway_links_that_drop_lose_and_double_nothing() {
    suite(0);
}

#[test]
fn newer_gateway_links_that_drop_lose_and_double_nothing() {
    suite(1);
}

#[test]
fn older_gateway_a_bridge_that_crashes_loses_and_doubles_nothing() {
    suite(2);
}

#[test]
fn newer_gateway_a_bridge_that_crashes_loses_and_doubles_nothing() {
    suite(3);
}

#[test]
fn older_gateway_that_restarts_loses_and_doubles_nothing() {
    suite(4);
}

#[test]
fn newer_gateway_that_restarts_loses_and_doubles_nothing() {
    suite(5);
}

#[test]
fn older_gateway_everything_at_once_loses_and_doubles_nothing() {
    suite(6);
}

#[test]
fn newer_gateway_everything_at_once_loses_and_doubles_nothing() {
    suite(7);
}

#[test]
fn among_the_worlds_is_everything_that_may_happen_to_a_message_that_wants_a_key() {
    let mut met = BTreeSet::new();
    for seed in (0..SEEDS).filter(|seed| !schedule::encrypted(*seed).is_empty()) {
        let (generation, schedule) = plan(seed);
        met.extend(invariants::met(&World::play(seed, generation, &schedule, false)));
        if met.len() == invariants::MEETABLE.len() {
            return;
        }
    }
    panic!("of {:?} the worlds met only {met:?}", invariants::MEETABLE);
}

/// Plays the worlds of one generation and one kind of fault.
fn suite(test: u64) {
    if let Some(seed) = setting("SOPHON_SEED") {
        if seed % TESTS == test {
            play_again(seed);
        }
        return;
    }
    let seeds = setting("SOPHON_SEEDS").unwrap_or(SEEDS).max(TESTS);
    let mut failed = Vec::new();
    for seed in (test..seeds).filter(|seed| seed % TESTS == test) {
        let (generation, schedule) = plan(seed);
        if let Some(first) = played(seed, generation, &schedule).into_iter().next() {
            failed.push(format!("seed {seed}: {first}"));
        }
    }
    assert!(
        failed.is_empty(),
        "{} worlds went wrong:\n{}\nplay one again: SOPHON_SEED=… cargo nextest run -p bridge \
         --test faults --no-capture",
        failed.len(),
        failed.join("\n"),
    );
}

fn plan(seed: u64) -> (Generation, Vec<Scheduled>) {
    let generation = if seed.is_multiple_of(2) { Generation::Older } else { Generation::Newer };
    let profile = match seed % TESTS / 2 {
        0 => Profile::Links,
        1 => Profile::Crashes,
        2 => Profile::Restarts,
        _ => Profile::Everything,
    };
    let mut schedule = schedule::draw(profile, &mut Rng::with_seed(seed));
    schedule::draw_keys(seed, profile, &mut schedule);
    (generation, schedule)
}

fn played(seed: u64, generation: Generation, schedule: &[Scheduled]) -> Vec<String> {
    invariants::check(&World::play(seed, generation, schedule, false))
}

/// Leaves out the steps without which something is wrong all the same.
fn shrink(seed: u64, generation: Generation, mut schedule: Vec<Scheduled>) -> Vec<Scheduled> {
    let mut index = 0;
    while index < schedule.len() {
        let mut without = schedule.clone();
        without.remove(index);
        if played(seed, generation, &without).is_empty() {
            index += 1;
        } else {
            schedule = without;
        }
    }
    schedule
}

/// Plays one world and prints what happens in it; with less if it fails with less.
fn play_again(seed: u64) {
    let (generation, schedule) = plan(seed);
    let fails = !played(seed, generation, &schedule).is_empty();
    let schedule = if fails { shrink(seed, generation, schedule) } else { schedule };
    let world = World::play(seed, generation, &schedule, true);
    world.log().iter().for_each(|line| eprintln!("{line}"));
    let violations = invariants::check(&world);
    eprintln!("{:?}", world.sizes);
    schedule.iter().for_each(|(at, step)| eprintln!("at {at} ms: {step:?}"));
    assert!(violations.is_empty(), "seed {seed}: {violations:#?}");
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
