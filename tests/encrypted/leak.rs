//! A life of the real program with a word of its own in everything that can be said. Whatever the
//! cloud received, the program wrote down, or the program logged is searched for these words and for
//! every key, in all forms.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::PoisonError;

use flows::SOON;
use sap::CloudUrl;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use simulator::cloud::{Attachment, Cloud, CloudView, Fault, Grant, Message, RecordedCall, Said};
use simulator::gateway::{Gateway, GatewayOptions, Generation};
use vault::{Place, Preference, Vault};

use crate::disguise::Search;
use crate::program::Launch;
use crate::setup::{cloud_options, never_taken, words};

const CHAT: &str = "ses_leak";
const LATE: &str = "ses_leak_late";

/// What only the person says, or the model only thinks: the cloud is told nothing of it by a bridge.
const NEVER_SENT: [&str; 4] = ["marmalade", "pistachio", "frangipane", "nougatine"];
/// What the phone reads: streamed text, arguments, output, what was printed before a failure, a
/// denied command, an end that waits, an answer to a message that waits for its key, a stopped
/// answer, the folder of commands, what is wrong with the model, and labels.
const READ: [&str; 13] = [
    "gingerbread",
    "tamarind",
    "persimmon",
    "elderberry",
    "cranberry",
    "butternut",
    "pomegranate",
    "w0 w1 w2 w3 w4",
    "/home/owner/workspace",
    "refused the credentials",
    "Allowed",
    // Title and explanation of a plugin's question.
    "butterscotch",
    "cardamom",
];
/// A command whose output does not stand in it: first one word, then another, and it fails.
const COMMAND: &str = "true tamarind; echo per'simm'on; sleep 0.4; echo el'derb'erry; exit 3";

