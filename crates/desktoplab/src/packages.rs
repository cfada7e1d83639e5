use std::ffi::OsStr;
use std::io::ErrorKind;

/// Programs that a desktop needs, and the Debian packages that have them.
pub const PACKAGES: [(&str, &str); 12] = [
    ("Xvfb", "xvfb"),
    ("dbus-daemon", "dbus-daemon"),
    ("openbox", "openbox"),
    ("gnome-keyring-daemon", "gnome-keyring"),
    ("dunst", "dunst"),
    ("xfce4-notifyd-config", "xfce4-notifyd"),
    ("xfce4-panel", "xfce4-panel"),
    ("xfconf-query", "xfconf"),
    ("xdg-open", "xdg-utils"),
    ("chromium", "chromium"),
    ("chromedriver", "chromium-driver"),
    ("WebKitWebDriver", "webkit2gtk-driver"),
];

/// What to say about a program that cannot be started.
pub(crate) fn cannot_start(program: &OsStr, error: std::io::Error) -> anyhow::Error {
    let package = PACKAGES.iter().find(|(name, _)| *name == program).map(|(_, package)| package);
    let program = program.display();
    match package {
        Some(package) if error.kind() == ErrorKind::NotFound => {
            anyhow::anyhow!("{program} is missing: apt-get install {package}")
        }
        Some(_) | None => anyhow::Error::new(error).context(format!("cannot start {program}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_its_package() {
        let error = cannot_start(OsStr::new("dunst"), ErrorKind::NotFound.into());
        assert_eq!(error.to_string(), "dunst is missing: apt-get install dunst");
        let error = cannot_start(OsStr::new("/bin/own"), ErrorKind::NotFound.into());
        assert_eq!(error.to_string(), "cannot start /bin/own");
    }
}
