//! What was promised: nothing lost, nothing doubled.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::Value;
use simulator::cloud::{ApprovalCard, Bubble, Task};
use simulator::gateway::{RunOutcome, RunRecord};

use crate::person::{Asked, Kind, slow_words};
use crate::world::World;

/// Beginning of what the agent says when it hears what came of an approval.
const OUTCOME: &str = "Tool said: Exec";
/// How an honest failure begins, and the whole of a stop before the first word.
const FAILURE: &str = "⚠️";
const STOPPED: &str = "Stopped.";
/// How long a question may be on its way to the phone: the gateway may die meanwhile.
const ON_ITS_WAY: Duration = Duration::from_secs(2);
/// What an answer says when a command ran that nobody allowed.
const RAN: [&str; 2] = ["Tool said: untouched", "Exec finished"];

/// Says what is still going on; nothing where all has come to its end.
pub(crate) fn unfinished(world: &World, asked: &[Asked]) -> Option<String> {
    let unacked = world.cloud.look(|view| {
        asked.iter().find(|asked| !view.is_acked(&asked.said.update_id)).map(|it| it.text.clone())
    });
    if let Some(text) = unacked {
        return Some(format!("never acknowledged: {text}"));
    }
    for session in sessions(asked) {
        let tasks = world.cloud.tasks(session);
        if let Some(task) = tasks.iter().find(|task| task.finish.is_none()) {
            return Some(format!("a card that is never finished: {task:?}"));
        }
    }
    let run = world.gateway.runs().into_iter().find(|run| run.outcome == RunOutcome::Running);
    if let Some(run) = run {
        return Some(format!("a run that never ended: {run:?}"));
    }
    let pending = world.gateway.pending_approvals();
    (!pending.is_empty()).then(|| format!("approvals that nobody can decide: {pending:?}"))
}

/// Lists every broken promise, each with the words of its message.
pub(crate) fn broken(world: &World, asked: &[Asked]) -> Vec<String> {
    let restarts = world.gateway.restarts();
    let runs = world.gateway.runs();
    let mut broken = Vec::new();
    for asked in asked {
        let told = answer(world, asked, &restarts).err();
        let ran = heard_once(world, asked, &runs, &restarts).err();
        let said = told.into_iter().chain(ran);
        broken.extend(said.map(|what| format!("{}: {what}", asked.text)));
    }
    for session in sessions(asked) {
        let here = asked.iter().filter(|asked| asked.session == session);
        let wanted: Vec<&str> = here.map(|asked| asked.said.interaction_id.as_str()).collect();
        let bubbles = world.cloud.bubbles(session);
        let opened = bubbles.iter().map(|it| it.interaction_id.as_deref().unwrap_or("nothing"));
        if !opened.clone().eq(wanted.iter().copied()) {
            let opened: Vec<_> = opened.collect();
            broken.push(format!("{session}: bubbles for {opened:?} instead of {wanted:?}"));
        }
        for task in world.cloud.tasks(session) {
            broken.extend(card(&task).err());
        }
        for approval in world.cloud.approvals(session) {
            broken.extend(approval_once(world, &approval, &runs, &restarts).err());
        }
    }
    broken.extend(world.cloud.violations());
    broken.extend(world.gateway.violations());
    broken
}

/// One bubble, one end, with the text of the gateway.
fn answer(world: &World, asked: &Asked, restarts: &[Instant]) -> Result<(), String> {
    let interaction = Some(asked.said.interaction_id.as_str());
    let bubbles = world.cloud.bubbles(&asked.session);
    let mut bubbles = bubbles.iter().filter(|it| it.interaction_id.as_deref() == interaction);
    let (Some(bubble), None) = (bubbles.next(), bubbles.next()) else {
        return Err("not exactly one bubble".into());
    };
    let Some(end) = &bubble.end else { return Err("no end".into()) };
    if bubble.ends != 1 {
        return Err(format!("{} ends", bubble.ends));
    }
    let text = end.text.as_deref().unwrap_or_default();
    let answers = world.gateway.answers_to(&key_of(&asked.session), &asked.text);
    let survived = restarted_during(asked.at, bubble.ended_at, restarts);
    let is_right = match asked.kind {
        Kind::Stopped if text == STOPPED => true,
        Kind::Stopped => squeeze(&slow_words()).starts_with(&squeeze(text)),
        Kind::StoppedApproval => !RAN.iter().any(|words| text.contains(words)),
        Kind::Text | Kind::Tool | Kind::Approval => {
            // On the older gateway, what came of a stopped command comes late, behind another message.
            let is_its_own = |part: &&String| {
                let command = asked.text.rsplit_once("echo ").map(|(_, words)| words);
                !part.starts_with(OUTCOME) || command.is_some_and(|words| part.contains(words))
            };
            let said = |parts: &[String]| -> String {
                parts.iter().filter(is_its_own).map(|part| squeeze(part)).collect()
            };
            let whole = said(&answers.concat());
            let last = said(answers.last().map_or(&[], Vec::as_slice));
            [whole, last].contains(&squeeze(text))
        }
    };
    if !(is_right || survived && text.contains(FAILURE)) {
        return Err(format!("the end says {text:?}, and the agent said {answers:?}"));
    }
    if !survived && !squeeze(text).starts_with(&squeeze(&bubble.streamed)) {
        return Err(format!("the end says {text:?}, and was streamed as {:?}", bubble.streamed));
    }
    streamed_once(bubble)
}

