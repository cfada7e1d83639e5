//! The text of one answer, put together from what the gateway says about it.

use openclaw::RunId;
use serde::{Deserialize, Serialize};

use super::limits::{MAX_TEXT, cut, streamable};
use super::sent::Sent;

/// One answer's text: what is canonical, and how much of it the person has been sent.
///
/// The text has segments in the order of their first appearance: what the model says before a
/// tool call (a preamble of the newer generation), what a run says, what the run after an approval
/// says. Each arrives whole and again and again; only what is new is streamed.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    segments: Vec<Segment>,
    canonical: String,
    streamed: Streamed,
}

/// What the person was sent of an answer.
#[derive(Debug, PartialEq)]
enum Streamed {
    /// This text.
    Text(String),
    /// So much, by an earlier process: what the gateway repeats begins with it, if it stands by it.
    Earlier(Sent),
    /// Something that the gateway has taken back since: nothing can be added to it.
    Other,
}

impl Default for Streamed {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

/// One part of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Segment {
    source: Source,
    text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Source {
    Run(RunId),
    Preamble(RunId, String),
}

impl Reply {
    /// Takes the cumulative text of a run's `chat` stream.
    pub(crate) fn run_says(&mut self, run: &RunId, text: &str) {
        let text = self.beyond_preambles(run, text);
        self.replace(Source::Run(run.clone()), text);
    }

    /// Takes the cumulative text of a preamble.
    ///
    /// The same words may have come through the `chat` stream before the gateway knew that a tool
    /// call follows: then they move, and are not shown twice.
    pub(crate) fn preamble_says(&mut self, run: &RunId, item: &str, text: &str) {
        let from_chat = Source::Run(run.clone());
        let preamble = Source::Preamble(run.clone(), item.to_owned());
        self.segments.retain(|segment| segment.source != from_chat || !segment.text.is_empty());
        let known = self.segments.iter().any(|segment| segment.source == preamble);
        if !known
            && let Some(segment) = self.segments.iter_mut().find(|s| s.source == from_chat)
            && !segment.text.is_empty()
            && (text.starts_with(&segment.text) || segment.text.starts_with(text))
        {
            segment.source = preamble.clone();
        }
        self.replace(preamble, text);
    }

    /// Takes the text that the next delta should carry, and counts it as sent.
    ///
    /// Where the gateway took words back (it does when it asks a model again), nothing is added to
    /// what the person saw: the end will show the canonical text.
    pub(crate) fn take_unsent(&mut self) -> Option<String> {
        let streamable = streamable(&self.canonical);
        if let Streamed::Earlier(sent) = self.streamed {
            self.streamed = Streamed::Text(sent.begins(streamable)?.to_owned());
        }
        let Streamed::Text(streamed) = &mut self.streamed else { return None };
        let unsent = streamable.strip_prefix(streamed.as_str())?;
        if unsent.is_empty() {
            return None;
        }
        let unsent = unsent.to_owned();
        streamed.push_str(&unsent);
        Some(unsent)
    }

    /// Shows the whole answer as the end carries it, with `addition` as a paragraph of its own.
    pub(crate) fn whole(&self, addition: Option<&str>) -> String {
        let Some(addition) = addition else { return cut(&self.canonical, MAX_TEXT) };
        if self.canonical.is_empty() {
            return cut(addition, MAX_TEXT);
        }
        let room = MAX_TEXT.saturating_sub(addition.len() + PARAGRAPH.len());
        format!("{}{PARAGRAPH}{addition}", cut(&self.canonical, room))
    }

    /// Takes what the gateway's history has of a run that goes on: what it said before tools.
    pub(crate) fn said_before_tools(&mut self, run: &RunId, said: &[String]) {
        let mut from = 0;
        for text in said {
            let is_it = |segment: &Segment| {
                matches!(&segment.source, Source::Preamble(of, _) if of == run)
                    && text.starts_with(segment.text.trim())
            };
            let known = self.segments[from..].iter().position(is_it).map(|at| from + at);
            let own = |segment: &Segment| segment.source == Source::Run(run.clone());
            let at = known.unwrap_or_else(|| {
                let end = self.segments.len();
                let at = self.segments.iter().position(own).unwrap_or(end);
                let source = Source::Preamble(run.clone(), format!("row {at}"));
                self.segments.insert(at, Segment { source, text: String::new() });
                at
            });
            self.segments[at].text.clone_from(text);
            from = at + 1;
        }
        self.rebuild();
    }

