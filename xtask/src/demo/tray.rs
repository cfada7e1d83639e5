//! A demonstration of the tray app, in which the person is the person.

use std::process::ExitCode;

use anyhow::bail;
use simulator::cloud::Cloud;

use super::browser::open_page;
use super::hands_on::say_scripts;
use crate::bridge::Bridge;

/// Shows the phone, says what to click, and waits until the app is quit.
///
/// # Errors
/// When the app ends with an error.
pub(super) async fn watch(
    cloud: &Cloud,
    mut app: Bridge,
    with_browser: bool,
) -> anyhow::Result<ExitCode> {
    let phone = cloud.phone_url();
    let opened = with_browser && open_page(&phone);
    println!();
    println!("  1. In the window (or the tray icon's menu), click Pair this computer.");
    println!("  2. Approve in the browser page that opens.");
    println!("  3. Write to your agent on the phone page{}", if opened { "." } else { ":" });
    println!("     {phone}");
    println!();
    say_scripts();
    println!(
        "Quit in the tray's menu, or Ctrl-C here, ends the demonstration and removes everything."
    );
    // It prints no events: its output ends when it does.
    while app.next_event().await.is_some() {}
    let status = app.stop()?;
    if !status.success() {
        bail!("sophon-desktop ended ({status}): {}", app.complaints());
    }
    Ok(ExitCode::SUCCESS)
}
