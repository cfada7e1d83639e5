//! Starting, and doing nothing.

use std::thread::sleep;
use std::time::Duration;

use super::findings::{Findings, Unit};
use crate::measure::process;
use crate::measure::rig::Rig;
use crate::measure::samples::Samples;

/// How long a bridge is left alone before it counts as idle.
const SETTLING: Duration = Duration::from_secs(2);

/// Measures starts of a bridge that was started here before, then what it costs while idle.
///
/// # Errors
/// When a bridge does not connect.
pub(super) fn measure(
    rig: &Rig,
    starts: usize,
    idle: Duration,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    // The first start makes the device key, which all others find.
    let (first, _) = rig.connect()?;
    rig.disconnect(first)?;
    let mut samples = Samples::default();
    for _ in 0..starts {
        let (bridge, took) = rig.connect()?;
        samples.push(took);
        rig.disconnect(bridge)?;
    }
    let name = "start to both connections";
    let count = samples.len();
    findings
        .add(format!("{name}, median of {count}"), Unit::Milliseconds, samples.median())
        .at_most(60.0);
    findings.add(format!("{name}, p99"), Unit::Milliseconds, samples.p99());

    let (bridge, _) = rig.connect()?;
    sleep(SETTLING);
    if let Some(memory) = process::memory(bridge.id()) {
        findings.add("memory (RSS) while idle", Unit::Megabytes, memory.resident).at_most(15.0);
        findings.add("of it its own (PSS)", Unit::Megabytes, memory.proportional);
    }
    let before = process::computed(bridge.id());
    sleep(idle);
    if let (Some(before), Some(after)) = (before, process::computed(bridge.id())) {
        let share = (after - before).as_secs_f64() / idle.as_secs_f64() * 100.0;
        let name = format!("CPU while idle, over {} s", idle.as_secs());
        findings.add(name, Unit::Percent, share);
    }
    rig.disconnect(bridge)
}
