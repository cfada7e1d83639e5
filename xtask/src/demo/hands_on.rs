//! A demonstration in which the person is the person.

use std::process::ExitCode;

use anyhow::bail;
use serde_json::Value;
use simulator::cloud::Cloud;

use super::browser::open_page;
use crate::bridge::Bridge;

/// Exit codes of a bridge whose code was not confirmed in time.
const NOT_CONFIRMED: [i32; 2] = [21, 22];

/// Shows the pages and says what happens, until the person interrupts it.
///
/// # Errors
/// When the bridge ends for another reason than a code that nobody confirmed.
pub(super) async fn watch(
    cloud: &Cloud,
    mut bridge: Bridge,
    start_again: impl Fn() -> anyhow::Result<Bridge>,
    with_browser: bool,
) -> anyhow::Result<ExitCode> {
    let mut may_open = with_browser;
    let mut is_ready = false;
    loop {
        while let Some(event) = bridge.next_event().await {
            match event["event"].as_str().unwrap_or_default() {
                "pairing_started" => {
                    invite(cloud, &event, may_open);
                    may_open = false;
                }
                "ready" if !is_ready => {
                    is_ready = true;
                    welcome();
                }
                // Before, it says where it keeps its secrets: here that is a temporary folder.
                "notice" if !is_ready => {}
                _ => say(&event),
            }
        }
        let status = bridge.stop()?;
        if !status.code().is_some_and(|code| NOT_CONFIRMED.contains(&code)) {
            bail!("sophon-bridge ended ({status}): {}", bridge.complaints());
        }
        println!("\nNobody confirmed in time, so here is a new code.");
        bridge = start_again()?;
    }
}

fn invite(cloud: &Cloud, event: &Value, may_open: bool) {
    let page = event["browser_url"].as_str().unwrap_or_default();
    let code = event["code"].as_str().unwrap_or_default();
    let phone = cloud.phone_url();
    let opened = may_open && open_page(&phone) && open_page(page);
    println!();
    println!("  Pair this computer   {page}");
    println!("  Code                 {code}");
    println!("  Your phone           {phone}");
    println!();
    if opened {
        println!("Both pages are open in your browser. Approve on the first, write on the second.");
    } else {
        println!("Open the first link and approve, then write on the second.");
    }
}

fn welcome() {
    println!("\nConnected on both sides. Write to your agent on the phone page.");
    say_scripts();
    println!("Ctrl-C ends the demonstration and removes everything.");
}

/// Says what may be written on the phone page.
pub(super) fn say_scripts() {
    println!("A simulated or scripted model does what a message says:");
    println!("  run: date          asks before it runs a command");
    println!("  slow: 100          answers slowly, so that there is something to stop");
    println!("  markdown           shows every kind of markup");
}

fn say(event: &Value) {
    let text = |field: &str| event[field].as_str().unwrap_or_default();
    match text("event") {
        "pairing_claimed" => println!("Paired as {}.", text("installation_id")),
        "openclaw_connected" => println!("The gateway at {} is connected.", text("url")),
        "sophon_connected" => println!("The cloud at {} is connected.", text("base_url")),
        "ready" => println!("Both sides are connected again."),
        "notice" => println!("{}", text("message")),
        "error" => println!("{} {}", text("message"), text("hint")),
        _ => {}
    }
}
