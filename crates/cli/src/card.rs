//! A request and a device as a terminal shows them.

mod device;
mod request;

pub(crate) use device::device;
pub(crate) use request::{past, request};

/// How much of a request is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// One line for each thing: long texts are shortened, and say so.
    Short,
    /// Every character.
    Whole,
}

/// The line that says through which installation something came; none where nothing has to be said.
pub(crate) fn through(via: Option<&str>) -> String {
    via.map(|name| format!("\n  Through   {}", control::marked(name))).unwrap_or_default()
}

/// A heading with named lines below it.
#[derive(Debug)]
struct Card {
    text: String,
}

impl Card {
    fn new(heading: &str) -> Self {
        Self { text: heading.to_owned() }
    }

    /// Adds a line with what is on one line already.
    fn line(&mut self, name: &str, text: &str) {
        self.text.push_str(&format!("\n  {name:<9} {text}"));
    }

    fn line_of(&mut self, name: &str, text: Option<String>) {
        if let Some(text) = text {
            self.line(name, &text);
        }
    }

    /// Adds lines, of which the first has the name.
    fn lines(&mut self, name: &str, texts: &[String]) {
        let names = std::iter::once(name).chain(std::iter::repeat(""));
        for (name, text) in names.zip(texts) {
            self.line(name, text);
        }
    }

    /// Adds words of others.
    fn words(&mut self, name: &str, text: Option<&String>, extent: Extent) {
        let Some(text) = text else { return };
        match extent {
            Extent::Whole if text.contains('\n') || text.chars().count() > 120 => {
                self.text.push_str(&format!("\n  {name}\n{}", crate::shown::whole(text)));
            }
            Extent::Whole => self.line(name, &control::marked(text)),
            Extent::Short => self.line(name, &crate::shown::beginning(text)),
        }
    }
}
