//! Imaginary commands. Nothing is ever run: a demo or a test must not depend on, or touch, the
//! machine that it is shown on.

use std::time::Duration;

const LONGEST_SLEEP: Duration = Duration::from_secs(60);
const LONGEST_SEQUENCE: u32 = 200_000;

/// What a command would have done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Imagined {
    /// Its output, piece by piece, each after a pause.
    pub(super) pieces: Vec<(Duration, String)>,
    /// Its exit code.
    pub(super) exit_code: i64,
}

impl Imagined {
    /// Joins the output and trims it, as the gateway does.
    pub(super) fn output(&self) -> String {
        let text: String = self.pieces.iter().map(|(_, piece)| piece.as_str()).collect();
        match self.exit_code {
            0 => text.trim_end().to_owned(),
            code => format!("{}\n\n(Command exited with code {code})", text.trim_end()),
        }
    }

    /// Adds up the pauses.
    pub(super) fn duration(&self) -> Duration {
        self.pieces.iter().map(|(pause, _)| *pause).sum()
    }
}

/// Imagines a command: `echo`, `sleep`, `seq`, `exit`, `true` and `false`, joined by `;` or `&&`,
/// do what they do in a shell; any other command says its own name.
pub(super) fn imagine(command: &str) -> Imagined {
    let mut imagined = Imagined::default();
    let mut pause = Duration::ZERO;
    for part in command.replace("&&", ";").split(';') {
        let mut words = part.split_whitespace();
        let name = words.next().unwrap_or_default();
        let arguments: Vec<&str> = words.collect();
        let said = match name {
            "" | "true" => continue,
            "sleep" => {
                let seconds = arguments.first().and_then(|text| text.parse::<f64>().ok());
                let wanted = seconds.and_then(|s| Duration::try_from_secs_f64(s).ok());
                pause += wanted.unwrap_or_default().min(LONGEST_SLEEP);
                continue;
            }
            "exit" | "false" => {
                let code = arguments.first().and_then(|text| text.parse().ok());
                imagined.exit_code = code.unwrap_or(1);
                break;
            }
            "seq" => sequence(&arguments),
            "echo" => format!("{}\n", unquoted(&arguments.join(" "))),
            _ => format!("simulated: {}\n", part.trim()),
        };
        imagined.pieces.push((std::mem::take(&mut pause), said));
    }
    if pause > Duration::ZERO {
        imagined.pieces.push((pause, String::new()));
    }
    imagined
}

/// Tells whether the newer generation refuses a command without asking, because an approval could
/// not name exactly what would run.
pub(super) fn cannot_be_bound(command: &str) -> bool {
    let loops = ["for ", "while ", "until "];
    command.contains(['>', '<', '`'])
        || command.contains("$(")
        || loops.iter().any(|word| command.trim_start().starts_with(word))
}

fn sequence(arguments: &[&str]) -> String {
    let last = arguments.last().and_then(|text| text.parse::<u32>().ok()).unwrap_or_default();
    (1..=last.min(LONGEST_SEQUENCE)).map(|number| format!("{number}\n")).collect()
}

fn unquoted(text: &str) -> String {
    text.chars().filter(|letter| !matches!(letter, '"' | '\'')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_print_wait_and_fail_as_a_shell_would() {
        let imagined = imagine("echo 'a b'; sleep 0.5 && echo c; exit 3; echo never");
        assert_eq!(imagined.pieces[0], (Duration::ZERO, "a b\n".to_owned()));
        assert_eq!(imagined.pieces[1], (Duration::from_millis(500), "c\n".to_owned()));
        assert_eq!(imagined.output(), "a b\nc\n\n(Command exited with code 3)");
        assert_eq!(imagined.duration(), Duration::from_millis(500));
    }

    #[test]
    fn absurd_commands_are_harmless() {
        assert_eq!(imagine("sleep 1e300; sleep -4").duration(), Duration::ZERO);
        assert_eq!(imagine("sleep 99999").duration(), LONGEST_SLEEP);
        assert_eq!(imagine(";;&&").output(), "");
        assert_eq!(imagine("rm -rf /").output(), "simulated: rm -rf /");
    }

    #[test]
    fn redirections_and_loops_cannot_be_bound_to_an_approval() {
        assert!(cannot_be_bound("echo a > b"));
        assert!(cannot_be_bound("for i in 1 2; do echo $i; done"));
        assert!(!cannot_be_bound("echo before; ls /"));
    }
}
