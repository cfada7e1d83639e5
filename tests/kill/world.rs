//! A cloud, a gateway, and a computer on which the program is started again and again.

use std::time::Duration;

use simulator::cloud::{Bubble, Cloud, CloudOptions, Dialect, RateTable, Said};
use simulator::gateway::{Gateway, GatewayOptions};
use tempfile::TempDir;

use crate::bridge::Launch;
use crate::diary::Diary;

/// How long anything may take before it counts as lost.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How soon the cloud sends again what was not acknowledged.
pub(crate) const RESEND: Duration = Duration::from_millis(500);

/// Everything around the program.
pub(crate) struct World {
    pub(crate) cloud: Cloud,
    pub(crate) gateway: Gateway,
    pub(crate) launch: Launch,
    pub(crate) diary: Diary,
    _computer: TempDir,
}

impl World {
    pub(crate) async fn new(gateway: GatewayOptions) -> Self {
        let gateway = Gateway::start(gateway).await.unwrap();
        let url = gateway.url();
        Self::around(gateway, url).await
    }

    /// A world whose program looks for the gateway at this URL.
    pub(crate) async fn around(gateway: Gateway, url: String) -> Self {
        let options = CloudOptions {
            dialect: Dialect::Npm,
            rates: RateTable::lifted(),
            resend_after: RESEND,
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
            gateway: url,
            gateway_token: gateway.token().to_owned(),
            diary: diary.clone(),
        };
        Self { cloud, gateway, launch, diary, _computer: computer }
    }

    /// Waits for the end of the bubble that answers a message; gives none if it never comes.
    pub(crate) async fn end_of(&self, session: &str, said: &Said) -> Option<Bubble> {
        let interaction = Some(said.interaction_id.as_str());
        let ended = self.cloud.seen_within(PATIENCE, |view| {
            let mut bubbles = view.bubbles(session).iter();
            let answer = bubbles.find(|bubble| bubble.interaction_id.as_deref() == interaction);
            answer.filter(|bubble| bubble.end.is_some()).cloned()
        });
        ended.await
    }

    /// The person writes, and the answer is complete; returns its text.
    pub(crate) async fn answer_to(&self, session: &str, said: &Said) -> String {
        match self.end_of(session, said).await {
            Some(bubble) => bubble.end.and_then(|end| end.text).unwrap_or_default(),
            None => self.fail("an answer never ended"),
        }
    }

    /// Writes a message and waits for the text of its answer.
    pub(crate) async fn ask(&self, session: &str, text: &str) -> String {
        let said = self.cloud.say(session, text);
        self.answer_to(session, &said).await
    }

    /// Waits until something is seen at the cloud.
    pub(crate) async fn seen<T>(
        &self,
        what: &str,
        look: impl Fn(&simulator::cloud::CloudView<'_>) -> Option<T>,
    ) -> T {
        let seen = self.cloud.seen_within(PATIENCE, look).await;
        seen.unwrap_or_else(|| self.fail(&format!("never seen at the cloud: {what}")))
    }

    /// Fails, and leaves the whole story in a file.
    pub(crate) fn fail(&self, what: &str) -> ! {
        self.note_calls();
        self.diary.fail(what)
    }

    fn note_calls(&self) {
        for call in self.cloud.calls() {
            let entry = format!("cloud   {} {} {}", call.route, call.status, call.body);
            self.diary.note_at(call.at, entry);
        }
        for call in self.gateway.calls() {
            self.diary.note_at(call.at, format!("gateway {} {}", call.method, call.params));
        }
        for run in self.gateway.runs() {
            let begun = format!("gateway run {} {:?}: {}", run.run_id, run.outcome, run.message);
            self.diary.note_at(run.started_at, begun);
        }
    }

    /// Checks that nobody broke the rules of a wire.
    pub(crate) fn nothing_against_the_wires(&self) {
        let mut violations = self.cloud.violations();
        violations.extend(self.gateway.violations());
        if !violations.is_empty() {
            self.fail(&format!("against the wires: {violations:#?}"));
        }
    }
}
