//! Tells that this machine slept: connections are lost then, whatever they say.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// A jump of the clock that is a sleep.
const SLEPT: Duration = Duration::from_secs(30);

/// Tells a machine that slept: its clock went on, and its timers did not.
pub(super) struct Awake {
    timers: Instant,
    clock: SystemTime,
}

impl Awake {
    pub(super) fn now() -> Self {
        Self { timers: Instant::now(), clock: SystemTime::now() }
    }

    /// Whether the machine slept since the last question.
    pub(super) fn slept(&mut self) -> bool {
        let before = std::mem::replace(self, Self::now());
        let clock = self.clock.duration_since(before.clock).unwrap_or_default();
        is_sleep(clock, self.timers.duration_since(before.timers))
    }
}

/// Whether the clock went on for so much longer than the timers that the machine slept. A clock that is set a little is none.
fn is_sleep(clock: Duration, timers: Duration) -> bool {
    clock > timers + SLEPT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_is_told_from_a_clock_that_is_set() {
        let check = |clock: u64, timers: u64, expected: bool| {
            assert_eq!(is_sleep(Duration::from_secs(clock), Duration::from_secs(timers)), expected, "{clock} {timers}");
        };
        check(5, 5, false);
        check(7, 5, false);
        check(0, 5, false);
        check(3600, 5, true);
        check(3600, 3600, false);
    }
}
