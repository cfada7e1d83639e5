use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, by this computer's clock.
pub(crate) fn now_ms() -> u64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(passed.as_millis()).unwrap_or(u64::MAX)
}
