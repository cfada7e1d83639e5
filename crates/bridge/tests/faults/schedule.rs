//! What happens to a world, drawn from a seed before anything happens.

mod keys;

use fastrand::Rng;

use crate::clock::{MINUTE, Millis, SECOND};
use crate::weather::Weather;

pub(crate) use self::keys::{KeyStep, draw_keys, encrypted};

/// Which faults a world meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Connections drop, requests get lost, the computer sleeps.
    Links,
    /// The bridge crashes and quits.
    Crashes,
    /// The gateway restarts.
    Restarts,
    /// All of it.
    Everything,
}

/// Something that happens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// The person writes; `again` repeats words that were written before.
    Say { session: usize, again: bool },
    /// The person stops the last message of a session, or everything in it.
    Stop { session: usize, all: bool },
    /// The person deletes a session.
    Delete { session: usize },
    /// Somebody else runs the agent in one of the person's sessions, or in another one.
    Another { session: Option<usize> },
    /// The weather changes.
    Weather(Weather),
    /// The cloud's socket goes; with `all`, requests fail as well.
    CloudAway { time: Millis, all: bool },
    /// The connection to the gateway falls silent, and is found dead later.
    GatewayLineBreaks { silent: Millis, away: Millis },
    /// The gateway is killed.
    Kill,
    /// The gateway is asked to end.
    Terminate,
    /// The bridge crashes after so many inputs, with so much (in thousandths) of what waits
    /// committed and of what is due performed; it is started again later.
    Crash { inputs: u32, committed: u32, performed: u32, away: Millis },
    /// The bridge quits; it is started again later.
    Quit { away: Millis },
    /// The computer sleeps.
    Sleep { time: Millis },
    /// Something happens to the keys of encrypted sessions.
    Keys(KeyStep),
}

/// A step and its time.
pub(crate) type Scheduled = (Millis, Step);

/// Draws a schedule.
pub(crate) fn draw(profile: Profile, rng: &mut Rng) -> Vec<Scheduled> {
    let length = [2 * MINUTE, 10 * MINUTE, 50 * MINUTE][rng.usize(..3)];
    let mut schedule = Vec::new();
    for _ in 0..rng.usize(1..=8) {
        let at = rng.u64(..length);
        let session = rng.usize(..3).min(1);
        schedule.push((at, Step::Say { session, again: rng.u8(..100) < 12 }));
        if rng.u8(..100) < 12 {
            let after = [300, 5 * SECOND, MINUTE][rng.usize(..3)];
            schedule.push((at + rng.u64(..after), Step::Stop { session, all: rng.bool() }));
        }
    }
    for _ in 0..rng.usize(0..3) {
        let session = (rng.u8(..100) < 60).then_some(0);
        schedule.push((rng.u64(..length), Step::Another { session }));
    }
    if rng.u8(..100) < 4 {
        schedule.push((rng.u64(..length), Step::Delete { session: 0 }));
    }
    for _ in 0..rng.usize(0..4) {
        schedule.push((rng.u64(..length), Step::Weather(Weather::draw(rng))));
    }
    // Faults come where something happens.
    for _ in 0..rng.usize(1..=7) {
        let (near, _) = schedule[rng.usize(..schedule.len())];
        let within = [200, 3 * SECOND, MINUTE][rng.usize(..3)];
        schedule.push((near + rng.u64(..within), fault(profile, rng)));
    }
    schedule.sort_by_key(|(at, _)| *at);
    schedule
}

fn fault(profile: Profile, rng: &mut Rng) -> Step {
    let kind = match profile {
        Profile::Links => rng.u8(0..4),
        Profile::Crashes => rng.u8(4..7),
        Profile::Restarts => rng.u8(7..9),
        Profile::Everything => rng.u8(0..9),
    };
    match kind {
        0 | 1 => Step::CloudAway { time: span(rng), all: rng.bool() },
        2 => {
            let silent = if rng.bool() { 0 } else { rng.u64(..MINUTE) };
            Step::GatewayLineBreaks { silent, away: span(rng) }
        }
        3 => Step::Sleep { time: span(rng) },
        4 | 5 => Step::Crash {
            inputs: rng.u32(1..40),
            committed: rng.u32(..=1_000),
            performed: rng.u32(..=1_000),
            away: span(rng),
        },
        6 => Step::Quit { away: span(rng) },
        7 => Step::Kill,
        _ => Step::Terminate,
    }
}

fn span(rng: &mut Rng) -> Millis {
    let most = [500, 10 * SECOND, 2 * MINUTE, 40 * MINUTE][rng.usize(..4)];
    rng.u64(300..=most)
}
