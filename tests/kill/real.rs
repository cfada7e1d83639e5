//! The same with real OpenClaw gateways of both generations.

use std::path::Path;
use std::time::Duration;

use gatewaylab::{GatewayOptions, RealGateway, ScriptedModel, Version};
use secrecy::ExposeSecret as _;
use simulator::cloud::{Bubble, Cloud, CloudOptions, Dialect, Said};
use tempfile::TempDir;

use crate::bridge::{Bridge, Launch};
use crate::diary::Diary;

const VERSIONS: [Version; 2] = [Version::V2026_5_6, Version::V2026_9_6];
/// How long anything may take: real gateways are slow to start a first run.
const PATIENCE: Duration = Duration::from_secs(120);
const SLOW: &str = "slow: 30";

/// A cloud, a real gateway, and a computer on which the program is killed.
struct Real {
    model: ScriptedModel,
    gateway: RealGateway,
    cloud: Cloud,
    launch: Launch,
    diary: Diary,
    _computer: TempDir,
}

impl Real {
    async fn new(version: Version) -> Self {
        let model = ScriptedModel::start().await.unwrap();
        let gateway = RealGateway::start(GatewayOptions::new(version), &model).await.unwrap();
        let options = CloudOptions {
            dialect: Dialect::Npm,
            resend_after: Duration::from_millis(500),
            ..CloudOptions::default()
        };
        let cloud = Cloud::start(options).await.unwrap();
        let (_, token) = cloud.mint_installation("A computer that dies");
        let computer = tempfile::tempdir().unwrap();
        let diary = Diary::new();
        let launch = Launch {
            data: computer.path().join("data"),
            home: computer.path().to_owned(),
            cloud: cloud.base_url(),
            token,
            gateway: gateway.url().to_string(),
            gateway_token: gateway.token().expose_secret().to_owned(),
            diary: diary.clone(),
        };
        Self { model, gateway, cloud, launch, diary, _computer: computer }
    }

    async fn start(&self) -> Bridge {
        let mut bridge = self.launch.start();
        bridge.ready().await;
        bridge
    }

    async fn streamed(&self, session: &str, text: &str) {
        self.seen(
            "streamed text",
            |bubbles| bubbles.iter().any(|b| b.streamed.contains(text)),
            session,
        )
        .await;
    }

    async fn seen(&self, what: &str, is_seen: impl Fn(&[Bubble]) -> bool, session: &str) {
        let seen =
            self.cloud.seen_within(PATIENCE, |view| is_seen(view.bubbles(session)).then_some(()));
        if seen.await.is_none() {
            self.fail(&format!("never seen: {what}"));
        }
    }

    /// Waits for the one end of the one bubble that answers a message.
    async fn answer_to(&self, session: &str, said: &Said) -> Bubble {
        let is_it = |bubble: &&Bubble| {
            bubble.interaction_id.as_deref() == Some(said.interaction_id.as_str())
        };
        let has_ended = |bubbles: &[Bubble]| {
            bubbles.iter().find(is_it).is_some_and(|bubble| bubble.end.is_some())
        };
        self.seen("the end of an answer", has_ended, session).await;
        let bubbles = self.cloud.bubbles(session);
        if bubbles.len() != 1 || bubbles[0].ends != 1 {
            self.fail(&format!("not one bubble with one end: {bubbles:#?}"));
        }
        bubbles.into_iter().next().unwrap()
    }

    /// How often the model was asked something that holds these words.
    fn asked(&self, words: &str) -> usize {
        let requests = self.model.requests();
        requests.iter().filter(|request| request.to_string().contains(words)).count()
    }

    /// Waits until the gateway has written these words into its files.
    async fn written(&self, words: &str) {
        let found = async {
            while !holds(&self.gateway.state_dir(), words) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, found).await.is_err() {
            self.fail("the gateway never wrote an answer into its files");
        }
    }

    fn fail(&self, what: &str) -> ! {
        for call in self.cloud.calls() {
            let entry = format!("cloud   {} {} {}", call.route, call.status, call.body);
            self.diary.note_at(call.at, entry);
        }
        self.diary.fail(&format!("{what}\n{}", self.gateway.log_tail()))
    }

