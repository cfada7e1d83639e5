//! What must hold of every world, whatever happened in it.

mod keys;

pub(crate) use self::keys::{MEETABLE, met};

use openclaw::{Decision, Generation};

use crate::clock::{MINUTE, Millis};
use crate::cloud::Bubble;
use crate::gateway::{Asked, Attempt, By, Gateway, Outcome, Question, State, whole};
use crate::person::Message;
use crate::world::World;

/// How long the bridge may be connected without learning what there is to know.
const LEARNS_WITHIN: Millis = 3 * MINUTE;

/// Checks a world that has become calm; returns what is wrong with it.
pub(crate) fn check(world: &World) -> Vec<String> {
    let mut violations = world.violations.clone();
    for message in &world.person.messages {
        violations.extend(message_violation(world, message));
    }
    for bubble in world.cloud.phone.bubbles.values().filter(|b| b.interaction.is_none()) {
        if bubble.end.is_none() && !world.cloud.is_given_up(&bubble.session) {
            violations.push(format!("a bubble that nobody asked for stays open: {bubble:?}"));
        }
    }
    for ((session, task), card) in &world.cloud.phone.cards {
        let interaction = card.interaction.as_deref().unwrap_or_default();
        let is_over = world.cloud.is_gone(session) || world.cloud.refused(interaction);
        if (card.created, card.finished) != (1, 1) && !is_over {
            violations.push(format!("card {task}: {card:?}"));
        }
    }
    for question in world.gateway.questions.values() {
        violations.extend(question_violation(world, question));
    }
    violations.extend(keys::check(world));
    violations
}

/// Exactly one bubble and one end, and the right text.
fn message_violation(world: &World, message: &Message) -> Option<String> {
    let is_over =
        world.cloud.is_gone(&message.session) || world.cloud.refused(&message.interaction);
    if !message.delivered {
        return (!is_over).then(|| format!("{message:?} was never delivered"));
    }
    let bubbles = world.cloud.phone.bubbles.values();
    let bubbles: Vec<&Bubble> =
        bubbles.filter(|b| b.interaction.as_deref() == Some(&message.interaction)).collect();
    let [bubble] = bubbles[..] else {
        let fits = bubbles.is_empty() && (is_over || keys::is_silent(world, message));
        return (!fits).then(|| format!("{message:?} has {} bubbles", bubbles.len()));
    };
    let Some(end) = &bubble.end else {
        return (!is_over).then(|| format!("{message:?} has no end"));
    };
    if let Some(outcome) = keys::unread(world, message, &end.text) {
        return outcome;
    }
    let is_shared = asked(&world.gateway, message).any(|asked| asked.shares);
    let older = world.gateway.generation == Generation::Older;
    if message.text == "stop" || is_shared || older && is_repeated(world, message) {
        return None;
    }
    let wrong = |what: &str| Some(format!("{what}: {:?} for {message:?}", end.text));
    if is_answer(&world.gateway, message, &end.text) {
        return None;
    }
    let was_shown = end.text == "Stopped." || was_streamed(&world.gateway, message, &end.text);
    if message.stopped && was_shown {
        return None;
    }
    // Where the history does not come in time, the answer ends with what was heard of it.
    if world.was_hurried && is_part_of_the_answer(&world.gateway, message, &end.text) {
        return None;
    }
    let Some((before, _)) = end.text.split_once("⚠️") else {
        return wrong("neither the answer nor a failure");
    };
    if !was_streamed(&world.gateway, message, before.trim_end()) {
        return wrong("a failure begins with what was not said");
    }
    (!message.stopped && is_known(world, message))
        .then(|| wrong("an answer is reported as failed"))?
}

/// Says whether this is the answer, as it was told or as the history has it.
fn is_answer(gateway: &Gateway, message: &Message, text: &str) -> bool {
    asked(gateway, message).any(|asked| {
        let answered = |outcome| outcome == Outcome::Answered;
        asked.attempts.iter().any(|attempt| {
            answered(attempt.outcome)
                && (form(gateway, &attempt.text()) == form(gateway, text)
                    || gateway.history_text(asked).as_deref() == Some(text))
        })
    })
}

/// Says whether the gateway said so much of an answer, in one go.
pub(crate) fn was_said(gateway: &Gateway, message: &Message, text: &str) -> bool {
    let begins = |said: &str| form(gateway, said).starts_with(&form(gateway, text));
    text.is_empty()
        || attempts(gateway, message).any(|attempt| attempt.versions().any(|v| begins(&whole(v))))
        || asked(gateway, message)
            .any(|asked| gateway.history_text(asked).is_some_and(|whole| whole.starts_with(text)))
}

