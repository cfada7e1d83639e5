use std::time::Instant;

/// The moment at which an input arrived: time comes in as a value, so that expiry and backoff can
/// be tried without waiting.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Monotonic time, for deadlines.
    pub instant: Instant,
    /// Unix time in milliseconds, to compare with what the gateway says.
    pub unix_ms: u64,
}
