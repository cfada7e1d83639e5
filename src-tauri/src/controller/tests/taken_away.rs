//! The installation is another program's, or was removed on the phone.

use simulator::cloud::Fault;
use simulator::gateway::RunOutcome;

use super::*;

#[tokio::test]
async fn an_installation_that_another_program_carries_is_left_to_it_until_it_ends() {
    let computer = Computer::new().await;
    let first = computer.start_paired().await;
    let mut second = computer.start();
    let problem = second.until_some("a problem", |notes| {
        let installation = notes.first()?;
        if let Installation::Locked { problem } = installation {
            Some(problem.clone())
        } else {
            None
        }
    });
    let problem = problem.await;
    assert!(problem.what.contains("already carries"), "{problem:?}");
    assert!(problem.remedy.unwrap().contains("quit it"));
    let upgrades = || computer.cloud.calls().iter().filter(|call| call.route == "ws").count();
    assert_eq!(upgrades(), 1, "the second one dials nobody");
    first.end().await;
    second.wish(Request::RetryNow);
    second.until_connected().await;
    second.end().await;
}

#[tokio::test]
async fn a_computer_that_was_removed_on_the_phone_pairs_again_in_the_same_process() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    computer.cloud.say("ses_controller0009", "slow: 300");
    let began = |cloud: &CloudView<'_>| {
        cloud
            .bubbles("ses_controller0009")
            .iter()
            .any(|it| it.streamed.contains("w2"))
            .then_some(())
    };
    computer.cloud.wait_for("beginning of the answer", SOON, began).await;
    let since = std::time::Instant::now();
    computer.cloud.fault(Fault::Revoke);
    program.until("revoked", |it| matches!(it, Installation::Revoked { .. })).await;
    let title = "This computer is no longer paired".to_owned();
    program.until_asked_for(Intent::Tell { topic: Topic::Health(FIRST), title }).await;
    let stopped =
        |gateway: &Gateway| (gateway.runs()[0].outcome == RunOutcome::Aborted).then_some(());
    assert!(computer.gateway.wait_for(SOON, stopped).await.is_some(), "the run goes on");
    let took = since.elapsed();
    assert!(took < Duration::from_secs(1), "it took {took:?}");
    let kept = computer.folder.path().join("data/secrets.json");
    let forgotten = async {
        while std::fs::read_to_string(&kept).unwrap().contains("inst_") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, forgotten).await.unwrap();
    program.wish(Request::Pair { slot: Some(FIRST) });
    let code = program.until_some("a code", |notes| Some(ticket(notes)?.code.clone()));
    computer.cloud.approve_pairing(&code.await);
    program.until_connected().await;
    program.end().await;
}
