use openclaw::DeviceId;
use openclaw::pairing::Subject;
use serde_json::{Value, json};

use super::*;
use crate::Decider;
use crate::access::shelf::MOST_WAITING;

const NOW: u64 = 1_800_000_000_000;
const MINUTE: u64 = 60_000;

pub(super) fn device_request(id: &str, device: &str, asked_at_ms: u64) -> DeviceRequest {
    let request = json!({"requestId": id, "deviceId": device, "ts": asked_at_ms,
        "displayName": "Phone", "role": "operator", "scopes": ["operator.read"]});
    DeviceRequest::parse(&request).unwrap()
}

fn node_request(id: &str, asked_at_ms: u64, scopes: &Value) -> NodeRequest {
    let request = json!({"requestId": id, "nodeId": "n", "ts": asked_at_ms,
        "requiredApproveScopes": scopes});
    NodeRequest::parse(&request).unwrap()
}

fn senders(ids: &[&str]) -> Senders {
    let requests: Vec<_> = ids
        .iter()
        .map(|id| {
            json!({"requestId": id, "channel": "telegram", "accountId": "default",
                "senderId": "7001", "createdAt": "2027-01-15T08:00:00Z",
                "expiresAt": "2027-01-15T09:00:00Z"})
        })
        .collect();
    Senders::parse(&json!({"accounts": [], "requests": requests})).unwrap()
}

pub(super) fn resolved(id: &str, device: &str, verdict: Verdict) -> PairingEvent {
    let (subject, request) = (Subject::Device, Some(openclaw::RequestId::new(id)));
    PairingEvent::Resolved { subject, request, device: DeviceId::new(device), verdict }
}

fn told(event: PairingEvent) -> Input {
    Input::Told(Box::new(event))
}

fn asked(id: &str) -> Input {
    told(PairingEvent::DeviceRequested(device_request(id, id, NOW)))
}

fn devices(pending: Vec<DeviceRequest>) -> Devices {
    Devices { pending, ..Devices::default() }
}

fn list(book: &mut Book, pending: Vec<DeviceRequest>, now_ms: u64) -> Vec<Change> {
    let begun = book.begin();
    book.handle(Input::Devices(begun, devices(pending)), now_ms)
}

fn connected() -> Book {
    let mut book = Book::new();
    book.handle(Input::Connected(Generation::Newer), NOW);
    list(&mut book, Vec::new(), NOW);
    book
}

fn waiting(book: &Book) -> Vec<String> {
    book.devices().unwrap().pending.iter().map(|it| it.id.to_string()).collect()
}

pub(super) fn ends(changes: &[Change]) -> Vec<(String, Outcome)> {
    let ended = changes.iter().filter_map(|change| match change {
        Change::Ended(past) => Some((past.key.clone(), past.outcome.clone())),
        Change::SetupUsed(_) | Change::Ask(_) => None,
    });
    ended.collect()
}

fn end(id: &str, outcome: Outcome) -> Vec<(String, Outcome)> {
    vec![(format!("device:{id}"), outcome)]
}

const HERE: Option<Decider> = Some(Decider::Computer);

#[test]
fn what_is_decided_elsewhere_is_withdrawn_and_told_once() {
    let mut book = connected();
    book.handle(asked("a"), NOW);
    assert_eq!(waiting(&book), ["a"]);
    let approved = || told(resolved("a", "a", Verdict::Approved));
    let changes = book.handle(approved(), NOW + 5);
    assert_eq!(ends(&changes), end("a", Outcome::Allowed { always: false, by: None }));
    let Change::Ended(past) = &changes[0] else { panic!("{changes:?}") };
    assert_eq!((past.kind, past.ended_at_ms), (RequestKind::Device, NOW + 5));
    assert_eq!(past.what, "“Phone”, operator: operator.read");
    assert!(waiting(&book).is_empty());
    assert!(ends(&book.handle(approved(), NOW)).is_empty());
    assert!(ends(&list(&mut book, Vec::new(), NOW)).is_empty());
}

#[test]
fn an_event_that_comes_while_a_list_is_under_way_is_neither_lost_nor_undone() {
    let mut book = connected();
    book.handle(asked("old"), NOW);
    let begun = book.begin();
    let made = devices(vec![device_request("old", "old", NOW)]);
    book.handle(asked("new"), NOW);
    book.handle(told(resolved("old", "old", Verdict::Approved)), NOW);
    let changes = book.handle(Input::Devices(begun, made), NOW);
    assert!(ends(&changes).is_empty());
    assert_eq!(waiting(&book), ["new"]);
}

