//! What is to be forgotten is forgotten, whatever else is wanted meanwhile.

use super::*;

#[tokio::test]
async fn unpairing_forgets_the_token() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    program.wish(Request::Unpair { slot: FIRST });
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
        program.wish(Request::Unpair { slot: FIRST });
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
    let settings = program.until_some("settings", Notes::settings).await;
    program.end().await;
    let mut program = computer.start_paired().await;
    program.wish(Request::Unpair { slot: FIRST });
    let settings = SeatSettings { cloud_url: "https://sophon.example.org".into(), ..settings };
    program.wish(Request::SaveSeat { slot: FIRST, settings });
    program.until_unpaired().await;
    program.end().await;
    let kept = computer.folder.path().join("data/secrets.json");
    assert!(!std::fs::read_to_string(kept).unwrap().contains("inst_"));
}
