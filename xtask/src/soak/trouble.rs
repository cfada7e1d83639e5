//! What goes wrong meanwhile.

use std::ops::Range;
use std::thread::sleep;
use std::time::Duration;

use fastrand::Rng;
use simulator::cloud::{Cut, Fault};
use tokio::time::timeout;

use super::world::World;

/// Time between two troubles, in milliseconds.
const PAUSE: Range<u64> = 3_000..7_000;
/// How long a slow cloud takes for an answer, and how long it is slow.
const SLOW: Duration = Duration::from_secs(2);
const SLOWNESS: Duration = Duration::from_secs(5);
/// How many requests a cloud refuses, or loses, in a row.
const IN_A_ROW: u32 = 10;
/// How long a gateway that is to restart waits for its runs, some of which wait for the person.
const DRAIN: Duration = Duration::from_secs(10);

#[derive(Clone, Copy)]
enum Trouble {
    CloudDrops,
    CloudAsksToWait,
    CloudIsUnavailable,
    CloudIsSlow,
    RequestsAreLost,
    AnswersAreLost,
    UpdatesComeTwice,
    GatewayDrops,
    GatewayDies,
    GatewayRestarts,
}

const ALL: [Trouble; 10] = [
    Trouble::CloudDrops,
    Trouble::CloudAsksToWait,
    Trouble::CloudIsUnavailable,
    Trouble::CloudIsSlow,
    Trouble::RequestsAreLost,
    Trouble::AnswersAreLost,
    Trouble::UpdatesComeTwice,
    Trouble::GatewayDrops,
    Trouble::GatewayDies,
    Trouble::GatewayRestarts,
];

/// Lets trouble come as long as the work goes on: all kinds in turn, in ever another order.
pub(super) fn come(world: &World<'_>, mut rng: Rng) {
    while world.goes_on() {
        let mut troubles = ALL;
        rng.shuffle(&mut troubles);
        for trouble in troubles {
            sleep(Duration::from_millis(rng.u64(PAUSE)));
            if !world.goes_on() {
                break;
            }
            world.note_trouble(trouble.name());
            trouble.happen(world);
        }
    }
    world.rig.cloud.fault(Fault::Clear);
}

impl Trouble {
    fn name(self) -> &'static str {
        match self {
            Self::CloudDrops => "the cloud's socket drops",
            Self::CloudAsksToWait => "the cloud asks to wait (429)",
            Self::CloudIsUnavailable => "the cloud is unavailable (503)",
            Self::CloudIsSlow => "the cloud is slow",
            Self::RequestsAreLost => "requests are lost",
            Self::AnswersAreLost => "answers of the cloud are lost",
            Self::UpdatesComeTwice => "updates come twice",
            Self::GatewayDrops => "the gateway's connection drops",
            Self::GatewayDies => "the gateway is killed",
            Self::GatewayRestarts => "the gateway restarts in order",
        }
    }

    fn happen(self, world: &World<'_>) {
        let (cloud, gateway) = (&world.rig.cloud, &world.rig.gateway);
        match self {
            Self::CloudDrops => cloud.fault(Fault::DropSocket),
            Self::CloudAsksToWait => cloud.fault(refusal(429, "rate_limited", 700)),
            Self::CloudIsUnavailable => cloud.fault(refusal(503, "unavailable", 300)),
            Self::CloudIsSlow => {
                cloud.fault(Fault::Delay(SLOW));
                sleep(SLOWNESS);
                cloud.fault(Fault::Delay(Duration::ZERO));
            }
            Self::RequestsAreLost => cloud.fault(loss(Cut::BeforeApplying)),
            Self::AnswersAreLost => cloud.fault(loss(Cut::AfterApplying)),
            Self::UpdatesComeTwice => cloud.fault(Fault::DuplicateUpdates(IN_A_ROW)),
            Self::GatewayDrops => gateway.drop_connections(),
            Self::GatewayDies => world.rig.at_the_gateway(async { gateway.restart(true) }),
            Self::GatewayRestarts => world.rig.at_the_gateway(async {
                if timeout(DRAIN, gateway.restart_gracefully()).await.is_err() {
                    gateway.restart(true);
                }
            }),
        }
    }
}

fn refusal(status: u16, code: &str, retry_after_ms: u64) -> Fault {
    Fault::Answer {
        route: "*".into(),
        status,
        code: code.into(),
        retry_after_ms: Some(retry_after_ms),
        times: IN_A_ROW,
    }
}

fn loss(when: Cut) -> Fault {
    Fault::DropConnection { route: "*".into(), times: IN_A_ROW, when }
}
