//! The controller between a simulated cloud, a simulated gateway, and a desktop that only notes what
//! it is asked for.

mod access;
mod changing;
mod codes;
mod devices;
mod ending;
mod gateways;
mod late;
mod migration;
mod recorder;
mod several;
mod storage;
mod taken_away;
mod terminal;

use std::sync::Arc;
use std::time::Duration;

use bridge::pairing::PairError;
use clap::Parser as _;
use cli::FIRST;
use control::{RequestKind, Verdict};
use sap::BridgeToken;
use simulator::cloud::{Cloud, CloudOptions, CloudView};
use simulator::gateway::{Gateway, GatewayOptions, Generation};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::recorder::{Intent, Notes, Recorder};
use super::*;
use crate::shell::Topic;
use crate::view::{Installation, Link, Paired, Problem, SeatSettings, Ticket};

/// How long anything may take.
const SOON: Duration = Duration::from_secs(20);

/// What a person is to confirm, if they are.
fn ticket(notes: &Notes) -> Option<&Ticket> {
    ticket_of(FIRST, notes)
}

fn ticket_of(slot: Slot, notes: &Notes) -> Option<&Ticket> {
    if let Installation::Pairing { ticket, .. } = notes.seat(slot)? {
        ticket.as_ref()
    } else {
        None
    }
}

/// A computer with the program on it.
struct Computer {
    cloud: Arc<Cloud>,
    gateway: Gateway,
    folder: tempfile::TempDir,
}

/// Makes a gateway one that is set up on this computer, in this folder.
fn set_up_openclaw(folder: &Path, gateway: &Gateway) {
    let (url, token) = (gateway.url(), gateway.token());
    let (_, port) = url.rsplit_once(':').unwrap();
    let port = port.trim_end_matches('/');
    let configuration = format!(r#"{{"gateway":{{"port":{port},"auth":{{"token":"{token}"}}}}}}"#);
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("openclaw.json"), configuration).unwrap();
}

/// The program at work.
struct Program {
    events: UnboundedSender<Event>,
    notes: watch::Receiver<Notes>,
    desktop: watch::Sender<Notes>,
    stop: CancellationToken,
    life: JoinHandle<Recorder>,
}

impl Computer {
    async fn new() -> Self {
        Self::with(GatewayOptions::of(Generation::Newer)).await
    }

    /// One whose gateway makes codes for phones.
    async fn reachable_by_phones() -> Self {
        let public_url = Some("wss://gateway.example.org".to_owned());
        Self::with(GatewayOptions { public_url, ..GatewayOptions::of(Generation::Newer) }).await
    }

    async fn with(options: GatewayOptions) -> Self {
        let cloud = Cloud::start(CloudOptions::default()).await.unwrap();
        let gateway = Gateway::start(options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), gateway.token()).unwrap();
        set_up_openclaw(&folder.path().join("openclaw"), &gateway);
        Self { cloud: Arc::new(cloud), gateway, folder }
    }

    fn start(&self) -> Program {
        let (notes, watching) = watch::channel(Notes::default());
        let controller = self.controller(notes.clone());
        let (events, stop) = (controller.events(), CancellationToken::new());
        let life = tokio::spawn(controller.run(stop.clone()));
        Program { events, notes: watching, desktop: notes, stop, life }
    }

    /// The program before it runs.
    fn controller(&self, notes: watch::Sender<Notes>) -> Controller<Recorder> {
        let path = |name: &str| self.folder.path().join(name).to_str().unwrap().to_owned();
        let flags = [
            "sophon-bridge".to_owned(),
            format!("--data-dir={}", path("data")),
            format!("--openclaw-state-dir={}", path("openclaw")),
            format!("--sophon-base={}", self.cloud.base_url()),
            format!("--openclaw-url={}", self.gateway.url()),
            format!("--openclaw-token-file={}", path("token")),
            "--host-label=Den".to_owned(),
        ];
        let mut controller = Controller::new(Parts {
            shell: Recorder(notes),
            options: cli::Arguments::try_parse_from(flags).unwrap().options,
            dialer: Dialer::new("controller-tests/0"),
            tray: TrayHost::Missing,
            start_at_login: false,
            log_folder: path("logs"),
        })
        .unwrap();
        // The keychain of whoever runs the tests is left alone.
        controller.common.secrets.preference = vault::Preference::FileOnly;
        // So is what an npm bridge of theirs keeps.
        controller.common.npm_folder = Some(self.folder.path().join("npm"));
        let has_token = controller.seats[0].config.token.is_some();
        controller.seats = seats::known(&controller.stored, has_token, &controller.common).unwrap();
        controller
    }

    async fn start_paired(&self) -> Program {
        let mut program = self.start();
        program.until("unpaired", |it| matches!(it, Installation::Unpaired { .. })).await;
        program.wish(Request::Pair { slot: Some(FIRST) });
        let code = program.until_some("a code", |notes| Some(ticket(notes)?.code.clone()));
        self.cloud.approve_pairing(&code.await);
        program.until_connected().await;
        program
    }

    /// Lets an agent ask for an approval in a session of the phone; returns its key.
    async fn ask(&self, program: &mut Program) -> String {
        self.cloud.say("ses_controller0001", "run: ls");
        program
            .until_some("an approval", |notes| {
                Some(notes.pending(RequestKind::Approval)?.key.clone())
            })
            .await
    }
}

