//! What the fuzz targets share, and the parts of the desktop app that read what others wrote,
//! compiled without its toolkit.

use std::env;
use std::path::Path;

use http::{HeaderMap, HeaderName, HeaderValue};
use sap::Answer;
use tempfile::TempDir;

#[path = "../../src-tauri/src/messages.rs"]
pub mod messages;
#[path = "../../src-tauri/src/request.rs"]
pub mod request;
#[path = "../../src-tauri/src/stored.rs"]
pub mod stored;
#[path = "../../src-tauri/src/view.rs"]
pub mod view;

/// Stands for a secret where a target puts one into its input.
pub const SECRET: &str = "hush-hush-0123456789";

/// Reads an HTTP answer as a person would write it down: the status, headers one a line, an empty
/// line, the body; none when it is not written like that.
pub fn answer(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(2).position(|two| two == b"\n\n")?;
    let (head, body) = (str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 2..]);
    let mut lines = head.lines();
    let status = lines.next()?.trim().parse().ok().filter(|status| (100..600).contains(status))?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_str(value.trim()).ok()?);
    }
    Some(Answer { status, headers, body: body.to_vec() })
}

/// The first half of a text, as a line leaves it that breaks in the middle.
pub fn half(text: &str) -> &str {
    let text = text.trim_end();
    &text[..text.floor_char_boundary(text.len() / 2)]
}

/// Makes an empty folder, in memory where the system has such a place: nothing is to wait for a
/// disk.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { env::temp_dir() };
    tempfile::Builder::new().prefix("sophon-fuzz-").tempdir_in(place).expect("a folder")
}

/// Reads all files of a folder.
pub fn files(folder: &Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder).expect("the folder");
    entries.map(|entry| std::fs::read(entry.expect("an entry").path()).expect("a file")).collect()
}
