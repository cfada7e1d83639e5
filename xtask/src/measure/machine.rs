//! The machine that is measured on, and how quiet it is.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::samples::Samples;

/// How many bytes are sent to and fro over the loopback.
const BALLS: usize = 2_000;
/// Pause between two of them, so that both sides sleep as those of a bridge do.
const PAUSE: Duration = Duration::from_millis(1);

/// The machine that is measured on.
pub(crate) struct Machine {
    processor: String,
    cores: usize,
    memory_gb: Option<f64>,
    load: Option<String>,
    /// Times of one byte there and back between two threads.
    ping_pong: Samples,
}

impl Machine {
    /// Looks at the machine, for some seconds.
    pub(crate) fn look() -> anyhow::Result<Self> {
        Ok(Self {
            processor: line_of("/proc/cpuinfo", "model name")
                .unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: thread::available_parallelism()?.get(),
            memory_gb: line_of("/proc/meminfo", "MemTotal")
                .and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok())
                .map(|kilobytes| kilobytes * 1024.0 / 1e9),
            load: std::fs::read_to_string("/proc/loadavg")
                .ok()
                .and_then(|line| line.split_whitespace().next().map(ToOwned::to_owned)),
            ping_pong: ping_pong()?,
        })
    }

    /// Describes it for programs.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "system": std::env::consts::OS,
            "processor": self.processor,
            "cores": self.cores,
            "memory_gb": self.memory_gb,
            "load_before": self.load,
            "loopback_round_trip_ms": {
                "median": self.ping_pong.median(),
                "p99": self.ping_pong.p99(),
            },
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} cores", self.processor, self.cores)?;
        if let Some(gigabytes) = self.memory_gb {
            write!(f, ", {gigabytes:.0} GB")?;
        }
        if let Some(load) = &self.load {
            write!(f, ", load {load}")?;
        }
        let (median, p99) = (self.ping_pong.median(), self.ping_pong.p99());
        write!(f, "; a byte over the loopback and back: median {median:.2} ms, p99 {p99:.2} ms")
    }
}

/// What every measured time contains and no program can avoid: two threads that wake each other.
fn ping_pong() -> anyhow::Result<Samples> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut here = TcpStream::connect(listener.local_addr()?)?;
    let (mut there, _) = listener.accept()?;
    for stream in [&here, &there] {
        stream.set_nodelay(true)?;
    }
    let other = thread::spawn(move || {
        let mut ball = [0];
        while there.read_exact(&mut ball).and_then(|()| there.write_all(&ball)).is_ok() {}
    });
    let mut samples = Samples::default();
    for _ in 0..BALLS {
        thread::sleep(PAUSE);
        let thrown = Instant::now();
        here.write_all(&[1])?;
        here.read_exact(&mut [0])?;
        samples.push(thrown.elapsed());
    }
    drop(here);
    other.join().ok().context("the other side of the loopback failed")?;
    Ok(samples)
}

fn line_of(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}
