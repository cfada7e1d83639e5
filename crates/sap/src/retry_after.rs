//! How long the cloud wants to be left alone.

use std::time::{Duration, SystemTime};

/// How long to wait where the cloud asks to wait and does not say how long.
pub(crate) const USUAL_WAIT: Duration = Duration::from_secs(1);
/// Longest wait that is believed; the slowest bucket is counted by the hour.
const LONGEST: Duration = Duration::from_secs(3600);

/// Reads a `Retry-After` header: seconds, with or without a fraction, or an HTTP date.
pub(crate) fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    if let Ok(number) = header.parse() {
        return seconds(number);
    }
    let date = httpdate::parse_http_date(header).ok()?;
    Some(date.duration_since(now).unwrap_or_default().min(LONGEST))
}

/// Makes a wait of a number of seconds; none if the number makes no sense.
pub(crate) fn seconds(number: f64) -> Option<Duration> {
    if number.is_nan() || number < 0.0 {
        return None;
    }
    Some(Duration::try_from_secs_f64(number).unwrap_or(LONGEST).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_retry_after_is_understood_and_none_is_believed_beyond_an_hour() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        for (header, wait) in [
            ("3", Some(Duration::from_secs(3))),
            (" 0.25 ", Some(Duration::from_millis(250))),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some(Duration::from_secs(30))),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(Duration::ZERO)),
            ("Sat, 06 Nov 2094 08:00:00 GMT", Some(LONGEST)),
            ("1e300", Some(LONGEST)),
            ("inf", Some(LONGEST)),
            ("-1", None),
            ("NaN", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(retry_after(header, now), wait, "{header:?}");
        }
    }
}
