//! What is shown, made of what is known.

use cli::{Failure, Options};
use control::{PastRequest, Pending, Subject};
use dial::Dialer;
use vault::Vault;

use super::seat::carrying::Carrying;
use super::{Controller, Parts, Seat};
use crate::os::current::Autostart;
use crate::shell::{Nowhere, Shell};
use crate::view::{TrayHost, View};

/// What is shown when the program starts with these options; nothing is connected.
///
/// # Errors
/// A wrong flag, or secrets that cannot be read.
pub(crate) async fn view_at_start(options: &Options) -> Result<View, Failure> {
    let mut controller = Controller::new(Parts {
        shell: Nowhere,
        options: options.clone(),
        dialer: Dialer::new("sophon-desktop"),
        tray: TrayHost::Off,
        start_at_login: Autostart::with(Vec::new()).is_on(),
        log_folder: String::new(),
    })?;
    let (vault, _) = Vault::open(controller.common.secrets.clone()).await?;
    controller.with_all(|seat| seat.look_into(&vault));
    controller.drop_strays();
    Ok(controller.view())
}

impl<S: Shell> Controller<S> {
    /// Everything that is shown now.
    pub(super) fn view(&self) -> View {
        let has_window = self.shell.has_window();
        let carried = self.seats.iter().filter_map(Seat::carrying).flat_map(Carrying::remarks);
        View {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            installations: self.seats.iter().map(Seat::view).collect(),
            pending: self.pending(),
            history: if has_window { self.history() } else { Vec::new() },
            access: if has_window { self.access() } else { Vec::new() },
            settings: self.settings(),
            refused: self.refused.clone(),
            tray: self.tray_host,
            remarks: self.remarks.iter().cloned().chain(carried).collect(),
            log_folder: self.log_folder.clone(),
        }
    }

    /// What waits for a person, oldest first; what nobody knows the age of comes last.
    pub(super) fn pending(&self) -> Vec<Pending> {
        let mut pending: Vec<_> = self.seats.iter().flat_map(Seat::pending).cloned().collect();
        for request in &mut pending {
            if let Subject::Device(device) = &mut request.subject {
                device.is_own = device.is_own || self.is_own(&device.device);
            }
        }
        pending.sort_by_key(|request| request.asked_at_ms.unwrap_or(u64::MAX));
        pending
    }

    /// What was decided, newest first.
    pub(super) fn history(&self) -> Vec<PastRequest> {
        let mut history: Vec<_> = self.seats.iter().flat_map(Seat::history).collect();
        history.sort_by_key(|request| std::cmp::Reverse(request.ended_at_ms));
        history.truncate(bridge::REMEMBERED);
        history
    }
}
