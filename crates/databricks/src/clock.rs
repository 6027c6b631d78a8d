//! The service's clock: what it says of its objects' ages is told by its own clock, which a machine's may not agree with.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{DATE, HeaderMap};

/// By how much the service's clock is ahead of this machine's, as its last answer told (RFC 9110, section 6.6.1). Whole seconds.
#[derive(Debug, Default)]
pub(crate) struct Clock(AtomicI64);

impl Clock {
    /// Takes note of an answer that has just come.
    pub(crate) fn answered(&self, headers: &HeaderMap) {
        let date = headers.get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
        if let Some(date) = date {
            self.0.store(seconds(date) - seconds(SystemTime::now()), Ordering::Relaxed);
        }
    }

    /// What the service's clock showed when this machine's showed `time`.
    pub(crate) fn of(&self, time: Timestamp) -> Timestamp {
        time.saturating_add(SignedDuration::from_secs(self.0.load(Ordering::Relaxed))).unwrap_or(time)
    }
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use jiff::Timestamp;
    use reqwest::header::{DATE, HeaderMap};

    use super::Clock;

    #[test]
    fn the_last_answer_tells_the_difference() {
        let clock = Clock::default();
        let time = Timestamp::from_second(1_000_000).unwrap();
        assert_eq!(clock.of(time), time, "before any answer");
        let ahead = |seconds: i64| (clock.of(time).as_second() - 1_000_000 - seconds).abs() <= 1;
        let mut headers = HeaderMap::new();
        for (date, difference) in [
            (SystemTime::now() + Duration::from_secs(300), 300),
            (SystemTime::now() - Duration::from_secs(300), -300),
            (SystemTime::now(), 0),
        ] {
            headers.insert(DATE, httpdate::fmt_http_date(date).parse().unwrap());
            clock.answered(&headers);
            assert!(ahead(difference), "{difference}");
        }
        headers.insert(DATE, "yesterday".parse().unwrap());
        clock.answered(&headers);
        clock.answered(&HeaderMap::new());
        assert!(ahead(0), "what cannot be read says nothing");
    }
}
