//! A demonstration that plays itself: what the person does, and what must come of it.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use simulator::cloud::{ApprovalCard, Bubble, Cloud, CloudView, Finish, Said, Task};
use tokio::time::timeout;
use url::Url;

use super::gateway::DemoGateway;
use super::page;
use super::transcript::{Transcript, one_line};
use crate::bridge::Bridge;
use crate::steps::spoken;

/// The chat in which everything happens.
const CHAT: &str = "ses_demonstration";
/// How long anything may take that has to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Plays every scene; fails where something is missing, after the last one.
///
/// # Errors
/// When the computer cannot be paired: nothing else can be shown then.
pub(super) async fn play(
    cloud: &Cloud,
    mut bridge: Bridge,
    gateway: &DemoGateway,
) -> anyhow::Result<ExitCode> {
    ensure!(gateway.follows_script(), "the script is not for the model of this gateway");
    let began = Instant::now();
    let stage = Stage { cloud, transcript: Transcript::new() };
    let shown = &stage.transcript;
    shown.scene("Pairing");
    stage.pair(&mut bridge).await.with_context(|| complaints(&bridge))?;

    let mut missing = Vec::new();
    let mut note = |title: &str, outcome: anyhow::Result<()>| {
        if let Err(error) = outcome {
            shown.missing(&format!("{error:#}"));
            missing.push(title.to_owned());
        }
    };
    shown.scene("A question");
    note("the answer to a question", stage.question().await);
    shown.scene("A command that the person allows");
    note("a command that runs", stage.allowed().await);
    shown.scene("A command that the person denies");
    note("a command that does not run", stage.denied().await);
    shown.scene("A long answer that the person stops");
    note("an answer that stops", stage.stopped().await);
    shown.scene("Two messages at once");
    note("two answers in order", stage.two_at_once().await);
    shown.scene("Afterwards");
    note("keeping to the wire", stage.kept_to_the_wire());

    let calls = cloud.look(|view| view.calls().len());
    let took = spoken(began.elapsed());
    if missing.is_empty() {
        println!("\nEverything happened as it should, in {took} and {calls} requests.");
        return Ok(ExitCode::SUCCESS);
    }
    println!("\nMissing after {took}: {}.", missing.join("; "));
    println!("{}", complaints(&bridge));
    Ok(ExitCode::FAILURE)
}

fn complaints(bridge: &Bridge) -> String {
    match bridge.complaints() {
        said if said.is_empty() => "sophon-bridge said nothing about it".to_owned(),
        said => format!("sophon-bridge said: {said}"),
    }
}

struct Stage<'a> {
    cloud: &'a Cloud,
    transcript: Transcript,
}

