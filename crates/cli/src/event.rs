//! What the program tells: the same events for programs and for people.

use std::borrow::Cow;

use control::{Access, Device, PastRequest, Pending, SendersStanding, Slot, Standing};
use serde::Serialize;

use crate::exit::Failure;

/// One thing that is told; names and fields are those of the published npm bridge.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event {
    /// The program runs.
    Starting { connector: &'static str, sophon_base: String, host_label: String },
    /// The gateway's token is known.
    OpenclawTokenResolved { source: &'static str },
    /// The cloud gave a code; `expires_at` is Unix time in milliseconds.
    PairingStarted {
        connector: &'static str,
        code: String,
        expires_at: u64,
        ttl_sec: u64,
        browser_url: String,
        mode: Mode,
    },
    /// The page to confirm on was opened.
    PairingBrowserOpened { browser_url: String },
    /// The person has not confirmed yet.
    PairingWaiting { elapsed_sec: u64, remaining_sec: u64 },
    /// The person confirmed, and the token is stored.
    PairingClaimed { installation_id: String },
    /// The npm bridge's pairing is stored here now, with this many keys of encrypted sessions.
    PairingTakenOver {
        installation_id: String,
        sophon_base: String,
        session_keys: usize,
        old_files_deleted: bool,
    },
    /// The code is good no more.
    PairingExpired,
    /// Nobody confirmed in time.
    PairingTimeout,
    /// This computer is paired, and nothing more was asked for.
    PairedOnly { installation_id: String, already_paired: bool },
    /// The gateway is connected.
    OpenclawConnected { url: String },
    /// The cloud is connected.
    SophonConnected { base_url: String },
    /// Both are connected.
    Ready { sophon_base: String, openclaw_url: String, installation_id: String },
    /// Something that a person should know and that stops nothing.
    Notice { message: String },
    /// Something does not work; whether it is tried again depends on the flags.
    Error {
        code: Cow<'static, str>,
        message: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
        /// People are told that the program tries again.
        #[serde(skip)]
        is_retried: bool,
    },
    /// The program ends.
    Shutdown {
        reason: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        signal: Option<&'static str>,
    },
    /// What is stored.
    Status(Status),
    /// Something that waits for a person.
    Request(Box<Pending>),
    /// Something that waited, and how it ended.
    RequestEnded(PastRequest),
    /// Whether a gateway could be asked for its devices and senders.
    Gateway(GatewayEvent),
    /// A device that may use a gateway.
    Device {
        slot: Slot,
        #[serde(flatten)]
        device: Box<Device>,
    },
    /// What was asked for is done.
    Done { message: String },
}

/// Whether a gateway could be asked for its devices and senders.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct GatewayEvent {
    slot: Slot,
    standing: Standing,
    senders: SendersStanding,
    unreadable: u32,
    can_rename: bool,
    can_set_up: bool,
}

impl From<&Access> for GatewayEvent {
    fn from(access: &Access) -> Self {
        let Access { slot, standing, senders, unreadable, can_rename, can_set_up, .. } =
            access.clone();
        Self { slot, standing, senders, unreadable, can_rename, can_set_up }
    }
}

/// How the person confirms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// On a page of the browser.
    Browser,
    /// By typing the code on the phone.
    Manual,
}

/// What is stored on this computer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Status {
    pub(crate) paired: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) installation_id: Option<String>,
    pub(crate) sophon_base: String,
    pub(crate) data_dir: String,
    pub(crate) secrets_in: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) openclaw_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) openclaw_problem: Option<String>,
}

impl Failure {
    /// Tells the failure, which ends the program unless it is tried again.
    pub(crate) fn event(&self, is_retried: bool) -> Event {
        let Self { code, message, hint, .. } = self.clone();
        Event::Error { code: code.into(), message, hint, is_retried }
    }
}

