//! Real OpenClaw gateways for tests and demonstrations: installed from npm, configured, started,
//! killed and started again on this computer, with a model behind them that follows a script.
//!
//! Nothing here reaches beyond the loopback except `npm install`.

mod config;
mod device;
mod frame_tap;
mod gateway;
mod home;
mod install;
mod messenger;
mod model;
mod npm;
mod process;
mod reply;
mod schema;
mod script;
mod tap;

pub use config::{ExecPolicy, GatewayOptions};
pub use device::{Admission, Application, LabDevice, Membership};
pub use gateway::RealGateway;
pub use install::{Installed, Version, ensure_installed};
pub use messenger::LabMessenger;
pub use model::ScriptedModel;
pub use npm::Progress;
pub use reply::{GREETING, IMAGE_SEEN, MARKDOWN};
pub use schema::{FrameValidator, protocol_schema};
pub use script::{ModelFailure, Script};
pub use tap::TappedGateway;
