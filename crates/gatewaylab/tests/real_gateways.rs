//! Real gateways, installed from npm on first use.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "this is all tests")]

mod operator;

use std::time::{Duration, Instant};

use gatewaylab::{
    ExecPolicy, FrameValidator, GREETING, GatewayOptions, IMAGE_SEEN, RealGateway, ScriptedModel,
    TappedGateway, Version, protocol_schema,
};
use operator::{Operator, said};
use serde_json::{Value, json};

/// A picture of one dot.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9\
    awAAAABJRU5ErkJggg==";

async fn start(version: Version) -> (RealGateway, ScriptedModel) {
    let model = ScriptedModel::start().await.unwrap();
    let started = Instant::now();
    let gateway = RealGateway::start(GatewayOptions::new(version), &model).await.unwrap();
    println!("{} was ready after {:?}", version.as_str(), started.elapsed());
    (gateway, model)
}

#[tokio::test]
async fn each_gateway_challenges_whoever_connects_and_takes_its_home_along() {
    for version in Version::ALL {
        let (mut gateway, _model) = start(version).await;
        let (_, challenge) = Operator::challenged(&gateway.url()).await;
        assert!(challenge["nonce"].is_string(), "{challenge}");
        let config = std::fs::read(gateway.state_dir().join("openclaw.json")).unwrap();
        let config: Value = serde_json::from_slice(&config).unwrap();
        assert_eq!(config["gateway"]["port"], gateway.url().port().unwrap());
        assert!(gateway.log_tail().contains("ready"));

        let home = gateway.home().to_owned();
        assert!(gateway.is_running() && gateway.state_dir().starts_with(&home));
        drop(gateway);
        assert!(!home.exists());
    }
}

#[tokio::test]
async fn the_current_gateway_takes_the_script_to_the_model_and_back() {
    follows_the_script(Version::V2026_9_6).await;
}

#[tokio::test]
async fn the_previous_gateway_takes_the_script_to_the_model_and_back() {
    follows_the_script(Version::V2026_5_6).await;
}

async fn follows_the_script(version: Version) {
    let (gateway, model) = start(version).await;
    let tap = TappedGateway::start(&gateway.url()).await.unwrap();
    let mut operator = Operator::connect(tap.url(), gateway.token()).await;

    assert_eq!(operator.ask("says", "say: Grüße,\nyou two!").await, "Grüße,\nyou two!");
    assert_eq!(operator.ask("greets", "good morning").await, GREETING);
    assert_eq!(operator.ask("slow", "slow: 4").await, "w0 w1 w2 w3");
    assert!(operator.ask("long", "long: 300").await.ends_with(" w298 w299"));
    assert_eq!(operator.ask("silent", "silent").await, "");

    let image = json!({"type": "image", "mimeType": "image/png", "fileName": "dot.png",
        "content": PNG});
    let params = json!({"sessionKey": "image", "message": "look", "idempotencyKey": "look-1",
        "attachments": [image]});
    operator.call("chat.send", params).await;
    assert_eq!(said(&operator.end("look-1").await), IMAGE_SEEN);

    let run = operator.send("refused", "error: 401").await;
    assert_eq!(operator.end(&run).await["state"], "error");

    assert!(model.requests().len() >= 7);
    let schema = protocol_schema(&|line| println!("{line}")).await.unwrap();
    let validator = FrameValidator::new(&schema).unwrap();
    let frames = tap.frames();
    assert_eq!(frames.len(), 8);
    for frame in frames {
        validator.check(&frame).unwrap();
    }
}

#[tokio::test]
async fn the_current_gateway_waits_for_approvals_within_the_run() {
    let (gateway, _model) = start(Version::V2026_9_6).await;
    let mut operator = Operator::connect(&gateway.url(), gateway.token()).await;

    let run = operator.send("commands", "two: echo first | echo second").await;
    for _ in 0..2 {
        let approval = operator.event("exec.approval.requested", |_| true).await;
        let decision = json!({"id": approval["id"], "decision": "allow-once"});
        operator.call("exec.approval.resolve", decision).await;
    }
    let end = said(&operator.end(&run).await);
    // A gateway that is slow to tell them apart repeats what was said before the tools.
    assert!(end == "Tool said: first | second" || end.ends_with("\n\nTool said: first | second"));
}

