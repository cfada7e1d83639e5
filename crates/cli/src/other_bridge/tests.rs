use std::fs;
use std::path::PathBuf;

use super::processes::Process;
use super::*;

const TOKEN: &str = "inst_Ab3dEf6hIj9kLm2n:s_test_0123456789abcdefghijABCDEFGHIJ42";
const ID: &str = "inst_Ab3dEf6hIj9kLm2n";
const SCRIPT: &str = "/usr/lib/node_modules/@sophonai/bridge/dist/cli.js";

fn process(line: &str, variables: &[&str]) -> Process {
    Process {
        pid: 7,
        words: line.split(' ').map(ToOwned::to_owned).collect(),
        folder: Some(PathBuf::from("/")),
        variables: variables.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>().into(),
    }
}

fn carries(process: &Process) -> Option<String> {
    let carried = npm::carries(process, None).map(|id| id.to_string());
    carried.filter(|_| npm::may_be_bridge(&process.words))
}

#[test]
fn it_is_known_by_its_package_its_command_and_the_token_it_was_given() {
    let token = format!("SOPHON_BOT_TOKEN={TOKEN}");
    for line in [
        format!("node {SCRIPT} openclaw"),
        format!("/opt/node/bin/node --enable-source-maps {SCRIPT} --json openclaw --verbose"),
        "node ../lib/node_modules/@sophonai/bridge/dist/cli.js openclaw".to_owned(),
    ] {
        assert_eq!(carries(&process(&line, &[&token])).as_deref(), Some(ID), "{line}");
    }
    let by_flag = process(&format!("node {SCRIPT} openclaw --sophon-token {TOKEN}"), &[]);
    assert_eq!(carries(&by_flag).as_deref(), Some(ID));
}

#[test]
fn what_carries_nothing_is_left_alone() {
    let token = format!("SOPHON_BOT_TOKEN={TOKEN}");
    for line in [
        format!("node {SCRIPT} status"),
        format!("node {SCRIPT} service logs openclaw"),
        format!("node {SCRIPT} openclaw --pair-only"),
        format!("node {SCRIPT}"),
        format!("vim {SCRIPT} openclaw"),
        "node /usr/lib/node_modules/openclaw/dist/index.js gateway openclaw".to_owned(),
        "/usr/bin/sophon-bridge openclaw".to_owned(),
        String::new(),
    ] {
        assert_eq!(carries(&process(&line, &[&token])), None, "{line}");
    }
}

#[test]
fn a_token_that_it_was_given_wins_over_the_stored_one() {
    let folder = tempfile::tempdir().unwrap();
    let credentials = format!(r#"{{"botToken":"{TOKEN}","installationId":"{ID}","savedAt":""}}"#);
    fs::write(folder.path().join("credentials.json"), credentials).unwrap();
    let place = format!("SOPHON_CONFIG_DIR={}", folder.path().display());
    let line = format!("node {SCRIPT} openclaw");
    assert_eq!(carries(&process(&line, &[&place])).as_deref(), Some(ID));
    let other = format!("SOPHON_BOT_TOKEN={}", TOKEN.replace("Ab3d", "Zz9z"));
    let carried = carries(&process(&line, &[&place, &other]));
    assert_eq!(carried.as_deref(), Some("inst_Zz9zEf6hIj9kLm2n"));
}

#[test]
fn credentials_that_cannot_be_read_name_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(npm::set_up_at(folder.path()), None);
    for text in ["", "{", "[]", "{}", r#"{"botToken":7}"#, r#"{"botToken":"no token"}"#] {
        fs::write(folder.path().join("credentials.json"), text).unwrap();
        assert_eq!(npm::set_up_at(folder.path()), None, "{text}");
    }
}

/// A process that looks like it, run by a shell with the name of node, until it is dropped.
#[cfg(unix)]
struct Disguised(std::process::Child);

