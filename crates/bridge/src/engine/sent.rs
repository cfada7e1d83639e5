//! How much of an answer the person was sent, in a form that outlives the process.

use serde::{Deserialize, Serialize};

/// Tells the beginning of a text that was sent, without the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sent {
    bytes: usize,
    /// FNV-1a of the bytes, which stays the same from version to version.
    digest: u64,
}

impl Default for Sent {
    fn default() -> Self {
        Self { bytes: 0, digest: 0xcbf2_9ce4_8422_2325 }
    }
}

impl Sent {
    /// More was sent.
    pub(crate) fn add(&mut self, text: &str) {
        self.bytes += text.len();
        for byte in text.bytes() {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// How many bytes were sent.
    pub(crate) fn bytes(self) -> usize {
        self.bytes
    }

    /// What was sent, if the text begins with it.
    pub(crate) fn begins(self, text: &str) -> Option<&str> {
        let beginning = text.get(..self.bytes)?;
        let mut sent = Self::default();
        sent.add(beginning);
        (sent == self).then_some(beginning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_text_that_begins_with_what_was_sent_is_taken_for_it() {
        let mut sent = Sent::default();
        assert_eq!(sent.begins("anything"), Some(""));
        sent.add("Hé");
        sent.add("llo");
        assert_eq!(sent.bytes(), "Héllo".len());
        assert_eq!(sent.begins("Héllo, you"), Some("Héllo"));
        assert_eq!(sent.begins("Hélla, you"), None);
        assert_eq!(sent.begins("Hél"), None);
        assert_eq!(sent.begins("12345é"), None, "no half of a character is looked at");
    }
}
