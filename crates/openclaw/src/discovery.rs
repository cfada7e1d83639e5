use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde_json::Value;

use crate::nesting::is_too_deep;
use crate::url::{DEFAULT_PORT, GatewayUrl, on_this_computer};

/// Name of the gateway's configuration in its state folder.
const CONFIGURATION: &str = "openclaw.json";
/// Largest configuration that is read, in bytes.
const MAX_CONFIGURATION: u64 = 4 * 1024 * 1024;
/// Names under which the gateway's command line is installed.
const EXECUTABLES: &[&str] = if cfg!(windows) {
    &["openclaw.cmd", "openclaw.exe", "openclaw.bat", "openclaw.ps1"]
} else {
    &["openclaw"]
};

/// A gateway that is set up on this computer.
#[derive(Clone, Debug)]
pub struct Discovered {
    /// Where it listens.
    pub url: GatewayUrl,
    /// Its shared token; absent when it wants none, or the configuration does not hold it.
    pub token: Option<SecretString>,
    /// Configuration that says so.
    pub source: PathBuf,
}

/// Why no gateway, or not all about it, was found.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// There is no configuration: OpenClaw was never set up for this user.
    #[error("OpenClaw is not set up yet: {} does not exist", path.display())]
    NotInitialised {
        /// Configuration that was looked for.
        path: PathBuf,
    },
    /// The configuration cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// Configuration that was looked for.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The configuration is damaged.
    #[error("{} cannot be understood: {problem}", path.display())]
    Malformed {
        /// Configuration that was read.
        path: PathBuf,
        /// What is wrong, and where.
        problem: String,
    },
    /// The configuration only says where the token is kept.
    #[error("{} does not hold the gateway's token, it refers to {reference}", path.display())]
    TokenElsewhere {
        /// Configuration that was read.
        path: PathBuf,
        /// Where the gateway listens.
        url: GatewayUrl,
        /// Where the token is kept, in the words of the configuration.
        reference: String,
    },
    /// The gateway asks for something else than a token.
    #[error("the gateway's sign-in mode is \"{mode}\" in {}, only \"token\" works", path.display())]
    OtherMode {
        /// Configuration that was read.
        path: PathBuf,
        /// Where the gateway listens.
        url: GatewayUrl,
        /// Its mode, in the words of the configuration.
        mode: String,
    },
}

impl DiscoveryError {
    /// Says what the person can do now.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NotInitialised { .. } => "Set OpenClaw up with `openclaw onboard`.",
            Self::Unreadable { .. } => "Give your user permission to read this file.",
            Self::Malformed { .. } => "Run `openclaw doctor`, which repairs the file.",
            Self::TokenElsewhere { .. } => "Enter the gateway's token by hand.",
            Self::OtherMode { .. } => {
                "Run `openclaw config set gateway.auth.mode token` and restart the gateway."
            }
        }
    }
}

/// Reads the gateway's configuration in its state folder (`~/.openclaw`, or what
/// `OPENCLAW_STATE_DIR` names).
///
/// # Errors
/// [`DiscoveryError`] when there is no configuration, or it does not say how to sign in.
pub fn discover(state_dir: &Path) -> Result<Discovered, DiscoveryError> {
    let path = state_dir.join(CONFIGURATION);
    let text = read(&path)?;
    let malformed = |problem: String| DiscoveryError::Malformed { path: path.clone(), problem };
    if is_too_deep(&text) {
        return Err(malformed("it is nested too deeply".into()));
    }
    let configuration: Value = json5::from_str(&text).map_err(|error| malformed(place(&error)))?;
    if !configuration.is_object() {
        return Err(malformed("it is not an object".into()));
    }
    let url = listening_at(&configuration).map_err(malformed)?;
    let auth = configuration.pointer("/gateway/auth");
    let mode = auth.and_then(|auth| auth.get("mode")).and_then(Value::as_str).unwrap_or("token");
    if mode != "token" && mode != "none" {
        return Err(DiscoveryError::OtherMode { path, url, mode: mode.to_owned() });
    }
    let token = match auth.and_then(|auth| auth.get("token")) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.trim().is_empty() => None,
        Some(Value::String(text)) => match environment_reference(text) {
            Some(reference) => return Err(DiscoveryError::TokenElsewhere { path, url, reference }),
            None => Some(SecretString::from(text.as_str())),
        },
        Some(Value::Object(reference)) => {
            let word = |name| reference.get(name).and_then(Value::as_str).unwrap_or("?");
            let reference = format!("{} {}", word("source"), word("id"));
            return Err(DiscoveryError::TokenElsewhere { path, url, reference });
        }
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_)) => {
            return Err(malformed("gateway.auth.token is not a text".into()));
        }
    };
    Ok(Discovered { url, token, source: path })
}

