//! Who asks, and for what, in words that fit a line of a menu or of a notification.

use control::{
    DeviceChange, DeviceRequest, Foreign, NodeRequest, Pending, SenderRequest, Subject, marked,
};

use crate::text::{shorten_end, shorten_middle, visible};

/// Longest question that is told whole, in characters.
pub const QUESTION_CHARS: usize = 160;
/// Longest name within a sentence, in characters.
const NAME_CHARS: usize = 28;
/// Longest entry of a list, in characters.
const ENTRY_CHARS: usize = 40;
/// What messengers call the name that people choose to be found by.
const HANDLE: &str = "username";

/// Why a request can be allowed in the window alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToBeRead {
    /// Much is at stake.
    Grave,
    /// It is longer than what stands elsewhere, or something in it is not what it looks like.
    NotAllThere,
}

/// Says why a request has to be read in the window before it may be allowed; none where a line tells
/// all of it.
pub fn to_be_read(request: &Pending) -> Option<ToBeRead> {
    if request.is_grave() {
        return Some(ToBeRead::Grave);
    }
    let Subject::Approval(approval) = &request.subject else { return None };
    let question = approval.command.as_deref().or(approval.message.as_deref())?;
    let is_all_there = question.chars().count() <= QUESTION_CHARS && marked(question) == question;
    (!is_all_there).then_some(ToBeRead::NotAllThere)
}

/// Shows a text of a stranger in at most that many characters, and says how many are missing.
pub fn shown(text: &Foreign, max_chars: usize) -> String {
    // Many devices are called “Ada’s phone”, and a name is no command that this could end.
    let seen = marked(&text.text).replace("’‹U+2019›", "’");
    match text.missing {
        0 => shorten_middle(&seen, max_chars),
        missing => shorten_end(&seen, max_chars, missing),
    }
}

/// Says which device asks.
pub fn device(request: &DeviceRequest) -> String {
    if request.is_own {
        return "This program".to_owned();
    }
    let known_as = request.change.as_ref().and_then(|change| change.known_as.as_ref());
    named_device(known_as.or(request.name.as_ref()))
}

/// Says which device offers its commands.
pub fn node(request: &NodeRequest) -> String {
    named_device(request.name.as_ref())
}

/// Says who wrote, and where.
pub fn sender(request: &SenderRequest) -> String {
    let channel = request.channel_name.as_ref().map_or_else(
        || shorten_middle(&visible(&request.channel), NAME_CHARS),
        |name| shown(name, NAME_CHARS),
    );
    let handle = request.details.iter().find(|(name, _)| name.text == HANDLE);
    let who = match handle {
        Some((_, handle)) if handle.text.starts_with('@') => quoted(handle),
        Some((_, handle)) => {
            let text = format!("@{}", handle.text);
            quoted(&Foreign { text, missing: handle.missing })
        }
        None => quoted(&request.sender),
    };
    format!("{who} on {channel}")
}

/// What a device wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceWish {
    /// To be known at all.
    Join,
    /// Roles or scopes that it does not have.
    MoreRights,
    /// To be let in as before: its token was revoked, or it introduces itself anew.
    Again,
}

/// Says what a device wants.
pub fn device_wish(request: &DeviceRequest) -> DeviceWish {
    match &request.change {
        None => DeviceWish::Join,
        Some(change) if change.new_roles.is_empty() && change.new_scopes.is_empty() => {
            DeviceWish::Again
        }
        Some(_) => DeviceWish::MoreRights,
    }
}

/// Lists the roles and scopes that a device asks for.
pub fn rights(request: &DeviceRequest, max_chars: usize) -> String {
    let scopes = request.scopes.iter().map(|scope| &scope.name);
    list(request.roles.iter().chain(scopes), request.unlisted, max_chars)
}

/// Lists the roles and scopes that a known device does not have; none where there is none.
pub fn new_rights(change: &DeviceChange, max_chars: usize) -> Option<String> {
    let scopes = change.new_scopes.iter().map(|scope| &scope.name);
    let new: Vec<_> = change.new_roles.iter().chain(scopes).collect();
    (!new.is_empty()).then(|| list(new, 0, max_chars))
}

/// Lists the commands that agents could run on a device, its abilities and its permissions.
pub fn commands(request: &NodeRequest, max_chars: usize) -> String {
    let abilities = request.capabilities.iter().chain(&request.permissions);
    list(request.commands.iter().chain(abilities), request.unlisted, max_chars)
}

/// Lists as many as fit, at least one, and counts the rest.
pub fn list<'a>(
    entries: impl IntoIterator<Item = &'a Foreign>,
    unlisted: u32,
    max_chars: usize,
) -> String {
    let entries: Vec<_> = entries.into_iter().map(|entry| shown(entry, ENTRY_CHARS)).collect();
    let mut used = 0;
    let fitting = entries.iter().enumerate().take_while(|(at, entry)| {
        used += entry.chars().count() + 2;
        *at == 0 || used <= max_chars
    });
    let listed = fitting.count();
    let text = entries.iter().take(listed).map(String::as_str).collect::<Vec<_>>().join(", ");
    let unlisted = usize::try_from(unlisted).unwrap_or(usize::MAX);
    match (listed, (entries.len() - listed).saturating_add(unlisted)) {
        (0, 0) => "nothing".to_owned(),
        (_, 0) => text,
        (0, more) => format!("{more} that cannot be listed"),
        (_, more) => format!("{text} and {more} more"),
    }
}

fn named_device(name: Option<&Foreign>) -> String {
    name.filter(|name| !name.text.is_empty())
        .map_or("A device without a name".to_owned(), |name| format!("Device {}", quoted(name)))
}

/// Puts a name into quotation marks that nothing in it can close.
fn quoted(name: &Foreign) -> String {
    let text = name.text.replace('“', "‹U+201C›").replace('”', "‹U+201D›");
    format!("“{}”", shown(&Foreign { text, missing: name.missing }, NAME_CHARS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(text: &str) -> Foreign {
        Foreign { text: text.into(), missing: 0 }
    }

    #[test]
    fn a_name_cannot_end_its_quotation_and_says_how_much_of_it_is_missing() {
        assert_eq!(quoted(&foreign("a” on Mail\n“b")), "“a‹U+201D› on Mail⏎‹U+201C›b”");
        let cut = Foreign { text: "x".repeat(200), missing: 1_800 };
        assert_eq!(quoted(&cut), format!("“{}…(1984 more)”", "x".repeat(16)));
        assert_eq!(named_device(Some(&foreign(""))), "A device without a name");
    }

    #[test]
    fn a_look_alike_is_marked_and_an_apostrophe_is_none() {
        assert_eq!(quoted(&foreign("Ada’s ph\u{43e}ne")), "“Ada’s phо‹U+043E›ne”");
    }

    #[test]
    fn a_list_counts_what_does_not_fit() {
        let entries: Vec<_> = ["one", "two", "three", "four"].map(foreign).to_vec();
        assert_eq!(list(&entries, 0, 40), "one, two, three, four");
        assert_eq!(list(&entries, 5, 12), "one, two and 7 more");
        assert_eq!(list(&entries, 0, 1), "one and 3 more");
        assert_eq!(list([], 0, 40), "nothing");
        assert_eq!(list([], u32::MAX, 40), "4294967295 that cannot be listed");
    }
}
