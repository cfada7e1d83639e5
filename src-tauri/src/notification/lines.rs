//! Lines of a notification that others wrote: desktops cut off the end of more than about five, so
//! long ones are cut here, where what is missing is said.

use control::marked;

pub(super) use crate::asker::QUESTION_CHARS;
use crate::text::{shorten_middle, visible};

/// Characters of one warning or title.
const SENTENCE_CHARS: usize = 120;
/// Characters of a folder, of an address, or of a name.
pub(super) const NAME_CHARS: usize = 60;

/// Shows a command.
pub(super) fn command(text: &str) -> String {
    shorten_middle(&marked(text), QUESTION_CHARS)
}

/// Shows what is said.
pub(super) fn line(text: &str) -> String {
    shorten_middle(&visible(text), QUESTION_CHARS)
}

/// Shows a sentence or a title.
pub(super) fn sentence(text: &str) -> String {
    shorten_middle(&visible(text), SENTENCE_CHARS)
}

/// Shows a name.
pub(super) fn name(text: &str) -> String {
    shorten_middle(&visible(text), NAME_CHARS)
}
