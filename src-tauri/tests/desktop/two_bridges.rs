use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;

use desktoplab::{DesktopOptions, Keyring, eventually};
use rustix::process::{Pid, Signal, kill_process};
use secrecy::ExposeSecret as _;
use simulator::cloud::Fault;
use tokio::process::{Child, Command};

use crate::computer::{Computer, is_gateway_connected, output, token_of};

#[tokio::test]
async fn the_bridge_without_a_screen_leaves_the_installation_to_the_running_app() {
    let computer = Computer::new().await;
    let (app, icon) = computer.start_paired().await;
    let refused = output(computer.app(&["run"])).await;
    assert_eq!(refused.status.code(), Some(30), "{refused:?}");
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains(&format!("(process {})", app.pid())), "{said}");
    icon.wait_for_line(|line| line == "Sophon: connected").await.unwrap();
}

#[tokio::test]
async fn the_app_leaves_the_installation_to_the_running_bridge_until_that_has_ended() {
    let computer = Computer::new().await;
    let (mut app, _icon) = computer.start_paired().await;
    app.terminate();
    app.ended().await;
    let mut bridge = computer.app(&["run"]).kill_on_drop(true).spawn().unwrap();
    let connected = async || Ok(computer.cloud.look(|it| (it.connected() == 1).then_some(())));
    eventually("a connected bridge", connected).await.unwrap();

    let (_app, icon) = computer.start_hidden().await;
    let named = format!("(process {})", bridge.id().unwrap());
    icon.wait_for_line(|line| line.contains(&named)).await.unwrap();
    terminate(&bridge);
    bridge.wait().await.unwrap();
    icon.click("Try again").await.unwrap();
    icon.wait_for_line(|line| line == "Sophon: connected").await.unwrap();
    icon.wait_for_line(is_gateway_connected).await.unwrap();
}

#[tokio::test]
async fn an_npm_bridge_with_the_same_installation_is_named_in_the_window_while_it_runs() {
    let options = DesktopOptions { keyring: Keyring::Absent, ..DesktopOptions::default() };
    let computer = Computer::with(options).await;
    let (_app, icon) = computer.start_paired().await;
    let folder = computer.data_dir();
    let token = eventually("a file of secrets", async || Ok(token_of(&folder))).await.unwrap();
    let mut npm = npm_bridge(&computer.desktop.home(), token.expose_secret());
    // A lost connection may be the other bridge's doing.
    computer.cloud.fault(Fault::DropSocket);
    drop(output(computer.app(&[])).await);
    let window = computer.window().await;
    let named = format!("(process {})", npm.id().unwrap());
    window.wait_for_text("body", &named).await.unwrap();
    terminate(&npm);
    npm.wait().await.unwrap();
    let gone = "return !document.body.innerText.includes('npm bridge')";
    eventually("an end of the remark", async || {
        Ok(window.execute(gone).await?.as_bool().filter(|it| *it))
    })
    .await
    .unwrap();
    icon.wait_for_line(|line| line == "Sophon: connected").await.unwrap();
}

/// Starts what looks like the npm bridge of this user, set up with a token.
fn npm_bridge(home: &Path, token: &str) -> Child {
    let package = home.join("lib/node_modules/@sophonai/bridge/dist");
    let (credentials, programs) = (home.join(".config/sophon"), home.join("programs"));
    for folder in [&package, &credentials, &programs] {
        std::fs::create_dir_all(folder).unwrap();
    }
    let kept = serde_json::json!({"botToken": token, "savedAt": ""});
    std::fs::write(credentials.join("credentials.json"), kept.to_string()).unwrap();
    // Run by a shell with the name of node, it waits until its input ends.
    std::fs::write(package.join("cli.js"), "read line\n").unwrap();
    symlink("/bin/sh", programs.join("node")).unwrap();
    symlink(package.join("cli.js"), programs.join("bridge")).unwrap();
    let mut node = Command::new(programs.join("node"));
    node.arg(programs.join("bridge")).arg("openclaw").env_clear().env("HOME", home);
    node.stdin(Stdio::piped()).kill_on_drop(true).spawn().unwrap()
}

fn terminate(child: &Child) {
    let pid = Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
}
