//! When a secret that expires is due for a new one, and when a plan says so. Pure.

use jiff::{SignedDuration, Timestamp};
use tfplugin::Diagnostic;

/// From when on before its end a plan says that a secret expires: two weeks, or half of its life if that is less.
const NOTICE: SignedDuration = SignedDuration::from_hours(14 * 24);

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

/// What a plan at `now` says of a secret that it keeps, that nobody asked to rotate, and that expires soon.
pub(crate) fn notice(
    name: &str,
    issued: Option<Timestamp>,
    expiry: Option<Timestamp>,
    now: Timestamp,
) -> Option<Diagnostic> {
    let expiry = expiry?;
    let life = issued.map_or(NOTICE * 2, |issued| expiry.duration_since(issued));
    if now < expiry.checked_sub(NOTICE.min(life / 2)).ok()? {
        return None;
    }
    let date = expiry.strftime("%Y-%m-%d %H:%M UTC");
    let verb = if now < expiry { "expires" } else { "has expired:" };
    Some(Diagnostic::warning(
        format!("{name} {verb} {date}"),
        "Nothing can sign in with it from then on. Set rotate_before_seconds, and an apply from that many seconds before the end \
         on renews it in place; or renew it now with terraform apply -replace=ADDRESS. In the deployment that this provider comes with, \
         scripts/reset_tokens.sh renews what store_tokens hands on.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_said_two_weeks_or_half_a_life_ahead() {
        let at = |day: i64| Timestamp::from_second(day * 86_400).unwrap();
        let check = |issued: Option<i64>, expiry: Option<i64>, now: i64, expected: Option<&str>| {
            let said = notice("the token \"t\"", issued.map(at), expiry.map(at), at(now)).map(|it| it.summary);
            assert_eq!(said.as_deref(), expected, "{issued:?} {expiry:?} {now}");
        };
        check(Some(0), Some(90), 75, None);
        check(Some(0), Some(90), 76, Some("the token \"t\" expires 1970-04-01 00:00 UTC"));
        check(Some(0), Some(90), 90, Some("the token \"t\" has expired: 1970-04-01 00:00 UTC"));
        check(Some(0), Some(8), 3, None);
        check(Some(0), Some(8), 4, Some("the token \"t\" expires 1970-01-09 00:00 UTC"));
        check(None, Some(90), 76, Some("the token \"t\" expires 1970-04-01 00:00 UTC"));
        check(Some(0), None, 1000, None);
    }

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
