//! On the older gateway, a message that finds it busy is answered inside another run.

use openclaw::{Decision, Generation, RunEventKind, RunId};
use sap::UpdateKind;
use serde_json::{Value, json};

use super::after_a_crash::{SOON, asked_at, end, ends, history, is_history, said};
use super::approvals::{approval, asks, both, decisions};
use super::harness::{Harness, SESSION};

/// What the older gateway's history has of a message whose command waits for an approval.
fn asks_for(h: &Harness, words: &str, approval: &str) -> [Value; 3] {
    let text = format!("Approval required (id {approval}, full {approval}).");
    let waits = json!({"role": "toolResult", "content": [{"type": "text", "text": text}]});
    [asked_at(words, h.now.unix_ms), said("Let me."), waits]
}

/// A message is stopped while it asks; gives its follow-up, which nobody listens to.
fn stops_with_a_question(h: &mut Harness) -> RunId {
    h.say("m1", "clean up");
    let run = h.accept();
    let question = approval(h, "a1", None, both());
    asks(h, question);
    h.finish(&run, "Let me.");
    h.update(SESSION, None, UpdateKind::Cancelled { reason: None });
    RunId::new("exec-approval-followup:a1")
}

/// A busy older gateway takes a message into another run, which asks a question for it.
fn is_asked_in_another_run(h: &mut Harness) {
    let question = approval(h, "a1", None, both());
    asks(h, question);
    h.decide("a1", sap::Decision::Approve);
    assert_eq!(decisions(h), [("a1".to_owned(), Decision::AllowOnce)]);
}

/// The follow-up is heard before the history tells what was said before the question.
fn goes_on_unsure_of_its_beginning(h: &mut Harness) {
    let follow_up = RunId::new("exec-approval-followup:a1");
    h.text(&follow_up, "Clea");
    assert_eq!(h.bubbles()[0].streamed, "", "what comes before it is not known");
    let begun = asks_for(h, "clean up", "a1");
    while h.calls.iter().any(|(_, call)| is_history(call)) {
        h.answer(is_history, Ok(history(&begun)));
    }
    h.finish(&follow_up, "Cleaned.");
    let goes_on = asked_at(
        "An async command the user already approved has completed.\n\
         Exact completion details:\nExec finished (gateway id=a1, session=s, code 0)\ndone",
        h.now.unix_ms,
    );
    let whole = [begun.as_slice(), &[goes_on, said("Cleaned.")]].concat();
    while h.calls.iter().any(|(_, call)| is_history(call)) {
        h.answer(is_history, Ok(history(&whole)));
    }
    assert_eq!(end(h), "Let me.\n\nCleaned.");
    assert!(end(h).starts_with(&h.bubbles()[0].streamed));
}

#[test]
fn nothing_is_streamed_while_what_was_said_in_another_run_is_not_known() {
    let mut h = Harness::with_gateway(Generation::Older);
    h.say("m1", "clean up");
    h.is_busy();
    h.crash(SOON);
    h.gateway_up(Generation::Older, "boot-1");
    h.answer(is_history, Ok(history(&[])));
    is_asked_in_another_run(&mut h);
    goes_on_unsure_of_its_beginning(&mut h);
}

#[test]
fn nothing_is_streamed_by_the_next_process_before_it_knows_what_was_said() {
    let mut h = Harness::with_gateway(Generation::Older);
    h.say("m1", "clean up");
    h.is_busy();
    is_asked_in_another_run(&mut h);
    h.run(&RunId::new("exec-approval-followup:a1"), RunEventKind::Started);
    h.crash(SOON);
    h.gateway_up(Generation::Older, "boot-1");
    goes_on_unsure_of_its_beginning(&mut h);
}

#[test]
fn an_answer_beside_a_run_that_nobody_listens_to_is_known_as_soon_as_that_ends() {
    let mut h = Harness::with_gateway(Generation::Older);
    let host = stops_with_a_question(&mut h);
    h.say("m2", "count");
    h.is_busy();
    h.finish(&host, "The user denied it. one");
    let rows = [asked_at("count", h.now.unix_ms), said("one")];
    h.answer(is_history, Ok(history(&rows)));
    assert_eq!(ends(&h), [Some("Let me.".to_owned()), Some("one".to_owned())]);
}

#[test]
fn what_a_stopped_message_asks_for_in_another_run_is_denied() {
    let mut h = Harness::with_gateway(Generation::Older);
    let host = stops_with_a_question(&mut h);
    h.say("m2", "clean up more");
    h.update(SESSION, Some("int_m2"), UpdateKind::Cancelled { reason: None });
    h.is_busy();
    h.answer(is_history, Ok(history(&[])));
    assert!(h.bubbles()[1].end.is_none(), "another run has it, and goes on");
    let question = approval(&h, "a2", None, both());
    asks(&mut h, question);
    h.finish(&host, "The user denied it. Let me.");
    let rows = asks_for(&h, "clean up more", "a2");
    h.answer(is_history, Ok(history(&rows)));
    assert_eq!(ends(&h)[1].as_deref(), Some("Let me."));
    assert!(decisions(&h).contains(&("a2".to_owned(), Decision::Deny)));
}

#[test]
fn a_message_does_not_wait_for_what_another_one_asked() {
    let mut h = Harness::with_gateway(Generation::Older);
    let host = stops_with_a_question(&mut h);
    h.say("m2", "clean up more");
    h.is_busy();
    for id in ["a2", "a3"] {
        let question = approval(&h, id, None, both());
        asks(&mut h, question);
    }
    h.finish(&host, "The user denied it. Let me. Let me.");
    let (other, own) = (asks_for(&h, "stopped", "a2"), asks_for(&h, "clean up more", "a3"));
    h.answer(is_history, Ok(history(&[other, own].concat())));
    let follow_up = RunId::new("exec-approval-followup:a3");
    h.run(&follow_up, RunEventKind::Started);
    h.finish(&follow_up, "Cleaned.");
    h.wait(SOON);
    assert_eq!(ends(&h)[1].as_deref(), Some("Let me.\n\nCleaned."));
}
