use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Waits for the end of this process, however it comes, or of the warden in it; then ends every
/// process of the desktop, by force after a second, and removes its folder. A process loses its
/// environment before its files, so those that had one are waited for in the end.
const SCRIPT: &str = r#"
read -r _
round=0 ended=
while found=$(grep -lzsxF -e "$1" /proc/[0-9]*/environ); [ -n "$found" ]; do
    case $round in 0) signal=TERM ;; [1-9] | [1-4][0-9]) signal=0 ;; *) signal=KILL ;; esac
    for environment in $found; do
        process=${environment#/proc/}
        kill -s $signal "${process%/environ}"
    done
    ended="$ended $found"
    round=$((round + 1))
    sleep 0.02
done
for environment in $ended; do
    status=${environment%environ}status
    while [ $round -lt 200 ] && grep -qs '^State:[[:space:]]*[^XZ[:space:]]' "$status"; do
        round=$((round + 1))
        sleep 0.02
    done
done
rm -rf "$2"
"#;

/// The one that cleans up behind a desktop.
#[derive(Debug)]
pub(crate) struct Warden {
    child: Child,
}

impl Warden {
    /// Watches over the processes that have this line in their environment, and this folder.
    pub(crate) fn start(marker: &str, folder: &Path) -> std::io::Result<Self> {
        let child = Command::new("sh")
            .args(["-c", SCRIPT, "warden", marker])
            .arg(folder)
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { child })
    }
}

impl Drop for Warden {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
