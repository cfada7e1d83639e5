//! The time between connecting and stopping: tells what happens to the two sides.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bridge::request_key::approval_key;
use bridge::{Installation, Notice, PastRequest, Settings};
use sap::BridgeToken;
use tokio::time::{Instant, sleep_until};
use vault::Vault;

use crate::claim::{Claim, claim};
use crate::config::FIRST;
use crate::event::Event;
use crate::exit::{Exit, Failure, sentence};
use crate::front::{Front, Named};
use crate::gateway;
use crate::keys::InstallationKeys;
use crate::other_bridge::{OtherBridge, OtherBridgeWatch};
use crate::program::{Ending, Program};
use crate::storage::{UNWRITABLE_REMEDY, unwritable};

/// How long a failed side waits for the other one, when the first failure ends the program: so the
/// exit code does not depend on which side fails faster.
const OTHER_SIDE: Duration = Duration::from_secs(3);

const AGAIN: &str = "Start it again; if it stays, run it with --verbose.";

/// What is known about one side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Side {
    #[default]
    Unknown,
    Up,
    Down(Failure),
}

/// What is known about both sides.
#[derive(Debug, Default)]
struct Sides {
    cloud: Side,
    gateway: Side,
    give_up_at: Option<Instant>,
}

/// Carries messages until the program is to stop.
///
/// # Errors
/// Always: [`Ending::Stopped`], an installation that another program carries or that was revoked, or
/// a side that is away if nothing is tried again.
pub(crate) async fn carry(
    program: &mut Program,
    token: BridgeToken,
    vault: &Vault,
) -> Result<Infallible, Ending> {
    let Claim { journal, hold, remark } =
        claim(&program.config.data_dir, &token.installation_id())?;
    if let Some(message) = remark {
        program.output.tell(&Event::Notice { message });
    }
    let config = &program.config;
    let settings = Settings {
        cloud: config.cloud.clone(),
        token: token.clone(),
        gateway: gateway::settings(config, &gateway::look(config)),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let keys = Arc::new(InstallationKeys::fresh(vault.clone(), config.stored_prefix()).await);
    let installation = Installation::start(settings, program.dialer.clone(), keys, journal).await;
    let mut installation = installation.map_err(|error| {
        Failure::fatal(sentence(&error.to_string()), error.remedy().unwrap_or(AGAIN))
    })?;
    let ending = follow(program, &mut installation, &token).await;
    installation.stop().await;
    drop(hold);
    Err(ending)
}

async fn follow(
    program: &mut Program,
    installation: &mut Installation,
    token: &BridgeToken,
) -> Ending {
    let mut sides = Sides::default();
    let mut others = OtherBridgeWatch::start(token.installation_id());
    let mut front = Front::open(&program.config.data_dir, named(program, token));
    loop {
        if program.config.no_retry
            && let Some(failure) = sides.failure()
        {
            return Ending::Failed(failure);
        }
        let notice = tokio::select! {
            biased;
            () = program.signals.token().cancelled() => return Ending::Stopped,
            notice = installation.next_notice() => notice,
            other = others.changed() => {
                program.output.tell(&Event::Notice { message: about_the_other(other) });
                continue;
            }
            turn = front.next() => {
                front.act(turn, installation);
                continue;
            }
            () = sleep_until(sides.give_up_at.unwrap_or_else(Instant::now)),
                if sides.give_up_at.is_some() && program.config.no_retry => continue,
        };
        let Some(notice) = notice else {
            return Failure::fatal("The bridge stopped by itself.", AGAIN).into();
        };
        if matches!(notice, Notice::CloudUp { .. }) {
            others.look_again();
        }
        settle(&mut front, &notice);
        if let Some(ending) = tell(program, &mut sides, notice, token) {
            return ending;
        }
    }
}

fn named(program: &Program, token: &BridgeToken) -> Named {
    Named {
        id: token.installation_id().to_string(),
        name: program.config.host_label.to_string(),
        cloud: program.config.cloud.to_string(),
        gateway: program.config.gateway_url.as_ref().map(ToString::to_string),
    }
}

/// Tells those who wait for the end of a request.
fn settle(front: &mut Front, notice: &Notice) {
    match notice {
        Notice::ApprovalSettled { approval_id, outcome } => {
            front.settle(&approval_key(approval_id), control::settled(outcome));
        }
        Notice::RequestEnded(request) => {
            front.settle(&request.key, control::past(FIRST, request).outcome);
        }
        Notice::CloudUp { .. }
        | Notice::CloudDown { .. }
        | Notice::GatewayUp { .. }
        | Notice::GatewayDown { .. }
        | Notice::Ready
        | Notice::Revoked { .. }
        | Notice::Storage { .. }
        | Notice::MessageRefused { .. }
        | Notice::KeyAwaited { .. }
        | Notice::KeysHandedOn { .. }
        | Notice::KeysUnkept { .. }
        | Notice::DeliveryFailed { .. }
        | Notice::DecisionChanged { .. }
        | Notice::SetupUsed { .. }
        | _ => {}
    }
}

fn tell(
    program: &mut Program,
    sides: &mut Sides,
    notice: Notice,
    token: &BridgeToken,
) -> Option<Ending> {
    match notice {
        Notice::CloudUp { .. } => {
            sides.cloud = Side::Up;
            let base_url = program.config.cloud.to_string();
            program.output.tell(&Event::SophonConnected { base_url });
        }
        Notice::GatewayUp { version } => {
            tracing::info!(version, "the gateway is connected");
            sides.gateway = Side::Up;
            let url = gateway_url(program);
            program.output.tell(&Event::OpenclawConnected { url });
        }
        Notice::Ready => {
            let sophon_base = program.config.cloud.to_string();
            let openclaw_url = gateway_url(program);
            let installation_id = token.installation_id().to_string();
            program.output.tell(&Event::Ready { sophon_base, openclaw_url, installation_id });
        }
        Notice::CloudDown { cause, code } => {
            tracing::info!(code, cause, "the cloud is away");
            let failure = Failure {
                exit: Exit::SophonUnreachable,
                code: "sophon_unreachable",
                message: sentence(&cause),
                hint: None,
            };
            sides.lose(|sides| &mut sides.cloud, failure, program);
        }
        Notice::GatewayDown { cause, remedy, code } => {
            tracing::info!(code, cause, "the gateway is away");
            let failure = gateway::away(&cause, remedy, code);
            sides.lose(|sides| &mut sides.gateway, failure, program);
        }
        Notice::Revoked { code } => return Some(revoked(&code).into()),
        Notice::Storage { trouble } => {
            let message = trouble.map_or_else(
                || "The journal can be written again: messages are carried on.".to_owned(),
                |trouble| format!("{} {UNWRITABLE_REMEDY}", unwritable(&trouble)),
            );
            program.output.tell(&Event::Notice { message });
        }
        Notice::MessageRefused { why, .. } => {
            let message = format!("A message was not carried: {why}.");
            program.output.tell(&Event::Notice { message });
        }
        Notice::KeyAwaited { session } => {
            let message = format!(
                "Waiting for the phone's key of the encrypted chat {session}: open the chat on the \
                 phone."
            );
            program.output.tell(&Event::Notice { message });
        }
        Notice::KeysHandedOn { label, sessions } => {
            let device = label.map_or_else(String::new, |label| format!(" ({label})"));
            let message = format!(
                "Another device of yours{device} is handed the keys of encrypted chats ({sessions}). \
                 If you do not know it, remove it on the phone."
            );
            program.output.tell(&Event::Notice { message });
        }
        Notice::KeysUnkept { why } => {
            let message = format!(
                "Keys of encrypted chats cannot be kept on this computer: {why}. They serve until \
                 this program ends; then the phone hands them over again."
            );
            program.output.tell(&Event::Notice { message });
        }
        Notice::DecisionChanged { what, .. } => {
            program.output.tell(&Event::Notice { message: sentence(&what) });
        }
        Notice::DeliveryFailed { session, code } => {
            tracing::warn!(%session, code, "the cloud refused a part of an answer");
        }
        Notice::ApprovalSettled { approval_id, outcome } => {
            tracing::info!(approval_id, ?outcome, "an approval came to its end");
        }
        Notice::RequestEnded(request) => {
            let PastRequest { key, outcome, .. } = request;
            tracing::debug!(key, ?outcome, "a request came to its end");
        }
        Notice::SetupUsed { .. } | _ => {}
    }
    None
}

/// Where the gateway is, as given or as its configuration says now.
fn gateway_url(program: &Program) -> String {
    gateway::look(&program.config).url.unwrap_or_default().to_string()
}

fn about_the_other(other: Option<OtherBridge>) -> String {
    match other {
        Some(other) => format!("{} {}", other.what(), other.remedy()),
        None => "The npm bridge has ended.".to_owned(),
    }
}

fn revoked(code: &str) -> Failure {
    Failure {
        exit: Exit::Failure,
        code: "installation_revoked",
        message: format!("This computer's access was removed on the phone ({code})."),
        hint: Some("Pair it again with `sophon-bridge --pair-only`.".to_owned()),
    }
}

impl Sides {
    /// Notes that a side is away, and says so unless the same was said last.
    fn lose(
        &mut self,
        side: impl Fn(&mut Self) -> &mut Side,
        failure: Failure,
        program: &mut Program,
    ) {
        self.give_up_at.get_or_insert_with(|| Instant::now() + OTHER_SIDE);
        let down = Side::Down(failure.clone());
        if *side(self) != down {
            *side(self) = down;
            if !program.config.no_retry {
                program.output.tell(&failure.event(true));
            }
        }
    }

    /// The failure that ends a program that does not try again: the gateway's before the cloud's.
    fn failure(&self) -> Option<Failure> {
        match (&self.gateway, &self.cloud) {
            (Side::Down(failure), _) | (Side::Up, Side::Down(failure)) => Some(failure.clone()),
            (Side::Unknown, Side::Down(failure)) => {
                let is_over = self.give_up_at.is_some_and(|at| at <= Instant::now());
                is_over.then(|| failure.clone())
            }
            (Side::Unknown | Side::Up, Side::Unknown | Side::Up) => None,
        }
    }
}
