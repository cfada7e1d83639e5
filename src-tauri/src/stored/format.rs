//! How `settings.json` spells what is remembered. The first installation stands at the top, where it
//! stood before there were others.

use control::Slot;
use serde::{Deserialize, Serialize};

use super::{Stored, StoredSeat};
use crate::view::AccessMode;

/// Version of the file's format.
pub(super) const VERSION: u64 = 1;
/// How many installations are read.
const MAX_SEATS: usize = 64;

#[derive(Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Format {
    pub(super) version: u64,
    notifications: bool,
    access: AccessMode,
    #[serde(flatten)]
    first: Seat,
    /// There are others, and the first one was removed.
    without_first: bool,
    /// None: the one after the last that is there.
    next_slot: Option<Slot>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    others: Vec<Other>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Seat {
    name: String,
    gateway_url: String,
    openclaw_folder: String,
    cloud_url: String,
    paused: bool,
    paired_as: Option<String>,
    paired_at_ms: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct Other {
    slot: Slot,
    #[serde(flatten)]
    seat: Seat,
}

impl Default for Format {
    fn default() -> Self {
        Stored::default().into()
    }
}

impl From<Format> for Stored {
    fn from(format: Format) -> Self {
        let Format { notifications, access, first, without_first, next_slot, others, version: _ } =
            format;
        let mut seats: Vec<_> = others
            .into_iter()
            .filter(|other| other.slot > Slot::FIRST)
            .take(MAX_SEATS)
            .map(|Other { slot, seat }| seat.stored(slot))
            .collect();
        if !without_first || seats.is_empty() {
            seats.push(first.stored(Slot::FIRST));
        }
        seats.sort_by_key(|seat| seat.slot);
        seats.dedup_by_key(|seat| seat.slot);
        let last = seats.iter().map(|seat| seat.slot).max().unwrap_or(Slot::FIRST);
        let after = Slot(last.0.saturating_add(1));
        Self { notifications, access, seats, next_slot: next_slot.unwrap_or(after).max(after) }
    }
}

impl From<Stored> for Format {
    fn from(Stored { notifications, access, seats, next_slot }: Stored) -> Self {
        let (first, others): (Vec<_>, Vec<_>) =
            seats.into_iter().partition(|seat| seat.slot == Slot::FIRST);
        let first = first.into_iter().next();
        Self {
            version: VERSION,
            notifications,
            access,
            without_first: first.is_none(),
            next_slot: Some(next_slot),
            first: first.map(Seat::of).unwrap_or_default(),
            others: others
                .into_iter()
                .map(|it| Other { slot: it.slot, seat: Seat::of(it) })
                .collect(),
        }
    }
}

impl Seat {
    fn of(stored: StoredSeat) -> Self {
        let StoredSeat {
            name,
            gateway_url,
            openclaw_folder,
            cloud_url,
            paused,
            paired_as,
            paired_at_ms,
            slot: _,
        } = stored;
        Self { name, gateway_url, openclaw_folder, cloud_url, paused, paired_as, paired_at_ms }
    }

    fn stored(self, slot: Slot) -> StoredSeat {
        let Self { name, gateway_url, openclaw_folder, cloud_url, paused, paired_as, paired_at_ms } =
            self;
        StoredSeat {
            slot,
            name,
            gateway_url,
            openclaw_folder,
            cloud_url,
            paused,
            paired_as,
            paired_at_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Stored {
        serde_json::from_str::<Format>(text).unwrap().into()
    }

    #[test]
    fn a_file_from_before_there_were_others_is_the_first_installations() {
        let stored = read(
            r#"{"version": 1, "name": "Den", "notifications": false, "gateway_url": "",
                "cloud_url": "https://s.example", "paused": true, "paired_as": "Den"}"#,
        );
        let [first] = &stored.seats[..] else { panic!("{stored:?}") };
        assert_eq!((first.slot, first.name.as_str(), first.paused), (Slot::FIRST, "Den", true));
        assert_eq!((first.cloud_url.as_str(), first.paired_at_ms), ("https://s.example", None));
        assert_eq!((stored.notifications, stored.access), (false, AccessMode::Off));
    }

    #[test]
    fn a_first_installation_that_was_removed_does_not_come_back() {
        let others = vec![StoredSeat::new(Slot(2)), StoredSeat::new(Slot(7))];
        let stored = Stored { seats: others, next_slot: Slot(8), ..Stored::default() };
        let text = serde_json::to_string(&Format::from(stored.clone())).unwrap();
        assert_eq!(read(&text), stored);
    }

    #[test]
    fn numbers_that_cannot_be_are_left_out_and_one_is_always_there() {
        let text = r#"{"without_first": true, "others": [{"slot": 0}, {"slot": 1}]}"#;
        assert_eq!(read(text), Stored::default());
        let text = r#"{"others": [{"slot": 3, "name": "a"}, {"slot": 3, "name": "b"}]}"#;
        let stored = read(text);
        assert_eq!(stored.seats.iter().map(|it| it.slot.0).collect::<Vec<_>>(), [1, 3]);
    }

    #[test]
    fn the_next_number_is_one_that_nobody_had() {
        for (text, next) in [
            ("{}", 2),
            (r#"{"others": [{"slot": 3}]}"#, 4),
            (r#"{"others": [{"slot": 3}], "next_slot": 2}"#, 4),
            (r#"{"next_slot": 7}"#, 7),
        ] {
            assert_eq!(read(text).next_slot, Slot(next), "{text}");
        }
    }
}
