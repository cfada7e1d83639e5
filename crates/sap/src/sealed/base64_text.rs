//! Base64 as the wire has it: written in the standard form, read in whatever form it comes.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::OpenError;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const PLAIN_ALPHABET: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const URL_ALPHABET: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// Writes the standard alphabet, with padding.
pub(super) fn encode(bytes: &[u8]) -> String {
    PLAIN_ALPHABET.encode(bytes)
}

/// Reads either alphabet, with or without padding; a text that mixes alphabets is refused.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, OpenError> {
    let alphabet = if text.contains(['-', '_']) { URL_ALPHABET } else { PLAIN_ALPHABET };
    alphabet.decode(text).map_err(|_| OpenError::NotBase64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_form_is_written() {
        assert_eq!(encode(&[0]), "AA==");
        assert_eq!(encode(&[0xfb, 0xff]), "+/8=");
    }

    #[test]
    fn every_form_of_base64_is_read() {
        for text in ["+/8=", "+/8", "-_8=", "-_8"] {
            assert_eq!(decode(text), Ok(vec![0xfb, 0xff]), "{text}");
        }
        assert_eq!(decode(""), Ok(vec![]));
    }

    #[test]
    fn what_has_no_single_meaning_is_refused() {
        for text in ["+_8=", "-/8", "+/9=", "+", "+/8==", "+/8= ", " +/8=", "+/\n8=", "é"] {
            assert_eq!(decode(text), Err(OpenError::NotBase64), "{text}");
        }
    }
}
