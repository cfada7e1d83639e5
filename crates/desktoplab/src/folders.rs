//! What a desktop has on disk.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The program that takes note of what it is to open.
const BROWSER: &str = "browser";

/// The folders of one desktop; the warden removes them.
#[derive(Clone, Debug)]
pub(crate) struct Folders {
    root: PathBuf,
}

impl Folders {
    pub(crate) fn create() -> std::io::Result<Self> {
        let root = tempfile::Builder::new().prefix("desktop-").tempdir()?.keep();
        let folders = Self { root };
        for folder in [
            "bin",
            "logs",
            "run",
            "services",
            "tmp",
            "home/.cache",
            "home/.config",
            "home/.local/share",
        ] {
            fs::create_dir_all(folders.root.join(folder))?;
        }
        fs::set_permissions(folders.runtime(), fs::Permissions::from_mode(0o700))?;
        folders.add_browser()?;
        Ok(folders)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.root.join("home/.config")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.root.join("home/.local/share")
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.root.join("home/.cache")
    }

    pub(crate) fn runtime(&self) -> PathBuf {
        self.root.join("run")
    }

    pub(crate) fn scratch(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// Descriptions of the services that the bus starts on demand.
    pub(crate) fn services(&self) -> PathBuf {
        self.root.join("services")
    }

    /// The file that a program's messages go to.
    pub(crate) fn log(&self, program: &str) -> PathBuf {
        self.root.join("logs").join(program)
    }

    pub(crate) fn browser(&self) -> PathBuf {
        self.program(BROWSER)
    }

    /// The file that gets the address of every page that the browser was to open.
    pub(crate) fn opened(&self) -> PathBuf {
        self.root.join("opened")
    }

    /// Makes a script the system browser, for those who read a variable and for those who ask what
    /// opens web pages.
    fn add_browser(&self) -> std::io::Result<()> {
        let script = format!("printf '%s\\n' \"$1\" >> '{}'", self.opened().display());
        self.add_program(BROWSER, &script)?;
        let entry = format!(
            "[Desktop Entry]\nType=Application\nName=Browser\nExec={} %u\n\
             MimeType=x-scheme-handler/http;x-scheme-handler/https;\n",
            self.browser().display()
        );
        self.add_data("applications/browser.desktop", &entry)?;
        self.configure(
            "mimeapps.list",
            "[Default Applications]\nx-scheme-handler/http=browser.desktop\n\
             x-scheme-handler/https=browser.desktop\n",
        )
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.root.join("bin").join(name)
    }

    /// Writes a shell script that [`Folders::program`] then names.
    pub(crate) fn add_program(&self, name: &str, script: &str) -> std::io::Result<()> {
        let path = self.program(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700))
    }

    /// Writes a configuration file below the folder for those.
    pub(crate) fn configure(&self, file: &str, text: &str) -> std::io::Result<()> {
        write_below(&self.config(), file, text)
    }

    /// Writes a file below the folder for data.
    pub(crate) fn add_data(&self, file: &str, text: &str) -> std::io::Result<()> {
        write_below(&self.data(), file, text)
    }
}

fn write_below(folder: &Path, file: &str, text: &str) -> std::io::Result<()> {
    let path = folder.join(file);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, text)
}
