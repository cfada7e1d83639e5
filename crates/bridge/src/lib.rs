//! The bridge: one installation carries everything between Sophon Cloud and a local OpenClaw
//! gateway.
//!
//! [`Installation`] is the way in. Below it, [`engine`] decides without I/O, and the links keep the
//! two connections. Nothing here reads the environment, draws a window or knows a keychain.

mod access;
mod approval;
mod backoff;
mod cloud_keys;
mod driver;
pub mod engine;
mod fetch;
mod history;
pub mod host_label;
mod installation;
mod keeper;
mod key_saver;
mod keyring;
mod links;
mod look;
mod notice;
pub mod pairing;
mod pulse;
pub mod request_key;
mod row_seal;
mod settings;
mod snapshot;

pub use access::{
    AccessAct, AccessDone, AccessError, AccessSnapshot, AccessStanding, Attention, SendersSnapshot,
};
pub use approval::{Decider, PendingApproval, Settled};
pub use cloud_keys::CloudKeys;
pub use history::{Outcome, PastRequest, REMEMBERED, RequestKind};
pub use installation::{Installation, StartError};
pub use keyring::{InvalidKeyring, Keyring};
pub use links::identity::{DEVICE_KEY, device_with};
pub use notice::Notice;
pub use pulse::{Beat, Pulse};
pub use settings::{Answer, GatewaySettings, KeyStore, KeyStoreError, Settings};
pub use snapshot::{Link, Snapshot};
