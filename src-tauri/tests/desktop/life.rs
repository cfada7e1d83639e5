use std::time::Instant;

use desktoplab::eventually;

use crate::computer::{APP, Computer, output};

#[tokio::test]
async fn a_second_start_opens_the_window_of_the_first_and_ends() {
    let computer = Computer::new().await;
    let (_app, _icon) = computer.start_hidden().await;
    let second = output(computer.app(&[])).await;
    assert!(second.status.success(), "{second:?}");
    let window = computer.window().await;
    window.wait_for_text("body", "Pair this computer").await.unwrap();
}

#[tokio::test]
async fn quitting_takes_the_icon_away_within_5_s_and_the_cloud_sees_it() {
    let computer = Computer::new().await;
    let (mut app, icon) = computer.start_paired().await;
    let quit = icon.wait_for_line(|line| line.starts_with("Quit")).await.unwrap();
    assert!(quit.label.contains("away"), "{}", quit.label);
    let began = Instant::now();
    icon.click(&quit.label).await.unwrap();
    assert!(app.ended().await.success());
    assert!(began.elapsed().as_secs() < 5);
    icon.wait_until_gone().await.unwrap();
    let none = async || Ok(computer.cloud.look(|cloud| (cloud.connected() == 0).then_some(())));
    eventually("an empty cloud", none).await.unwrap();
}

#[tokio::test]
async fn a_signal_ends_the_app_in_order() {
    let computer = Computer::new().await;
    let (mut app, icon) = computer.start_paired().await;
    app.terminate();
    assert!(app.ended().await.success());
    icon.wait_until_gone().await.unwrap();
}

#[tokio::test]
async fn pausing_disconnects_and_resuming_connects_again() {
    let computer = Computer::new().await;
    let (_app, icon) = computer.start_paired().await;
    icon.click("Pause").await.unwrap();
    icon.wait_for_line(|line| line == "Resume").await.unwrap();
    let none = async || Ok(computer.cloud.look(|cloud| (cloud.connected() == 0).then_some(())));
    eventually("an empty cloud", none).await.unwrap();
    icon.click("Resume").await.unwrap();
    icon.wait_for_line(|line| line == "Sophon: connected").await.unwrap();
}

#[tokio::test]
async fn start_at_login_writes_an_entry_that_starts_it_hidden() {
    let computer = Computer::new().await;
    let (_app, icon) = computer.start_hidden().await;
    icon.click("Start at login").await.unwrap();
    let entry = computer.desktop.config_home().join("autostart/at.sophon.desktop.desktop");
    let read = async || Ok(std::fs::read_to_string(&entry).ok());
    let content = eventually("an entry", read).await.unwrap();
    let command = content.lines().find(|line| line.starts_with("Exec=")).unwrap();
    assert!(command.contains(APP) && command.contains("--hidden"), "{command}");
    icon.click("Start at login").await.unwrap();
    let gone = async || Ok((!entry.exists()).then_some(()));
    eventually("no entry", gone).await.unwrap();
}

#[tokio::test]
async fn the_menu_can_be_printed_with_and_without_a_running_app() {
    let computer = Computer::new().await;
    let printed = async || {
        let printed = output(computer.app(&["--print-menu"])).await;
        assert!(printed.status.success(), "{printed:?}");
        String::from_utf8(printed.stdout).unwrap()
    };
    assert!(printed().await.contains("Pair this computer…"));
    let (mut app, _icon) = computer.start_paired().await;
    let menu = printed().await;
    assert!(menu.contains("Sophon: connected") && menu.contains("Den"), "{menu}");
    app.terminate();
    app.ended().await;
    assert!(printed().await.contains("Sophon: connecting"));
}

#[tokio::test]
async fn without_a_display_it_is_the_bridge_without_a_screen_and_says_so() {
    let computer = Computer::new().await;
    let mut command = computer.app(&["status"]);
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    let said = output(command).await;
    assert!(said.status.success(), "{said:?}");
    let mut command = computer.app(&["--openclaw-url", "ws://10.0.0.1"]);
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    let said = String::from_utf8(output(command).await.stderr).unwrap();
    assert!(said.contains("no display") && said.contains("--openclaw-url"), "{said}");
}
