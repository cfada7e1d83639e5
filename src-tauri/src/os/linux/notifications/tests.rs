//! Notifications on a private bus, with a service that writes down what it is told.

mod private_bus;
mod service;

use std::time::Duration;

use control::Verdict;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::*;
use crate::notification::{Button, Prompt, Urgency};
use private_bus::PrivateBus;
use service::{Call, DEADLINE, Service, emit};

struct App {
    notifications: Notifications,
    wishes: UnboundedReceiver<Request>,
}

impl App {
    fn start(bus: &PrivateBus) -> Self {
        let (tell, wishes) = unbounded_channel();
        Self { notifications: Notifications::on(bus.address(), tell), wishes }
    }

    async fn wish(&mut self) -> Request {
        timeout(DEADLINE, self.wishes.recv()).await.expect("no wish came").unwrap()
    }
}

fn topic(id: &str) -> Topic {
    Topic::Request(id.to_owned())
}

fn decide(id: &str, verdict: Verdict) -> Request {
    Request::Decide { key: id.to_owned(), verdict, notify: false, seen: "s1".to_owned() }
}

fn question(id: &str) -> Notification {
    let button =
        |label: &str, verdict| Button { label: label.into(), request: decide(id, verdict) };
    Notification {
        topic: topic(id),
        title: format!("question {id}"),
        body: "cat <a> & <b>".into(),
        prompt: Some(Prompt { clickable: None, plain: "Open Sophon Desktop to decide.".into() }),
        buttons: vec![button("Allow once", Verdict::AllowOnce), button("Deny", Verdict::Deny)],
        on_click: Some(Request::Show { key: id.to_owned() }),
        urgency: Urgency::Critical,
        expires_at_ms: Some(now_ms() + 3_600_000),
    }
}

#[tokio::test]
async fn a_button_is_offered_and_its_click_counts_once() {
    let bus = PrivateBus::start().await;
    let mut service = Service::start(&bus).await;
    let mut app = App::start(&bus);
    app.notifications.show(question("a"));
    app.notifications.show(question("b"));
    let (a, b) = (service.shown().await, service.shown().await);
    assert_eq!(a.actions, ["default", "Open", "button-0", "Allow once", "button-1", "Deny"]);
    assert_eq!((a.summary.as_str(), a.urgency), ("question a", 2));
    assert_eq!((a.body.as_str(), a.replaces), ("cat &lt;a&gt; &amp; &lt;b&gt;", 0));
    assert_eq!(a.desktop_entry, "at.sophon.desktop");

    service.click(a.id, "button-7").await;
    service.click(a.id, "button-0").await;
    service.click(a.id, "button-0").await;
    service.click(a.id, "button-1").await;
    service.click(b.id, "default").await;
    assert_eq!(app.wish().await, decide("a", Verdict::AllowOnce));
    assert_eq!(app.wish().await, Request::Show { key: "b".into() });
    assert_eq!(service.next().await, Call::Close(a.id));
    assert_eq!(service.next().await, Call::Close(b.id));
}

#[tokio::test]
async fn signals_that_the_service_did_not_send_are_ignored() {
    let bus = PrivateBus::start().await;
    let mut service = Service::start(&bus).await;
    let mut app = App::start(&bus);
    app.notifications.show(question("a"));
    let shown = service.shown().await;

    let forger = bus.connect().await;
    for to in [None, Some(shown.sender.as_str())] {
        emit(&forger, to, "ActionInvoked", &(shown.id, "button-0")).await;
        emit(&forger, to, "NotificationClosed", &(shown.id, 2_u32)).await;
    }
    let forged_owner = (service::NAME, "", forger.unique_name().unwrap().as_str());
    forger
        .emit_signal(
            Some(shown.sender.as_str()),
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus",
            "NameOwnerChanged",
            &forged_owner,
        )
        .await
        .unwrap();
    // Its answer comes after the bus has passed on what was sent before.
    zbus::fdo::DBusProxy::new(&forger).await.unwrap().get_id().await.unwrap();

    service.click(shown.id, "button-1").await;
    assert_eq!(app.wish().await, decide("a", Verdict::Deny));
    assert_eq!(service.next().await, Call::Close(shown.id));
}

#[tokio::test]
async fn a_new_form_takes_the_place_of_the_old_one_and_is_withdrawn_with_its_id() {
    let bus = PrivateBus::start().await;
    let mut service = Service::start(&bus).await;
    let mut app = App::start(&bus);
    for id in ["a", "b"] {
        app.notifications.show(question(id));
        service.shown().await;
    }
    app.notifications.show(Notification { title: "changed".into(), ..question("a") });
    let changed = service.shown().await;
    assert_eq!((changed.summary.as_str(), changed.replaces), ("changed", 1));

    // After this, all that the service said before has been heard.
    service.click(2, "default").await;
    app.wish().await;
    assert_eq!(service.next().await, Call::Close(2));
    app.notifications.withdraw(&topic("unknown"));
    app.notifications.withdraw(&topic("a"));
    assert_eq!(service.next().await, Call::Close(changed.id));
}

