//! What a screen at this computer needs of an installation, against a simulated cloud and gateway:
//! pending approvals and decisions, signs of life, and another try at once.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant, SystemTime};

use bridge::{Decider, Installation, Link, Notice, PendingApproval, Settled, Snapshot};
use flows::{Flow, SOON, end_text};
use openclaw::Decision;
use secrecy::SecretString;
use simulator::cloud::{CloudOptions, Dialect, Fault, RateTable};
use simulator::gateway::{ConnectRefusal, Gateway, GatewayOptions, Generation};
use tokio::time::timeout;
use url::Url;

const GENERATIONS: [Generation; 2] = [Generation::Older, Generation::Newer];

async fn start(options: GatewayOptions) -> (Gateway, Flow) {
    let gateway = Gateway::start(options).await.unwrap();
    let url = Url::parse(&gateway.url()).unwrap();
    let token = SecretString::from(gateway.token());
    let rates = RateTable::lifted();
    let cloud = CloudOptions { dialect: Dialect::Npm, rates, ..CloudOptions::default() };
    let flow = Flow::start(&url, &token, cloud).await;
    (gateway, flow)
}

async fn finish(gateway: Gateway, flow: Flow) {
    flow.finish().await;
    let violations = gateway.violations();
    assert!(violations.is_empty(), "against the gateway's wire: {violations:#?}");
}

/// Waits until the state is as wanted.
async fn until(installation: &Installation, wanted: impl FnMut(&Snapshot) -> bool) -> Snapshot {
    let mut snapshot = installation.snapshot();
    timeout(SOON, snapshot.wait_for(wanted)).await.unwrap().unwrap().clone()
}

/// Waits until the screen shows an approval that nobody decided.
async fn shown(installation: &Installation) -> PendingApproval {
    let waits = |now: &Snapshot| now.approvals.iter().any(|one| one.deciding.is_none());
    until(installation, waits).await.approvals[0].clone()
}

/// Waits for the next notice that says what became of an approval or of a decision.
async fn told(installation: &mut Installation) -> Notice {
    loop {
        let notice = timeout(SOON, installation.next_notice()).await.unwrap().unwrap();
        if matches!(notice, Notice::ApprovalSettled { .. } | Notice::DecisionChanged { .. }) {
            return notice;
        }
    }
}

fn settled(approval: &PendingApproval, outcome: Settled) -> Notice {
    Notice::ApprovalSettled { approval_id: approval.id.clone(), outcome }
}

#[tokio::test]
async fn a_decision_at_the_computer_reaches_the_gateway_and_the_phone() {
    for generation in GENERATIONS {
        for (decision, label) in [
            (Decision::AllowOnce, "Allowed at the computer"),
            (Decision::Deny, "Denied at the computer"),
        ] {
            let (gateway, mut flow) = start(GatewayOptions::of(generation)).await;
            let said = flow.cloud.say("ses_desk", "run: echo HELLO");
            let approval = shown(&flow.installation).await;
            assert_eq!(approval.command.as_deref(), Some("echo HELLO"));
            assert_eq!(approval.agent.as_deref(), Some("main"));
            assert!(approval.offers.contains(&decision));
            flow.installation.decide(approval.id.clone(), decision).await;
            let applied = Settled::Applied { decision, by: Decider::Computer };
            assert_eq!(told(&mut flow.installation).await, settled(&approval, applied));
            until(&flow.installation, |now| now.approvals.is_empty()).await;
            let bubble = flow.ended("ses_desk", &said).await;
            assert!(end_text(&bubble).starts_with("Let me run that."), "{generation:?}");
            let card = flow.tool_cards("ses_desk").remove(0);
            let says = card.status_label.as_deref();
            assert!(says.is_some_and(|says| says.ends_with(label)), "{generation:?}: {card:#?}");
            finish(gateway, flow).await;
        }
    }
}

