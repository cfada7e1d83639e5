//! Who may use the gateway, seen and changed from another terminal than the program's own.

use std::fs;
use std::time::Duration;

use control::channel::{Asked, Program, Server, address};
use control::{Answer, Ask, DeviceAct, Slot};
use serde_json::{Value, json};
use simulator::cloud::Cloud;
use simulator::gateway::{AskingDevice, AskingSender, Gateway, OfferingNode};
use tokio::sync::mpsc;

use super::computer::{Computer, Finished, Running, set_up};
use super::terminal::Terminal;

const DEADLINE: Duration = Duration::from_secs(20);

async fn ready() -> (Cloud, Gateway, Computer, Running) {
    let (cloud, gateway, computer, token) = set_up().await;
    let mut running = computer.start(&cloud, &["--sophon-token", &token]);
    running.event("ready").await;
    (cloud, gateway, computer, running)
}

fn devices(listed: &Finished) -> Vec<Value> {
    let events = listed.events();
    events.into_iter().filter(|event| event["event"] == "device").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_asks_is_approved_after_reading_renamed_and_removed() {
    let (_cloud, gateway, computer, _running) = ready().await;
    let phone = AskingDevice::new("Ph\u{200b}one").asking_for(&["operator.read", "operator.admin"]);
    let request = gateway.device_asks(&phone);

    let listed = computer.finish(&["devices"]).await;
    assert_eq!(listed.code, 0, "{listed:?}");
    for text in
        ["this is the bridge itself", &request, "CRITICAL", "Ph‹U+200B›one", "do everything"]
    {
        assert!(listed.stdout.contains(text), "no {text} in {listed:?}");
    }
    let approve = ["devices", "approve", &request[..8]];
    let unread = computer.finish(&approve).await;
    assert!(unread.code == 1 && unread.stderr.contains("--yes"), "{unread:?}");
    let mut terminal = Terminal::start(computer.command(&approve));
    terminal.shows("Type yes to allow it:", "do everything").await;
    terminal.answer("yes");
    terminal.shows("The device may use the gateway now.", "Type yes").await;
    assert_eq!(terminal.child.wait().await.unwrap().code(), Some(0));

    let renamed = computer.finish(&["devices", "rename", &phone.id, "My phone"]).await;
    assert_eq!(renamed.code, 0, "{renamed:?}");
    let listed = computer.finish(&["devices", "--json"]).await;
    let labels: Vec<_> = devices(&listed).iter().map(|it| it["label"]["text"].clone()).collect();
    assert!(labels.contains(&"My phone".into()), "{listed:?}");

    let unread = computer.finish(&["devices", "remove", &phone.id]).await;
    assert!(unread.code == 1 && unread.stderr.contains("--yes"), "{unread:?}");
    let remove = ["devices", "remove", &phone.id[..8]];
    let mut terminal = Terminal::start(computer.command(&remove));
    terminal.shows(" OpenClaw (installation 1, inst_", "Through   ").await;
    terminal.shows("Type yes to do that:", "Through").await;
    terminal.answer("no");
    assert_eq!(terminal.child.wait().await.unwrap().code(), Some(1));
    let removed = computer.finish(&["devices", "remove", &phone.id, "--yes"]).await;
    assert_eq!(removed.code, 0, "{removed:?}");
    let listed = computer.finish(&["devices", "--json"]).await;
    assert!(devices(&listed).iter().all(|it| it["id"] != *phone.id), "{listed:?}");
    let history = computer.finish(&["requests", "history"]).await;
    assert!(history.stdout.contains(&request), "{history:?}");
    assert!(history.stdout.contains("was allowed at this computer"), "{history:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_that_is_not_carried_is_refused_with_those_that_are() {
    let (_cloud, gateway, computer, _running) = ready().await;
    let phone = AskingDevice::new("Phone");
    let request = gateway.device_asks(&phone);
    let approved = computer.finish(&["devices", "approve", &request, "--yes"]).await;
    assert_eq!(approved.code, 0, "{approved:?}");
    let remove = ["devices", "remove", &phone.id, "--yes", "--json", "--installation"];
    let refused = computer.finish(&[&remove[..], &["7"]].concat()).await;
    let error = refused.event("error");
    assert_eq!((refused.code, &error["code"]), (1, &"no_such_installation".into()));
    assert!(error["hint"].as_str().unwrap().contains("(installation 1, inst_"), "{error}");
    let removed = computer.finish(&[&remove[..], &["1"]].concat()).await;
    assert_eq!(removed.code, 0, "{removed:?}");
}

/// An app that carries two installations, whose gateways both know one device; tells what it was
/// asked to do to that.
fn app_with_two(computer: &Computer, device: &str) -> mpsc::UnboundedReceiver<(Slot, DeviceAct)> {
    fs::create_dir_all(computer.path("data")).unwrap();
    let mut server = Server::bind(&address(&computer.path("data"), Program::Desktop)).unwrap();
    let device = json!({
        "id": device, "roles": [], "scopes": [], "unlisted": 0, "tokens": [],
        "is_own": false, "is_changing": false,
    });
    let gateway = move |slot| {
        json!({
            "slot": slot, "standing": {"state": "up"}, "devices": [device], "unreadable": 0,
            "can_rename": true, "can_set_up": true, "senders": {"state": "unknown"},
        })
    };
    let installation = |slot| {
        json!({
            "slot": slot, "name": format!("Den {slot}"), "id": format!("inst_{slot}"),
            "cloud": "https://cloud.example", "state": "connected",
        })
    };
    let gateways =
        json!({"answer": "access", "gateways": [gateway(1), gateway(2)], "requests": []});
    let all = [installation(1), installation(2)];
    let installations = json!({"answer": "installations", "installations": all});
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let Asked { ask, answer } = server.next().await;
            let known = match ask {
                Ask::Installations => serde_json::from_value(installations.clone()).unwrap(),
                Ask::Device { slot, act, .. } => {
                    tell.send((slot.unwrap(), act)).unwrap();
                    Answer::Done { what: "It is removed.".to_owned() }
                }
                Ask::Access => serde_json::from_value(gateways.clone()).unwrap(),
                other @ (Ask::Greet
                | Ask::Open
                | Ask::Menu
                | Ask::Pending
                | Ask::History
                | Ask::Decide { .. }) => panic!("nobody asks for {other:?}"),
            };
            let _ = answer.send(known);
        }
    });
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_of_two_gateways_is_removed_from_the_one_that_was_chosen() {
    let computer = Computer::new();
    let mut told = app_with_two(&computer, "phonephone");
    let remove = ["devices", "remove", "phonephone"];
    for flags in [&["--yes"][..], &[]] {
        let refused = computer.finish(&[&remove[..], flags].concat()).await;
        assert_eq!(refused.code, 2, "{refused:?}");
        for text in ["Den 1 (installation 1,", "Den 2 (installation 2,", "--installation"] {
            assert!(refused.stderr.contains(text), "no {text} in {refused:?}");
        }
    }
    let chosen = [&remove[..], &["--installation", "2"]].concat();
    let mut terminal = Terminal::start(computer.command(&chosen));
    terminal.shows("Type yes to do that:", "Through   Den 2 (installation 2, inst_2)").await;
    terminal.answer("yes");
    terminal.shows("It is removed.", "Type yes").await;
    assert_eq!(terminal.child.wait().await.unwrap().code(), Some(0));
    assert_eq!(told.recv().await, Some((Slot(2), DeviceAct::Remove)));
    assert!(told.try_recv().is_err(), "nothing was done before it was chosen");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_device_calls_itself_is_in_no_log() {
    let (cloud, gateway, computer, token) = set_up().await;
    let mut running = computer.start(&cloud, &["--sophon-token", &token, "--verbose"]);
    running.event("ready").await;
    let request = gateway.device_asks(&AskingDevice::new("A-name-of-a-stranger"));
    let rejected = computer.finish(&["devices", "reject", &request]).await;
    assert_eq!(rejected.code, 0, "{rejected:?}");
    running.signal("TERM");
    let (_, log) = running.ended(DEADLINE).await;
    assert!(log.contains(&format!("device:{request}")), "{log}");
    assert!(!log.contains("A-name-of-a-stranger"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bridges_own_device_is_refused_with_a_way_out() {
    let (_cloud, _gateway, computer, _running) = ready().await;
    let listed = computer.finish(&["devices", "--json"]).await;
    let all = devices(&listed);
    let own = all.iter().find(|it| it["is_own"] == true).expect("the own device is listed");
    let id = own["id"].as_str().unwrap();
    for act in ["remove", "rotate", "revoke"] {
        let refused = computer.finish(&["devices", act, id, "--yes", "--json"]).await;
        assert_eq!((refused.code, &refused.event("error")["code"]), (1, &"own_device".into()));
        assert!(refused.stderr.contains("unpair"), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nodes_offer_is_rejected_and_what_is_gone_is_said() {
    let (_cloud, gateway, computer, _running) = ready().await;
    let request = gateway.node_offers(&OfferingNode::new("Camera", &["camera.snap"]));
    let key = format!("node:{request}");
    let shown = computer.finish(&["requests", "show", &key]).await;
    assert!(shown.stdout.contains("camera.snap"), "{shown:?}");
    let rejected = computer.finish(&["requests", "deny", &key]).await;
    assert_eq!(rejected.code, 0, "{rejected:?}");
    let again = computer.finish(&["requests", "deny", &key, "--json"]).await;
    assert_eq!((again.code, &again.event("error")["code"]), (1, &"no_such_request".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_is_approved_and_told_and_another_is_dismissed() {
    let (_cloud, gateway, computer, _running) = ready().await;
    let eve = gateway.sender_writes(&AskingSender::new("7001", "eve\u{1b}[2J")).unwrap();
    let bob = gateway.sender_writes(&AskingSender::new("7002", "bob")).unwrap();
    let listed = computer.finish(&["senders"]).await;
    assert_eq!(listed.code, 0, "{listed:?}");
    for text in [&eve, &bob, "eve␛[2J", "7002"] {
        assert!(listed.stdout.contains(text), "no {text} in {listed:?}");
    }
    let approved = computer.finish(&["senders", "approve", &bob, "--notify"]).await;
    assert_eq!(approved.code, 0, "{approved:?}");
    assert!(
        approved.stderr.contains("can talk to your agent now. They were told."),
        "{approved:?}"
    );
    let dismissed = computer.finish(&["senders", "dismiss", &eve]).await;
    assert_eq!(dismissed.code, 0, "{dismissed:?}");
    let listed = computer.finish(&["senders"]).await;
    assert!(listed.stderr.contains("Nothing waits for you."), "{listed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_connection_is_there_only_while_somebody_asks() {
    let (_cloud, gateway, computer, _running) = ready().await;
    assert_eq!(gateway.connections(), 1);
    assert_eq!(computer.finish(&["requests"]).await.code, 0);
    assert_eq!(gateway.connections(), 1, "approvals take no other right");
    assert_eq!(computer.finish(&["devices"]).await.code, 0);
    assert_eq!(gateway.connections(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_requests_are_listed() {
    let (_cloud, gateway, computer, _running) = ready().await;
    for number in 0..500 {
        gateway.device_asks(&AskingDevice::new(&format!("{number} {}", "x".repeat(100_000))));
    }
    let listed = tokio::time::timeout(DEADLINE, computer.finish(&["devices"])).await.unwrap();
    assert_eq!(listed.code, 0, "{}", listed.stderr);
    assert!(listed.stderr.contains("500 requests wait for you."), "{}", listed.stderr);
    assert!(listed.stdout.contains("499 x") && listed.stdout.contains("more characters)"));
}
