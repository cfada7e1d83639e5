//! The other implementation itself, `vectors.mjs`, at work. It needs Node.js with npm.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::Value;

use super::vectors::Vectors;

const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };
const FILES: [&str; 3] = ["package.json", "package-lock.json", "vectors.mjs"];

/// What the script found in what was sealed here.
#[derive(Deserialize)]
struct Opened {
    plaintexts: Vec<String>,
    content_keys: Vec<String>,
}

/// Installs the script with the package that it needs into a folder of its own.
fn install(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sealed").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("sealed");
    for file in FILES {
        std::fs::copy(sources.join(file), folder.join(file)).unwrap();
    }
    let output = Command::new(NPM)
        .args(["ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"])
        .args(["--no-update-notifier", "--loglevel=error"])
        .current_dir(&folder)
        .output()
        .unwrap_or_else(|error| panic!("npm cannot be started, install Node.js with npm: {error}"));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "npm failed; can its registry be reached? {complaint}");
    folder
}

fn run(folder: &Path, mode: &str, input: &str) -> String {
    let mut node = Command::new("node")
        .args(["vectors.mjs", mode])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("node cannot be started, install Node.js: {error}"));
    // The script reads all of its input before it writes anything.
    node.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the script failed: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_other_implementation_opens_what_is_sealed_here() {
    let mut sealed = Vectors::read();
    for blob in &mut sealed.blobs {
        let envelope = blob.seal().as_str().to_owned();
        assert!(blob.plaintext.is_empty() || envelope != blob.envelope, "a nonce came twice");
        blob.envelope = envelope;
    }
    for grant in &mut sealed.grants {
        grant.sealed = grant.seal();
    }

    let output = run(&install("open"), "open", &serde_json::to_string(&sealed).unwrap());
    let opened: Opened = serde_json::from_str(&output).unwrap();

    let plaintexts: Vec<&String> = sealed.blobs.iter().map(|blob| &blob.plaintext).collect();
    assert_eq!(opened.plaintexts.iter().collect::<Vec<_>>(), plaintexts);
    let keys: Vec<&String> = sealed.grants.iter().map(|grant| &grant.content_key).collect();
    assert_eq!(opened.content_keys.iter().collect::<Vec<_>>(), keys);
}

#[test]
fn the_vectors_are_those_that_the_script_makes() {
    let made: Value = serde_json::from_str(&run(&install("make"), "make", "")).unwrap();
    let kept: Value = serde_json::from_str(include_str!("vectors.json")).unwrap();
    assert!(made == kept, "make vectors.json anew: `node vectors.mjs make > vectors.json`");
}
