//! What encryption costs, one delta at a time.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use sap::sealed::{BlobKey, ContentKey, Messages};
use sap::{Call, IdempotencyKey, MessageId, SendMessageDelta, SessionId, SessionSeal};
use serde_json::Value;

use super::findings::{Findings, Unit};
use crate::measure::samples::Samples;

/// Deltas of one sample: one alone is too quick for the clock.
const TOGETHER: u32 = 50;
/// Samples that warm the caches up and do not count.
const WARMING: usize = 20;

/// Measures in this process what writing a delta as ciphertext and reading it costs beyond writing
/// and reading it as text.
///
/// # Errors
/// When the system gives no random numbers, or what was sealed does not open.
pub(super) fn measure(samples: usize, findings: &mut Findings) -> anyhow::Result<()> {
    for (length, size) in [(40, "40 bytes"), (4096, "4 KB")] {
        let desk = Desk::new(length);
        let (open, sealed) =
            (desk.sample(samples, Desk::open)?, desk.sample(samples, Desk::sealed)?);
        let micros = |samples: &Samples| samples.median() * 1000.0 / f64::from(TOGETHER);
        let more = micros(&sealed) - micros(&open);
        let name = format!("encryption per delta of {size}, median of {samples}");
        findings.add(name, Unit::Microseconds, more).at_most(50.0);
    }
    Ok(())
}

/// One delta with everything that writes and reads it.
struct Desk {
    text: String,
    call: Call,
    key: IdempotencyKey,
    seal: SessionSeal,
    messages: BlobKey<Messages>,
}

impl Desk {
    fn new(length: usize) -> Self {
        let text = "word ".repeat(length.div_ceil(5));
        let text = text[..length].to_owned();
        let message_id = MessageId::new("msg_0123456789abcdef");
        let delta = SendMessageDelta { message_id, delta: text.clone() };
        let session = SessionId::new("ses_0123456789abcdef");
        let content_key = ContentKey::from_bytes(&[7; 32]);
        let seal = SessionSeal::new(&content_key, &session);
        let messages = content_key.messages(&session);
        let key = IdempotencyKey::derive(&["a delta"]);
        Self { text, call: Call::SendMessageDelta(delta), key, seal, messages }
    }

    fn sample(
        &self,
        samples: usize,
        act: fn(&Self) -> anyhow::Result<()>,
    ) -> anyhow::Result<Samples> {
        let one = || -> anyhow::Result<Duration> {
            let begun = Instant::now();
            for _ in 0..TOGETHER {
                act(self)?;
            }
            Ok(begun.elapsed())
        };
        for _ in 0..WARMING {
            one()?;
        }
        (0..samples).map(|_| one()).collect()
    }

    fn open(&self) -> anyhow::Result<()> {
        let body: Value = serde_json::from_slice(&black_box(self).call.body(&self.key))?;
        anyhow::ensure!(body["delta"] == *self.text, "a delta came out as another");
        Ok(())
    }

    fn sealed(&self) -> anyhow::Result<()> {
        let body = black_box(self).call.sealed_body(&self.key, &self.seal)?;
        let body: Value = serde_json::from_slice(&body)?;
        let envelope = body["delta_ct"].as_str().context("a delta was not sealed")?;
        anyhow::ensure!(*self.messages.open(envelope)? == self.text, "it opened as another");
        Ok(())
    }
}
