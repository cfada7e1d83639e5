//! Whether an answer is what it must be: one bubble, one end, the gateway's own words.

use std::time::Instant;

use simulator::cloud::{Bubble, CloudView};

use super::chat::{Asked, Kind, SLOW_WORDS};
use super::world::World;

/// How a failure begins that the person is told, and the whole of a stop before the first word.
const FAILURE: &str = "⚠️";
const STOPPED: &str = "Stopped.";
/// How much of a text is shown where it is wrong.
const SHOWN: usize = 300;

/// Says what of the answers has not come yet.
pub(super) fn missing(world: &World<'_>, asked: &[Asked]) -> Option<String> {
    world.rig.cloud.look(|view| asked.iter().find_map(|asked| missing_of(view, asked)))
}

/// Checks an answer that is complete.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(world: &World<'_>, asked: &Asked) -> Result<(), String> {
    let bubbles: Vec<Bubble> =
        world.rig.cloud.look(|view| bubbles_of(view, asked).cloned().collect());
    let [bubble] = bubbles.as_slice() else {
        return Err(format!("{} bubbles", bubbles.len()));
    };
    if bubble.ends != 1 {
        return Err(format!("{} ends", bubble.ends));
    }
    let made = world.rig.cloud.look(|view| {
        let cards = view.tasks(&asked.session).iter();
        cards
            .filter(|card| is_of(card.interaction_id.as_ref(), asked))
            .map(|card| card.creates)
            .max()
    });
    if let Some(times @ 2..) = made {
        return Err(format!("a tool card was made {times} times"));
    }
    let key = format!("agent:main:{}", asked.session);
    let answers = world.rig.gateway.answers_to(&key, &asked.text);
    let interrupted = was_interrupted(asked.at, bubble.ended_at, &world.rig.gateway.restarts());
    if !interrupted && answers.len() > 1 {
        return Err(format!("the agent heard it {} times", answers.len()));
    }
    let end = bubble.end.as_ref().and_then(|end| end.text.as_deref()).unwrap_or_default();
    if !(is_right(asked.kind, end, &answers) || interrupted && end.contains(FAILURE)) {
        return Err(format!("the end says {}, the agent said {answers:.300?}", shown(end)));
    }
    if !interrupted && !squeeze(end).starts_with(&squeeze(&bubble.streamed)) {
        let streamed = shown(&bubble.streamed);
        return Err(format!("the end says {}, and was streamed as {streamed}", shown(end)));
    }
    Ok(())
}

fn missing_of(view: &CloudView<'_>, asked: &Asked) -> Option<String> {
    let what = if !view.is_acked(&asked.said.update_id) {
        "no acknowledgement"
    } else if !bubbles_of(view, asked).any(|bubble| bubble.end.is_some()) {
        "no end"
    } else {
        let mut cards = view.tasks(&asked.session).iter().rev();
        cards.find(|card| is_of(card.interaction_id.as_ref(), asked) && card.finish.is_none())?;
        "no finish of a tool card"
    };
    Some(format!("{}: {what}", asked.text))
}

fn bubbles_of<'a>(view: &CloudView<'a>, asked: &Asked) -> impl Iterator<Item = &'a Bubble> {
    let bubbles = view.bubbles(&asked.session).iter().rev();
    bubbles.filter(|bubble| is_of(bubble.interaction_id.as_ref(), asked))
}

fn is_of(interaction: Option<&String>, asked: &Asked) -> bool {
    interaction == Some(&asked.said.interaction_id)
}

/// The agent may have answered several times when the gateway was started again meanwhile.
fn is_right(kind: Kind, end: &str, answers: &[Vec<String>]) -> bool {
    match kind {
        Kind::Stopped => end == STOPPED || squeeze(&slow_words()).starts_with(&squeeze(end)),
        Kind::Text | Kind::Long | Kind::Tool | Kind::Approval => {
            let (whole, last) = (answers.concat(), answers.last().cloned().unwrap_or_default());
            [whole, last].iter().any(|parts| squeeze(end) == squeeze(&parts.concat()))
        }
    }
}

fn was_interrupted(from: Instant, to: Option<Instant>, restarts: &[Instant]) -> bool {
    restarts.iter().any(|at| from <= *at && to.is_none_or(|to| *at <= to))
}

fn slow_words() -> String {
    (0..SLOW_WORDS).map(|number| format!("w{number} ")).collect()
}

/// White space between the parts of an answer is nobody's text.
fn squeeze(text: &str) -> String {
    text.split_whitespace().collect()
}

fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(SHOWN).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_right_when_it_says_what_the_agent_said_last_or_in_all() {
        let said = |parts: &[&str]| parts.iter().map(|part| (*part).to_owned()).collect();
        let answers: [Vec<String>; 2] = [said(&["a"]), said(&["a", "b c"])];
        for right in ["a\n\nb c", "a\n\na\n\nb c"] {
            assert!(is_right(Kind::Tool, right, &answers), "{right}");
        }
        for wrong in ["a", "b c", "a b c d", ""] {
            assert!(!is_right(Kind::Tool, wrong, &answers), "{wrong}");
        }
    }

    #[test]
    fn a_stopped_answer_is_a_beginning_or_says_that_it_was_stopped() {
        for right in ["Stopped.", "w0 w1", ""] {
            assert!(is_right(Kind::Stopped, right, &[]), "{right}");
        }
        assert!(!is_right(Kind::Stopped, "w1", &[]));
    }
}
