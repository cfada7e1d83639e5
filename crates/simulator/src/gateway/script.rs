//! What the imaginary model behind the gateway does with a message. The message says so itself,
//! so that no test has to prepare the model.

/// What the model says to anything that is no script.
pub(super) const GREETING: &str = "Hello! I am a simulated model, and it is good to hear from you.";
/// What the model says to an image without a script.
pub(super) const IMAGE_SEEN: &str = "I see an image";
/// What the model says to `markdown`.
pub(super) const MARKDOWN: &str = "\
# Heading

A paragraph with **bold**, *italic*, `code` and a [link](https://example.com).

- one
- two
  - nested

1. first
2. second

> a quotation

```rust
fn main() {}
```

| left | right |
|------|------:|
| a    |     1 |
";

/// What the model does with a message. A line of the message begins with one of the words below,
/// possibly behind groups in brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Script {
    /// `run: <command>` or `two: <command> | <command>`: says "Let me run that.", calls the
    /// `exec` tool, and repeats what came of it.
    Run(Vec<String>),
    /// `slow: <n>`: the words `w0 w1 …`, 100 ms apart.
    Slow(u32),
    /// `long: <n>`: the same words at once.
    Long(u32),
    /// `error: <status>` or `error: drop`.
    Fail(ModelFailure),
    /// `silent`: says nothing.
    Silent,
    /// `think: <text>`: reasons with this text, then says so.
    Think(String),
    /// `say: <text>` and everything else that is only said.
    Say(String),
    /// `manual`: says and does nothing until it is told to from outside.
    Manual,
}

/// How the model fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ModelFailure {
    /// It refuses with this HTTP status.
    Status(u16),
    /// It breaks the connection after three words.
    Drop,
}

impl Script {
    /// Reads the script out of a message.
    pub(super) fn read(message: &str, has_image: bool) -> Self {
        let mut rest = message;
        while !rest.is_empty() {
            if let Some(script) = Self::at_start(without_prefixes(rest)) {
                return script;
            }
            rest = rest.split_once('\n').map_or("", |(_, after)| after);
        }
        Self::Say(if has_image { IMAGE_SEEN } else { GREETING }.to_owned())
    }

    fn at_start(text: &str) -> Option<Self> {
        let line = text.lines().next().unwrap_or_default().trim();
        match line {
            "silent" => return Some(Self::Silent),
            "manual" => return Some(Self::Manual),
            "markdown" => return Some(Self::Say(MARKDOWN.to_owned())),
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

/// Lists the words `w0 w1 …`, each with the space before it.
pub(super) fn words(count: u32) -> impl Iterator<Item = String> + Send {
    (0..count).map(|index| if index == 0 { "w0".to_owned() } else { format!(" w{index}") })
}

/// Splits a text into pieces that a model would write one after another; together they are the
/// text.
pub(super) fn pieces(text: &str) -> Vec<String> {
    text.split_inclusive(char::is_whitespace).map(str::to_owned).collect()
}

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

    #[test]
    fn a_script_is_found_on_any_line_and_behind_brackets() {
        let script = Script::read("[Fri 10:00] about\n[x] run: date -u", false);
        assert_eq!(script, Script::Run(vec!["date -u".to_owned()]));
    }

    #[test]
    fn saying_repeats_the_rest_of_the_message_with_its_lines() {
        assert_eq!(Script::read("say: a\n\nb", false), Script::Say("a\n\nb".to_owned()));
    }

    #[test]
    fn a_message_without_a_script_is_answered_by_what_it_carries() {
        assert_eq!(Script::read("hello: you", false), Script::Say(GREETING.to_owned()));
        assert_eq!(Script::read("", true), Script::Say(IMAGE_SEEN.to_owned()));
        assert_eq!(Script::read("error: soon", false), Script::Say(GREETING.to_owned()));
    }

    #[test]
    fn pieces_make_up_the_text_again() {
        assert_eq!(pieces(MARKDOWN).concat(), MARKDOWN);
        assert_eq!(words(3).collect::<String>(), "w0 w1 w2");
    }
}
