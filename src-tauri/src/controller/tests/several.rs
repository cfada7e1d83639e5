//! Several installations in one program.

use bridge::pairing::Paired as NewPairing;

use super::*;

const SECOND: Slot = Slot(2);

impl Computer {
    /// Pairs another installation; returns the program and both ids.
    async fn start_with_two(&self) -> (Program, String, String) {
        let mut program = self.start_paired().await;
        let first = program.until_some("an id", |notes| id_of(FIRST, notes)).await;
        program.wish(Request::Pair { slot: None });
        let code = program.until_some("a code", |it| Some(ticket_of(SECOND, it)?.code.clone()));
        let second = self.cloud.approve_pairing(&code.await);
        program.until_seat_connected(SECOND).await;
        (program, first, second)
    }

    fn secrets(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("data/secrets.json")).unwrap()
    }

    /// Waits until the answer to this message of the newest installation's chat is there.
    async fn answers(&self, session: &str) {
        self.cloud.say(session, "say: here");
        let answered = |cloud: &CloudView<'_>| {
            cloud.bubbles(session).iter().find(|it| it.end.is_some()).map(drop)
        };
        self.cloud.wait_for("an answer", SOON, answered).await;
    }
}

impl Program {
    fn slots(&self) -> Vec<u32> {
        slots(&self.notes.borrow())
    }

    async fn until_slots(&mut self, wanted: &[u32]) {
        self.until_some(&format!("{wanted:?}"), |notes| (slots(notes) == wanted).then_some(()))
            .await;
    }

    async fn until_told(&mut self, title: &str) {
        let is_it = |it: &Intent| matches!(it, Intent::Tell { title: said, .. } if said == title);
        self.until_some(title, |notes| notes.intents.iter().any(is_it).then_some(())).await;
    }

    async fn until_gone(&mut self, slot: Slot) {
        self.until_some("one less", |notes| notes.seat(slot).is_none().then_some(())).await;
    }
}

fn slots(notes: &Notes) -> Vec<u32> {
    let seats = notes.view.iter().flat_map(|view| &view.installations);
    seats.map(|seat| seat.slot.0).collect()
}

fn id_of(slot: Slot, notes: &Notes) -> Option<String> {
    match notes.seat(slot)? {
        Installation::Paired(Paired { identity, .. }) => Some(identity.id.clone()),
        Installation::Starting
        | Installation::Locked { .. }
        | Installation::Unpaired { .. }
        | Installation::Pairing { .. }
        | Installation::Paused { .. }
        | Installation::Revoked { .. } => None,
    }
}

#[tokio::test]
async fn two_installations_are_live_at_once_and_again_after_a_restart() {
    let computer = Computer::new().await;
    let (mut program, first, second) = computer.start_with_two().await;
    assert_ne!(first, second);
    assert_eq!(computer.cloud.look(|cloud| cloud.connected()), 2);
    computer.answers("ses_several0000001").await;
    program.until_seat_connected(FIRST).await;
    program.end().await;

    let mut program = computer.start();
    program.until_seat_connected(FIRST).await;
    program.until_seat_connected(SECOND).await;
    let ids = [FIRST, SECOND].map(|slot| id_of(slot, &program.notes.borrow()));
    assert_eq!(ids, [Some(first), Some(second)]);
    let view = program.notes.borrow().view.clone().unwrap();
    assert!(view.installations.iter().all(|seat| seat.paired_at_ms.is_some()));
    program.end().await;
}

#[tokio::test]
async fn another_installation_that_is_not_confirmed_goes_away_and_the_reason_is_told() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    program.wish(Request::Pair { slot: None });
    let code = program.until_some("a code", |it| Some(ticket_of(SECOND, it)?.code.clone())).await;
    program.wish(Request::Pair { slot: None });
    program.wish(Request::CopyLink { slot: SECOND });
    program
        .until_some("a copy", |notes| {
            notes.intents.iter().any(|it| matches!(it, Intent::Copy(_))).then_some(())
        })
        .await;
    assert_eq!(program.slots(), [1, 2], "a second click makes no third one");
    computer.cloud.deny_pairing(&code);
    program.until_gone(SECOND).await;
    program.until_told("No other installation was paired").await;
    let texts = program.notes.borrow().texts.clone();
    assert!(texts.iter().any(|text| text.contains("denied")), "{texts:?}");

    program.wish(Request::Pair { slot: None });
    program.until_some("a code", |it| ticket_of(Slot(3), it).map(drop)).await;
    program.wish(Request::CancelPairing { slot: Slot(3) });
    program.until_gone(Slot(3)).await;
    program.until_connected().await;
    program.end().await;
    let mut program = computer.start();
    program.until_connected().await;
    assert_eq!(program.slots(), [1]);
    program.end().await;
}

