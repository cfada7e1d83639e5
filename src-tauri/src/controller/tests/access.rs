//! Who may use the gateway: devices, nodes and senders.

use control::{Answer, Ask, DeviceAct, Outcome, Standing};
use simulator::gateway::{AskingDevice, AskingSender};

use super::*;
use crate::view::{AccessMode, Settings};

impl Program {
    pub(super) fn want_access(&self, access: AccessMode) {
        let settings = Settings { start_at_login: false, notifications: true, access };
        self.wish(Request::Save { settings });
    }

    pub(super) fn look_at(&self, page: Page) {
        self.wish(Request::Open { page: Some(page) });
        self.events.send(Event::At(Some(page))).unwrap();
    }

    pub(super) fn close_window(&self) {
        self.desktop.send_modify(|notes| notes.has_window = false);
        self.events.send(Event::At(None)).unwrap();
    }

    pub(super) async fn until_request(&mut self, kind: RequestKind) -> String {
        self.until_some("a request", |notes| Some(notes.pending(kind)?.key.clone())).await
    }

    async fn until_nothing_waits(&mut self) {
        self.until_some("an empty list", |notes| {
            notes.view.as_ref()?.pending.is_empty().then_some(())
        })
        .await;
    }

    pub(super) async fn until_standing(&mut self, what: &str, is: impl Fn(&Standing) -> bool) {
        self.until_some(what, |notes| {
            is(&notes.view.as_ref()?.access.first()?.standing).then_some(())
        })
        .await;
    }
}

impl Computer {
    pub(super) fn managers(&self) -> usize {
        let can_pair = |scopes: &[String]| scopes.iter().any(|it| it == "operator.pairing");
        self.gateway.connected().iter().filter(|it| can_pair(&it.scopes)).count()
    }

    pub(super) async fn until_managers(&self, wanted: usize) {
        let is_so = async {
            while self.managers() != wanted {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(SOON, is_so).await.unwrap();
    }
}

#[tokio::test]
async fn the_gateway_is_asked_only_while_the_person_looks_and_has_switched_it_on() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    program.look_at(Page::Devices);
    program.until_some("a window", |notes| notes.has_window.then_some(())).await;
    assert_eq!(computer.managers(), 0, "it was not switched on");
    assert!(program.notes.borrow().view.as_ref().unwrap().access.is_empty());

    program.want_access(AccessMode::Shown);
    program.until_standing("a connection", |it| *it == Standing::Up).await;
    program.until_some("devices", |it| it.view.as_ref()?.access[0].devices.clone()).await;
    assert_eq!(computer.managers(), 1);
    program.close_window();
    computer.until_managers(0).await;
    program.want_access(AccessMode::Always);
    computer.until_managers(1).await;
    program.end().await;
}

#[tokio::test]
async fn a_device_that_asks_is_announced_and_what_became_of_it_is_told_once_it_is_so() {
    for (verdict, title) in [(Verdict::Allow, "Allowed"), (Verdict::Deny, "Denied")] {
        let computer = Computer::new().await;
        let mut program = computer.start_paired().await;
        program.want_access(AccessMode::Always);
        computer.until_managers(1).await;
        let id = computer.gateway.device_asks(&AskingDevice::new("Tablet"));
        let key = program.until_request(RequestKind::Device).await;
        assert_eq!(key, format!("device:{id}"));
        program.until_asked_for(Intent::Announce(key.clone())).await;
        program.decide(&key, verdict);
        let told = Intent::Tell { topic: Topic::Request(key.clone()), title: title.to_owned() };
        program.until_asked_for(told).await;
        program.until_nothing_waits().await;
        let decided = computer.gateway.access_decisions();
        let [decision] = &decided[..] else { panic!("{decided:?}") };
        assert_eq!((&decision.request_id, decision.allowed), (&id, verdict == Verdict::Allow));
        let texts = program.notes.borrow().texts.clone();
        assert!(texts.iter().any(|text| text.contains("“Tablet”")), "{texts:?}");
        program.end().await;
    }
}

#[tokio::test]
async fn a_question_is_taken_back_when_it_was_decided_elsewhere() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    program.want_access(AccessMode::Always);
    computer.until_managers(1).await;
    let id = computer.gateway.device_asks(&AskingDevice::new("Tablet"));
    let key = program.until_request(RequestKind::Device).await;
    program.until_asked_for(Intent::Announce(key.clone())).await;
    assert!(computer.gateway.decide_request_elsewhere(&id, true));
    program.until_asked_for(Intent::Retract(key.clone())).await;
    program.until_nothing_waits().await;
    let told = |it: &Intent| matches!(it, Intent::Tell { topic: Topic::Request(_), .. });
    assert_eq!(program.asked_for(told), 0);
    program.look_at(Page::Requests);
    program
        .until_some("a past request", |notes| {
            notes.view.as_ref()?.history.iter().any(|past| past.key == key).then_some(())
        })
        .await;
    program.end().await;
}