/// What can be searched afterwards.
struct Evidence {
    cloud: Vec<u8>,
    files: Vec<u8>,
    log: Vec<u8>,
    /// Keys by name.
    keys: Vec<(String, Vec<u8>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Open,
    Encrypted,
}

#[tokio::test]
async fn of_an_encrypted_session_nothing_can_be_read_at_the_cloud_in_files_or_in_logs() {
    for generation in [Generation::Newer, Generation::Older] {
        let evidence = live(generation, Mode::Encrypted).await;
        let search = Search::for_words(&[&NEVER_SENT[..], &READ[..]].concat());
        assert_eq!(search.found_in(&evidence.cloud), BTreeSet::new(), "{generation:?}: the cloud");
        nothing_is_left(&evidence, &search, generation);
    }
}

#[tokio::test]
async fn of_an_open_session_everything_is_found_at_the_cloud_and_nothing_in_files_or_in_logs() {
    for generation in [Generation::Newer, Generation::Older] {
        let evidence = live(generation, Mode::Open).await;
        for word in READ {
            let search = Search::for_words(&[word]);
            let found = search.found_in(&evidence.cloud);
            assert!(!found.is_empty(), "{generation:?}: {word} is not found where it is");
        }
        let search = Search::for_words(&[&NEVER_SENT[..], &READ[..]].concat());
        nothing_is_left(&evidence, &search, generation);
    }
}

fn nothing_is_left(evidence: &Evidence, content: &Search, generation: Generation) {
    let nothing = BTreeSet::new();
    assert_eq!(content.found_in(&evidence.files), nothing, "{generation:?}: the data folder");
    assert_eq!(content.found_in(&evidence.log), nothing, "{generation:?}: the log");
    assert!(evidence.log.len() > 1000, "{generation:?}: nothing is logged");
    let mut keys = Search::new();
    evidence.keys.iter().for_each(|(name, key)| keys.add(name, key));
    assert_eq!(keys.found_in(&evidence.cloud), nothing, "{generation:?}: the cloud");
    assert_eq!(keys.found_in(&evidence.files), nothing, "{generation:?}: the data folder");
    assert_eq!(keys.found_in(&evidence.log), nothing, "{generation:?}: the log");
}

/// The world around the program.
struct World {
    gateway: Gateway,
    cloud: Cloud,
}

async fn live(generation: Generation, mode: Mode) -> Evidence {
    let gateway = Gateway::start(GatewayOptions::of(generation)).await.unwrap();
    let cloud = Cloud::start(cloud_options()).await.unwrap();
    let (_, token) = cloud.mint_installation("A computer with secrets");
    let computer = tempfile::tempdir().unwrap();
    let (base, url) = (cloud.base_url(), gateway.url());
    let gateway_token = gateway.token().to_owned();
    let world = World { gateway, cloud };
    let launch = Launch {
        home: computer.path(),
        cloud: &base,
        token: &token,
        gateway: &url,
        gateway_token: &gateway_token,
        said: Default::default(),
    };
    let data = computer.path().join("data");
    let mut files = Vec::new();
    if mode == Mode::Encrypted {
        world.cloud.encrypt_session(CHAT);
        world.cloud.encrypt_session_with(LATE, Grant::Later);
    }

    let program = launch.start();
    world.talk().await;
    world.use_tools(&data, &mut files).await;
    world.let_a_plugin_ask(&data, &mut files).await;
    let stopped = world.cloud.say(CHAT, "slow: 100");
    world.streamed(&stopped, "w6").await;
    files.extend(all_bytes(&data));
    program.kill().await;
    files.extend(all_bytes(&data));
    world.cloud.cancel(CHAT, Some(&stopped.interaction_id));
    world.cloud.fault(never_taken("sendMessageEnd"));
    let program = launch.start();
    let undelivered = world.cloud.say(CHAT, "say: butternut");
    let late = world.cloud.say(LATE, "[frangipane] say: pomegranate");
    world.refused("sendMessageEnd").await;
    world.seen("an acknowledgement", |view| view.is_acked(&late.update_id)).await;
    files.extend(all_bytes(&data));
    program.kill().await;
    files.extend(all_bytes(&data));

    world.cloud.fault(Fault::Clear);
    let program = launch.start();
    if mode == Mode::Encrypted {
        world.cloud.hand_key(LATE, Grant::Now);
    }
    for (session, said) in [(CHAT, &stopped), (CHAT, &undelivered), (LATE, &late)] {
        world.ended(session, said).await;
    }
    let tablet = world.cloud.join_phone("Tablet");
    if mode == Mode::Encrypted {
        world.seen("the tablet's key", |view| view.holds_key(&tablet, LATE)).await;
    }
    program.end().await;
    files.extend(all_bytes(&data));
    world.phone_reads_everything(generation);
    assert_eq!(world.cloud.violations(), Vec::<String>::new());

    let mut keys = keys(&data, &base).await;
    let sessions = keys.iter().filter(|(name, _)| name.starts_with("session")).count();
    assert_eq!(sessions, if mode == Mode::Encrypted { 2 } else { 0 });
    let secret = token.rsplit_once('_').unwrap().1.as_bytes().to_vec();
    keys.push(("bridge token".to_owned(), secret));
    keys.push(("gateway token".to_owned(), gateway_token.clone().into_bytes()));
    let log = launch.said.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Evidence { cloud: world.cloud.received().join(&b'\n'), files, log, keys }
}

impl World {
    /// Words, a file, thoughts, and a model that fails.
    async fn talk(&self) {
        self.ask("[marmalade] say: gingerbread").await;
        self.ask("think: nougatine").await;
        self.ask("error: 401").await;
        let file = Attachment {
            name: "pistachio.png".into(),
            mime: "image/png".into(),
            bytes: b"marmalade".to_vec(),
        };
        let text = "[marmalade] look".to_owned();
        let message = Message { text, attachments: vec![file], ..Message::default() };
        let said = self.cloud.say_with(CHAT, message);
        self.ended(CHAT, &said).await;
    }

    /// A command that is allowed and fails, and one that is denied.
    async fn use_tools(&self, data: &Path, files: &mut Vec<u8>) {
        let said = self.cloud.say(CHAT, &format!("[marmalade] run: {COMMAND}"));
        let asked = self.asked(0).await;
        files.extend(all_bytes(data));
        self.cloud.decide(&asked, "approve");
        self.ended(CHAT, &said).await;
        let said = self.cloud.say(CHAT, "run: true cranberry");
        let asked = self.asked(1).await;
        self.cloud.decide(&asked, "deny");
        self.ended(CHAT, &said).await;
    }

    /// A plugin of the agent asks while the agent answers.
    async fn let_a_plugin_ask(&self, data: &Path, files: &mut Vec<u8>) {
        let said = self.cloud.say(CHAT, "slow: 10");
        self.streamed(&said, "w1").await;
        let key = format!("agent:main:{CHAT}");
        self.gateway.ask_plugin_approval(&key, "butterscotch", "cardamom");
        let asked = self.asked(2).await;
        files.extend(all_bytes(data));
        self.cloud.decide(&asked, "approve");
        let told = |gateway: &Gateway| gateway.last_call_of("plugin.approval.resolve").map(drop);
        self.gateway.wait_for(SOON, told).await.expect("the gateway is told");
        self.ended(CHAT, &said).await;
    }

