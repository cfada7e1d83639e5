//! What a terminal asks the program that runs.

use control::{Answer, Ask, InstallationState, InstallationSummary};
use tokio::sync::oneshot;

use super::*;

impl Program {
    pub(super) async fn ask(&self, ask: Ask) -> Answer {
        let (answer, answered) = oneshot::channel();
        self.events.send(Event::Asked(Asked { ask, answer })).unwrap();
        tokio::time::timeout(SOON, answered).await.unwrap().unwrap()
    }

    async fn ask_to_decide(&self, key: &str, verdict: Verdict) -> Answer {
        self.ask(Ask::Decide { key: key.to_owned(), verdict, notify: false, seen: None }).await
    }
}

#[tokio::test]
async fn a_later_start_opens_the_window_and_reads_the_menu() {
    let computer = Computer::new().await;
    let mut program = computer.start();
    program.until_unpaired().await;
    assert_eq!(program.ask(Ask::Greet).await, Answer::Text { text: String::new() });
    assert_eq!(program.asked_for(|it| matches!(it, Intent::OpenWindow(_))), 0);
    program.ask(Ask::Open).await;
    assert_eq!(program.asked_for(|it| matches!(it, Intent::OpenWindow(None))), 1);
    let Answer::Text { text } = program.ask(Ask::Menu).await else { panic!("no text") };
    assert!(text.contains("Quit"), "{text}");
    program.end().await;
}

#[tokio::test]
async fn an_approval_is_listed_decided_and_found_in_the_history() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    let key = computer.ask(&mut program).await;
    let Answer::Pending { requests, .. } = program.ask(Ask::Pending).await else {
        panic!("no list")
    };
    assert_eq!(requests.iter().map(|it| it.key.as_str()).collect::<Vec<_>>(), [key.as_str()]);
    let wrong = program.ask_to_decide(&key, Verdict::Allow).await;
    assert!(matches!(&wrong, Answer::Refused(why) if why.code == "not_offered"), "{wrong:?}");
    let seen = Some("of another command".to_owned());
    let decide = Ask::Decide { key: key.clone(), verdict: Verdict::Deny, notify: false, seen };
    let changed = program.ask(decide).await;
    assert!(matches!(&changed, Answer::Refused(why) if why.code == "changed"), "{changed:?}");
    let done = program.ask_to_decide(&key, Verdict::Deny).await;
    assert!(matches!(&done, Answer::Done { .. }), "{done:?}");
    assert!(computer.gateway.pending_approvals().is_empty());
    let late = program.ask_to_decide(&key, Verdict::AllowOnce).await;
    assert!(matches!(&late, Answer::Refused(why) if why.code == "no_such_request"), "{late:?}");
    let Answer::History { requests } = program.ask(Ask::History).await else { panic!("no list") };
    assert_eq!(requests.iter().map(|it| it.key.as_str()).collect::<Vec<_>>(), [key.as_str()]);
    program.end().await;
}

#[tokio::test]
async fn of_two_terminals_that_decide_at_once_one_decides_and_the_other_is_told() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    let key = computer.ask(&mut program).await;
    let (one, two) = tokio::join!(
        program.ask_to_decide(&key, Verdict::AllowOnce),
        program.ask_to_decide(&key, Verdict::Deny),
    );
    let done = |answer: &Answer| matches!(answer, Answer::Done { .. });
    assert!(done(&one) != done(&two), "{one:?} {two:?}");
    let refused = if done(&one) { two } else { one };
    assert!(matches!(&refused, Answer::Refused(why) if !why.what.is_empty()), "{refused:?}");
    program.end().await;
}

#[tokio::test]
async fn installations_are_listed_with_how_they_stand() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    let listed = async |program: &Program| {
        let Answer::Installations { installations } = program.ask(Ask::Installations).await else {
            panic!("no list")
        };
        installations
    };
    let [InstallationSummary { slot, name, id, state, .. }] = &listed(&program).await[..] else {
        panic!("not one")
    };
    assert_eq!((*slot, name.as_str()), (FIRST, "Den"));
    assert_eq!(*state, InstallationState::Connected);
    assert!(id.is_some());
    program.wish(Request::Pause { slot: FIRST });
    program.until("paused", |it| matches!(it, Installation::Paused { .. })).await;
    assert_eq!(listed(&program).await[0].state, InstallationState::Paused);
    program.end().await;
}
