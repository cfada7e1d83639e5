//! What waits for a person, answered from another terminal than the program's own.

use std::time::Duration;

use simulator::cloud::{Cloud, CloudView};
use simulator::gateway::Gateway;

use super::computer::{Computer, Running, set_up};
use super::terminal::Terminal;

const DEADLINE: Duration = Duration::from_secs(20);

/// A running program, and an approval that waits in it.
async fn asked(command: &str) -> (Cloud, Gateway, Computer, Running, String) {
    let (cloud, gateway, computer, token) = set_up().await;
    let mut running = computer.start(&cloud, &["--sophon-token", &token]);
    running.event("ready").await;
    let id = ask(&cloud, "ses_a", command).await;
    (cloud, gateway, computer, running, format!("approval:{id}"))
}

async fn ask(cloud: &Cloud, session: &str, command: &str) -> String {
    cloud.say(session, &format!("run: {command}"));
    let card = |view: &CloudView<'_>| view.approvals(session).first().cloned();
    cloud.wait_for("approval", DEADLINE, card).await.approval_id
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_listed_shown_allowed_and_remembered() {
    let (_cloud, gateway, computer, _running, key) = asked("echo HELLO").await;
    let listed = computer.finish(&["requests"]).await;
    assert_eq!(listed.code, 0, "{listed:?}");
    for text in [&key, "Command   echo HELLO", "Agent     main", "Answers   allow"] {
        assert!(listed.stdout.contains(text), "no {text} in {listed:?}");
    }
    assert!(listed.stderr.contains("1 request waits for you."), "{listed:?}");

    let allowed = computer.finish(&["requests", "allow", &key]).await;
    assert_eq!(allowed.code, 0, "{allowed:?}");
    assert!(allowed.stderr.contains("It was allowed at this computer."), "{allowed:?}");
    assert!(gateway.pending_approvals().is_empty());
    let call = gateway.last_call_of("exec.approval.resolve").unwrap();
    assert_eq!(call.params["decision"], "allow-once");

    let history = computer.finish(&["requests", "history"]).await;
    assert!(history.stdout.contains("was allowed at this computer"), "{history:?}");
    assert!(history.stdout.contains(&key) && history.stdout.contains("echo HELLO"), "{history:?}");
    let again = computer.finish(&["requests", "allow", &key]).await;
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.stderr.contains("No request with the key"), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_reads_and_denies_by_lines_of_json() {
    let (_cloud, gateway, computer, _running, key) = asked("echo HELLO").await;
    let listed = computer.finish(&["requests", "list", "--json"]).await;
    let request = listed.event("request");
    assert_eq!(request["key"], *key);
    assert_eq!(request["subject"]["kind"], "approval");
    assert_eq!(request["subject"]["command"], "echo HELLO");
    assert_eq!(listed.event("gateway")["standing"]["state"], "off");

    // The beginning of its id will do.
    let id = key.strip_prefix("approval:").unwrap();
    let denied = computer.finish(&["requests", "deny", &id[..8], "--json"]).await;
    assert_eq!(denied.code, 0, "{denied:?}");
    assert_eq!(denied.event("done")["message"], "It was denied at this computer.");
    let call = gateway.last_call_of("exec.approval.resolve").unwrap();
    assert_eq!(call.params["decision"], "deny");

    let ended = computer.finish(&["requests", "history", "--json"]).await.event("request_ended");
    assert_eq!(ended["key"], *key);
    assert_eq!(ended["outcome"]["outcome"], "denied");
    assert_eq!(ended["outcome"]["by"], "computer");
    let again = computer.finish(&["requests", "deny", id, "--json"]).await;
    assert_eq!((again.code, &again.event("error")["code"]), (1, &"no_such_request".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_elsewhere_is_gone_and_says_who_decided() {
    let (_cloud, gateway, computer, _running, key) = asked("echo HELLO").await;
    let id = key.strip_prefix("approval:").unwrap();
    assert!(gateway.decide_elsewhere(id, "deny"));
    let history = async {
        loop {
            let history = computer.finish(&["requests", "history"]).await;
            if history.stdout.contains(&key) {
                return history;
            }
        }
    };
    let history = tokio::time::timeout(DEADLINE, history).await.expect("it is remembered");
    assert!(history.stdout.contains("was denied elsewhere"), "{history:?}");
    let late = computer.finish(&["requests", "allow", &key]).await;
    assert_eq!(late.code, 1, "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_for_good_is_confirmed_at_a_terminal_or_with_a_flag() {
    let (_cloud, gateway, computer, _running, key) = asked("echo HELLO").await;
    let unread = computer.finish(&["requests", "allow", "--always", &key]).await;
    assert_eq!(unread.code, 1, "{unread:?}");
    assert!(unread.stderr.contains("--yes"), "{unread:?}");

    let allow = ["requests", "allow", "--always", &key];
    let mut terminal = Terminal::start(computer.command(&allow));
    terminal.shows("Type yes to allow it:", "echo HELLO").await;
    terminal.answer("y");
    terminal.shows("Nothing was done.", "Type yes").await;
    assert_eq!(terminal.child.wait().await.unwrap().code(), Some(1));
    assert_eq!(gateway.pending_approvals().len(), 1);

    let mut terminal = Terminal::start(computer.command(&allow));
    terminal.shows("Type yes to allow it:", "echo HELLO").await;
    terminal.answer("yes");
    terminal.shows("It was allowed for good at this computer.", "Type yes").await;
    assert_eq!(terminal.child.wait().await.unwrap().code(), Some(0));
    let call = gateway.last_call_of("exec.approval.resolve").unwrap();
    assert_eq!(call.params["decision"], "allow-always");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_by_the_beginning_of_an_id_shows_what_was_found_and_asks() {
    let (_cloud, gateway, computer, _running, key) = asked("echo HELLO").await;
    let id = key.strip_prefix("approval:").unwrap();
    for short in ["a", "approval:", &id[..7]] {
        let refused = computer.finish(&["requests", "allow", short, "--yes", "--json"]).await;
        let error = refused.event("error");
        assert_eq!((refused.code, &error["code"]), (2, &"usage".into()), "{refused:?}");
        assert!(error["message"].as_str().unwrap().contains("at least 8"), "{error}");
    }
    let unread = computer.finish(&["requests", "allow", &id[..8]]).await;
    assert!(unread.code == 1 && unread.stderr.contains("--yes"), "{unread:?}");
    assert_eq!(gateway.pending_approvals().len(), 1);

    let mut terminal = Terminal::start(computer.command(&["requests", "allow", &id[..8]]));
    terminal.shows("Type yes to allow it:", "echo HELLO").await;
    terminal.answer("yes");
    terminal.shows("It was allowed at this computer.", "Type yes").await;
    assert_eq!(terminal.child.wait().await.unwrap().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_hides_something_is_shown_for_what_it_is() {
    let long = "x".repeat(5_000);
    let command = format!("echo \u{202e}gpj.sh \u{1b}[2J p\u{430}ypal {long} END");
    let (_cloud, _gateway, computer, _running, key) = asked(&command).await;
    let listed = computer.finish(&["requests", "list"]).await;
    let shown = computer.finish(&["requests", "show", &key]).await;
    let harmless = "echo ‹U+202E›gpj.sh ␛[2J pа‹U+0430›ypal";
    assert!(listed.stdout.contains(harmless), "{listed:?}");
    assert!(shown.stdout.contains(harmless), "{shown:?}");
    assert!(listed.stdout.contains("more characters)") && !listed.stdout.contains("END"));
    assert!(shown.stdout.contains(&format!("{long} END")), "{shown:?}");
    let steering = |text: &str| text.chars().any(|c| c.is_control() && c != '\n');
    assert!(!steering(&listed.stdout) && !steering(&shown.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_program_it_is_said_how_to_start_one() {
    let computer = Computer::new();
    for command in [&["requests"][..], &["devices"], &["senders"], &["requests", "deny", "x"]] {
        let told = computer.finish(command).await;
        assert_eq!(told.code, 40, "{told:?}");
        assert!(told.stderr.contains("Start Sophon Desktop"), "{told:?}");
        let json = computer.finish(&[command, &["--json"]].concat()).await;
        assert_eq!((json.code, &json.event("error")["code"]), (40, &"not_running".into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_the_next_program_answers() {
    let (cloud, _gateway, computer, running, _key) = asked("echo HELLO").await;
    running.signal("KILL");
    assert!(!running.ended(DEADLINE).await.0.success());
    assert_eq!(computer.finish(&["requests"]).await.code, 40);
    let (_, token) = cloud.mint_installation("Den, again");
    let mut next = computer.start(&cloud, &["--sophon-token", &token]);
    next.event("ready").await;
    let listed = computer.finish(&["requests"]).await;
    assert_eq!(listed.code, 0, "{listed:?}");
    assert!(listed.stderr.contains("Nothing waits for you."), "{listed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_programs_the_first_answers_and_leaves_the_place_to_nobody_else() {
    let (cloud, _gateway, computer, _running, key) = asked("echo HELLO").await;
    let (_, other) = cloud.mint_installation("Den, of somebody else");
    let mut second = computer.start(&cloud, &["--sophon-token", &other]);
    second.event("ready").await;
    second.signal("TERM");
    assert_eq!(second.ended(DEADLINE).await.0.code(), Some(0));
    let listed = computer.finish(&["requests"]).await;
    assert!(listed.stdout.contains(&key), "{listed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_decide_at_once_the_first_counts_and_the_other_is_told() {
    let (_cloud, gateway, computer, _running, key) = asked("echo HELLO").await;
    let (allow, deny) = (["requests", "allow", &key], ["requests", "deny", &key]);
    let (allowed, denied) = tokio::join!(computer.finish(&allow), computer.finish(&deny));
    let mut codes = [allowed.code, denied.code];
    codes.sort_unstable();
    assert_eq!(codes, [0, 1], "{allowed:?} {denied:?}");
    let applied = gateway.last_call_of("exec.approval.resolve").unwrap();
    let first = if allowed.code == 0 { "allow-once" } else { "deny" };
    assert_eq!(applied.params["decision"], first);
    assert_eq!(gateway.calls_of("exec.approval.resolve").len(), 1);
}
