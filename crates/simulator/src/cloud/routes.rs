//! The routes of `POST /v1/bridge/<route>`: their buckets and the fields of their bodies.

use super::rates::Bucket;
use super::validate::{MAX_TEXT, MAX_TOOL_JSON};

/// One route.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) name: &'static str,
    pub(super) action: Action,
    pub(super) bucket: Bucket,
    pub(super) fields: &'static [Field],
}

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    SendMessage,
    SendMessageDelta,
    SendMessageEnd,
    CreateTask,
    UpdateTask,
    FinishTask,
    RequestApproval,
    CreateSession,
    NotifyToolFile,
    RegisterDevice,
    GrantSessionKey,
}

/// One field of a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) presence: Presence,
    pub(super) form: Form,
}

/// Whether a field must be there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Presence {
    Required,
    Optional,
    /// Required unless the encrypted field of this name takes its place.
    Unless(&'static str),
}

/// What a field must look like.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// `[A-Za-z0-9_-]`, 1 to 64 characters.
    Key,
    /// Text of 1 to 256 characters.
    Id,
    /// Text of at most 64 KB.
    Text,
    /// Text of at most 64 KB with something else than white space in it.
    NonBlank,
    /// Any JSON of at most 100 KB.
    Json,
    /// Standard base64 of an envelope that hides at most this many bytes.
    Ciphertext(usize),
    /// 22 characters of base64url.
    BlindIndex,
    /// 64 hexadecimal digits.
    PublicKey,
    /// A whole number from zero.
    Count,
    /// A number from 0 to 100.
    Percent,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Token counts, price, model and provider.
    Usage,
    /// A list of objects.
    Objects,
}

const fn required(name: &'static str, form: Form) -> Field {
    Field { name, presence: Presence::Required, form }
}

const fn optional(name: &'static str, form: Form) -> Field {
    Field { name, presence: Presence::Optional, form }
}

const fn unless(other: &'static str, name: &'static str, form: Form) -> Field {
    Field { name, presence: Presence::Unless(other), form }
}

const TEXT_CT: Form = Form::Ciphertext(MAX_TEXT);
const TOOL_JSON_CT: Form = Form::Ciphertext(MAX_TOOL_JSON);
const KEY: Field = required("idempotency_key", Form::Key);
const SESSION: Field = required("session_id", Form::Id);
const INTERACTION: Field = optional("interaction_id", Form::Id);
const MESSAGE: Field = required("message_id", Form::Id);
const TASK: Field = required("task_id", Form::Id);
const STATUS_LABEL: Field = optional("status_label", Form::Text);
const STATUS_LABEL_CT: Field = optional("status_label_ct", TEXT_CT);

