//! What the gateway says, in one vocabulary for both generations of its protocol.

mod details;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::pairing::PairingEvent;
use crate::{RunId, SessionKey, ToolCallId};

pub use self::details::{ApprovalDetails, ApprovalScope};

/// One event of the gateway.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Something happened in a run.
    Run(RunEvent),
    /// An agent waits for a decision.
    ApprovalRequested(Approval),
    /// A decision was made, here or elsewhere.
    ApprovalResolved {
        /// Approval that was decided.
        id: String,
        /// What was decided, where the gateway says so.
        decision: Option<Decision>,
        /// How it came to that.
        how: Resolution,
    },
    /// Something happened to a device or a node that joins, or has joined (only with the scope
    /// `operator.pairing`).
    Pairing(Box<PairingEvent>),
    /// The gateway lives.
    Tick,
    /// The gateway stops.
    Shutdown {
        /// Why, in its words.
        reason: Option<String>,
    },
    /// An event that matters to nobody here.
    Other,
}

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunEvent {
    /// Run that it happened in.
    pub run_id: RunId,
    /// Session of the run, in canonical form except on an aborted run of the older generation.
    pub session_key: SessionKey,
    /// What happened.
    pub kind: RunEventKind,
}

/// What happens in a run.
#[derive(Clone, Debug, PartialEq)]
pub enum RunEventKind {
    /// An attempt began; retries begin again.
    Started,
    /// The model was chosen.
    Model {
        /// Provider's name.
        provider: Option<String>,
        /// Model's name.
        model: Option<String>,
    },
    /// The answer's text so far, whole: a later one replaces an earlier one.
    Text {
        /// Cumulative text of the `chat` stream.
        text: String,
    },
    /// Text that a model says before it calls a tool (newer generation only), whole.
    Preamble {
        /// Item that the text belongs to.
        item_id: String,
        /// Cumulative text of the item.
        text: String,
    },
    /// Something happened to a tool call.
    Tool {
        /// Tool call that it happened to.
        call_id: ToolCallId,
        /// What happened.
        event: ToolEvent,
    },
    /// Tokens that the model wrote so far in this run.
    Usage {
        /// Count of tokens.
        output_tokens: u64,
    },
    /// The model failed and is asked again.
    Retrying {
        /// Sentence of the gateway.
        message: Option<String>,
    },
    /// An attempt ended; whether the run did is told by `Final`, `Failed` or `Aborted`.
    AttemptEnded {
        /// The attempt was stopped.
        aborted: bool,
    },
    /// The run ended; the only sign of success.
    Final {
        /// Canonical text; absent for a silent reply or a message that was queued.
        text: Option<String>,
        /// Why the model stopped, in the gateway's words.
        stop_reason: Option<String>,
        /// What it cost, where the gateway says so.
        usage: Option<Usage>,
    },
    /// The run failed; may come twice.
    Failed {
        /// Sentence of the gateway, or of the model's provider.
        message: String,
        /// Kind of failure, where the gateway says so.
        kind: FailureKind,
    },
    /// The run was stopped.
    Aborted {
        /// Text up to then.
        text: Option<String>,
        /// Who stopped it, in the gateway's words.
        stop_reason: Option<String>,
    },
    /// Anything else: it only shows that the run lives.
    Alive,
}

/// What happens to a tool call. The gateway tells it through up to four channels; an event here
/// names what one of them said, and the receiver merges by tool call.
#[derive(Clone, Debug, PartialEq)]
pub enum ToolEvent {
    /// The `item` channel opened the call.
    Announced {
        /// Tool's name.
        name: Option<String>,
        /// One line about the call.
        title: Option<String>,
        /// The call runs a command, whose end is told by a channel of its own.
        command: bool,
    },
    /// The `tool` channel opened the call, with its arguments.
    Started {
        /// Tool's name.
        name: String,
        /// Arguments.
        args: Value,
    },
    /// Output so far: a tail of at most 2,000 characters that replaces the one before.
    Output {
        /// The tail.
        tail: String,
    },
    /// The call waits for a decision (older generation).
    Blocked {
        /// Approval that it waits for.
        approval_id: Option<String>,
    },
    /// The `tool` channel closed the call.
    Result {
        /// The tool failed or was denied.
        is_error: bool,
        /// The call only waits for a decision (older generation); it has not run.
        pending_approval: bool,
        /// Text of the result's content.
        text: String,
        /// Structured part of the result.
        details: Value,
    },
    /// The `item` channel closed the call.
    ItemEnded {
        /// The tool failed or was denied.
        failed: bool,
        /// What went wrong, where the gateway says so.
        error: Option<String>,
    },
    /// The `command_output` channel closed the call.
    CommandEnded {
        /// Tail of the output, at most 2,000 characters.
        output: String,
        /// Exit code of the command.
        exit_code: Option<i64>,
        /// The command failed or was denied.
        failed: bool,
    },
}

/// What one answer cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// Tokens read by the model.
    pub input_tokens: Option<u64>,
    /// Tokens written by the model.
    pub output_tokens: Option<u64>,
    /// Price in US dollars.
    pub cost_usd: Option<f64>,
    /// Model's name.
    pub model: Option<String>,
    /// Provider's name.
    pub provider: Option<String>,
}

/// Kinds of failure that the gateway tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The provider refuses the credentials.
    Auth,
    /// The provider wants to be paid.
    Billing,
    /// The provider asks for patience.
    RateLimit,
    /// The model took too long, or the line to it broke.
    Timeout,
    /// The conversation is too long for the model.
    ContextLength,
    /// The provider refuses the content.
    Refusal,
    /// The gateway does not say.
    Unknown,
}

/// An agent's question to its owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// Its id: a UUID, or `plugin:<uuid>`.
    pub id: String,
    /// What kind of thing is asked for.
    pub kind: ApprovalKind,
    /// Session whose agent asks.
    pub session_key: Option<SessionKey>,
    /// Run that waits (newer generation).
    pub run_id: Option<RunId>,
    /// Tool call that waits (newer generation, and plugins).
    pub tool_call_id: Option<ToolCallId>,
    /// Exact command.
    pub command: Option<String>,
    /// Folder in which the command would run.
    pub cwd: Option<String>,
    /// Where the command would run (`gateway`, `node`, …).
    pub host: Option<String>,
    /// Title of a plugin's request.
    pub title: Option<String>,
    /// Description of a plugin's request.
    pub description: Option<String>,
    /// Severity that a plugin names.
    pub severity: Option<String>,
    /// What the gateway warns about: its warning text, warning lines and kinds of risk.
    pub warnings: Vec<String>,
    /// Execution policy in force; with `full` the older generation runs an expired request.
    pub security: Option<String>,
    /// What else the gateway knows about it; none where that was not kept.
    pub details: Option<Box<ApprovalDetails>>,
    /// Decisions that may be made.
    pub allowed: Vec<Decision>,
    /// Unix time in milliseconds when it was asked.
    pub created_at_ms: u64,
    /// Unix time in milliseconds when it expires.
    pub expires_at_ms: u64,
}

/// What kind of thing an approval asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalKind {
    /// A command.
    Exec,
    /// An action of a plugin.
    Plugin,
}

/// How an approval came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Somebody decided.
    Decided,
    /// Nobody decided in time (newer generation; the older one says nothing then).
    Expired,
    /// The run that asked was stopped (newer generation).
    Withdrawn,
}

/// A decision as the gateway knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Run it this once.
    AllowOnce,
    /// Run it, and what is like it, from now on.
    AllowAlways,
    /// Do not run it.
    Deny,
}