#[tokio::test]
async fn the_phone_that_comes_second_is_told_about_at_the_computer() {
    for generation in GENERATIONS {
        let (gateway, mut flow) = start(GatewayOptions::of(generation)).await;
        let said = flow.cloud.say("ses_second", "run: echo HELLO");
        let asked = flow.asked("ses_second").await;
        let approval = shown(&flow.installation).await;
        flow.installation.decide(approval.id.clone(), Decision::AllowOnce).await;
        flow.cloud.decide(&asked.approval_id, "deny");
        let (mut changes, mut ends) = (Vec::new(), Vec::new());
        while changes.is_empty() || ends.is_empty() {
            let notice = told(&mut flow.installation).await;
            if let Notice::DecisionChanged { what, .. } = notice {
                changes.push(what);
            } else {
                ends.push(notice);
            }
        }
        let by = Decider::Computer;
        let applied = Settled::Applied { decision: Decision::AllowOnce, by };
        assert_eq!(ends, [settled(&approval, applied)], "{generation:?}: {changes:?}");
        flow.ended("ses_second", &said).await;
        finish(gateway, flow).await;
    }
}

#[tokio::test]
async fn a_question_decided_at_the_phone_or_elsewhere_leaves_the_screen() {
    for generation in GENERATIONS {
        let (gateway, mut flow) = start(GatewayOptions::of(generation)).await;
        let said = flow.cloud.say("ses_phone", "run: echo HELLO");
        let approval = shown(&flow.installation).await;
        flow.asked("ses_phone").await;
        flow.cloud.decide(&approval.id, "approve");
        let by = Decider::Phone;
        let applied = Settled::Applied { decision: Decision::AllowOnce, by };
        assert_eq!(told(&mut flow.installation).await, settled(&approval, applied));
        flow.ended("ses_phone", &said).await;

        let said = flow.cloud.say("ses_phone", "run: echo AGAIN");
        let approval = shown(&flow.installation).await;
        assert!(gateway.decide_elsewhere(&approval.id, "deny"));
        let elsewhere = Settled::Elsewhere { decision: Some(Decision::Deny) };
        assert_eq!(told(&mut flow.installation).await, settled(&approval, elsewhere));
        until(&flow.installation, |now| now.approvals.is_empty()).await;
        flow.ended("ses_phone", &said).await;
        finish(gateway, flow).await;
    }
}

#[tokio::test]
async fn a_question_that_nobody_answers_expires_on_the_screen() {
    for generation in GENERATIONS {
        let approval_ttl = Duration::from_secs(2);
        let options = GatewayOptions { approval_ttl, ..GatewayOptions::of(generation) };
        let (gateway, mut flow) = start(options).await;
        let said = flow.cloud.say("ses_late", "run: echo HELLO");
        let asked = flow.asked("ses_late").await;
        let expired =
            Notice::ApprovalSettled { approval_id: asked.approval_id, outcome: Settled::Expired };
        assert_eq!(told(&mut flow.installation).await, expired, "{generation:?}");
        until(&flow.installation, |now| now.approvals.is_empty()).await;
        flow.ended("ses_late", &said).await;
        finish(gateway, flow).await;
    }
}

#[tokio::test]
async fn a_decision_while_the_gateway_is_away_is_applied_when_it_is_back() {
    let (gateway, mut flow) = start(GatewayOptions::default()).await;
    flow.cloud.say("ses_away", "run: echo HELLO");
    let approval = shown(&flow.installation).await;
    gateway.drop_connections();
    until(&flow.installation, |now| !now.gateway.is_up()).await;
    flow.installation.decide(approval.id.clone(), Decision::Deny).await;
    let is_deciding = |now: &Snapshot| {
        now.approvals.first().is_none_or(|one| one.deciding == Some(Decision::Deny))
    };
    until(&flow.installation, is_deciding).await;
    let applied = Settled::Applied { decision: Decision::Deny, by: Decider::Computer };
    assert_eq!(told(&mut flow.installation).await, settled(&approval, applied));
    finish(gateway, flow).await;
}

#[tokio::test]
async fn both_sides_show_signs_of_life_while_they_are_connected() {
    let begun = SystemTime::now();
    let (gateway, flow) = start(GatewayOptions::default()).await;
    let pulse = flow.installation.pulse();
    for beat in [pulse.cloud.unwrap(), pulse.gateway.unwrap()] {
        assert!(beat.heard >= begun && beat.heard <= SystemTime::now(), "{beat:?}");
        let round_trip = beat.round_trip.unwrap();
        assert!(round_trip > Duration::ZERO && round_trip < SOON, "{round_trip:?}");
    }
    flow.ask("ses_pulse", "say: hello").await;
    let later = flow.installation.pulse();
    assert!(later.cloud.unwrap().heard > pulse.cloud.unwrap().heard);
    assert!(later.gateway.unwrap().heard > pulse.gateway.unwrap().heard);

    gateway.stop().await;
    until(&flow.installation, |now| !now.gateway.is_up()).await;
    assert_eq!(flow.installation.pulse().gateway, None);
    assert!(flow.installation.pulse().cloud.is_some());
    flow.cloud.fault(Fault::RefuseSocket { status: 503, times: 100 });
    flow.cloud.fault(Fault::DropSocket);
    until(&flow.installation, |now| !now.cloud.is_up()).await;
    assert_eq!(flow.installation.pulse().cloud, None);
    flow.installation.stop().await;
}