#[tokio::test]
async fn of_two_installations_at_one_gateway_one_asks_and_each_request_is_shown_once() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    program.wish(Request::Pair { slot: None });
    let code = program.until_some("a code", |it| Some(ticket_of(Slot(2), it)?.code.clone()));
    computer.cloud.approve_pairing(&code.await);
    program.until_seat_connected(Slot(2)).await;
    program.want_access(AccessMode::Always);
    computer.until_managers(1).await;
    computer.gateway.sender_writes(&AskingSender::new("4711", "joe")).unwrap();
    program.look_at(Page::Senders);
    program.until_request(RequestKind::Sender).await;
    let view = program.notes.borrow().view.clone().unwrap();
    assert_eq!((view.pending.len(), view.access.len(), computer.managers()), (1, 1, 1));
    // The other one asks once the first is away.
    program.wish(Request::Pause { slot: FIRST });
    program
        .until_some("the other", |notes| {
            let pending = &notes.view.as_ref()?.pending;
            pending.iter().any(|request| request.slot == Slot(2)).then_some(())
        })
        .await;
    program.end().await;
}

#[tokio::test]
async fn a_device_is_renamed_and_the_programs_own_is_guarded() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    program.want_access(AccessMode::Shown);
    program.look_at(Page::Devices);
    let own = program.until_some("the own device", |notes| {
        let devices = notes.view.as_ref()?.access.first()?.devices.as_ref()?;
        Some(devices.iter().find(|device| device.is_own)?.id.clone())
    });
    let own = own.await;
    let act = DeviceAct::Rename { name: "This desk".to_owned() };
    program.wish(Request::Device { slot: FIRST, device: own.clone(), act });
    program
        .until_some("a new name", |notes| {
            let devices = notes.view.as_ref()?.access.first()?.devices.as_ref()?;
            devices
                .iter()
                .any(|it| it.label.as_ref().is_some_and(|it| it.text == "This desk"))
                .then_some(())
        })
        .await;
    let news = |notes: &Notes| notes.view.as_ref()?.access.first()?.news.clone();
    let done = program.until_some("news", news).await;
    assert_eq!(done.remedy, None);
    program.wish(Request::DismissNews { slot: FIRST });
    program.until_some("no news", |notes| news(notes).is_none().then_some(())).await;
    program.wish(Request::Device { slot: FIRST, device: own, act: DeviceAct::Remove });
    let refused = program.until_some("news", news).await;
    assert!(
        refused.what.contains("this program itself") && refused.remedy.is_some(),
        "{refused:?}"
    );
    program.end().await;
}

#[tokio::test]
async fn a_terminal_is_answered_although_the_person_did_not_switch_it_on() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    let id = computer.gateway.device_asks(&AskingDevice::new("Tablet"));
    let Answer::Pending { requests, gateways } = program.ask(Ask::Pending).await else { panic!() };
    assert!(requests.is_empty() && gateways[0].standing == Standing::Off);
    let Answer::Access { gateways, requests } = program.ask(Ask::Access).await else { panic!() };
    assert!(gateways[0].devices.as_ref().is_some_and(|devices| !devices.is_empty()));
    let key = format!("device:{id}");
    assert_eq!(requests.iter().map(|it| &it.key).collect::<Vec<_>>(), [&key]);
    let decide =
        Ask::Decide { key: key.clone(), verdict: Verdict::Allow, notify: false, seen: None };
    let done = program.ask(decide.clone()).await;
    assert!(matches!(&done, Answer::Done { .. }), "{done:?}");
    program.until_nothing_waits().await;
    let again = program.ask(decide).await;
    assert!(matches!(&again, Answer::Refused(why) if why.code == "no_such_request"), "{again:?}");
    let act = DeviceAct::Remove;
    let device = Ask::Device { slot: None, device: "nobody".to_owned(), act };
    let none = program.ask(device).await;
    assert!(matches!(&none, Answer::Refused(why) if why.code == "no_such_device"), "{none:?}");
    program.end().await;
}

