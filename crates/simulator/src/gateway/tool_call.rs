//! The frames of a tool call: the same story told on up to four channels.

use serde_json::{Value, json};

use super::Generation;
use super::ids::{millis, now_ms, tool_call};
use super::run::Run;
use super::shell::Imagined;
use super::wire::Wire;

/// Folder in which imaginary commands run.
pub(super) const FOLDER: &str = "/home/owner/workspace";
/// Characters of output that a `command_output` event carries at most.
const TAIL: usize = 2_000;

/// A call of the `exec` tool.
#[derive(Clone, Debug)]
pub(super) struct ToolCall {
    pub(super) id: String,
    pub(super) command: String,
    started_at_ms: u64,
}

impl ToolCall {
    pub(super) fn new(command: &str) -> Self {
        Self { id: tool_call(), command: command.to_owned(), started_at_ms: now_ms() }
    }

    /// Fields of an `item` event.
    fn item(&self, generation: Generation, kind: &str, phase: &str, status: &str) -> Value {
        let word = match (kind, generation) {
            ("command", _) => "command",
            (_, Generation::Older) => "exec",
            (_, Generation::Newer) => "Exec",
        };
        let mut item = json!({
            "itemId": format!("{kind}:{}", self.id), "toolCallId": self.id, "name": "exec",
            "kind": kind, "phase": phase, "title": format!("{word} {}", self.command),
            "status": status, "meta": self.command,
        });
        if generation.is_newer() {
            item["commandBearing"] = true.into();
        }
        if phase != "update" {
            item["startedAt"] = self.started_at_ms.into();
        }
        if phase == "end" {
            item["endedAt"] = now_ms().into();
        }
        item
    }

    /// Fields of a `command_output` event.
    fn output(&self, phase: &str, output: &str, status: &str) -> Value {
        json!({
            "itemId": format!("command:{}", self.id), "phase": phase,
            "title": format!("command {}", self.command), "toolCallId": self.id, "name": "exec",
            "output": tail(output), "status": status,
        })
    }
}

impl Run {
    /// Opens a call.
    pub(super) fn tool_started(&mut self, wire: &mut Wire, call: &ToolCall) {
        let generation = wire.generation;
        self.used_tools = true;
        self.open_calls.push(call.clone());
        let start = json!({
            "phase": "start", "name": "exec", "toolCallId": call.id,
            "args": {"command": call.command},
        });
        let item = call.item(generation, "tool", "start", "running");
        match generation {
            Generation::Older => {
                self.agent_tool(wire, start);
                self.agent(wire, "item", item);
                let command = call.item(generation, "command", "start", "running");
                self.agent(wire, "item", command);
            }
            Generation::Newer => {
                self.agent(wire, "item", item);
                self.agent_tool(wire, start);
            }
        }
    }

    /// Shows the output so far.
    pub(super) fn tool_printed(&mut self, wire: &mut Wire, call: &ToolCall, output: &str) {
        let generation = wire.generation;
        let shown = tail(output);
        self.agent_tool(
            wire,
            json!({
                "phase": "update", "name": "exec", "toolCallId": call.id,
                "partialResult": {
                    "content": [{"type": "text", "text": shown}],
                    "details": {"status": "running", "cwd": FOLDER, "tail": shown},
                },
            }),
        );
        self.agent(wire, "item", call.item(generation, "tool", "update", "running"));
        if generation == Generation::Older {
            let mut command = call.item(generation, "command", "update", "running");
            command["progressText"] = shown.trim_end().into();
            self.agent(wire, "item", command);
        }
        self.agent(wire, "command_output", call.output("delta", output.trim_end(), "running"));
    }

    /// Closes a call that ran.
    pub(super) fn tool_ran(&mut self, wire: &mut Wire, call: &ToolCall, done: &Imagined) {
        let generation = wire.generation;
        self.open_calls.retain(|open| open.id != call.id);
        let output = done.output();
        let took = millis(done.duration());
        let mut result = json!({
            "phase": "result", "name": "exec", "toolCallId": call.id, "meta": call.command,
            "isError": false,
            "result": {
                "content": [{"type": "text", "text": output}],
                "details": {
                    "status": "completed", "exitCode": done.exit_code, "durationMs": took,
                    "aggregated": tail(&output), "cwd": FOLDER,
                },
            },
        });
        if generation.is_newer() {
            result["commandBearing"] = true.into();
        }
        self.agent_tool(wire, result);
        let item_status =
            if generation.is_newer() && done.exit_code != 0 { "failed" } else { "completed" };
        self.agent(wire, "item", call.item(generation, "tool", "end", item_status));
        if generation == Generation::Older {
            let mut command = call.item(generation, "command", "end", "completed");
            command["summary"] = tail(&output).into();
            self.agent(wire, "item", command);
        }
        let mut end = call.output("end", &output, "completed");
        end["exitCode"] = done.exit_code.into();
        end["durationMs"] = took.into();
        end["cwd"] = FOLDER.into();
        self.agent(wire, "command_output", end);
    }

