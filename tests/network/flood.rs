//! A gateway that says more than the cloud can take.

use std::time::{Duration, Instant};

use serde_json::json;
use simulator::cloud::{Bubble, Cloud, CloudOptions, Dialect, Fault};
use simulator::gateway::{Gateway, GatewayOptions, Generation};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::program::Program;
use crate::rig::GENERATIONS;

const MEGABYTE: usize = 1_000_000;
/// How much more memory the program may ever have than before the flood.
const ROOM: u64 = 40_000_000;
const SOON: Duration = Duration::from_secs(20);
/// How long somebody else's approval may take through the flood, on a computer that does much else.
const PROMPT: Duration = Duration::from_secs(5);

/// A program in front of a cloud that crawls, whose buckets are as narrow as in life.
struct Flooded {
    cloud: Cloud,
    gateway: Gateway,
    program: Program,
    before: u64,
}

impl Flooded {
    async fn start(generation: Generation) -> Self {
        let cloud = Cloud::start(CloudOptions {
            dialect: Dialect::Npm,
            ping_every: Duration::from_secs(3),
            pong_within: Duration::from_secs(3),
            ..CloudOptions::default()
        });
        let cloud = cloud.await.unwrap();
        let gateway = Gateway::start(GatewayOptions::of(generation)).await.unwrap();
        let program = Program::start_at(&cloud, (&gateway.url(), gateway.token()));
        let said = cloud.say("ses_before", "long: 200");
        let flooded = Self { cloud, gateway, program, before: 0 };
        flooded.ended("ses_before", &said.interaction_id).await;
        flooded.cloud.fault(Fault::Delay(Duration::from_secs(2)));
        Self { before: flooded.program.peak_memory(), ..flooded }
    }

    /// Sends a message whose answer the test dictates; gives interaction and run.
    async fn dictated(&self, session: &str) -> (String, String) {
        let said = self.cloud.say(session, "manual");
        let run = |gateway: &Gateway| {
            let runs = gateway.runs();
            let run = runs.iter().find(|run| run.session_key.ends_with(session))?;
            Some(run.run_id.clone())
        };
        let run = self.gateway.wait_for(SOON, run).await.expect("the message starts a run");
        (said.interaction_id, run)
    }

    async fn ended(&self, session: &str, interaction: &str) -> Bubble {
        let ended = |bubble: &&Bubble| {
            bubble.interaction_id.as_deref() == Some(interaction) && bubble.end.is_some()
        };
        let found = self.cloud.wait_for("the end of an answer", Duration::from_secs(60), |view| {
            view.bubbles(session).iter().find(ended).cloned()
        });
        found.await
    }

    /// Asks for somebody else's approval, decides it, and tells how long both ways took.
    async fn decide_meanwhile(&self, session: &str) -> (Duration, Duration) {
        let begun = Instant::now();
        self.cloud.say(session, "run: echo HELLO");
        let asked = self.cloud.wait_for("an approval", SOON, |view| {
            view.approvals(session).first().map(|card| card.approval_id.clone())
        });
        let approval = asked.await;
        let to_phone = begun.elapsed();
        let begun = Instant::now();
        self.cloud.decide(&approval, "approve");
        let decided = |gateway: &Gateway| gateway.pending_approvals().is_empty().then_some(());
        self.gateway.wait_for(SOON, decided).await.expect("the decision reaches the gateway");
        (to_phone, begun.elapsed())
    }

    /// What must hold after every flood.
    fn finish(self) {
        let grown = self.program.peak_memory().saturating_sub(self.before);
        assert!(grown < ROOM, "{grown} bytes more than before");
        assert_eq!(self.cloud.violations(), [""; 0]);
        assert_eq!(self.gateway.violations(), [""; 0]);
    }
}

/// Beats ten times a second.
fn beat() -> Interval {
    let mut beat = interval(Duration::from_millis(100));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_megabyte_of_text_that_is_repeated_with_every_word_takes_little_memory_and_nobodys_time()
{
    for generation in GENERATIONS {
        let flooded = Flooded::start(generation).await;
        let (interaction, run) = flooded.dictated("ses_flood").await;
        let more = "0123456789".repeat(MEGABYTE / 1000);
        let flood = async {
            let mut beat = beat();
            // Both streams repeat the whole text: 100 MB in ten seconds.
            for _ in 0..100 {
                beat.tick().await;
                flooded.gateway.emit_delta(&run, &more);
            }
            flooded.gateway.finish_run(&run);
        };
        let meanwhile = async {
            tokio::time::sleep(Duration::from_secs(7)).await;
            flooded.decide_meanwhile("ses_other").await
        };
        let ((), (to_phone, to_gateway)) = tokio::join!(flood, meanwhile);
        assert!(to_phone < PROMPT && to_gateway < PROMPT, "{to_phone:?}, {to_gateway:?}");
        let bubble = flooded.ended("ses_flood", &interaction).await;
        let text = bubble.end.as_ref().and_then(|end| end.text.clone()).unwrap();
        assert!(text.len() <= 65_536 && text.starts_with(&more), "{}", text.len());
        assert!(text.starts_with(&bubble.streamed), "what was streamed stays");
        assert!(text.contains("bytes cut by Sophon"), "what is missing is said");
        assert!(bubble.deltas.len() < 60, "{} deltas", bubble.deltas.len());
        flooded.finish();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tools_that_print_megabytes_take_little_memory_and_lose_no_result() {
    const CALLS: usize = 40;
    let flooded = Flooded::start(Generation::Newer).await;
    let (interaction, run) = flooded.dictated("ses_tools").await;
    let output = "line of output\n".repeat(MEGABYTE / 15);
    let mut beat = beat();
    for call in 0..CALLS {
        beat.tick().await;
        let id = format!("call_{call}");
        let start = json!({"phase": "start", "toolCallId": id, "name": "read", "args": {}});
        flooded.gateway.emit_agent_event(&run, "tool", start);
        let content = json!([{"type": "text", "text": output}]);
        let result = json!({"phase": "result", "toolCallId": id, "name": "read",
            "isError": false, "result": {"content": content}});
        flooded.gateway.emit_agent_event(&run, "tool", result);
        let item = json!({"kind": "tool", "phase": "end", "toolCallId": id, "itemId": id,
            "name": "read", "status": "completed"});
        flooded.gateway.emit_agent_event(&run, "item", item);
    }
    flooded.gateway.emit_delta(&run, "All read.");
    flooded.gateway.finish_run(&run);
    let (to_phone, to_gateway) = flooded.decide_meanwhile("ses_other").await;
    assert!(to_phone < PROMPT && to_gateway < PROMPT, "{to_phone:?}, {to_gateway:?}");
    // All that waits is small by now; it need not crawl to its end.
    flooded.cloud.fault(Fault::Clear);
    flooded.ended("ses_tools", &interaction).await;
    let tasks = flooded.cloud.tasks("ses_tools");
    assert_eq!(tasks.len(), CALLS);
    for task in tasks {
        let result = task.finish.unwrap().result.unwrap();
        assert_eq!(result["cut_by_sophon"], true);
    }
    flooded.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_others_that_come_as_fast_as_they_can_take_little_memory() {
    let flooded = Flooded::start(Generation::Newer).await;
    let meanwhile = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        flooded.decide_meanwhile("ses_other").await
    };
    let ((), (to_phone, to_gateway)) =
        tokio::join!(flooded.gateway.flood(100 * MEGABYTE), meanwhile);
    assert!(to_phone < PROMPT && to_gateway < PROMPT, "{to_phone:?}, {to_gateway:?}");
    flooded.finish();
}
