//! Pairing, starting again, and logging out, beside a simulated cloud and gateway.

use std::time::Duration;

use super::computer::{Computer, read};
use simulator::cloud::{Cloud, CloudOptions, Dialect, Fault};
use simulator::gateway::{Gateway, GatewayOptions};

const QUICK: Duration = Duration::from_secs(5);

async fn cloud() -> Cloud {
    Cloud::start(CloudOptions::default()).await.unwrap()
}

async fn gateway() -> Gateway {
    Gateway::start(GatewayOptions::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_computer_pairs_connects_and_stops_in_order() {
    for dialect in [Dialect::Documented, Dialect::Npm] {
        let cloud =
            Cloud::start(CloudOptions { dialect, ..CloudOptions::default() }).await.unwrap();
        let gateway = gateway().await;
        let computer = Computer::new();
        computer.serve(&gateway);
        let mut bridge = computer.start(&cloud, &["--host-label", "Den"]);

        let starting = bridge.event("starting").await;
        assert_eq!(
            (&starting["connector"], &starting["host_label"]),
            (&"openclaw".into(), &"Den".into())
        );
        assert!(bridge.event("notice").await["message"].to_string().contains("secrets.json"));
        assert_eq!(bridge.event("openclaw_token_resolved").await["source"], "config");
        let started = bridge.event("pairing_started").await;
        assert_eq!(started["mode"], "manual");
        assert!((110..=120).contains(&started["ttl_sec"].as_u64().unwrap()), "{started}");
        assert!(started["expires_at"].as_u64().unwrap() > 1_700_000_000_000);
        let code = started["code"].as_str().unwrap();
        assert!(started["browser_url"].as_str().unwrap().contains(code));
        assert_eq!(cloud.pending_pairings()[0].host_label, "Den");
        let installation = cloud.approve_pairing(code);
        assert_eq!(bridge.event("pairing_claimed").await["installation_id"], installation.as_str());
        assert!(read(&computer.data("secrets.json")).contains(&installation));

        let ready = bridge.event("ready").await;
        assert_eq!(ready["installation_id"], installation.as_str());
        assert_eq!(ready["sophon_base"], cloud.base_url());
        assert!(ready["openclaw_url"].as_str().unwrap().ends_with(&gateway.port().to_string()));
        bridge.signal("TERM");
        let shutdown = bridge.event("shutdown").await;
        assert_eq!(
            (&shutdown["reason"], &shutdown["signal"]),
            (&"signal".into(), &"SIGTERM".into())
        );
        let (status, said) = bridge.ended(QUICK).await;
        assert_eq!((status.code(), said.as_str()), (Some(0), ""));
        assert_eq!(cloud.violations(), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paired_computer_needs_no_code_until_it_logs_out() {
    let (cloud, computer) = (cloud().await, Computer::new());
    let base = cloud.base_url();
    let mut bridge = computer.start(&cloud, &["--pair-only"]);
    let code = bridge.event("pairing_started").await["code"].as_str().unwrap().to_owned();
    cloud.approve_pairing(&code);
    assert_eq!(bridge.event("paired_only").await["already_paired"], false);
    assert_eq!(bridge.ended(QUICK).await.0.code(), Some(0));

    let again = computer.finish(&["--json", "--pair-only", "--sophon-base", &base]).await;
    assert_eq!((again.code, &again.event("paired_only")["already_paired"]), (0, &true.into()));
    let status = computer.finish(&["status", "--json", "--sophon-base", &base]).await;
    assert_eq!((status.code, &status.event("status")["paired"]), (0, &true.into()));
    let elsewhere = computer.finish(&["status", "--json"]).await;
    assert_eq!(elsewhere.event("status")["paired"], false, "another cloud is not paired");

    assert_eq!(computer.finish(&["--logout", "--sophon-base", &base]).await.code, 0);
    assert!(!read(&computer.data("secrets.json")).contains("inst_"));
    let status = computer.finish(&["status", "--json", "--sophon-base", &base]).await;
    assert_eq!(status.event("status")["paired"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_code_is_code_22() {
    let pairing_ttl = Duration::from_millis(100);
    let cloud =
        Cloud::start(CloudOptions { pairing_ttl, ..CloudOptions::default() }).await.unwrap();
    let computer = Computer::new();
    let flags = ["--json", "--pair-only", "--sophon-base", &cloud.base_url()];
    let ended = computer.finish(&flags).await;
    assert_eq!((ended.code, &ended.event("error")["code"]), (22, &"pairing_expired".into()));
    ended.event("pairing_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_code_is_code_1() {
    let (cloud, computer) = (cloud().await, Computer::new());
    let mut bridge = computer.start(&cloud, &["--pair-only"]);
    let code = bridge.event("pairing_started").await["code"].as_str().unwrap().to_owned();
    cloud.deny_pairing(&code);
    assert_eq!(bridge.event("error").await["code"], "pairing_failed");
    let (status, said) = bridge.ended(QUICK).await;
    assert_eq!(status.code(), Some(1));
    assert!(said.contains("denied"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_cancels_pairing() {
    let (cloud, computer) = (cloud().await, Computer::new());
    let mut bridge = computer.start(&cloud, &["--pair-only"]);
    bridge.event("pairing_started").await;
    bridge.signal("INT");
    assert_eq!(bridge.event("shutdown").await["signal"], "SIGINT");
    assert_eq!(bridge.ended(QUICK).await.0.code(), Some(0));
    assert!(!read(&computer.data("secrets.json")).contains("inst_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_removed_and_without_a_terminal_the_program_ends() {
    let (cloud, gateway, computer) = (cloud().await, gateway().await, Computer::new());
    computer.serve(&gateway);
    let mut bridge = computer.start(&cloud, &[]);
    let code = bridge.event("pairing_started").await["code"].as_str().unwrap().to_owned();
    cloud.approve_pairing(&code);
    bridge.event("ready").await;
    cloud.fault(Fault::Revoke);
    let error = bridge.event("error").await;
    assert_eq!(error["code"], "installation_revoked");
    assert_eq!(bridge.ended(QUICK).await.0.code(), Some(1));
    assert!(!read(&computer.data("secrets.json")).contains("inst_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_waits_for_a_gateway_and_comes_back_to_one() {
    let (cloud, computer) = (cloud().await, Computer::new());
    let (_, token) = cloud.mint_installation("Den");
    let mut bridge = computer.start(&cloud, &["--sophon-token", &token]);
    assert_eq!(bridge.event("error").await["code"], "openclaw_not_installed");
    let gateway = gateway().await;
    computer.serve(&gateway);
    bridge.event("ready").await;
    gateway.drop_connections();
    assert_eq!(bridge.event("error").await["code"], "openclaw_unreachable");
    bridge.event("openclaw_connected").await;
    bridge.event("ready").await;
    cloud.fault(Fault::DropSocket);
    assert_eq!(bridge.event("error").await["code"], "sophon_unreachable");
    bridge.event("sophon_connected").await;
    bridge.event("ready").await;
    bridge.signal("HUP");
    assert_eq!(bridge.event("shutdown").await["signal"], "SIGHUP");
    assert_eq!(bridge.ended(QUICK).await.0.code(), Some(0));
    assert!(
        !computer.data("secrets.json").exists()
            || !read(&computer.data("secrets.json")).contains(&token)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloud_that_is_away_when_pairing_starts_is_asked_again() {
    let (cloud, gateway, computer) = (cloud().await, gateway().await, Computer::new());
    computer.serve(&gateway);
    cloud.fault(Fault::Answer {
        route: "pairing/start".to_owned(),
        status: 503,
        code: "unavailable".to_owned(),
        retry_after_ms: Some(10),
        times: 1,
    });
    let mut bridge = computer.start(&cloud, &[]);
    assert_eq!(bridge.event("error").await["code"], "sophon_unreachable");
    bridge.event("pairing_started").await;
}
