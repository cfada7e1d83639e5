//! Plays runs: what the imaginary model does, at its pace.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::approvals::Verdict;
use super::failure::Failure;
use super::house::{House, State};
use super::ids::millis;
use super::run::{Run, Task};
use super::script::{GREETING, ModelFailure, Script, pieces, words};
use super::sessions::{Call, Message, RowBody, Session};
use super::shell::{cannot_be_bound, imagine};
use super::tool_call::ToolCall;
use super::wire::Wire;
use super::{GatewayOptions, Generation};

/// Pause between the words of `slow`.
const SLOWLY: Duration = Duration::from_millis(100);
/// Words of `long` that come at once.
const BURST: usize = 64;

/// Plays a run to its end, or to its stop.
pub(super) async fn play(house: Arc<House>, run: String) {
    let begun = house.look(|state| {
        let playing = state.runs.get(&run)?;
        Some((playing.over.clone(), playing.task.clone(), state.options.clone()))
    });
    let Some((over, task, options)) = begun else { return };
    let player = Player { house: Arc::clone(&house), run: run.clone(), options };
    tokio::select! {
        biased;
        () = over.cancelled() => house.with(|state| state.settle_stopped(&run)),
        () = player.play(task) => {}
    }
}

struct Player {
    house: Arc<House>,
    run: String,
    options: GatewayOptions,
}

impl Player {
    async fn play(&self, task: Task) {
        self.open(&task);
        let mut script = match task {
            Task::Message(message) => Script::read(&message.text, message.has_image),
            Task::FollowUp(follow_up) => Script::Say(format!("Tool said: {}", follow_up.report)),
        };
        loop {
            if !self.perform(script).await {
                return;
            }
            match self.house.with(|state| state.next_or_finish(&self.run)) {
                Some(next) => script = Script::read(&next.text, next.has_image),
                None => return,
            }
        }
    }

    /// Opens the run and records what it answers.
    fn open(&self, task: &Task) {
        let row = match task {
            Task::Message(message) => user_row(message),
            Task::FollowUp(follow_up) => RowBody::User { text: follow_up.told.clone(), key: None },
        };
        self.step(|run, wire, session| {
            run.record(wire.generation, session, row);
            if wire.generation.is_newer() {
                run.prepare(wire, "preparing_workspace");
            }
            run.begin(wire, session.model());
        });
    }

    /// Performs a script; tells whether the run is to be finished.
    async fn perform(&self, script: Script) -> bool {
        match script {
            Script::Say(text) => self.speak(&text).await,
            Script::Slow(count) => {
                for word in words(count) {
                    sleep(SLOWLY).await;
                    self.step(|run, wire, _| run.say(wire, &word));
                }
                self.note_speech(None, &words(count).collect::<String>());
            }
            Script::Long(count) => self.gush(count).await,
            Script::Silent => self.stay_silent().await,
            Script::Think(thought) => self.think(&thought).await,
            Script::Run(commands) => return self.run_commands(&commands).await,
            Script::Fail(failure) => {
                self.fail(failure).await;
                return false;
            }
            Script::Manual => std::future::pending().await,
        }
        true
    }

    async fn speak(&self, text: &str) {
        for piece in pieces(text) {
            self.step(|run, wire, _| run.say(wire, &piece));
            sleep(self.options.word_pause).await;
        }
        self.note_speech(None, text);
    }

    async fn gush(&self, count: u32) {
        let all: Vec<String> = words(count).collect();
        for burst in all.chunks(BURST) {
            self.step(|run, wire, _| burst.iter().for_each(|word| run.say(wire, word)));
            sleep(Duration::from_millis(1)).await;
        }
        self.note_speech(None, &all.concat());
    }

    /// Says nothing; the newer generation asks the model once more, which then speaks.
    async fn stay_silent(&self) {
        if self.options.generation.is_newer() {
            self.step(|run, wire, session| {
                run.finishing(wire);
                run.begin(wire, session.model());
            });
            self.speak(GREETING).await;
        } else {
            self.note_speech(None, "NO_REPLY");
        }
    }

