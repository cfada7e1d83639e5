//! Finds the device that a person names by its id, or by the beginning of that.

use std::path::{Path, PathBuf};

use control::{Access, Device, Slot, marked};

use crate::exit::Failure;
use crate::requests::FEWEST;
use crate::running::Known;
use crate::wishes::Named;

/// A device, and the installation whose gateway knows it.
type Place<'a> = (&'a Path, Slot, &'a Device);

/// Finds a device.
///
/// # Errors
/// No gateway knows it, several devices are named so, or several gateways know it.
pub(super) fn find<'a>(known: &'a Known, named: &Named) -> Result<Place<'a>, Failure> {
    let gateways = gateways(known, named.installation.as_deref())?;
    let all = gateways.into_iter().flat_map(|(address, gateway)| {
        let devices = gateway.devices.iter().flatten();
        devices.map(move |device| (address.as_path(), gateway.slot, device))
    });
    let begins = |id: &str| !named.device.is_empty() && id.starts_with(&named.device);
    let beginning: Vec<_> = all.filter(|(.., device)| begins(&device.id)).collect();
    let whole = beginning.iter().filter(|(.., device)| device.id == named.device);
    let whole: Vec<_> = whole.copied().collect();
    if !whole.is_empty() {
        return of_one_gateway(known, &whole);
    }
    let mut ids: Vec<_> = beginning.iter().map(|(.., device)| marked(&device.id)).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Err(Failure {
            code: "no_such_device",
            ..Failure::fatal(
                format!("OpenClaw knows no device with the id {}.", marked(&named.device)),
                "`sophon-bridge devices` lists those that it knows.",
            )
        });
    }
    if named.device.chars().count() < FEWEST {
        return Err(Failure::usage(format!(
            "{} is too short: give at least {FEWEST} characters of the id.",
            marked(&named.device)
        )));
    }
    if ids.len() > 1 {
        return Err(Failure::usage(format!("Several devices begin so: {}.", ids.join(", "))));
    }
    of_one_gateway(known, &beginning)
}

/// The gateways that are meant.
fn gateways<'a>(
    known: &'a Known,
    installation: Option<&str>,
) -> Result<Vec<&'a (PathBuf, Access)>, Failure> {
    let Some(wanted) = installation else { return Ok(known.gateways.iter().collect()) };
    let is_wanted = |it: &&(PathBuf, Access)| {
        let id = known.installation(&it.0, it.1.slot).and_then(|it| it.id.as_deref());
        it.1.slot.0.to_string() == wanted || id == Some(wanted)
    };
    let found: Vec<_> = known.gateways.iter().filter(is_wanted).collect();
    if found.is_empty() {
        let all = known.gateways.iter().map(|(address, gateway)| (address.as_path(), gateway.slot));
        return Err(Failure {
            code: "no_such_installation",
            ..Failure::fatal(
                format!("No installation {} is carried.", marked(wanted)),
                format!("There are: {}.", listed(known, all)),
            )
        });
    }
    Ok(found)
}

/// The one place of a device that several gateways could know.
fn of_one_gateway<'a>(known: &Known, places: &[Place<'a>]) -> Result<Place<'a>, Failure> {
    let gateway = |(address, slot, _): &Place<'_>| {
        known.installation(address, *slot).and_then(|it| it.gateway.as_deref())
    };
    match places {
        [one] => Ok(*one),
        // The same gateway is known through two installations: either of them will do.
        [first, more @ ..]
            if gateway(first).is_some_and(|url| more.iter().all(|it| gateway(it) == Some(url))) =>
        {
            Ok(*first)
        }
        several => {
            let all = several.iter().map(|(address, slot, _)| (*address, *slot));
            Err(Failure {
                hint: Some("Say which one is meant with --installation and its number.".to_owned()),
                ..Failure::usage(format!(
                    "The gateways of several installations know this device: {}.",
                    listed(known, all)
                ))
            })
        }
    }
}

