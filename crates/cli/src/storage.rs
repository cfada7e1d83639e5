//! What a person is told while the journal cannot be written.

/// What to do about a journal that cannot be written, as a sentence.
pub const UNWRITABLE_REMEDY: &str =
    "Free some space on the disk, or let it be written to: then it goes on by itself.";

/// Says that nothing is carried because the journal cannot be written, as a sentence; `cause` is a
/// sentence fragment.
pub(crate) fn unwritable(cause: &str) -> String {
    format!("Nothing can be stored, so messages wait at Sophon: {}.", cause.trim_end_matches('.'))
}
