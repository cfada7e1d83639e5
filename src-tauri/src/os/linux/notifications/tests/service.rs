//! A notification service that writes down what it is told.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use zbus::message::{Message, Type};
use zbus::zvariant::OwnedValue;
use zbus::{Connection, MessageStream};

use super::private_bus::PrivateBus;

pub(super) const NAME: &str = "org.freedesktop.Notifications";
pub(super) const PATH: &str = "/org/freedesktop/Notifications";
pub(super) const DEADLINE: Duration = Duration::from_secs(10);

pub(super) struct Service {
    connection: Connection,
    calls: UnboundedReceiver<Call>,
    _task: AbortOnDropHandle<()>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Call {
    Notify(Box<Shown>),
    Close(u32),
}

#[derive(Debug, PartialEq)]
pub(super) struct Shown {
    /// Bus name of who wants it to be seen.
    pub(super) sender: String,
    pub(super) id: u32,
    pub(super) replaces: u32,
    pub(super) summary: String,
    pub(super) body: String,
    pub(super) actions: Vec<String>,
    pub(super) urgency: u8,
    pub(super) desktop_entry: String,
}

impl Service {
    /// Starts a service as most desktops have it.
    pub(super) async fn start(bus: &PrivateBus) -> Self {
        Self::with(bus, &["actions", "body", "body-markup"]).await
    }

    pub(super) async fn with(bus: &PrivateBus, capabilities: &'static [&'static str]) -> Self {
        let connection = bus.connect().await;
        let (tell, calls) = unbounded_channel();
        let serving =
            serve(connection.clone(), MessageStream::from(&connection), capabilities, tell);
        let task = AbortOnDropHandle::new(tokio::spawn(serving));
        connection.request_name(NAME).await.unwrap();
        Self { connection, calls, _task: task }
    }

    pub(super) fn connection(&self) -> Connection {
        self.connection.clone()
    }

    pub(super) async fn end(self) {
        self.connection.release_name(NAME).await.unwrap();
    }

    pub(super) async fn next(&mut self) -> Call {
        timeout(DEADLINE, self.calls.recv()).await.expect("nothing was asked").unwrap()
    }

    pub(super) async fn shown(&mut self) -> Shown {
        match self.next().await {
            Call::Notify(shown) => *shown,
            Call::Close(id) => panic!("{id} was closed"),
        }
    }

    pub(super) async fn click(&self, id: u32, key: &str) {
        emit(&self.connection, None, "ActionInvoked", &(id, key)).await;
    }

    pub(super) async fn dismiss(&self, id: u32) {
        emit(&self.connection, None, "NotificationClosed", &(id, 2_u32)).await;
    }
}

/// Sends a signal in the interface of the notification service, to one or to all who listen.
pub(super) async fn emit<B>(connection: &Connection, to: Option<&str>, signal: &str, body: &B)
where
    B: serde::Serialize + zbus::zvariant::DynamicType,
{
    connection.emit_signal(to, PATH, NAME, signal, body).await.unwrap();
}

async fn serve(
    connection: Connection,
    mut messages: MessageStream,
    capabilities: &[&str],
    tell: UnboundedSender<Call>,
) {
    let mut last_id = 0;
    while let Some(Ok(call)) = messages.next().await {
        let header = call.header();
        if header.message_type() != Type::MethodCall {
            continue;
        }
        match header.member().unwrap().as_str() {
            "GetCapabilities" => connection.reply(&header, &capabilities).await.unwrap(),
            "Notify" => {
                let shown = read(&call, &mut last_id);
                if shown.summary == "refuse" {
                    connection.reply_error(&header, "at.sophon.Refused", &"no").await.unwrap();
                    continue;
                }
                if shown.replaces != 0 {
                    // A person may take the old one away just before the new one arrives.
                    emit(&connection, None, "NotificationClosed", &(shown.replaces, 2_u32)).await;
                }
                connection.reply(&header, &shown.id).await.unwrap();
                tell.send(Call::Notify(Box::new(shown))).unwrap();
            }
            "CloseNotification" => {
                let id: u32 = call.body().deserialize().unwrap();
                connection.reply(&header, &()).await.unwrap();
                emit(&connection, None, "NotificationClosed", &(id, 3_u32)).await;
                tell.send(Call::Close(id)).unwrap();
            }
            other => panic!("{other} was called"),
        }
    }
}

fn read(call: &Message, last_id: &mut u32) -> Shown {
    type Arguments =
        (String, u32, String, String, String, Vec<String>, HashMap<String, OwnedValue>, i32);
    let body = call.body();
    let (_, replaces, _, summary, body, actions, hints, _): Arguments = body.deserialize().unwrap();
    let id = if replaces == 0 {
        *last_id += 1;
        *last_id
    } else {
        replaces
    };
    Shown {
        sender: call.header().sender().unwrap().to_string(),
        id,
        replaces,
        summary,
        body,
        actions,
        urgency: hints.get("urgency").unwrap().downcast_ref().unwrap(),
        desktop_entry: hints.get("desktop-entry").unwrap().downcast_ref().unwrap(),
    }
}