#[test]
fn what_nobody_was_asked_about_ends_without_a_word() {
    let mut book = connected();
    let begun = book.begin();
    let changes = book.handle(told(resolved("a", "a", Verdict::Approved)), NOW);
    assert_eq!(changes, [Change::Ask(List::Devices)]);
    let late = devices(vec![device_request("a", "a", NOW)]);
    assert!(ends(&book.handle(Input::Devices(begun, late), NOW)).is_empty());
    assert!(waiting(&book).is_empty());
}

#[test]
fn what_was_allowed_here_counts_as_ours_whichever_word_comes_first() {
    let allowed = Outcome::Allowed { always: false, by: HERE };
    let mut book = connected();
    book.handle(asked("a"), NOW);
    book.handle(Input::Answering("device:a".into(), true), NOW);
    let changes = book.handle(told(resolved("a", "a", Verdict::Approved)), NOW);
    assert!(ends(&changes).is_empty());
    let done = book.handle(Input::Answered("device:a".into(), Answered::Confirmed), NOW);
    assert_eq!(ends(&done), end("a", allowed.clone()));

    book.handle(asked("b"), NOW);
    book.handle(Input::Answering("device:b".into(), true), NOW);
    let done = book.handle(Input::Answered("device:b".into(), Answered::Confirmed), NOW);
    assert_eq!(ends(&done), end("b", allowed));
    let changes = book.handle(told(resolved("b", "b", Verdict::Approved)), NOW);
    assert!(ends(&changes).is_empty());
}

#[test]
fn of_two_who_decide_at_once_the_first_wins_and_the_other_is_told() {
    for verdict_first in [true, false] {
        let mut book = connected();
        book.handle(asked("a"), NOW);
        book.handle(Input::Answering("device:a".into(), true), NOW);
        let elsewhere = told(resolved("a", "a", Verdict::Rejected));
        let gone = Input::Answered("device:a".into(), Answered::Gone);
        let order = if verdict_first { [elsewhere, gone] } else { [gone, elsewhere] };
        let mut ended = Vec::new();
        for input in order {
            ended.extend(ends(&book.handle(input, NOW)));
        }
        ended.extend(ends(&list(&mut book, Vec::new(), NOW)));
        assert_eq!(ended, end("a", Outcome::Denied { by: None }), "{verdict_first}");
        assert_eq!(book.outcome("device:a"), Some(&Outcome::Denied { by: None }));
    }
}

#[test]
fn a_request_that_made_way_for_another_one_was_not_denied() {
    // The newer generation says that it was rejected, before or after the other one is seen.
    let mut book = connected();
    let grown = || told(PairingEvent::DeviceRequested(device_request("b", "a", NOW + 1)));
    book.handle(asked("a"), NOW);
    let changes = book.handle(told(resolved("a", "a", Verdict::Rejected)), NOW);
    assert!(ends(&changes).is_empty() && waiting(&book).is_empty());
    assert_eq!(ends(&book.handle(grown(), NOW)), end("a", Outcome::Gone));
    assert_eq!(waiting(&book), ["b"]);

    // The older one says nothing, so that it is asked.
    let mut book = connected();
    book.handle(asked("a"), NOW);
    assert_eq!(book.handle(grown(), NOW), [Change::Ask(List::Devices)]);
    let changes = list(&mut book, vec![device_request("b", "a", NOW + 1)], NOW);
    assert_eq!(ends(&changes), end("a", Outcome::Gone));
}

#[test]
fn a_request_that_was_rejected_elsewhere_was_denied_once_the_list_says_so() {
    let mut book = connected();
    book.handle(asked("a"), NOW);
    let begun = book.begin();
    let changes = book.handle(told(resolved("a", "a", Verdict::Rejected)), NOW);
    assert_eq!(changes, [Change::Ask(List::Devices)]);
    let earlier = devices(vec![device_request("a", "a", NOW)]);
    assert!(ends(&book.handle(Input::Devices(begun, earlier), NOW)).is_empty());
    assert!(waiting(&book).is_empty());
    assert_eq!(ends(&list(&mut book, Vec::new(), NOW)), end("a", Outcome::Denied { by: None }));
}

#[test]
fn what_expires_is_asked_about_and_then_told() {
    let mut book = connected();
    book.handle(asked("a"), NOW);
    assert_eq!(book.deadline_ms(), Some(NOW + 5 * MINUTE + 1_000));
    assert!(book.handle(Input::Time, NOW + 5 * MINUTE).is_empty());
    let over = NOW + 5 * MINUTE + 1_000;
    assert_eq!(book.handle(Input::Time, over), [Change::Ask(List::Devices)]);
    assert!(book.handle(Input::Time, over + 1).is_empty(), "it is asked once");
    assert_eq!(book.deadline_ms(), None);
    // A gateway whose clock is late has it still.
    list(&mut book, vec![device_request("a", "a", NOW)], over);
    assert_eq!(waiting(&book), ["a"]);
    assert_eq!(ends(&list(&mut book, Vec::new(), over)), end("a", Outcome::Expired));
}

