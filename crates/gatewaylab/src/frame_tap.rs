use std::collections::VecDeque;
use std::io::{self, Read, Write};

use serde_json::Value;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, WebSocket};

/// End of an HTTP request's head.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// Reads the text frames out of a copy of what a client sends, without taking part.
#[derive(Debug)]
pub(crate) enum FrameTap {
    /// The upgrade request so far.
    Head(Vec<u8>),
    /// The frames after it.
    Frames(Box<WebSocket<Copied>>),
}

impl FrameTap {
    pub(crate) fn new() -> Self {
        Self::Head(Vec::new())
    }

    /// Takes the next bytes and returns the text frames that are complete with them, as JSON; a
    /// text that is no JSON comes as a JSON string.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Vec<Value> {
        match self {
            Self::Head(head) => {
                let searched = head.len().saturating_sub(END_OF_HEAD.len());
                head.extend_from_slice(bytes);
                let end =
                    head[searched..].windows(END_OF_HEAD.len()).position(|w| w == END_OF_HEAD);
                let Some(end) = end else { return Vec::new() };
                let frames = head.split_off(searched + end + END_OF_HEAD.len());
                *self = Self::Frames(Box::new(WebSocket::from_raw_socket(
                    Copied::default(),
                    Role::Server,
                    Some(WebSocketConfig::default().max_message_size(None).max_frame_size(None)),
                )));
                self.take(&frames)
            }
            Self::Frames(socket) => {
                socket.get_mut().unread.extend(bytes);
                let mut texts = Vec::new();
                // An error says that the bytes are used up, or that no more frames will come.
                while let Ok(message) = socket.read() {
                    if let Message::Text(text) = message {
                        let json = serde_json::from_str(&text);
                        texts.push(json.unwrap_or_else(|_| Value::String(text.to_string())));
                    }
                }
                texts
            }
        }
    }
}

/// Bytes that were copied and not yet read; what is written to it goes nowhere.
#[derive(Debug, Default)]
pub(crate) struct Copied {
    unread: VecDeque<u8>,
}

impl Read for Copied {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.unread.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.unread.read(buffer)
    }
}

impl Write for Copied {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What a client sends: an upgrade, `messages`, and a close frame.
    fn sent(messages: &[Message]) -> Vec<u8> {
        let mut bytes = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec();
        let mut socket = WebSocket::from_raw_socket(Kept::default(), Role::Client, None);
        for message in messages {
            socket.send(message.clone()).unwrap();
        }
        socket.close(None).unwrap();
        bytes.append(&mut socket.get_mut().0);
        bytes
    }

    #[derive(Default)]
    struct Kept(Vec<u8>);

    impl Read for Kept {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::WouldBlock.into())
        }
    }

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn text_frames_are_read_however_the_bytes_are_cut() {
        let long = json!({"text": "x".repeat(70_000)});
        let bytes = sent(&[
            Message::text("{\"id\":1}"),
            Message::Ping("p".into()),
            Message::binary(vec![1, 2, 3]),
            Message::text("no json"),
            Message::text(long.to_string()),
        ]);
        for size in [1, 2, 7, 4_096, bytes.len()] {
            let mut tap = FrameTap::new();
            let frames: Vec<Value> = bytes.chunks(size).flat_map(|chunk| tap.take(chunk)).collect();
            assert_eq!(frames, [json!({"id": 1}), json!("no json"), long.clone()], "{size}");
        }
    }

    #[test]
    fn bytes_that_are_no_frames_yield_nothing() {
        let mut tap = FrameTap::new();
        assert!(tap.take(b"GET / HTTP/1.1\r\n\r\n").is_empty());
        assert!(tap.take(&[0xff; 300]).is_empty());
        assert!(tap.take(&sent(&[Message::text("{}")])).is_empty());
    }
}
