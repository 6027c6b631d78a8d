//! How fast requests go out. Pure: the time is given, the caller sleeps.
//!
//! The limits of the API differ from kind to kind and are not told, so each kind of request goes as fast as it comes until the service
//! throttles it (429, `REQUEST_LIMIT_EXCEEDED`). Then that kind halves its rate, waits as long as it was told, and gains a request a
//! second every second (additive increase, multiplicative decrease, as in RFC 5681). A configured limit is a cap on all kinds together.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// No kind of request becomes slower than this many a second: `Retry-After` and the back-off of each request do the rest.
const SLOWEST: f64 = 4.0;
/// A kind that has become this fast again is free.
const FREE: f64 = 500.0;

/// The pace of a client.
#[derive(Debug)]
pub(crate) struct Limiter {
    cap: Option<Bucket>,
    kinds: BTreeMap<String, Pace>,
}

impl Limiter {
    /// A pace without a limit but `cap` requests a second.
    pub(crate) fn new(cap: Option<u32>, now: Instant) -> Self {
        Self { cap: cap.map(|rate| Bucket::new(f64::from(rate.max(1)), now)), kinds: BTreeMap::new() }
    }

    /// Takes a turn for a request of this path, and says how long to wait for it.
    pub(crate) fn take(&mut self, path: &str, now: Instant) -> Duration {
        let capped = self.cap.as_mut().map(|bucket| bucket.take(now)).unwrap_or_default();
        self.pace(path, now).take(now).max(capped)
    }

    /// A request that went out at `begun` was throttled, and told to wait.
    pub(crate) fn throttled(&mut self, path: &str, begun: Instant, now: Instant, wait: Duration) {
        self.pace(path, now).throttled(begun, now, wait);
    }

    /// A request that went out at `begun` was not throttled.
    pub(crate) fn answered(&mut self, path: &str, begun: Instant) {
        if let Some(pace) = self.kinds.get_mut(kind(path)) {
            pace.answered(begun);
        }
    }

    fn pace(&mut self, path: &str, now: Instant) -> &mut Pace {
        self.kinds.entry(kind(path).to_owned()).or_insert_with(|| Pace::new(now))
    }
}

/// The kind of a request: `clusters` of `/api/2.1/clusters/get`, `scim` of `/api/2.0/accounts/ID/scim/v2/Users`. Versions and ids have digits.
fn kind(path: &str) -> &str {
    let is_kind = |segment: &&str| {
        !segment.is_empty()
            && !matches!(*segment, "api" | "preview" | "accounts")
            && !segment.bytes().any(|byte| byte.is_ascii_digit())
    };
    path.split('/').find(is_kind).unwrap_or_default()
}

/// The pace of one kind of request.
#[derive(Debug)]
struct Pace {
    /// Requests of the last second, about: each counts less the older it is.
    recent: f64,
    counted: Instant,
    /// Set while the service throttles.
    slow: Option<Slow>,
}

#[derive(Debug)]
struct Slow {
    bucket: Bucket,
    /// When the rate was last lowered: what went out before says nothing about the new rate.
    since: Instant,
}

impl Pace {
    fn new(now: Instant) -> Self {
        Self { recent: 0.0, counted: now, slow: None }
    }

    fn take(&mut self, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(self.counted).as_secs_f64();
        self.recent = self.recent * (-passed).exp() + 1.0;
        self.counted = self.counted.max(now);
        self.slow.as_mut().map(|slow| slow.bucket.take(now)).unwrap_or_default()
    }

    fn throttled(&mut self, begun: Instant, now: Instant, wait: Duration) {
        let until = now + wait;
        match &mut self.slow {
            Some(slow) if begun < slow.since => slow.bucket.pause(until),
            slow => {
                let rate = slow.as_ref().map_or(self.recent, |slow| slow.bucket.rate);
                let mut bucket = Bucket { burst: 1.0, tokens: 0.0, ..Bucket::new((rate / 2.0).max(SLOWEST), now) };
                bucket.pause(until);
                *slow = Some(Slow { bucket, since: now });
            }
        }
    }

    fn answered(&mut self, begun: Instant) {
        let Some(slow) = &mut self.slow else { return };
        if begun >= slow.since {
            slow.bucket.rate += 1.0 / slow.bucket.rate;
        }
        if slow.bucket.rate >= FREE {
            self.slow = None;
        }
    }
}

/// A token bucket. It may be in debt: whoever takes from an empty one is told how long to wait for its turn.
#[derive(Debug)]
struct Bucket {
    rate: f64,
    burst: f64,
    tokens: f64,
    /// When the tokens were counted; in the future while the bucket pauses.
    at: Instant,
}

