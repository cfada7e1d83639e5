//! What a notification says about a request: what exactly, and who asks.

use control::{
    Approval, DeviceChange, DeviceRequest, Foreign, NodeRequest, SenderRequest, Subject,
};

use crate::asker;
use crate::notification::lines::{NAME_CHARS, QUESTION_CHARS, command, line, name, sentence};

/// Warnings, or details of a person, that are read out; the rest is counted.
const READ_OUT: usize = 3;

/// Writes the lines below the title.
pub(super) fn body(subject: &Subject, via: Option<&str>) -> String {
    let lines = match subject {
        Subject::Approval(asked) => approval(asked),
        Subject::Device(asked) => device(asked),
        Subject::Node(asked) => node(asked),
        Subject::Sender(asked) => sender(asked),
    };
    let through = via.map(|via| format!("Through {}", name(via)));
    lines.into_iter().chain(through).collect::<Vec<_>>().join("\n")
}

fn approval(asked: &Approval) -> Vec<String> {
    let command = asked.command.as_deref().map(command);
    let question = command.or_else(|| asked.message.as_deref().map(line));
    let mut lines: Vec<_> = question.filter(|it| !it.is_empty()).into_iter().collect();
    let folder = asked.folder.as_ref().map(|folder| format!("In {}", name(folder)));
    let agent = asked.agent.as_ref().map(|agent| format!("Agent {}", name(agent)));
    lines.extend(in_a_row([folder, agent]));
    let read_out = asked.warnings.iter().take(READ_OUT);
    lines.extend(read_out.map(|warning| format!("⚠ {}", sentence(warning))));
    match asked.warnings.len().saturating_sub(READ_OUT) {
        0 => {}
        1 => lines.push("⚠ 1 more warning".to_owned()),
        more => lines.push(format!("⚠ {more} more warnings")),
    }
    lines
}

fn device(asked: &DeviceRequest) -> Vec<String> {
    let (platform, program) = (asked.platform.as_ref(), asked.program.as_ref());
    let mut lines = Vec::new();
    lines.extend(in_a_row([Some(asker::device(asked)), platform.map(short), program.map(short)]));
    lines.push(format!("Asks for {}", asker::rights(asked, QUESTION_CHARS)));
    if let Some(change) = &asked.change {
        lines.extend(differences(asked, change));
    }
    lines.extend(from(asked.address.as_ref(), asked.origin.as_ref()));
    lines
}

fn differences(asked: &DeviceRequest, change: &DeviceChange) -> Vec<String> {
    let new = asker::new_rights(change, QUESTION_CHARS);
    let revoked = (!change.revoked_roles.is_empty())
        .then(|| asker::list(&change.revoked_roles, 0, QUESTION_CHARS));
    let named = change.is_introduced_anew.then_some(asked.name.as_ref()).flatten().map(short);
    let told = [("New", new), ("Was revoked", revoked), ("Calls itself", named)];
    told.into_iter()
        .filter_map(|(what, words)| words.map(|words| format!("{what}: {words}")))
        .collect()
}

fn node(asked: &NodeRequest) -> Vec<String> {
    let platform = asked.platform.as_ref();
    let mut lines = Vec::new();
    lines.extend(in_a_row([Some(asker::node(asked)), platform.map(short)]));
    lines.push(format!("Offers {}", asker::commands(asked, QUESTION_CHARS)));
    lines.extend(from(asked.address.as_ref(), None));
    lines
}

fn sender(asked: &SenderRequest) -> Vec<String> {
    let account = asked.account_name.as_ref().map_or_else(|| name(&asked.account), short);
    let who = format!("Sender {} · Account {account}", short(&asked.sender));
    let details = asked.details.iter().take(READ_OUT);
    let mut told: Vec<_> =
        details.map(|(kind, value)| format!("{}: {}", short(kind), short(value))).collect();
    let untold = asked.details.len().saturating_sub(READ_OUT);
    match u32::try_from(untold).unwrap_or(u32::MAX).saturating_add(asked.unlisted) {
        0 => {}
        more => told.push(format!("{more} more")),
    }
    let mut lines = vec![asker::sender(asked), who];
    lines.extend((!told.is_empty()).then(|| told.join(" · ")));
    lines
}

fn from(address: Option<&Foreign>, origin: Option<&Foreign>) -> Option<String> {
    let address = address.map(|address| format!("From {}", short(address)));
    in_a_row([address, origin.map(|page| format!("Web page {}", short(page)))])
}

fn short(text: &Foreign) -> String {
    asker::shown(text, NAME_CHARS)
}

fn in_a_row(parts: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}
