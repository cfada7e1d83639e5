use zeroize::Zeroizing;

use super::symmetric::KEY;

/// Reads a key of 64 hexadecimal digits, of either case; none where the text is anything else.
pub fn key_from_hex(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let pairs: &[[u8; 2]; KEY] = pairs.try_into().ok()?;
    let mut key = Zeroizing::new([0; KEY]);
    for (byte, [high, low]) in key.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(key)
}

fn digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16)?.try_into().ok()
}
