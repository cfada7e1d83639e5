//! A pairing that ends after it was given up.

use super::*;

fn is_pairing(installation: &Installation) -> bool {
    matches!(installation, Installation::Pairing { .. })
}

#[tokio::test]
async fn a_pairing_anew_that_is_cancelled_goes_back_without_looking_like_a_success() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    program.wish(Request::Pair { slot: Some(FIRST) });
    program.until_some("a code", |notes| ticket(notes).cloned()).await;
    program.wish(Request::CancelPairing { slot: FIRST });
    program.until_connected().await;
    let seen = program.notes.borrow().installations.clone();
    let after = seen.iter().rposition(is_pairing).unwrap() + 1;
    assert_eq!(seen[after], Installation::Starting);
    let first = seen.iter().position(is_pairing).unwrap();
    let paired = seen.iter().position(|it| matches!(it, Installation::Paired(_))).unwrap();
    assert!(first < paired && is_pairing(&seen[paired - 1]), "a success follows the code at once");
    program.end().await;
}

#[tokio::test]
async fn what_is_told_of_a_pairing_that_was_given_up_stops_no_bridge() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    for event in [
        SeatEvent::PairingEnded(Err(PairError::TimedOut)),
        SeatEvent::CannotStore(VaultError::Locked),
    ] {
        program.events.send(Event::Seat(FIRST, event)).unwrap();
    }
    computer.ask(&mut program).await;
    let upgrades = computer.cloud.calls().iter().filter(|call| call.route == "ws").count();
    assert_eq!(upgrades, 1, "the connection is the first one");
    let titles = |intent: &Intent| matches!(intent, Intent::Tell { title, .. } if title.contains("not paired"));
    assert_eq!(program.asked_for(titles), 0);
    program.end().await;
}

#[tokio::test]
async fn a_token_that_comes_late_stops_the_bridge_before_its_own_starts() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    let (id, token) = computer.cloud.mint_installation("Den");
    let stored = SeatEvent::Stored(BridgeToken::parse(&token).unwrap(), Ok(()));
    program.events.send(Event::Seat(FIRST, stored)).unwrap();
    program
        .until("the new one", |it| {
            matches!(it, Installation::Paired(Paired { identity, cloud: Link::Up { .. }, .. })
                if identity.id == id)
        })
        .await;
    let data = computer.folder.path().join("data");
    let journals = || {
        let files = std::fs::read_dir(&data).unwrap().map(|it| it.unwrap().file_name());
        let names = files.map(|it| it.into_string().unwrap());
        names.filter(|it| it.ends_with(".sqlite")).collect::<Vec<_>>()
    };
    let replaced = async {
        while journals() != [format!("journal-{id}.sqlite")] {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, replaced).await.unwrap();
    program.end().await;
}
