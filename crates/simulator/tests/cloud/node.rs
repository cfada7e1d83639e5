//! The encryption of a bridge that shares no code with the simulator: Node.js, with WebCrypto and
//! TweetNaCl.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// A running `peer.mjs`; it ends with its input.
pub(crate) struct Node {
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    process: Child,
}

impl Node {
    pub(crate) fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cloud/peer.mjs");
        let mut process = Command::new("node")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Node.js 20.11 or newer on the PATH");
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { input: process.stdin.take(), output, process }
    }

    pub(crate) fn new_key(&mut self) -> String {
        self.text(&json!(["newKey"]))
    }

    pub(crate) fn public_key(&mut self, secret: &str) -> String {
        self.text(&json!(["publicKey", secret]))
    }

    pub(crate) fn seal(&mut self, key: &str, path: &str, text: &str) -> String {
        self.text(&json!(["seal", key, path, text]))
    }

    /// Opens an envelope; nothing where the key does not fit or the form is another.
    pub(crate) fn open(&mut self, key: &str, path: &str, envelope: &Value) -> Option<String> {
        self.call(&json!(["open", key, path, envelope]))["result"].as_str().map(ToOwned::to_owned)
    }

    pub(crate) fn grant(&mut self, pubkey: &Value, key: &str) -> String {
        self.text(&json!(["grant", pubkey, key]))
    }

    /// Opens a granted key; nothing where it was granted to another device.
    pub(crate) fn open_grant(&mut self, secret: &str, grant: &Value) -> Option<String> {
        let opened = self.call(&json!(["openGrant", secret, grant]));
        opened["result"].as_str().map(ToOwned::to_owned)
    }

    fn text(&mut self, call: &Value) -> String {
        let answer = self.call(call);
        answer["result"].as_str().unwrap_or_else(|| panic!("{call}: {answer}")).to_owned()
    }

    fn call(&mut self, call: &Value) -> Value {
        writeln!(self.input.as_mut().unwrap(), "{call}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.input.take());
        // It has nothing left to do, and whether it failed has been seen by its answers.
        let _ = self.process.wait();
    }
}
