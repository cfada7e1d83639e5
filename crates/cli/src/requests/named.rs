//! Finds the request that a person names: by its key, by its id, or by the beginning of that.

use std::path::PathBuf;

use bridge::request_key::is_approval_key;
use control::{Ask, Pending, RequestKind, marked};

use super::Kinds;
use crate::exit::Failure;
use crate::program::{Ending, Program};
use crate::running::{Known, known};

/// Fewest characters that the beginning of an id must have: a shorter one may soon be that of a
/// newcomer too, who can choose.
pub(crate) const FEWEST: usize = 8;

/// A request that a person named.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) address: PathBuf,
    pub(super) request: Pending,
    /// It was named by a part of its id: who reads it must see that it is the one that was meant.
    pub(super) is_beginning: bool,
    /// The installation that it came through, where there are several.
    pub(super) via: Option<String>,
}

/// Finds a request of some kinds.
///
/// # Errors
/// No program runs; none of its requests, or several, are named so.
pub(super) async fn find(program: &mut Program, name: &str, kinds: Kinds) -> Result<Named, Ending> {
    let waiting = known(&program.config.data_dir, &Ask::Pending);
    let mut all = program.unless_stopped(waiting).await??;
    let is_whole = all.requests.iter().any(|(_, request)| request.key == name);
    let is_approval = is_approval_key(name) || kinds == [RequestKind::Approval];
    if !is_whole && !is_approval {
        // Another kind of request may be named so too.
        let asked = known(&program.config.data_dir, &Ask::Access);
        all.renew(program.unless_stopped(asked).await??);
    }
    Ok(named(&all, name, kinds)?)
}

fn named(all: &Known, name: &str, kinds: Kinds) -> Result<Named, Failure> {
    let of_kind = |it: &&(PathBuf, Pending)| kinds.contains(&it.1.subject.kind());
    let requests: Vec<_> = all.requests.iter().filter(of_kind).collect();
    let found = |(address, request): &(PathBuf, Pending), is_beginning| Named {
        address: address.clone(),
        request: request.clone(),
        is_beginning,
        via: all.via(address, request.slot),
    };
    // The same gateway may be known through two installations: either of them will do.
    if let Some(exact) = requests.iter().find(|(_, request)| request.key == name) {
        return Ok(found(exact, false));
    }
    for fit in [Fit::Whole, Fit::Beginning] {
        let mut fitting: Vec<_> =
            requests.iter().filter(|(_, request)| Fit::of(name, &request.key) == fit).collect();
        fitting.sort_by_key(|(_, request)| &request.key);
        fitting.dedup_by_key(|(_, request)| &request.key);
        match fitting.as_slice() {
            [] => {}
            [one] => return Ok(found(one, fit == Fit::Beginning)),
            several => {
                let keys: Vec<_> = several.iter().map(|(_, it)| marked(&it.key)).collect();
                let text = format!("Several requests begin so: {}.", keys.join(", "));
                return Err(Failure::usage(text));
            }
        }
    }
    if requests.iter().any(|(_, request)| Fit::of(name, &request.key) == Fit::Short) {
        return Err(Failure::usage(format!(
            "{} is too short: give the whole key, or at least {FEWEST} characters of the id.",
            marked(name)
        )));
    }
    Err(Failure {
        code: "no_such_request",
        ..Failure::fatal(
            format!("No request with the key {} waits.", marked(name)),
            "It may have been decided, or be over: `sophon-bridge requests` lists what waits.",
        )
    })
}

/// How a name fits a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    None,
    /// It begins so, but too many others could.
    Short,
    Beginning,
    /// It is all of its id.
    Whole,
}

impl Fit {
    fn of(name: &str, key: &str) -> Self {
        let (kind, rest) = key.split_once(':').unwrap_or_default();
        // Senders have messenger and account before their id.
        let places = if kind == "sender" { 3 } else { 1 };
        let id = rest.splitn(places, ':').last().unwrap_or_default();
        if [key, rest, id].contains(&name) {
            return Self::Whole;
        }
        // What stands before a colon is the same for many.
        let (_, own) = key.rsplit_once(':').unwrap_or_default();
        let Some(missing) = [key, rest, id, own].iter().find_map(|form| form.strip_prefix(name))
        else {
            return Self::None;
        };
        match own.chars().count().saturating_sub(missing.chars().count()) {
            _ if name.is_empty() => Self::None,
            FEWEST.. => Self::Beginning,
            _ => Self::Short,
        }
    }
}

