//! Codes for phones, which nobody sees longer than they must.

use control::{Setup, SetupLevel, Standing};

use super::*;
use crate::view::AccessMode;

const MAKE: Request = Request::SetUp { slot: FIRST, level: SetupLevel::Limited };

fn setup(notes: &Notes) -> Option<Setup> {
    notes.view.as_ref()?.access.first()?.setup.clone()
}

fn ready(notes: &Notes) -> Option<(String, String)> {
    match setup(notes)? {
        Setup::Ready { code, qr_path, .. } => Some((code, qr_path)),
        Setup::Making | Setup::Over { .. } => None,
    }
}

impl Computer {
    /// Starts the program, with the devices of its gateway in view.
    async fn start_at_devices(&self) -> Program {
        let mut program = self.start_paired().await;
        program.want_access(AccessMode::Shown);
        program.look_at(Page::Devices);
        program.until_standing("a connection", |it| *it == Standing::Up).await;
        program
    }
}

#[tokio::test]
async fn a_code_for_a_phone_is_shown_until_it_is_used_or_the_window_closes() {
    let computer = Computer::reachable_by_phones().await;
    let mut program = computer.start_at_devices().await;
    program.wish(MAKE);
    let (code, qr_path) = program.until_some("a code", ready).await;
    assert!(qr_path.starts_with('M') && computer.gateway.setup_codes().contains(&code));
    assert!(computer.gateway.use_setup_code(&code, "Pocket", true));
    let over = program.until_some("its end", |notes| match setup(notes)? {
        Setup::Over { what } => Some(what),
        Setup::Making | Setup::Ready { .. } => None,
    });
    assert!(over.await.contains("“Pocket” has joined"));
    let title = "A code for a phone was used".to_owned();
    program.until_asked_for(Intent::Tell { topic: Topic::Access(FIRST), title }).await;

    program.wish(MAKE);
    program.until_some("another code", ready).await;
    program.wish(Request::HideSetup { slot: FIRST });
    program.until_some("no code", |notes| setup(notes).is_none().then_some(())).await;
    program.wish(MAKE);
    program.until_some("a third code", ready).await;
    program.close_window();
    program
        .until_some("no code", |notes| notes.view.as_ref()?.access.is_empty().then_some(()))
        .await;
    program.look_at(Page::Devices);
    program.until_standing("a connection", |it| *it == Standing::Up).await;
    assert_eq!(setup(&program.notes.borrow()), None);
    program.end().await;
}

#[tokio::test]
async fn a_code_goes_with_the_page_and_none_is_made_for_another_page() {
    let computer = Computer::reachable_by_phones().await;
    let mut program = computer.start_at_devices().await;
    program.wish(MAKE);
    program.until_some("a code", ready).await;
    program.look_at(Page::Requests);
    program.until_some("no code", |notes| setup(notes).is_none().then_some(())).await;
    program.wish(Request::SetUp { slot: FIRST, level: SetupLevel::Full });
    program.look_at(Page::Devices);
    program.wish(MAKE);
    let (code, _) = program.until_some("a code", ready).await;
    let codes = computer.gateway.setup_codes();
    assert_eq!((codes.len(), codes.last()), (2, Some(&code)));
    program.end().await;
}
