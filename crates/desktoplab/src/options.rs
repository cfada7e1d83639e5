/// What stands on a desktop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DesktopOptions {
    /// The Secret Service.
    pub keyring: Keyring,
    /// What shows notifications.
    pub notifications: NotificationServer,
    /// Whether a panel shows tray icons from the start.
    pub tray_host: bool,
    /// Width and height of the screen, in pixels.
    pub screen: (u16, u16),
    /// Pixels of the screen for one of a program: 1 or 2.
    pub scale: u8,
    /// Whether the theme is dark.
    pub dark: bool,
}

impl Default for DesktopOptions {
    /// A light desktop of 1280 × 800 pixels on which everything is there.
    fn default() -> Self {
        Self {
            keyring: Keyring::Unlocked,
            notifications: NotificationServer::Dunst,
            tray_host: true,
            screen: (1280, 800),
            scale: 1,
            dark: false,
        }
    }
}

/// A Secret Service, and its state at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyring {
    /// GNOME Keyring, unlocked.
    Unlocked,
    /// GNOME Keyring, locked, with nothing that could ask for the password.
    Locked,
    /// None.
    Absent,
}

/// What shows notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotificationServer {
    /// Dunst, which has a menu in place of buttons.
    Dunst,
    /// That of Xfce, with buttons.
    Xfce,
    /// Nothing.
    Absent,
}
