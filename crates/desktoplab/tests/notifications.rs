//! Notifications are seen and answered as by a person.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::time::Duration;

use desktoplab::{Closed, Desktop, DesktopOptions, Keyring, NotificationServer, PATIENCE};
use futures_util::StreamExt as _;
use tokio::time::timeout;
use zbus::zvariant::Value;
use zbus::{Connection, MessageStream};

const SERVICE: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
const BUTTONS: [&str; 6] = ["default", "Show", "allow", "Allow once", "deny", "Deny"];

/// A program that sends notifications and hears what becomes of them.
struct Program {
    bus: Connection,
    heard: MessageStream,
}

impl Program {
    async fn on(desktop: &Desktop) -> Self {
        let bus = desktop.bus().clone();
        let rule = zbus::MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .interface(SERVICE)
            .unwrap()
            .member("ActionInvoked")
            .unwrap()
            .build();
        let heard = MessageStream::for_match_rule(rule, &bus, None).await.unwrap();
        Self { bus, heard }
    }

    async fn notify(&self, replaces: u32, title: &str, actions: &[&str]) -> u32 {
        let hints = HashMap::from([("urgency", Value::U8(2))]);
        let body = ("lab", replaces, "", title, "rm -rf build", actions, hints, 0);
        let service = Some(SERVICE);
        let reply = self.bus.call_method(service, PATH, service, "Notify", &body).await.unwrap();
        reply.body().deserialize().unwrap()
    }

    async fn close(&self, id: u32) {
        let service = Some(SERVICE);
        let method = "CloseNotification";
        self.bus.call_method(service, PATH, service, method, &id).await.unwrap();
    }

    async fn next_action(&mut self) -> (u32, String) {
        let message = timeout(PATIENCE, self.heard.next()).await.unwrap().unwrap().unwrap();
        message.body().deserialize().unwrap()
    }
}

async fn desktop(notifications: NotificationServer) -> Desktop {
    let options = DesktopOptions {
        keyring: Keyring::Absent,
        tray_host: false,
        notifications,
        ..DesktopOptions::default()
    };
    Desktop::start(options).await.unwrap()
}

async fn buttons_are_pressed_at(server: NotificationServer) {
    let desktop = desktop(server).await;
    let mut program = Program::on(&desktop).await;
    let first = program.notify(0, "One", &BUTTONS).await;
    let second = program.notify(0, "Two", &BUTTONS).await;
    let shown = desktop.notifications().wait_for(|shown| shown.title == "Two").await.unwrap();
    assert_eq!((shown.id, shown.urgency, shown.timeout_ms), (second, Some(2), 0));
    assert_eq!((shown.app.as_str(), shown.body.as_str()), ("lab", "rm -rf build"));
    assert_eq!(shown.actions[1], ("allow".into(), "Allow once".into()));
    assert_eq!(desktop.notifications().list().len(), 2);

    desktop.notifications().press(second, "Deny").await.unwrap();
    assert_eq!(program.next_action().await, (second, "deny".into()));
    desktop.notifications().press(first, "Allow once").await.unwrap();
    assert_eq!(program.next_action().await, (first, "allow".into()));

    let error = desktop.notifications().press(first, "Maybe").await.unwrap_err();
    assert!(!format!("{error:#}").is_empty());
}

#[tokio::test]
async fn buttons_are_pressed_at_dunst() {
    buttons_are_pressed_at(NotificationServer::Dunst).await;
}

#[tokio::test]
async fn buttons_are_pressed_at_the_server_of_xfce() {
    buttons_are_pressed_at(NotificationServer::Xfce).await;
}

async fn a_notification_is_clicked_at(server: NotificationServer) {
    let desktop = desktop(server).await;
    let mut program = Program::on(&desktop).await;
    let id = program.notify(0, "One", &BUTTONS).await;
    desktop.notifications().wait_for(|shown| shown.id == id).await.unwrap();
    desktop.notifications().click_body(id).await.unwrap();
    assert_eq!(program.next_action().await, (id, "default".into()));

    let plain = program.notify(0, "Plain", &[]).await;
    desktop.notifications().wait_for(|shown| shown.id == plain).await.unwrap();
    assert!(desktop.notifications().click_body(plain).await.is_err());
}

#[tokio::test]
async fn a_notification_is_clicked_at_dunst() {
    a_notification_is_clicked_at(NotificationServer::Dunst).await;
}

#[tokio::test]
async fn a_notification_is_clicked_at_the_server_of_xfce() {
    a_notification_is_clicked_at(NotificationServer::Xfce).await;
}

#[tokio::test]
async fn what_a_program_takes_back_is_withdrawn_and_what_it_replaces_stays_one() {
    for server in [NotificationServer::Dunst, NotificationServer::Xfce] {
        let desktop = desktop(server).await;
        let notifications = desktop.notifications();
        let program = Program::on(&desktop).await;
        let id = program.notify(0, "One", &[]).await;
        assert_eq!(program.notify(id, "Other", &[]).await, id);
        notifications.wait_for(|shown| shown.title == "Other").await.unwrap();
        assert_eq!(notifications.list().len(), 1);
        assert!(!notifications.is_withdrawn(id));

        program.close(id).await;
        notifications.wait_until_withdrawn(id).await.unwrap();
        assert!(notifications.list().is_empty());
        assert_eq!(notifications.history()[0].closed, Some(Closed::Withdrawn));
        assert!(notifications.press(id, "Allow once").await.is_err());
    }
}

#[tokio::test]
async fn a_forged_action_reaches_programs_but_was_chosen_by_nobody() {
    let desktop = desktop(NotificationServer::Dunst).await;
    let mut program = Program::on(&desktop).await;
    let id = program.notify(0, "One", &BUTTONS).await;
    desktop.notifications().wait_for(|shown| shown.id == id).await.unwrap();
    desktop.notifications().forge_action(id, "allow").await.unwrap();
    assert_eq!(program.next_action().await, (id, "allow".into()));
    desktop.notifications().press(id, "Deny").await.unwrap();
    assert_eq!(desktop.notifications().list()[0].chosen, ["deny"]);
}

#[tokio::test]
async fn without_a_server_nothing_answers_the_name() {
    let desktop = desktop(NotificationServer::Absent).await;
    let service = Some(SERVICE);
    let call = desktop.bus().call_method(service, PATH, service, "GetCapabilities", &());
    let answer = timeout(Duration::from_secs(5), call).await.unwrap();
    assert!(matches!(answer, Err(zbus::Error::MethodError(..))), "{answer:?}");
    assert!(desktop.notifications().list().is_empty());
}