#[cfg(test)]
mod tests {
    use control::{NodeRequest, Severity, Subject};

    use super::super::tests::sender;
    use super::super::{ALL, SENDERS};
    use super::*;

    fn node(id: &str) -> (PathBuf, Pending) {
        let subject = Subject::Node(NodeRequest {
            device: "d".to_owned(),
            name: None,
            platform: None,
            capabilities: Vec::new(),
            commands: Vec::new(),
            permissions: Vec::new(),
            unlisted: 0,
            address: None,
            severity: Severity::High,
        });
        let (address, request) = sender("x");
        (address, Pending { key: format!("node:{id}"), subject, ..request })
    }

    fn among(requests: Vec<(PathBuf, Pending)>) -> Known {
        Known { requests, ..Known::default() }
    }

    fn failure(all: &Known, name: &str, kinds: Kinds) -> String {
        named(all, name, kinds).unwrap_err().message
    }

    #[test]
    fn a_key_an_id_or_its_beginning_names_a_request() {
        let plugin = node("plugin:12345678");
        let all = among(vec![sender("abcdefgh-1"), sender("abcdefgx-2"), node("n1"), plugin]);
        for (name, key, is_beginning) in [
            ("sender:telegram:default:abcdefgh-1", "sender:telegram:default:abcdefgh-1", false),
            ("telegram:default:abcdefgx-2", "sender:telegram:default:abcdefgx-2", false),
            ("abcdefgx-2", "sender:telegram:default:abcdefgx-2", false),
            ("n1", "node:n1", false),
            ("plugin:12345678", "node:plugin:12345678", false),
            ("12345678", "node:plugin:12345678", true),
            ("abcdefgh", "sender:telegram:default:abcdefgh-1", true),
            ("telegram:default:abcdefgx", "sender:telegram:default:abcdefgx-2", true),
            ("sender:telegram:default:abcdefgx-", "sender:telegram:default:abcdefgx-2", true),
        ] {
            let found = named(&all, name, ALL).unwrap();
            assert_eq!((&*found.request.key, found.is_beginning), (key, is_beginning), "{name}");
        }
    }

    #[test]
    fn a_short_beginning_and_a_kind_alone_name_nothing() {
        let all = among(vec![sender("abcdefgh-1"), node("plugin:12345678")]);
        for name in [
            "s",
            "plugin:1",
            "node:plugin:",
            "sender:telegram:default:",
            "telegram:default:abcdefg",
            "abcdefg",
        ] {
            assert!(failure(&all, name, ALL).contains("too short"), "{name}");
        }
        for name in ["", "bcdefgh-1", "7001", "approval:abcdefgh"] {
            assert!(failure(&all, name, ALL).starts_with("No request"), "{name}");
        }
        let of_other_kinds = failure(&all, "abcdefgh-1", &[RequestKind::Approval]);
        assert!(of_other_kinds.starts_with("No request"), "{of_other_kinds}");
    }

    #[test]
    fn a_beginning_of_requests_of_two_kinds_names_neither() {
        let all = among(vec![sender("abcdefgh-1"), node("abcdefgh-2")]);
        let keys = "node:abcdefgh-2, sender:telegram:default:abcdefgh-1";
        assert!(failure(&all, "abcdefgh", ALL).contains(keys));
        assert!(named(&all, "abcdefgh", SENDERS).unwrap().is_beginning);
    }

    #[test]
    fn a_request_is_one_though_two_installations_know_it() {
        let all = among(vec![sender("abcdefgh"), sender("abcdefgh"), sender("abcdefghi")]);
        for name in ["sender:telegram:default:abcdefgh", "abcdefgh"] {
            assert_eq!(named(&all, name, ALL).unwrap().request.key, all.requests[0].1.key);
        }
    }
}
