//! A computer that sleeps. Its processes stand still meanwhile, and so does the program here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use simulator::cloud::{Cloud, CloudOptions};
use simulator::gateway::{Gateway, GatewayOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::program::Program;

/// Long enough to be no busy computer, and shorter than any wait or window here.
const NAP: Duration = Duration::from_secs(19);
/// How soon the computer is connected again: the clocks are looked at every five seconds.
const AT_ONCE: Duration = Duration::from_secs(8);
const SOON: Duration = Duration::from_secs(20);

/// A cloud that wants to be left alone for ten minutes; tells how often it was dialled.
async fn busy_cloud() -> (String, watch::Receiver<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (dialled, dials) = watch::channel(0);
    let dialled = Arc::new(dialled);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let dialled = Arc::clone(&dialled);
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let read = stream.read(&mut request).await.unwrap_or_default();
                if request[..read].starts_with(b"GET /v1/bridge/ws") {
                    dialled.send_modify(|dialled| *dialled += 1);
                }
                let refusal = b"HTTP/1.1 503 Busy\r\nretry-after: 600\r\n\
                    content-length: 0\r\nconnection: close\r\n\r\n";
                let _ = stream.write_all(refusal).await;
            });
        }
    });
    (address, dials)
}

#[tokio::test]
async fn a_computer_that_wakes_up_dials_at_once_however_long_it_meant_to_wait() {
    let gateway = Gateway::start(GatewayOptions::default()).await.unwrap();
    let (busy, mut dials) = busy_cloud().await;
    let elsewhere = Cloud::start(CloudOptions::default()).await.unwrap();
    let (_, token) = elsewhere.mint_installation("Flow OpenClaw");
    let program = Program::start(&busy, &token, (&gateway.url(), gateway.token()));
    timeout(SOON, dials.wait_for(|dialled| *dialled > 0)).await.unwrap().unwrap();
    sleep(Duration::from_secs(1)).await;
    let before = *dials.borrow_and_update();
    program.freeze();
    sleep(NAP).await;
    assert_eq!(*dials.borrow(), before, "asleep");
    program.thaw();
    let woke = Instant::now();
    timeout(SOON, dials.wait_for(|dialled| *dialled > before)).await.expect("a dial").unwrap();
    assert!(woke.elapsed() < AT_ONCE, "{:?}", woke.elapsed());
}

#[tokio::test]
async fn a_computer_that_wakes_up_renews_the_cloud_and_keeps_a_gateway_that_answers() {
    let cloud = Cloud::start(CloudOptions::default()).await.unwrap();
    let gateway = Gateway::start(GatewayOptions::default()).await.unwrap();
    let program = Program::start_at(&cloud, (&gateway.url(), gateway.token()));
    let upgraded = |times: usize| {
        cloud.wait_for("connection", SOON, move |view| {
            let upgrades = view.calls().iter().filter(|call| call.route == "ws").count();
            (upgrades >= times).then_some(())
        })
    };
    upgraded(1).await;
    let connected = |gateway: &Gateway| (gateway.connections() > 0).then_some(());
    gateway.wait_for(SOON, connected).await.expect("the gateway is connected");
    program.freeze();
    sleep(NAP).await;
    program.thaw();
    let woke = Instant::now();
    upgraded(2).await;
    assert!(woke.elapsed() < AT_ONCE, "{:?}", woke.elapsed());
    cloud.say("ses_awake", "say: good morning");
    let answered = |gateway: &Gateway| (!gateway.runs().is_empty()).then_some(());
    gateway.wait_for(SOON, answered).await.expect("the message reaches the gateway");
    // A gateway of this computer slept as well, and its connection with it.
    sleep(Duration::from_secs(6)).await;
    assert_eq!(gateway.connects().len(), 1);
    drop(program);
}