#[tokio::test]
async fn what_a_person_dismissed_is_neither_closed_nor_replaced() {
    let bus = PrivateBus::start().await;
    let mut service = Service::start(&bus).await;
    let mut app = App::start(&bus);
    app.notifications.show(question("a"));
    app.notifications.show(question("b"));
    let (a, b) = (service.shown().await, service.shown().await);
    service.dismiss(a.id).await;
    service.click(b.id, "default").await;
    app.wish().await;
    assert_eq!(service.next().await, Call::Close(b.id));
    app.notifications.withdraw(&topic("a"));
    app.notifications.show(question("a"));
    assert_eq!(service.shown().await.replaces, 0);
}

#[tokio::test]
async fn a_service_without_actions_says_where_to_decide() {
    let bus = PrivateBus::start().await;
    let mut service = Service::with(&bus, &["body"]).await;
    let app = App::start(&bus);
    app.notifications.show(question("a"));
    let shown = service.shown().await;
    assert_eq!(shown.actions, [""; 0]);
    assert_eq!(shown.body, "cat <a> & <b>\nOpen Sophon Desktop to decide.");
}

#[tokio::test]
async fn a_new_service_is_shown_what_is_still_wanted_and_old_ids_mean_nothing_to_it() {
    let bus = PrivateBus::start().await;
    let mut old = Service::start(&bus).await;
    let mut app = App::start(&bus);
    for id in ["a", "b"] {
        app.notifications.show(question(id));
        old.shown().await;
    }
    app.notifications.withdraw(&topic("a"));
    assert_eq!(old.next().await, Call::Close(1));
    let former = old.connection();
    old.end().await;

    let mut new = Service::with(&bus, &["actions"]).await;
    let shown = new.shown().await;
    assert_eq!((shown.summary.starts_with("question b · cat"), shown.replaces), (true, 0));

    emit(&former, Some(&shown.sender), "ActionInvoked", &(shown.id, "button-0")).await;
    zbus::fdo::DBusProxy::new(&former).await.unwrap().get_id().await.unwrap();
    new.click(shown.id, "button-1").await;
    assert_eq!(app.wish().await, decide("b", Verdict::Deny));
}

#[tokio::test]
async fn what_is_over_goes_by_itself_and_is_not_shown_late() {
    let bus = PrivateBus::start().await;
    let mut service = Service::start(&bus).await;
    let app = App::start(&bus);
    let ending = |id, ms| Notification { expires_at_ms: Some(now_ms() + ms), ..question(id) };
    app.notifications.show(ending("late", 0));
    app.notifications.show(ending("a", 300));
    let shown = service.shown().await;
    assert_eq!(shown.summary, "question a");
    assert_eq!(service.next().await, Call::Close(shown.id));
}

#[tokio::test]
async fn one_notification_that_the_service_refuses_does_not_hold_up_the_others() {
    let bus = PrivateBus::start().await;
    let mut service = Service::start(&bus).await;
    let app = App::start(&bus);
    app.notifications.show(Notification { title: "refuse".into(), ..question("a") });
    app.notifications.show(question("b"));
    assert_eq!(service.shown().await.summary, "question b");
}

#[tokio::test]
async fn a_service_that_comes_late_shows_what_waited() {
    let bus = PrivateBus::start().await;
    let app = App::start(&bus);
    app.notifications.show(question("a"));
    let mut service = Service::start(&bus).await;
    assert_eq!(service.shown().await.summary, "question a");
}

#[tokio::test]
async fn a_bus_that_comes_late_or_restarts_is_found_again() {
    let mut bus = PrivateBus::prepare();
    let app = App::start(&bus);
    for round in ["first", "second"] {
        app.notifications.show(question("a"));
        bus.run().await;
        let mut service = Service::start(&bus).await;
        let shown = timeout(DEADLINE, async {
            loop {
                app.notifications.show(question(round));
                if let Ok(Call::Notify(shown)) =
                    timeout(Duration::from_millis(200), service.next()).await
                {
                    return *shown;
                }
            }
        });
        assert_eq!(shown.await.expect("nothing was shown").summary, "question a");
        bus.stop().await;
    }
}

#[tokio::test]
async fn the_end_takes_all_notifications_along() {
    let bus = PrivateBus::start().await;
    let mut service = Service::start(&bus).await;
    let app = App::start(&bus);
    app.notifications.show(question("a"));
    let shown = service.shown().await;
    timeout(DEADLINE, app.notifications.shutdown()).await.unwrap();
    assert_eq!(service.next().await, Call::Close(shown.id));
}
