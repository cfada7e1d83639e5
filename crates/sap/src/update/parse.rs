use serde_json::{Map, Value};

use crate::frame::MalformedFrame;
use crate::one_line::one_line;
use crate::sealed::{DevicePublicKey, SealedGrant};
use crate::{
    ApprovalId, Attachment, Content, Decision, DeviceId, InteractionId, MessageId, SessionId,
    Update, UpdateId, UpdateKind, UserMessage,
};

/// How much of a name that the cloud sent is kept, in characters.
const NAME_LENGTH: usize = 64;

impl Update {
    /// Reads the `update` object of a frame; a field may sit in it or in its `payload`.
    ///
    /// A payload that cannot be read gives [`UpdateKind::Malformed`], so that the update can
    /// still be acknowledged and does not come again for ever.
    ///
    /// # Errors
    /// [`MalformedFrame`] when there is no `update_id` to acknowledge.
    pub fn parse(value: Value) -> Result<Self, MalformedFrame> {
        let Value::Object(update) = value else {
            return Err(MalformedFrame::NoUpdate);
        };
        let id = update
            .get("update_id")
            .and_then(|id| serde_json::from_value::<UpdateId>(id.clone()).ok())
            .ok_or(MalformedFrame::NoUpdateId)?;
        let fields = Fields::of(&update);
        let session_id = fields.id("session_id", &["session", "message"]).map(SessionId::new);
        let interaction_id =
            fields.id("interaction_id", &["interaction", "message"]).map(InteractionId::new);
        let name = update.get("type").and_then(Value::as_str).unwrap_or_default();
        let place = Place { session: session_id.is_some(), interaction: interaction_id.is_some() };
        let kind = kind(name, &fields, place).unwrap_or_else(|problem| UpdateKind::Malformed {
            name: one_line(name, NAME_LENGTH),
            problem: problem.to_owned(),
        });
        Ok(Self { id, session_id, interaction_id, kind })
    }
}

/// Which part of a chat an update names.
#[derive(Clone, Copy)]
struct Place {
    session: bool,
    interaction: bool,
}

/// What is wrong with a payload, in words that hold nothing of its content.
type Problem = &'static str;

fn kind(name: &str, fields: &Fields<'_>, place: Place) -> Result<UpdateKind, Problem> {
    let in_session = place.session.then_some(()).ok_or("no session id");
    match name {
        "" => Err("no type"),
        "session.message" => {
            in_session?;
            message(fields).map(UpdateKind::Message)
        }
        "session.cancelled" => {
            if !place.interaction {
                in_session?;
            }
            Ok(UpdateKind::Cancelled { reason: fields.text("reason") })
        }
        "session.started" => in_session.map(|()| UpdateKind::SessionStarted),
        "session.ended" => in_session.map(|()| UpdateKind::SessionEnded),
        "session.model.changed" => {
            in_session?;
            let model = match fields.get("model") {
                None => None,
                Some(Value::String(model)) => Some(model.clone()),
                Some(_) => return Err("the model is not a name"),
            };
            Ok(UpdateKind::ModelChanged { model })
        }
        "approval.resolved" => Ok(UpdateKind::ApprovalResolved {
            approval_id: fields
                .id("approval_id", &["approval"])
                .map(ApprovalId::new)
                .ok_or("no approval id")?,
            decision: decision(fields.get("decision")),
            scope: fields.text("scope"),
            reason: fields.text("reason"),
        }),
        "installation.created" => Ok(UpdateKind::InstallationCreated),
        "installation.revoked" => Ok(UpdateKind::InstallationRevoked),
        "installation.permissions_updated" => Ok(UpdateKind::PermissionsUpdated),
        "device_added" => device_added(fields),
        "device_revoked" => Ok(UpdateKind::DeviceRevoked { device_id: device_id(fields)? }),
        "session_key_granted" => {
            in_session?;
            Ok(UpdateKind::SessionKeyGranted {
                device_id: device_id(fields).ok(),
                wrapped_session_key: fields
                    .text("wrapped_session_key")
                    .map(SealedGrant::new)
                    .ok_or("no wrapped session key")?,
            })
        }
        unknown => Ok(UpdateKind::Unknown { name: one_line(unknown, NAME_LENGTH) }),
    }
}

