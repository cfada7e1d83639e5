/// What the scripted model does with a message.
///
/// The message says so itself, so that no test has to prepare the model: a line of it begins
/// with one of the words below, possibly behind what a gateway puts before a person's words,
/// such as `[Fri 10:00] run: date`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    /// `run: <command>` or `two: <command> | <command>`: says "Let me run that.", calls the
    /// gateway's `exec` tool, and repeats the results.
    Run(Vec<String>),
    /// `slow: <n>`: the words `w0 w1 …`, 100 ms apart.
    Slow(u32),
    /// `long: <n>`: the same words at once.
    Long(u32),
    /// `error: 401`, `402`, `429`, `500` or another HTTP status, or `error: drop`. After a 401
    /// or 402, 2026.9.6 does not ask the model for a while.
    Fail(ModelFailure),
    /// `silent`: the word with which a model tells the gateway to say nothing.
    Silent,
    /// `think: <text>`: reasons with this text, then says so.
    Think(String),
    /// `say: <text>`: says exactly this, to the end of the message.
    Say(String),
    /// `markdown`: a page with every kind of markup.
    Markdown,
    /// The gateway's own words after an approved command of 2026.5.6 ended: repeats what came
    /// of it.
    Report(String),
    /// No script, but an image: says that it sees one.
    SeeImage,
    /// Anything else: a friendly sentence.
    Greet,
}

/// How the model fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelFailure {
    /// It refuses with this HTTP status.
    Status(u16),
    /// It breaks the connection after three words.
    Drop,
}

/// How messages begin that gateways put behind a person's, in the same role: who sent it, what
/// else goes on, and that silence is no answer.
const GATEWAYS_OWN: [&str; 4] = [
    "Note: The previous agent run was aborted",
    "Sender (untrusted metadata):",
    "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>",
    "The previous attempt did not produce a user-visible answer.",
];
/// What 2026.9.6 writes under the first message of a session.
const RUNTIME_NOTE: &str = "\n\nRuntime: agent=";
/// How 2026.5.6 tells the model what became of a command that had to wait for its approval.
const APPROVAL_REPORT: &str = "An async command ";

impl Script {
    /// Reads the script out of a message as the gateway hands it to the model; none when the
    /// message is the gateway's own.
    pub fn read(message: &str, has_image: bool) -> Option<Self> {
        let start = without_prefixes(message);
        if GATEWAYS_OWN.iter().any(|own| start.starts_with(own)) {
            return None;
        }
        if start.starts_with(APPROVAL_REPORT) {
            return Some(Self::Report(outcome(start).to_owned()));
        }
        let mut rest = message.split(RUNTIME_NOTE).next().unwrap_or_default();
        while !rest.is_empty() {
            if let Some(script) = Self::at_start(without_prefixes(rest)) {
                return Some(script);
            }
            rest = rest.split_once('\n').map_or("", |(_, after)| after);
        }
        Some(if has_image { Self::SeeImage } else { Self::Greet })
    }

    fn at_start(text: &str) -> Option<Self> {
        let line = text.lines().next().unwrap_or_default().trim();
        match line {
            "silent" => return Some(Self::Silent),
            "markdown" => return Some(Self::Markdown),
            _ => {}
        }
        let (word, argument) = line.split_once(':')?;
        let argument = argument.trim();
        match word {
            "run" => Some(Self::Run(vec![argument.to_owned()])),
            "two" => {
                let (first, second) = argument.split_once(" | ")?;
                Some(Self::Run(vec![first.trim().to_owned(), second.trim().to_owned()]))
            }
            "slow" => argument.parse().ok().map(Self::Slow),
            "long" => argument.parse().ok().map(Self::Long),
            "error" if argument == "drop" => Some(Self::Fail(ModelFailure::Drop)),
            "error" => argument.parse().ok().map(ModelFailure::Status).map(Self::Fail),
            "think" => Some(Self::Think(argument.to_owned())),
            "say" => text.split_once("say:").map(|(_, said)| Self::Say(said.trim().to_owned())),
            _ => None,
        }
    }
}

/// The part of an approval report that says what happened.
fn outcome(report: &str) -> &str {
    let details = report.split_once("Exact completion details:\n").map_or(report, |(_, rest)| rest);
    details.split("\n\n").next().unwrap_or_default().trim()
}

/// Cuts off `[…]` groups.
fn without_prefixes(text: &str) -> &str {
    let mut text = text.trim_start();
    while let Some((_, after)) = text.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        text = after.trim_start();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &str) -> Script {
        Script::read(message, false).unwrap()
    }

    #[test]
    fn every_word_of_the_script_is_understood() {
        assert_eq!(read("run: ls -l"), Script::Run(vec!["ls -l".into()]));
        assert_eq!(
            read("two: date | uname -a"),
            Script::Run(vec!["date".into(), "uname -a".into()])
        );
        assert_eq!(read("slow: 12"), Script::Slow(12));
        assert_eq!(read("long: 2000"), Script::Long(2000));
        assert_eq!(read("error: 402"), Script::Fail(ModelFailure::Status(402)));
        assert_eq!(read("error: drop"), Script::Fail(ModelFailure::Drop));
        assert_eq!(read("silent"), Script::Silent);
        assert_eq!(read("think: hard"), Script::Think("hard".into()));
        assert_eq!(read("say: a: b\n c"), Script::Say("a: b\n c".into()));
        assert_eq!(read("markdown"), Script::Markdown);
    }

    #[test]
    fn what_is_no_script_gets_a_greeting_or_a_look_at_the_image() {
        for message in ["", "hello", "slow: very", "two: one", "I run: often", "silently", "error:"]
        {
            assert_eq!(read(message), Script::Greet, "{message}");
        }
        assert_eq!(Script::read("look", true), Some(Script::SeeImage));
        assert_eq!(Script::read("say: no", true), Some(Script::Say("no".into())));
    }

    #[test]
    fn a_script_is_found_within_what_gateways_wrap_around_it() {
        let stamped = "[Sat 2026-11-21 02:14 UTC] say: a\nb\n\nRuntime: agent=main | host=vm";
        assert_eq!(read(stamped), Script::Say("a\nb".into()));
        let queued =
            "[Sat 02:19] [Queued user message; preserved as context only.]\nlong: 3\n\nGo on";
        assert_eq!(read(queued), Script::Long(3));
    }

    #[test]
    fn messages_of_the_gateway_itself_hold_no_script() {
        for own in [
            "Sender (untrusted metadata):\n```json\n{}\n```",
            "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>\nrun: this",
            "[Sat 02:19 UTC] The previous attempt did not produce a user-visible answer. Continue.",
        ] {
            assert_eq!(Script::read(own, false), None, "{own}");
        }
    }

    #[test]
    fn the_outcome_of_an_approved_command_is_taken_from_its_report() {
        let report = "[Sat] An async command the user already approved has completed.\nDo not.\n\n\
            Exact completion details:\nExec finished (code 0)\nrun: me\n\nContinue the task.";
        assert_eq!(read(report), Script::Report("Exec finished (code 0)\nrun: me".into()));
    }
}
