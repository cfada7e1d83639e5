//! Logging out removes everything of the installation, and nothing while a program carries it.

use std::fs;
use std::time::Duration;

use super::computer::{Computer, Running, read};
use simulator::cloud::{Cloud, CloudOptions};
use simulator::gateway::{Gateway, GatewayOptions};

const QUICK: Duration = Duration::from_secs(5);

/// A cloud, and a computer that is paired with it and carries messages.
async fn carrying() -> (Cloud, Gateway, Computer, Running, String) {
    let cloud = Cloud::start(CloudOptions::default()).await.unwrap();
    let gateway = Gateway::start(GatewayOptions::default()).await.unwrap();
    let computer = Computer::new();
    computer.serve(&gateway);
    let mut bridge = computer.start(&cloud, &[]);
    let code = bridge.event("pairing_started").await["code"].as_str().unwrap().to_owned();
    let installation = cloud.approve_pairing(&code);
    bridge.event("ready").await;
    (cloud, gateway, computer, bridge, installation)
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_removes_the_journal_that_a_killed_program_left() {
    let (cloud, _gateway, computer, bridge, installation) = carrying().await;
    bridge.signal("KILL");
    bridge.ended(QUICK).await;
    let journal = format!("journal-{installation}.sqlite");
    let damaged = format!("{journal}-wal.damaged-1700000000000");
    fs::write(computer.data(&damaged), "no log").unwrap();
    let left = computer.left_of_a_pairing();
    assert!(left.contains(&journal) && left.contains(&damaged), "{left:?}");

    let done = computer.finish(&["--logout", "--sophon-base", &cloud.base_url()]).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(computer.left_of_a_pairing(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_is_refused_while_a_program_carries_the_installation() {
    let (cloud, _gateway, computer, bridge, installation) = carrying().await;
    let flags = ["--json", "--logout", "--sophon-base", &cloud.base_url()];
    let refused = computer.finish(&flags).await;
    let error = refused.event("error");
    assert_eq!((refused.code, &error["code"]), (30, &"installation_in_use".into()));
    assert!(error["message"].as_str().unwrap().contains(&format!("process {}", bridge.pid())));
    assert!(error["hint"].as_str().unwrap().contains("log out again"), "{error}");
    assert!(read(&computer.data("secrets.json")).contains(&installation), "nothing is removed");

    bridge.signal("TERM");
    assert_eq!(bridge.ended(QUICK).await.0.code(), Some(0));
    assert_eq!(computer.finish(&flags).await.code, 0);
    assert_eq!(computer.left_of_a_pairing(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_of_a_token_that_is_given_goes_with_it() {
    let cloud = Cloud::start(CloudOptions::default()).await.unwrap();
    let gateway = Gateway::start(GatewayOptions::default()).await.unwrap();
    let computer = Computer::new();
    computer.serve(&gateway);
    let (_, token) = cloud.mint_installation("Den");
    let mut bridge = computer.start(&cloud, &["--sophon-token", &token]);
    bridge.event("ready").await;
    bridge.signal("TERM");
    bridge.ended(QUICK).await;
    assert_ne!(computer.left_of_a_pairing(), [""; 0]);
    let base = cloud.base_url();
    let flags = ["--logout", "--sophon-base", &base, "--sophon-token", &token];
    assert_eq!(computer.finish(&flags).await.code, 0);
    assert_eq!(computer.left_of_a_pairing(), [""; 0]);
}
