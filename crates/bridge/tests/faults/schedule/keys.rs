//! What happens to the keys of encrypted sessions: drawn apart from everything else, so that worlds
//! without them stay as they are.

use fastrand::Rng;

use super::{Profile, Scheduled, Step, fault, span};
use crate::clock::{MINUTE, Millis, SECOND};

/// Something that happens to the keys of encrypted sessions.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KeyStep {
    /// The phone chooses another key for an encrypted session.
    Change { session: usize },
    /// The phone hands over the key of a session that so many others followed.
    HandOver { session: usize, back: usize },
    /// The person has another device.
    AddDevice { device: usize, is_bridge: bool },
    /// A device is the person's no more.
    RevokeDevice { device: usize },
    /// Requests do not get through for a while, though the socket stays.
    RequestsFail { time: Millis },
    /// The store cannot keep keys for a while.
    StoreFails { time: Millis },
}

/// The sessions of a world that are encrypted: in most worlds none is.
pub(crate) fn encrypted(seed: u64) -> Vec<usize> {
    let mut rng = keys_rng(seed);
    match rng.u8(..100) {
        0..18 => vec![0],
        18..24 => vec![1],
        24..40 => vec![0, 1],
        _ => Vec::new(),
    }
}

/// Adds what happens to keys, where a session is encrypted; elsewhere the schedule stays as it is.
pub(crate) fn draw_keys(seed: u64, profile: Profile, schedule: &mut Vec<Scheduled>) {
    let sessions = encrypted(seed);
    if sessions.is_empty() {
        return;
    }
    let rng = &mut keys_rng(!seed);
    let length = schedule.last().map_or(MINUTE, |(at, _)| at + SECOND);
    let mut steps = Vec::new();
    for session in sessions {
        let says = |(at, step): &Scheduled| {
            let is_first = matches!(step, Step::Say { session: of, .. } if *of == session);
            is_first.then_some(*at)
        };
        let first = schedule.iter().find_map(says).unwrap_or(MINUTE);
        hand_over(session, first, rng, &mut steps);
        for _ in 0..[0, 0, 1, 1, 2][rng.usize(..5)] {
            let at = rng.u64(..length);
            steps.push((at, Step::Keys(KeyStep::Change { session })));
            hand_over(session, at, rng, &mut steps);
        }
    }
    for device in 0..rng.usize(..3) {
        devices(device, rng.u64(..length), rng, &mut steps);
    }
    for _ in 0..rng.usize(..3) {
        let time = span(rng).min(5 * MINUTE);
        steps.push((rng.u64(..length), Step::Keys(KeyStep::StoreFails { time })));
    }
    let faults = if steps.is_empty() { 0 } else { rng.usize(..3) };
    for _ in 0..faults {
        let (near, _) = steps[rng.usize(..steps.len())];
        let within = [200, 3 * SECOND, MINUTE][rng.usize(..3)];
        steps.push((near + rng.u64(..within), fault(profile, rng)));
    }
    schedule.extend(steps);
    schedule.sort_by_key(|(at, _)| *at);
}

/// The phone hands the newest key over: at once, within the minute that a message waits, after it,
/// or not before everything is over; now and then again, or together with the one before.
fn hand_over(session: usize, from: Millis, rng: &mut Rng, steps: &mut Vec<Scheduled>) {
    let at = match rng.u8(..100) {
        0..30 => from.saturating_sub(rng.u64(..MINUTE)),
        30..70 => from + rng.u64(..50 * SECOND),
        70..90 => from + rng.u64(55 * SECOND..5 * MINUTE),
        _ => return,
    };
    steps.push((at, Step::Keys(KeyStep::HandOver { session, back: 0 })));
    if rng.u8(..100) < 30 {
        let within = [SECOND, 10 * SECOND, 5 * MINUTE][rng.usize(..3)];
        let again = at + rng.u64(..within);
        steps.push((again, Step::Keys(KeyStep::HandOver { session, back: rng.usize(..2) })));
    }
}

/// The person has another device; often not for long, and not always while requests get through.
fn devices(device: usize, at: Millis, rng: &mut Rng, steps: &mut Vec<Scheduled>) {
    let is_bridge = rng.u8(..100) < 15;
    if rng.bool() {
        steps.push((at, Step::Keys(KeyStep::RequestsFail { time: rng.u64(..MINUTE) })));
    }
    steps.push((at, Step::Keys(KeyStep::AddDevice { device, is_bridge })));
    if rng.u8(..100) < 60 {
        let within = [300, 3 * SECOND, 30 * SECOND, 5 * MINUTE][rng.usize(..4)];
        let revoked = at + rng.u64(..within);
        steps.push((revoked, Step::Keys(KeyStep::RevokeDevice { device })));
    }
}

fn keys_rng(seed: u64) -> Rng {
    Rng::with_seed(seed.rotate_left(17) ^ 0x6b65_7973)
}
