//! When a secret that expires is due for a new one. Pure.

use jiff::Timestamp;

/// Whether a secret that expires at `expiry` is to be replaced at `now`, as `rotate_before` (seconds) asks. A secret that
/// never expires (`None`), or that nobody asked to rotate, is never due.
pub(crate) fn due(expiry: Option<Timestamp>, rotate_before: Option<i64>, now: Timestamp) -> bool {
    match (expiry, rotate_before) {
        (Some(expiry), Some(before)) => now.as_second().saturating_add(before) >= expiry.as_second(),
        _ => false,
    }
}

/// The expiry of a token as the API tells it, in milliseconds since 1970: −1 and 0 are never (issue 4443 of the official
/// provider).
pub(crate) fn expiry(milliseconds: i64) -> Option<Timestamp> {
    if milliseconds <= 0 { None } else { Timestamp::from_millisecond(milliseconds).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_due_from_its_margin_on() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let check = |expiry: Option<i64>, before: Option<i64>, now: i64, expected: bool| {
            assert_eq!(due(expiry.map(at), before, at(now)), expected, "{expiry:?} {before:?} {now}");
        };
        check(Some(1_000), Some(100), 899, false);
        check(Some(1_000), Some(100), 900, true);
        check(Some(1_000), Some(100), 2_000, true);
        check(Some(1_000), None, 2_000, false);
        check(None, Some(100), 2_000, false);
        check(Some(1_000), Some(i64::MAX), 0, true);
    }

    #[test]
    fn minus_one_and_zero_are_never() {
        for (milliseconds, expected) in [(-1, None), (0, None), (1_500, Timestamp::from_millisecond(1_500).ok())] {
            assert_eq!(expiry(milliseconds), expected, "{milliseconds}");
        }
    }
}