    /// Takes the whole answer from the gateway's history, in place of what was heard of it.
    pub(crate) fn settle(&mut self, run: &RunId, text: &str) {
        self.start_over();
        self.run_says(run, text);
    }

    /// Everything is said anew: what the person saw stays until the end replaces it.
    pub(crate) fn start_over(&mut self) {
        self.segments.clear();
        self.canonical.clear();
        if matches!(self.streamed, Streamed::Earlier(sent) if sent.bytes() > 0) {
            self.streamed = Streamed::Other;
        }
    }

    /// The parts that the gateway does not repeat: all but the text of the run that goes on.
    pub(crate) fn settled(&self, going_on: &RunId) -> &[Segment] {
        match self.segments.split_last() {
            Some((Segment { source: Source::Run(run), .. }, before)) if run == going_on => before,
            Some((Segment { source: Source::Run(_) | Source::Preamble(..), .. }, _)) | None => {
                &self.segments
            }
        }
    }

    /// All parts: those of an answer of which no run goes on.
    pub(crate) fn parts(&self) -> &[Segment] {
        &self.segments
    }

    /// Makes an answer that an earlier process began: these parts are settled, and the person was
    /// sent so much of it.
    pub(crate) fn resume(segments: Vec<Segment>, sent: Sent) -> Self {
        let streamed = Streamed::Earlier(sent);
        let mut reply = Self { segments, canonical: String::new(), streamed };
        reply.rebuild();
        reply
    }

    /// Says whether the answer has any text yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.canonical.is_empty()
    }

    /// What a run says after its preambles: a gateway that was slow to tell them apart repeats them
    /// at the beginning of its text.
    fn beyond_preambles<'a>(&self, run: &RunId, text: &'a str) -> &'a str {
        let preambles: Vec<_> = self
            .segments
            .iter()
            .filter(|segment| matches!(&segment.source, Source::Preamble(of, _) if of == run))
            .map(|segment| segment.text.trim())
            .collect();
        let after = |first: usize| {
            preambles[first..].iter().try_fold(text, |rest, preamble| {
                rest.strip_prefix(preamble)?.strip_prefix(PARAGRAPH)
            })
        };
        (0..preambles.len()).find_map(after).unwrap_or(text)
    }

    fn replace(&mut self, source: Source, text: &str) {
        match self.segments.iter().position(|segment| segment.source == source) {
            Some(index) => {
                let is_last = index + 1 == self.segments.len();
                let segment = &mut self.segments[index];
                if let Some(more) = text.strip_prefix(segment.text.as_str())
                    && is_last
                    && !segment.text.is_empty()
                {
                    segment.text.push_str(more);
                    self.canonical.push_str(more);
                    return;
                }
                segment.text.clear();
                segment.text.push_str(text);
            }
            None => self.segments.push(Segment { source, text: text.to_owned() }),
        }
        self.rebuild();
    }

    fn rebuild(&mut self) {
        self.canonical.clear();
        for segment in self.segments.iter().filter(|segment| !segment.text.is_empty()) {
            if !self.canonical.is_empty() {
                self.canonical.push_str(PARAGRAPH);
            }
            self.canonical.push_str(&segment.text);
        }
    }
}

