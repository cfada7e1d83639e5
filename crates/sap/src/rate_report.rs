use std::time::Duration;

use http::HeaderMap;

use crate::one_line::one_line;
use crate::retry_after::seconds;

const BUCKET_LENGTH: usize = 64;

/// What the `X-RateLimit-*` headers of one answer say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RateReport {
    /// The cloud's name of the bucket.
    pub bucket: Option<String>,
    /// How many calls fit into the bucket.
    pub limit: Option<f64>,
    /// How many calls are left now.
    pub remaining: Option<f64>,
    /// How long until the bucket has room again, at most an hour.
    pub reset_after: Option<Duration>,
}

impl RateReport {
    /// Reads the headers that make sense; none if there is none.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let number = |name: &str| {
            let number: f64 = text(name)?.trim().parse().ok()?;
            (number.is_finite() && number >= 0.0).then_some(number)
        };
        let report = Self {
            bucket: text("x-ratelimit-bucket").map(|name| one_line(name, BUCKET_LENGTH)),
            limit: number("x-ratelimit-limit"),
            remaining: number("x-ratelimit-remaining"),
            reset_after: number("x-ratelimit-reset-after").and_then(seconds),
        };
        (report != Self::default()).then_some(report)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn the_headers_are_read_and_fractions_of_a_second_are_kept() {
        let report = RateReport::read(&headers(&[
            ("x-ratelimit-limit", "30"),
            ("x-ratelimit-remaining", "12"),
            ("x-ratelimit-reset-after", "1.25"),
            ("x-ratelimit-bucket", "msg"),
            ("x-ratelimit-scope", "installation"),
        ]));
        assert_eq!(
            report,
            Some(RateReport {
                bucket: Some("msg".into()),
                limit: Some(30.0),
                remaining: Some(12.0),
                reset_after: Some(Duration::from_millis(1250)),
            })
        );
    }

    #[test]
    fn headers_that_make_no_sense_are_as_good_as_none() {
        let absurd = headers(&[
            ("x-ratelimit-limit", "NaN"),
            ("x-ratelimit-remaining", "-3"),
            ("x-ratelimit-reset-after", "inf"),
        ]);
        assert_eq!(RateReport::read(&absurd), None);
        assert_eq!(RateReport::read(&HeaderMap::new()), None);
    }
}