#[tokio::test]
async fn a_question_that_nobody_answered_in_time_is_taken_back_and_found_in_the_history() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    program.want_access(AccessMode::Always);
    computer.until_managers(1).await;
    let waited = Duration::from_secs(5 * 60 - 2);
    let late = AskingDevice { waited, ..AskingDevice::new("Tablet") };
    let key = format!("device:{}", computer.gateway.device_asks(&late));
    program.until_asked_for(Intent::Announce(key.clone())).await;
    program.until_asked_for(Intent::Retract(key.clone())).await;
    program.look_at(Page::Requests);
    let outcome = program.until_some("a past request", |notes| {
        let history = &notes.view.as_ref()?.history;
        Some(history.iter().find(|past| past.key == key)?.outcome.clone())
    });
    assert_eq!(outcome.await, Outcome::Expired);
    program.end().await;
}

#[tokio::test]
async fn devices_are_told_of_only_where_the_gateway_is_asked_all_the_time() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    program.want_access(AccessMode::Shown);
    program.look_at(Page::Requests);
    program.until_standing("a connection", |it| *it == Standing::Up).await;
    computer.gateway.device_asks(&AskingDevice::new("Tablet"));
    let key = program.until_request(RequestKind::Device).await;
    assert_eq!(program.asked_for(|it| matches!(it, Intent::Announce(_))), 0, "it is in view");
    program.want_access(AccessMode::Always);
    program.until_asked_for(Intent::Announce(key)).await;
    program.end().await;
}

#[tokio::test]
async fn five_hundred_requests_are_all_there_and_each_can_be_decided() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    program.want_access(AccessMode::Shown);
    program.look_at(Page::Requests);
    program.until_standing("a connection", |it| *it == Standing::Up).await;
    for number in 0..500 {
        computer.gateway.device_asks(&AskingDevice::new(&format!("Device {number}")));
    }
    let all =
        |notes: &Notes| Some(&notes.view.as_ref()?.pending).filter(|it| it.len() == 500).cloned();
    let pending = program.until_some("all requests", all).await;
    for request in pending.iter().step_by(100) {
        program.decide(&request.key, Verdict::Deny);
    }
    program
        .until_some("five less", |notes| (notes.view.as_ref()?.pending.len() == 495).then_some(()))
        .await;
    assert_eq!(computer.gateway.access_decisions().len(), 5);
    program.end().await;
}

#[tokio::test]
async fn two_installations_with_gateways_of_their_own_ask_both() {
    let computer = Computer::new().await;
    let other = Gateway::start(GatewayOptions::of(Generation::Older)).await.unwrap();
    let mut program = computer.start_paired().await;
    program.want_access(AccessMode::Always);
    program.wish(Request::Pair { slot: None });
    let code = program.until_some("a code", |it| Some(ticket_of(Slot(2), it)?.code.clone()));
    computer.cloud.approve_pairing(&code.await);
    program.until_seat_connected(Slot(2)).await;
    let settings = program.until_some("settings", Notes::settings).await;
    let settings = SeatSettings { gateway_url: other.url(), ..settings };
    program.wish(Request::SaveSeat { slot: Slot(2), settings });

    let tablet = other.device_asks(&AskingDevice::new("Tablet"));
    let phone = computer.gateway.device_asks(&AskingDevice::new("Phone"));
    for (slot, request) in [(FIRST, phone), (Slot(2), tablet.clone())] {
        let key = format!("device:{request}");
        program
            .until_some(&key, |notes| {
                let pending = &notes.view.as_ref()?.pending;
                pending.iter().any(|it| it.key == key && it.slot == slot).then_some(())
            })
            .await;
        program.until_asked_for(Intent::Announce(key)).await;
    }
    program.decide(&format!("device:{tablet}"), Verdict::Allow);
    let title = "Allowed".to_owned();
    let topic = Topic::Request(format!("device:{tablet}"));
    program.until_asked_for(Intent::Tell { topic, title }).await;
    assert_eq!(other.access_decisions().len(), 1);
    assert!(computer.gateway.access_decisions().is_empty());
    program.end().await;
}
