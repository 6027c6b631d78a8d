//! Times as numbers, and as people read them.

use std::time::{Duration, SystemTime};

/// A duration in milliseconds.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Milliseconds since 1970.
pub(crate) fn now() -> i64 {
    millis(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

/// A time as a date and a clock show it: `2026-11-29 22:00:15 UTC`.
pub(crate) fn stamp(at: i64) -> String {
    formatted(at, "%Y-%m-%d %H:%M:%S UTC")
}

/// A time as RFC 3339 writes it: `2026-11-29T22:00:15Z`.
pub(crate) fn rfc3339(at: i64) -> String {
    formatted(at, "%Y-%m-%dT%H:%M:%SZ")
}

/// A time as a clock shows it: `22:00:15`.
pub(crate) fn clock(at: i64) -> String {
    formatted(at, "%H:%M:%S")
}

fn formatted(at: i64, format: &str) -> String {
    jiff::Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), |at| at.strftime(format).to_string())
}

/// How long something takes, in whole seconds: `1h 3m 20s`.
pub(crate) fn span(from: i64, to: i64) -> String {
    let seconds = u64::try_from(to.saturating_sub(from) / 1000).unwrap_or_default();
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_whole_seconds() {
        assert_eq!(stamp(1_796_000_415_999), "2026-11-30 01:00:15 UTC");
        assert_eq!(clock(1_796_000_415_999), "01:00:15");
        assert_eq!(span(1_000, 3_801_999), "1h 3m 20s");
        assert_eq!((span(5, 5), span(9, 5)), ("0s".to_owned(), "0s".to_owned()));
    }
}