fn cut_off(generation: Generation) -> Book {
    let mut book = connected();
    book.handle(Input::Connected(generation), NOW);
    book.handle(asked("a"), NOW);
    assert!(ends(&book.handle(Input::Disconnected, NOW)).is_empty());
    assert_eq!(waiting(&book), ["a"]);
    assert!(book.handle(Input::Time, NOW + 6 * MINUTE).is_empty());
    book
}

#[test]
fn without_a_connection_what_is_over_by_this_computers_clock_is_not_shown_until_a_list_has_it() {
    let later = NOW + 6 * MINUTE;
    for (is_there, outcome) in [(true, vec![]), (false, end("a", Outcome::Expired))] {
        let mut book = cut_off(Generation::Older);
        assert!(waiting(&book).is_empty());
        book.handle(Input::Connected(Generation::Older), later);
        let listed = is_there.then(|| device_request("a", "a", NOW)).into_iter().collect();
        assert_eq!(ends(&list(&mut book, listed, later)), outcome);
        assert_eq!(waiting(&book).len(), usize::from(is_there));
    }
}

#[test]
fn a_device_that_keeps_asking_the_newer_generation_is_not_over_by_this_computers_clock() {
    let mut book = cut_off(Generation::Newer);
    assert_eq!(waiting(&book), ["a"], "it may have asked again");
    book.handle(Input::Connected(Generation::Newer), NOW + 6 * MINUTE);
    let again = vec![device_request("a", "a", NOW)];
    assert!(ends(&list(&mut book, again, NOW + 6 * MINUTE)).is_empty());
    let over = list(&mut book, Vec::new(), NOW + 7 * MINUTE);
    assert_eq!(ends(&over), end("a", Outcome::Expired));
}

#[test]
fn what_is_over_when_nobody_attends_any_more_is_told_and_shown_again_if_it_waits() {
    let later = NOW + 6 * MINUTE;
    let mut book = cut_off(Generation::Older);
    assert_eq!(ends(&book.handle(Input::Left, later)), end("a", Outcome::Expired));
    book.handle(Input::Connected(Generation::Older), later);
    assert!(ends(&list(&mut book, vec![device_request("a", "a", NOW)], later)).is_empty());
    assert_eq!(waiting(&book), ["a"]);
}

#[test]
fn an_answer_of_which_nobody_heard_is_decided_when_nobody_attends_any_more() {
    let key = || "device:a".to_owned();
    for (is_left_first, came) in
        [(true, Answered::Unknown), (true, Answered::Gone), (false, Answered::Unknown)]
    {
        let mut book = connected();
        book.handle(asked("a"), NOW);
        book.handle(Input::Answering(key(), true), NOW);
        let answered = Input::Answered(key(), came);
        let order = if is_left_first { [Input::Left, answered] } else { [answered, Input::Left] };
        let told: Vec<_> =
            order.into_iter().flat_map(|input| ends(&book.handle(input, NOW))).collect();
        assert_eq!(told, end("a", Outcome::Decided), "{is_left_first} {came:?}");
        list(&mut book, vec![device_request("a", "a", NOW)], NOW);
        assert_eq!(waiting(&book), ["a"], "it was not applied");
    }
}

#[test]
fn an_answer_that_was_confirmed_after_everybody_left_is_told() {
    let mut book = connected();
    book.handle(asked("a"), NOW);
    book.handle(Input::Answering("device:a".into(), true), NOW);
    assert!(ends(&book.handle(Input::Left, NOW)).is_empty());
    let done = book.handle(Input::Answered("device:a".into(), Answered::Confirmed), NOW);
    assert_eq!(ends(&done), end("a", Outcome::Allowed { always: false, by: HERE }));
}

#[test]
fn what_ended_while_nobody_was_connected_is_gone_or_expired_by_its_time() {
    for (later, outcome) in [(MINUTE, Outcome::Gone), (5 * MINUTE, Outcome::Expired)] {
        let mut book = connected();
        book.handle(asked("a"), NOW);
        book.handle(Input::Disconnected, NOW);
        book.handle(Input::Connected(Generation::Newer), NOW + later);
        assert_eq!(ends(&list(&mut book, Vec::new(), NOW + later)), end("a", outcome));
    }
}

