//! Web pages are driven.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;

use desktoplab::{
    ChromiumWindow, Desktop, DesktopOptions, Keyring, NotificationServer, WebDriver, memory,
};
use tokio::process::Child;
use url::Url;

const PAGE: &str = r#"<!doctype html><title>Lab</title>
<form onsubmit="event.preventDefault(); said.textContent = 'Hello ' + who.value; said.id = 'heard'">
<input id="who" aria-label="Who"><button>Greet</button></form><p id="said">Nobody</p>
"#;

async fn desktop(keyring: Keyring) -> Desktop {
    let options = DesktopOptions {
        keyring,
        notifications: NotificationServer::Absent,
        tray_host: false,
        ..DesktopOptions::default()
    };
    Desktop::start(options).await.unwrap()
}

fn page(desktop: &Desktop) -> Url {
    let file = desktop.home().join("page.html");
    fs::write(&file, PAGE).unwrap();
    Url::from_file_path(file).unwrap()
}

async fn is_driven(driver: &WebDriver, desktop: &Desktop) {
    assert_eq!(driver.text("#said").await.unwrap(), "Nobody");
    assert_eq!(driver.attribute("#who", "aria-label").await.unwrap().unwrap(), "Who");
    assert_eq!(driver.attribute("#who", "data-none").await.unwrap(), None);
    driver.type_into("#who", "x").await.unwrap();
    driver.clear("#who").await.unwrap();
    driver.type_into("#who", "Ann").await.unwrap();
    driver.click("button").await.unwrap();
    driver.wait_for_text("p", "Ann").await.unwrap();
    assert!(driver.find("#heard").await.unwrap());
    driver.wait_until_gone("#said").await.unwrap();
    assert_eq!(driver.execute("return document.title").await.unwrap(), "Lab");
    let picture = desktop.home().join("page.png");
    driver.screenshot(&picture).await.unwrap();
    assert!(fs::read(&picture).unwrap().starts_with(b"\x89PNG"));
}

#[tokio::test]
async fn chromium_opens_a_page_types_and_clicks() {
    for window in [ChromiumWindow::Headless, ChromiumWindow::Shown] {
        let desktop = desktop(Keyring::Unlocked).await;
        let driver = WebDriver::chromium(&desktop, window).await.unwrap();
        driver.go(&page(&desktop)).await.unwrap();
        is_driven(&driver, &desktop).await;
        assert!(driver.execute("throw 1").await.is_err());
        assert!(desktop.secrets().items().await.unwrap().is_empty());
        driver.close().await.unwrap();
    }
}

/// The browser that comes with WebKit for GTK.
fn mini_browser() -> PathBuf {
    let libraries = fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
    libraries
        .map(|folder| folder.join("webkit2gtk-4.1/MiniBrowser"))
        .find(|program| program.exists())
        .unwrap_or_else(|| panic!("MiniBrowser is missing: apt-get install libwebkit2gtk-4.1-0"))
}

/// Starts a program with a web view that can be driven at an address.
fn start_web_view(desktop: &Desktop) -> (Child, SocketAddr) {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let inspector = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let program = desktop
        .command(mini_browser())
        .arg("--automation")
        .env("WEBKIT_INSPECTOR_SERVER", inspector.to_string())
        .spawn()
        .unwrap();
    (program, inspector)
}

#[tokio::test]
async fn the_web_view_of_a_running_program_is_driven_and_the_program_goes_on() {
    let desktop = desktop(Keyring::Absent).await;
    let (mut program, inspector) = start_web_view(&desktop);
    let driver = WebDriver::attach(&desktop, inspector).await.unwrap();
    driver.go(&page(&desktop)).await.unwrap();
    is_driven(&driver, &desktop).await;
    driver.close().await.unwrap();
    assert!(program.try_wait().unwrap().is_none());

    let measured = memory(program.id().unwrap()).unwrap();
    assert!(measured.processes.iter().any(|process| process.name == "WebKitWebProces"));
}
