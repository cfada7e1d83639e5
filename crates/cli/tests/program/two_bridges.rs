//! Two programs for one installation, of which the second is refused, and the npm bridge beside
//! this one.

use std::time::Duration;

use super::computer::set_up;
use super::npm_bridge::npm_bridge;
use simulator::cloud::Cloud;

const QUICK: Duration = Duration::from_secs(5);

fn upgrades(cloud: &Cloud) -> usize {
    cloud.calls().iter().filter(|call| call.route == "ws").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_program_for_the_same_installation_is_refused_until_the_first_has_ended() {
    let (cloud, gateway, computer, token) = set_up().await;
    let base = cloud.base_url();
    let elsewhere = computer.path("elsewhere");
    let mut first = computer.start(&cloud, &["--sophon-token", &token]);
    first.event("ready").await;

    let given = ["--json", "--sophon-base", &base, "--sophon-token", &token];
    let other_folder = ["--data-dir", elsewhere.to_str().unwrap()];
    for folder in [&[][..], &other_folder] {
        let second = computer.finish(&[&given[..], folder].concat()).await;
        let error = second.event("error");
        assert_eq!((second.code, &error["code"]), (30, &"installation_in_use".into()));
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&format!("process {}", first.pid())), "{message}");
        assert!(error["hint"].as_str().unwrap().contains("quit it"), "{error}");
        assert!(second.stderr.contains(message), "{second:?}");
    }
    assert_eq!(upgrades(&cloud), 1, "the second one dials nobody");
    assert_eq!(gateway.connects().len(), 1);

    first.signal("TERM");
    assert_eq!(first.ended(QUICK).await.0.code(), Some(0));
    let mut third =
        computer.start(&cloud, &[&["--sophon-token", &token], &other_folder[..]].concat());
    third.event("ready").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_was_killed_stands_in_nobodys_way() {
    let (cloud, _gateway, computer, token) = set_up().await;
    let mut first = computer.start(&cloud, &["--sophon-token", &token]);
    first.event("ready").await;
    first.signal("KILL");
    assert!(!first.ended(QUICK).await.0.success());
    let mut second = computer.start(&cloud, &["--sophon-token", &token]);
    second.event("ready").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_installation_is_carried_beside_the_first() {
    let (cloud, _gateway, computer, token) = set_up().await;
    let (_, other) = cloud.mint_installation("Den, of somebody else");
    let mut first = computer.start(&cloud, &["--sophon-token", &token]);
    first.event("ready").await;
    let mut second = computer.start(&cloud, &["--sophon-token", &other]);
    second.event("ready").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_npm_bridge_with_the_same_installation_is_named_and_so_is_its_end() {
    let (cloud, _gateway, computer, token) = set_up().await;
    let mut npm = npm_bridge(&computer.path("."), &token);
    let mut bridge = computer.start(&cloud, &["--sophon-token", &token]);
    let pid = npm.id().unwrap();
    let notice = bridge.event_with("notice", "message", "npm bridge").await;
    let message = notice["message"].as_str().unwrap();
    assert!(message.contains(&format!("(process {pid})")), "{message}");
    assert!(message.contains("answered twice") && message.contains(&format!("kill {pid}")));
    assert!(!message.contains(&token), "{message}");
    npm.kill().await.unwrap();
    bridge.event_with("notice", "message", "npm bridge has ended").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_npm_bridge_of_another_installation_is_nobodys_business() {
    let (cloud, _gateway, computer, token) = set_up().await;
    let (_, other) = cloud.mint_installation("Den, of somebody else");
    let _npm = npm_bridge(&computer.path("."), &other);
    let mut bridge = computer.start(&cloud, &["--sophon-token", &token]);
    bridge.event("ready").await;
    bridge.signal("TERM");
    let told = bridge.rest().await;
    assert!(told.iter().all(|event| event["event"] != "notice"), "{told:#?}");
}
