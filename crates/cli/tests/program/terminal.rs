//! A terminal with a person in front of it, and the program in it.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(20);

/// A program in a terminal.
pub(crate) struct Terminal {
    keyboard: File,
    screen: watch::Receiver<String>,
    pub(crate) child: Child,
}

impl Terminal {
    /// Starts a program in a terminal of its own.
    pub(crate) fn start(mut command: Command) -> Self {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, Vec::new()).unwrap();
        let tty = OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let child = command
            .stdin(Stdio::from(tty.try_clone().unwrap()))
            .stdout(Stdio::from(tty.try_clone().unwrap()))
            .stderr(Stdio::from(tty))
            .spawn()
            .unwrap();
        let keyboard = File::from(person);
        let mut glass = keyboard.try_clone().unwrap();
        let (show, screen) = watch::channel(String::new());
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            // A terminal that nobody holds any more ends with an error.
            while let Ok(count @ 1..) = glass.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
                show.send_modify(|screen| screen.push_str(&text));
            }
        });
        Self { keyboard, screen, child }
    }

    /// Waits until a text was shown behind another one.
    pub(crate) async fn shows(&mut self, text: &str, behind: &str) {
        let shown = self
            .screen
            .wait_for(|screen| screen.find(behind).is_some_and(|at| screen[at..].contains(text)));
        let shown = timeout(DEADLINE, shown).await.is_ok_and(|it| it.is_ok());
        assert!(shown, "no {text:?} behind {behind:?} in {}", *self.screen.borrow());
    }

    pub(crate) fn press_enter(&mut self) {
        self.answer("");
    }

    /// Types a line.
    pub(crate) fn answer(&mut self, text: &str) {
        self.keyboard.write_all(format!("{text}\n").as_bytes()).unwrap();
    }

    /// Everything that was shown.
    pub(crate) fn screen(&self) -> String {
        self.screen.borrow().clone()
    }
}