impl Bucket {
    /// A full bucket of `rate` requests, refilled with `rate` a second.
    fn new(rate: f64, now: Instant) -> Self {
        Self { rate, burst: rate, tokens: rate, at: now }
    }

    fn take(&mut self, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + passed * self.rate).min(self.burst) - 1.0;
        self.at = now.max(self.at);
        let debt = Duration::try_from_secs_f64(-self.tokens / self.rate).unwrap_or_default();
        self.at.saturating_duration_since(now) + debt
    }

    /// Gives out nothing until then.
    fn pause(&mut self, until: Instant) {
        self.at = self.at.max(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/api/2.1/clusters/get";

    #[test]
    fn without_a_word_from_the_service_nothing_waits() {
        let start = Instant::now();
        let mut limiter = Limiter::new(None, start);
        assert!((0..1_000).all(|_| limiter.take(PATH, start).is_zero()));
    }

    #[test]
    fn under_a_cap_a_burst_passes_and_the_rest_queues() {
        let start = Instant::now();
        let mut limiter = Limiter::new(Some(15), start);
        assert!(
            (0..15).all(|at| limiter.take(if at % 2 == 0 { PATH } else { "/api/2.0/token/list" }, start).is_zero())
        );
        let waits: Vec<u128> = (0..3).map(|_| limiter.take(PATH, start).as_millis()).collect();
        assert_eq!(waits, [66, 133, 200]);
        assert!(limiter.take(PATH, start + Duration::from_secs(2)).is_zero());
    }

    #[test]
    fn a_throttled_kind_halves_its_rate_once_and_waits_as_it_is_told() {
        let start = Instant::now();
        let mut limiter = Limiter::new(None, start);
        (0..40).for_each(|_| assert!(limiter.take(PATH, start).is_zero()));
        let now = start + Duration::from_millis(1);
        // The answers of one burst are one word of the service.
        (0..5).for_each(|_| limiter.throttled(PATH, start, now, Duration::from_secs(2)));
        let waits: Vec<u128> = (0..3).map(|_| limiter.take(PATH, now).as_millis()).collect();
        assert_eq!(waits, [2050, 2100, 2150], "20 a second from then on");
        assert!(limiter.take("/api/2.0/token/list", now).is_zero(), "other kinds go on");
        let later = now + Duration::from_secs(3);
        limiter.throttled(PATH, later, later, Duration::ZERO);
        let waits: Vec<u128> = (0..2).map(|_| limiter.take(PATH, later).as_millis()).collect();
        assert_eq!(waits, [100, 200], "10 a second");
    }

    #[test]
    fn a_kind_that_is_not_throttled_any_more_gains_one_a_second_each_second() {
        let start = Instant::now();
        let mut limiter = Limiter::new(None, start);
        limiter.take(PATH, start);
        limiter.throttled(PATH, start, start, Duration::ZERO);
        let mut now = start;
        let mut sent = Vec::new();
        for _ in 0..3 {
            let (second, mut count) = (now + Duration::from_secs(1), 0);
            while now < second {
                now += limiter.take(PATH, now);
                limiter.answered(PATH, now);
                count += 1;
            }
            sent.push(count);
        }
        assert!(sent[0] >= 4 && sent[0] < sent[1] && sent[1] < sent[2] && sent[2] < 10, "{sent:?}");
        (0..200_000).for_each(|_| limiter.answered(PATH, now));
        assert!((0..1_000).all(|_| limiter.take(PATH, now).is_zero()), "it is free again");
    }

    #[test]
    fn what_went_out_before_the_rate_was_lowered_does_not_raise_it() {
        let start = Instant::now();
        let mut limiter = Limiter::new(None, start);
        limiter.throttled(PATH, start, start + Duration::from_secs(1), Duration::ZERO);
        (0..1_000).for_each(|_| limiter.answered(PATH, start));
        assert_eq!(limiter.take(PATH, start + Duration::from_secs(1)).as_millis(), 250);
    }

    #[test]
    fn the_kind_of_a_request_is_the_first_word_of_its_path() {
        let check = |path: &str, expected: &str| assert_eq!(kind(path), expected, "{path}");
        check("/api/2.1/clusters/get", "clusters");
        check("/api/2.0/preview/scim/v2/Me", "scim");
        check("/api/2.0/accounts/0e1f2a3b-0000-4000-8000-000000000000/scim/v2/Users/7", "scim");
        check("/api/2.0/accounts/servicePrincipals/7/credentials/secrets", "servicePrincipals");
        check("/storage-configurations/7", "storage-configurations");
        check("/", "");
    }
}
