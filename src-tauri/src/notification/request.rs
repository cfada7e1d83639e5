//! Tells that a request waits for a decision.

mod body;
#[cfg(test)]
mod tests;

use control::{Approval, Pending, Subject, Verdict};

use self::body::body;
use super::lines::sentence;
use super::{Button, Notification, Prompt, Urgency};
use crate::asker::{self, DeviceWish, ToBeRead};
use crate::request::Request;
use crate::shell::Topic;

/// Tells that a request waits; `via` names the installation that it came through, where there are
/// several. Buttons are there only where it may be decided without having been seen whole; a click
/// on the text opens the window at it.
pub fn request(request: &Pending, via: Option<&str>) -> Notification {
    Notification {
        topic: Topic::Request(request.key.clone()),
        title: title(&request.subject),
        body: body(&request.subject, via),
        prompt: Some(prompt(request)),
        buttons: buttons(request),
        on_click: Some(Request::Show { key: request.key.clone() }),
        urgency: Urgency::Critical,
        expires_at_ms: request.expires_at_ms,
    }
}

fn title(subject: &Subject) -> String {
    match subject {
        Subject::Approval(Approval { command: Some(_), .. }) => "Allow this command?".to_owned(),
        Subject::Approval(Approval { title, command: None, .. }) => sentence(title),
        Subject::Device(device) => {
            let it = if device.is_own { "this program" } else { "this device" };
            match asker::device_wish(device) {
                DeviceWish::Join => format!("Let {it} join OpenClaw?"),
                DeviceWish::MoreRights => format!("Give {it} more rights at OpenClaw?"),
                DeviceWish::Again => format!("Let {it} in to OpenClaw again?"),
            }
        }
        Subject::Node(_) => "Let agents use this device?".to_owned(),
        Subject::Sender(_) => "Let this person talk to your agent?".to_owned(),
    }
}

fn prompt(request: &Pending) -> Prompt {
    let Some(why) = asker::to_be_read(request) else {
        return Prompt {
            clickable: buttons(request).is_empty().then(|| "Click to decide.".to_owned()),
            plain: "Open Sophon Desktop to decide.".to_owned(),
        };
    };
    let why = match why {
        ToBeRead::Grave => "Much is at stake",
        ToBeRead::NotAllThere => "This is not all of it, or not what it looks like",
    };
    Prompt {
        clickable: Some(format!("{why}: click to read all of it and decide.")),
        plain: format!("{why}: open Sophon Desktop to read all of it and decide."),
    }
}

fn buttons(request: &Pending) -> Vec<Button> {
    if asker::to_be_read(request).is_some() || request.deciding.is_some() {
        return Vec::new();
    }
    [(Verdict::AllowOnce, "Allow once"), (Verdict::Allow, "Allow"), (Verdict::Deny, "Deny")]
        .into_iter()
        .filter(|(verdict, _)| request.offers.contains(verdict))
        .map(|(verdict, label)| Button {
            label: label.to_owned(),
            request: Request::Decide {
                key: request.key.clone(),
                verdict,
                notify: false,
                seen: request.seen.clone(),
            },
        })
        .collect()
}
