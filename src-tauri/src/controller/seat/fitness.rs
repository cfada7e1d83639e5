//! Whether the bridge at work can do its work: both sides there, and room for the journal. What of
//! it is shown, and what is told.

use std::time::Duration;

use bridge::{Link, Snapshot};
use cli::{UNWRITABLE_REMEDY, sentence};

use super::{Phase, Seat};
use crate::clock::now_ms;
use crate::controller::NOTHING_TO_DO;
use crate::health::{Health, News, Patience};
use crate::shell::Topic;
use crate::view::Problem;

/// A side that is away comes back by itself, most of the time.
const SIDES: Patience = Patience { degraded_ms: 60_000, recovered_ms: 0 };
/// A full disk stays full, but has room for something small now and then.
const STORAGE: Patience = Patience { degraded_ms: 2_000, recovered_ms: 5_000 };

/// How the bridge has fared so far.
pub(super) struct Fitness {
    sides: Health,
    storage: Health,
    was_ready: bool,
}

impl Fitness {
    /// Begins with sides that are not there yet.
    pub(super) fn new() -> Self {
        let mut sides = Health::new(SIDES);
        sides.look(false, now_ms());
        Self { sides, storage: Health::new(STORAGE), was_ready: false }
    }

    /// How long until something is worth telling although nothing happens.
    pub(super) fn due_in(&self) -> Duration {
        let due = [&self.sides, &self.storage].into_iter().filter_map(Health::due_at_ms).min();
        due.map_or(NOTHING_TO_DO, |at| {
            Duration::from_millis(at.saturating_sub(now_ms()).clamp(10, 60_000))
        })
    }

    /// Since when a side has been missing after both had been there, or one is known to be away.
    pub(super) fn degraded_since_ms(&self, snapshot: &Snapshot) -> Option<u64> {
        let is_down = |link: &Link| matches!(link, Link::Down { .. });
        let is_known = self.was_ready || is_down(&snapshot.cloud) || is_down(&snapshot.gateway);
        self.sides.amiss_since_ms().filter(|_| is_known)
    }

    /// Why nothing can be stored, once that has lasted.
    pub(super) fn storage(&self, snapshot: &Snapshot) -> Option<Problem> {
        let trouble = snapshot.storage.as_ref().filter(|_| self.storage.is_known_amiss())?;
        Some(Problem { what: sentence(trouble), remedy: Some(UNWRITABLE_REMEDY.to_owned()) })
    }
}

impl Seat {
    /// Tells what has been amiss for long, and when that is over.
    pub(in crate::controller) fn look_at_health(&mut self) {
        let Phase::Carrying(carrying) = &mut self.phase else { return };
        let Snapshot { cloud, gateway, storage, .. } = &carrying.snapshot;
        let both_up = cloud.is_up() && gateway.is_up();
        carrying.fitness.was_ready |= both_up;
        let now = now_ms();
        let of_storage = carrying.fitness.storage.look(storage.is_none(), now);
        let of_sides = carrying.fitness.sides.look(both_up, now);
        let news = [
            of_storage
                .map(|news| (Topic::Storage(self.slot), about_storage(news, storage.as_deref()))),
            of_sides.map(|news| (Topic::Health(self.slot), about_sides(news, cloud, gateway))),
        ];
        for (topic, (title, text)) in news.into_iter().flatten() {
            self.tell(topic, title, text);
        }
    }
}

fn about_storage(news: News, trouble: Option<&str>) -> (String, String) {
    match news {
        News::Degraded => {
            let cause = sentence(trouble.unwrap_or("the journal cannot be written"));
            let text = format!("{cause} Messages wait at Sophon.\n{UNWRITABLE_REMEDY}");
            ("Nothing can be stored".to_owned(), text)
        }
        News::Recovered => {
            let text = "What has to be stored can be stored again.";
            ("Messages are carried again".to_owned(), text.to_owned())
        }
    }
}

fn about_sides(news: News, cloud: &Link, gateway: &Link) -> (String, String) {
    if news == News::Recovered {
        let text = "Sophon and OpenClaw are both there.";
        return ("Connected again".to_owned(), text.to_owned());
    }
    let who = match (cloud.is_up(), gateway.is_up()) {
        (false, false) => "Sophon and OpenClaw",
        (false, true) => "Sophon",
        (true, false | true) => "OpenClaw",
    };
    let text = [cloud, gateway].into_iter().find_map(|link| match link {
        Link::Down { cause, remedy: Some(remedy), .. } => {
            Some(format!("{} {remedy}", sentence(cause)))
        }
        Link::Down { cause, remedy: None, .. } => Some(sentence(cause)),
        Link::Connecting { .. } | Link::Up { .. } | Link::Stopped => None,
    });
    let text = text.unwrap_or_else(|| "Messages wait until it is back.".to_owned());
    (format!("{who} cannot be reached"), text)
}
