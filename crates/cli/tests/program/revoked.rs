//! A person removes this computer on the phone while it answers: everything stops within a second
//! of the first sign, whichever it is.

use std::time::{Duration, Instant};

use super::computer::{Computer, Running, read};
use super::terminal::Terminal;
use simulator::cloud::{Cloud, CloudOptions, Dialect, Fault, RecordedCall};
use simulator::gateway::{Gateway, GatewayOptions, Generation, RunOutcome};

const SOON: Duration = Duration::from_secs(20);
const AT_MOST: Duration = Duration::from_secs(1);
const SESSION: &str = "ses_revoked0000001";

/// A paired computer in the middle of an answer.
struct Answering {
    cloud: Cloud,
    gateway: Gateway,
    computer: Computer,
    bridge: Running,
}

async fn set_up(generation: Generation) -> (Cloud, Gateway, Computer) {
    let options = CloudOptions { dialect: Dialect::Npm, ..CloudOptions::default() };
    let cloud = Cloud::start(options).await.unwrap();
    let gateway = Gateway::start(GatewayOptions::of(generation)).await.unwrap();
    let computer = Computer::new();
    computer.serve(&gateway);
    (cloud, gateway, computer)
}

async fn answering(generation: Generation) -> Answering {
    let (cloud, gateway, computer) = set_up(generation).await;
    let mut bridge = computer.start(&cloud, &[]);
    let code = bridge.event("pairing_started").await["code"].as_str().unwrap().to_owned();
    cloud.approve_pairing(&code);
    bridge.event("ready").await;
    say(&cloud, "slow: 300").await;
    Answering { cloud, gateway, computer, bridge }
}

/// The person writes, and the answer begins.
async fn say(cloud: &Cloud, text: &str) {
    cloud.say(SESSION, text);
    cloud
        .wait_for("beginning of the answer", SOON, |view| {
            view.bubbles(SESSION).iter().find(|bubble| bubble.streamed.contains("w2")).map(|_| ())
        })
        .await;
}

/// When the cloud first answered so.
async fn first(cloud: &Cloud, is: impl Fn(&RecordedCall) -> bool) -> Instant {
    cloud
        .wait_for("refusal", SOON, |view| view.calls().iter().find(|it| is(it)).map(|it| it.at))
        .await
}