#[tokio::test]
async fn a_pairing_that_comes_after_it_was_cancelled_is_kept() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    program.wish(Request::Pair { slot: None });
    program.until_some("a code", |it| ticket_of(SECOND, it).map(drop)).await;
    program.wish(Request::CancelPairing { slot: SECOND });
    program.until_gone(SECOND).await;
    program.pairing_comes(&computer.cloud.mint_installation("Den"));
    program.until_seat_connected(SECOND).await;
    program.end().await;
}

#[tokio::test]
async fn unpairing_one_leaves_the_other_at_work_and_nothing_of_itself() {
    for (gone, stays) in [(FIRST, SECOND), (SECOND, FIRST)] {
        let computer = Computer::new().await;
        let (mut program, first, second) = computer.start_with_two().await;
        let (gone_id, stays_id) = if gone == FIRST { (first, second) } else { (second, first) };
        program.wish(Request::Unpair { slot: gone });
        program.until_gone(gone).await;
        let name = if gone == FIRST { "Den" } else { "Den 2" };
        program.until_told(&format!("“{name}” is unpaired")).await;
        let texts = program.notes.borrow().texts.clone();
        assert!(texts.iter().any(|text| text.contains("in the Sophon app")), "{texts:?}");
        let secrets = computer.secrets();
        assert!(!secrets.contains(&gone_id) && secrets.contains(&stays_id));
        assert!(!computer.journals().iter().any(|name| name.contains(&gone_id)));
        program.until_seat_connected(stays).await;
        program.end().await;

        let mut program = computer.start();
        program.until_seat_connected(stays).await;
        program.until_slots(&[stays.0]).await;
        program.wish(Request::Unpair { slot: stays });
        let unpaired = Installation::Unpaired { problem: None, npm: None };
        program.until_seat(stays, "unpaired", |it| *it == unpaired).await;
        assert_eq!(program.slots(), [stays.0], "the only one stays, to be paired again");
        program.end().await;
    }
}

#[tokio::test]
async fn unpairing_one_that_the_phone_removed_does_not_send_the_person_there() {
    let computer = Computer::new().await;
    let (mut program, _, second) = computer.start_with_two().await;
    computer.cloud.revoke(&second);
    program.until_seat(SECOND, "revoked", |it| matches!(it, Installation::Revoked { .. })).await;
    program.wish(Request::Unpair { slot: SECOND });
    program.until_gone(SECOND).await;
    program.until_told("“Den 2” is unpaired").await;
    let texts = program.notes.borrow().texts.clone();
    assert!(!texts.iter().any(|text| text.contains("on your phone as well")), "{texts:?}");
    program.end().await;
}

#[tokio::test]
async fn one_that_goes_leaves_nothing_at_a_cloud_that_it_had_before_and_its_number_to_nobody() {
    let computer = Computer::new().await;
    let other = Cloud::start(CloudOptions::default()).await.unwrap();
    let (mut program, _, second) = computer.start_with_two().await;
    let settings = program.until_some("settings", Notes::settings).await;
    let settings = SeatSettings { name: "Work".into(), cloud_url: other.base_url(), ..settings };
    program.wish(Request::SaveSeat { slot: SECOND, settings });
    program.until_seat(SECOND, "unpaired", |it| matches!(it, Installation::Unpaired { .. })).await;
    assert!(computer.secrets().contains(&second));
    program.wish(Request::Unpair { slot: SECOND });
    program.until_gone(SECOND).await;
    assert!(!computer.secrets().contains(&second));
    let sealed = computer.folder.path().join("data/secrets.sealed");
    assert!(!std::fs::read_to_string(sealed).unwrap().contains("#2 "));
    program.end().await;

    let mut program = computer.start();
    program.until_connected().await;
    program.wish(Request::Pair { slot: None });
    program.until_some("a code", |it| ticket_of(Slot(3), it).map(drop)).await;
    program.end().await;
}

