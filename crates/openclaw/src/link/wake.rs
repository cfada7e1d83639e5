use std::time::{Duration, SystemTime};

use tokio::time::sleep;

/// How often the clock on the wall is looked at.
const CHECK: Duration = Duration::from_secs(5);
/// How late a look may be before it counts as sleep.
const LATE: Duration = Duration::from_secs(12);

/// Returns once this computer has slept: while it sleeps its timers stand still, but not the
/// clock on the wall.
pub(super) async fn wait_for_wake() {
    loop {
        let before = SystemTime::now();
        sleep(CHECK).await;
        if slept(before, SystemTime::now()) {
            return;
        }
    }
}

/// Says whether more time passed between two looks than a busy computer explains. A clock that is
/// set back shows nothing.
fn slept(before: SystemTime, now: SystemTime) -> bool {
    now.duration_since(before).is_ok_and(|passed| passed > CHECK + LATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_comes_far_too_late_is_a_wake() {
        let before = SystemTime::UNIX_EPOCH;
        assert!(slept(before, before + Duration::from_secs(18)));
        assert!(slept(before, before + Duration::from_secs(8 * 3600)));
    }

    #[test]
    fn a_busy_computer_and_a_clock_set_back_are_no_wake() {
        let before = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
        assert!(!slept(before, before + CHECK));
        assert!(!slept(before, before + Duration::from_secs(17)));
        assert!(!slept(before, SystemTime::UNIX_EPOCH));
    }
}
