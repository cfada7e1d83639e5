//! Texts, and how runs end.

use std::collections::HashMap;

use openclaw::{FailureKind, RunEventKind, SendAnswer};

use super::*;

#[test]
fn the_last_streamed_text_of_every_run_is_its_final_text() {
    let mut compared = 0;
    for (path, lines) in all_recordings() {
        let mut streamed = HashMap::new();
        for event in run_events(&lines) {
            match event.kind {
                RunEventKind::Text { text } => {
                    streamed.insert(event.run_id, text);
                }
                RunEventKind::Final { text: Some(text), .. } => {
                    if let Some(streamed) = streamed.get(&event.run_id) {
                        assert_eq!(streamed, &text, "{path}");
                        compared += 1;
                    }
                }
                _ => {}
            }
        }
    }
    assert!(compared >= 25, "only {compared} runs had a text to compare");
}

#[test]
fn a_plain_answer_streams_cumulative_text_and_ends_once() {
    for version in [OLDER, NEWER] {
        let lines = recording(version, "d_chat_plain");
        let run = sent_runs(&lines).remove(0);
        let mut last = String::new();
        for event in run_events(&lines) {
            assert_eq!(event.run_id, run);
            assert_eq!(event.session_key.as_str(), "agent:main:ses_d_plain");
            if let RunEventKind::Text { text } = event.kind {
                assert!(text.starts_with(&last), "{text:?} does not continue {last:?}");
                last = text;
            }
        }
        assert_eq!(ends(&lines), [(run, "final", Some(last))]);
        let answers = answers(&lines, "chat.send");
        assert_eq!(SendAnswer::parse(answers[0]), Some(SendAnswer::Started));
    }
}

#[test]
fn a_stopped_run_keeps_its_text_and_the_older_generation_spells_the_session_as_sent() {
    for (version, session) in [(OLDER, "ses_c_abort"), (NEWER, "agent:main:ses_c_abort")] {
        let lines = recording(version, "c_abort_midstream");
        let aborted: Vec<_> = run_events(&lines)
            .into_iter()
            .filter(|event| matches!(event.kind, RunEventKind::Aborted { .. }))
            .collect();
        assert_eq!(aborted.len(), 1, "{version}");
        assert_eq!(aborted[0].session_key.as_str(), session);
        let RunEventKind::Aborted { text, stop_reason } = &aborted[0].kind else { unreachable!() };
        assert!(text.as_ref().is_some_and(|text| text.starts_with("w0 w1")), "{text:?}");
        assert_eq!(stop_reason.as_deref(), Some("rpc"));
        assert!(
            run_events(&lines)
                .iter()
                .any(|event| event.kind == RunEventKind::AttemptEnded { aborted: true })
        );
    }
}

#[test]
fn a_refused_credential_of_the_provider_is_told_twice_by_the_newer_generation() {
    for (version, times) in [(OLDER, 1), (NEWER, 2)] {
        let failures: Vec<_> = run_events(&recording(version, "c_model_e401"))
            .into_iter()
            .filter_map(|event| match event.kind {
                RunEventKind::Failed { kind, message } => Some((kind, message)),
                _ => None,
            })
            .collect();
        assert_eq!(failures.len(), times, "{version}");
        for (kind, message) in failures {
            assert_eq!(kind, FailureKind::Auth, "{message}");
            assert!(message.contains("401"), "{message}");
        }
    }
}

#[test]
fn a_rate_limit_shows_its_retries_before_it_fails() {
    for (version, sign) in [(OLDER, 4), (NEWER, 9)] {
        let events = run_events(&recording(version, "c_model_e429"));
        let retries = events
            .iter()
            .filter(|event| match &event.kind {
                RunEventKind::Retrying { message } => message.is_some(),
                RunEventKind::AttemptEnded { aborted: false } => version == OLDER,
                _ => false,
            })
            .count();
        assert_eq!(retries, sign, "{version}");
        let failure = events.iter().find_map(|event| match event.kind {
            RunEventKind::Failed { kind, .. } => Some(kind),
            _ => None,
        });
        assert_eq!(failure, Some(FailureKind::RateLimit), "{version}");
    }
}

#[test]
fn a_silent_reply_of_the_older_generation_ends_without_text() {
    let ends = ends(&recording(OLDER, "a_silent_reply"));
    assert_eq!(ends.len(), 1);
    assert_eq!((ends[0].1, &ends[0].2), ("final", &None));
}

#[test]
fn a_message_into_a_busy_session_ends_empty_at_once() {
    for version in [OLDER, NEWER] {
        let lines = recording(version, "c_same_session_two");
        let second = sent_runs(&lines).remove(1);
        let end = ends(&lines).into_iter().find(|(run, ..)| *run == second).unwrap();
        assert_eq!((end.1, end.2), ("final", None), "{version}");
    }
    let newer = recording(NEWER, "c_same_session_two");
    let sent = sent_runs(&newer);
    let foreign: Vec<_> =
        ends(&newer).into_iter().filter(|(run, ..)| !sent.contains(run)).collect();
    assert_eq!(foreign.len(), 1, "its answer comes under a run that nobody sent");
    assert!(foreign[0].2.is_some());
}

#[test]
fn a_word_that_stops_runs_starts_none() {
    for version in [OLDER, NEWER] {
        let lines = recording(version, "misc_slash_commands");
        let answers: Vec<_> = answers(&lines, "chat.send")
            .into_iter()
            .map(|answer| SendAnswer::parse(answer).unwrap())
            .collect();
        assert!(answers.contains(&SendAnswer::Aborted { aborted: true }), "{version}");
        assert!(answers.contains(&SendAnswer::Started), "{version}");
    }
}
