//! The npm bridge as it looks from outside: a process, and what it keeps.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;

use sap::sealed::DeviceKey;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::computer::{Computer, read};

/// The device key of every npm bridge here.
pub(crate) const DEVICE: [u8; 32] = [0xd5; 32];
/// The key of its encrypted session.
pub(crate) const SESSION_KEY: [u8; 32] = [0x5e; 32];
/// Its encrypted session.
pub(crate) const SESSION: &str = "ses_encrypted00001";
/// The files that it keeps.
pub(crate) const FILES: [&str; 2] = ["credentials.json", "session-keys.json"];

/// Starts what looks like the npm bridge of this user, set up with a token.
pub(crate) fn npm_bridge(home: &Path, token: &str) -> Child {
    let package = home.join("lib/node_modules/@sophonai/bridge/dist");
    let credentials = home.join(".config/sophon");
    for folder in [&package, &credentials] {
        fs::create_dir_all(folder).unwrap();
    }
    let id = token.split(':').next().unwrap();
    let kept = json!({"botToken": token, "installationId": id, "savedAt": ""});
    fs::write(credentials.join("credentials.json"), kept.to_string()).unwrap();
    // Run by a shell with the name of node, it waits until its input ends.
    fs::write(package.join("cli.js"), "read line\n").unwrap();
    symlink("/bin/sh", home.join("bin/node")).unwrap();
    symlink(package.join("cli.js"), home.join("bin/bridge")).unwrap();
    let mut node = Command::new(home.join("bin/node"));
    node.arg(home.join("bin/bridge")).args(["openclaw", "--json"]).env_clear().env("HOME", home);
    node.stdin(Stdio::piped()).kill_on_drop(true).spawn().unwrap()
}

/// What it keeps as its credentials after it was paired with a cloud.
pub(crate) fn credentials(token: &str, cloud: &str) -> Value {
    json!({
        "botToken": token,
        "installationId": token.split(':').next().unwrap(),
        "sophonBase": cloud,
        "bridgeSecretHex": hex(&DEVICE),
        "bridgePubkeyHex": DeviceKey::from_bytes(&DEVICE).public().to_string(),
        "savedAt": "2026-01-02T03:04:05.000Z",
    })
}

/// Leaves what it keeps on a computer where it was used.
pub(crate) fn leave_files(computer: &Computer, credentials: &Value) {
    let keys = json!({"keys": {SESSION: hex(&SESSION_KEY)}, "savedAt": "2026-01-02T03:04:05.000Z"});
    fs::create_dir_all(computer.path("data")).unwrap();
    fs::write(computer.data(FILES[0]), credentials.to_string()).unwrap();
    fs::write(computer.data(FILES[1]), keys.to_string()).unwrap();
}

/// Its files as they are now; none for one that is gone.
pub(crate) fn files(computer: &Computer) -> [Option<String>; 2] {
    FILES.map(|name| computer.data(name).exists().then(|| read(&computer.data(name))))
}

pub(crate) fn hex(key: &[u8; 32]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}
