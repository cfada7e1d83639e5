use std::sync::Arc;
use std::time::Duration;

use openclaw::{Call, Decision, Event, Generation, Resolution, SessionKey};
use sap::{SessionId, Severity};
use secrecy::SecretString;
use serde_json::json;

use super::super::Input;
use super::approvals::{approval, asks, both};
use super::harness::{Harness, SESSION};
use crate::REMEMBERED;

const HALF_AN_HOUR_MS: u64 = 30 * 60 * 1000;

fn with_message() -> Harness {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say("m1", "clean up");
    h
}

#[test]
fn a_question_is_shown_whole_but_for_our_own_secrets() {
    let mut h = with_message();
    let mut question = approval(&h, "a1", None, both());
    let long = format!("curl -H gateway-token-1 {}", "x".repeat(200_000));
    question.command = Some(long.clone());
    question.warnings = vec!["careful".into()];
    asks(&mut h, question);
    assert_eq!(h.engine.approvals()[0].command.as_deref(), Some(long.as_str()));
    h.engine.keep_secret(&SecretString::from("gateway-token-1"));
    let shown = h.engine.approvals()[0].clone();
    assert_eq!(shown.command, Some(long.replace("gateway-token-1", "[secret hidden by Sophon]")));
    assert_eq!(shown.title, "Run a command");
    assert_eq!(shown.cwd.as_deref(), Some("/home/ada/ws"));
    assert_eq!((shown.host.as_deref(), shown.agent.as_deref()), (Some("gateway"), Some("main")));
    assert_eq!(shown.session, SessionId::new(SESSION));
    assert_eq!((shown.warnings, shown.severity), (vec!["careful".to_owned()], Severity::High));
    assert_eq!((shown.offers, shown.deciding), (both(), None));
    assert_eq!((shown.message, shown.created_at_ms), (None, h.now.unix_ms));
    assert_eq!(shown.expires_at_ms, h.now.unix_ms + HALF_AN_HOUR_MS);
}

#[test]
fn a_question_is_shown_with_its_program_its_analysis_and_what_always_leaves_behind() {
    let mut h = with_message();
    let key = format!("agent:main:{SESSION}");
    let request = json!({"id": "a1", "createdAtMs": h.now.unix_ms, "request": {
        "agentId": "main", "ask": "always", "command": "touch a", "cwd": "/home/ada/ws",
        "commandAnalysis": {"commandCount": 1, "nestedCommandCount": 0,
            "riskKinds": ["inline-eval"], "warningLines": ["Contains inline-eval: touch -c"]},
        "host": "gateway", "resolvedPath": "/usr/bin/gateway-token-1", "security": "full",
        "sessionKey": key, "allowedDecisions": ["allow-once", "allow-always", "deny"],
    }});
    let question = openclaw::parse_approval(openclaw::ApprovalKind::Exec, &request).unwrap();
    asks(&mut h, question);
    h.engine.keep_secret(&SecretString::from("gateway-token-1"));
    let shown = h.engine.approvals()[0].clone();
    assert_eq!(shown.binary.as_deref(), Some("/usr/bin/[secret hidden by Sophon]"));
    assert_eq!(shown.session_key, Some(key));
    assert_eq!(shown.warnings, ["Contains inline-eval: touch -c"]);
    assert_eq!(shown.severity, Severity::High);
    assert_eq!(
        shown.analysis,
        [
            "the policy in force asks about every command",
            "this version runs it when nobody answers, so it is denied 15 s before it expires",
        ]
    );
    assert_eq!(
        shown.grant.as_deref(),
        Some(
            "OpenClaw will run /usr/bin/[secret hidden by Sophon] for the agent “main” without \
             asking again, with any arguments and in any folder."
        )
    );
    h.crash(Duration::from_secs(1));
    h.engine.keep_secret(&SecretString::from("gateway-token-1"));
    assert_eq!(h.engine.approvals()[0], shown, "the next process shows the same");
}

#[test]
fn a_question_and_what_always_leaves_behind_name_the_same_agent() {
    for (told, named) in [(json!("writer"), "writer"), (json!(null), "main")] {
        let mut h = with_message();
        let request = json!({"id": "a1", "createdAtMs": h.now.unix_ms, "request": {
            "agentId": told, "command": "touch a", "host": "gateway",
            "commandAnalysis": {"commandCount": 1, "nestedCommandCount": 0},
            "resolvedPath": "/usr/bin/touch", "sessionKey": format!("agent:main:{SESSION}"),
            "allowedDecisions": ["allow-once", "allow-always", "deny"],
        }});
        let question = openclaw::parse_approval(openclaw::ApprovalKind::Exec, &request).unwrap();
        asks(&mut h, question);
        let shown = h.engine.approvals()[0].clone();
        assert_eq!(shown.agent.as_deref(), Some(named));
        let grant = shown.grant.unwrap();
        assert!(grant.contains(&format!("for the agent “{named}”")), "{grant}");
    }
}

