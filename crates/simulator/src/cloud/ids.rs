//! Random identifiers and secrets in the forms of the wire.

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Letters and digits that nobody mistakes for another when typing a pairing code.
const TYPEABLE: &[u8] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// Mints an identifier: the prefix, an underscore and 16 base62 characters.
pub(super) fn mint(prefix: &str) -> String {
    format!("{prefix}_{}", secret(16))
}

/// Mints a base62 secret of this many characters.
pub(super) fn secret(length: usize) -> String {
    pick(BASE62, length)
}

/// Mints a pairing code: 7 letters and digits.
pub(super) fn pairing_code() -> String {
    pick(TYPEABLE, 7)
}

/// Mints a bridge token for an installation.
pub(super) fn bridge_token(installation_id: &str) -> String {
    format!("{installation_id}:s_test_{}", secret(40))
}

fn pick(alphabet: &[u8], length: usize) -> String {
    // Bytes above the last whole multiple are drawn again, else the first letters come more often.
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    let mut bytes = [0_u8; 64];
    while text.len() < length {
        if let Err(error) = getrandom::fill(&mut bytes) {
            panic!("the operating system gives no random bytes: {error}");
        }
        let fair_bytes = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
        text.extend(
            fair_bytes.take(length - text.len()).map(|b| char::from(alphabet[b % alphabet.len()])),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minted_texts_have_the_forms_of_the_wire() {
        let installation = mint("inst");
        assert_eq!(installation.len(), "inst_".len() + 16);
        let token = bridge_token(&installation);
        assert!(token.starts_with(&format!("{installation}:s_test_")));
        assert!(token.len() >= 50);
        let code = pairing_code();
        assert_eq!(code.len(), 7);
        assert!(code.bytes().all(|byte| TYPEABLE.contains(&byte)));
        assert_ne!(secret(200), secret(200));
    }
}
