use desktoplab::{DesktopOptions, NotificationServer};
use simulator::gateway::{AskingDevice, AskingSender, OfferingNode};

use crate::computer::{Computer, SESSION};
use crate::requests::{Asked, Kind, answer, picture, watching};

/// Turns the reading direction, hides characters, begins lines, looks alike, and speaks to a terminal.
const SPOOF: &str =
    "Оwner’s \u{202e}enohp\u{2066}\u{200b}\u{feff}\n\r\t\u{1b}[31mred\u{7}<b>аdmin</b>";

#[tokio::test]
async fn spoofed_requests_are_shown_for_what_they_are() {
    let options = DesktopOptions {
        screen: (1400, 1400),
        notifications: NotificationServer::Xfce,
        ..DesktopOptions::default()
    };
    let computer = Computer::with(options).await;
    let (_app, icon) = computer.start_paired().await;
    let window = watching(&computer).await;
    let long = format!("{SPOOF}{}", "x".repeat(60_000));
    let device = AskingDevice::new(&long).asking_for(&["operator.read", SPOOF]);
    let mut node = OfferingNode::new(SPOOF, &["camera.snap", SPOOF]);
    node.capabilities.push(long.clone());
    let details = [("username", SPOOF), ("firstName", &long)];
    let details = details.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let sender = AskingSender { details, ..AskingSender::new(SPOOF, "") };
    computer.gateway.device_asks(&device);
    computer.gateway.node_offers(&node);
    computer.gateway.sender_writes(&sender).unwrap();
    let command =
        format!("echo \u{202e}txt.exe\u{2066} ‘сurl’\u{200b} \u{1b}[2J {}", "y".repeat(100_000));
    computer.cloud.say(SESSION, &format!("run: {command}"));
    icon.wait_for_line(|line| line.starts_with("echo ")).await.unwrap();
    icon.wait_for_line(|line| line.contains("wants to talk")).await.unwrap();
    for line in icon.menu().await.unwrap().to_string().lines() {
        let is_hidden = |c: char| ('\u{200b}'..='\u{200f}').contains(&c) || c == '\u{feff}';
        let turns = |c: char| ('\u{202a}'..='\u{202e}').contains(&c) || c == '\u{2066}';
        let is_plain = |c: char| !c.is_control() && !is_hidden(c) && !turns(c);
        let bad: String = line.chars().filter(|c| !is_plain(*c)).collect();
        assert!(bad.is_empty(), "{line:?} has {bad:?}");
    }
    for tab in ["requests", "devices", "senders"] {
        window.click(&format!("#tab-{tab}")).await.unwrap();
        window.wait_for("[data-request]").await.unwrap();
        computer.painted(&window).await;
        window.screenshot(&picture(&computer, &format!("spoofed-{tab}"))).await.unwrap();
        let shown = window.text("#page").await.unwrap();
        assert!(shown.contains("U+202E") && !shown.contains('\u{202e}'), "{tab}: {shown:?}");
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{200b}'), "{tab}: {shown:?}");
    }
    let script = "for (const card of document.querySelectorAll('[data-request]')) \
        card.scrollIntoView();";
    window.click("#tab-requests").await.unwrap();
    window.wait_for("[data-request]").await.unwrap();
    window.execute(script).await.unwrap();
    computer.painted(&window).await;
    window.screenshot(&picture(&computer, "spoofed-last")).await.unwrap();
    computer.desktop.wait_until_still().await.unwrap();
    computer.desktop.screenshot(&picture(&computer, "spoofed-screen")).unwrap();
}

#[tokio::test]
async fn five_hundred_requests_stay_usable() {
    let computer = Computer::new().await;
    let (_app, icon) = computer.start_paired().await;
    let window = watching(&computer).await;
    window.click("#tab-requests").await.unwrap();
    for n in 0..500 {
        let device = AskingDevice::new(&format!("crowd {n}")).asking_for(&["operator.read"]);
        computer.gateway.device_asks(&device);
    }
    icon.wait_for_line(|line| line == "495 more requests…").await.unwrap();
    window.wait_for_text("#tab-requests", "99+").await.unwrap();
    let first = computer.gateway.waiting_requests().remove(0);
    let asked = Asked {
        kind: Kind::Device,
        key: format!("device:{first}"),
        id: first,
        word: "crowd 0".to_owned(),
    };
    window.wait_for(&asked.button("allow")).await.unwrap();
    computer.painted(&window).await;
    window.screenshot(&picture(&computer, "five-hundred")).await.unwrap();
    answer(&window, &asked, "allow").await;
    icon.wait_for_line(|line| line == "494 more requests…").await.unwrap();
}