    async fn ask(&self, text: &str) {
        let said = self.cloud.say(CHAT, text);
        self.ended(CHAT, &said).await;
    }

    async fn seen(&self, what: &str, is_seen: impl Fn(&CloudView<'_>) -> bool) {
        self.cloud.wait_for(what, SOON, |view| is_seen(view).then_some(())).await;
    }

    async fn ended(&self, session: &str, said: &Said) {
        let interaction = Some(said.interaction_id.as_str());
        let is_over = |view: &CloudView<'_>| {
            let mut bubbles = view.bubbles(session).iter();
            bubbles.any(|it| it.interaction_id.as_deref() == interaction && it.end.is_some())
        };
        if self.cloud.seen_within(SOON, |view| is_over(view).then_some(())).await.is_none() {
            let messages: Vec<_> =
                self.gateway.runs().into_iter().map(|run| (run.message, run.outcome)).collect();
            panic!("no end: {messages:#?} {:#?}", self.cloud.bubbles(session));
        }
    }

    async fn streamed(&self, said: &Said, text: &str) {
        let interaction = Some(said.interaction_id.as_str());
        let is_there = |view: &CloudView<'_>| {
            let mut bubbles = view.bubbles(CHAT).iter();
            bubbles
                .any(|it| it.interaction_id.as_deref() == interaction && it.streamed.contains(text))
        };
        self.seen("streamed text", is_there).await;
    }

    async fn refused(&self, route: &str) {
        let is_it = |call: &RecordedCall| call.route == route && call.status == 503;
        self.seen("a refused call", |view| view.calls().iter().any(is_it)).await;
    }

    /// Waits for the approval with this number.
    async fn asked(&self, number: usize) -> String {
        let card = |view: &CloudView<'_>| view.approvals(CHAT).get(number).cloned();
        self.cloud.wait_for("a request", SOON, card).await.approval_id
    }

    #[track_caller]
    fn phone_reads_everything(&self, generation: Generation) {
        let cloud = &self.cloud;
        let said: String =
            [CHAT, LATE].iter().map(|session| format!("{:?}", cloud.bubbles(session))).collect();
        let cards = cloud.tasks(CHAT);
        let shown = format!("{said} {cards:?} {:?}", cloud.approvals(CHAT));
        for word in READ {
            assert!(shown.contains(word), "the phone never reads {word}: {shown}");
        }
        assert!(said.contains(&words(5)));
        let in_a_card = |has: &dyn Fn(&simulator::cloud::Task) -> bool| cards.iter().any(has);
        assert!(in_a_card(&|card| {
            card.args.as_ref().is_some_and(|args| args.to_string().contains("tamarind"))
        }));
        // What came of a command that the older gateway asked about stands in the answer alone.
        let has_error = |card: &simulator::cloud::Task| {
            card.finish.as_ref().is_some_and(|end| end.error.is_some())
        };
        assert!(generation == Generation::Older || in_a_card(&has_error));
    }
}

/// The keys that are kept, by name.
async fn keys(data: &Path, cloud: &str) -> Vec<(String, Vec<u8>)> {
    let place = Place::at(data, None, Preference::FileOnly);
    let (vault, _) = Vault::open(place).await.unwrap();
    let prefix = format!("{} ", CloudUrl::parse(cloud).unwrap().origin_key());
    let key = |name: &str| {
        let kept = vault.key(&format!("{prefix}{name}")).unwrap();
        kept.map(|key| key.expose_secret().to_vec())
    };
    let mut keys: Vec<_> = ["cloud/device-key", "journal/key", "gateway/device-key"]
        .into_iter()
        .map(|name| (name.to_owned(), key(name).expect(name)))
        .collect();
    let Some(kept) = key("cloud/session-keys") else { return keys };
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    for (session, held) in kept["keys"].as_object().unwrap() {
        for hex in held.as_array().unwrap() {
            keys.push((format!("session key of {session}"), unhex(hex.as_str().unwrap())));
        }
    }
    keys
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// What every file of a folder holds, and what it is called.
fn all_bytes(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        names.push(path.display().to_string());
        // A file may go at any moment.
        bytes.extend(fs::read(&path).unwrap_or_default());
    }
    assert!(names.iter().any(|name| name.ends_with(".sqlite")), "{names:?}");
    bytes.extend(names.join("\n").into_bytes());
    bytes
}
