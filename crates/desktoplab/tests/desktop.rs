//! A desktop comes and goes.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use desktoplab::{
    Desktop, DesktopOptions, Keyring, NotificationServer, eventually, memory, places_of,
};
use tokio::process::Command;

/// Set for a program that is to make a desktop and die: the file to write the desktop's folder to.
const DIE: &str = "DIE";

fn bare() -> DesktopOptions {
    DesktopOptions {
        keyring: Keyring::Absent,
        notifications: NotificationServer::Absent,
        tray_host: false,
        ..DesktopOptions::default()
    }
}

/// Numbers of the processes that belong to a desktop.
fn processes_of(root: &Path) -> Vec<String> {
    let marker = format!("DESKTOPLAB={}", root.display());
    let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    processes
        .filter(|process| {
            let environment = fs::read(process.join("environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|line| line == marker.as_bytes())
        })
        .map(|process| process.file_name().unwrap().to_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_desktop_ends_without_leaving_processes_or_files() {
    let desktop = Desktop::start(DesktopOptions::default()).await.unwrap();
    let root = desktop.home().parent().unwrap().to_owned();
    // One that ends when it is asked to, and one that does not and has lost its parent.
    let stubborn = "(trap '' TERM; echo ready; while :; do sleep 1; done) &";
    let mut command = desktop.command("sh");
    command.args(["-c", stubborn]).stdout(Stdio::null());
    assert!(command.status().await.unwrap().success());
    let _willing = desktop.command("sleep").arg("1000").spawn().unwrap();
    assert!(processes_of(&root).len() > 6, "{:?}", processes_of(&root));

    drop(desktop);
    assert_eq!(processes_of(&root), Vec::<String>::new());
    assert!(!root.exists());
}

#[tokio::test]
async fn desktops_stand_beside_each_other() {
    let (one, two) =
        tokio::join!(Desktop::start(DesktopOptions::default()), Desktop::start(bare()));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_ne!(one.home(), two.home());
    let display = async |desktop: &Desktop| {
        desktop.command("sh").args(["-c", "echo $DISPLAY"]).output().await.unwrap().stdout
    };
    assert_ne!(display(&one).await, display(&two).await);
    drop(one);
    two.screenshot(&two.home().join("screen.png")).unwrap();
}

#[tokio::test]
async fn programs_get_the_desktops_environment_and_nothing_else() {
    let desktop = Desktop::start(DesktopOptions { scale: 2, dark: true, ..bare() }).await.unwrap();
    let printed = desktop.command("env").output().await.unwrap().stdout;
    let printed = String::from_utf8(printed).unwrap();
    let names: Vec<&str> = printed.lines().map(|line| line.split_once('=').unwrap().0).collect();
    for name in ["DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "PATH", "LANG"] {
        assert!(names.contains(&name), "{name} is missing");
    }
    for line in [format!("HOME={}", desktop.home().display()), "GDK_SCALE=2".into()] {
        assert!(printed.lines().any(|found| found == line), "{line} is missing in {printed}");
    }
    assert!(printed.contains("GTK_THEME=Adwaita:dark"));
    assert!(!names.contains(&"CARGO_MANIFEST_DIR"));
}

#[tokio::test]
async fn pages_that_the_browser_was_to_open_are_seen() {
    let desktop = Desktop::start(bare()).await.unwrap();
    let pages = ["https://sophon.example/pair?code=A%20B&x=1#top", "http://127.0.0.1:1/"];
    assert!(desktop.opened_pages().unwrap().is_empty());
    for (index, page) in pages.into_iter().enumerate() {
        assert!(desktop.command("xdg-open").arg(page).status().await.unwrap().success());
        let opened = desktop.wait_for_opened_pages(index + 1).await.unwrap();
        assert_eq!(opened[index].as_str(), page);
    }
    assert_eq!(desktop.wait_for_opened_page().await.unwrap().as_str(), pages[1]);
}

#[tokio::test]
async fn the_screen_is_saved_in_its_size() {
    let desktop = Desktop::start(DesktopOptions { screen: (640, 480), ..bare() }).await.unwrap();
    let file = desktop.home().join("screen.png");
    desktop.screenshot(&file).unwrap();
    let image = fs::read(&file).unwrap();
    assert!(image.starts_with(b"\x89PNG"));
    assert_eq!(image[16..24], [0, 0, 2, 128, 0, 0, 1, 224]);
}

#[tokio::test]
async fn memory_and_secrets_of_a_program_include_processes_that_lost_their_parents() {
    let desktop = Desktop::start(bare()).await.unwrap();
    // The middle one ends at once, so that its child belongs to nobody.
    let script = "sh -c 'TOLD=hush-hush-hush sleep 1000 &'; exec sleep 1001";
    let program = desktop.command("sh").args(["-c", script]).spawn().unwrap();
    let other = desktop.command("sleep").arg("1002").spawn().unwrap();
    let pid = program.id().unwrap();
    let measured = eventually("both processes", async || {
        let measured = memory(pid)?;
        let asleep = measured.processes.iter().filter(|process| process.name == "sleep").count();
        Ok((asleep == 2).then_some(measured))
    });
    assert_eq!(measured.await.unwrap().processes.len(), 2);

    let secret = "hush-hush-hush".into();
    assert_eq!(places_of(&secret, &[], pid).unwrap().len(), 1);
    assert_eq!(places_of(&secret, &[], other.id().unwrap()).unwrap().len(), 0);
}

#[tokio::test]
#[ignore = "a program that another test starts"]
async fn a_program_dies_that_made_a_desktop() {
    if let Some(file) = std::env::var_os(DIE) {
        let desktop = Desktop::start(DesktopOptions::default()).await.unwrap();
        fs::write(file, desktop.home().parent().unwrap().to_str().unwrap()).unwrap();
        std::process::abort();
    }
}

#[tokio::test]
async fn a_desktop_goes_with_the_process_that_made_it_even_if_that_dies() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("root");
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "a_program_dies_that_made_a_desktop", "--ignored"]);
    let ended = program.env(DIE, &file).stdout(Stdio::null()).status().await.unwrap();
    assert!(!ended.success());
    let root = PathBuf::from(fs::read_to_string(&file).unwrap());
    let gone = eventually("the desktop to go", async || Ok((!root.exists()).then_some(())));
    gone.await.unwrap();
    assert_eq!(processes_of(&root), Vec::<String>::new());
}