#[test]
fn an_answer_that_may_have_been_applied_is_decided_when_the_request_is_gone() {
    let mut book = connected();
    for id in ["a", "b", "c"] {
        book.handle(asked(id), NOW);
        book.handle(Input::Answering(format!("device:{id}"), true), NOW);
        book.handle(Input::Answered(format!("device:{id}"), Answered::Unknown), NOW);
    }
    let changes = book.handle(told(resolved("b", "b", Verdict::Approved)), NOW);
    assert_eq!(ends(&changes), end("b", Outcome::Allowed { always: false, by: HERE }));
    let changes = list(&mut book, vec![device_request("c", "c", NOW)], NOW);
    assert_eq!(ends(&changes), end("a", Outcome::Decided));
    assert_eq!(waiting(&book), ["c"], "it can be decided again");
}

#[test]
fn a_request_that_is_being_answered_stays_until_the_answer_is_there() {
    let mut book = connected();
    book.handle(asked("a"), NOW);
    book.handle(Input::Answering("device:a".into(), false), NOW);
    assert!(ends(&list(&mut book, Vec::new(), NOW)).is_empty());
    assert_eq!(waiting(&book), ["a"]);
    let done = book.handle(Input::Answered("device:a".into(), Answered::Confirmed), NOW);
    assert_eq!(ends(&done), end("a", Outcome::Denied { by: HERE }));
}

#[test]
fn an_older_nodes_offer_is_asked_about_because_the_event_does_not_say_what_it_takes() {
    let mut book = connected();
    book.handle(Input::Connected(Generation::Older), NOW);
    let bare = told(PairingEvent::NodeRequested(node_request("a", NOW, &Value::Null)));
    assert_eq!(book.handle(bare, NOW), [Change::Ask(List::Nodes)]);
    assert_eq!(book.deadline_ms(), Some(NOW + 5 * MINUTE + 1_000));
    let whole = node_request("b", NOW, &json!(["operator.pairing"]));
    let mut book = connected();
    assert!(book.handle(told(PairingEvent::NodeRequested(whole)), NOW).is_empty());
    assert_eq!(book.deadline_ms(), None, "the newer generation keeps it");
}

#[test]
fn a_sender_is_known_from_lists_alone() {
    let mut book = connected();
    let begun = book.begin();
    book.handle(Input::Senders(begun, senders(&["s"])), NOW);
    assert!(book.waits("sender:telegram:default:s"));
    let begun = book.begin();
    let key = "sender:telegram:default:s".to_owned();
    let over = book.senders().unwrap().pending[0].expires_at_ms.unwrap();
    let changes = book.handle(Input::Senders(begun, senders(&[])), over);
    assert_eq!(ends(&changes), [(key, Outcome::Expired)]);
}

#[test]
fn a_flood_is_bounded_and_counted_and_nothing_that_was_shown_is_dropped() {
    let mut book = connected();
    book.handle(asked("first"), NOW);
    let many = || (0..3_000).map(|n| device_request(&format!("r{n}"), &format!("d{n}"), NOW + n));
    let mut all: Vec<_> = many().collect();
    all.push(device_request("first", "first", NOW));
    assert!(ends(&list(&mut book, all.clone(), NOW)).is_empty());
    let known = book.devices().unwrap();
    assert_eq!((known.pending.len(), known.unreadable), (MOST_WAITING, 2_001));
    assert!(book.waits("device:first"));
    book.handle(asked("one-more"), NOW);
    assert!(!book.waits("device:one-more"));
    assert_eq!(book.devices().unwrap().unreadable, 2_002);
    all.truncate(500);
    let ended = ends(&list(&mut book, all, NOW));
    assert_eq!(ended.len(), MOST_WAITING - 500);
    assert_eq!(waiting(&book).len(), 500);
}

#[test]
fn when_nobody_attends_any_more_nothing_is_known_and_nothing_has_ended() {
    let mut book = connected();
    book.handle(asked("a"), NOW);
    book.handle(asked("b"), NOW);
    book.handle(told(resolved("b", "b", Verdict::Rejected)), NOW);
    let left = book.handle(Input::Left, NOW);
    assert_eq!(ends(&left), end("b", Outcome::Denied { by: None }));
    assert!(book.devices().is_none() && !book.waits("device:a"));
    book.handle(Input::Connected(Generation::Newer), NOW);
    assert!(ends(&list(&mut book, vec![device_request("a", "a", NOW)], NOW)).is_empty());
    assert_eq!(waiting(&book), ["a"]);
}
