//! Files that an agent touched: the cloud lists them without learning their names.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{BlindIndex, ContentKey, Envelope, NoRandomness};
use crate::SessionId;

/// Scope of the index by which the cloud recognises a file.
const SCOPE: &str = "agent_files";

/// Body of `notifyToolFile`: a file that the agent of an encrypted session touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotifyToolFile {
    /// Session whose agent it was.
    pub session_id: SessionId,
    /// What the agent did with it.
    pub tool: FileTool,
    /// Size of the file now, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    path_ct: Envelope,
    display_name_ct: Envelope,
    path_blind_idx: BlindIndex,
}

/// What an agent does with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileTool {
    /// It read the file.
    Read,
    /// It changed a part of the file.
    Edit,
    /// It wrote the file anew.
    Write,
}

impl NotifyToolFile {
    /// The route below `/v1/bridge/`.
    pub const ROUTE: &'static str = "notifyToolFile";

    /// Seals the path and the name of a file with the key of its session.
    ///
    /// # Errors
    /// [`NoRandomness`] when the system gives no random bytes.
    pub fn seal(
        key: &ContentKey,
        session: &SessionId,
        tool: FileTool,
        path: &str,
        size_bytes: Option<u64>,
    ) -> Result<Self, NoRandomness> {
        let path_blind_idx = key.blind_index(SCOPE, &[session.as_str(), path]);
        let sealing = key.agent_file(session, &path_blind_idx);
        let name = Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path);
        Ok(Self {
            session_id: session.clone(),
            tool,
            size_bytes,
            path_ct: sealing.seal(path)?,
            display_name_ct: sealing.seal(name)?,
            path_blind_idx,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_cloud_recognises_a_file_and_only_who_has_the_key_reads_its_name() {
        let (key, session) = (ContentKey::from_bytes(&[7; 32]), SessionId::new("ses_1"));
        let file = |path| NotifyToolFile::seal(&key, &session, FileTool::Edit, path, Some(12));
        let file = |path| serde_json::to_value(file(path).unwrap()).unwrap();
        let (one, again, other) = (file("/ws/plum.md"), file("/ws/plum.md"), file("/ws/pear.md"));
        assert_eq!(one["path_blind_idx"], again["path_blind_idx"]);
        assert_ne!(one["path_blind_idx"], other["path_blind_idx"]);
        assert_eq!((&one["tool"], &one["size_bytes"]), (&"edit".into(), &Value::from(12)));
        assert!(!one.to_string().contains("plum"));
        let index = BlindIndex::parse(one["path_blind_idx"].as_str().unwrap()).unwrap();
        let opening = key.agent_file(&session, &index);
        let read = |field: &str| opening.open(one[field].as_str().unwrap()).unwrap().to_string();
        assert_eq!(read("path_ct"), "/ws/plum.md");
        assert_eq!(read("display_name_ct"), "plum.md");
    }
}