#[tokio::test]
async fn one_that_was_removed_on_the_phone_is_paired_again_beside_the_other() {
    let computer = Computer::new().await;
    let (mut program, first, second) = computer.start_with_two().await;
    computer.cloud.revoke(&second);
    program.until_seat(SECOND, "revoked", |it| matches!(it, Installation::Revoked { .. })).await;
    let title = "This computer is no longer paired".to_owned();
    program.until_asked_for(Intent::Tell { topic: Topic::Health(SECOND), title }).await;
    let texts = program.notes.borrow().texts.clone();
    assert!(texts.iter().any(|text| text.starts_with("“Den 2”: It was removed")), "{texts:?}");
    assert_eq!(id_of(FIRST, &program.notes.borrow()), Some(first.clone()));
    program.wish(Request::Pair { slot: Some(SECOND) });
    let code = program.until_some("a code", |it| Some(ticket_of(SECOND, it)?.code.clone()));
    let again = computer.cloud.approve_pairing(&code.await);
    program.until_seat_connected(SECOND).await;
    let ids = [FIRST, SECOND].map(|slot| id_of(slot, &program.notes.borrow()));
    assert_eq!(ids, [Some(first), Some(again)]);
    program.end().await;
}

#[tokio::test]
async fn one_is_paused_while_the_other_works_and_stays_so() {
    let computer = Computer::new().await;
    let (mut program, ..) = computer.start_with_two().await;
    program.wish(Request::Pause { slot: FIRST });
    program.until("paused", |it| matches!(it, Installation::Paused { .. })).await;
    computer.answers("ses_several0000002").await;
    program.end().await;
    let mut program = computer.start();
    program.until_seat_connected(SECOND).await;
    program.until("paused", |it| matches!(it, Installation::Paused { .. })).await;
    program.wish(Request::Resume { slot: FIRST });
    program.until_connected().await;
    program.end().await;
}

#[tokio::test]
async fn a_name_is_one_installations_alone() {
    let computer = Computer::new().await;
    let (mut program, ..) = computer.start_with_two().await;
    let settings = program.until_some("settings", Notes::settings).await;
    let settings = SeatSettings { name: "Work".into(), ..settings };
    let before = program.notes.borrow().view.clone().unwrap();
    assert_eq!(before.installations[1].settings.name, "Den 2");
    program.wish(Request::SaveSeat { slot: SECOND, settings });
    let names = |notes: &Notes| {
        let seats = &notes.view.as_ref()?.installations;
        let names: Vec<_> = seats.iter().map(|seat| seat.settings.name.as_str()).collect();
        (names == ["Den", "Work"]).then_some(())
    };
    program.until_some("two names", names).await;
    program.end().await;
    let mut program = computer.start();
    program.until_some("two names", names).await;
    program.end().await;
}

#[tokio::test]
async fn a_pairing_that_this_computer_has_already_is_refused_and_the_old_one_stays() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    let id = program.until_some("an id", |notes| id_of(FIRST, notes)).await;
    program.wish(Request::Pair { slot: None });
    program.until_some("a code", |it| ticket_of(SECOND, it).map(drop)).await;
    let (_, other) = computer.cloud.mint_installation("Den");
    let secret = other.split_once(':').unwrap().1;
    program.pairing_comes(&(id.clone(), format!("{id}:{secret}")));
    program.until_gone(SECOND).await;
    program.until_told("No other installation was paired").await;
    let texts = program.notes.borrow().texts.clone();
    assert!(texts.iter().any(|text| text.contains("it is “Den”")), "{texts:?}");
    assert_eq!(id_of(FIRST, &program.notes.borrow()), Some(id));
    assert!(!computer.secrets().contains(secret));
    program.end().await;
}

impl Program {
    /// Lets the second installation's pairing end with this.
    fn pairing_comes(&self, (id, token): &(String, String)) {
        let token = BridgeToken::parse(token).unwrap();
        let paired = NewPairing { token, installation_id: sap::InstallationId::new(id.as_str()) };
        let ended = SeatEvent::PairingEnded(Ok(paired));
        self.events.send(Event::Seat(SECOND, ended)).unwrap();
    }
}
