//! What only the older generation does: one text across tools, ending the run while it asks, and
//! going on in another one.

use openclaw::{RunEventKind, ToolEvent};
use serde_json::json;

use super::run::{Beat, announced, answer, ends, prints, started, tool};
use super::script::{Script, Tool};

/// The run of a script.
pub(crate) fn beats(script: &Script) -> impl Iterator<Item = Beat> {
    let opening = Beat::Tell(RunEventKind::Started);
    let preamble = Some(script.preamble.clone()).filter(|text| !text.is_empty()).map(Beat::Say);
    let tools: Vec<Beat> = script.tools.iter().flat_map(call).collect();
    std::iter::once(opening).chain(preamble).chain(tools).chain(answer(script))
}

fn call(called: &Tool) -> Vec<Beat> {
    let mut beats = vec![
        Beat::Called(called.call.clone()),
        Beat::TellStarter(started(called)),
        Beat::Tell(announced(called, false)),
        Beat::Tell(announced(called, true)),
    ];
    if called.asks {
        beats.push(Beat::Ask(called.clone()));
    } else {
        beats.extend(prints(called));
        beats.extend(ends(called, false));
    }
    beats
}

/// What the run says of a call that waits for a decision.
pub(crate) fn waits(called: &Tool, approval: &str) -> [Beat; 4] {
    let pending = ToolEvent::Result {
        is_error: false,
        pending_approval: true,
        text: format!("Approval required (id {approval})"),
        details: json!({"status": "approval-pending", "approvalId": approval}),
    };
    let ended = ToolEvent::ItemEnded { failed: false, error: None };
    let blocked = || ToolEvent::Blocked { approval_id: Some(approval.to_owned()) };
    [
        Beat::TellStarter(tool(&called.call, pending)),
        Beat::Tell(tool(&called.call, ended)),
        Beat::Tell(tool(&called.call, blocked())),
        Beat::Tell(tool(&called.call, blocked())),
    ]
}

/// The id of the run that continues after an approval.
pub(crate) fn follow_up(approval: &str) -> String {
    format!("exec-approval-followup:{approval}")
}

/// What the gateway writes in the person's place before it continues.
pub(crate) fn continued(approval: &str, command: &str, ran: bool) -> String {
    let (beginning, happened) = if ran {
        let happened = format!("Exec finished (gateway id={approval}, session=x, code 0)\nout");
        ("An async command the user already approved has completed.", happened)
    } else {
        let happened = format!("Exec denied (gateway id={approval}, user-denied): {command}");
        ("An async command did not run.", happened)
    };
    format!("{beginning}\nDo not run the command again.\n\nExact completion details:\n{happened}")
}
