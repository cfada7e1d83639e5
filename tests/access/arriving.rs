use bridge::{Attention, SendersSnapshot};
use openclaw::pairing::{DeviceRequest, ForeignText};
use simulator::gateway::{AskingDevice, AskingSender, GatewayOptions, Generation, OfferingNode};

use crate::rig::{Asked, GENERATIONS, Kind, World, keys, senders};

/// Turns the reading direction, hides characters, begins lines, and speaks to a terminal.
const SPOOF: &str = "Owner\u{202e}\u{2066}\u{200b}\u{feff}\n\r\t\u{0}\u{1b}[31m\u{7}<b>аdmin</b>";

/// What of a spoofed text of 100,000 characters is kept.
fn spoofed() -> (String, ForeignText) {
    let text = format!("{SPOOF}{}", "x".repeat(100_000 - SPOOF.chars().count()));
    let kept = ForeignText::new(&text);
    assert!(kept.as_str().starts_with(SPOOF) && kept.missing() > 99_000);
    (text, kept)
}

fn request(pending: &[DeviceRequest], asked: &Asked) -> DeviceRequest {
    pending.iter().find(|request| request.id.as_str() == asked.id).unwrap().clone()
}

#[tokio::test]
async fn what_waited_before_anybody_attended_is_there_and_what_comes_later_too() {
    for generation in GENERATIONS {
        let world = World::start(GatewayOptions::of(generation)).await;
        let ask = |name: &str| -> Vec<Asked> {
            Kind::of(generation).iter().map(|kind| kind.asks(&world.gateway, name)).collect()
        };
        let early = ask("early");
        assert_eq!(keys(&world.flow.installation.access().borrow()), Vec::<String>::new());
        world.attend(Attention::Shown).await;
        world.waiting(&early.iter().collect::<Vec<_>>()).await;
        let late = ask("late");
        world.waiting(&early.iter().chain(&late).collect::<Vec<_>>()).await;
        world.finish().await;
    }
}

#[tokio::test]
async fn senders_are_looked_for_where_the_gateway_tells_of_them() {
    let world = World::attending(Generation::Older).await;
    let now = world.flow.installation.access().borrow().clone();
    assert!(
        matches!(&now.senders, SendersSnapshot::NotOffered { command }
            if command.starts_with("openclaw pairing list")),
        "{now:#?}"
    );
    assert!(!now.can_rename && !now.can_set_up);
    world.finish().await;
}

#[tokio::test]
async fn a_device_is_shown_with_who_it_says_it_is_and_what_it_asks_for() {
    for generation in GENERATIONS {
        let world = World::attending(generation).await;
        let device = AskingDevice {
            remote_ip: Some("192.0.2.7".to_owned()),
            client: "openclaw-ios".to_owned(),
            platform: "ios 19.1".to_owned(),
            ..AskingDevice::new("Phone")
        };
        let asked = Asked::device(world.gateway.device_asks(&device));
        let now = world.waiting(&[&asked]).await;
        let shown = request(&now.devices.unwrap().pending, &asked);
        assert_eq!(shown.device.as_str(), device.id);
        assert_eq!(shown.may_expire_at_ms() - shown.asked_at_ms, 300_000);
        let text = |text: Option<ForeignText>| text.unwrap().as_str().to_owned();
        assert_eq!(text(shown.introduction.name), "Phone");
        assert_eq!(text(shown.introduction.client), "openclaw-ios");
        assert_eq!(text(shown.introduction.platform), "ios 19.1");
        assert_eq!(text(shown.remote_ip), "192.0.2.7");
        assert!(device.scopes.iter().all(|scope| shown.scopes.contains(scope)));
        assert!(!shown.is_repair);
        world.finish().await;
    }
}

#[tokio::test]
async fn a_known_device_that_asks_for_more_is_shown_as_a_change() {
    for generation in GENERATIONS {
        let mut world = World::attending(generation).await;
        let device = AskingDevice::new("Kitchen").asking_for(&["operator.pairing"]);
        let first = Asked::device(world.gateway.device_asks(&device));
        world.waiting(&[&first]).await;
        world.answer(&first, true).await.unwrap();
        world.ended(&first).await;
        let device = device.asking_for(&["operator.pairing", "operator.admin"]);
        let more = Asked::device(world.gateway.device_asks(&device));
        let devices = world.waiting(&[&more]).await.devices.unwrap();
        let shown = request(&devices.pending, &more);
        assert!(shown.is_repair);
        let change = shown.change_of(devices.known(&shown).unwrap());
        assert_eq!(change.new_scopes, [ForeignText::new("operator.admin")]);
        world.finish().await;
    }
}

#[tokio::test]
async fn spoofed_text_arrives_as_it_was_sent_and_says_how_much_is_missing() {
    for generation in GENERATIONS {
        let world = World::attending(generation).await;
        let (text, kept) = spoofed();
        let mut device = AskingDevice::new(&text).asking_for(&[&text, "operator.pairing"]);
        device.platform = text.clone();
        let device = Asked::device(world.gateway.device_asks(&device));
        let mut node = OfferingNode::new(&text, &[&text]);
        node.permissions = vec![text.clone()];
        let node = Asked::node(world.gateway.node_offers(&node));
        let mut asked = vec![device.clone(), node];
        if generation == Generation::Newer {
            let details = vec![("username".to_owned(), text.clone()), (text.clone(), text.clone())];
            let sender = AskingSender { details, ..AskingSender::new(&text, "") };
            let id = world.gateway.sender_writes(&sender).unwrap();
            asked.push(Asked::sender(&sender, id));
        }
        let now = world.waiting(&asked.iter().collect::<Vec<_>>()).await;
        let shown = request(&now.devices.as_ref().unwrap().pending, &device);
        assert_eq!(shown.introduction.name.as_ref(), Some(&kept));
        assert_eq!(shown.introduction.platform.as_ref(), Some(&kept));
        assert_eq!(shown.scopes.kept()[0], kept);
        let offer = now.nodes.as_ref().unwrap().pending[0].clone();
        assert_eq!(
            (offer.introduction.name, offer.commands.kept()),
            (Some(kept.clone()), &[kept.clone()][..])
        );
        if let Some(sender) = senders(&now).first() {
            assert_eq!(sender.sender, kept);
            assert!(sender.details.iter().all(|(_, value)| *value == kept));
        }
        for asked in &asked {
            world.answer(asked, false).await.unwrap();
            let past = world.remembered(&asked.key).await;
            assert!(past.what.chars().count() <= 300, "{}", past.what);
            assert!(past.what.ends_with(" characters cut by Sophon …]"), "{}", past.what);
        }
        let spoofed = world.remembered(&asked[0].key).await.what;
        assert!(spoofed.contains(SPOOF), "it is whoever shows it who makes it harmless: {spoofed}");
        drain(world, asked.len()).await;
    }
}

/// Ends a world in which so many requests ended.
async fn drain(mut world: World, ended: usize) {
    for _ in 0..ended {
        world.next_end().await;
    }
    world.finish().await;
}