#[cfg(unix)]
impl Disguised {
    fn start(home: &Path) -> Self {
        use std::io::Read as _;
        use std::os::unix::fs::symlink;
        use std::process::{Command, Stdio};
        let package = home.join("lib/node_modules/@sophonai/bridge/dist");
        fs::create_dir_all(&package).unwrap();
        fs::create_dir_all(home.join("bin")).unwrap();
        // Says that it runs, and waits until its input ends.
        fs::write(package.join("cli.js"), "echo\nread line\n").unwrap();
        symlink(package.join("cli.js"), home.join("bin/bridge")).unwrap();
        symlink("/bin/sh", home.join("bin/node")).unwrap();
        let mut command = Command::new(home.join("bin/node"));
        command.arg(home.join("bin/bridge")).arg("openclaw");
        command.env("HOME", home).env_remove("SOPHON_CONFIG_DIR");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // Before it runs, the system may show neither its command line nor its variables.
        child.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
        Self(child)
    }
}

#[cfg(unix)]
impl Drop for Disguised {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[cfg(unix)]
fn set_up(home: &Path) {
    fs::create_dir_all(home.join(".config/sophon")).unwrap();
    let credentials = format!(r#"{{"botToken":"{TOKEN}","savedAt":""}}"#);
    fs::write(home.join(".config/sophon/credentials.json"), credentials).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_running_one_is_found_and_so_is_its_end() {
    let home = tempfile::tempdir().unwrap();
    set_up(home.path());
    let running = Disguised::start(home.path());
    let pid = running.0.id();
    let mut watch = OtherBridgeWatch::start(InstallationId::new(ID));
    let soon = Duration::from_secs(20);
    let found = tokio::time::timeout(soon, watch.changed()).await.unwrap();
    assert_eq!(found, Some(OtherBridge::Running { pid }));
    assert!(found.unwrap().remedy().contains(&pid.to_string()));
    let other = InstallationId::new("inst_other");
    assert_eq!(look(&other), None);
    drop(running);
    watch.look_again();
    assert_eq!(tokio::time::timeout(soon, watch.changed()).await.unwrap(), None);
}

#[cfg(unix)]
#[test]
fn where_there_is_no_proc_it_is_found_in_the_list_of_processes() {
    let home = tempfile::tempdir().unwrap();
    set_up(home.path());
    let running = Disguised::start(home.path());
    let mut listed = processes::listed::of_this_user(npm::may_be_bridge);
    let ours = listed.find(|process| process.pid == running.0.id()).unwrap();
    let carried = npm::carries(&ours, Some(home.path()));
    assert_eq!(carried, Some(InstallationId::new(ID)));
}

#[test]
fn one_may_use_a_folder_unless_it_can_be_shown_to_use_another() {
    let home = tempfile::tempdir().unwrap();
    let (usual, other) = (home.path().join(".config/sophon"), home.path().join("other"));
    fs::create_dir_all(&usual).unwrap();
    fs::create_dir_all(&other).unwrap();
    let line = format!("node {SCRIPT} openclaw");
    let lives = format!("HOME={}", home.path().display());
    let chosen = format!("SOPHON_CONFIG_DIR={}", other.display());
    let gone = format!("SOPHON_CONFIG_DIR={}", home.path().join("gone").display());
    let token = format!("SOPHON_BOT_TOKEN={TOKEN}");
    let uses = |process: &Process, folder: &Path| npm::may_use(process, None, folder);
    assert!(uses(&process(&line, &[&lives]), &usual));
    assert!(!uses(&process(&line, &[&lives]), &other));
    assert!(uses(&process(&line, &[&lives, &chosen, &token]), &other));
    assert!(!uses(&process(&line, &[&lives, &chosen]), &usual));
    assert!(!uses(&process(&line, &[&lives, &gone]), &usual));
    assert!(uses(&process(&line, &[]), &usual), "what cannot be seen may be this folder");
    assert!(!uses(&process(&format!("node {SCRIPT} status"), &[&lives]), &usual));
}
