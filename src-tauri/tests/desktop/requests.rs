use std::path::PathBuf;
use std::time::Duration;

use desktoplab::{DesktopOptions, Notification, TrayIcon, WebDriver, eventually};
use serde_json::Value;
use simulator::gateway::{AskingDevice, AskingSender, Gateway, OfferingNode};

use crate::computer::{Computer, SESSION, SOON, output};

/// How long a person waits before they click again.
const AGAIN: Duration = Duration::from_millis(500);

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Approval,
    Device,
    Node,
    Sender,
}

const KINDS: [Kind; 4] = [Kind::Approval, Kind::Device, Kind::Node, Kind::Sender];

/// A request, and a word that stands wherever it is shown.
pub(crate) struct Asked {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) word: String,
}

impl Kind {
    /// Lets one of this kind ask for something that is not grave.
    async fn asks(self, computer: &Computer, word: &str) -> Asked {
        let gateway = &computer.gateway;
        let (id, name) = match self {
            Self::Approval => {
                computer.cloud.say(SESSION, &format!("run: echo {word}"));
                let asked = |gateway: &Gateway| {
                    let mut pending = gateway.pending_approvals().into_iter();
                    pending.find(|it| it.command.as_ref().is_some_and(|it| it.contains(word)))
                };
                (gateway.wait_for(SOON, asked).await.unwrap().id, "approval")
            }
            Self::Device => {
                let device = AskingDevice::new(word).asking_for(&["operator.read"]);
                (gateway.device_asks(&device), "device")
            }
            Self::Node => (gateway.node_offers(&OfferingNode::new(word, &["camera.snap"])), "node"),
            Self::Sender => {
                let sender = AskingSender::new("7001", word);
                (gateway.sender_writes(&sender).unwrap(), "sender:telegram:default")
            }
        };
        Asked { kind: self, key: format!("{name}:{id}"), id, word: word.to_owned() }
    }
}

impl Asked {
    /// Where it is answered in the window.
    pub(crate) fn button(&self, verdict: &str) -> String {
        format!("[data-request='{}'] [data-verdict='{verdict}']", self.key)
    }

    fn allow_label(&self) -> &'static str {
        if self.kind == Kind::Approval { "Allow once" } else { "Allow" }
    }

    fn is_in(&self, notification: &Notification) -> bool {
        let has_buttons = notification.actions.iter().any(|(_, label)| label == "Deny");
        has_buttons && format!("{} {}", notification.title, notification.body).contains(&self.word)
    }

    async fn notification(&self, computer: &Computer) -> Notification {
        computer.desktop.notifications().wait_for(|it| self.is_in(it)).await.unwrap()
    }

    /// Waits until the gateway was given an answer, and the tray has it no more.
    async fn answered(&self, computer: &Computer, icon: &TrayIcon, allowed: bool) {
        eventually(format!("an answer to {}", self.key), async || {
            Ok(match self.kind {
                Kind::Approval => computer.gateway.pending_approvals().is_empty().then_some(()),
                Kind::Device | Kind::Node | Kind::Sender => computer
                    .gateway
                    .access_decisions()
                    .iter()
                    .any(|it| it.request_id == self.id && it.allowed == allowed)
                    .then_some(()),
            })
        })
        .await
        .unwrap();
        self.gone_from(icon).await;
    }

    async fn gone_from(&self, icon: &TrayIcon) {
        eventually(format!("an end of {} in the tray", self.key), async || {
            Ok((!icon.menu().await?.to_string().contains(&self.word)).then_some(()))
        })
        .await
        .unwrap();
    }
}

/// Opens the window, and lets the program look for devices and senders at all times.
pub(crate) async fn watching(computer: &Computer) -> WebDriver {
    drop(output(computer.app(&[])).await);
    let window = computer.window().await;
    window.click("#tab-devices").await.unwrap();
    window.click(".switched-off .actions button:not(.primary)").await.unwrap();
    window.wait_for_text("#page", "may use it").await.unwrap();
    window
}

/// Senders are looked for often only while a person looks.
async fn looks_for_senders(computer: &Computer) -> WebDriver {
    drop(output(computer.app(&[])).await);
    let window = computer.window().await;
    window.click("#tab-senders").await.unwrap();
    window
}

async fn watching_without_a_window(computer: &Computer) {
    let window = watching(computer).await;
    drop(window);
    computer.desktop.close_window("Sophon").await.unwrap();
}

/// Clicks an answer until it counts: a click right after the card came is ignored.
pub(crate) async fn answer(window: &WebDriver, asked: &Asked, verdict: &str) {
    let button = asked.button(verdict);
    eventually(format!("an end of {}", asked.key), async || {
        let _ = tokio::time::timeout(AGAIN, window.click(&button)).await;
        Ok((!window.find(&button).await?).then_some(()))
    })
    .await
    .unwrap();
}

