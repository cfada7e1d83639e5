//! The cloud's answer to a call: status, headers, body; and what it teaches about rates.

#![no_main]

use std::time::{Duration, Instant, SystemTime};

use libfuzzer_sys::fuzz_target;
use sap::{Bucket, RateReport, Rates, Refusal, Reply};

const HOUR: Duration = Duration::from_secs(3600);
/// How long the slowest bucket takes for one token.
const REFILL: Duration = Duration::from_secs(6);

fuzz_target!(|bytes: &[u8]| {
    let Some(answer) = fuzz::answer(bytes) else { return };
    let reply = Reply::read(&answer, SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000));
    let success = (200..300).contains(&answer.status);
    match &reply.outcome {
        Ok(_) => assert!(success, "a failure is no success"),
        Err(refusal) => check_refusal(refusal),
    }
    if let Some(id) = &reply.request_id {
        assert!(id.chars().count() <= 129 && !id.chars().any(char::is_control), "fit for a log");
    }
    if let Some(report) = &reply.rate {
        check_rates(report);
    }
});

fn check_refusal(refusal: &Refusal) {
    assert!(!refusal.to_string().chars().any(char::is_control), "fit for a log");
    assert!(!refusal.to_string().is_empty());
    match refusal {
        Refusal::Wait { after } => assert!(*after <= HOUR, "nobody waits for ever"),
        Refusal::Revoked { code }
        | Refusal::Invalid { code, .. }
        | Refusal::SessionGone { code }
        | Refusal::AlreadyDone { code } => {
            assert!(code.chars().count() <= 65, "the code is kept short");
            assert!(!refusal.is_retryable(), "what was decided is not asked again");
        }
        Refusal::TooLarge => assert!(!refusal.is_retryable()),
        Refusal::Server { .. } | Refusal::Network(_) => assert!(refusal.is_retryable()),
    }
}

fn check_rates(report: &RateReport) {
    assert!(report.reset_after.is_none_or(|after| after <= HOUR), "nobody waits for ever");
    let began = Instant::now();
    for bucket in [Bucket::Message, Bucket::Delta, Bucket::Task, Bucket::Approval] {
        let mut rates = Rates::new();
        rates.learn(bucket, report, 3, began);
        let mut now = began;
        while let Err(later) = rates.try_take(bucket, now) {
            assert!(later > now, "waiting gets on");
            assert!(later <= began + HOUR + REFILL, "no bucket is shut for ever");
            now = later;
        }
    }
}