    async fn think(&self, thought: &str) {
        let mut so_far = String::new();
        for piece in pieces(thought) {
            so_far.push_str(&piece);
            self.step(|run, wire, _| run.think(wire, &so_far, &piece));
            sleep(self.options.word_pause).await;
        }
        let said = "I have thought about it.";
        for piece in pieces(said) {
            self.step(|run, wire, _| run.say(wire, &piece));
        }
        self.note_speech(Some(thought), said);
    }

    async fn fail(&self, failure: ModelFailure) {
        let asked = || {
            self.house.look(|state| {
                let session = state.runs.get(&self.run).map(|run| &run.session_key)?;
                let (provider, model) = state.sessions.get(session)?.model();
                Some((provider.to_owned(), model.to_owned()))
            })
        };
        let Some((provider, model)) = asked() else { return };
        let told = Failure::of(failure, (&provider, &model));
        let attempts = if told.passing { self.options.attempts.max(1) } else { 1 };
        for attempt in 1..=attempts {
            if failure == ModelFailure::Drop {
                for word in words(3) {
                    self.step(|run, wire, _| run.say(wire, &word));
                    sleep(self.options.word_pause).await;
                }
            }
            self.step(|run, wire, _| run.attempt_failed(wire, &told, (&provider, &model)));
            if attempt == attempts {
                break;
            }
            let pause = self.options.retry_pause;
            let counted = (attempt + 1, attempts);
            self.step(|run, wire, _| run.retrying(wire, &told, counted, millis(pause)));
            sleep(pause).await;
            self.step(|run, wire, session| run.begin(wire, session.model()));
        }
        self.house.with(|state| state.fail_run(&self.run, &told, (&provider, &model)));
    }

    /// Runs commands, or asks for them; tells whether the run is to be finished.
    async fn run_commands(&self, commands: &[String]) -> bool {
        let calls: Vec<ToolCall> = commands.iter().map(|command| ToolCall::new(command)).collect();
        let said = "Let me run that.";
        self.step(|run, wire, session| {
            run.say_before_tools(wire, said);
            let row = RowBody::Assistant {
                thinking: None,
                text: said.to_owned(),
                calls: calls.iter().map(history_call).collect(),
                output_tokens: 20,
            };
            run.record(wire.generation, session, row);
            calls.iter().for_each(|call| run.tool_started(wire, call));
        });
        match self.options.generation {
            Generation::Older => self.run_older(&calls).await,
            Generation::Newer => self.run_newer(&calls).await,
        }
        true
    }

    /// The newer generation waits for the decision within the run.
    async fn run_newer(&self, calls: &[ToolCall]) {
        let answers: Vec<Asked> = self
            .house
            .with(|state| calls.iter().map(|call| state.ask_or_refuse(&self.run, call)).collect());
        let mut results = Vec::new();
        for (call, asked) in calls.iter().zip(answers) {
            let denied = match asked {
                Asked::Free => None,
                Asked::Refused(why) => Some((why, false)),
                Asked::Waiting(id, verdict) => match verdict.await {
                    Ok(Verdict::Allowed) => None,
                    Ok(Verdict::TimedOut) => Some((denial(&id, "approval-timeout", call), true)),
                    Ok(Verdict::Denied | Verdict::Withdrawn) | Err(_) => {
                        Some((denial(&id, "user-denied", call), true))
                    }
                },
            };
            let result = match denied {
                None => self.execute(call).await,
                Some((why, asked)) => {
                    self.step(|run, wire, session| {
                        run.tool_denied(wire, call, &why, asked);
                        run.record(wire.generation, session, tool_row(call, &why, true));
                    });
                    why
                }
            };
            results.push(result);
        }
        self.step(|run, wire, session| {
            let (provider, model) = session.model();
            let data = serde_json::json!({"phase": "model", "provider": provider, "model": model});
            run.lifecycle(wire, data);
        });
        self.speak(&format!("Tool said: {}", results.join(" | "))).await;
    }

