//! A token bucket: so many requests a second, as many at once after a rest. Pure: the time is given, the caller sleeps.

use std::time::{Duration, Instant};

/// The bucket. It may be in debt: whoever takes from an empty one is told how long to wait for its turn.
#[derive(Debug)]
pub(crate) struct Limiter {
    rate: f64,
    tokens: f64,
    at: Instant,
    not_before: Instant,
}

impl Limiter {
    /// A full bucket of `rate` requests, refilled with `rate` a second. The API's limit for one client is 15.
    pub(crate) fn new(rate: u32, now: Instant) -> Self {
        let rate = f64::from(rate.max(1));
        Self { rate, tokens: rate, at: now, not_before: now }
    }

    /// Takes one and says how long to wait before it may be used.
    pub(crate) fn take(&mut self, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + passed * self.rate).min(self.rate) - 1.0;
        self.at = now.max(self.at);
        let debt = Duration::try_from_secs_f64(-self.tokens / self.rate).unwrap_or_default();
        debt.max(self.not_before.saturating_duration_since(now))
    }

    /// Holds everybody back: the service asked for it.
    pub(crate) fn pause(&mut self, until: Instant) {
        self.not_before = self.not_before.max(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_the_rest_queues() {
        let start = Instant::now();
        let mut limiter = Limiter::new(15, start);
        assert!((0..15).all(|_| limiter.take(start).is_zero()));
        let waits: Vec<u128> = (0..3).map(|_| limiter.take(start).as_millis()).collect();
        assert_eq!(waits, [66, 133, 200]);
        assert!(limiter.take(start + Duration::from_secs(2)).is_zero());
    }

    #[test]
    fn a_pause_holds_for_all() {
        let start = Instant::now();
        let mut limiter = Limiter::new(15, start);
        limiter.pause(start + Duration::from_secs(5));
        assert_eq!(limiter.take(start).as_secs(), 5);
        assert!(limiter.take(start + Duration::from_secs(6)).is_zero());
    }
}
