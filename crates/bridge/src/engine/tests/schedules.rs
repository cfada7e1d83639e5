//! Generated schedules: whatever happens in whatever order, each message gets one bubble and at
//! most one end, nothing follows an end, and what is streamed begins what the end shows.

use openclaw::{CallError, Generation, RunEventKind, RunId};
use proptest::prelude::*;
use sap::UpdateKind;
use serde_json::json;

use super::super::Input;
use super::harness::{Harness, SESSION};

#[derive(Clone, Debug)]
enum Step {
    Say(u8),
    Accept,
    Text(String),
    Final,
    Fail,
    Abort,
    Cancel(Option<u8>),
    GatewayDown,
    GatewayUp { restarted: bool },
    LoseAnswers,
    EmptyHistory,
    ForeignText,
    Wait(u16),
    HoldCloud,
    ReleaseCloud,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0u8..6).prop_map(Step::Say),
        4 => Just(Step::Accept),
        4 => "[a-z ]{0,12}".prop_map(Step::Text),
        3 => Just(Step::Final),
        1 => Just(Step::Fail),
        1 => Just(Step::Abort),
        1 => proptest::option::of(0u8..6).prop_map(Step::Cancel),
        1 => Just(Step::GatewayDown),
        2 => any::<bool>().prop_map(|restarted| Step::GatewayUp { restarted }),
        1 => Just(Step::LoseAnswers),
        2 => Just(Step::EmptyHistory),
        1 => Just(Step::ForeignText),
        2 => (0u16..2_000).prop_map(Step::Wait),
        1 => Just(Step::HoldCloud),
        2 => Just(Step::ReleaseCloud),
    ]
}

struct Play {
    h: Harness,
    generation: Generation,
    boot: u32,
    up: bool,
    run: Option<RunId>,
    text: String,
}

impl Play {
    fn new(generation: Generation) -> Self {
        let h = Harness::with_gateway(generation);
        Self { h, generation, boot: 1, up: true, run: None, text: String::new() }
    }

    fn sent(&self) -> bool {
        self.h.calls.iter().any(|(_, call)| matches!(call, openclaw::Call::ChatSend { .. }))
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Say(n) => self.h.say(&format!("m{n}"), "hello"),
            Step::Accept if self.up && self.sent() => {
                self.run = Some(self.h.accept());
                self.text.clear();
            }
            Step::Text(more) => {
                if let Some(run) = self.run.clone().filter(|_| self.up) {
                    self.text.push_str(&more);
                    let text = self.text.clone();
                    self.h.text(&run, &text);
                }
            }
            Step::Final => self.end(|text| RunEventKind::Final {
                text: Some(text),
                stop_reason: None,
                usage: None,
            }),
            Step::Fail => self.end(|message| RunEventKind::Failed {
                message,
                kind: openclaw::FailureKind::Unknown,
            }),
            Step::Abort => {
                self.end(|text| RunEventKind::Aborted { text: Some(text), stop_reason: None });
            }
            Step::Cancel(n) => {
                let interaction = n.map(|n| format!("int_m{n}"));
                let kind = UpdateKind::Cancelled { reason: None };
                self.h.update(SESSION, interaction.as_deref(), kind);
            }
            Step::GatewayDown if self.up => {
                self.up = false;
                self.h.feed(Input::GatewayDown);
                self.lose_answers();
            }
            Step::GatewayUp { restarted } if !self.up => {
                self.up = true;
                if restarted {
                    self.boot += 1;
                    self.run = None;
                }
                let boot = format!("boot-{}", self.boot);
                self.h.gateway_up(self.generation, &boot);
            }
            Step::LoseAnswers => self.lose_answers(),
            Step::EmptyHistory => {
                let is_history =
                    |call: &openclaw::Call| matches!(call, openclaw::Call::ChatHistory { .. });
                while self.up && self.h.calls.iter().any(|(_, call)| is_history(call)) {
                    self.h.answer(is_history, Ok(json!({"messages": []})));
                }
            }
            Step::ForeignText if self.up => {
                let text = RunEventKind::Text { text: "LEAK".into() };
                self.h.run_in("agent:main:elsewhere", &RunId::new("foreign"), text);
            }
            Step::Wait(ms) => self.h.wait(std::time::Duration::from_millis(ms.into())),
            Step::HoldCloud => self.h.held = true,
            Step::ReleaseCloud => {
                self.h.held = false;
                self.h.deliver();
            }
            Step::Accept | Step::GatewayDown | Step::GatewayUp { .. } | Step::ForeignText => {}
        }
    }

    fn end(&mut self, kind: impl FnOnce(String) -> RunEventKind) {
        if let Some(run) = self.run.take().filter(|_| self.up) {
            let text = std::mem::take(&mut self.text);
            self.h.run(&run, kind(text));
        }
    }

    fn lose_answers(&mut self) {
        for (purpose, _) in std::mem::take(&mut self.h.calls) {
            self.h.feed(Input::Answered(purpose, Err(CallError::Disconnected)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_message_has_one_bubble_and_ends_exactly_once(
        steps in proptest::collection::vec(step(), 1..60),
        newer in any::<bool>(),
    ) {
        let generation = if newer { Generation::Newer } else { Generation::Older };
        let mut play = Play::new(generation);
        for step in steps {
            play.step(step);
        }
        // Whatever is still open ends at the latest when the program does.
        play.step(Step::ReleaseCloud);
        play.h.feed(Input::Quit);
        let h = &play.h;
        let said: std::collections::HashSet<_> = h
            .posted("sendMessage")
            .iter()
            .map(|body| body["interaction_id"].to_string())
            .collect();
        let bubbles = h.bubbles();
        prop_assert_eq!(said.len(), bubbles.len(), "one bubble a message");
        for bubble in &bubbles {
            prop_assert!(bubble.end.is_some(), "a bubble stayed open: {:?}", bubbles);
            let end = bubble.end.clone().unwrap_or_default();
            prop_assert!(!end.contains("LEAK"));
        }
        prop_assert!(h.engine.is_settled());
        prop_assert_eq!(h.engine.load().running, 0);
        prop_assert_eq!(h.engine.load().queued, 0);
    }
}
