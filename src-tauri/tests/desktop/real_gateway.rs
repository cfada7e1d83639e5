use std::time::Duration;

use desktoplab::{ChromiumWindow, TrayIcon, WebDriver};
use gatewaylab::{GatewayOptions, RealGateway, ScriptedModel, Version};
use simulator::cloud::{Bubble, Cloud, CloudOptions, Dialect, Said, Task};
use tokio::process::Child;

use crate::computer::{Computer, SESSION, SOON, is_gateway_connected};

/// How long a real gateway may take: its first run is slow.
const PATIENTLY: Duration = Duration::from_secs(60);

#[tokio::test]
async fn openclaw_2026_9_6_is_answered_from_the_desktop() {
    commands_are_answered(Version::V2026_9_6).await;
}

#[tokio::test]
async fn openclaw_2026_5_6_is_answered_from_the_desktop() {
    commands_are_answered(Version::V2026_5_6).await;
}

async fn commands_are_answered(version: Version) {
    let model = ScriptedModel::start().await.unwrap();
    let gateway = RealGateway::start(GatewayOptions::new(version), &model).await.unwrap();
    let mut computer = Computer::new().await;
    // This dialect takes an empty bubble; what the other one does is tried with the simulator.
    let options = CloudOptions { dialect: Dialect::Npm, ..CloudOptions::default() };
    computer.cloud = Cloud::start(options).await.unwrap();
    let (_app, icon) = start_beside(&computer, &gateway).await;
    pair_by_click(&computer, &icon).await;
    a_command_is_allowed_at_its_notification(&computer).await;
    a_command_is_denied_in_the_trays_menu(&computer, &icon).await;
    assert_eq!(computer.cloud.violations(), [""; 0]);
}

/// Starts the app on a computer where it finds the gateway by itself.
async fn start_beside(computer: &Computer, gateway: &RealGateway) -> (Child, TrayIcon) {
    let mut app = computer.app(&["--hidden"]);
    app.env_remove("OPENCLAW_URL").env_remove("OPENCLAW_TOKEN_FILE");
    let app = app.env("OPENCLAW_STATE_DIR", gateway.state_dir()).spawn().unwrap();
    (app, computer.icon().await)
}

async fn pair_by_click(computer: &Computer, icon: &TrayIcon) {
    icon.wait_for_line(|line| line == "Pair this computer…").await.unwrap();
    icon.click("Pair this computer…").await.unwrap();
    let page = computer.desktop.wait_for_opened_page().await.unwrap();
    let browser = WebDriver::chromium(&computer.desktop, ChromiumWindow::Headless).await.unwrap();
    browser.go(&page).await.unwrap();
    browser.click("button[value=sign-in]").await.unwrap();
    browser.click("button[value=approve]").await.unwrap();
    icon.wait_for_line(|line| line == "Sophon: connected").await.unwrap();
    icon.wait_for_line(is_gateway_connected).await.unwrap();
}

async fn a_command_is_allowed_at_its_notification(computer: &Computer) {
    let said = computer.cloud.say(SESSION, "run: echo hello");
    asked_on_the_phone(computer, "echo hello").await;
    let notifications = computer.desktop.notifications();
    let asks = |it: &desktoplab::Notification| it.title == "Allow this command?";
    let asked = notifications.wait_for(asks).await.unwrap();
    assert!(asked.body.lines().any(|line| line == "echo hello"), "{}", asked.body);
    notifications.press(asked.id, "Allow once").await.unwrap();

    let answer = end_of_answer(computer, &said).await;
    assert!(answer.shown().contains("hello"), "{}", answer.shown());
    let card = end_of_command(computer, "echo hello").await;
    let finish = card.finish.unwrap();
    assert_eq!(finish.status, "completed");
    assert!(finish.result.as_ref().unwrap().to_string().contains("hello"), "{finish:?}");
    notifications.wait_for(|it| it.title.contains("Allowed once")).await.unwrap();
}

async fn a_command_is_denied_in_the_trays_menu(computer: &Computer, icon: &TrayIcon) {
    let file = computer.desktop.home().join("denied");
    let command = format!("touch {}", file.display());
    let said = computer.cloud.say(SESSION, &format!("run: {command}"));
    asked_on_the_phone(computer, &command).await;
    let line = icon.wait_for_line(|line| line.starts_with("touch ")).await.unwrap();
    icon.click_path(&[&line.label, "Deny"]).await.unwrap();

    end_of_answer(computer, &said).await;
    let card = end_of_command(computer, &command).await;
    assert_eq!(card.finish.unwrap().status, "failed");
    assert!(!file.exists());
}

/// Waits until the phone shows that an agent asks for exactly this command.
async fn asked_on_the_phone(computer: &Computer, command: &str) {
    let asked = computer.cloud.wait_for("request on the phone", PATIENTLY, |cloud| {
        let mut open = cloud.approvals(SESSION).iter().filter(|card| card.decided.is_none());
        open.any(|card| card.command.as_deref() == Some(command)).then_some(())
    });
    asked.await;
}

async fn end_of_answer(computer: &Computer, said: &Said) -> Bubble {
    let ended =
        |it: &&Bubble| it.interaction_id.as_ref() == Some(&said.interaction_id) && it.end.is_some();
    let answer = computer.cloud.wait_for("end of the answer", PATIENTLY, |cloud| {
        cloud.bubbles(SESSION).iter().find(ended).cloned()
    });
    answer.await
}

async fn end_of_command(computer: &Computer, command: &str) -> Task {
    let is_of = |task: &&Task| {
        task.args.as_ref().is_some_and(|args| args["command"] == command) && task.finish.is_some()
    };
    let ended = computer.cloud.wait_for("end of the command", SOON, |cloud| {
        cloud.tasks(SESSION).iter().find(is_of).cloned()
    });
    ended.await
}
