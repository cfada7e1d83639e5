//! The wish of the system, or of the person at the keyboard, that the program ends.

use std::process;
use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

/// Exit code of a program that was interrupted and did not end in order.
const INTERRUPTED: i32 = 130;

/// Tells everybody to stop, once.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    stop: CancellationToken,
    name: Arc<OnceLock<&'static str>>,
}

impl Signals {
    /// Listens from now on. The first signal asks to stop, the second one ends the program at once.
    ///
    /// # Errors
    /// When the system does not let this program listen.
    pub fn listen() -> std::io::Result<Self> {
        let signals = Self::default();
        let mut source = system::Source::new()?;
        let Self { stop, name } = signals.clone();
        tokio::spawn(async move {
            // The first name stays.
            let _ = name.set(source.next().await);
            stop.cancel();
            source.next().await;
            process::exit(INTERRUPTED);
        });
        Ok(signals)
    }

    /// Ends when somebody wants the program to stop.
    pub fn token(&self) -> &CancellationToken {
        &self.stop
    }

    /// Names the signal that came, if one did.
    pub fn name(&self) -> Option<&'static str> {
        self.name.get().copied()
    }
}

#[cfg(unix)]
mod system {
    use std::io;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    pub(super) struct Source {
        interrupt: Signal,
        terminate: Signal,
        hangup: Signal,
    }

    impl Source {
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                hangup: signal(SignalKind::hangup())?,
            })
        }

        pub(super) async fn next(&mut self) -> &'static str {
            tokio::select! {
                _ = self.interrupt.recv() => "SIGINT",
                _ = self.terminate.recv() => "SIGTERM",
                _ = self.hangup.recv() => "SIGHUP",
            }
        }
    }
}

#[cfg(windows)]
mod system {
    use std::io;

    use tokio::signal::windows::{
        CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close,
        ctrl_logoff, ctrl_shutdown,
    };

    pub(super) struct Source {
        interrupt: CtrlC,
        break_: CtrlBreak,
        close: CtrlClose,
        logoff: CtrlLogoff,
        shutdown: CtrlShutdown,
    }

    impl Source {
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self {
                interrupt: ctrl_c()?,
                break_: ctrl_break()?,
                close: ctrl_close()?,
                logoff: ctrl_logoff()?,
                shutdown: ctrl_shutdown()?,
            })
        }

        pub(super) async fn next(&mut self) -> &'static str {
            tokio::select! {
                _ = self.interrupt.recv() => "SIGINT",
                _ = self.break_.recv() => "SIGBREAK",
                _ = self.close.recv() => "SIGHUP",
                _ = self.logoff.recv() => "SIGTERM",
                _ = self.shutdown.recv() => "SIGTERM",
            }
        }
    }
}
