use super::*;

fn id() -> ToolCallId {
    ToolCallId::new("call_1")
}

fn announced() -> ToolEvent {
    let title = Some("Exec list files".into());
    ToolEvent::Announced { name: Some("exec".into()), title, command: true }
}

fn started() -> ToolEvent {
    ToolEvent::Started { name: "exec".into(), args: json!({"command": "ls"}) }
}

fn result(text: &str) -> ToolEvent {
    ToolEvent::Result {
        is_error: false,
        pending_approval: false,
        text: text.into(),
        details: json!({"exitCode": 0, "aggregated": text}),
    }
}

fn ended() -> ToolEvent {
    ToolEvent::ItemEnded { failed: false, error: None }
}

fn command_ended() -> ToolEvent {
    ToolEvent::CommandEnded { output: "a b".into(), exit_code: Some(0), failed: false }
}

fn play(cards: &mut Cards, events: Vec<ToolEvent>) -> Vec<CardChange> {
    let now = Instant::now();
    events.into_iter().flat_map(|event| cards.on(&id(), event, now)).collect()
}

fn kinds(changes: &[CardChange]) -> Vec<&'static str> {
    changes
        .iter()
        .map(|change| match change {
            CardChange::Create { .. } => "create",
            CardChange::Update { .. } => "update",
            CardChange::Finish { .. } => "finish",
        })
        .collect()
}

#[test]
fn a_call_told_through_all_channels_of_the_newer_gateway_is_one_card() {
    let output = ToolEvent::Output { tail: "a".into() };
    let events = vec![announced(), started(), output.clone(), output, result("a b"), ended()];
    let mut cards = Cards::default();
    let changes = play(&mut cards, events);
    assert_eq!(kinds(&changes), ["create", "update", "finish"]);
    assert_eq!(
        changes[0],
        CardChange::Create {
            id: id(),
            name: "exec".into(),
            label: Some("Exec list files".into()),
            args: Some(json!({"command": "ls"}))
        }
    );
    assert!(play(&mut cards, vec![command_ended(), ended()]).is_empty());
}

#[test]
fn a_call_told_in_the_older_gateways_order_is_one_card() {
    let events = vec![started(), announced(), announced(), result("a b"), ended()];
    let changes = play(&mut Cards::default(), events);
    assert_eq!(kinds(&changes), ["create", "finish"]);
}

#[test]
fn without_the_tool_channel_the_command_output_is_the_result() {
    let mut cards = Cards::default();
    let mut changes = play(&mut cards, vec![announced()]);
    changes.extend(cards.on_time(Instant::now() + ARGUMENTS_GRACE));
    changes.extend(play(&mut cards, vec![ended(), command_ended()]));
    assert_eq!(kinds(&changes), ["create", "finish"]);
    let CardChange::Finish { status, result, .. } = &changes[1] else { panic!("{changes:?}") };
    assert_eq!(*status, TaskStatus::Completed);
    assert_eq!(
        result.clone().unwrap(),
        json!({"content": [{"type": "text", "text": "a b"}], "details": {"exitCode": 0}})
    );
}

#[test]
fn an_ended_call_without_result_is_finished_when_the_run_goes_on() {
    let mut cards = Cards::default();
    play(&mut cards, vec![announced(), ended()]);
    assert_eq!(kinds(&cards.settle()), ["finish"]);
}

#[test]
fn a_call_that_waits_for_approval_stays_open_although_its_item_ended() {
    let mut cards = Cards::default();
    let pending = ToolEvent::Result {
        is_error: false,
        pending_approval: true,
        text: "Approval required".into(),
        details: json!({"approvalId": "appr"}),
    };
    let blocked = ToolEvent::Blocked { approval_id: Some("appr".into()) };
    let events = vec![started(), announced(), pending, ended(), blocked];
    let changes = play(&mut cards, events);
    assert_eq!(kinds(&changes), ["create", "update"]);
    assert!(cards.settle().is_empty());
    let changes = cards.approval_outcome("appr", false, "done".into(), Value::Null);
    assert_eq!(kinds(&changes), ["finish"]);
}

#[test]
fn what_came_of_an_approval_stays_on_the_card_to_its_end() {
    let mut cards = Cards::default();
    play(&mut cards, vec![announced(), started()]);
    cards.approval_asked(&id(), "appr");
    cards.approval_decided("appr", "Denied at the computer");
    let changes = play(&mut cards, vec![ended(), result("no")]);
    let Some(CardChange::Finish { label, .. }) = changes.last() else { panic!("{changes:?}") };
    assert_eq!(label.as_deref(), Some("Exec list files · Denied at the computer"));
}

#[test]
fn stopping_a_turn_cancels_its_open_cards() {
    let mut cards = Cards::default();
    play(&mut cards, vec![started()]);
    let changes = cards.finish_all(TaskStatus::Cancelled, "Stopped");
    let CardChange::Finish { status, .. } = &changes[0] else { panic!("{changes:?}") };
    assert_eq!(*status, TaskStatus::Cancelled);
    assert!(cards.finish_all(TaskStatus::Cancelled, "Stopped").is_empty());
}
