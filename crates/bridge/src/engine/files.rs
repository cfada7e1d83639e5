//! Files that the agent of an encrypted session touched: the phone lists them. The wire has no plain
//! form of it, and nobody waits for it.

use openclaw::{RunEvent, RunEventKind, ToolEvent};
use sap::sealed::{FileTool, NotifyToolFile};
use sap::{Call, SessionId};
use serde_json::Value;

use super::act::{Post, TurnId};
use super::clock::Now;
use super::{Effect, Engine};

/// How many calls are remembered whose file is to be looked at when they have ended.
const REMEMBERED: usize = 256;
/// Longest path, in bytes.
const LONGEST_PATH: usize = 4096;

/// A file that a tool was asked to touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TouchedFile {
    /// What the tool does with it.
    pub tool: FileTool,
    /// Its path, as the agent wrote it.
    pub path: String,
}

impl Engine {
    /// Looks whether a tool touches a file, and has it looked at when the tool has ended.
    pub(super) fn note_tool(
        &mut self,
        session: &SessionId,
        event: &RunEvent,
        effects: &mut Vec<Effect>,
    ) {
        let RunEventKind::Tool { call_id, event } = &event.kind else { return };
        if !self.outbox.is_encrypted(session) {
            return;
        }
        let call = (session.clone(), call_id.clone());
        match event {
            ToolEvent::Started { name, args } => {
                if let Some(file) = touched(name, args) {
                    if self.touched.len() >= REMEMBERED {
                        // Most of them will never end.
                        self.touched.clear();
                    }
                    self.touched.insert(call, file);
                }
            }
            ToolEvent::Result { is_error, pending_approval: false, .. } => {
                if let Some(file) = self.touched.remove(&call)
                    && !is_error
                {
                    effects.push(Effect::Look { session: session.clone(), file });
                }
            }
            ToolEvent::Announced { .. }
            | ToolEvent::Output { .. }
            | ToolEvent::Blocked { .. }
            | ToolEvent::Result { .. }
            | ToolEvent::ItemEnded { .. }
            | ToolEvent::CommandEnded { .. } => {}
        }
    }

    /// The file was looked at: this is its whole path, and its size in bytes.
    pub(super) fn file_seen(
        &mut self,
        session: &SessionId,
        tool: FileTool,
        path: &str,
        bytes: u64,
        now: Now,
    ) {
        let Some(key) = self.keys.newest(session) else { return };
        match NotifyToolFile::seal(key, session, tool, path, Some(bytes)) {
            Ok(file) => {
                let post = Post::Ready(Call::NotifyToolFile(file));
                self.outbox.push(session, TurnId::NONE, post, now.instant);
            }
            Err(error) => tracing::debug!(%session, %error, "a file is not listed"),
        }
    }

    /// Calls that have no end any more are forgotten with their session's turn.
    pub(super) fn forget_touched(&mut self, session: &SessionId) {
        self.touched.retain(|(of, _), _| of != session);
    }
}

fn touched(name: &str, args: &Value) -> Option<TouchedFile> {
    let tool = match name.to_ascii_lowercase().as_str() {
        "read" => FileTool::Read,
        "edit" | "multiedit" | "notebookedit" => FileTool::Edit,
        "write" => FileTool::Write,
        _ => return None,
    };
    let path = ["path", "file_path", "filePath"].iter().find_map(|field| args[field].as_str())?;
    (path.len() <= LONGEST_PATH).then(|| TouchedFile { tool, path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_tools_for_files_that_name_one_are_noted() {
        let file = |tool, path: &str| Some(TouchedFile { tool, path: path.into() });
        assert_eq!(touched("read", &json!({"path": "/a"})), file(FileTool::Read, "/a"));
        assert_eq!(touched("MultiEdit", &json!({"file_path": "/a"})), file(FileTool::Edit, "/a"));
        assert_eq!(touched("write", &json!({"path": "~/b"})), file(FileTool::Write, "~/b"));
        assert_eq!(touched("exec", &json!({"path": "/a"})), None);
        assert_eq!(touched("read", &json!({"path": 7})), None);
        assert_eq!(touched("read", &json!({"path": "x".repeat(5000)})), None);
    }
}