impl Program {
    fn wish(&self, request: Request) {
        self.events.send(Event::Wish(request)).unwrap();
    }

    fn decide(&self, key: &str, verdict: Verdict) {
        let seen = self.seen(key).unwrap_or_default();
        self.decide_seen(key, verdict, &seen);
    }

    /// A person answers what they were shown with this digest.
    fn decide_seen(&self, key: &str, verdict: Verdict, seen: &str) {
        let (key, seen) = (key.to_owned(), seen.to_owned());
        self.wish(Request::Decide { key, verdict, notify: false, seen });
    }

    /// Digest of a request as it is shown.
    fn seen(&self, key: &str) -> Option<String> {
        let notes = self.notes.borrow();
        let request = notes.view.as_ref()?.pending.iter().find(|request| request.key == key)?;
        Some(request.seen.clone())
    }

    async fn until_some<T>(&mut self, what: &str, find: impl Fn(&Notes) -> Option<T>) -> T {
        let mut found = None;
        let waited = tokio::time::timeout(
            SOON,
            self.notes.wait_for(|notes| {
                found = find(notes);
                found.is_some()
            }),
        )
        .await;
        drop(waited);
        found.unwrap_or_else(|| panic!("no {what}: {:#?}", *self.notes.borrow()))
    }

    async fn until(&mut self, what: &str, is: impl Fn(&Installation) -> bool) {
        self.until_seat(FIRST, what, is).await;
    }

    async fn until_seat(&mut self, slot: Slot, what: &str, is: impl Fn(&Installation) -> bool) {
        self.until_some(what, |notes| is(notes.seat(slot)?).then_some(())).await;
    }

    /// Waits until there is no pairing, and nothing went wrong.
    async fn until_unpaired(&mut self) {
        let unpaired = Installation::Unpaired { problem: None, npm: None };
        self.until("unpaired", |it| *it == unpaired).await;
    }

    async fn until_connected(&mut self) {
        self.until_seat_connected(FIRST).await;
    }

    async fn until_seat_connected(&mut self, slot: Slot) {
        self.until_seat(slot, "both sides connected", |installation| {
            matches!(
                installation,
                Installation::Paired(Paired {
                    cloud: Link::Up { .. },
                    gateway: Link::Up { .. },
                    ..
                })
            )
        })
        .await;
    }

    async fn until_asked_for(&mut self, intent: Intent) {
        self.until_some(&format!("{intent:?}"), |notes| {
            notes.intents.contains(&intent).then_some(())
        })
        .await;
    }

    fn asked_for(&self, is: impl Fn(&Intent) -> bool) -> usize {
        self.notes.borrow().intents.iter().filter(|intent| is(intent)).count()
    }

