//! What was asked for, checked: after this, no flag can be wrong any more.

use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use bridge::host_label::HostLabel;
use control::Slot;
use openclaw::GatewayUrl;
use sap::{BridgeToken, CloudUrl, DEFAULT_CLOUD};
use secrecy::{ExposeSecret as _, SecretString};
use vault::{Place, Preference};

use crate::args::Options;
use crate::exit::Failure;
use crate::paths;

/// Largest file that is read for a token, in bytes.
const MAX_TOKEN_FILE: u64 = 64 * 1024;

/// The installation that flags and variables speak of, and the only one of most computers.
pub const FIRST: Slot = Slot::FIRST;

/// Everything that the flags and the environment decide.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which of this computer's installations it is for: [`FIRST`], unless it is changed.
    pub slot: Slot,
    /// Sophon Cloud.
    pub cloud: CloudUrl,
    /// Bridge token that was given, not stored.
    pub token: Option<BridgeToken>,
    /// Gateway that was given; without one, OpenClaw's configuration says.
    pub gateway_url: Option<GatewayUrl>,
    /// Token of the gateway that was given, not found.
    pub gateway_token: Option<GatewayToken>,
    /// Folder of OpenClaw's configuration.
    pub state_dir: PathBuf,
    /// Folder of everything that is kept on disk.
    pub data_dir: PathBuf,
    /// Where secrets are kept.
    pub secrets: Place,
    /// Name of this computer on the phone.
    pub host_label: HostLabel,
    /// Whether to pair without a browser.
    pub manual_pair: bool,
    /// Whether to end instead of trying again.
    pub no_retry: bool,
    /// Where the npm bridge keeps its credentials, if this user has a home folder.
    pub npm_folder: Option<PathBuf>,
    /// Whether to go on with the npm bridge's pairing without asking.
    pub take_over: bool,
    /// Whether to delete its files then.
    pub delete_old_files: bool,
}

/// A token of the gateway that was given, not found.
#[derive(Clone, Debug)]
pub struct GatewayToken {
    /// The token.
    pub secret: SecretString,
    /// How it was given: `flag`, `env` or `file`.
    pub source: &'static str,
}

impl Config {
    /// Checks the options and reads the files that they name.
    ///
    /// # Errors
    /// A usage failure that says which flag is wrong and why, without repeating a secret.
    pub fn read(options: &Options) -> Result<Self, Failure> {
        let wrong = |flag: &str, why: &dyn fmt::Display| {
            Failure::usage(format!("{flag} cannot be used: {why}."))
        };
        let base = given(options.sophon_base.as_deref()).unwrap_or(DEFAULT_CLOUD);
        let cloud = CloudUrl::parse(base).map_err(|why| wrong("--sophon-base", &why))?;
        let gateway_url = given(options.openclaw_url.as_deref())
            .map(GatewayUrl::parse)
            .transpose()
            .map_err(|why| wrong("--openclaw-url", &why))?;
        let token = secret(
            options.sophon_token.as_ref(),
            options.sophon_token_file.as_deref(),
            "--sophon-token-file",
        )?;
        let token = token
            .map(|text| BridgeToken::parse(text.expose_secret()))
            .transpose()
            .map_err(|why| wrong("--sophon-token", &why))?;
        if token.is_some() && options.take_over {
            let why = "a bridge token is given, which is used instead of any pairing";
            return Err(wrong("--take-over", &why));
        }
        let gateway_token = gateway_token(options)?;
        let host_label = match given(options.host_label.as_deref()) {
            Some(label) => HostLabel::parse(label).map_err(|why| wrong("--host-label", &why))?,
            None => HostLabel::default_for(&computer()),
        };
        let usual = paths::usual_data_dir();
        let data_dir = folder(options.data_dir.as_deref(), usual.clone(), "--data-dir")?;
        let state_dir = folder(
            options.openclaw_state_dir.as_deref(),
            paths::usual_state_dir(),
            "--openclaw-state-dir",
        )?;
        Ok(Self {
            slot: FIRST,
            cloud,
            token,
            gateway_url,
            gateway_token,
            state_dir,
            secrets: Place::at(&data_dir, usual.as_deref(), Preference::Auto),
            data_dir,
            host_label,
            manual_pair: options.manual_pair,
            no_retry: options.no_retry,
            npm_folder: paths::npm_folder(),
            take_over: options.take_over,
            delete_old_files: options.delete_old_files,
        })
    }

    /// Prefix of all that is stored for this installation at this cloud; a URL has no space and ends
    /// at a `#`, so none is another's beginning.
    pub fn stored_prefix(&self) -> String {
        let (origin, Slot(number)) = (self.cloud.origin_key(), self.slot);
        if self.slot == FIRST { format!("{origin} ") } else { format!("{origin}#{number} ") }
    }

    /// Name under which this installation's bridge token is stored.
    pub fn token_name(&self) -> String {
        format!("{}bridge-token", self.stored_prefix())
    }
}

/// Says whether something is stored for this installation, which is not the first one, at any cloud.
pub fn is_stored_for(Slot(number): Slot, name: &str) -> bool {
    let origin = name.split(' ').next();
    origin.is_some_and(|origin| origin.ends_with(&format!("#{number}")))
}

