use desktoplab::DesktopOptions;

use crate::computer::Computer;

#[tokio::test]
async fn a_panel_that_starts_late_or_again_shows_the_icon() {
    let options = DesktopOptions { tray_host: false, ..DesktopOptions::default() };
    let mut computer = Computer::with(options).await;
    let _app = computer.start(&["--hidden"]);
    for _ in 0..2 {
        computer.desktop.start_tray_host().await.unwrap();
        let icon = computer.icon().await;
        icon.wait_for_line(|line| line == "Pair this computer…").await.unwrap();
        computer.desktop.stop_tray_host().await.unwrap();
    }
}

#[tokio::test]
async fn without_a_panel_the_window_says_so_and_does_everything() {
    let options = DesktopOptions { tray_host: false, ..DesktopOptions::default() };
    let computer = Computer::with(options).await;
    let _app = computer.start(&[]);
    let window = computer.window().await;
    window.wait_for_text("body", "Pair this computer").await.unwrap();
    window.wait_for_text("body", "tray").await.unwrap();
}

#[tokio::test]
async fn without_a_tray_icon_that_nobody_wants_nothing_is_missing() {
    let computer = Computer::new().await;
    let _app = computer.start(&["--no-tray"]);
    let window = computer.window().await;
    window.wait_for_text("body", "Pair this computer").await.unwrap();
    assert!(computer.desktop.tray_icon(crate::computer::ICON).await.unwrap().is_none());
}