/// What was streamed repeats nothing; the scripts say no word twice.
fn streamed_once(bubble: &Bubble) -> Result<(), String> {
    let words: Vec<&str> = bubble.streamed.split_whitespace().collect();
    let numbered = words.iter().filter(|word| word.ends_with(|c: char| c.is_ascii_digit()));
    let mut seen = BTreeSet::new();
    match numbered.clone().find(|word| !seen.insert(**word)) {
        Some(word) => Err(format!("{word:?} was streamed twice in {:?}", bubble.streamed)),
        None => Ok(()),
    }
}

/// The agent heard the message once in the life of a gateway.
fn heard_once(
    world: &World,
    asked: &Asked,
    runs: &[RunRecord],
    restarts: &[Instant],
) -> Result<(), String> {
    let key = key_of(&asked.session);
    let about = |run: &&RunRecord| run.session_key == key && run.message.ends_with(&asked.text);
    let mut in_life: BTreeMap<usize, usize> = BTreeMap::new();
    for run in runs.iter().filter(about) {
        let life = restarts.iter().filter(|at| **at <= run.started_at).count();
        *in_life.entry(life).or_default() += 1;
    }
    let heard = world.gateway.answers_to(&key, &asked.text).len();
    let must = !matches!(asked.kind, Kind::Stopped | Kind::StoppedApproval);
    if in_life.values().any(|times| *times > 1) || restarts.is_empty() && heard > 1 {
        return Err(format!(
            "the agent heard it {heard} times, in lives of the gateway {in_life:?}"
        ));
    }
    if must && heard == 0 && restarts.is_empty() {
        return Err("the agent never heard it".into());
    }
    Ok(())
}

/// A card was made once; that it was finished once, the cloud has checked.
fn card(task: &Task) -> Result<(), String> {
    match task.creates {
        1 => Ok(()),
        times => Err(format!("a card was made {times} times: {task:?}")),
    }
}

/// An approval was asked once, and its decision has reached the gateway as it was made.
fn approval_once(
    world: &World,
    card: &ApprovalCard,
    runs: &[RunRecord],
    restarts: &[Instant],
) -> Result<(), String> {
    let id = card.approval_id.as_str();
    let calls = world.cloud.calls();
    let asks = calls.iter().filter(|call| call.route == "requestApproval");
    let asks = asks.filter(|call| call.body["approval_id"] == id);
    let keys: BTreeSet<String> =
        asks.map(|call| call.body["idempotency_key"].to_string()).collect();
    if keys.len() != 1 {
        return Err(format!("approval {id} was asked under {keys:?}"));
    }
    let follow_ups = runs.iter().filter(|run| run.run_id.ends_with(id)).count();
    if follow_ups > 1 {
        return Err(format!("approval {id} was followed by {follow_ups} runs"));
    }
    let Some(decided) = &card.decided else { return Ok(()) };
    let wanted = if decided == "deny" { "deny" } else { "allow-" };
    let resolved = world.gateway.calls_of("exec.approval.resolve");
    let mut resolved = resolved.iter().filter(|call| call.params["id"] == id).peekable();
    let died = restarts.iter().any(|at| *at + ON_ITS_WAY >= card.asked_at);
    if resolved.peek().is_none() && !died {
        return Err(format!("the decision {decided} about {id} never reached the gateway"));
    }
    let says = |decision: &Value| decision.as_str().is_some_and(|it| it.starts_with(wanted));
    match resolved.find(|call| !says(&call.params["decision"])) {
        Some(call) => Err(format!("{decided} was told the gateway as {}", call.params)),
        None => Ok(()),
    }
}

fn sessions(asked: &[Asked]) -> BTreeSet<&str> {
    asked.iter().map(|asked| asked.session.as_str()).collect()
}

fn restarted_during(from: Instant, to: Option<Instant>, restarts: &[Instant]) -> bool {
    restarts.iter().any(|at| from <= *at && to.is_none_or(|to| *at <= to))
}

/// The gateway's name of a session.
fn key_of(session: &str) -> String {
    format!("agent:main:{session}")
}

/// White space between the parts of an answer is nobody's text.
fn squeeze(text: &str) -> String {
    text.split_whitespace().collect()
}
