//! What a person reads in a bubble when an answer could not be given: what happened, why, and what
//! to do now. The closed list of causes is [`Cause`].

use openclaw::FailureKind;
use sap::FinishReason;

/// How much of somebody else's sentence is quoted, in bytes.
const QUOTE: usize = 600;

/// Why an answer ended otherwise than by the model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cause {
    /// The model's provider or the gateway failed.
    Run { kind: FailureKind, message: String },
    /// The gateway refused to take the message.
    Refused { message: String },
    /// The gateway stayed away until the interaction was about to expire.
    GatewayAway,
    /// The gateway went away while it had the turn, and stayed away.
    GatewayLost,
    /// The gateway restarted and does not know the turn any more.
    GatewayForgot,
    /// The gateway answered the message in a way that cannot be told apart from another's answer.
    AnsweredElsewhere,
    /// The message could not be decrypted.
    Undecipherable,
    /// The message came in plain text into an encrypted session.
    NotEncrypted,
    /// The person stopped the answer.
    Stopped,
    /// The person stopped the answer, but the gateway lets nobody stop a command's continuation.
    StoppedButRunning,
    /// This program was quit.
    Quit { handed_over: bool },
}

impl Cause {
    /// The sentence, with its remedy; none where the text so far says it all.
    pub(crate) fn sentence(&self, text_is_empty: bool) -> Option<String> {
        match self {
            Self::Run { kind, message } => {
                let (what, remedy) = run_failure(*kind);
                Some(format!("⚠️ {what} {remedy}{}", quote(message)))
            }
            Self::Refused { message } => Some(format!(
                "⚠️ OpenClaw did not accept this message. Change it and send it again, or look \
                 into `openclaw logs` on the computer.{}",
                quote(message)
            )),
            Self::GatewayAway => Some(
                "⚠️ OpenClaw on this computer could not be reached within half an hour, so the \
                 message was not handed over. Start it there with `openclaw gateway run`, then \
                 send the message again."
                    .into(),
            ),
            Self::GatewayLost => Some(
                "⚠️ OpenClaw on this computer went away before this answer was complete, and did \
                 not come back. Start it there with `openclaw gateway run`; its own history shows \
                 how far it came."
                    .into(),
            ),
            Self::GatewayForgot => Some(
                "⚠️ OpenClaw lost track of this answer, most likely by a restart. Send the message \
                 again to have it answered."
                    .into(),
            ),
            Self::AnsweredElsewhere => Some(
                "⚠️ OpenClaw was busy with another run of this chat and has answered there. Send \
                 the message again if the answer is missing."
                    .into(),
            ),
            Self::Undecipherable => Some(
                "⚠️ This message could not be decrypted on the computer, so the agent has not seen \
                 it. Open this chat on the phone once more, then send the message again."
                    .into(),
            ),
            Self::NotEncrypted => Some(
                "⚠️ This message reached the computer without encryption, although this chat is \
                 encrypted, so it was not given to the agent. If you wrote it, send it again from \
                 an up-to-date app."
                    .into(),
            ),
            Self::Stopped => text_is_empty.then(|| "Stopped.".into()),
            Self::StoppedButRunning => Some(
                "⚠️ Stopped here, but a command that was already approved may still run: this \
                 version of OpenClaw lets nobody else stop it. Use `openclaw` on the computer to \
                 stop it, or update OpenClaw."
                    .into(),
            ),
            Self::Quit { handed_over: true } => Some(
                "⚠️ The Sophon bridge was stopped on the computer before this answer was \
                 complete. Start it there again; the agent may have finished meanwhile."
                    .into(),
            ),
            Self::Quit { handed_over: false } => Some(
                "⚠️ The Sophon bridge was stopped on the computer before this message was handed \
                 over. Start it there again, then send the message again."
                    .into(),
            ),
        }
    }

    /// The reason as the wire knows it.
    pub(crate) fn finish_reason(&self) -> FinishReason {
        match self {
            Self::Run { kind: FailureKind::ContextLength, .. } => FinishReason::Length,
            Self::Run { kind: FailureKind::Refusal, .. } => FinishReason::ContentFilter,
            Self::Run { .. }
            | Self::Refused { .. }
            | Self::GatewayAway
            | Self::GatewayLost
            | Self::GatewayForgot
            | Self::AnsweredElsewhere
            | Self::Undecipherable
            | Self::NotEncrypted
            | Self::Stopped
            | Self::StoppedButRunning
            | Self::Quit { .. } => FinishReason::Stop,
        }
    }
}

fn run_failure(kind: FailureKind) -> (&'static str, &'static str) {
    match kind {
        FailureKind::Auth => (
            "The model's provider refused the credentials that OpenClaw has.",
            "Check the API key in OpenClaw on the computer, then send the message again.",
        ),
        FailureKind::Billing => (
            "The model's provider wants to be paid first.",
            "Check the account's credit or plan with the provider, then send the message again.",
        ),
        FailureKind::RateLimit => (
            "The model's provider asks for patience: too many requests.",
            "Wait a minute, then send the message again.",
        ),
        FailureKind::Timeout => (
            "The connection to the model broke or took too long.",
            "Send the message again; if it keeps failing, check the network of the computer.",
        ),
        FailureKind::ContextLength => (
            "This chat has become too long for the model.",
            "Send `/compact` to shorten it, or start a new chat.",
        ),
        FailureKind::Refusal => (
            "The model's provider refused this content.",
            "Say it in other words, or choose another model.",
        ),
        FailureKind::Unknown => (
            "The agent failed before it could finish its answer.",
            "Send the message again; `openclaw logs` on the computer says more.",
        ),
    }
}

fn quote(message: &str) -> String {
    let message = message.trim().trim_start_matches("⚠️").trim();
    if message.is_empty() {
        return String::new();
    }
    let kept = &message[..message.floor_char_boundary(QUOTE)];
    let more = if kept.len() < message.len() { "…" } else { "" };
    format!("\n\nOpenClaw said: “{kept}{more}”")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_happened_what_to_do_and_what_the_gateway_said() {
        let cause = Cause::Run { kind: FailureKind::Auth, message: "401 Incorrect key".into() };
        let sentence = cause.sentence(true).unwrap();
        assert!(sentence.contains("refused the credentials"));
        assert!(sentence.contains("Check the API key"));
        assert!(sentence.contains("“401 Incorrect key”"));
    }

    #[test]
    fn a_stopped_answer_keeps_its_text_as_it_is() {
        assert_eq!(Cause::Stopped.sentence(false), None);
        assert_eq!(Cause::Stopped.sentence(true).as_deref(), Some("Stopped."));
    }
}