impl Answering {
    /// Everything has stopped a second after a moment, and nothing of the pairing is left.
    async fn has_stopped(mut self, since: Instant, what: &str) {
        let error = self.bridge.event_with("error", "code", "installation_revoked").await;
        assert!(error["message"].as_str().unwrap().contains("removed on the phone"), "{error}");
        let (status, said) = self.bridge.ended(SOON).await;
        let took = since.elapsed();
        assert!(took < AT_MOST, "{what}: it took {took:?}");
        assert_eq!(status.code(), Some(1), "{what}");
        assert!(said.contains("Pair it again"), "{what}: {said}");
        let aborts = self.gateway.calls_of("chat.abort");
        assert!(aborts.iter().any(|call| call.at >= since), "{what}: no abort at the gateway");
        let runs = self.gateway.runs();
        assert!(runs.iter().all(|run| run.outcome == RunOutcome::Aborted), "{what}: {runs:#?}");
        assert_eq!(self.computer.left_of_a_pairing(), [""; 0], "{what}");
        assert_eq!(self.cloud.violations(), [""; 0], "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_cloud_closes_the_connection_everything_stops() {
    for generation in [Generation::Older, Generation::Newer] {
        let answering = answering(generation).await;
        let since = Instant::now();
        answering.cloud.fault(Fault::Revoke);
        answering.has_stopped(since, &format!("{generation:?}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_cloud_refuses_the_next_connection_everything_stops() {
    for status in [401, 403, 410] {
        let answering = answering(Generation::Newer).await;
        answering.cloud.fault(Fault::RefuseSocket { status, times: 9 });
        answering.cloud.fault(Fault::DropSocket);
        let refused = |call: &RecordedCall| call.route == "ws" && call.status == status;
        let since = first(&answering.cloud, refused).await;
        answering.has_stopped(since, &format!("upgrade {status}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_cloud_refuses_a_part_of_the_answer_everything_stops() {
    for (status, code) in
        [(401, "invalid_token"), (403, "installation_revoked"), (410, "installation_revoked")]
    {
        let answering = answering(Generation::Newer).await;
        let (route, code, retry_after_ms) = ("*".to_owned(), code.to_owned(), None);
        answering.cloud.fault(Fault::Answer { route, status, code, retry_after_ms, times: 999 });
        let since = first(&answering.cloud, |call| call.status == status).await;
        answering.has_stopped(since, &format!("answer {status}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_does_not_answer_holds_nothing_up() {
    let mut answering = answering(Generation::Newer).await;
    answering.gateway.stop_answering();
    let since = Instant::now();
    answering.cloud.fault(Fault::Revoke);
    assert_eq!(answering.bridge.event("error").await["code"], "installation_revoked");
    assert_eq!(answering.bridge.ended(SOON).await.0.code(), Some(1));
    let took = since.elapsed();
    assert!(took < AT_MOST, "it took {took:?}");
    let aborted = |gateway: &Gateway| gateway.last_call_of("chat.abort");
    assert!(answering.gateway.wait_for(SOON, aborted).await.is_some());
    assert_eq!(answering.computer.left_of_a_pairing(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_waits_is_denied_so_that_silence_runs_nothing() {
    for generation in [Generation::Older, Generation::Newer] {
        let answering = answering(generation).await;
        answering.cloud.say("ses_revoked0000002", "run: touch it");
        let asked = |gateway: &Gateway| gateway.pending_approvals().first().cloned();
        answering.gateway.wait_for(SOON, asked).await.unwrap();
        let shown = |view: &simulator::cloud::CloudView<'_>| {
            (!view.approvals("ses_revoked0000002").is_empty()).then_some(())
        };
        answering.cloud.wait_for("question at the phone", SOON, shown).await;
        answering.cloud.fault(Fault::Revoke);
        assert_eq!(answering.bridge.ended(SOON).await.0.code(), Some(1));
        assert_eq!(answering.gateway.pending_approvals(), [], "{generation:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_given_is_not_removed_and_the_person_is_told_to() {
    let (cloud, _gateway, computer) = set_up(Generation::Newer).await;
    let (_, token) = cloud.mint_installation("Den");
    let mut bridge = computer.start(&cloud, &["--sophon-token", &token]);
    bridge.event("ready").await;
    cloud.fault(Fault::Revoke);
    let error = bridge.event("error").await;
    assert!(error["hint"].as_str().unwrap().contains("Remove the token that is given"), "{error}");
    assert_eq!(bridge.ended(SOON).await.0.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_terminal_it_is_paired_again_without_a_restart() {
    let (cloud, gateway, computer) = set_up(Generation::Newer).await;
    let base = cloud.base_url();
    let mut terminal = Terminal::start(computer.command(&["--sophon-base", &base]));
    pair(&cloud, 1).await;
    terminal.shows("Ready", "Paired").await;
    say(&cloud, "slow: 300").await;
    let since = Instant::now();
    cloud.fault(Fault::Revoke);
    terminal.shows("Press Enter to pair again.", "removed on the phone").await;
    let took = since.elapsed();
    assert!(took < AT_MOST, "it took {took:?}");
    assert!(!read(&computer.data("secrets.json")).contains("inst_"));
    assert_eq!(gateway.runs()[0].outcome, RunOutcome::Aborted);

    terminal.press_enter();
    let again = pair(&cloud, 2).await;
    terminal.shows("Ready", "Press Enter").await;
    assert!(read(&computer.data("secrets.json")).contains(&again));
    cloud.say("ses_revoked0000009", "say: here again");
    cloud
        .wait_for("answer", SOON, |view| {
            let mut bubbles = view.bubbles("ses_revoked0000009").iter();
            bubbles.find(|it| it.end.is_some() && it.shown() == "here again").map(|_| ())
        })
        .await;
    drop(terminal.child.kill().await);
}

/// The person confirms the pairing that was begun last, of so many; returns the installation.
async fn pair(cloud: &Cloud, begun: usize) -> String {
    let starts = |call: &&RecordedCall| call.route == "pairing/start" && call.status == 200;
    cloud
        .wait_for("pairing", SOON, |view| {
            (view.calls().iter().filter(starts).count() == begun).then_some(())
        })
        .await;
    cloud.approve_pairing(&cloud.pending_pairings()[0].code)
}
