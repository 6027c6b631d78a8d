//! How many bytes may be on the way. It doubles as long as that makes it quicker: a connection of which more is held than its
//! bandwidth times its round trip only has longer queues.

use tokio::time::Instant;

/// Bytes at first: enough for a local network.
const FIRST: u64 = 2 * 1024 * 1024;
/// Bytes at most: what an OpenSSH server holds in memory before it becomes slower (measured).
pub const MOST: u64 = 16 * 1024 * 1024;
/// What counts as quicker.
const QUICKER: f64 = 1.15;

#[derive(Debug)]
pub(super) struct Pace {
    window: u64,
    /// Bytes per second of the quickest round.
    best: f64,
    /// The running round: one window's bytes.
    began: Instant,
    bytes: u64,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self { window: FIRST, best: 0.0, began: now, bytes: 0 }
    }

    pub(super) fn window(&self) -> u64 {
        self.window
    }

    /// So many bytes have arrived at the other end, or from there.
    pub(super) fn carried(&mut self, bytes: u64, now: Instant) {
        self.bytes += bytes;
        if self.bytes < self.window {
            return;
        }
        #[allow(clippy::cast_precision_loss)]
        let rate = self.bytes as f64 / (now - self.began).as_secs_f64().max(1e-6);
        if rate > self.best * QUICKER {
            self.best = rate;
            self.window = (self.window * 2).min(MOST);
        }
        (self.began, self.bytes) = (now, 0);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The window after two seconds on a line of this round trip and bandwidth (bytes per second).
    fn after(round_trip: Duration, bandwidth: f64) -> u64 {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let mut now = start;
        while now < start + Duration::from_secs(2) {
            #[allow(clippy::cast_precision_loss)]
            let line = Duration::from_secs_f64(pace.window() as f64 / bandwidth);
            now += round_trip.max(line);
            pace.carried(pace.window(), now);
        }
        pace.window()
    }

    #[test]
    fn a_long_line_is_filled_and_a_short_one_not_overfilled() {
        assert_eq!(after(Duration::from_millis(40), 1e9), MOST);
        assert_eq!(after(Duration::from_millis(1), 400e6), 2 * FIRST);
        // 100 MB/s at 40 ms hold 4 MB.
        assert!((4_000_000..=9_000_000).contains(&after(Duration::from_millis(40), 100e6)));
    }
}
