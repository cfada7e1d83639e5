//! Tray icons are found, read and clicked.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::pending;
use std::process::Stdio;

use desktoplab::{Desktop, DesktopOptions, Keyring, NotificationServer, Pixmap, TrayIcon};
use ksni::menu::{CheckmarkItem, StandardItem, SubMenu};
use ksni::{Icon, MenuItem, ToolTip, Tray, TrayMethods as _};
use tokio::process::Child;

/// Set for the program that shows a lamp.
const SHINE: &str = "SHINE";

/// A tray icon that tells in its menu what was last done to it.
struct Lamp {
    told: String,
    on: bool,
}

impl Lamp {
    fn action(label: &str, tells: &'static str) -> MenuItem<Self> {
        let activate = Box::new(move |lamp: &mut Self| lamp.told = tells.into());
        StandardItem { label: label.into(), activate, ..Default::default() }.into()
    }

    fn request(command: &str, allow: &'static str, deny: &'static str) -> MenuItem<Self> {
        let submenu = vec![Self::action("Allow once", allow), Self::action("Deny", deny)];
        SubMenu { label: command.into(), submenu, ..Default::default() }.into()
    }
}

impl Tray for Lamp {
    fn id(&self) -> String {
        "lamp".into()
    }

    fn title(&self) -> String {
        "A lamp".into()
    }

    fn icon_pixmap(&self) -> Vec<Icon> {
        vec![Icon { width: 1, height: 1, data: vec![255, 1, 2, 3] }]
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip { title: "Lamp".into(), description: "is off".into(), ..Default::default() }
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        self.told = "activated".into();
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let told = StandardItem { label: self.told.clone(), enabled: false, ..Default::default() };
        let hidden = StandardItem { label: "Hidden".into(), visible: false, ..Default::default() };
        let switch = CheckmarkItem {
            label: "Light".into(),
            checked: self.on,
            activate: Box::new(|lamp: &mut Self| lamp.on = !lamp.on),
            ..Default::default()
        };
        let quit = StandardItem {
            label: "_Quit".into(),
            activate: Box::new(|_: &mut Self| std::process::exit(0)),
            ..Default::default()
        };
        vec![
            told.into(),
            hidden.into(),
            MenuItem::Separator,
            Self::request("rm -rf my__folder", "rm allowed", "rm denied"),
            Self::request("ls", "ls allowed", "ls denied"),
            Self::action("Kick", "kicked"),
            switch.into(),
            quit.into(),
        ]
    }
}

#[tokio::test]
#[ignore = "a program that the other tests start"]
async fn a_lamp_shines_where_it_is_told_to() {
    if std::env::var_os(SHINE).is_some() {
        let lamp = Lamp { told: "new".into(), on: false };
        let _handle = lamp.assume_sni_available(true).spawn().await.unwrap();
        pending::<()>().await;
    }
}

async fn desktop(tray_host: bool) -> Desktop {
    let options = DesktopOptions {
        keyring: Keyring::Absent,
        notifications: NotificationServer::Absent,
        tray_host,
        ..DesktopOptions::default()
    };
    Desktop::start(options).await.unwrap()
}

fn light(desktop: &Desktop) -> Child {
    desktop
        .command(std::env::current_exe().unwrap())
        .args(["--exact", "a_lamp_shines_where_it_is_told_to", "--ignored"])
        .env(SHINE, "1")
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

async fn lamp_tells(icon: &TrayIcon, what: &str) {
    let line = icon.wait_for_line(|label| label == what).await.unwrap();
    assert!(!line.enabled);
}

#[tokio::test]
async fn an_icon_is_found_and_read() {
    let desktop = desktop(true).await;
    assert!(desktop.tray_icon("lamp").await.unwrap().is_none());
    let _lamp = light(&desktop);
    let icon = desktop.wait_for_tray_icon("lamp").await.unwrap();
    assert_eq!(icon.title().await.unwrap(), "A lamp");
    assert_eq!(icon.status().await.unwrap(), "Active");
    assert_eq!(icon.tooltip().await.unwrap(), "Lamp\nis off");
    let picture = Pixmap { width: 1, height: 1, argb: vec![255, 1, 2, 3] };
    assert_eq!(icon.icon_pixmap().await.unwrap(), [picture]);
    let menu = icon.menu().await.unwrap();
    let seen = "(new)\n---\nrm -rf my_folder\n  Allow once\n  Deny\nls\n  Allow once\n  Deny\n\
        Kick\n[ ] Light\nQuit\n";
    assert_eq!(menu.to_string(), seen);
    assert!(desktop.tray_icon("A lamp").await.unwrap().is_some());
    assert!(desktop.tray_icon("amp").await.unwrap().is_none());
}

#[tokio::test]
async fn an_icon_and_the_lines_of_its_menu_are_clicked() {
    let desktop = desktop(true).await;
    let mut lamp = light(&desktop);
    let icon = desktop.wait_for_tray_icon("lamp").await.unwrap();
    icon.click("Kick").await.unwrap();
    lamp_tells(&icon, "kicked").await;
    icon.click_path(&["rm -rf my_folder", "Deny"]).await.unwrap();
    lamp_tells(&icon, "rm denied").await;
    icon.click_path(&["ls", "Allow once"]).await.unwrap();
    lamp_tells(&icon, "ls allowed").await;
    icon.activate().await.unwrap();
    lamp_tells(&icon, "activated").await;
    icon.click("Light").await.unwrap();
    assert_eq!(icon.menu().await.unwrap().line("Light").unwrap().checked, Some(true));

    for wrong in ["Deny", "activated", "Hidden"] {
        assert!(icon.click(wrong).await.is_err(), "{wrong}");
    }
    icon.click("Quit").await.unwrap();
    icon.wait_until_gone().await.unwrap();
    assert!(lamp.wait().await.unwrap().success());
}

#[tokio::test]
async fn a_tray_comes_late_and_goes_and_comes_again() {
    let mut desktop = desktop(false).await;
    let _lamp = light(&desktop);
    assert!(desktop.tray_icon("lamp").await.unwrap().is_none());
    desktop.start_tray_host().await.unwrap();
    let icon = desktop.wait_for_tray_icon("lamp").await.unwrap();
    desktop.stop_tray_host().await.unwrap();
    icon.wait_until_gone().await.unwrap();
    desktop.start_tray_host().await.unwrap();
    desktop.wait_for_tray_icon("lamp").await.unwrap();
}