    fn nothing_against_the_wire(&self) {
        let violations = self.cloud.violations();
        if !violations.is_empty() {
            self.fail(&format!("against the wire: {violations:#?}"));
        }
    }
}

fn holds(folder: &Path, words: &str) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return holds(&path, words);
        }
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(words.len()).any(|window| window == words.as_bytes())
    })
}

fn end_text(bubble: &Bubble) -> &str {
    bubble.end.as_ref().and_then(|end| end.text.as_deref()).unwrap_or_default()
}

fn words(count: u32) -> String {
    (0..count).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn real_gateways_lose_and_double_nothing_when_the_program_is_killed() {
    for version in VERSIONS {
        let mut real = Real::new(version).await;
        an_answer_goes_on(&real, version).await;
        an_answer_that_was_complete_meanwhile_is_delivered(&real, version).await;
        a_decision_finds_its_approval(&real, version).await;
        both_sides_die(&mut real, version).await;
        real.nothing_against_the_wire();
    }
}

async fn an_answer_goes_on(real: &Real, version: Version) {
    let session = "ses_on";
    let bridge = real.start().await;
    let said = real.cloud.say(session, SLOW);
    real.streamed(session, "w3").await;
    bridge.kill().await;
    let bridge = real.start().await;
    let bubble = real.answer_to(session, &said).await;
    assert_eq!(end_text(&bubble).trim(), words(30), "{version:?}");
    let streamed = &bubble.streamed;
    assert!(end_text(&bubble).starts_with(streamed), "{version:?}: {streamed}");
    assert_eq!(real.asked(SLOW), 1, "{version:?}");
    assert!(bridge.end().await.success());
}

async fn an_answer_that_was_complete_meanwhile_is_delivered(real: &Real, version: Version) {
    let session = "ses_meanwhile";
    let bridge = real.start().await;
    let said = real.cloud.say(session, "slow: 17");
    real.streamed(session, "w1").await;
    bridge.kill().await;
    real.written("w15 w16").await;
    let bridge = real.start().await;
    let bubble = real.answer_to(session, &said).await;
    assert_eq!(end_text(&bubble).trim(), words(17), "{version:?}");
    assert_eq!(real.asked("slow: 17"), 1, "{version:?}");
    assert!(bridge.end().await.success());
}

async fn a_decision_finds_its_approval(real: &Real, version: Version) {
    let session = "ses_decide";
    let bridge = real.start().await;
    let said = real.cloud.say(session, "run: echo STILL-ASKED");
    let asked = real.cloud.seen_within(PATIENCE, |view| view.approvals(session).first().cloned());
    let asked = asked.await.expect("the phone is asked");
    bridge.kill().await;
    real.cloud.decide(&asked.approval_id, "approve");
    let bridge = real.start().await;
    let bubble = real.answer_to(session, &said).await;
    assert!(end_text(&bubble).contains("STILL-ASKED"), "{version:?}: {}", end_text(&bubble));
    assert_eq!(real.cloud.approvals(session).len(), 1, "{version:?}");
    let cards = real.cloud.tasks(session);
    assert_eq!(cards.len(), 1, "{version:?}: {cards:#?}");
    assert!(cards[0].finish.is_some(), "{version:?}: {cards:#?}");
    assert!(bridge.end().await.success());
}

async fn both_sides_die(real: &mut Real, version: Version) {
    let session = "ses_both";
    let bridge = real.start().await;
    let said = real.cloud.say(session, "slow: 23");
    real.streamed(session, "w3").await;
    bridge.kill().await;
    real.gateway.kill().await;
    real.gateway.restart().await.unwrap();
    let bridge = real.start().await;
    let bubble = real.answer_to(session, &said).await;
    assert!(end_text(&bubble).trim().ends_with(&words(23)), "{version:?}: {}", end_text(&bubble));
    let next = real.cloud.say("ses_after", "say: alive");
    assert_eq!(end_text(&real.answer_to("ses_after", &next).await), "alive", "{version:?}");
    assert!(bridge.end().await.success());
}
