//! Starting at login: an entry in the desktop's autostart folder (Desktop Application Autostart
//! Specification).

use std::path::{Path, PathBuf};
use std::{env, fs, io};

const NAME: &str = "at.sophon.desktop.desktop";

/// Starts this program at login, or no longer.
#[derive(Debug)]
pub struct Autostart {
    entry: Option<PathBuf>,
    arguments: Vec<String>,
}

impl Autostart {
    /// Will start this program with these arguments.
    pub fn with(arguments: Vec<String>) -> Self {
        let chosen = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
        // A relative path is invalid there, says the XDG specification.
        let config = chosen
            .filter(|path| path.is_absolute())
            .or_else(|| Some(env::home_dir()?.join(".config")));
        Self { entry: config.map(|config| config.join("autostart").join(NAME)), arguments }
    }

    /// Says whether it is started at login now.
    pub fn is_on(&self) -> bool {
        let content = self.entry.as_ref().and_then(|entry| fs::read_to_string(entry).ok());
        content.is_some_and(|content| !content.lines().any(|line| line.trim() == "Hidden=true"))
    }

    /// Starts it at login, or no longer.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn set(&self, on: bool) -> io::Result<()> {
        let entry = self.entry.as_ref().ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, "this user has no home folder")
        })?;
        if !on {
            return match fs::remove_file(entry) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                Ok(()) | Err(_) => Ok(()),
            };
        }
        if let Some(folder) = entry.parent() {
            fs::create_dir_all(folder)?;
        }
        disk::write(entry, self.content(&env::current_exe()?).as_bytes())
    }

    fn content(&self, program: &Path) -> String {
        let words = std::iter::once(program.to_string_lossy().into_owned())
            .chain(self.arguments.iter().cloned());
        let command: Vec<_> = words.map(|word| quoted(&word)).collect();
        format!(
            "[Desktop Entry]\nType=Application\nName=Sophon Desktop\n\
             Comment=Chat from your phone with the agents on this computer\n\
             Exec={}\nIcon=at.sophon.desktop\nTerminal=false\nStartupNotify=false\n\
             X-GNOME-Autostart-enabled=true\n",
            command.join(" ")
        )
    }
}

/// Quotes a word of `Exec`, whose reserved characters are escaped twice (Desktop Entry
/// Specification, "The Exec key").
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-=:@+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let mut quoted = String::from("\"");
    for letter in word.chars() {
        match letter {
            '\\' => quoted.push_str("\\\\\\\\"),
            '"' | '`' | '$' => {
                quoted.push_str("\\\\");
                quoted.push(letter);
            }
            '%' => quoted.push_str("%%"),
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(folder: &Path) -> Autostart {
        let arguments = vec!["--hidden".to_owned(), "--data-dir".into(), "/my data".into()];
        Autostart { entry: Some(folder.join("autostart").join(NAME)), arguments }
    }

    #[test]
    fn switching_on_and_off_is_seen_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let autostart = at(folder.path());
        assert!(!autostart.is_on());
        autostart.set(false).unwrap();
        autostart.set(true).unwrap();
        assert!(autostart.is_on());
        autostart.set(false).unwrap();
        assert!(!autostart.is_on());
    }

    #[test]
    fn an_entry_that_the_desktop_switched_off_is_off() {
        let folder = tempfile::tempdir().unwrap();
        let autostart = at(folder.path());
        autostart.set(true).unwrap();
        let entry = autostart.entry.as_ref().unwrap();
        let content = fs::read_to_string(entry).unwrap();
        fs::write(entry, content + "Hidden=true\n").unwrap();
        assert!(!autostart.is_on());
    }

    #[test]
    fn words_with_special_characters_are_quoted() {
        let content = at(Path::new("/")).content(Path::new("/opt/100% $ure/sophon-desktop"));
        let line = content.lines().find(|line| line.starts_with("Exec=")).unwrap();
        assert_eq!(
            line,
            r#"Exec="/opt/100%% \\$ure/sophon-desktop" --hidden --data-dir "/my data""#
        );
    }
}
