//! The journal: what is told while it cannot be written, and when it goes.

use simulator::cloud::Fault;

use super::*;

impl Computer {
    /// The journals in the data folder, with what belongs to them.
    pub(super) fn journals(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.folder.path().join("data")).unwrap();
        let names = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("journal-")).collect()
    }

    async fn until_no_journal_has(&self, installation: &str) {
        let gone = async {
            while self.journals().iter().any(|name| name.contains(installation)) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(SOON, gone).await.unwrap();
    }
}

fn identity(notes: &Notes) -> Option<String> {
    let Installation::Paired(paired) = notes.first()? else { return None };
    Some(paired.identity.id.clone())
}

fn storage(notes: &Notes) -> Option<&Problem> {
    let Installation::Paired(paired) = notes.first()? else { return None };
    paired.storage.as_deref()
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_is_told_once_and_so_is_its_end() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    let id = program.until_some("a name", identity).await;
    let journal = computer.folder.path().join(format!("data/journal-{id}.sqlite"));
    let obstacle = rusqlite::Connection::open(journal).unwrap();
    obstacle.execute_batch("BEGIN IMMEDIATE").unwrap();
    computer.cloud.say("ses_controller0002", "say: when it can be stored");

    let shown = program.until_some("a problem", |notes| {
        Some((storage(notes)?.clone(), notes.tray.clone()?))
            .filter(|(_, tray)| tray.icon == tray::Icon::NeedsYou)
    });
    let (problem, tray) = shown.await;
    assert!(problem.what.contains("journal"), "{problem:?}");
    assert!(problem.remedy.unwrap().contains("Free some space"));
    assert!(tray.tooltip.contains("nothing can be stored"), "{}", tray.tooltip);
    let title = "Nothing can be stored".to_owned();
    let begun = Intent::Tell { topic: Topic::Storage(FIRST), title };
    program.until_asked_for(begun.clone()).await;
    assert_eq!(computer.gateway.runs().len(), 0);

    obstacle.execute_batch("ROLLBACK").unwrap();
    program.until_some("an end", |notes| storage(notes).is_none().then_some(())).await;
    let answered = |cloud: &CloudView<'_>| {
        cloud.bubbles("ses_controller0002").iter().any(|it| it.end.is_some()).then_some(())
    };
    computer.cloud.wait_for("answer", SOON, answered).await;
    let title = "Messages are carried again".to_owned();
    program.until_asked_for(Intent::Tell { topic: Topic::Storage(FIRST), title }).await;
    assert_eq!(program.asked_for(|intent| *intent == begun), 1);
    program.end().await;
}

#[tokio::test]
async fn what_the_cloud_refused_for_good_is_counted() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    computer.cloud.fault(Fault::Answer {
        route: "sendMessageEnd".into(),
        status: 400,
        code: "invalid_request".into(),
        retry_after_ms: None,
        times: 1,
    });
    computer.cloud.say("ses_controller0003", "say: to nobody");
    let counted = program.until_some("a count", |notes| {
        let installation = notes.first()?;
        let Installation::Paired(paired) = installation else { return None };
        Some(paired.undelivered).filter(|it| *it > 0)
    });
    counted.await;
    program.end().await;
}

#[tokio::test]
async fn unpairing_leaves_no_journal() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    assert_ne!(computer.journals(), [""; 0]);
    let name = computer.journals().swap_remove(0);
    let damaged = format!("data/{name}.damaged-1700000000000");
    std::fs::write(computer.folder.path().join(damaged), "").unwrap();
    program.wish(Request::Unpair { slot: FIRST });
    program.until_unpaired().await;
    assert_eq!(computer.journals(), [""; 0]);
    program.end().await;
}