    /// The older generation ends the run while it asks.
    async fn run_older(&self, calls: &[ToolCall]) {
        let needed = self.house.look(|state| {
            calls.iter().map(|call| state.needs_approval(&call.command)).collect::<Vec<_>>()
        });
        let mut results = Vec::new();
        for (call, needed) in calls.iter().zip(needed) {
            if needed {
                self.leave_pending(call);
            } else {
                results.push(self.execute(call).await);
            }
        }
        if !results.is_empty() {
            self.speak(&format!("Tool said: {}", results.join(" | "))).await;
        }
    }

    fn leave_pending(&self, call: &ToolCall) {
        self.house.with(|state| {
            // Its end comes in a run of its own, so nobody waits for it here.
            let Some((id, _)) = state.ask_to_run(&self.run, call) else { return };
            let decisions = state.offered_decisions(&call.command);
            let expires = state.approvals.get(&id).map_or(0, |approval| approval.expires_at_ms);
            state.on_run(&self.run, |run, wire, session| {
                let told = run.tool_left_pending(wire, call, &id, expires, &decisions);
                run.record(wire.generation, session, tool_row(call, &told, false));
            });
        });
    }

    async fn execute(&self, call: &ToolCall) -> String {
        let done = imagine(&call.command);
        let mut printed = String::new();
        for (pause, piece) in &done.pieces {
            sleep(*pause).await;
            if !piece.is_empty() {
                printed.push_str(piece);
                self.step(|run, wire, _| run.tool_printed(wire, call, &printed));
            }
        }
        let output = done.output();
        self.step(|run, wire, session| {
            run.tool_ran(wire, call, &done);
            run.record(wire.generation, session, tool_row(call, &output, done.exit_code != 0));
        });
        output
    }

    fn note_speech(&self, thinking: Option<&str>, text: &str) {
        let row = RowBody::Assistant {
            thinking: thinking.map(str::to_owned),
            text: text.to_owned(),
            calls: Vec::new(),
            output_tokens: 20,
        };
        self.step(|run, wire, session| run.record(wire.generation, session, row));
    }

    fn step<T>(&self, act: impl FnOnce(&mut Run, &mut Wire, &mut Session) -> T) -> Option<T> {
        self.house.with(|state| state.on_run(&self.run, act))
    }
}

/// How a command of the newer generation goes on.
pub(super) enum Asked {
    /// It runs.
    Free,
    /// It does not, and nobody was asked.
    Refused(String),
    /// Somebody is asked.
    Waiting(String, tokio::sync::oneshot::Receiver<Verdict>),
}

impl State {
    pub(super) fn needs_approval(&self, command: &str) -> bool {
        self.options.exec_needs_approval && !self.allowed_commands.contains(command)
    }

    fn ask_or_refuse(&mut self, run: &str, call: &ToolCall) -> Asked {
        if !self.needs_approval(&call.command) {
            return Asked::Free;
        }
        if cannot_be_bound(&call.command) {
            return Asked::Refused(format!(
                "Exec denied (SYSTEM_RUN_DENIED: approval cannot safely bind this command): {}",
                call.command
            ));
        }
        let device = self.runs.get(run).and_then(|run| run.device().map(str::to_owned));
        let asked = if self.wire.somebody_decides(device.as_deref()) {
            self.ask_to_run(run, call)
        } else {
            None
        };
        match asked {
            Some((id, verdict)) => Asked::Waiting(id, verdict),
            None => Asked::Refused(
                "exec denied: Headless runs cannot wait for interactive exec approval. \
                 Connect an approval-capable client and try again."
                    .to_owned(),
            ),
        }
    }
}

pub(super) fn user_row(message: &Message) -> RowBody {
    RowBody::User { text: message.text.clone(), key: message.key.clone() }
}

fn history_call(call: &ToolCall) -> Call {
    Call { id: call.id.clone(), command: call.command.clone() }
}

fn tool_row(call: &ToolCall, text: &str, is_error: bool) -> RowBody {
    RowBody::ToolResult { call_id: call.id.clone(), text: text.to_owned(), is_error }
}

fn denial(approval: &str, why: &str, call: &ToolCall) -> String {
    format!("Exec denied (gateway id={approval}, {why}): {}", call.command)
}