const PARAGRAPH: &str = "\n\n";

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> RunId {
        RunId::new("run-1")
    }

    #[test]
    fn cumulative_text_is_streamed_once() {
        let mut reply = Reply::default();
        reply.run_says(&run(), "Hel");
        assert_eq!(reply.take_unsent().as_deref(), Some("Hel"));
        reply.run_says(&run(), "Hel");
        assert_eq!(reply.take_unsent(), None);
        reply.run_says(&run(), "Hello");
        assert_eq!(reply.take_unsent().as_deref(), Some("lo"));
        assert_eq!(reply.whole(None), "Hello");
    }

    #[test]
    fn a_gap_heals_because_the_next_text_is_whole() {
        let mut reply = Reply::default();
        reply.run_says(&run(), "one ");
        reply.take_unsent();
        reply.run_says(&run(), "one two three");
        assert_eq!(reply.take_unsent().as_deref(), Some("two three"));
    }

    #[test]
    fn a_preamble_and_the_answer_after_the_tool_are_two_paragraphs() {
        let mut reply = Reply::default();
        reply.preamble_says(&run(), "item", "Let me look.");
        assert_eq!(reply.take_unsent().as_deref(), Some("Let me look."));
        reply.run_says(&run(), "Found it.");
        assert_eq!(reply.take_unsent().as_deref(), Some("\n\nFound it."));
        assert_eq!(reply.whole(None), "Let me look.\n\nFound it.");
    }

    #[test]
    fn preambles_that_a_run_repeats_at_its_beginning_are_not_shown_twice() {
        let mut reply = Reply::default();
        reply.preamble_says(&run(), "one", "Let me look.");
        reply.preamble_says(&run(), "two", "And there.\n");
        for repeated in ["Let me look.\n\nAnd there.\n\nFound it.", "And there.\n\nFound it."] {
            reply.run_says(&run(), repeated);
            assert_eq!(reply.whole(None), "Let me look.\n\nAnd there.\n\n\nFound it.");
        }
        reply.run_says(&run(), "Let me look. Found it.");
        assert!(reply.whole(None).ends_with("Let me look. Found it."));
    }

    #[test]
    fn words_that_turn_out_to_be_a_preamble_are_not_shown_twice() {
        let mut reply = Reply::default();
        reply.run_says(&run(), "Let me");
        assert_eq!(reply.take_unsent().as_deref(), Some("Let me"));
        reply.preamble_says(&run(), "item", "Let me look.");
        assert_eq!(reply.take_unsent().as_deref(), Some(" look."));
        reply.run_says(&run(), "");
        reply.run_says(&run(), "Found it.");
        assert_eq!(reply.whole(None), "Let me look.\n\nFound it.");
    }

    #[test]
    fn words_taken_back_are_not_contradicted_and_the_end_is_canonical() {
        let mut reply = Reply::default();
        reply.run_says(&run(), "wrong start");
        reply.take_unsent();
        reply.run_says(&run(), "");
        assert_eq!(reply.take_unsent(), None);
        reply.run_says(&run(), "right");
        assert_eq!(reply.take_unsent(), None);
        assert_eq!(reply.whole(None), "right");
    }

    #[test]
    fn a_resumed_answer_is_streamed_on_from_where_it_was() {
        let mut first = Reply::default();
        first.preamble_says(&run(), "item", "Let me look.");
        first.run_says(&run(), "Fou");
        let mut sent = Sent::default();
        sent.add(&first.take_unsent().unwrap());
        let mut second = Reply::resume(first.settled(&run()).to_vec(), sent);
        assert_eq!(second.take_unsent(), None);
        second.run_says(&run(), "Found it.");
        assert_eq!(second.take_unsent().as_deref(), Some("nd it."));
        assert_eq!(second.whole(None), "Let me look.\n\nFound it.");
    }

    #[test]
    fn a_resumed_answer_that_begins_anew_adds_nothing_to_what_was_seen() {
        let mut sent = Sent::default();
        sent.add("words");
        let mut reply = Reply::resume(Vec::new(), sent);
        reply.start_over();
        reply.run_says(&run(), "other words");
        assert_eq!(reply.take_unsent(), None);
        assert_eq!(reply.whole(None), "other words");
    }

    #[test]
    fn a_resumed_answer_whose_beginning_was_taken_back_adds_nothing_to_what_was_seen() {
        let mut sent = Sent::default();
        sent.add("hasty words");
        let mut reply = Reply::resume(Vec::new(), sent);
        reply.run_says(&run(), "better considered words");
        assert_eq!(reply.take_unsent(), None);
        assert_eq!(reply.whole(None), "better considered words");
    }

    #[test]
    fn an_addition_is_a_paragraph_of_its_own_and_fits_however_long_the_answer() {
        let mut reply = Reply::default();
        assert_eq!(reply.whole(Some("Stopped.")), "Stopped.");
        reply.run_says(&run(), &"x".repeat(2 * MAX_TEXT));
        let whole = reply.whole(Some("The model failed."));
        assert!(whole.len() <= MAX_TEXT);
        assert!(whole.ends_with("\n\nThe model failed."));
    }
}