/// Every route of the wire.
pub(super) const ROUTES: &[Route] = &[
    Route {
        name: "sendMessage",
        action: Action::SendMessage,
        bucket: Bucket::Message,
        fields: &[
            KEY,
            SESSION,
            INTERACTION,
            unless("text_ct", "text", Form::Text),
            optional("text_ct", TEXT_CT),
            optional("attachments", Form::Objects),
            optional("reply_to", Form::Id),
            optional("usage", Form::Usage),
        ],
    },
    Route {
        name: "sendMessageDelta",
        action: Action::SendMessageDelta,
        bucket: Bucket::Delta,
        fields: &[
            KEY,
            MESSAGE,
            unless("delta_ct", "delta", Form::Text),
            optional("delta_ct", TEXT_CT),
        ],
    },
    Route {
        name: "sendMessageEnd",
        action: Action::SendMessageEnd,
        bucket: Bucket::Message,
        fields: &[
            KEY,
            MESSAGE,
            optional("text", Form::Text),
            optional("text_ct", TEXT_CT),
            optional("usage", Form::Usage),
            optional(
                "finish_reason",
                Form::OneOf(&["stop", "length", "content_filter", "tool_call"]),
            ),
        ],
    },
    Route {
        name: "createTask",
        action: Action::CreateTask,
        bucket: Bucket::Task,
        fields: &[
            KEY,
            SESSION,
            INTERACTION,
            TASK,
            required("kind", Form::NonBlank),
            STATUS_LABEL,
            STATUS_LABEL_CT,
            optional("args", Form::Json),
            optional("args_ct", TOOL_JSON_CT),
        ],
    },
    Route {
        name: "updateTask",
        action: Action::UpdateTask,
        bucket: Bucket::Task,
        fields: &[
            KEY,
            SESSION,
            INTERACTION,
            TASK,
            STATUS_LABEL,
            STATUS_LABEL_CT,
            optional("progress_percent", Form::Percent),
            optional("partial_result", Form::Json),
            optional("partial_result_ct", TOOL_JSON_CT),
        ],
    },
    Route {
        name: "finishTask",
        action: Action::FinishTask,
        bucket: Bucket::Task,
        fields: &[
            KEY,
            SESSION,
            INTERACTION,
            TASK,
            optional("name", Form::Text),
            required("status", Form::OneOf(&["completed", "failed", "cancelled"])),
            STATUS_LABEL,
            STATUS_LABEL_CT,
            optional("error", Form::Text),
            optional("error_ct", TEXT_CT),
            optional("result", Form::Json),
            optional("result_ct", TOOL_JSON_CT),
        ],
    },
    Route {
        name: "requestApproval",
        action: Action::RequestApproval,
        bucket: Bucket::Approval,
        fields: &[
            KEY,
            SESSION,
            INTERACTION,
            required("approval_id", Form::Id),
            optional("approval_slug", Form::Text),
            required("action", Form::OneOf(&["shell.exec", "plugin.invoke"])),
            optional("tool_call_id", Form::Id),
            unless("details_ct", "title", Form::NonBlank),
            required("severity", Form::OneOf(&["low", "medium", "high", "critical"])),
            optional("command", Form::Text),
            optional("host", Form::Text),
            unless("details_ct", "message", Form::NonBlank),
            optional("details_ct", TOOL_JSON_CT),
        ],
    },
    Route {
        name: "createSession",
        action: Action::CreateSession,
        bucket: Bucket::Other,
        fields: &[KEY, optional("source", Form::Text)],
    },
    Route {
        name: "notifyToolFile",
        action: Action::NotifyToolFile,
        bucket: Bucket::Other,
        fields: &[
            KEY,
            SESSION,
            required("tool", Form::OneOf(&["read", "edit", "write"])),
            optional("size_bytes", Form::Count),
            optional("mime", Form::Text),
            optional("path_ct", TEXT_CT),
            optional("display_name_ct", TEXT_CT),
            optional("path_blind_idx", Form::BlindIndex),
        ],
    },
    Route {
        name: "devices",
        action: Action::RegisterDevice,
        bucket: Bucket::Other,
        fields: &[KEY, required("pubkey", Form::PublicKey), optional("label", Form::Text)],
    },
    Route {
        name: "sessions/<id>/recipients",
        action: Action::GrantSessionKey,
        bucket: Bucket::Other,
        fields: &[
            KEY,
            required("recipients", Form::Objects),
            optional("wrapped_by_device_id", Form::Id),
        ],
    },
];

/// Finds the route of a path below `/v1/bridge/`, and the session that the path names, if any.
pub(super) fn find(path: &str) -> Option<(&'static Route, Option<&str>)> {
    let session = path.strip_prefix("sessions/").and_then(|rest| rest.strip_suffix("/recipients"));
    let name = session.map_or(path, |_| "sessions/<id>/recipients");
    let route = ROUTES.iter().find(|route| route.name == name)?;
    (session.is_some() == (route.action == Action::GrantSessionKey)).then_some((route, session))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_read_out_of_the_path_of_its_recipients() {
        let (route, session) = find("sessions/ses_1/recipients").unwrap();
        assert_eq!((route.action, session), (Action::GrantSessionKey, Some("ses_1")));
        assert!(find("sessions/<id>").is_none());
        assert!(find("sendmessage").is_none());
        assert_eq!(find("sendMessage").unwrap().0.action, Action::SendMessage);
    }
}