#[tokio::test]
async fn the_previous_gateway_reports_an_approved_command_in_a_run_of_its_own() {
    let (gateway, _model) = start(Version::V2026_5_6).await;
    let mut operator = Operator::connect(&gateway.url(), gateway.token()).await;

    let run = operator.send("commands", "run: echo hello there").await;
    let approval = operator.event("exec.approval.requested", |_| true).await;
    let id = approval["id"].as_str().unwrap();
    assert!(said(&operator.end(&run).await).starts_with("Let me run that."));
    operator.call("exec.approval.resolve", json!({"id": id, "decision": "allow-once"})).await;
    let report = said(&operator.end(&format!("exec-approval-followup:{id}")).await);
    assert!(report.starts_with("Tool said: Exec finished"), "{report}");
    assert!(report.ends_with("hello there"), "{report}");
}

#[tokio::test]
async fn a_gateway_that_asks_about_everything_says_so_in_its_approvals() {
    for version in Version::ALL {
        let model = ScriptedModel::start().await.unwrap();
        let mut options = GatewayOptions::new(version);
        options.exec = ExecPolicy::FullAskAlways;
        let gateway = RealGateway::start(options, &model).await.unwrap();
        let mut operator = Operator::connect(&gateway.url(), gateway.token()).await;
        operator.send("commands", "run: echo hello").await;
        let approval = operator.event("exec.approval.requested", |_| true).await;
        assert_eq!(approval["request"]["ask"], "always", "{approval}");
        assert_eq!(approval["request"]["security"], "full", "{approval}");
    }
}

#[tokio::test]
async fn a_gateway_that_never_asks_runs_commands_at_once() {
    for version in Version::ALL {
        let model = ScriptedModel::start().await.unwrap();
        let mut options = GatewayOptions::new(version);
        options.exec = ExecPolicy::Full;
        let gateway = RealGateway::start(options, &model).await.unwrap();
        let mut operator = Operator::connect(&gateway.url(), gateway.token()).await;
        let said = operator.ask("commands", "run: echo hello there").await;
        assert!(said.ends_with("Tool said: hello there"), "{said}");
    }
}

#[tokio::test]
async fn the_current_gateway_offers_allow_always_when_its_user_cannot_change_the_program() {
    let model = ScriptedModel::start().await.unwrap();
    let mut options = GatewayOptions::new(Version::V2026_9_6);
    options.run_as_user = true;
    let gateway = RealGateway::start(options, &model).await.unwrap();
    let mut operator = Operator::connect(&gateway.url(), gateway.token()).await;
    operator.send("commands", "run: uname -a").await;
    let approval = operator.event("exec.approval.requested", |_| true).await;
    let offered = json!(["allow-once", "allow-always", "deny"]);
    assert_eq!(approval["request"]["allowedDecisions"], offered, "{approval}");
}

#[tokio::test]
async fn a_gateway_that_was_killed_or_stopped_comes_back_as_itself() {
    for version in Version::ALL {
        let (mut gateway, _model) = start(version).await;
        let (url, home) = (gateway.url(), gateway.home().to_owned());

        gateway.kill().await;
        assert!(!gateway.is_running());
        gateway.restart().await.unwrap();
        assert_eq!((gateway.url(), gateway.home()), (url, home.as_path()));
        Operator::connect(&gateway.url(), gateway.token()).await;

        gateway.terminate().unwrap();
        gateway.stopped(Duration::from_secs(20)).await.unwrap();
        gateway.restart().await.unwrap();
        Operator::connect(&gateway.url(), gateway.token()).await;
    }
}

#[tokio::test]
async fn a_gateway_that_cannot_start_says_what_it_printed() {
    let model = ScriptedModel::start().await.unwrap();
    let mut options = GatewayOptions::new(Version::V2026_9_6);
    options.extra = json!({"gateway": {"auth": {"mode": "nonsense"}}});
    let error = RealGateway::start(options, &model).await.unwrap_err().to_string();
    assert!(error.contains("gateway.auth.mode"), "{error}");
}