/// Asks the running program from a terminal; what it says, line by line.
async fn terminal(computer: &Computer, words: &[&str]) -> Vec<Value> {
    let said = output(computer.app(&[words, &["--json"]].concat())).await;
    assert!(said.status.success(), "{words:?}: {said:?}");
    let text = String::from_utf8(said.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A picture for the eyes of whoever looks after the tests.
pub(crate) fn picture(computer: &Computer, name: &str) -> PathBuf {
    computer.picture(&format!("requests-{name}"))
}

#[tokio::test]
async fn each_kind_is_shown_in_the_tray_in_a_notification_and_in_the_window() {
    let options = DesktopOptions { screen: (1280, 1200), ..DesktopOptions::default() };
    let computer = Computer::with(options).await;
    let (_app, icon) = computer.start_paired().await;
    let window = watching(&computer).await;
    window.click("#tab-requests").await.unwrap();
    for kind in KINDS {
        let asked = kind.asks(&computer, &format!("kiwi-{kind:?}")).await;
        asked.notification(&computer).await;
        icon.wait_for_line(|line| line.contains(&asked.word)).await.unwrap();
        window.wait_for(&asked.button("deny")).await.unwrap();
        window.wait_for_text("#page", &asked.word).await.unwrap();
    }
    computer.painted(&window).await;
    window.screenshot(&picture(&computer, "window")).await.unwrap();
    computer.desktop.wait_until_still().await.unwrap();
    computer.desktop.screenshot(&picture(&computer, "screen")).unwrap();
    assert_eq!(icon.status().await.unwrap(), "NeedsAttention");
    assert!(icon.tooltip().await.unwrap().contains("4 requests wait"));
}

#[tokio::test]
async fn each_kind_is_answered_by_a_button_of_its_notification() {
    let computer = Computer::new().await;
    let (_app, icon) = computer.start_paired().await;
    watching_without_a_window(&computer).await;
    let mut _window = None;
    for kind in KINDS {
        if kind == Kind::Sender {
            _window = Some(looks_for_senders(&computer).await);
        }
        for allow in [true, false] {
            let asked = kind.asks(&computer, &format!("plum-{kind:?}-{allow}")).await;
            let notification = asked.notification(&computer).await;
            let label = if allow { asked.allow_label() } else { "Deny" };
            computer.desktop.notifications().press(notification.id, label).await.unwrap();
            asked.answered(&computer, &icon, allow).await;
        }
    }
}

#[tokio::test]
async fn each_kind_is_answered_in_the_trays_menu() {
    let computer = Computer::new().await;
    let (_app, icon) = computer.start_paired().await;
    watching_without_a_window(&computer).await;
    let mut _window = None;
    for kind in KINDS {
        if kind == Kind::Sender {
            _window = Some(looks_for_senders(&computer).await);
        }
        for allow in [true, false] {
            let asked = kind.asks(&computer, &format!("fig-{kind:?}-{allow}")).await;
            let line = icon.wait_for_line(|line| line.contains(&asked.word)).await.unwrap();
            let label = match (allow, kind) {
                (true, _) => asked.allow_label(),
                (false, Kind::Sender) => "Dismiss",
                (false, Kind::Approval | Kind::Device | Kind::Node) => "Deny",
            };
            icon.click_path(&[&line.label, label]).await.unwrap();
            asked.answered(&computer, &icon, allow).await;
        }
    }
}

#[tokio::test]
async fn each_kind_is_answered_in_the_window() {
    let computer = Computer::new().await;
    let (_app, icon) = computer.start_paired().await;
    let window = watching(&computer).await;
    window.click("#tab-requests").await.unwrap();
    for kind in KINDS {
        for allow in [true, false] {
            let asked = kind.asks(&computer, &format!("pear-{kind:?}-{allow}")).await;
            asked.notification(&computer).await;
            let verdict = match (allow, kind) {
                (true, Kind::Approval) => "allow_once",
                (true, Kind::Device | Kind::Node | Kind::Sender) => "allow",
                (false, _) => "deny",
            };
            answer(&window, &asked, verdict).await;
            asked.answered(&computer, &icon, allow).await;
            let notifications = computer.desktop.notifications();
            eventually("an end of the question", async || {
                Ok((!notifications.list().iter().any(|it| asked.is_in(it))).then_some(()))
            })
            .await
            .unwrap();
        }
    }
    window.click(".history summary").await.unwrap();
    window.wait_for_text(".history", "pear-Sender-false").await.unwrap();
    computer.painted(&window).await;
    window.screenshot(&picture(&computer, "history")).await.unwrap();
}

#[tokio::test]
async fn each_kind_is_answered_from_a_terminal() {
    let computer = Computer::new().await;
    let (_app, icon) = computer.start_paired().await;
    watching_without_a_window(&computer).await;
    let mut _window = None;
    for kind in KINDS {
        if kind == Kind::Sender {
            _window = Some(looks_for_senders(&computer).await);
        }
        for allow in [true, false] {
            let asked = kind.asks(&computer, &format!("lime-{kind:?}-{allow}")).await;
            icon.wait_for_line(|line| line.contains(&asked.word)).await.unwrap();
            let listed = terminal(&computer, &["requests", "list"]).await;
            let is_listed = |line: &Value| line.to_string().contains(&asked.key);
            assert!(listed.iter().any(is_listed), "{listed:#?}");
            let verb = if allow { "allow" } else { "deny" };
            terminal(&computer, &["requests", verb, &asked.key]).await;
            asked.answered(&computer, &icon, allow).await;
        }
    }
    let past = terminal(&computer, &["requests", "history"]).await;
    assert!(past.iter().any(|line| line.to_string().contains("lime-Node-true")), "{past:#?}");
}

#[tokio::test]
async fn what_is_decided_elsewhere_is_withdrawn_everywhere() {
    let computer = Computer::new().await;
    let (_app, icon) = computer.start_paired().await;
    let window = watching(&computer).await;
    window.click("#tab-requests").await.unwrap();
    for kind in KINDS {
        let asked = kind.asks(&computer, &format!("date-{kind:?}")).await;
        let notification = asked.notification(&computer).await;
        window.wait_for(&asked.button("deny")).await.unwrap();
        let is_decided = match kind {
            Kind::Approval => computer.gateway.decide_elsewhere(&asked.id, "deny"),
            Kind::Device | Kind::Node | Kind::Sender => {
                computer.gateway.decide_request_elsewhere(&asked.id, true)
            }
        };
        assert!(is_decided);
        let notifications = computer.desktop.notifications();
        notifications.wait_until_withdrawn(notification.id).await.unwrap();
        window.wait_until_gone(&asked.button("deny")).await.unwrap();
        asked.gone_from(&icon).await;
    }
}

#[tokio::test]
async fn what_expires_is_withdrawn_everywhere() {
    let computer = Computer::new().await;
    let (_app, icon) = computer.start_paired().await;
    let window = watching(&computer).await;
    window.click("#tab-requests").await.unwrap();
    let waited = Duration::from_secs(290);
    let device = AskingDevice::new("soon over").asking_for(&["operator.read"]);
    let id = computer.gateway.device_asks(&AskingDevice { waited, ..device });
    let (key, word) = (format!("device:{id}"), "soon over".to_owned());
    let asked = Asked { kind: Kind::Device, id, key, word };
    let notification = asked.notification(&computer).await;
    let notifications = computer.desktop.notifications();
    window.wait_for(&asked.button("deny")).await.unwrap();
    eventually("an end of the notification", async || {
        Ok(notifications.list().iter().all(|it| it.id != notification.id).then_some(()))
    })
    .await
    .unwrap();
    window.wait_until_gone(&asked.button("deny")).await.unwrap();
    asked.gone_from(&icon).await;
}

#[tokio::test]
async fn much_at_stake_is_allowed_only_where_all_of_it_was_in_view() {
    let computer = Computer::new().await;
    let (_app, icon) = computer.start_paired().await;
    let window = watching(&computer).await;
    let device = AskingDevice::new("grape").asking_for(&["operator.admin"]);
    let id = computer.gateway.device_asks(&device);
    let (key, word) = (format!("device:{id}"), "grape".to_owned());
    let asked = Asked { kind: Kind::Device, id, key, word };
    let notifications = computer.desktop.notifications();
    let told = notifications.wait_for(|it| it.body.contains("grape")).await.unwrap();
    let labels: Vec<_> = told.actions.iter().map(|(_, label)| label.as_str()).collect();
    assert!(!labels.contains(&"Allow") && !labels.contains(&"Deny"), "{labels:?}");
    let line = icon.wait_for_line(|line| line.contains("grape")).await.unwrap();
    assert!(icon.click_path(&[&line.label, "Allow"]).await.is_err(), "it needs a look");
    let refused = output(computer.app(&["requests", "allow", &asked.key])).await;
    assert!(!refused.status.success(), "nobody confirmed: {refused:?}");
    icon.click_path(&[&line.label, "Show…"]).await.unwrap();
    window.wait_for(&asked.button("allow")).await.unwrap();
    let focused = async || {
        let script = "return document.activeElement?.dataset.verdict ?? ''";
        Ok((window.execute(script).await? == "deny").then_some(()))
    };
    eventually("Deny with the focus", focused).await.unwrap();
    answer(&window, &asked, "allow").await;
    asked.answered(&computer, &icon, true).await;
}
