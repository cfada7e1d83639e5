use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

use crate::gateway::loopback_url;
use crate::reply::{Step, steps};
use crate::{ModelFailure, Script};

/// A model on the loopback that speaks OpenAI's chat completions and does what [`Script`] says.
#[derive(Debug)]
pub struct ScriptedModel {
    base_url: Url,
    requests: Requests,
    _server: DropGuard,
}

type Requests = Arc<Mutex<Vec<Value>>>;

impl ScriptedModel {
    /// Its provider in the gateways' configuration.
    pub const PROVIDER: &str = "scripted";
    /// The model that gateways use unless told otherwise.
    pub const TALKER: &str = "talker";
    /// The same, declared as a reasoning model.
    pub const THINKER: &str = "thinker";

    /// Starts it on a free port.
    ///
    /// # Errors
    /// When the loopback has no free port.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let mut base_url = loopback_url("http", listener.local_addr()?.port());
        base_url.set_path("/v1");
        let requests = Requests::default();
        let app = Router::new()
            .route("/v1/chat/completions", post(complete))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&requests));
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move {
            let _ = axum::serve(listener, app).with_graceful_shutdown(stopped).await;
        });
        Ok(Self { base_url, requests, _server: stop.drop_guard() })
    }

    /// The base URL that a gateway's configuration names.
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// The bodies of all requests so far, in order.
    pub fn requests(&self) -> Vec<Value> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn complete(State(requests): State<Requests>, Json(request): Json<Value>) -> Response {
    requests.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    let messages = request["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let (script, results) = conversation(messages);
    if let Script::Fail(ModelFailure::Status(status)) = script {
        return refusal(status);
    }
    let steps = steps(&script, &results);
    let model = request["model"].clone();
    if request["stream"] == true { streamed(model, steps) } else { whole(&model, &steps) }
}

/// The script of the person's last message, and the tool results since the model spoke.
fn conversation(messages: &[Value]) -> (Script, Vec<String>) {
    let spoke = messages.iter().rposition(|message| message["role"] == "assistant");
    let since = &messages[spoke.map_or(0, |index| index + 1)..];
    let of = |role: &'static str| since.iter().filter(move |message| message["role"] == role);
    let results = of("tool").map(|message| plain_text(&message["content"])).collect();
    let script = of("user").rev().find_map(|message| {
        let content = &message["content"];
        Script::read(&plain_text(content), has_image(content))
    });
    (script.unwrap_or(Script::Greet), results)
}

fn plain_text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    }
}

fn has_image(content: &Value) -> bool {
    content.as_array().is_some_and(|parts| parts.iter().any(|part| part["type"] == "image_url"))
}