#[tokio::test]
async fn another_pairing_leaves_the_journal_of_the_one_before_until_it_is_stored() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    let before = program.until_some("a name", identity).await;
    program.wish(Request::Pair { slot: Some(FIRST) });
    let code = program.until_some("a code", |notes| Some(ticket(notes)?.code.clone())).await;
    assert!(computer.journals().iter().any(|name| name.contains(&before)));
    let after = computer.cloud.approve_pairing(&code);
    program.until_connected().await;
    assert_ne!(before, after);
    computer.until_no_journal_has(&before).await;
    assert!(computer.journals().iter().any(|name| name.contains(&after)));
    program.end().await;
}

#[tokio::test]
async fn what_another_program_carries_is_not_unpaired() {
    let computer = Computer::new().await;
    let program = computer.start_paired().await;
    program.wish(Request::Pause { slot: FIRST });
    program.end().await;
    let (mut first, mut second) = (computer.start(), computer.start());
    for program in [&mut first, &mut second] {
        program.until("paused", |it| matches!(it, Installation::Paused { .. })).await;
    }
    second.wish(Request::Resume { slot: FIRST });
    second.until_connected().await;

    first.wish(Request::Unpair { slot: FIRST });
    let title = "This computer was not unpaired".to_owned();
    first.until_asked_for(Intent::Tell { topic: Topic::Pairing(FIRST), title }).await;
    first.until("paused", |it| matches!(it, Installation::Paused { .. })).await;
    assert_ne!(computer.journals(), [""; 0]);
    first.end().await;
    second.end().await;
    let mut third = computer.start();
    third.until_connected().await;
    third.end().await;
}

#[tokio::test]
async fn what_is_wished_while_the_installation_is_being_claimed_comes_after() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    program.wish(Request::Pause { slot: FIRST });
    program.until("paused", |it| matches!(it, Installation::Paused { .. })).await;
    let upgrades = || computer.cloud.calls().iter().filter(|call| call.route == "ws").count();

    program.wish(Request::Resume { slot: FIRST });
    program.wish(Request::Pause { slot: FIRST });
    program.wish(Request::Resume { slot: FIRST });
    program.wish(Request::Pair { slot: Some(FIRST) });
    program
        .until("pairing", |it| matches!(it, Installation::Pairing { ticket: Some(_), .. }))
        .await;
    assert_eq!(upgrades(), 1, "nothing was connected meanwhile");
    program.wish(Request::CancelPairing { slot: FIRST });
    program.until_connected().await;

    program.wish(Request::Pause { slot: FIRST });
    program.until("paused", |it| matches!(it, Installation::Paused { .. })).await;
    program.wish(Request::Resume { slot: FIRST });
    program.wish(Request::Quit);
    tokio::time::timeout(SOON, program.life).await.unwrap().unwrap();
    assert_eq!(upgrades(), 2);
}

#[tokio::test]
async fn a_key_of_the_journal_that_cannot_be_kept_is_told_with_what_to_do() {
    let computer = Computer::new().await;
    computer.start_paired().await.end().await;
    let data = computer.folder.path().join("data");
    let file = data.join("secrets.sealed");
    let mut sealed: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let values = sealed["values"].as_object_mut().unwrap();
    let kept = values.len();
    values.retain(|name, _| !name.ends_with("journal/key"));
    assert_eq!(values.len(), kept - 1);
    std::fs::write(&file, sealed.to_string()).unwrap();
    // Secrets can be read then, and not be written.
    std::fs::remove_file(data.join("vault.lock")).unwrap();
    std::fs::create_dir(data.join("vault.lock")).unwrap();

    let mut program = computer.start();
    let shown = program.until_some("a problem", |notes| {
        let Installation::Locked { problem } = notes.first()? else {
            return None;
        };
        Some(problem.clone())
    });
    let problem = shown.await;
    assert!(problem.what.contains("key of this installation"), "{problem:?}");
    assert!(problem.remedy.unwrap().contains("Check that the folder exists"));
    std::fs::remove_dir(data.join("vault.lock")).unwrap();
    program.wish(Request::RetryNow);
    program.until_connected().await;
    program.end().await;
}