fn message(fields: &Fields<'_>) -> Result<UserMessage, Problem> {
    let message = fields.object("message").ok_or("no message")?;
    let id = text(message.get("id")).ok_or("the message has no id")?;
    let attachments = attachments(message.get("attachments"));
    let content = match (text(message.get("text_ct")), message.get("text")) {
        (Some(envelope), _) => Content::Encrypted(envelope),
        (None, Some(Value::String(text))) => Content::Plain(text.clone()),
        (None, None | Some(Value::Null)) if !attachments.is_empty() => {
            Content::Plain(String::new())
        }
        (None, _) => return Err("the message has no text"),
    };
    Ok(UserMessage {
        id: MessageId::new(id),
        content,
        attachments,
        thought_level: text(message.get("thought_level")),
    })
}

/// Keeps an entry that cannot be read as an attachment without a URL, so that the person hears
/// of it.
fn attachments(value: Option<&Value>) -> Vec<Attachment> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(entries)) => entries.iter().map(attachment).collect(),
        Some(single) => vec![attachment(single)],
    }
}

fn attachment(entry: &Value) -> Attachment {
    Attachment {
        url: text(entry.get("url")),
        mime: text(entry.get("mime")),
        name: text(entry.get("name")),
        size: entry.get("size").and_then(Value::as_u64),
    }
}

fn device_added(fields: &Fields<'_>) -> Result<UpdateKind, Problem> {
    let pubkey = fields.text("pubkey").ok_or("the device has no public key")?;
    Ok(UpdateKind::DeviceAdded {
        device_id: device_id(fields)?,
        pubkey: DevicePublicKey::parse(&pubkey).map_err(|_| "the public key is none")?,
        label: fields.text("label"),
        platform: fields.text("platform"),
    })
}

fn device_id(fields: &Fields<'_>) -> Result<DeviceId, Problem> {
    fields.id("device_id", &["device"]).map(DeviceId::new).ok_or("no device id")
}

/// Reads consent only where it is spelled out.
fn decision(value: Option<&Value>) -> Decision {
    match value.and_then(Value::as_str) {
        Some("approve" | "approveForSession") => Decision::Approve,
        Some("approve_always") => Decision::ApproveAlways,
        Some("deny" | "abort") => Decision::Deny,
        unknown => {
            let word = one_line(unknown.unwrap_or_default(), NAME_LENGTH);
            tracing::warn!(word, "an unknown decision counts as a denial");
            Decision::Deny
        }
    }
}

/// The fields of an update, whether they sit in it or in its payload.
struct Fields<'a> {
    top: &'a Map<String, Value>,
    payload: Option<&'a Map<String, Value>>,
}

impl<'a> Fields<'a> {
    fn of(update: &'a Map<String, Value>) -> Self {
        Self { top: update, payload: update.get("payload").and_then(Value::as_object) }
    }

    /// Finds a field that says something: neither null nor empty.
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.places().find_map(|fields| {
            fields.get(name).filter(|value| !value.is_null() && value.as_str() != Some(""))
        })
    }

    fn object(&self, name: &str) -> Option<&'a Map<String, Value>> {
        self.places().find_map(|fields| fields.get(name)?.as_object())
    }

    fn places(&self) -> impl Iterator<Item = &'a Map<String, Value>> {
        [Some(self.top), self.payload].into_iter().flatten()
    }

    fn text(&self, name: &str) -> Option<String> {
        text(self.get(name))
    }

    /// Looks for an id under its own name, then in the objects that may carry it: as `id` in the
    /// object that it names, under its own name in any other.
    fn id(&self, name: &str, objects: &[&str]) -> Option<String> {
        self.text(name).or_else(|| {
            objects.iter().find_map(|object| {
                let inner = self.object(object)?;
                let own = name.strip_suffix("_id") == Some(*object);
                text(inner.get(name)).or_else(|| own.then(|| text(inner.get("id")))?)
            })
        })
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests;