#[tokio::test]
async fn a_gateway_that_waits_for_a_person_is_tried_at_once_when_they_say_so() {
    let (gateway, flow) = start(GatewayOptions::default()).await;
    gateway.refuse_next_connect(ConnectRefusal::ProtocolMismatch);
    gateway.drop_connections();
    let is_waiting = |now: &Snapshot| {
        let patience = Duration::from_secs(10);
        matches!(now.gateway, Link::Down { retry_at: Some(at), .. }
            if at > SystemTime::now() + patience)
    };
    until(&flow.installation, is_waiting).await;
    let wished = Instant::now();
    flow.installation.retry_now();
    flow.connected().await;
    assert!(wished.elapsed() < Duration::from_secs(8), "{:?}", wished.elapsed());
    finish(gateway, flow).await;
}

#[tokio::test]
async fn every_wish_for_another_try_is_one_and_the_waits_go_on_growing() {
    let (gateway, flow) = start(GatewayOptions::default()).await;
    let begun = Instant::now();
    flow.cloud.fault(Fault::RefuseSocket { status: 503, times: 100 });
    flow.cloud.fault(Fault::DropSocket);
    let mut last = None;
    for _ in 0..6 {
        let is_another = |now: &Snapshot| match &now.cloud {
            Link::Down { retry_at, .. } => *retry_at != last,
            Link::Connecting { .. } | Link::Up { .. } | Link::Stopped => false,
        };
        let Link::Down { retry_at, .. } = until(&flow.installation, is_another).await.cloud else {
            panic!("not down")
        };
        last = retry_at;
        flow.installation.retry_now();
    }
    // Without wishes these tries take 15 s at least.
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    let wait = last.unwrap().duration_since(SystemTime::now()).unwrap();
    assert!(wait > Duration::from_secs(8), "the sixth wait is a long one: {wait:?}");
    flow.cloud.fault(Fault::RefuseSocket { status: 503, times: 0 });
    flow.installation.retry_now();
    flow.connected().await;
    finish(gateway, flow).await;
}

#[tokio::test]
async fn an_installation_is_stopped_or_dropped_and_started_again_without_leaving_a_task() {
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let (gateway, flow) = start(GatewayOptions::default()).await;
    flow.ask("ses_again", "say: once").await;
    let Flow { cloud, installation, keys, settings, folder } = flow;
    let gone = async |least: usize| {
        let ends = async {
            while tasks() > least || gateway.connections() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let ended = timeout(Duration::from_secs(10), ends).await;
        assert!(ended.is_ok(), "{} tasks are left, of {least}", tasks());
    };
    installation.stop().await;
    gone(usize::MAX).await;
    let least = tasks();
    for round in 0..6 {
        let installation = flows::install(&settings, &keys, folder.path()).await;
        if round % 3 > 0 {
            until(&installation, |now| now.cloud.is_up() && now.gateway.is_up()).await;
            cloud.say("ses_again", "slow: 50");
            until(&installation, |now| now.load.running > 0).await;
        }
        if round % 2 == 0 {
            drop(installation);
        } else {
            installation.stop().await;
        }
        gone(least).await;
    }
}

#[tokio::test]
async fn a_revoked_installation_says_so_as_long_as_anybody_looks() {
    let (_gateway, mut flow) = start(GatewayOptions::default()).await;
    flow.cloud.say("ses_revoked", "run: echo HELLO");
    let approval = shown(&flow.installation).await;
    flow.cloud.fault(Fault::Revoke);
    assert_eq!(told(&mut flow.installation).await, settled(&approval, Settled::Gone));
    let stopped = until(&flow.installation, |now| now.gateway == Link::Stopped).await;
    assert!(
        matches!(stopped.cloud, Link::Down { code: "installation_revoked", retry_at: None, .. }),
        "{stopped:?}"
    );
    assert!(stopped.approvals.is_empty());
    assert_eq!(flow.installation.pulse(), bridge::Pulse::default());
}
