//! What a notification says, and what a click on it asks for; each desktop shows it as it can.

mod lines;
mod request;

pub use request::request;

use self::lines::{line, sentence};
use crate::request::{Page, Request};
use crate::shell::Topic;

/// One notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// What it is about; it takes the place of the one before of the same topic.
    pub topic: Topic,
    /// The first line.
    pub title: String,
    /// The lines below, as plain text.
    pub body: String,
    /// What is to be done, in the desktop's own terms.
    pub prompt: Option<Prompt>,
    /// Buttons, from the left.
    pub buttons: Vec<Button>,
    /// What a click on the text asks for.
    pub on_click: Option<Request>,
    /// How long it is to stay.
    pub urgency: Urgency,
    /// When it has lost its sense, in milliseconds since 1970.
    pub expires_at_ms: Option<u64>,
}

/// A sentence about what is to be done, for either kind of desktop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// Where a notification can be clicked.
    pub clickable: Option<String>,
    /// Where a notification is only read.
    pub plain: String,
}

/// A button of a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// What is read on it.
    pub label: String,
    /// What it asks for.
    pub request: Request,
}

/// How long a notification is to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// As long as the desktop thinks fit.
    Normal,
    /// Until a person has reacted.
    Critical,
}

impl Notification {
    /// Gives all that is read below the title, on a desktop where a notification can be clicked or
    /// only be read.
    pub fn text(&self, clickable: bool) -> String {
        let prompt = self.prompt.as_ref().and_then(|prompt| {
            if clickable { prompt.clickable.as_deref() } else { Some(prompt.plain.as_str()) }
        });
        let lines = [Some(self.body.as_str()).filter(|body| !body.is_empty()), prompt];
        lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
    }

    /// Says whether it has lost its sense.
    pub fn is_over(&self, now_ms: u64) -> bool {
        self.expires_at_ms.is_some_and(|end| end <= now_ms)
    }
}

/// Tells something, in lines; a click on it opens the window.
pub fn news(topic: Topic, title: &str, text: &str) -> Notification {
    let page = |page| Request::Open { page: Some(page) };
    let on_click = match &topic {
        Topic::Health(_)
        | Topic::Storage(_)
        | Topic::Pairing(_)
        | Topic::Messages(_)
        | Topic::Keys(_) => page(Page::Overview),
        Topic::Access(_) => page(Page::Devices),
        Topic::Request(key) => Request::Show { key: key.clone() },
    };
    Notification {
        topic,
        title: sentence(title),
        body: text.lines().map(line).collect::<Vec<_>>().join("\n"),
        prompt: None,
        buttons: Vec::new(),
        on_click: Some(on_click),
        urgency: Urgency::Normal,
        expires_at_ms: None,
    }
}

#[cfg(test)]
mod tests {
    use control::Slot;

    use super::*;

    #[test]
    fn news_keep_their_lines_and_open_the_window_where_they_belong() {
        let told =
            news(Topic::Request("a1".into()), "Allowed once", "ls\u{1b}\nOpenClaw confirmed it.");
        assert_eq!(told.text(true), "ls␛\nOpenClaw confirmed it.");
        assert_eq!(told.on_click, Some(Request::Show { key: "a1".into() }));
        assert_eq!((told.urgency, told.expires_at_ms), (Urgency::Normal, None));
        let told = news(Topic::Access(Slot(1)), "A phone has joined", "It used the code.");
        assert_eq!(told.on_click, Some(Request::Open { page: Some(Page::Devices) }));
    }
}