impl Stage<'_> {
    async fn pair(&self, bridge: &mut Bridge) -> anyhow::Result<()> {
        let began = Instant::now();
        let started = event(bridge, "pairing_started").await?;
        let code = started["code"].as_str().context("no code")?;
        let link = started["browser_url"].as_str().context("no page to confirm on")?;
        self.transcript.bridge(&format!("shows the code {code} and the page {link}"));
        let computer = page::approve(&Url::parse(link)?).await?;
        self.transcript.person(&format!("signs in, reads \"{computer}\", and approves"));
        let claimed = event(bridge, "pairing_claimed").await?;
        let installation = claimed["installation_id"].as_str().unwrap_or_default();
        self.transcript.bridge(&format!("is paired as {installation}"));
        let ready = event(bridge, "ready").await?;
        let gateway = ready["openclaw_url"].as_str().unwrap_or_default();
        self.transcript.bridge(&format!("is connected to the cloud and to {gateway}"));
        self.transcript.aside(&format!("{} after its start", spoken(began.elapsed())));
        Ok(())
    }

    async fn question(&self) -> anyhow::Result<()> {
        let (said, at) = self.say("good morning");
        let bubble = self.answer(&said, at).await?;
        ensure!(bubble.shown().starts_with("Hello!"), "no greeting but: {}", bubble.shown());
        ensure!(bubble.shown().starts_with(&bubble.streamed), "it streamed another text");
        Ok(())
    }

    async fn allowed(&self) -> anyhow::Result<()> {
        let (said, at) = self.say("run: echo hello from the shell");
        let card = self.request(&said).await?;
        ensure!(card.command.as_deref() == Some("echo hello from the shell"), "another command");
        self.decide(&card, "approve");
        let (_, finish) = self.tool(&said).await?;
        ensure!(finish.status == "completed", "the tool is {}", finish.status);
        let bubble = self.answer(&said, at).await?;
        ensure!(bubble.shown().contains("hello from the shell"), "the output is not told");
        Ok(())
    }

    async fn denied(&self) -> anyhow::Result<()> {
        let (said, at) = self.say("run: rm -r photos");
        let card = self.request(&said).await?;
        self.decide(&card, "deny");
        let (_, finish) = self.tool(&said).await?;
        ensure!(finish.status != "completed", "the tool is {}", finish.status);
        self.answer(&said, at).await?;
        Ok(())
    }

    async fn stopped(&self) -> anyhow::Result<()> {
        let (said, at) = self.say("slow: 200");
        let begun = |view: &CloudView<'_>| {
            let bubble = bubble_of(view, &said)?;
            bubble.streamed.contains("w5").then(|| bubble.streamed.clone())
        };
        let so_far = self.seen("the beginning of the answer", begun).await?;
        self.transcript.agent(&format!("{} …", one_line(&so_far)));
        self.cloud.cancel(CHAT, Some(&said.interaction_id));
        let stopped_at = Instant::now();
        self.transcript.person("stop");
        let bubble = self.answer(&said, at).await?;
        let took = bubble.ended_at.unwrap_or(stopped_at).saturating_duration_since(stopped_at);
        self.transcript.aside(&format!("stopped after {}", spoken(took)));
        ensure!(!bubble.shown().contains("w199"), "the answer went on to its end");
        ensure!(took < Duration::from_secs(5), "it took too long to stop");
        Ok(())
    }

    async fn two_at_once(&self) -> anyhow::Result<()> {
        let (first, first_at) = self.say("say: This answers the first message.");
        let (second, second_at) = self.say("say: And this answers the second.");
        let one = self.answer(&first, first_at).await?;
        let two = self.answer(&second, second_at).await?;
        ensure!(one.shown().contains("the first"), "the first answer is another one");
        ensure!(two.shown().contains("the second"), "the second answer is another one");
        ensure!(one.ended_at <= two.ended_at, "the second answer came first");
        Ok(())
    }

    fn kept_to_the_wire(&self) -> anyhow::Result<()> {
        let violations = self.cloud.violations();
        if !violations.is_empty() {
            bail!("the bridge broke the rules of the wire: {}", violations.join("; "));
        }
        self.transcript.bridge("kept to every rule of the wire that the cloud checks");
        Ok(())
    }

    fn say(&self, text: &str) -> (Said, Instant) {
        self.transcript.person(text);
        (self.cloud.say(CHAT, text), Instant::now())
    }

    fn decide(&self, card: &ApprovalCard, decision: &str) {
        self.transcript.person(decision);
        self.cloud.decide(&card.approval_id, decision);
    }

    /// Waits for a request for consent and shows it.
    async fn request(&self, said: &Said) -> anyhow::Result<ApprovalCard> {
        let found = |view: &CloudView<'_>| {
            let mine =
                |card: &&ApprovalCard| card.interaction_id.as_ref() == Some(&said.interaction_id);
            view.approvals(CHAT).iter().find(mine).cloned()
        };
        let card = self.seen("the request for consent", found).await?;
        let command = card.command.as_deref().unwrap_or_default();
        let host = card.host.as_deref().unwrap_or("this computer");
        self.transcript.request(&format!("{}: `{command}` on {host}", card.title));
        self.transcript.aside(&format!("{} risk; {}", card.severity, one_line(&card.message)));
        Ok(card)
    }

    /// Waits until a tool has ended and shows its card.
    async fn tool(&self, said: &Said) -> anyhow::Result<(Task, Finish)> {
        let found = |view: &CloudView<'_>| {
            let mine = |task: &&Task| task.interaction_id.as_ref() == Some(&said.interaction_id);
            let task = view.tasks(CHAT).iter().find(mine)?;
            Some((task.clone(), task.finish.clone()?))
        };
        let (task, finish) = self.seen("the end of the tool", found).await?;
        let label = task.status_label.as_deref().unwrap_or_default();
        self.transcript.tool(&format!("{} {label}: {}", task.kind, finish.status));
        let outcome = finish.error.clone().or_else(|| finish.result.as_ref().map(readable));
        if let Some(outcome) = outcome {
            self.transcript.aside(&one_line(&outcome));
        }
        Ok((task, finish))
    }

    /// Waits until an answer has ended and shows it.
    async fn answer(&self, said: &Said, at: Instant) -> anyhow::Result<Bubble> {
        let ended = |view: &CloudView<'_>| {
            bubble_of(view, said).filter(|bubble| bubble.ended_at.is_some()).cloned()
        };
        let bubble = self.seen("the end of the answer", ended).await?;
        self.transcript.agent(&one_line(bubble.shown()));
        let after =
            |when: Option<Instant>| spoken(when.unwrap_or(at).saturating_duration_since(at));
        let (first, whole) = (after(bubble.first_delta_at), after(bubble.ended_at));
        let pieces = bubble.deltas.len();
        let aside = format!("first words after {first}, whole after {whole}, pieces: {pieces}");
        self.transcript.aside(&aside);
        ensure!(bubble.ends == 1, "it ended {} times", bubble.ends);
        Ok(bubble)
    }

    async fn seen<T>(
        &self,
        what: &str,
        look: impl Fn(&CloudView<'_>) -> Option<T>,
    ) -> anyhow::Result<T> {
        let seen = self.cloud.seen_within(PATIENCE, look).await;
        seen.with_context(|| format!("{what} did not come within {}", spoken(PATIENCE)))
    }
}

fn bubble_of<'a>(view: &CloudView<'a>, said: &Said) -> Option<&'a Bubble> {
    let mine = |bubble: &&Bubble| bubble.interaction_id.as_ref() == Some(&said.interaction_id);
    view.bubbles(CHAT).iter().find(mine)
}

/// Waits for an event of the bridge.
async fn event(bridge: &mut Bridge, name: &str) -> anyhow::Result<Value> {
    let found = async {
        while let Some(event) = bridge.next_event().await {
            if event["event"] == name {
                return Ok(event);
            }
        }
        bail!("sophon-bridge ended before it said \"{name}\"")
    };
    let late = || format!("sophon-bridge did not say \"{name}\" within {}", spoken(PATIENCE));
    timeout(PATIENCE, found).await.with_context(late)?
}

/// A tool's result: its text where it has one.
fn readable(result: &Value) -> String {
    let text = result.as_str().or_else(|| result.pointer("/content/0/text")?.as_str());
    text.map_or_else(|| result.to_string(), ToOwned::to_owned)
}