fn refusal(status: u16) -> Response {
    let (message, code) = match status {
        401 => ("Incorrect API key provided.", "invalid_api_key"),
        402 => ("Insufficient credits.", "insufficient_quota"),
        429 => ("Rate limit reached for requests.", "rate_limit_exceeded"),
        _ => ("The server had an error while processing your request.", "server_error"),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let error = json!({"error": {"message": message, "type": code, "param": null, "code": code}});
    (status, Json(error)).into_response()
}

fn streamed(model: Value, steps: Vec<Step>) -> Response {
    let events = stream::iter(steps).then(move |step| {
        let model = model.clone();
        async move {
            match step {
                Step::Wait(pause) => {
                    sleep(pause).await;
                    Ok(String::new())
                }
                Step::Delta(delta) => Ok(event(&chunk(&model, &delta, None))),
                Step::Finish(reason) => Ok(format!(
                    "{}{}data: [DONE]\n\n",
                    event(&chunk(&model, &json!({}), Some(reason))),
                    event(&usage_chunk(&model)),
                )),
                Step::Break => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
            }
        }
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response()
}

fn event(chunk: &Value) -> String {
    format!("data: {chunk}\n\n")
}

fn chunk(model: &Value, delta: &Value, finish_reason: Option<&str>) -> Value {
    let mut chunk = envelope(model, "chat.completion.chunk");
    chunk["choices"] = json!([{"index": 0, "delta": delta, "finish_reason": finish_reason}]);
    chunk
}

fn usage_chunk(model: &Value) -> Value {
    let mut chunk = envelope(model, "chat.completion.chunk");
    chunk["usage"] = usage();
    chunk
}

fn whole(model: &Value, steps: &[Step]) -> Response {
    let content: String = steps
        .iter()
        .filter_map(|step| match step {
            Step::Delta(delta) => delta["content"].as_str(),
            Step::Wait(_) | Step::Finish(_) | Step::Break => None,
        })
        .collect();
    let mut completion = envelope(model, "chat.completion");
    completion["choices"] = json!([{
        "index": 0,
        "message": {"role": "assistant", "content": content},
        "finish_reason": "stop",
    }]);
    completion["usage"] = usage();
    Json(completion).into_response()
}

fn envelope(model: &Value, object: &str) -> Value {
    json!({"id": "chatcmpl-scripted", "object": object, "created": 0, "model": model, "choices": []})
}

fn usage() -> Value {
    json!({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120})
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    /// Posts the messages and returns the whole HTTP answer, as far as it came.
    async fn answer(model: &ScriptedModel, stream: bool, messages: Value) -> String {
        let body = json!({"model": "talker", "stream": stream, "messages": messages}).to_string();
        let address = model.base_url().socket_addrs(|| None).unwrap();
        let mut socket = TcpStream::connect(address[0]).await.unwrap();
        let request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    fn person(text: &str) -> Value {
        json!([{"role": "user", "content": text}])
    }

    #[tokio::test]
    async fn a_streamed_answer_ends_with_its_reason_the_usage_and_done() {
        let model = ScriptedModel::start().await.unwrap();
        let text = answer(&model, true, person("slow: 2")).await;
        let order = ["\"w0\"", "\" w1\"", "\"stop\"", "\"total_tokens\":120", "[DONE]"];
        let places: Vec<usize> = order.iter().map(|part| text.find(part).unwrap()).collect();
        assert!(places.is_sorted(), "{text}");
        assert_eq!(model.requests().len(), 1);
    }

    #[tokio::test]
    async fn a_whole_answer_comes_as_one_completion() {
        let model = ScriptedModel::start().await.unwrap();
        let text = answer(&model, false, person("say: all at once")).await;
        assert!(text.contains("\"content\":\"all at once\""), "{text}");
    }

    #[tokio::test]
    async fn failures_are_http_statuses_or_a_broken_connection() {
        let model = ScriptedModel::start().await.unwrap();
        for status in ["401", "402", "429", "500"] {
            let text = answer(&model, true, person(&format!("error: {status}"))).await;
            assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{text}");
        }
        let broken = answer(&model, true, person("error: drop")).await;
        assert!(broken.contains("w2") && !broken.contains("[DONE]"), "{broken}");
    }

    #[tokio::test]
    async fn results_of_tools_are_repeated_once_and_the_next_message_counts_again() {
        let model = ScriptedModel::start().await.unwrap();
        let mut messages = vec![
            json!({"role": "user", "content": [{"type": "text", "text": "two: a | b"}]}),
            json!({"role": "assistant", "content": "Let me run that.", "tool_calls": []}),
            json!({"role": "tool", "content": "A"}),
            json!({"role": "tool", "content": [{"type": "text", "text": "B"}]}),
        ];
        let text = answer(&model, false, messages.clone().into()).await;
        assert!(text.contains("Tool said: A | B"), "{text}");

        messages.push(json!({"role": "assistant", "content": "Tool said: A | B"}));
        messages.push(json!({"role": "user", "content": "say: next"}));
        messages.push(json!({"role": "user", "content": "Sender (untrusted metadata): x"}));
        let text = answer(&model, false, messages.into()).await;
        assert!(text.contains("\"content\":\"next\""), "{text}");
    }
}
