//! What only the newer generation does: preambles, waiting inside the run, resuming by itself.

use openclaw::RunEventKind;

use super::run::{Beat, announced, answer, ends, prints, started};
use super::script::{Script, Tool};

/// Words that the gateway writes in the person's place when it resumes a run.
pub(crate) const RESUMED: &str = "[System] Your previous turn was interrupted by a gateway \
                                  restart while OpenClaw was waiting on tool/model work.";

/// The run of a script.
pub(crate) fn beats(script: &Script) -> impl Iterator<Item = Beat> {
    let model = RunEventKind::Model { provider: Some("p".into()), model: Some("m".into()) };
    let opening =
        [Beat::Tell(RunEventKind::Alive), Beat::Tell(RunEventKind::Started), Beat::Tell(model)];
    let half = script.preamble.len() / 2;
    let preamble = [script.preamble[..half].to_owned(), script.preamble.clone()];
    let preamble = preamble.into_iter().filter(|text| !text.is_empty()).map(Beat::Preamble);
    let tools: Vec<Beat> = script.tools.iter().flat_map(call).collect();
    opening.into_iter().chain(preamble).chain(tools).chain(answer(script))
}

fn call(tool: &Tool) -> Vec<Beat> {
    let mut beats = vec![
        Beat::Called(tool.call.clone()),
        Beat::Tell(announced(tool, true)),
        Beat::TellStarter(started(tool)),
    ];
    if tool.asks {
        beats.push(Beat::Ask(tool.clone()));
    } else {
        beats.extend(after_asking(tool, true));
    }
    beats
}

/// How a call goes on once it may run, or may not.
pub(crate) fn after_asking(tool: &Tool, allowed: bool) -> impl Iterator<Item = Beat> {
    let output: Vec<Beat> = if allowed { prints(tool).collect() } else { Vec::new() };
    output.into_iter().chain(ends(tool, !allowed))
}
