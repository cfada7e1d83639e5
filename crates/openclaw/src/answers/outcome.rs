/// What became of a command after its approval was decided, as the older generation writes it
/// into the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecOutcome {
    /// Exit code; none when the command did not run, or was ended by a signal.
    pub exit_code: Option<i64>,
    /// Output, its line breaks turned into spaces; of a command that did not run, why.
    pub output: String,
    /// The command did not run.
    pub denied: bool,
}

/// Begins the lines that follow what became of the command.
const AFTERWORDS: [&str; 2] = ["\n\nContinue the task if needed", "\n\nReply to the user in a"];

/// Reads one row of the session; none when it does not tell about this approval.
pub(super) fn read(row: &str, approval_id: &str) -> Option<ExecOutcome> {
    let finished = |line: &str| line.starts_with("Exec finished (");
    let denied = |line: &str| line.starts_with("Exec denied (");
    let (offset, line) = lines(row)
        .find(|(_, line)| (finished(line) || denied(line)) && names_approval(line, approval_id))?;
    if denied(line) {
        return Some(ExecOutcome { exit_code: None, output: line.to_owned(), denied: true });
    }
    let after = &row[offset + line.len()..];
    let end = AFTERWORDS.iter().filter_map(|words| after.rfind(words)).min();
    Some(ExecOutcome {
        exit_code: exit_code(line),
        output: after[..end.unwrap_or(after.len())].trim_matches('\n').to_owned(),
        denied: false,
    })
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut offset = 0;
    text.split('\n').map(move |line| {
        let start = offset;
        offset += line.len() + 1;
        (start, line)
    })
}

/// Looks for `id=<approval>` among the words in the parentheses.
fn names_approval(line: &str, approval_id: &str) -> bool {
    let Some((_, words)) = line.split_once('(') else { return false };
    words
        .split([' ', ',', ')'])
        .filter_map(|word| word.strip_prefix("id="))
        .next()
        .is_some_and(|id| id == approval_id)
}

/// Reads the `code N` that ends the parentheses.
fn exit_code(line: &str) -> Option<i64> {
    line.strip_suffix(')')?.rsplit_once(", code ")?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "3cf18a44-3ba9-4dc4-bc8e-c3e080eb7a4a";

    fn row(happened: &str) -> String {
        format!(
            "An async command the user already approved has completed.\n\
             Do not run the command again.\n\nExact completion details:\n{happened}\n\n\
             Continue the task if needed, then reply to the user in a helpful way.\n\
             If it succeeded, share the relevant output."
        )
    }

    #[test]
    fn a_finished_command_has_its_code_and_output() {
        let happened =
            format!("Exec finished (gateway id={ID}, session=swift-reef, code 3)\noops (exit 3)");
        let output = "oops (exit 3)".into();
        assert_eq!(
            read(&row(&happened), ID),
            Some(ExecOutcome { exit_code: Some(3), output, denied: false })
        );
    }

    #[test]
    fn a_command_without_output_or_ended_by_a_signal_is_finished_as_well() {
        let happened = format!("Exec finished (gateway id={ID}, session=dawn-basil, code 0)");
        let outcome = read(&row(&happened), ID).unwrap();
        assert_eq!((outcome.exit_code, outcome.output.as_str()), (Some(0), ""));

        let happened = format!("Exec finished (gateway id={ID}, session=x, signal SIGKILL)\ncut");
        let outcome = read(&row(&happened), ID).unwrap();
        assert_eq!((outcome.exit_code, outcome.output.as_str()), (None, "cut"));
    }

    #[test]
    fn a_denied_command_says_why_whatever_the_row_begins_with() {
        for reason in ["user-denied", "approval-timeout (allowlist-miss)"] {
            let happened = format!("Exec denied (gateway id={ID}, {reason}): echo DENYME; uname");
            let outcome = read(&row(&happened), ID).unwrap();
            assert!(outcome.denied);
            assert_eq!((outcome.exit_code, outcome.output), (None, happened));
        }
    }

    #[test]
    fn rows_about_other_approvals_and_output_that_quotes_one_are_not_taken() {
        let other = row("Exec finished (gateway id=other, session=x, code 0)\ndone");
        assert_eq!(read(&other, ID), None);
        let quoting = row(&format!(
            "Exec finished (gateway id=other, session=x, code 0)\nsee Exec finished (id={ID})"
        ));
        assert_eq!(read(&quoting, ID), None);
        assert_eq!(read("what did Exec finished (gateway id= mean?", ID), None);
        assert_eq!(read("", ID), None);
    }

    #[test]
    fn output_that_looks_like_the_afterwords_is_kept() {
        let happened = format!(
            "Exec finished (gateway id={ID}, session=x, code 0)\na\n\nContinue the task if needed b"
        );
        let outcome = read(&row(&happened), ID).unwrap();
        assert_eq!(outcome.output, "a\n\nContinue the task if needed b");
    }
}
