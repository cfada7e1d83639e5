//! What goes into the engine, and what comes out of it.

use journal::{Change, Firmness};
use openclaw::{Call, CallError, Decision, Event, Generation, OutgoingAttachment};
use sap::sealed::FileTool;
use sap::{Attachment, Outgoing, Question, SessionId, Update};
use serde_json::Value;

use super::{Dispatch, DispatchId, Purpose, TouchedFile, TurnId};
use crate::{Keyring, Notice, PastRequest};

/// What happened.
#[derive(Debug)]
pub enum Input {
    /// The cloud says something happened.
    Update(Update),
    /// The cloud asks something.
    Question(Question),
    /// The cloud answered a request.
    Posted(DispatchId, sap::Reply),
    /// The cloud is connected.
    CloudUp,
    /// The cloud does not accept the token any more.
    CloudRevoked {
        /// The cloud's error code.
        code: String,
    },
    /// The gateway is connected.
    GatewayUp(GatewayFacts),
    /// The gateway is not connected any more.
    GatewayDown,
    /// The gateway says something happened.
    Gateway(Event),
    /// The gateway answered a call, or could not.
    Answered(Purpose, Result<Value, CallError>),
    /// The files of a message came, or did not.
    Fetched(SessionId, TurnId, Vec<Result<OutgoingAttachment, String>>),
    /// A file of a session was looked at: what was done with it, its whole path, its size in bytes.
    Looked(SessionId, FileTool, String, u64),
    /// The session keys are kept up to the change with this number, or why they cannot be.
    KeysKept(Result<u64, String>),
    /// A person at this computer decided an approval.
    Decided(String, Decision),
    /// A request of a device, a node or a sender came to its end.
    Recorded(PastRequest),
    /// Time passed.
    Tick,
    /// The program is about to end: every open bubble is closed honestly.
    Quit,
}

/// What the engine must know about a connected gateway.
#[derive(Clone, Debug)]
pub struct GatewayFacts {
    /// Generation of its protocol.
    pub generation: Generation,
    /// Agent that new sessions belong to.
    pub agent: String,
    /// Id of the gateway's process (newer generation).
    pub boot_id: Option<String>,
    /// How long the gateway's process has run, in milliseconds.
    pub uptime_ms: Option<u64>,
    /// Largest attachment in bytes, where the gateway says so.
    pub max_attachment: Option<u64>,
}

/// What an input leads to. What is kept must be durable before any of the effects is performed, and
/// before any effect of a later step.
#[derive(Debug)]
pub struct Step {
    /// What must outlive the process.
    pub keep: Vec<Change>,
    /// How firmly.
    pub firmness: Firmness,
    /// What should be done.
    pub effects: Vec<Effect>,
}

/// What should be done.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Send a frame to the cloud's socket.
    Cloud(Outgoing),
    /// Send a request to the cloud.
    Post(Dispatch),
    /// Call the gateway, and bring the answer back with its purpose.
    Gateway(Purpose, Call),
    /// Fetch the files of a message.
    Fetch {
        /// Session of the message.
        session: SessionId,
        /// Turn that waits for the files.
        turn: TurnId,
        /// Where they are.
        attachments: Vec<Attachment>,
        /// Largest file in bytes.
        max_bytes: u64,
    },
    /// Look at a file of this computer.
    Look {
        /// Session whose agent touched it.
        session: SessionId,
        /// The file.
        file: TouchedFile,
    },
    /// Keep the session keys, which are these since the change with this number, and say so.
    KeepKeys(u64, Keyring),
    /// Tell whoever watches.
    Notify(Notice),
    /// The installation is revoked: stop dialling, delete the credentials.
    Revoked {
        /// The cloud's error code.
        code: String,
    },
}

/// How much is going on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Sessions known.
    pub sessions: usize,
    /// Turns with the gateway.
    pub running: usize,
    /// Turns that wait behind others.
    pub queued: usize,
    /// Approvals that wait for a decision.
    pub approvals: usize,
    /// Parts of answers that the cloud did not take for good, since this program began.
    pub undelivered: usize,
    /// Messages of encrypted sessions that wait for their key.
    pub locked: usize,
    /// Sessions in which something happened today, which is within the last 24 hours: the engine
    /// knows no time zone.
    pub sessions_today: usize,
}