impl Event {
    /// Says it to a person; none for what people are not told.
    pub(crate) fn for_people(&self) -> Option<String> {
        Some(match self {
            Self::Starting { sophon_base, host_label, .. } => {
                format!("Sophon bridge for \"{host_label}\", cloud {sophon_base}")
            }
            Self::PairingStarted { code, browser_url, ttl_sec, mode, .. } => {
                how_to_pair(code, browser_url, *ttl_sec, *mode)
            }
            Self::PairingBrowserOpened { .. } => "The page is open in your browser.".to_owned(),
            Self::PairingWaiting { remaining_sec, .. } => {
                format!("Waiting for you to confirm: {remaining_sec} s left.")
            }
            Self::PairingClaimed { installation_id } => format!("Paired as {installation_id}."),
            Self::PairingTakenOver { installation_id, .. } => {
                format!("Took over the pairing of the npm bridge: paired as {installation_id}.")
            }
            Self::PairingExpired => "The code has expired.".to_owned(),
            Self::PairingTimeout => "The time for pairing is over.".to_owned(),
            Self::PairedOnly { installation_id, already_paired: true } => {
                format!("This computer is paired already, as {installation_id}.")
            }
            Self::PairedOnly { already_paired: false, .. } => {
                "Run `sophon-bridge` to start carrying messages.".to_owned()
            }
            Self::OpenclawConnected { url } => format!("Connected to OpenClaw at {url}."),
            Self::SophonConnected { base_url } => format!("Connected to Sophon at {base_url}."),
            Self::Ready { .. } => "Ready: write to your agent from the phone.".to_owned(),
            Self::Notice { message } => message.clone(),
            Self::Error { message, hint, is_retried, .. } => {
                let again = is_retried.then_some("Trying again meanwhile.");
                let sentences = [Some(message.as_str()), hint.as_deref(), again];
                sentences.into_iter().flatten().collect::<Vec<_>>().join(" ")
            }
            Self::Shutdown { signal: Some(signal), .. } => format!("Stopping on {signal}."),
            Self::Status(status) => status.for_people(),
            Self::Done { message } => message.clone(),
            Self::OpenclawTokenResolved { .. }
            | Self::Shutdown { signal: None, .. }
            | Self::Request(_)
            | Self::RequestEnded(_)
            | Self::Gateway(_)
            | Self::Device { .. } => return None,
        })
    }
}

impl Status {
    fn for_people(&self) -> String {
        let paired = match &self.installation_id {
            Some(id) => format!("paired as {id}"),
            None => "not paired".to_owned(),
        };
        let openclaw = match (&self.openclaw_url, &self.openclaw_problem) {
            (Some(url), None) => url.clone(),
            (Some(url), Some(problem)) => format!("{url} ({problem})"),
            (None, problem) => problem.clone().unwrap_or_default(),
        };
        let Self { sophon_base, data_dir, secrets_in, .. } = self;
        format!(
            "Sophon    {sophon_base}, {paired}\nOpenClaw  {openclaw}\n\
             Stored    {data_dir}, secrets in the {secrets_in}"
        )
    }
}

fn how_to_pair(code: &str, url: &str, seconds: u64, mode: Mode) -> String {
    let spaced: Vec<String> = code.chars().map(String::from).collect();
    let spaced = spaced.join(" ");
    let line = "─".repeat(spaced.chars().count() + 6);
    let code = format!("  ┌{line}┐\n  │   {spaced}   │\n  └{line}┘");
    match mode {
        Mode::Browser => format!(
            "To pair this computer, confirm it in your browser within {seconds} s:\n\n  {url}\n\n\
             or type this code in the Sophon app:\n\n{code}\n"
        ),
        Mode::Manual => format!(
            "To pair this computer, type this code in the Sophon app within {seconds} s:\n\n\
             {code}\n\nor open {url}\n"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_its_name_and_no_nulls() {
        let event = Failure::usage("x").event(true);
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json, serde_json::json!({"event": "error", "code": "usage", "message": "x"}));
        let json = serde_json::to_value(Event::PairingExpired).unwrap();
        assert_eq!(json, serde_json::json!({"event": "pairing_expired"}));
    }

    #[test]
    fn the_code_is_large_and_the_link_whole_in_both_modes() {
        for mode in [Mode::Browser, Mode::Manual] {
            let text = how_to_pair("AB3D", "https://example.org/r?code=AB3D", 120, mode);
            assert!(text.contains("│   A B 3 D   │"), "{text}");
            assert!(text.contains("https://example.org/r?code=AB3D"), "{text}");
        }
    }
}
