//! How the program ends when it cannot do what was asked for.

use std::fs;

use super::computer::{CLOSED, Computer, GATEWAY_TOKEN, finish, read};
use simulator::cloud::{Cloud, CloudOptions};

/// Nothing listens there.
const CLOSED_PORT: u16 = 9;
const TOKEN: &str = "inst_Ab3dEf6hIj9kLm2n:s_test_0123456789abcdefghijABCDEFGHIJ42";

#[tokio::test]
async fn a_wrong_command_line_is_code_2_and_shows_no_token() {
    let computer = Computer::new();
    for flags in [
        &["--no-such-flag"][..],
        &["--sophon-token", "hush"],
        &["--sophon-base", "http://example.org"],
        &["--openclaw-url", "ws://me:hush@localhost"],
        &["--sophon-token-file", "/no/such/file"],
        &["--host-label", "ChatGPT"],
    ] {
        let ended = computer.finish(&[&["--json"], flags].concat()).await;
        assert_eq!(ended.code, 2, "{flags:?}: {ended:?}");
        assert_eq!(ended.event("error")["code"], "usage");
        assert!(!format!("{ended:?}").contains("hush"), "{ended:?}");
    }
}

#[tokio::test]
async fn a_mistyped_token_is_not_repeated_for_programs() {
    let ended = Computer::new().finish(&["--json", "--no-such-flag=hush"]).await;
    assert_eq!(ended.code, 2);
    assert!(!ended.stdout.contains("hush"), "{ended:?}");
}

#[tokio::test]
async fn help_and_version_and_completions_are_code_0() {
    let computer = Computer::new();
    let mut help = computer.command(&["--help"]);
    help.env("OPENCLAW_TOKEN", "hush").env("SOPHON_BOT_TOKEN", "hush");
    let help = finish(help).await;
    assert_eq!(help.code, 0);
    assert!(help.stdout.contains("Other processes"), "{}", help.stdout);
    assert!(!help.stdout.contains("hush"));
    let version = computer.finish(&["--version"]).await;
    assert_eq!(version.stdout.trim(), format!("sophon-bridge {}", env!("CARGO_PKG_VERSION")));
    let completions = computer.finish(&["completions", "bash"]).await;
    assert!(completions.code == 0 && completions.stdout.contains("--openclaw-token-file"));
}

#[tokio::test]
async fn a_gateway_that_is_not_there_has_a_code_for_each_reason() {
    let cloud = Cloud::start(CloudOptions::default()).await.unwrap();
    let (_, token) = cloud.mint_installation("Den");
    let base = cloud.base_url();
    let computer = Computer::new();
    let flags = ["--json", "--no-retry", "--sophon-base", &base, "--sophon-token", &token];

    let ended = computer.finish(&flags).await;
    assert_eq!((ended.code, &ended.event("error")["code"]), (10, &"openclaw_not_installed".into()));
    computer.install_openclaw();
    let ended = computer.finish(&flags).await;
    let code = &ended.event("error")["code"];
    assert_eq!((ended.code, code), (11, &"openclaw_not_initialized".into()));
    computer.set_up_openclaw(CLOSED_PORT, None);
    let ended = computer.finish(&flags).await;
    assert_eq!((ended.code, &ended.event("error")["code"]), (13, &"openclaw_no_token".into()));
    computer.set_up_openclaw(CLOSED_PORT, Some(GATEWAY_TOKEN));
    let ended = computer.finish(&flags).await;
    assert_eq!((ended.code, &ended.event("error")["code"]), (12, &"openclaw_unreachable".into()));
    assert_eq!(ended.event("openclaw_token_resolved")["source"], "config");
    assert!(!format!("{ended:?}").contains(GATEWAY_TOKEN));
    assert!(ended.stderr.contains("refused"), "{ended:?}");
}

#[tokio::test]
async fn an_unpaired_computer_without_openclaw_ends_before_it_pairs() {
    let flags = ["--json", "--no-retry", "--sophon-base", CLOSED];
    let ended = Computer::new().finish(&flags).await;
    assert_eq!(ended.code, 10);
    assert!(ended.events().iter().all(|event| event["event"] != "pairing_started"));
}

