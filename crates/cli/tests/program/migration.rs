//! Going on with the pairing of the npm bridge: only as a person wants it, only what is sound, and
//! nothing of it is deleted before it is safe here.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use bridge::CloudKeys;
use cli::InstallationKeys;
use sap::{CloudUrl, SessionId};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use simulator::cloud::{Cloud, CloudOptions};
use simulator::gateway::Gateway;
use vault::{Place, Preference, Vault};

use super::computer::{self, Computer, Finished};
use super::npm_bridge::{
    DEVICE, SESSION, SESSION_KEY, credentials, files, hex, leave_files, npm_bridge,
};
use super::terminal::Terminal;

const QUICK: Duration = Duration::from_secs(5);
const GONE: [Option<String>; 2] = [None, None];

/// A computer on which the npm bridge was used, its cloud, and the token it had.
async fn set_up() -> (Cloud, Gateway, Computer, String) {
    let (cloud, gateway, computer, token) = computer::set_up().await;
    leave_files(&computer, &credentials(&token, &cloud.base_url()));
    (cloud, gateway, computer, token)
}

/// Runs the program to its end with some flags, beside a cloud.
async fn finish(computer: &Computer, cloud: &Cloud, flags: &[&str]) -> Finished {
    let base = cloud.base_url();
    computer.finish(&[&["--json", "--pair-only", "--sophon-base", &base], flags].concat()).await
}

/// What is stored for a cloud.
async fn stored(computer: &Computer, cloud: &Cloud) -> (Option<String>, Option<CloudKeys>) {
    let data = computer.path("data");
    let place = Place::at(&data, None, Preference::FileOnly);
    let (vault, _) = Vault::open(place).await.unwrap();
    let prefix = format!("{} ", CloudUrl::parse(&cloud.base_url()).unwrap().origin_key());
    let token = vault.credential(&format!("{prefix}bridge-token"));
    let keys = CloudKeys::load(&InstallationKeys::new(vault, prefix)).await.unwrap();
    (token.map(|token| token.expose_secret().to_owned()), keys)
}

fn has_keys_of_npm_bridge(keys: &CloudKeys) -> bool {
    keys.is_device(&DEVICE) && keys.holds(&SessionId::new(SESSION), &SESSION_KEY)
}

/// Nothing secret was said, and nothing was taken or deleted.
fn is_untouched(done: &Finished, computer: &Computer, before: &[Option<String>; 2], token: &str) {
    says_no_secret(&format!("{done:?}"), token);
    assert_eq!(&files(computer), before);
    let secrets = fs::read_to_string(computer.data("secrets.json")).unwrap_or_default();
    assert!(!secrets.contains(token), "{done:?}");
}