    async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(SOON, self.life).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn one_click_pairs_and_a_second_click_opens_the_same_page_again() {
    let computer = Computer::new().await;
    let mut program = computer.start();
    program.until("unpaired", |it| matches!(it, Installation::Unpaired { .. })).await;
    program.wish(Request::Pair { slot: Some(FIRST) });
    let ticket = program.until_some("a code", |notes| ticket(notes).cloned()).await;
    program.until_asked_for(Intent::OpenPage(ticket.url.clone())).await;
    program.wish(Request::Pair { slot: Some(FIRST) });
    program.wish(Request::CopyLink { slot: FIRST });
    program.until_asked_for(Intent::Copy(ticket.url.clone())).await;
    assert_eq!(program.asked_for(|intent| *intent == Intent::OpenPage(ticket.url.clone())), 2);
    assert_eq!(computer.cloud.pending_pairings().len(), 1);
    computer.cloud.approve_pairing(&ticket.code);
    program.until_connected().await;
    let title = "Paired as “Den”".to_owned();
    program.until_asked_for(Intent::Tell { topic: Topic::Pairing(FIRST), title }).await;
    program.end().await;
}

#[tokio::test]
async fn a_paired_computer_connects_by_itself_at_the_next_start() {
    let computer = Computer::new().await;
    computer.start_paired().await.end().await;
    let mut program = computer.start();
    program.until_connected().await;
    assert_eq!(program.asked_for(|intent| matches!(intent, Intent::OpenPage(_))), 0);
    program.end().await;
}

#[tokio::test]
async fn a_cancelled_pairing_leaves_the_computer_unpaired_and_can_be_begun_again() {
    let computer = Computer::new().await;
    let mut program = computer.start();
    program.until("unpaired", |it| matches!(it, Installation::Unpaired { .. })).await;
    program.wish(Request::Pair { slot: Some(FIRST) });
    program
        .until("pairing", |it| matches!(it, Installation::Pairing { ticket: Some(_), .. }))
        .await;
    program.wish(Request::CancelPairing { slot: FIRST });
    program.until_unpaired().await;
    program.wish(Request::Pair { slot: Some(FIRST) });
    program
        .until("pairing", |it| matches!(it, Installation::Pairing { ticket: Some(_), .. }))
        .await;
    program.end().await;
}

#[tokio::test]
async fn a_denied_pairing_says_why_and_what_to_do() {
    let computer = Computer::new().await;
    let mut program = computer.start();
    program.until("unpaired", |it| matches!(it, Installation::Unpaired { .. })).await;
    program.wish(Request::Pair { slot: Some(FIRST) });
    let code = program.until_some("a code", |notes| Some(ticket(notes)?.code.clone()));
    computer.cloud.deny_pairing(&code.await);
    let problem = program.until_some("a problem", |notes| {
        if let Installation::Unpaired { problem, .. } = notes.first()? {
            problem.clone()
        } else {
            None
        }
    });
    let problem = problem.await;
    assert!(problem.what.contains("denied") && problem.remedy.is_some(), "{problem:?}");
    program.end().await;
}

#[tokio::test]
async fn a_pause_disconnects_outlives_a_restart_and_ends_with_resume() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    program.wish(Request::Pause { slot: FIRST });
    program.until("paused", |it| matches!(it, Installation::Paused { .. })).await;
    assert!(
        computer
            .cloud
            .seen_within(SOON, |cloud| (cloud.connected() == 0).then_some(()))
            .await
            .is_some()
    );
    program.end().await;
    let mut program = computer.start();
    program.until("paused", |it| matches!(it, Installation::Paused { .. })).await;
    program.wish(Request::Resume { slot: FIRST });
    program.until_connected().await;
    program.end().await;
}

#[tokio::test]
async fn an_approval_is_announced_and_its_decision_told_after_the_gateway_confirmed_it() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    let id = computer.ask(&mut program).await;
    program.until_asked_for(Intent::Announce(id.clone())).await;
    program.decide(&id, Verdict::AllowOnce);
    let title = "Allowed once".to_owned();
    program.until_asked_for(Intent::Tell { topic: Topic::Request(id.clone()), title }).await;
    assert!(computer.gateway.pending_approvals().is_empty());
    program
        .until_some("an empty list", |notes| notes.view.as_ref()?.pending.is_empty().then_some(()))
        .await;
    program.end().await;
}

#[tokio::test]
async fn an_announcement_is_taken_back_when_the_phone_decides() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    let id = computer.ask(&mut program).await;
    program.until_asked_for(Intent::Announce(id.clone())).await;
    let asked =
        |cloud: &CloudView<'_>| (!cloud.approvals("ses_controller0001").is_empty()).then_some(());
    computer.cloud.wait_for("request on the phone", SOON, asked).await;
    computer.cloud.decide(id.strip_prefix("approval:").unwrap(), "deny");
    program.until_asked_for(Intent::Retract(id.clone())).await;
    assert_eq!(
        program.asked_for(|intent| matches!(intent, Intent::Tell { topic: Topic::Request(_), .. })),
        0
    );
    program.end().await;
}

#[tokio::test]
async fn a_setting_that_cannot_be_is_refused_at_its_field() {
    let computer = Computer::new().await;
    let mut program = computer.start();
    let settings = program.until_some("settings", Notes::settings).await;
    let settings = SeatSettings { gateway_url: "ws://10.0.0.1".into(), ..settings };
    program.wish(Request::SaveSeat { slot: FIRST, settings });
    let refused = program.until_some("a refusal", |notes| notes.view.as_ref()?.refused.clone());
    let refused = refused.await;
    assert_eq!((refused.slot, refused.field.as_str()), (Some(FIRST), "gateway_url"));
    program.end().await;
}