/// Says whether this may have been streamed: what was said, from its beginning. A bridge that was
/// not connected misses the end of a part, and goes on with the next one.
pub(crate) fn was_streamed(gateway: &Gateway, message: &Message, text: &str) -> bool {
    let fits = |version: &[String]| {
        let Some((first, rest)) = version.split_first() else { return false };
        let rest = form(gateway, &whole(rest));
        let in_two = |(at, _)| {
            let (before, after) = text.split_at(at);
            form(gateway, first).starts_with(&form(gateway, before))
                && rest.starts_with(&form(gateway, after.trim_start()))
        };
        text.match_indices("\n\n").any(in_two) || rest.starts_with(&form(gateway, text))
    };
    was_said(gateway, message, text)
        || asked(gateway, message).any(|asked| asked.shares)
        || attempts(gateway, message).any(|attempt| attempt.versions().any(fits))
}

/// Says whether this is the answer but for what was said before or after it was listened to: of the
/// first part, the end is missing, or all; or the parts after an approval are, which then have a
/// bubble of their own.
fn is_part_of_the_answer(gateway: &Gateway, message: &Message, text: &str) -> bool {
    let answered = attempts(gateway, message).filter(|a| a.outcome == Outcome::Answered);
    answered.into_iter().any(|attempt| {
        let Some((first, rest)) = attempt.parts.split_first() else { return false };
        let (first, rest) = (form(gateway, first), form(gateway, &whole(rest)));
        let text = form(gateway, text);
        let ends =
            text.strip_suffix(&rest).is_some_and(|before| first.starts_with(before.trim_end()));
        let begins = gateway.generation == Generation::Older
            && text.starts_with(&first)
            && form(gateway, &attempt.text()).starts_with(&text);
        !rest.is_empty() && (ends || begins)
    })
}

fn attempts<'a>(gateway: &'a Gateway, message: &'a Message) -> impl Iterator<Item = &'a Attempt> {
    asked(gateway, message).flat_map(|asked| &asked.attempts)
}

/// The form in which texts are compared. What one run of the older gateway says in one breath
/// stands in several rows of its history, and an answer may be put together from both.
fn form(gateway: &Gateway, text: &str) -> String {
    match gateway.generation {
        Generation::Newer => text.trim_end().to_owned(),
        Generation::Older => text.chars().filter(|c| !c.is_whitespace()).collect(),
    }
}

/// Says whether the bridge knew the answer, or had time enough to learn it, before it was done
/// with the message.
fn is_known(world: &World, message: &Message) -> bool {
    let Some((life, done)) = message.decided else { return false };
    if is_repeated(world, message) {
        return false;
    }
    if let Some((told_life, told)) = message.told
        && told_life == life
        && told < done
    {
        return true;
    }
    let answered = asked(&world.gateway, message).filter_map(Asked::answered_at).min();
    answered.is_some_and(|at| world.was_connected(at, done, LEARNS_WITHIN))
}

/// Says whether the person wrote the same words twice: the older gateway's history does not tell
/// which of them was answered.
fn is_repeated(world: &World, message: &Message) -> bool {
    let same = |other: &&Message| other.text == message.text && other.session == message.session;
    world.person.messages.iter().filter(same).count() > 1
}

fn asked<'a>(gateway: &'a Gateway, message: &'a Message) -> impl Iterator<Item = &'a Asked> {
    let session = format!("agent:main:{}", message.session);
    gateway.asked.values().filter(move |a| a.text == message.text && a.session == session)
}

/// Asked once, and decided as the person decided.
fn question_violation(world: &World, question: &Question) -> Option<String> {
    let session = question.session.trim_start_matches("agent:main:");
    if world.cloud.is_gone(session) {
        return None;
    }
    let shown = world.cloud.phone.questions.get(&question.id).copied().unwrap_or_default();
    if shown > 1 {
        return Some(format!("{question:?} was shown {shown} times"));
    }
    let decisions = world.person.decisions.get(&question.id).map(Vec::as_slice).unwrap_or_default();
    let allows = |decision: Decision| decision != Decision::Deny;
    if let State::Decided(decision, By::Bridge) = question.state
        && allows(decision)
        && !decisions
            .iter()
            .any(|made| allows(made.decision) && (made.heard.is_some() || made.here))
    {
        return Some(format!("nobody allowed {question:?}"));
    }
    if shown == 0
        && question.state == (State::Expired { ran: false })
        && world.was_connected(question.asked, question.expires, LEARNS_WITHIN)
        && world.bridge_knows(session)
        && world.can_speak(session, question.asked)
    {
        return Some(format!("{question:?} was never shown"));
    }
    // An approval ends when it expires, or with the gateway's process.
    let State::Expired { ran } = question.state else { return None };
    let heard = decisions.iter().filter_map(|decided| decided.heard).min();
    if let Some(heard) = heard
        && world.was_connected(heard, question.expires, MINUTE)
    {
        return Some(format!("{question:?} expires, but was decided"));
    }
    if ran && world.was_connected(question.expires.saturating_sub(MINUTE), question.expires, MINUTE)
    {
        return Some(format!("{question:?} runs, and nobody allowed it"));
    }
    None
}
