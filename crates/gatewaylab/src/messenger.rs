use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::Uri;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

use crate::gateway::loopback_url;

/// How long a question for news waits for some.
const POLL: Duration = Duration::from_secs(1);
/// The bot's id and secret, of which no messenger knows anything.
const BOT_TOKEN: &str = "42:lab-messenger";

/// A messenger on the loopback that speaks as much of Telegram's Bot API as gateways need, and in
/// which anybody can write to the bot.
#[derive(Debug)]
pub struct LabMessenger {
    base_url: Url,
    talk: Arc<Talk>,
    _server: DropGuard,
}

#[derive(Debug, Default)]
struct Talk {
    said: Mutex<Said>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Said {
    /// What people wrote and the bot has not confirmed.
    updates: Vec<Value>,
    last_update: u64,
    /// What the bot wrote.
    sent: Vec<Value>,
}

impl LabMessenger {
    /// The channel's name in gateways.
    pub const CHANNEL: &str = "telegram";

    /// Starts it on a free port.
    ///
    /// # Errors
    /// When the loopback has no free port.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let base_url = loopback_url("http", listener.local_addr()?.port());
        let talk = Arc::new(Talk::default());
        let app = Router::new().fallback(answer).with_state(Arc::clone(&talk));
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move {
            let _ = axum::serve(listener, app).with_graceful_shutdown(stopped).await;
        });
        Ok(Self { base_url, talk, _server: stop.drop_guard() })
    }

    /// Configuration of a gateway that answers in this messenger whoever was approved.
    pub fn config(&self) -> Value {
        let api = self.base_url.as_str().trim_end_matches('/');
        json!({"channels": {Self::CHANNEL: {"enabled": true, "botToken": BOT_TOKEN,
            "apiRoot": api, "dmPolicy": "pairing"}}})
    }

    /// Somebody of this number and name writes to the bot.
    pub fn write(&self, person: u64, name: &str, text: &str) {
        let mut said = self.talk.said();
        said.last_update += 1;
        let number = said.last_update;
        said.updates.push(json!({"update_id": number, "message": {
            "message_id": number, "date": 1_700_000_000, "text": text,
            "chat": {"id": person, "type": "private", "first_name": name},
            "from": {"id": person, "is_bot": false, "first_name": name},
        }}));
        drop(said);
        self.talk.news.notify_one();
    }

    /// The texts that the bot wrote to this person so far.
    pub fn sent_to(&self, person: u64) -> Vec<String> {
        let said = self.talk.said();
        let to_person = said.sent.iter().filter(|sent| {
            sent["chat_id"] == person || sent["chat_id"] == person.to_string().as_str()
        });
        to_person.filter_map(|sent| Some(sent["text"].as_str()?.to_owned())).collect()
    }
}

impl Talk {
    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn updates(&self, offset: u64) -> Value {
        let take = || {
            let mut said = self.said();
            said.updates.retain(|update| update["update_id"].as_u64() >= Some(offset));
            Value::Array(said.updates.clone())
        };
        let now = take();
        if now != json!([]) {
            return now;
        }
        let _ = timeout(POLL, self.news.notified()).await;
        take()
    }
}

async fn answer(State(talk): State<Arc<Talk>>, uri: Uri, body: String) -> Json<Value> {
    let asked: Value = serde_json::from_str(&body).unwrap_or_default();
    let method = uri.path().rsplit('/').next().unwrap_or_default();
    let result = match method {
        "getMe" => json!({"id": 42, "is_bot": true, "first_name": "Lab", "username": "lab_bot"}),
        "getUpdates" => talk.updates(asked["offset"].as_u64().unwrap_or(0)).await,
        "getMyCommands" => json!([]),
        "sendMessage" => {
            let mut said = talk.said();
            said.sent.push(asked.clone());
            json!({"message_id": 1_000 + said.sent.len(), "date": 1_700_000_000,
                "chat": {"id": asked["chat_id"], "type": "private"}, "text": asked["text"]})
        }
        _ => json!(true),
    };
    Json(json!({"ok": true, "result": result}))
}
