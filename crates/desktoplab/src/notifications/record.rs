use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt as _;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use zbus::message::Type;
use zbus::zvariant::OwnedValue;
use zbus::{Message, MessageStream};

use super::SERVICE;
use crate::bus::connect;

/// A notification, as its program sent it, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// Number that the server gave it.
    pub id: u32,
    /// Name of the program, as it says.
    pub app: String,
    /// Name or file of the icon, as the program says.
    pub icon: String,
    /// What it says.
    pub title: String,
    /// More text.
    pub body: String,
    /// Key and label of what can be chosen; `default` is a click on the notification itself.
    pub actions: Vec<(String, String)>,
    /// How urgent it is, from 0 to 2, where the program says so.
    pub urgency: Option<u8>,
    /// When it goes by itself, in milliseconds: 0 for never, -1 as the server thinks best.
    pub timeout_ms: i32,
    /// Keys of what was chosen at the server so far. Forgeries are not among them.
    pub chosen: Vec<String>,
    /// Why it is no longer on the screen, if it is not.
    pub closed: Option<Closed>,
}

/// Why a notification is no longer on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Its time was over.
    Expired,
    /// A person closed it, or chose something.
    Dismissed,
    /// The program took it back.
    Withdrawn,
    /// The server does not say.
    Unknown,
}

/// Arguments of `Notify`: program, number of what is replaced, icon, title, text, actions, hints,
/// time in milliseconds.
type Notify = (String, u32, String, String, String, Vec<String>, HashMap<String, OwnedValue>, i32);

/// Writes down all notifications that go over the bus.
#[derive(Debug)]
pub(crate) struct Recorder {
    record: Arc<Mutex<Record>>,
    changed: watch::Sender<()>,
    listening: AbortHandle,
}

impl Recorder {
    pub(crate) async fn start(address: &str) -> zbus::Result<Self> {
        let connection = connect(address).await?;
        // Listening before there is something to hear, so that nothing is missed.
        let messages = MessageStream::from(&connection);
        zbus::fdo::MonitoringProxy::new(&connection).await?.become_monitor(&[], 0).await?;
        let record = Arc::<Mutex<Record>>::default();
        let changed = watch::Sender::new(());
        let task = tokio::spawn(listen(messages, Arc::clone(&record), changed.clone()));
        Ok(Self { record, changed, listening: task.abort_handle() })
    }

    pub(crate) fn all(&self) -> Vec<Notification> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner).notifications.clone()
    }

    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(
    mut messages: MessageStream,
    record: Arc<Mutex<Record>>,
    changed: watch::Sender<()>,
) {
    while let Some(message) = messages.next().await {
        let Ok(message) = message else { continue };
        let noted = record.lock().unwrap_or_else(PoisonError::into_inner).note(&message);
        if noted.is_some() {
            changed.send_replace(());
        }
    }
}

#[derive(Debug, Default)]
struct Record {
    notifications: Vec<Notification>,
    /// Calls that the server has not answered, by who called and the number of the call.
    unanswered: HashMap<(String, u32), Notification>,
    /// The server's own name on the bus.
    server: Option<String>,
}

impl Record {
    /// Takes down what a message says about notifications, if it does.
    fn note(&mut self, message: &Message) -> Option<()> {
        let header = message.header();
        let sender = header.sender()?.to_string();
        if message.message_type() == Type::MethodReturn {
            let call = (header.destination()?.to_string(), header.reply_serial()?.get());
            let mut shown = self.unanswered.remove(&call)?;
            shown.id = message.body().deserialize().ok()?;
            self.server = Some(sender);
            self.show(shown);
            return Some(());
        }
        if header.interface()?.as_str() != SERVICE {
            return None;
        }
        match (message.message_type(), header.member()?.as_str()) {
            (Type::MethodCall, "Notify") => {
                let call = (sender, message.primary_header().serial_num().get());
                self.unanswered.insert(call, draft(message.body().deserialize().ok()?));
            }
            (Type::Signal, "ActionInvoked") if self.is_server(&sender) => {
                let (id, key): (u32, String) = message.body().deserialize().ok()?;
                self.latest(id)?.chosen.push(key);
            }
            (Type::Signal, "NotificationClosed") if self.is_server(&sender) => {
                let (id, reason): (u32, u32) = message.body().deserialize().ok()?;
                self.latest(id)?.closed = Some(match reason {
                    1 => Closed::Expired,
                    2 => Closed::Dismissed,
                    3 => Closed::Withdrawn,
                    _ => Closed::Unknown,
                });
            }
            _ => return None,
        }
        Some(())
    }

    fn is_server(&self, sender: &str) -> bool {
        self.server.as_deref() == Some(sender)
    }

    fn show(&mut self, shown: Notification) {
        match self.latest(shown.id).filter(|before| before.closed.is_none()) {
            Some(before) => *before = shown,
            None => self.notifications.push(shown),
        }
    }

    fn latest(&mut self, id: u32) -> Option<&mut Notification> {
        self.notifications.iter_mut().rfind(|shown| shown.id == id)
    }
}

fn draft((app, _, icon, title, body, actions, hints, timeout_ms): Notify) -> Notification {
    let urgency = hints.get("urgency").and_then(|urgency| u8::try_from(urgency).ok());
    let (pairs, _) = actions.as_chunks::<2>();
    let actions = pairs.iter().map(|[key, label]| (key.clone(), label.clone())).collect();
    Notification {
        id: 0,
        app,
        icon,
        title,
        body,
        actions,
        urgency,
        timeout_ms,
        chosen: Vec::new(),
        closed: None,
    }
}
