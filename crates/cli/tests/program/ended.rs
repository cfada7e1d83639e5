//! A pairing that ended here while the npm bridge's files still hold it, and flags that stay in a command
//! line: nothing comes back by accident, and nothing keeps the program from its work.

use std::fs;
use std::time::Duration;

use super::computer::{self, Computer, Running, read};
use super::npm_bridge::{credentials, files, leave_files};
use super::terminal::Terminal;
use simulator::cloud::{Cloud, Fault};
use simulator::gateway::Gateway;

const QUICK: Duration = Duration::from_secs(5);

/// A computer that went on with the npm bridge's pairing and kept its files; and the token.
async fn set_up() -> (Cloud, Gateway, Computer, Running, String) {
    let (cloud, gateway, computer, token) = computer::set_up().await;
    leave_files(&computer, &credentials(&token, &cloud.base_url()));
    let mut bridge = computer.start(&cloud, &["--take-over"]);
    bridge.event("ready").await;
    (cloud, gateway, computer, bridge, token)
}

async fn log_out(computer: &Computer, cloud: &Cloud, bridge: Running) -> String {
    bridge.signal("TERM");
    bridge.ended(QUICK).await;
    let base = cloud.base_url();
    let done = computer.finish(&["--json", "--logout", "--sophon-base", &base]).await;
    assert_eq!(done.code, 0, "{done:?}");
    done.stdout
}

/// The next start with the flag says where the file is, takes nothing and pairs anew.
async fn pairs_anew(computer: &Computer, cloud: &Cloud, token: &str) {
    for flags in [&["--take-over"][..], &["--take-over", "--delete-old-files"], &[]] {
        let before = files(computer);
        let mut next = computer.start(cloud, flags);
        let said =
            next.event_with("notice", "message", "in plain text").await["message"].to_string();
        let file = computer.data("credentials.json");
        assert!(said.contains(file.to_str().unwrap()) && said.contains("ended on"), "{said}");
        next.event("pairing_started").await;
        next.signal("TERM");
        next.ended(QUICK).await;
        assert_eq!(files(computer), before);
        let secrets = fs::read_to_string(computer.data("secrets.json")).unwrap_or_default();
        assert!(!secrets.contains(token));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_logged_out_is_not_taken_over_again() {
    let (cloud, _gateway, computer, bridge, token) = set_up().await;
    let said = log_out(&computer, &cloud, bridge).await;
    assert!(said.contains("credentials.json of the npm bridge still holds"), "{said}");
    assert!(!said.contains(token.split_once(':').unwrap().1), "{said}");
    pairs_anew(&computer, &cloud, &token).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_removed_on_the_phone_is_not_taken_over_again() {
    let (cloud, _gateway, computer, mut bridge, token) = set_up().await;
    cloud.fault(Fault::Revoke);
    bridge.event_with("notice", "message", "credentials.json of the npm bridge still").await;
    assert_eq!(bridge.ended(QUICK).await.0.code(), Some(1));
    pairs_anew(&computer, &cloud, &token).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_terminal_the_flag_asks_and_enter_is_no() {
    let (cloud, _gateway, computer, bridge, token) = set_up().await;
    log_out(&computer, &cloud, bridge).await;
    let base = cloud.base_url();
    let flags = ["--take-over", "--manual-pair", "--sophon-base", &base];
    let mut terminal = Terminal::start(computer.command(&flags));
    terminal.shows("[y/N]", "You logged out here").await;
    terminal.press_enter();
    terminal.shows("type this code", "To pair this computer").await;
    drop(terminal);

    let mut terminal = Terminal::start(computer.command(&flags));
    terminal.shows("[y/N]", "all the same?").await;
    terminal.answer("y");
    terminal.shows("Ready", "Took over the pairing").await;
    drop(terminal.child.kill().await);
    assert!(read(&computer.data("secrets.json")).contains(&token));
    assert!(!read(&computer.data("ended.json")).contains("inst_"), "it is wanted again");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_damaged_or_of_another_pairing_stop_no_paired_computer() {
    let (cloud, _gateway, computer, bridge, token) = set_up().await;
    bridge.signal("TERM");
    bridge.ended(QUICK).await;
    let (_, other) = cloud.mint_installation("Den, paired later");
    let other = credentials(&other, &cloud.base_url()).to_string();
    let elsewhere = credentials(&token, "https://sophon.example.org").to_string();
    for (content, said) in
        [("{", "damaged"), (other.as_str(), "stays paired"), (elsewhere.as_str(), "example.org")]
    {
        fs::write(computer.data("credentials.json"), content).unwrap();
        let mut next = computer.start(&cloud, &["--take-over"]);
        next.event_with("notice", "message", said).await;
        next.event("ready").await;
        next.signal("TERM");
        assert_eq!(next.ended(QUICK).await.0.code(), Some(0), "{said}");
    }
}
