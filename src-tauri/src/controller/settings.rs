//! What a person can choose for the whole program.

use cli::sentence;
use control::Slot;

use super::Controller;
use crate::shell::Shell;
use crate::view::{RefusedSetting, SeatSettings, Settings};

impl<S: Shell> Controller<S> {
    /// Takes new settings of the program.
    pub(super) fn save(&mut self, settings: Settings) {
        let Settings { start_at_login, notifications, access } = settings;
        self.refused = None;
        (self.stored.notifications, self.stored.access) = (notifications, access);
        self.remember();
        if start_at_login != self.start_at_login {
            self.set_start_at_login(start_at_login);
        }
        if !notifications {
            self.retract_all();
        }
    }

    /// Takes new settings of an installation, or says which one is wrong.
    pub(super) fn save_seat(&mut self, slot: Slot, settings: &SeatSettings) {
        let mut saved = Ok(());
        self.with(slot, |seat| saved = seat.save(settings));
        self.refused = saved.err();
    }

    pub(super) fn set_start_at_login(&mut self, on: bool) {
        match self.shell.start_at_login(on) {
            Ok(()) => self.start_at_login = on,
            Err(why) => {
                tracing::warn!(why, "start at login cannot be changed");
                let field = "start_at_login".to_owned();
                self.refused = Some(RefusedSetting { slot: None, field, why: sentence(&why) });
            }
        }
    }

    pub(super) fn settings(&self) -> Settings {
        Settings {
            start_at_login: self.start_at_login,
            notifications: self.stored.notifications,
            access: self.stored.access,
        }
    }
}
