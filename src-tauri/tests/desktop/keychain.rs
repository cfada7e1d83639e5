use desktoplab::{DesktopOptions, Keyring, assert_nowhere, eventually};

use crate::computer::{Computer, token_of};

#[tokio::test]
async fn a_locked_keychain_is_said_and_read_once_it_is_unlocked() {
    let computer = Computer::new().await;
    let (mut app, _icon) = computer.start_paired().await;
    app.terminate();
    app.ended().await;
    computer.desktop.secrets().lock().await.unwrap();
    let (_app, icon) = computer.start_hidden().await;
    icon.wait_for_line(|line| line.contains("keychain is locked")).await.unwrap();
    computer.desktop.secrets().unlock().await.unwrap();
    icon.click("Try again").await.unwrap();
    icon.wait_for_line(|line| line == "Sophon: connected").await.unwrap();
}

#[tokio::test]
async fn nothing_is_paired_while_the_keychain_cannot_take_the_token() {
    let options = DesktopOptions { keyring: Keyring::Locked, ..DesktopOptions::default() };
    let computer = Computer::with(options).await;
    let (_app, icon) = computer.start_hidden().await;
    icon.click("Pair this computer…").await.unwrap();
    icon.wait_for_line(|line| line.contains("keychain is locked")).await.unwrap();
    assert!(computer.cloud.pending_pairings().is_empty());
    assert!(computer.desktop.opened_pages().unwrap().is_empty());
}

#[tokio::test]
async fn without_a_keychain_secrets_are_in_a_file_of_the_owners_and_that_is_said() {
    use std::os::unix::fs::PermissionsExt as _;
    let options = DesktopOptions { keyring: Keyring::Absent, ..DesktopOptions::default() };
    let computer = Computer::with(options).await;
    let (app, _icon) = computer.start_paired().await;
    let folder = computer.data_dir();
    let token = eventually("a file of secrets", async || Ok(token_of(&folder))).await.unwrap();
    let mode = std::fs::metadata(folder.join("secrets.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_nowhere(&token, &[folder.join("logs")], app.pid());
    let second = computer.app(&[]);
    drop(crate::computer::output(second).await);
    let window = computer.window().await;
    window.wait_for_text("body", "No keychain can be used here").await.unwrap();
}