#[test]
fn questions_are_shown_oldest_first_and_only_those_of_our_sessions() {
    let mut h = with_message();
    for (id, key) in [
        ("z", format!("agent:main:{SESSION}")),
        ("m", "agent:main:telegram:7".to_owned()),
        ("a", format!("agent:main:{SESSION}")),
    ] {
        let mut question = approval(&h, id, None, both());
        question.session_key = Some(SessionKey::new(key));
        asks(&mut h, question);
        h.wait(Duration::from_secs(1));
    }
    let shown: Vec<String> = h.engine.approvals().iter().map(|one| one.id.clone()).collect();
    assert_eq!(shown, ["z", "a"]);
}

#[test]
fn what_is_shown_is_made_anew_only_when_a_question_changed() {
    let mut h = with_message();
    let run = h.accept();
    let question = approval(&h, "a1", Some(&run), both());
    asks(&mut h, question);
    let shown = h.engine.approvals();
    for n in 0..1_000 {
        h.text(&run, &"word ".repeat(n));
    }
    assert!(Arc::ptr_eq(&shown, &h.engine.approvals()));
    h.decide_here("a1", Decision::Deny);
    assert!(!Arc::ptr_eq(&shown, &h.engine.approvals()));
}

#[test]
fn a_gateway_whose_clock_is_wrong_gives_the_person_all_the_time_there_is() {
    let hour_ms = 2 * HALF_AN_HOUR_MS;
    for ahead in [false, true] {
        let mut h = with_message();
        let mut question = approval(&h, "a1", None, both());
        for time in [&mut question.created_at_ms, &mut question.expires_at_ms] {
            *time = if ahead { *time + hour_ms } else { *time - hour_ms };
        }
        asks(&mut h, question);
        let shown = h.engine.approvals()[0].clone();
        assert_eq!(shown.expires_at_ms, h.now.unix_ms + HALF_AN_HOUR_MS, "ahead: {ahead}");
        h.wait(Duration::from_secs(29 * 60));
        assert_eq!(h.engine.approvals().len(), 1, "ahead: {ahead}");
        h.wait(Duration::from_secs(2 * 60));
        assert!(h.engine.approvals().is_empty(), "ahead: {ahead}");
    }
}

#[test]
fn sessions_count_for_today_until_nothing_has_happened_in_them_for_24_hours() {
    let mut h = Harness::with_gateway(Generation::Newer);
    h.say_in("ses_1", "m1", "hello");
    h.say_in("ses_2", "m2", "hello");
    let run = h.accept();
    h.wait(Duration::from_secs(20 * 3600));
    assert_eq!(h.engine.load().sessions_today, 2);
    h.run_in("agent:main:ses_2", &run, openclaw::RunEventKind::Alive);
    h.wait(Duration::from_secs(4 * 3600));
    assert_eq!(h.engine.load().sessions_today, 1);
    let foreign = openclaw::RunId::new("foreign");
    h.run_in("agent:main:telegram:7", &foreign, openclaw::RunEventKind::Started);
    assert_eq!(h.engine.load().sessions_today, 1, "sessions of others do not count");
    let how = Resolution::Decided;
    h.feed(Input::Gateway(Event::ApprovalResolved { id: "?".into(), decision: None, how }));
    h.wait(Duration::from_secs(20 * 3600));
    assert_eq!(h.engine.load().sessions_today, 0);
}

#[test]
fn text_that_pretends_to_be_another_is_shown_as_it_came() {
    for command in [
        "rm -rf build\u{202e}dliub fr- mr",
        "ls\u{200b}\u{feff}; rm -rf /",
        "ls\n\n\n# harmless\nrm -rf /",
        "\u{1b}[2K\u{1b}[1Als",
        "сat /etc/passwd",
        &"x".repeat(100 * 1024),
    ] {
        let mut h = with_message();
        let mut question = approval(&h, "a1", None, both());
        question.command = Some(command.to_owned());
        asks(&mut h, question);
        assert_eq!(h.engine.approvals()[0].command.as_deref(), Some(command));
    }
}

#[test]
fn hundreds_of_questions_are_shown_decided_and_remembered() {
    let mut h = with_message();
    let ids: Vec<String> = (0..500).map(|number| format!("a{number:03}")).collect();
    for id in &ids {
        let mut question = approval(&h, id, None, both());
        question.command = Some("x".repeat(10_000));
        asks(&mut h, question);
    }
    let shown: Vec<String> = h.engine.approvals().iter().map(|one| one.id.clone()).collect();
    assert_eq!(shown, ids);
    h.crash(Duration::from_secs(1));
    h.gateway_up(Generation::Newer, "boot-1");
    assert_eq!(h.engine.approvals().len(), 500, "the next process has them all");
    for id in &ids {
        h.decide_here(id, Decision::Deny);
        h.answer(|call| matches!(call, Call::ResolveApproval { .. }), Ok(json!({"ok": true})));
    }
    assert!(h.engine.approvals().is_empty());
    let history = h.engine.history();
    assert_eq!((history.len(), history[0].key.as_str()), (REMEMBERED, "approval:a499"));
}
