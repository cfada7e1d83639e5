//! How the older generation goes on after an approval: outside of the run that asked, in another.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::approvals::Verdict;
use super::house::House;
use super::sessions::FollowUp;
use super::shell::imagine;

/// What passes before the gateway goes on.
const LAG: Duration = Duration::from_millis(30);

/// Runs what an approval of the older generation allowed, and hands the agent what came of it.
pub(super) async fn go_on(house: Arc<House>, approval: String) {
    let decided = house.look(|state| {
        let approval = state.approvals.get(&approval)?;
        let runs_anyway = state.options.unanswered_runs;
        Some((
            approval.command.clone(),
            approval.session_key.clone(),
            approval.verdict?,
            runs_anyway,
        ))
    });
    let Some((command, session_key, verdict, runs_anyway)) = decided else { return };
    sleep(LAG).await;
    let denied = match verdict {
        Verdict::Allowed => None,
        Verdict::TimedOut if runs_anyway => None,
        Verdict::TimedOut => Some("approval-timeout (allowlist-miss)"),
        Verdict::Denied | Verdict::Withdrawn => Some("user-denied"),
    };
    let (told, report) = match denied {
        Some(why) => {
            let report = format!("Exec denied (gateway id={approval}, {why}): {command}");
            (not_run(&report), report)
        }
        None => {
            let done = imagine(&command);
            sleep(done.duration()).await;
            let output = done.output().split_whitespace().collect::<Vec<_>>().join(" ");
            let code = done.exit_code;
            let report = format!(
                "Exec finished (gateway id={approval}, session=calm-simulation, code {code})\n\
                 {output}"
            );
            (finished(&report), report)
        }
    };
    let task = FollowUp { approval_id: approval, told, report };
    house.with(|state| state.follow_up(&session_key, task));
}

fn finished(report: &str) -> String {
    format!(
        "An async command the user already approved has completed.\n\
         Do not run the command again.\n\
         If the task requires more steps, continue from this result before replying to the user.\n\
         Only ask the user for help if you are actually blocked.\n\n\
         Exact completion details:\n{report}\n\n\
         Continue the task if needed, then reply to the user in a helpful way.\n\
         If it succeeded, share the relevant output.\nIf it failed, explain what went wrong."
    )
}

fn not_run(report: &str) -> String {
    format!(
        "An async command did not run.\nDo not run the command again.\n\
         There is no new command output.\n\
         Do not mention, summarize, or reuse output from any earlier run in this session.\n\n\
         Exact completion details:\n{report}\n\n\
         Reply to the user in a helpful way.\nExplain that the command did not run and why.\n\
         Do not claim there is new command output."
    )
}