/// Says whether an `openclaw` executable is on the search path (the value of `PATH`).
pub fn is_installed(path_var: Option<&OsStr>) -> bool {
    path_var.is_some_and(|path| {
        std::env::split_paths(path)
            .any(|folder| EXECUTABLES.iter().any(|name| is_executable(&folder.join(name))))
    })
}

fn read(path: &Path) -> Result<String, DiscoveryError> {
    let failed = |source: io::Error| {
        let path = path.to_owned();
        if source.kind() == io::ErrorKind::NotFound {
            DiscoveryError::NotInitialised { path }
        } else {
            DiscoveryError::Unreadable { path, source }
        }
    };
    let malformed = |problem: &str| DiscoveryError::Malformed {
        path: path.to_owned(),
        problem: problem.to_owned(),
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_CONFIGURATION + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_CONFIGURATION {
        return Err(malformed("it is larger than 4 MiB"));
    }
    String::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8 text"))
}

fn listening_at(configuration: &Value) -> Result<GatewayUrl, String> {
    let port = match configuration.pointer("/gateway/port") {
        None | Some(Value::Null) => DEFAULT_PORT,
        Some(port) => port
            .as_u64()
            .and_then(|port| u16::try_from(port).ok())
            .filter(|port| *port != 0)
            .ok_or("gateway.port is not a port number")?,
    };
    let tls = configuration.pointer("/gateway/tls/enabled").and_then(Value::as_bool);
    Ok(on_this_computer(if tls == Some(true) { "wss" } else { "ws" }, port))
}

/// Where the reading stopped. The parser's own text may quote the file, and with it the token.
fn place(error: &json5::Error) -> String {
    match error.position() {
        Some(position) => {
            format!("it is not JSON5 at line {}, column {}", position.line + 1, position.column + 1)
        }
        None => "it is not JSON5".to_owned(),
    }
}

/// Finds the first `${NAME}` in a text, the gateway's way to refer to its environment.
fn environment_reference(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("${")?;
    let (name, _) = rest.split_once('}')?;
    let is_name = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    is_name.then(|| format!("the environment variable {name}"))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use secrecy::ExposeSecret as _;
    use tempfile::TempDir;

    use super::*;

    fn state(configuration: &[u8]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(CONFIGURATION), configuration).unwrap();
        folder
    }

    fn found(configuration: &str) -> (String, Option<String>) {
        let found = discover(state(configuration.as_bytes()).path()).unwrap();
        (found.url.to_string(), found.token.map(|token| token.expose_secret().to_owned()))
    }

    fn problem(configuration: &[u8]) -> DiscoveryError {
        discover(state(configuration).path()).unwrap_err()
    }

    #[test]
    fn port_and_token_come_from_a_json5_configuration() {
        let configuration = r#"{
            // written by hand
            gateway: { port: 20123, mode: 'local', auth: { mode: "token", token: 'hush', }, },
        }"#;
        assert_eq!(found(configuration), ("ws://localhost:20123".into(), Some("hush".into())));
    }

    #[test]
    fn a_configuration_without_a_gateway_means_the_default_port_and_no_token() {
        assert_eq!(found("{}"), ("ws://localhost:18789".into(), None));
        assert_eq!(found(r#"{"gateway":{"auth":{"mode":"none"}}}"#).1, None);
        assert_eq!(found(r#"{"gateway":{"auth":{"token":"  "}}}"#).1, None);
    }

    #[test]
    fn a_gateway_with_tls_is_dialled_with_tls() {
        let configuration = r#"{"gateway":{"tls":{"enabled":true},"port":443}}"#;
        assert_eq!(found(configuration).0, "wss://localhost");
    }

    #[test]
    fn a_reference_is_not_taken_for_a_token() {
        for token in [
            r#""${OPENCLAW_GATEWAY_TOKEN}""#,
            r#""x${OPENCLAW_GATEWAY_TOKEN}""#,
            r#"{"source":"env","provider":"default","id":"OPENCLAW_GATEWAY_TOKEN"}"#,
        ] {
            let configuration = format!(r#"{{"gateway":{{"port":2,"auth":{{"token":{token}}}}}}}"#);
            let DiscoveryError::TokenElsewhere { url, reference, .. } =
                problem(configuration.as_bytes())
            else {
                panic!("something else was read")
            };
            assert_eq!(url.to_string(), "ws://localhost:2");
            assert!(reference.ends_with("OPENCLAW_GATEWAY_TOKEN"), "{reference}");
        }
        assert_eq!(found(r#"{"gateway":{"auth":{"token":"a${b"}}}"#).1.unwrap(), "a${b");
    }

    #[test]
    fn another_sign_in_mode_is_named_together_with_the_address() {
        let DiscoveryError::OtherMode { mode, url, .. } =
            problem(br#"{"gateway":{"auth":{"mode":"password","password":"x"}}}"#)
        else {
            panic!("something else was read")
        };
        assert_eq!((mode.as_str(), url), ("password", GatewayUrl::default()));
    }

    #[test]
    fn a_missing_configuration_says_that_openclaw_is_not_set_up() {
        let empty = tempfile::tempdir().unwrap();
        let error = discover(empty.path()).unwrap_err();
        assert!(matches!(error, DiscoveryError::NotInitialised { .. }));
        assert!(error.remedy().contains("openclaw onboard"));
    }

    #[test]
    fn a_folder_in_place_of_the_configuration_is_unreadable() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(CONFIGURATION)).unwrap();
        let error = discover(folder.path()).unwrap_err();
        assert!(matches!(error, DiscoveryError::Unreadable { .. }), "{error:?}");
    }

    #[test]
    fn a_damaged_configuration_is_told_with_its_place_and_without_its_content() {
        for damaged in [
            &b""[..],
            b"[]",
            b"{\"gateway\":{\"auth\":{\"token\":\"hush\"",
            b"\xff\xfe\0",
            br#"{"gateway":{"port":"hush"}}"#,
            br#"{"gateway":{"port":70000}}"#,
            br#"{"gateway":{"auth":{"token":["hush"]}}}"#,
        ] {
            let error = problem(damaged);
            assert!(matches!(error, DiscoveryError::Malformed { .. }), "{error:?}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
        let text = problem(b"{\n  gateway: {\n    port: !\n").to_string();
        assert!(text.contains("line 3"), "{text}");
    }

    #[test]
    fn an_oversized_configuration_is_refused() {
        let error = problem(&vec![b' '; 4 * 1024 * 1024 + 1]);
        assert!(error.to_string().contains("4 MiB"), "{error}");
    }

    #[test]
    fn a_configuration_that_would_use_up_the_stack_is_refused() {
        for open in ["[", "{a:"] {
            let error = problem(open.repeat(1_000_000).as_bytes());
            assert!(error.to_string().contains("nested too deeply"), "{error}");
        }
    }

    #[test]
    fn openclaw_is_installed_when_an_executable_is_on_the_path() {
        let (empty, full) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = std::env::join_paths([empty.path(), full.path()]).unwrap();
        assert!(!is_installed(None));
        assert!(!is_installed(Some(&path)));

        let executable = full.path().join(EXECUTABLES[0]);
        fs::write(&executable, "").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert!(!is_installed(Some(&path)), "a plain file is no executable");
            fs::set_permissions(&executable, fs::Permissions::from_mode(0o755)).unwrap();
        }
        assert!(is_installed(Some(&path)));
    }
}