fn gateway_token(options: &Options) -> Result<Option<GatewayToken>, Failure> {
    let Options { openclaw_token, openclaw_token_file, .. } = options;
    let secret =
        secret(openclaw_token.as_ref(), openclaw_token_file.as_deref(), "--openclaw-token-file")?;
    let in_environment = |secret: &SecretString| {
        paths::variable("OPENCLAW_TOKEN")
            .is_some_and(|value| value.to_str().map(str::trim) == Some(secret.expose_secret()))
    };
    Ok(secret.map(|secret| {
        let source = match openclaw_token_file {
            Some(path) if !path.as_os_str().is_empty() => "file",
            Some(_) | None if in_environment(&secret) => "env",
            Some(_) | None => "flag",
        };
        GatewayToken { secret, source }
    }))
}

/// An empty variable is as good as none.
fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn secret(
    text: Option<&SecretString>,
    file: Option<&Path>,
    flag: &str,
) -> Result<Option<SecretString>, Failure> {
    let Some(path) = file.filter(|path| !path.as_os_str().is_empty()) else {
        return Ok(text.and_then(|text| given(Some(text.expose_secret()))).map(Into::into));
    };
    let read = || -> io::Result<String> {
        let path = paths::expand_home(path);
        if fs::metadata(&path)?.len() > MAX_TOKEN_FILE {
            return Err(io::Error::other("it is too large for a token"));
        }
        fs::read_to_string(path)
    };
    let failed = |why: &dyn fmt::Display| {
        Failure::usage(format!("{flag} cannot be used: {}: {why}.", path.display()))
    };
    let content = SecretString::from(read().map_err(|why| failed(&why))?);
    match given(Some(content.expose_secret())) {
        Some(token) => Ok(Some(token.into())),
        None => Err(failed(&"the file is empty")),
    }
}

fn folder(chosen: Option<&Path>, usual: Option<PathBuf>, flag: &str) -> Result<PathBuf, Failure> {
    match chosen.filter(|path| !path.as_os_str().is_empty()) {
        Some(path) => Ok(paths::expand_home(path)),
        None => usual.ok_or_else(|| {
            Failure::usage(format!("This user has no home folder: name a folder with {flag}."))
        }),
    }
}

fn computer() -> String {
    hostname::get().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::Arguments;

    const TOKEN: &str = "inst_Ab3dEf6hIj9kLm2n:s_test_0123456789abcdefghijABCDEFGHIJ42";

    fn read(flags: &[&str]) -> Result<Config, Failure> {
        let flags = [&["sophon-bridge", "--data-dir", "/nowhere"], flags].concat();
        Config::read(&Arguments::try_parse_from(flags).unwrap().options)
    }

    #[test]
    fn without_flags_the_usual_places_are_meant() {
        let config = read(&[]).unwrap();
        assert_eq!(config.cloud.to_string(), DEFAULT_CLOUD);
        assert!(config.token.is_none() && config.gateway_url.is_none());
        assert!(config.state_dir.ends_with(".openclaw"));
        assert!(config.host_label.as_str().ends_with(" OpenClaw"));
    }

    #[test]
    fn a_wrong_flag_is_named_without_its_secret() {
        for (flags, name) in [
            (["--sophon-base", "http://example.org"], "--sophon-base"),
            (["--sophon-base", "https://me:hush@example.org"], "--sophon-base"),
            (["--openclaw-url", "ws://10.0.0.1"], "--openclaw-url"),
            (["--openclaw-url", "ws://me:hush@localhost"], "--openclaw-url"),
            (["--sophon-token", "hush"], "--sophon-token"),
            (["--sophon-token-file", "/no/such/file"], "--sophon-token-file"),
            (["--host-label", "Official Support"], "--host-label"),
        ] {
            let failure = read(&flags).unwrap_err();
            assert!(failure.message.starts_with(name), "{failure}");
            assert!(!failure.message.contains("hush"), "{failure}");
        }
    }

    #[test]
    fn empty_values_count_as_not_given() {
        let config = read(&["--openclaw-url", "", "--sophon-token", " ", "--sophon-base", ""]);
        let config = config.unwrap();
        assert!(config.gateway_url.is_none() && config.token.is_none());
    }

    #[test]
    fn a_token_file_wins_and_may_end_with_a_line_break() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, format!("{TOKEN}\n")).unwrap();
        let path = path.to_str().unwrap();
        let config = read(&["--sophon-token", "hush", "--sophon-token-file", path]).unwrap();
        assert_eq!(config.token.unwrap().expose(), TOKEN);
        fs::write(path, "\n").unwrap();
        assert!(read(&["--openclaw-token-file", path]).is_err());
    }

    #[test]
    fn nothing_stored_for_one_cloud_is_taken_for_anothers() {
        let one = read(&["--sophon-base", "https://example.org"]).unwrap();
        let two = read(&["--sophon-base", "https://example.org/sophon"]).unwrap();
        assert!(!two.token_name().starts_with(&one.stored_prefix()));
    }

    #[test]
    fn nothing_stored_for_one_installation_is_taken_for_anothers() {
        let of = |slot| Config { slot: Slot(slot), ..read(&[]).unwrap() };
        assert_eq!(of(1).stored_prefix(), read(&[]).unwrap().stored_prefix());
        for (one, two) in [(1, 2), (2, 1), (2, 21), (21, 2)] {
            assert!(!of(two).token_name().starts_with(&of(one).stored_prefix()), "{one} {two}");
            assert!(!is_stored_for(Slot(two), &of(one).token_name()), "{one} {two}");
        }
        for cloud in ["https://example.org", "https://example.org/sophon"] {
            let config = Config { slot: Slot(2), ..read(&["--sophon-base", cloud]).unwrap() };
            assert!(is_stored_for(Slot(2), &config.token_name()));
        }
    }
}
