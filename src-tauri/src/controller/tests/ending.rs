//! What is to be forgotten is forgotten, whatever else is wanted meanwhile.

use super::*;

#[tokio::test]
async fn unpairing_forgets_the_token() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    program.wish(Request::Unpair);
    program.until_unpaired().await;
    program.end().await;
    let mut program = computer.start();
    program.until_unpaired().await;
    program.end().await;
}

#[tokio::test]
async fn unpairing_is_not_lost_when_the_program_is_quit_at_once() {
    for by_signal in [false, true] {
        let computer = Computer::new().await;
        let program = computer.start_paired().await;
        program.wish(Request::Unpair);
        if by_signal {
            program.stop.cancel();
        } else {
            program.wish(Request::Quit);
        }
        tokio::time::timeout(SOON, program.life).await.unwrap().unwrap();
        let kept = computer.folder.path().join("data/secrets.json");
        assert!(!std::fs::read_to_string(kept).unwrap().contains("inst_"), "{by_signal}");
        let mut program = computer.start();
        program.until_unpaired().await;
        program.end().await;
    }
}

#[tokio::test]
async fn another_cloud_is_not_taken_while_this_one_is_being_forgotten() {
    let computer = Computer::new().await;
    let mut program = computer.start();
    let view = program.until_some("settings", |notes| notes.view.clone()).await;
    program.end().await;
    let mut program = computer.start_paired().await;
    program.wish(Request::Unpair);
    let settings = Settings { cloud_url: "https://sophon.example.org".into(), ..view.settings };
    program.wish(Request::Save { settings });
    program.until_unpaired().await;
    program.end().await;
    let kept = computer.folder.path().join("data/secrets.json");
    assert!(!std::fs::read_to_string(kept).unwrap().contains("inst_"));
}

#[test]
fn forgetting_wins_over_everything_and_the_end_over_the_rest() {
    let rest = [After::Carry, After::Pause, After::Open, After::Pair];
    for after in rest {
        assert_eq!(after.or(After::Pause), After::Pause);
        for (one, two) in [(after, After::Quit), (After::Quit, after)] {
            assert_eq!(one.or(two), After::Quit);
        }
    }
    for wins in [After::Revoke, After::Wipe] {
        for loses in rest.into_iter().chain([After::Quit]) {
            assert_eq!((wins.or(loses), loses.or(wins)), (wins, wins));
        }
    }
    assert_eq!(After::Revoke.or(After::Wipe), After::Wipe);
    assert_eq!(After::Wipe.or(After::Revoke), After::Wipe);
}
