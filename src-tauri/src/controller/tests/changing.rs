//! A request can change under its key: what was shown is what is decided.

use control::{Pending, Severity};
use simulator::gateway::{AskingDevice, OfferingNode};

use super::*;
use crate::view::AccessMode;

impl Program {
    async fn until_refused_as_changed(&mut self, key: &str) {
        let (topic, title) = (Topic::Request(key.to_owned()), "Not decided".to_owned());
        self.until_asked_for(Intent::Tell { topic, title }).await;
        self.until_asked_for(Intent::OpenWindow(Some(key.to_owned()))).await;
        let texts = self.notes.borrow().texts.clone();
        let sentence = "It has changed since it was shown: look at it again.";
        assert!(texts.iter().any(|text| text.ends_with(sentence)), "{texts:?}");
    }
}

#[tokio::test]
async fn what_was_not_shown_is_not_decided_and_the_window_opens_at_it() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    program.want_access(AccessMode::Always);
    let key = format!("device:{}", computer.gateway.device_asks(&AskingDevice::new("Tablet")));
    program.until_asked_for(Intent::Announce(key.clone())).await;
    program.decide_seen(&key, Verdict::Allow, "what it was before");
    program.until_refused_as_changed(&key).await;
    assert!(computer.gateway.access_decisions().is_empty());

    program.decide(&key, Verdict::Allow);
    let allowed = Intent::Tell { topic: Topic::Request(key), title: "Allowed".to_owned() };
    program.until_asked_for(allowed).await;
    assert_eq!(computer.gateway.access_decisions().len(), 1);
    program.end().await;
}

#[tokio::test]
async fn an_offer_that_changed_unheard_is_not_allowed_but_shown_anew() {
    let computer = Computer::with(GatewayOptions::of(Generation::Older)).await;
    let mut program = computer.start_paired().await;
    program.want_access(AccessMode::Always);
    let node = OfferingNode::new("Server", &["camera.snap"]);
    let id = computer.gateway.node_offers(&node);
    let key = format!("node:{id}");
    program.until_asked_for(Intent::Announce(key.clone())).await;
    let seen = program.seen(&key).unwrap();
    let more = OfferingNode { commands: vec!["system.run".to_owned()], ..node };
    assert_eq!(computer.gateway.node_offers(&more), id);

    program.decide_seen(&key, Verdict::Allow, &seen);
    program.until_refused_as_changed(&key).await;
    let severity = |notes: &Notes| Some(notes.pending(RequestKind::Node)?.subject.severity());
    program
        .until_some("the new offer", |notes| (severity(notes)? == Severity::High).then_some(()))
        .await;
    assert_ne!(program.seen(&key).unwrap(), seen);
    assert!(computer.gateway.access_decisions().is_empty());
    program.end().await;
}

#[tokio::test]
async fn a_request_that_changes_is_announced_again_also_where_it_was_not_decided_before() {
    let computer = Computer::new().await;
    let mut program = computer.start_paired().await;
    let key = computer.ask(&mut program).await;
    let asked = program.notes.borrow().pending(RequestKind::Approval).unwrap().clone();
    program.end().await;

    let (notes, told) = watch::channel(Notes::default());
    let mut controller = computer.controller(notes);
    let announced = || {
        let intents = &told.borrow().intents;
        intents.iter().filter(|intent| **intent == Intent::Announce(key.clone())).count()
    };
    let changed = |seen: &str| Pending { seen: seen.to_owned(), ..asked.clone() };
    controller.announce_requests(std::slice::from_ref(&asked));
    controller.announce_requests(std::slice::from_ref(&asked));
    assert_eq!(announced(), 1, "it says the same");
    controller.announce_requests(&[changed("2")]);
    assert_eq!(announced(), 2);
    controller.announce_requests(&[Pending { deciding: Some(Verdict::Deny), ..changed("3") }]);
    assert_eq!(announced(), 2, "it is being decided");
    let view = View { pending: vec![changed("2")], ..controller.view() };
    controller.shown = Some(Arc::new(view));
    controller.tell_about(&key, None, "Not decided", "It refuses.");
    controller.announce_requests(&[changed("2")]);
    assert_eq!(announced(), 2, "what became of it stays to be read");
    controller.announce_requests(&[changed("3")]);
    assert_eq!(announced(), 3);
}
