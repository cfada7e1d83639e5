//! A notification in the terms of one notification service.

use crate::notification::{Notification, Urgency};
use crate::request::Request;

/// Key of a click on the text, by the Desktop Notifications Specification.
const TEXT_KEY: &str = "default";
/// What precedes a button's position in its key.
const BUTTON_KEY: &str = "button-";

/// What a notification service can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Capabilities {
    actions: bool,
    body: bool,
    markup: bool,
}

impl Capabilities {
    /// Reads the names that the service gives. Links and images are markup: some services that claim
    /// only those read all markup, and would leave out what looks like a tag in a command.
    pub(super) fn read(names: &[String]) -> Self {
        let has = |wanted: &str| names.iter().any(|name| name == wanted);
        Self {
            actions: has("actions"),
            body: has("body"),
            markup: has("body-markup") || has("body-hyperlinks") || has("body-images"),
        }
    }
}

/// What the service is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rendering {
    pub(super) summary: String,
    pub(super) body: String,
    /// Keys and labels in turn.
    pub(super) actions: Vec<String>,
    /// 1: normal, 2: critical.
    pub(super) urgency: u8,
    /// Milliseconds until the service takes it away; -1: as it likes, 0: never.
    pub(super) timeout_ms: i32,
}

/// Renders a notification for a service with these capabilities.
pub(super) fn render(shown: &Notification, can: Capabilities, now_ms: u64) -> Rendering {
    let text = shown.text(can.actions);
    let (summary, body) = match (can.body, can.markup) {
        (true, true) => (shown.title.clone(), escape(&text)),
        (true, false) => (shown.title.clone(), text),
        (false, _) => (in_one_line(&shown.title, &text), String::new()),
    };
    let actions = if can.actions { actions(shown) } else { Vec::new() };
    Rendering {
        summary,
        body,
        actions,
        urgency: match shown.urgency {
            Urgency::Normal => 1,
            Urgency::Critical => 2,
        },
        timeout_ms: timeout_ms(shown, now_ms),
    }
}

/// Gives what a key asks for, where the notification offers it.
pub(super) fn request_of(shown: &Notification, key: &str) -> Option<Request> {
    if key == TEXT_KEY {
        return shown.on_click.clone();
    }
    let (_, button) =
        shown.buttons.iter().enumerate().find(|(position, _)| button_key(*position) == key)?;
    Some(button.request.clone())
}

fn actions(shown: &Notification) -> Vec<String> {
    let open = shown.on_click.iter().flat_map(|_| [TEXT_KEY.to_owned(), "Open".to_owned()]);
    let buttons = shown
        .buttons
        .iter()
        .enumerate()
        .flat_map(|(position, button)| [button_key(position), button.label.clone()]);
    open.chain(buttons).collect()
}

fn button_key(position: usize) -> String {
    format!("{BUTTON_KEY}{position}")
}

fn in_one_line(title: &str, text: &str) -> String {
    [title].into_iter().chain(text.lines()).collect::<Vec<_>>().join(" · ")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The service knows the end as well, so that a notification does not outlive a program that died.
fn timeout_ms(shown: &Notification, now_ms: u64) -> i32 {
    match (shown.expires_at_ms, shown.urgency) {
        (Some(end), _) => i32::try_from(end.saturating_sub(now_ms).max(1)).unwrap_or(i32::MAX),
        (None, Urgency::Normal) => -1,
        (None, Urgency::Critical) => 0,
    }
}

#[cfg(test)]
mod tests {
    use control::Slot;

    use super::*;
    use crate::notification::{Button, Prompt};
    use crate::request::Page;
    use crate::shell::Topic;

    fn shown() -> Notification {
        Notification {
            topic: Topic::Health(Slot(1)),
            title: "A & B".into(),
            body: "<b>1 && 2</b>".into(),
            prompt: Some(Prompt { clickable: None, plain: "Open Sophon Desktop.".into() }),
            buttons: vec![
                Button { label: "Retry".into(), request: Request::RetryNow },
                Button { label: "Pause".into(), request: Request::Pause { slot: Slot(1) } },
            ],
            on_click: Some(Request::Open { page: Some(Page::Overview) }),
            urgency: Urgency::Critical,
            expires_at_ms: Some(5_000),
        }
    }

    fn capabilities(names: &[&str]) -> Capabilities {
        Capabilities::read(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_full_service_gets_buttons_and_escaped_text() {
        let can = capabilities(&["actions", "body", "body-markup", "persistence"]);
        let rendering = render(&shown(), can, 1_000);
        assert_eq!(rendering.summary, "A & B");
        assert_eq!(rendering.body, "&lt;b&gt;1 &amp;&amp; 2&lt;/b&gt;");
        let actions = ["default", "Open", "button-0", "Retry", "button-1", "Pause"];
        assert_eq!(rendering.actions, actions);
        assert_eq!((rendering.urgency, rendering.timeout_ms), (2, 4_000));
    }

    #[test]
    fn nothing_is_taken_for_markup_by_a_service_that_only_claims_links() {
        let rendering = render(&shown(), capabilities(&["actions", "body", "body-hyperlinks"]), 0);
        assert_eq!(rendering.body, "&lt;b&gt;1 &amp;&amp; 2&lt;/b&gt;");
    }

    #[test]
    fn a_service_without_actions_gets_the_plain_form() {
        let rendering = render(&shown(), capabilities(&["body"]), 1_000);
        assert_eq!(rendering.body, "<b>1 && 2</b>\nOpen Sophon Desktop.");
        assert_eq!(rendering.actions, [""; 0]);
    }

    #[test]
    fn a_service_without_a_body_gets_one_line() {
        let rendering = render(&shown(), capabilities(&["body-markup"]), 1_000);
        assert_eq!(rendering.summary, "A & B · <b>1 && 2</b> · Open Sophon Desktop.");
        assert_eq!(rendering.body, "");
    }

    #[test]
    fn a_key_asks_for_what_its_button_says_and_no_other_key_for_anything() {
        assert_eq!(request_of(&shown(), "button-1"), Some(Request::Pause { slot: Slot(1) }));
        assert_eq!(request_of(&shown(), "default"), shown().on_click);
        for key in ["button-2", "button-", "button-01", "button-+1", "", "Pause"] {
            assert_eq!(request_of(&shown(), key), None, "{key}");
        }
        assert_eq!(request_of(&Notification { on_click: None, ..shown() }, "default"), None);
    }

    #[test]
    fn only_what_has_no_end_and_no_urgency_is_left_to_the_service() {
        let endless = Notification { expires_at_ms: None, ..shown() };
        assert_eq!(timeout_ms(&endless, 0), 0);
        assert_eq!(timeout_ms(&Notification { urgency: Urgency::Normal, ..endless }, 0), -1);
        let far = Notification { expires_at_ms: Some(u64::MAX), ..shown() };
        assert_eq!(timeout_ms(&far, 0), i32::MAX);
        assert_eq!(timeout_ms(&shown(), 9_000), 1);
    }
}