fn listed<'a>(known: &Known, places: impl Iterator<Item = (&'a Path, Slot)>) -> String {
    let name = |(address, slot): (&Path, Slot)| {
        let through = known.through(address, slot);
        marked(&through.unwrap_or_else(|| format!("installation {}", slot.0)))
    };
    places.map(name).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use control::{InstallationSummary, SendersStanding, Standing};

    use super::*;

    fn device(id: &str) -> Device {
        Device {
            id: id.to_owned(),
            label: None,
            name: None,
            platform: None,
            program: None,
            roles: Vec::new(),
            scopes: Vec::new(),
            unlisted: 0,
            address: None,
            origin: None,
            approved_via: None,
            approved_at_ms: None,
            last_seen_at_ms: None,
            is_connected: None,
            tokens: Vec::new(),
            node: None,
            is_own: false,
            is_changing: false,
        }
    }

    fn access(slot: u32, devices: &[&str]) -> Access {
        Access {
            slot: Slot(slot),
            standing: Standing::Up,
            devices: Some(devices.iter().map(|id| device(id)).collect()),
            unreadable: 0,
            can_rename: true,
            can_set_up: true,
            senders: SendersStanding::Unknown,
            setup: None,
            news: None,
        }
    }

    /// Installations of programs, each with the devices of its gateway.
    fn known(all: &[(&str, u32, Option<&str>, &[&str])]) -> Known {
        let mut known = Known::default();
        for (program, slot, gateway, devices) in all {
            known.gateways.push((program.into(), access(*slot, devices)));
            let summary = InstallationSummary {
                slot: Slot(*slot),
                name: format!("Den {slot}"),
                id: Some(format!("inst_{program}{slot}")),
                cloud: "https://cloud.example".to_owned(),
                gateway: gateway.map(str::to_owned),
                state: control::InstallationState::Connected,
            };
            known.installations.push((program.into(), summary));
        }
        known
    }

    fn named(device: &str, installation: Option<&str>) -> Named {
        Named { device: device.to_owned(), installation: installation.map(str::to_owned) }
    }

    #[test]
    fn a_whole_id_or_a_long_beginning_names_a_device() {
        let known = known(&[("app", 1, None, &["abc", "abcdefgh1", "abcdefgh2", "abcdefxx"])]);
        for (name, id) in [("abc", "abc"), ("abcdefgh1", "abcdefgh1"), ("abcdefxx", "abcdefxx")] {
            assert_eq!(find(&known, &named(name, None)).unwrap().2.id, id);
        }
        for (name, why) in [
            ("abcdefx", "too short"),
            ("abcdefgh", "Several devices"),
            ("", "knows no device"),
            ("bcdefgh1", "knows no device"),
        ] {
            let failure = find(&known, &named(name, None)).unwrap_err();
            assert!(failure.message.contains(why), "{failure:?}");
        }
    }

    #[test]
    fn of_a_device_at_two_gateways_the_person_says_which_one() {
        let phone: &[&str] = &["phonephone"];
        let known = known(&[
            ("app", 1, None, phone),
            ("app", 2, Some("wss://box.example"), phone),
            ("bridge", 1, None, phone),
        ]);
        for name in ["phonephone", "phonepho"] {
            let failure = find(&known, &named(name, None)).unwrap_err();
            assert_eq!(
                failure.message,
                "The gateways of several installations know this device: Den 1 (installation 1, \
                 inst_app1); Den 2 (installation 2, inst_app2, gateway wss://box.example); Den 1 \
                 (installation 1, inst_bridge1)."
            );
            assert!(failure.hint.unwrap().contains("--installation"));
        }
        let chosen = |which| find(&known, &named("phonephone", Some(which)));
        let place = |which| chosen(which).map(|(address, slot, _)| (address, slot)).unwrap();
        assert_eq!(place("2"), (Path::new("app"), Slot(2)));
        assert_eq!(place("inst_bridge1"), (Path::new("bridge"), Slot(1)));
        assert!(chosen("1").unwrap_err().message.contains("several installations"));
        let none = chosen("3").unwrap_err();
        assert_eq!(none.code, "no_such_installation");
        assert!(none.hint.unwrap().contains("installation 2"));
    }

    #[test]
    fn one_gateway_of_two_installations_need_not_be_chosen() {
        let url = Some("ws://localhost:18789");
        let known = known(&[("app", 1, url, &["phonephone"]), ("bridge", 1, url, &["phonephone"])]);
        assert_eq!(find(&known, &named("phonephone", None)).unwrap().0, Path::new("app"));
    }
}
