use desktoplab::{ChromiumWindow, DesktopOptions, Notification, NotificationServer, WebDriver};
use url::Url;

use crate::computer::{Computer, SESSION, SOON};

const COMMAND: &str = "echo one two file.txt";

fn asks(notification: &Notification) -> bool {
    notification.body.contains("file.txt")
        && notification.actions.iter().any(|(_, it)| it == "Deny")
}

/// Waits until the phone shows that the agent went on with what was decided.
async fn phone_shows(computer: &Computer, decision: &str) {
    computer
        .cloud
        .wait_for("decided card", SOON, |cloud| {
            let tasks = cloud.tasks(SESSION);
            tasks.iter().any(|task| format!("{task:?}").contains(decision)).then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_notification_shows_the_command_and_its_button_allows_it() {
    for server in [NotificationServer::Dunst, NotificationServer::Xfce] {
        let options = DesktopOptions { notifications: server, ..DesktopOptions::default() };
        let computer = Computer::with(options).await;
        let (_app, icon) = computer.start_paired().await;
        computer.ask(COMMAND).await;
        let notifications = computer.desktop.notifications();
        let asked = notifications.wait_for(asks).await.unwrap();
        icon.wait_for_line(|line| line.contains("file.txt")).await.unwrap();
        computer.desktop.screenshot(&computer.picture(&format!("approval-{server:?}"))).unwrap();
        notifications.press(asked.id, "Allow once").await.unwrap();
        computer.wait_until_decided().await;
        phone_shows(&computer, "Allowed").await;
        notifications.wait_for(|it| it.title.contains("Allowed once")).await.unwrap();
    }
}

#[tokio::test]
async fn an_action_that_the_service_did_not_send_decides_nothing() {
    let computer = Computer::new().await;
    let (_app, icon) = computer.start_paired().await;
    computer.ask(COMMAND).await;
    let notifications = computer.desktop.notifications();
    let asked = notifications.wait_for(asks).await.unwrap();
    let (key, _) = asked.actions.iter().find(|(_, label)| label == "Allow once").unwrap();
    notifications.forge_action(asked.id, key).await.unwrap();
    // What is pressed after it is handled after it.
    notifications.press(asked.id, "Deny").await.unwrap();
    computer.wait_until_decided().await;
    phone_shows(&computer, "Denied").await;
    icon.wait_for_line(|line| line == "Sophon: connected").await.unwrap();
}

#[tokio::test]
async fn the_trays_menu_decides() {
    let computer = Computer::new().await;
    let (_app, icon) = computer.start_paired().await;
    computer.ask(COMMAND).await;
    let line = icon.wait_for_line(|line| line.contains("file.txt")).await.unwrap();
    assert_eq!(icon.status().await.unwrap(), "NeedsAttention");
    icon.click_path(&[&line.label, "Deny"]).await.unwrap();
    computer.wait_until_decided().await;
    phone_shows(&computer, "Denied").await;
}

#[tokio::test]
async fn a_decision_on_the_phone_withdraws_the_notification() {
    let computer = Computer::new().await;
    let (_app, icon) = computer.start_paired().await;
    computer.ask(COMMAND).await;
    let notifications = computer.desktop.notifications();
    let asked = notifications.wait_for(asks).await.unwrap();
    let phone = WebDriver::chromium(&computer.desktop, ChromiumWindow::Headless).await.unwrap();
    let mut page = Url::parse(&computer.cloud.phone_url()).unwrap();
    page.set_fragment(Some(&format!("/{SESSION}")));
    phone.go(&page).await.unwrap();
    phone.wait_for_text("#sheet", COMMAND).await.unwrap();
    phone.click("#sheet button[value=deny]").await.unwrap();
    notifications.wait_until_withdrawn(asked.id).await.unwrap();
    computer.wait_until_decided().await;
    icon.wait_for_line(|line| line == "Pause").await.unwrap();
    assert_eq!(icon.status().await.unwrap(), "Active");
}

#[tokio::test]
async fn a_decision_elsewhere_withdraws_the_notification() {
    let computer = Computer::new().await;
    let (_app, icon) = computer.start_paired().await;
    let id = computer.ask(COMMAND).await;
    let notifications = computer.desktop.notifications();
    let asked = notifications.wait_for(asks).await.unwrap();
    assert!(computer.gateway.decide_elsewhere(&id, "deny"));
    notifications.wait_until_withdrawn(asked.id).await.unwrap();
    icon.wait_for_line(|line| line == "Pause").await.unwrap();
}

#[tokio::test]
async fn a_server_that_starts_later_shows_what_is_still_asked_in_the_menu() {
    let server = NotificationServer::Absent;
    let computer =
        Computer::with(DesktopOptions { notifications: server, ..DesktopOptions::default() }).await;
    let (_app, icon) = computer.start_paired().await;
    computer.ask(COMMAND).await;
    let line = icon.wait_for_line(|line| line.contains("file.txt")).await.unwrap();
    icon.click_path(&[&line.label, "Allow once"]).await.unwrap();
    computer.wait_until_decided().await;
}