#[tokio::test]
async fn a_cloud_that_is_not_there_is_code_20() {
    let computer = Computer::new();
    computer.set_up_openclaw(CLOSED_PORT, Some(GATEWAY_TOKEN));
    for flags in [["--no-retry", "--json"], ["--pair-only", "--json"]] {
        let ended = computer.finish(&[&flags[..], &["--sophon-base", CLOSED]].concat()).await;
        assert_eq!(ended.code, 20, "{ended:?}");
        assert_eq!(ended.event("error")["code"], "sophon_unreachable");
        assert_eq!(ended.events().last().unwrap()["event"], "shutdown");
    }
}

#[tokio::test]
async fn when_both_sides_are_away_the_gateway_names_the_code() {
    let computer = Computer::new();
    computer.set_up_openclaw(CLOSED_PORT, Some(GATEWAY_TOKEN));
    let flags = ["--no-retry", "--sophon-base", CLOSED, "--sophon-token", TOKEN];
    assert_eq!(computer.finish(&flags).await.code, 12);
}

#[tokio::test]
async fn people_are_told_on_standard_error_alone() {
    let flags = ["--no-retry", "--sophon-base", CLOSED, "--sophon-token", TOKEN];
    let ended = Computer::new().finish(&flags).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (10, ""));
    assert!(ended.stderr.contains("npm install -g openclaw"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_used_is_named_before_a_code_is_asked_for() {
    let cloud = Cloud::start(CloudOptions::default()).await.unwrap();
    let computer = Computer::new();
    fs::write(computer.path("file"), "").unwrap();
    let folder = computer.path("file/data");
    let folder = folder.to_str().unwrap();
    let base = cloud.base_url();
    let flags = ["--json", "--pair-only", "--sophon-base", &base, "--data-dir", folder];
    let ended = computer.finish(&flags).await;
    assert_eq!((ended.code, &ended.event("error")["code"]), (1, &"fatal".into()));
    let message = ended.event("error")["message"].to_string();
    assert!(message.contains(folder), "{message}");
    assert_eq!(cloud.calls().len(), 0);
}

#[tokio::test]
async fn secrets_of_a_newer_version_are_refused_and_left_alone() {
    let computer = Computer::new();
    fs::create_dir(computer.path("data")).unwrap();
    fs::write(computer.data("secrets.json"), r#"{"version":9}"#).unwrap();
    let ended = computer.finish(&["status"]).await;
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("newer version"), "{}", ended.stderr);
    assert_eq!(read(&computer.data("secrets.json")), r#"{"version":9}"#);
}

#[tokio::test]
async fn damaged_secrets_are_put_aside_and_told() {
    let computer = Computer::new();
    fs::create_dir(computer.path("data")).unwrap();
    fs::write(computer.data("secrets.json"), "garbage").unwrap();
    let ended = computer.finish(&["status"]).await;
    assert_eq!(ended.code, 0);
    assert!(ended.stderr.contains("was damaged"), "{}", ended.stderr);
    assert!(!computer.data("secrets.json").exists());
}

#[tokio::test]
async fn a_key_that_cannot_be_kept_is_code_1_with_what_to_do_and_nothing_is_carried() {
    let cloud = Cloud::start(CloudOptions::default()).await.unwrap();
    let (_, token) = cloud.mint_installation("Den");
    let base = cloud.base_url();
    let computer = Computer::new();
    computer.set_up_openclaw(CLOSED_PORT, Some(GATEWAY_TOKEN));
    // Secrets can be read then, and not be written.
    fs::create_dir_all(computer.data("vault.lock")).unwrap();
    let flags = ["--json", "--sophon-base", &base, "--sophon-token", &token];
    let ended = computer.finish(&flags).await;
    let error = ended.event("error");
    assert_eq!((ended.code, &error["code"]), (1, &"fatal".into()), "{ended:?}");
    assert!(error["message"].to_string().contains("key of this installation"), "{error}");
    assert!(error["hint"].to_string().contains("Check that the folder exists"), "{error}");
    assert_eq!(cloud.calls().len(), 0);
}
