//! What “Allow always” leaves behind at the gateway, in words. The two generations differ widely:
//! the older one remembers programs, the newer one exact commands in their folder.

use openclaw::{Approval, ApprovalDetails, ApprovalKind, ApprovalScope, Decision};

use super::request;

/// Interpreters: of these the older generation remembers the exact line, not the program.
const INTERPRETERS: &str = "awk bun deno find gawk gmake gsed lua make mawk nawk node nodejs \
    osascript perl php pypy pypy3 python python2 python3 ruby sed xargs";
/// Programs that start others: of these the older generation remembers the others.
const STARTERS: &str = "arch ash bash busybox caffeinate chrt cmd dash doas env fish ionice ksh \
    nice nohup powershell pwsh sandbox-exec script setsid sh stdbuf sudo taskset time timeout \
    toybox xcrun zsh";

/// Says what [`Decision::AllowAlways`] leaves behind; none where it is not offered, or where too
/// little is known.
pub(crate) fn grant(approval: &Approval) -> Option<String> {
    let details = approval.details.as_ref()?;
    if !approval.allowed.contains(&Decision::AllowAlways) {
        return None;
    }
    Some(match (approval.kind, &details.scope) {
        (ApprovalKind::Plugin, _) => to_plugin(details),
        (ApprovalKind::Exec, Some(ApprovalScope::StandingGrant { automation, days })) => {
            to_automation(automation, *days)
        }
        (
            ApprovalKind::Exec,
            Some(
                ApprovalScope::Message { .. }
                | ApprovalScope::Payment { .. }
                | ApprovalScope::Post { .. },
            )
            | None,
        ) => {
            let who = Who::of(approval);
            if details.is_newer {
                exactly_here(approval, details, who)
            } else {
                older(details, who)
            }
        }
    })
}

fn to_plugin(details: &ApprovalDetails) -> String {
    let plugin = match &details.plugin {
        Some(plugin) => format!("the plugin “{plugin}”"),
        None => "the plugin that asks".into(),
    };
    format!(
        "OpenClaw passes “always” on to {plugin}, which decides by itself what it does without \
         asking from now on: this may be more than what is asked here."
    )
}

fn to_automation(automation: &str, days: Option<u64>) -> String {
    let until = match days {
        Some(1) => "for 1 day".to_owned(),
        Some(days) => format!("for {days} days"),
        None => "until that is revoked".to_owned(),
    };
    format!(
        "OpenClaw will run exactly this command, in this folder and with this environment, for the \
         automation “{automation}” without asking again, {until} or the automation is changed."
    )
}

/// Who will run it, and for whom.
#[derive(Clone, Copy)]
struct Who<'a> {
    runner: &'static str,
    agent: &'a str,
}

impl<'a> Who<'a> {
    fn of(approval: &'a Approval) -> Self {
        let runner = if approval.host.as_deref() == Some("node") { "The node" } else { "OpenClaw" };
        // Without a name it becomes a rule of this agent.
        let agent = request::agent(approval).unwrap_or("main");
        Self { runner, agent }
    }
}

fn is_one(details: &ApprovalDetails) -> bool {
    details.commands == Some(1) && details.nested_commands == 0
}

/// The newer generation keeps a digest of arguments and folder with each program.
fn exactly_here(approval: &Approval, details: &ApprovalDetails, who: Who<'_>) -> String {
    let Who { runner, agent } = who;
    let folder = approval.cwd.as_deref().unwrap_or("this folder");
    if is_one(details) {
        return format!(
            "{runner} will run exactly this command for the agent “{agent}” without asking again: \
             only with these arguments, and only in {folder}."
        );
    }
    format!(
        "{runner} will run each command of this line for the agent “{agent}” without asking again, \
         on its own too: each only with these arguments, and only in {folder}."
    )
}

/// The older generation keeps the path of each program; on Windows with its arguments.
fn older(details: &ApprovalDetails, who: Who<'_>) -> String {
    let Who { runner, agent } = who;
    let Some(binary) = details.binary.as_deref().filter(|_| is_one(details)) else {
        return some_programs(details, who);
    };
    let name = name_of(binary);
    let is_among = |names: &str| names.split_whitespace().any(|known| known == name);
    if is_among(STARTERS) {
        return some_programs(details, who);
    }
    if is_among(INTERPRETERS) {
        return format!(
            "{runner} will run exactly this command line for the agent “{agent}” without asking \
             again, in any folder; where its strictInlineEval is on, {binary} with any arguments \
             instead."
        );
    }
    let arguments = arguments_of(binary);
    format!(
        "{runner} will run {binary} for the agent “{agent}” without asking again, with {arguments} \
         and in any folder."
    )
}

/// Of a chain it keeps the programs up to the first that it did not know, and so asks again about a
/// long one several times.
fn some_programs(details: &ApprovalDetails, who: Who<'_>) -> String {
    let Who { runner, agent } = who;
    let arguments = arguments_of(details.binary.as_deref().unwrap_or_default());
    format!(
        "{runner} will run programs that this line starts, at least the first that it does not \
         know yet, for the agent “{agent}” without asking again, with {arguments} and in any \
         folder; it can still ask about the others. Where it can name none, it will run exactly \
         this line."
    )
}

fn arguments_of(binary: &str) -> &'static str {
    let is_windows = binary.contains('\\') || binary.as_bytes().get(1) == Some(&b':');
    if is_windows { "exactly these arguments" } else { "any arguments" }
}

fn name_of(binary: &str) -> String {
    let name = binary.rsplit(['/', '\\']).next().unwrap_or(binary).to_lowercase();
    name.strip_suffix(".exe").map(ToOwned::to_owned).unwrap_or(name)
}

#[cfg(test)]
mod tests;