    /// Closes a call that did not run (newer generation); `asked` tells whether somebody was
    /// asked for it.
    pub(super) fn tool_denied(&mut self, wire: &mut Wire, call: &ToolCall, why: &str, asked: bool) {
        let details = json!({
            "status": "failed", "exitCode": null, "durationMs": 0, "aggregated": why,
            "timedOut": false, "cwd": FOLDER,
        });
        self.tool_failed(wire, call, why, details);
        if asked {
            self.agent(
                wire,
                "approval",
                json!({
                    "phase": "resolved", "kind": "exec", "status": "denied",
                    "title": "Command approval resolved", "itemId": format!("command:{}", call.id),
                    "toolCallId": call.id, "message": call.command,
                }),
            );
        }
    }

    /// Closes a call that a stop interrupted (newer generation).
    pub(super) fn tool_aborted(&mut self, wire: &mut Wire, call: &ToolCall) {
        self.tool_failed(wire, call, "Aborted", json!({}));
    }

    fn tool_failed(&mut self, wire: &mut Wire, call: &ToolCall, why: &str, details: Value) {
        self.open_calls.retain(|open| open.id != call.id);
        let has_run_nothing = details["status"] == "failed";
        self.agent_tool(
            wire,
            json!({
                "phase": "result", "name": "exec", "toolCallId": call.id, "meta": call.command,
                "isError": true, "commandBearing": true,
                "result": {"content": [{"type": "text", "text": why}], "details": details},
            }),
        );
        let mut item = call.item(wire.generation, "tool", "end", "failed");
        item["error"] = why.into();
        self.agent(wire, "item", item);
        let mut end = call.output("end", why, "failed");
        if has_run_nothing {
            end["exitCode"] = Value::Null;
            end["durationMs"] = 0.into();
            end["cwd"] = FOLDER.into();
        }
        self.agent(wire, "command_output", end);
    }

    /// Leaves a call to an approval, as the older generation does: the call ends, the run goes on
    /// to its end, and what comes of the approval comes in another run.
    pub(super) fn tool_left_pending(
        &mut self,
        wire: &mut Wire,
        call: &ToolCall,
        approval: &str,
        expires_at_ms: u64,
        decisions: &[&str],
    ) -> String {
        let generation = wire.generation;
        self.open_calls.retain(|open| open.id != call.id);
        let slug: String = approval.chars().take(8).collect();
        let told = pending_text(call, approval, &slug, decisions);
        self.agent_tool(wire, json!({
            "phase": "result", "name": "exec", "toolCallId": call.id, "meta": call.command,
            "isError": false,
            "result": {
                "content": [{"type": "text", "text": told}],
                "details": {
                    "status": "approval-pending", "approvalId": approval, "approvalSlug": slug,
                    "expiresAtMs": expires_at_ms, "allowedDecisions": decisions,
                    "host": "gateway", "command": call.command, "cwd": FOLDER, "warningText": "",
                },
            },
        }));
        self.agent(wire, "item", call.item(generation, "tool", "end", "completed"));
        self.agent(
            wire,
            "approval",
            json!({
                "phase": "requested", "kind": "exec", "status": "pending",
                "title": "Command approval requested", "itemId": format!("command:{}", call.id),
                "toolCallId": call.id, "approvalId": approval, "approvalSlug": slug,
                "command": call.command, "host": "gateway", "message": "",
            }),
        );
        let mut command = call.item(generation, "command", "end", "blocked");
        command["approvalId"] = approval.into();
        command["approvalSlug"] = slug.into();
        command["summary"] = "Awaiting approval before command can run.".into();
        self.agent(wire, "item", command);
        told
    }
}

fn pending_text(call: &ToolCall, approval: &str, slug: &str, decisions: &[&str]) -> String {
    format!(
        "Approval required (id {slug}, full {approval}).\nHost: gateway\nCWD: {FOLDER}\n\
         Command:\n```sh\n{}\n```\nMode: foreground (interactive approvals available).\n\
         Background mode requires pre-approved policy (allow-always or ask=off).\n\
         Reply with: /approve {slug} {}\n\
         If the short code is ambiguous, use the full id in /approve.",
        call.command,
        decisions.join("|"),
    )
}

fn tail(text: &str) -> &str {
    let skipped = text.chars().count().saturating_sub(TAIL);
    text.char_indices().nth(skipped).map_or("", |(start, _)| &text[start..])
}
