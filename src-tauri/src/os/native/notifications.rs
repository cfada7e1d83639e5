//! Notifications on macOS and Windows. Neither takes one back once it is shown: what is withdrawn
//! stays to be read, and a click on it only opens the window.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use notify_rust::NotificationResponse;
use tokio::sync::mpsc::UnboundedSender;

use crate::clock::now_ms;
use crate::notification::Notification;
use crate::request::Request;
use crate::shell::Topic;

/// Name under which the system knows this program.
const APP_ID: &str = "at.sophon.desktop";
/// Key of the choice that stands for a click on the text.
const TEXT_KEY: &str = "text";

/// The notifications of this program.
#[derive(Debug)]
pub struct Notifications {
    wishes: UnboundedSender<Request>,
    valid: Arc<Mutex<Valid>>,
}

/// Which notifications still may decide something.
#[derive(Debug, Default)]
struct Valid {
    last: u64,
    by_topic: HashMap<Topic, u64>,
}

impl Notifications {
    /// Starts; what a person clicks comes as a wish.
    pub fn start(wishes: UnboundedSender<Request>) -> Self {
        #[cfg(target_os = "macos")]
        if let Err(error) = notify_rust::set_application(APP_ID) {
            tracing::debug!(%error, "notifications will not carry this program's name");
        }
        Self { wishes, valid: Arc::default() }
    }

    /// Shows a notification, in place of the one before of the same topic.
    pub fn show(&self, notification: Notification) {
        if notification.is_over(now_ms()) {
            return self.withdraw(&notification.topic);
        }
        let number = lock(&self.valid).enter(notification.topic.clone());
        let (wishes, valid) = (self.wishes.clone(), Arc::clone(&self.valid));
        // The system answers a thread that waits for as long as the notification is there.
        let waiting = thread::Builder::new().name("notification".to_owned()).spawn(move || {
            let told = toast(&notification).show().and_then(|toast| {
                toast.wait_for_response(|response: &NotificationResponse| {
                    let is_valid = lock(&valid).leave(&notification.topic, number);
                    if let Some(request) = request_of(&notification, response, is_valid)
                        && wishes.send(request).is_err()
                    {
                        tracing::debug!("a click came when the program was ending");
                    }
                })
            });
            if let Err(error) = told {
                tracing::debug!(%error, "a notification was not shown");
            }
        });
        if let Err(error) = waiting {
            tracing::warn!(%error, "a notification was not shown");
        }
    }

    /// Takes away what the notification about a topic could decide.
    pub fn withdraw(&self, topic: &Topic) {
        lock(&self.valid).by_topic.remove(topic);
    }

    /// Takes away what all notifications could decide.
    pub async fn shutdown(self) {
        lock(&self.valid).by_topic.clear();
    }
}

impl Valid {
    fn enter(&mut self, topic: Topic) -> u64 {
        self.last += 1;
        self.by_topic.insert(topic, self.last);
        self.last
    }

    /// Says whether this was the newest notification about the topic, and takes it out.
    fn leave(&mut self, topic: &Topic, number: u64) -> bool {
        let is_valid = self.by_topic.get(topic) == Some(&number);
        if is_valid {
            self.by_topic.remove(topic);
        }
        is_valid
    }
}

fn lock(valid: &Mutex<Valid>) -> MutexGuard<'_, Valid> {
    valid.lock().unwrap_or_else(PoisonError::into_inner)
}

fn toast(shown: &Notification) -> notify_rust::Notification {
    let mut toast = notify_rust::Notification::new();
    toast.summary(&shown.title).body(&shown.text(true));
    #[cfg(target_os = "windows")]
    toast.app_id(APP_ID).urgency(urgency(shown));
    // macOS puts the buttons into a menu, and a click beside its entries counts as the first of them:
    // that must not be a decision.
    #[cfg(target_os = "macos")]
    if !shown.buttons.is_empty() {
        toast.action(TEXT_KEY, "Open");
    }
    for (position, button) in shown.buttons.iter().enumerate() {
        toast.action(&position.to_string(), &button.label);
    }
    toast
}

#[cfg(target_os = "windows")]
fn urgency(shown: &Notification) -> notify_rust::Urgency {
    use crate::notification::Urgency;

    match shown.urgency {
        Urgency::Normal => notify_rust::Urgency::Normal,
        Urgency::Critical => notify_rust::Urgency::Critical,
    }
}

fn request_of(
    shown: &Notification,
    response: &NotificationResponse,
    is_valid: bool,
) -> Option<Request> {
    let asked = match response {
        NotificationResponse::Default => shown.on_click.clone(),
        NotificationResponse::Action(key) if key == TEXT_KEY => shown.on_click.clone(),
        NotificationResponse::Action(key) => {
            let position: usize = key.parse().ok()?;
            shown.buttons.get(position).map(|button| button.request.clone())
        }
        NotificationResponse::Reply(_) | NotificationResponse::Closed(_) => None,
    }?;
    if is_valid && !shown.is_over(now_ms()) {
        Some(asked)
    } else {
        Some(Request::Open { page: None })
    }
}
