use std::time::{Duration, Instant};

use bridge::Attention;
use simulator::gateway::{AskingSender, GatewayOptions, Generation};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::rig::{Asked, Kind, World, keys};

/// How many of each kind ask.
const DEVICES: usize = 250;
const NODES: usize = 100;
const SENDERS: usize = 150;
/// How long 500 requests may take to arrive, and to be answered.
const ARRIVE_WITHIN: Duration = Duration::from_secs(10);
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Lets a crowd ask.
fn crowd(world: &World) -> Vec<Asked> {
    let gateway = &world.gateway;
    let devices = (0..DEVICES).map(|n| Kind::Device.asks(gateway, &format!("device {n}")));
    let nodes = (0..NODES).map(|n| Kind::Node.asks(gateway, &format!("node {n}")));
    let senders = (0..SENDERS).map(|n| {
        let account = format!("account {}", n / 3);
        let sender = AskingSender { account, ..AskingSender::new(&format!("{n}"), "somebody") };
        Asked::sender(&sender, gateway.sender_writes(&sender).unwrap())
    });
    devices.chain(nodes).chain(senders).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_requests_arrive_within_seconds_and_each_can_be_answered() {
    for is_live in [false, true] {
        let mut world = World::start(GatewayOptions::of(Generation::Newer)).await;
        if is_live {
            world.attend(Attention::Shown).await;
        }
        let asked = crowd(&world);
        let begun = Instant::now();
        world.attend(Attention::Shown).await;
        world.waiting(&asked.iter().collect::<Vec<_>>()).await;
        assert!(begun.elapsed() < ARRIVE_WITHIN, "live {is_live}: {:?}", begun.elapsed());

        let mut answers = JoinSet::new();
        for (n, asked) in asked.iter().enumerate() {
            let installation = &world.flow.installation;
            answers.spawn(installation.act(asked.answer(installation, n % 2 == 0)));
        }
        let all = timeout(ANSWER_WITHIN, answers.join_all()).await.unwrap();
        let failed: Vec<_> = all.into_iter().filter_map(Result::err).collect();
        assert!(failed.is_empty(), "live {is_live}: {} failed: {:?}", failed.len(), failed[0]);
        world.until(|now| keys(now).is_empty() && now.doing.is_empty()).await;
        let mut decided = world.decisions();
        let mut wanted: Vec<_> =
            asked.iter().enumerate().map(|(n, asked)| (asked.id.clone(), n % 2 == 0)).collect();
        decided.sort();
        wanted.sort();
        assert_eq!(decided, wanted);
        // Notices that nobody reads in time are dropped; the history has them.
        let newest = bridge::REMEMBERED;
        let mut snapshot = world.flow.installation.snapshot();
        timeout(ARRIVE_WITHIN, snapshot.wait_for(|now| now.history.len() == newest))
            .await
            .unwrap()
            .unwrap();
        drop(snapshot);
        for _ in 0..100 {
            world.next_end().await;
        }
        world.flow.finish().await;
    }
}
