use desktoplab::{DesktopOptions, NotificationServer, eventually};

use crate::computer::{Computer, output};

/// Right edge of a panel: where it puts the only icon, in pixels from the screen's right side and top.
const ICON_AT: (i16, i16) = (16, 16);

#[tokio::test]
async fn the_tray_the_notification_and_the_window_show_the_same_request() {
    let screen = (1024, 720);
    let notifications = NotificationServer::Xfce;
    let options = DesktopOptions { screen, notifications, ..DesktopOptions::default() };
    let computer = Computer::with(options).await;
    let (_app, icon) = computer.start_paired().await;
    let server = computer.desktop.notifications();
    let paired = server.wait_for(|it| it.title.starts_with("Paired as")).await.unwrap();
    computer.ask("git push origin main").await;
    server.wait_for(|it| it.body.contains("git push origin main")).await.unwrap();
    let line = icon.wait_for_line(|line| line.contains("git push")).await.unwrap();
    assert_eq!(line.label, "git push origin main");
    // The window opens over the note about the pairing, which has been read.
    server.press(paired.id, "Open").await.unwrap();
    drop(output(computer.app(&[])).await);
    let window = computer.window().await;
    window.click("#tab-requests").await.unwrap();
    window.wait_for_text("#page", "git push origin main").await.unwrap();
    computer.painted(&window).await;
    computer.desktop.wait_until_still().await.unwrap();
    computer.desktop.screenshot(&computer.picture("desktop-request")).unwrap();

    let width = i16::try_from(screen.0).unwrap();
    let before = computer.desktop.windows().unwrap();
    computer.desktop.right_click(width - ICON_AT.0, ICON_AT.1).unwrap();
    eventually("the menu", async || Ok((computer.desktop.windows()? > before).then_some(())))
        .await
        .unwrap();
    computer.desktop.wait_until_still().await.unwrap();
    computer.desktop.screenshot(&computer.picture("desktop-menu")).unwrap();
}
