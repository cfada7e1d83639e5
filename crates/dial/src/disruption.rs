//! Notices what makes open connections stale, and new ones possible: the computer slept, or is on
//! another network now.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant, SystemTime};

/// How much later than due a look must come to mean sleep rather than a busy computer.
const LATE: Duration = Duration::from_secs(12);
/// Addresses that stand for the whole internet: reserved for documentation, they lie on the
/// default routes, and nothing is ever sent to them.
const ANYWHERE: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

/// What happened to this computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disruption {
    /// It slept.
    Woke,
    /// It reaches the internet another way than before, or again, or no more.
    OtherNetwork,
}

/// The way from this computer to the internet: the addresses that it would send from.
///
/// Two networks that hand out the same address look alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network([Option<IpAddr>; 2]);

impl Network {
    /// Names the network in which this computer has these addresses, of the older and of the newer
    /// internet protocol.
    pub const fn of(addresses: [Option<IpAddr>; 2]) -> Self {
        Self(addresses)
    }

    /// Asks the system's routes, which is cheap and sends nothing.
    pub fn current() -> Self {
        Self(ANYWHERE.map(source_towards))
    }
}

/// Waits until this computer slept or changed its network, looking this often.
pub async fn disruption(look_every: Duration) -> Disruption {
    let mut before = Look::now();
    loop {
        tokio::time::sleep(look_every).await;
        let now = Look::now();
        if let Some(disruption) = now.disrupted_since(&before, look_every) {
            return disruption;
        }
        before = now;
    }
}

/// Says whether more time than a busy computer explains passed between two looks that were due
/// this far apart. On some systems the monotonic clock stops while the computer sleeps, and the
/// wall clock is the only one that tells; one that was set back tells nothing.
pub fn slept(due: Duration, monotonic: Duration, before: SystemTime, now: SystemTime) -> bool {
    monotonic.max(now.duration_since(before).unwrap_or_default()) > due + LATE
}

struct Look {
    at: Instant,
    wall: SystemTime,
    network: Network,
}

impl Look {
    fn now() -> Self {
        Self { at: Instant::now(), wall: SystemTime::now(), network: Network::current() }
    }

    fn disrupted_since(&self, before: &Self, due: Duration) -> Option<Disruption> {
        if slept(due, self.at - before.at, before.wall, self.wall) {
            return Some(Disruption::Woke);
        }
        (self.network != before.network).then_some(Disruption::OtherNetwork)
    }
}

/// A datagram socket chooses its own address as soon as it is told the other one.
fn source_towards(anywhere: IpAddr) -> Option<IpAddr> {
    let unspecified: IpAddr = match anywhere {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind(SocketAddr::from((unspecified, 0))).ok()?;
    socket.connect(SocketAddr::from((anywhere, 9))).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn look() -> Look {
        Look {
            at: Instant::now(),
            wall: SystemTime::UNIX_EPOCH + 1_000_000 * S,
            network: Network([Some(Ipv4Addr::new(10, 0, 0, 7).into()), None]),
        }
    }

    #[test]
    fn a_look_far_too_late_by_either_clock_is_a_wake() {
        let before = look();
        for (monotonic, wall, woke) in
            [(5, 18, true), (18, 5, true), (5, 8 * 3600, true), (5, 17, false), (17, 17, false)]
        {
            let (at, wall) = (before.at + monotonic * S, before.wall + wall * S);
            let now = Look { at, wall, network: before.network };
            let expected = woke.then_some(Disruption::Woke);
            assert_eq!(now.disrupted_since(&before, 5 * S), expected, "{monotonic} {wall:?}");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_is_no_wake() {
        let before = look();
        let now = Look { at: before.at + 5 * S, wall: before.wall - 3600 * S, ..look() };
        assert_eq!(now.disrupted_since(&before, 5 * S), None);
    }

    #[test]
    fn another_address_to_send_from_is_another_network_and_so_is_none() {
        let before = look();
        let later = |network| Look { at: before.at + S, wall: before.wall + S, network };
        for other in [Network([Some(Ipv4Addr::new(10, 8, 0, 2).into()), None]), Network([None; 2])]
        {
            let disruption = later(other).disrupted_since(&before, S);
            assert_eq!(disruption, Some(Disruption::OtherNetwork));
        }
        assert_eq!(later(before.network).disrupted_since(&before, S), None);
    }

    #[test]
    fn the_network_stays_the_same_as_long_as_nothing_happens() {
        assert_eq!(Network::current(), Network::current());
    }

    #[test]
    fn this_computer_reaches_itself_from_its_own_loopback_address() {
        let loopback: IpAddr = Ipv4Addr::LOCALHOST.into();
        assert_eq!(source_towards(loopback), Some(loopback));
    }
}