fn says_no_secret(said: &str, token: &str) {
    let secret = token.split_once(':').unwrap().1;
    for secret in [secret, &hex(&DEVICE), &hex(&SESSION_KEY)] {
        assert!(!said.contains(secret), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_flag_the_pairing_goes_on_here_and_the_files_stay() {
    let (cloud, _gateway, computer, token) = set_up().await;
    let before = files(&computer);
    let mut bridge = computer.start(&cloud, &["--take-over"]);
    let taken = bridge.event("pairing_taken_over").await;
    assert_eq!(taken["installation_id"], token.split(':').next().unwrap());
    assert_eq!(taken["sophon_base"], cloud.base_url());
    assert_eq!((&taken["session_keys"], &taken["old_files_deleted"]), (&json!(1), &json!(false)));
    let notice = bridge.event_with("notice", "message", "unencrypted").await["message"].to_string();
    assert!(
        notice.contains("credentials.json") && notice.contains("session-keys.json"),
        "{notice}"
    );
    bridge.event("ready").await;
    assert!(cloud.pending_pairings().is_empty());
    bridge.signal("TERM");
    let (_, said) = bridge.ended(QUICK).await;
    says_no_secret(&said, &token);
    assert_eq!(files(&computer), before);
    let (kept, keys) = stored(&computer, &cloud).await;
    assert_eq!(kept, Some(token));
    assert!(has_keys_of_npm_bridge(&keys.unwrap()));

    let mut again = computer.start(&cloud, &["--take-over"]);
    again.event("ready").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_both_flags_the_files_go_and_the_next_start_needs_no_flag() {
    let (cloud, _gateway, computer, token) = set_up().await;
    let mut bridge = computer.start(&cloud, &["--take-over", "--delete-old-files"]);
    assert_eq!(bridge.event("pairing_taken_over").await["old_files_deleted"], true);
    bridge.event_with("notice", "message", "Backups").await;
    bridge.event("ready").await;
    assert_eq!(files(&computer), GONE);
    bridge.signal("TERM");
    bridge.ended(QUICK).await;
    let (kept, keys) = stored(&computer, &cloud).await;
    assert_eq!(kept, Some(token));
    assert!(has_keys_of_npm_bridge(&keys.unwrap()));
    for flags in [&[][..], &["--take-over", "--delete-old-files"]] {
        let mut next = computer.start(&cloud, flags);
        next.event("ready").await;
        next.signal("TERM");
        next.ended(QUICK).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_were_kept_at_first_can_be_deleted_later() {
    let (cloud, _gateway, computer, token) = set_up().await;
    let done = finish(&computer, &cloud, &["--take-over"]).await;
    assert_eq!(done.event("paired_only")["already_paired"], false);
    let done = finish(&computer, &cloud, &["--take-over", "--delete-old-files"]).await;
    assert_eq!(done.event("pairing_taken_over")["old_files_deleted"], true);
    assert_eq!((done.code, &done.event("paired_only")["already_paired"]), (0, &json!(true)));
    assert_eq!(files(&computer), GONE);
    assert_eq!(stored(&computer, &cloud).await.0, Some(token));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_nothing_is_taken_by_itself_and_how_to_is_said_once() {
    let (cloud, _gateway, computer, token) = set_up().await;
    let before = files(&computer);
    let mut bridge = computer.start(&cloud, &[]);
    let said = bridge.event_with("notice", "message", "npm bridge").await["message"].to_string();
    let id = token.split(':').next().unwrap();
    let base = cloud.base_url();
    let folder = computer.path("data");
    for part in [id, &base, folder.to_str().unwrap(), "--take-over"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    says_no_secret(&said, &token);
    let code = bridge.event("pairing_started").await["code"].as_str().unwrap().to_owned();
    cloud.approve_pairing(&code);
    bridge.event("ready").await;
    bridge.signal("TERM");
    bridge.ended(QUICK).await;
    assert_eq!(files(&computer), before);
    assert_ne!(stored(&computer, &cloud).await.0, Some(token));

    let mut paired = computer.start(&cloud, &[]);
    paired.event("ready").await;
    paired.signal("TERM");
    let told = paired.rest().await;
    assert!(!told.iter().any(|event| event["message"].to_string().contains("npm")), "{told:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_sound_is_refused_with_a_sentence_and_nothing_changes() {
    let (cloud, _gateway, computer, token) = set_up().await;
    let sound = credentials(&token, &cloud.base_url());
    let with = |field: &str, value: Value| {
        let mut file = sound.clone();
        file[field] = value;
        file.to_string()
    };
    for (content, reason) in [
        (sound.to_string().replace('}', ""), "damaged"),
        (String::new(), "damaged"),
        (with("botToken", json!("inst_x")), "incomplete"),
        (with("installationId", json!("inst_another")), "another installation"),
        (with("sophonBase", json!("http://example.org")), "https://"),
        (with("bridgeSecretHex", json!(hex(&DEVICE)[1..])), "64 hexadecimal digits"),
        (with("bridgePubkeyHex", json!(hex(&SESSION_KEY))), "belong together"),
    ] {
        fs::write(computer.data("credentials.json"), content).unwrap();
        refuses(&computer, &cloud, &token, reason).await;
    }
    leave_files(&computer, &sound);
    let half = json!({"keys": {SESSION: hex(&SESSION_KEY), "ses_2": &hex(&DEVICE)[2..]}});
    fs::write(computer.data("session-keys.json"), half.to_string()).unwrap();
    refuses(&computer, &cloud, &token, "session-keys.json").await;
    leave_files(&computer, &sound);
    fs::rename(computer.data("session-keys.json"), computer.path("elsewhere")).unwrap();
    symlink(computer.path("elsewhere"), computer.data("session-keys.json")).unwrap();
    refuses(&computer, &cloud, &token, "link").await;
}

async fn refuses(computer: &Computer, cloud: &Cloud, token: &str, reason: &str) {
    let before = files(computer);
    let done = finish(computer, cloud, &["--take-over", "--delete-old-files"]).await;
    let error = done.event("error");
    assert_eq!((done.code, &error["code"]), (1, &"npm_pairing_unusable".into()), "{reason}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(reason) && message.contains(".json"), "{reason}: {message}");
    assert!(message.ends_with("Nothing was changed."), "{message}");
    is_untouched(&done, computer, &before, token);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_not_sound_keep_nobody_from_pairing() {
    let (cloud, _gateway, computer, token) = set_up().await;
    fs::write(computer.data("credentials.json"), "{\"botToken\": ").unwrap();
    let mut bridge = computer.start(&cloud, &[]);
    let said = bridge.event_with("notice", "message", "npm bridge").await["message"].to_string();
    assert!(said.contains("damaged") && said.contains("Pair this computer anew"), "{said}");
    says_no_secret(&said, &token);
    bridge.event("pairing_started").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pairing_with_another_cloud_is_taken_only_by_who_names_that_cloud() {
    let (cloud, _gateway, computer, token) = set_up().await;
    leave_files(&computer, &credentials(&token, "https://sophon.example.org"));
    let before = files(&computer);
    let done = finish(&computer, &cloud, &["--take-over", "--delete-old-files"]).await;
    let error = done.event("error");
    assert_eq!((done.code, &error["code"]), (1, &"npm_pairing_of_another_cloud".into()));
    let text = error.to_string();
    assert!(
        text.contains("https://sophon.example.org") && text.contains("--sophon-base"),
        "{text}"
    );
    is_untouched(&done, &computer, &before, &token);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_computer_that_is_paired_otherwise_stays_so() {
    let (cloud, _gateway, computer, token) = set_up().await;
    let before = files(&computer);
    let (other, other_token) = cloud.mint_installation("Den, paired before");
    leave_files(&computer, &credentials(&other_token, &cloud.base_url()));
    finish(&computer, &cloud, &["--take-over"]).await;
    leave_files(&computer, &credentials(&token, &cloud.base_url()));
    let done = finish(&computer, &cloud, &["--take-over", "--delete-old-files"]).await;
    let error = done.event("error");
    assert_eq!((done.code, &error["code"]), (1, &"already_paired".into()));
    assert!(error["message"].as_str().unwrap().contains(&other), "{error}");
    is_untouched(&done, &computer, &before, &token);
    assert_eq!(stored(&computer, &cloud).await.0, Some(other_token));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_whose_device_key_is_not_the_one_kept_here_are_not_deleted() {
    let (cloud, _gateway, computer, token) = set_up().await;
    finish(&computer, &cloud, &["--take-over"]).await;
    let mut other = credentials(&token, &cloud.base_url());
    other["bridgeSecretHex"] = json!(hex(&SESSION_KEY));
    other["bridgePubkeyHex"] = Value::Null;
    leave_files(&computer, &other);
    let before = files(&computer);
    let done = finish(&computer, &cloud, &["--take-over", "--delete-old-files"]).await;
    assert_eq!(done.event("pairing_taken_over")["old_files_deleted"], false);
    assert!(done.stdout.contains("the phone has to hand the chats' keys"), "{done:?}");
    assert_eq!(files(&computer), before);
    assert!(has_keys_of_npm_bridge(&stored(&computer, &cloud).await.1.unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_nothing_to_take_over_it_is_said() {
    let cloud = Cloud::start(CloudOptions::default()).await.unwrap();
    let computer = Computer::new();
    let done = finish(&computer, &cloud, &["--take-over"]).await;
    assert_eq!((done.code, &done.event("error")["code"]), (1, &"npm_pairing_missing".into()));
    let given = ["--take-over", "--sophon-token", "inst_a:s_test_hush"];
    let done = finish(&computer, &cloud, &given).await;
    assert_eq!((done.code, &done.event("error")["code"]), (2, &"usage".into()));
    assert!(!format!("{done:?}").contains("hush"), "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_npm_bridge_that_runs_must_be_stopped_first() {
    let (cloud, _gateway, computer, token) = set_up().await;
    let before = files(&computer);
    let mut npm = npm_bridge(&computer.path("."), &token);
    let flags = ["--take-over", "--delete-old-files"];
    let done = finish(&computer, &cloud, &flags).await;
    let error = done.event("error");
    assert_eq!((done.code, &error["code"]), (30, &"npm_bridge_running".into()));
    assert!(error["hint"].as_str().unwrap().contains(&format!("kill {}", npm.id().unwrap())));
    is_untouched(&done, &computer, &before, &token);
    npm.kill().await.unwrap();
    assert_eq!(finish(&computer, &cloud, &flags).await.code, 0);
    assert_eq!(files(&computer), GONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pairing_that_another_program_carries_is_not_taken_over() {
    let (cloud, _gateway, computer, token) = set_up().await;
    let before = files(&computer);
    let elsewhere = computer.path("other data");
    let given = ["--sophon-token", &token, "--data-dir", elsewhere.to_str().unwrap()];
    let mut first = computer.start(&cloud, &given);
    first.event("ready").await;
    // Programs with different data folders meet in the usual one.
    let done = finish(&computer, &cloud, &["--take-over", "--delete-old-files"]).await;
    assert_eq!((done.code, &done.event("error")["code"]), (30, &"installation_in_use".into()));
    is_untouched(&done, &computer, &before, &token);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_terminal_both_consents_are_asked_for_and_enter_keeps_the_files() {
    for (answers, is_deleted) in [(["", ""], false), (["yes", "y"], true), (["Y", "n"], false)] {
        let (cloud, _gateway, computer, token) = set_up().await;
        let before = files(&computer);
        let base = cloud.base_url();
        let mut terminal = Terminal::start(computer.command(&["--sophon-base", &base]));
        terminal.shows("? [Y/n]", "Take over the pairing of the npm bridge").await;
        terminal.answer(answers[0]);
        terminal.shows("[y/N]", "Delete its files afterwards? They hold").await;
        assert_eq!(files(&computer), before);
        terminal.answer(answers[1]);
        terminal.shows("Ready", "Took over the pairing of the npm bridge").await;
        assert_eq!(files(&computer) == GONE, is_deleted, "{answers:?}");
        let screen = terminal.screen();
        let id = token.split(':').next().unwrap();
        let folder = computer.path("data");
        for part in [id, &base, folder.to_str().unwrap()] {
            assert!(screen.contains(part), "{part}: {screen}");
        }
        says_no_secret(&screen, &token);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_terminal_no_leads_to_a_pairing_of_its_own() {
    let (cloud, _gateway, computer, token) = set_up().await;
    let before = files(&computer);
    let mut terminal =
        Terminal::start(computer.command(&["--manual-pair", "--sophon-base", &cloud.base_url()]));
    terminal.shows("? [Y/n]", "Take over").await;
    terminal.answer("perhaps");
    terminal.shows("? [Y/n]", "answer with y or n").await;
    terminal.answer("n");
    terminal.shows("type this code", "To pair this computer").await;
    assert_eq!(files(&computer), before);
    assert!(!terminal.screen().contains("Delete"), "{}", terminal.screen());
    assert_eq!(stored(&computer, &cloud).await.0, None);
    says_no_secret(&terminal.screen(), &token);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_terminal_an_npm_bridge_that_runs_is_waited_for() {
    let (cloud, _gateway, computer, token) = set_up().await;
    let mut npm = npm_bridge(&computer.path("."), &token);
    let mut terminal = Terminal::start(computer.command(&["--sophon-base", &cloud.base_url()]));
    terminal.shows("? [Y/n]", "Take over").await;
    terminal.answer("y");
    terminal.shows("[y/N]", "Delete").await;
    terminal.answer("y");
    terminal.shows("Press Enter when it is stopped.", &format!("kill {}", npm.id().unwrap())).await;
    npm.kill().await.unwrap();
    terminal.press_enter();
    terminal.shows("Ready", "Took over").await;
    assert_eq!(files(&computer), GONE);
}
