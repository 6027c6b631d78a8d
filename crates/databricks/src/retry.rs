//! Whether a request is sent again, and when. Pure: the caller counts, looks at the clock and sleeps.
//!
//! A request that certainly did nothing is repeated whatever it is: it was not sent, or the service was too busy (429,
//! `REQUEST_LIMIT_EXCEEDED`, which SCIM sends with a 500, a 503 that says when to come back, and a workspace that is too young). A read is also repeated
//! when the service fails with a 500. A request that may have taken effect, because its
//! answer was lost or a gateway gave up, is repeated only if a second time changes nothing more. The service's `Retry-After` and `RetryInfo` are obeyed.

use std::time::Duration;

use crate::error::ApiError;

/// How an attempt went.
#[derive(Debug)]
pub(crate) enum Outcome<'a> {
    /// No connection could be made: the service has not seen the request.
    NotSent,
    /// The request was sent and its answer was lost.
    Lost,
    /// The service refused.
    Refused(&'a ApiError),
}

/// An attempt and its surroundings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    /// 1 for the first one.
    pub(crate) number: u32,
    /// Time since the first one began.
    pub(crate) elapsed: Duration,
    /// Time that all may take.
    pub(crate) limit: Duration,
    /// Whether a second time changes nothing more.
    pub(crate) repeatable: bool,
    /// Whether it changes nothing at all.
    pub(crate) read: bool,
    /// 0 to 1, evenly distributed.
    pub(crate) jitter: f64,
}

/// A read that the service fails to serve is given this long: its fault may be a passing one, or a lasting one that people wait for.
const FAULT_LIMIT: Duration = Duration::from_secs(20);
/// A service that nobody can connect to is given this long: a typo in a host must not take minutes to show.
const CONNECT_LIMIT: Duration = Duration::from_secs(8);
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);

/// How long to wait before the next attempt; `None`: this was the last one.
pub(crate) fn next(attempt: &Attempt, outcome: &Outcome<'_>) -> Option<Duration> {
    let jitter = Duration::from_millis(50) + Duration::from_millis(700).mul_f64(attempt.jitter.clamp(0.0, 1.0));
    let backoff = Duration::from_secs(attempt.number.into()).min(LONGEST_BACKOFF) + jitter;
    let (wait, limit) = match outcome {
        Outcome::NotSent => (backoff, attempt.limit.min(CONNECT_LIMIT)),
        Outcome::Lost => (attempt.repeatable.then_some(backoff)?, attempt.limit),
        Outcome::Refused(error) => {
            let busy = error.is_throttled() || error.is_young_workspace();
            let away = attempt.repeatable && matches!(error.status, 502..=504);
            let fault = attempt.read && error.status == 500;
            let wait = error.retry_after.map_or(backoff, |wait| wait + jitter);
            let limit = if busy || away { attempt.limit } else { attempt.limit.min(FAULT_LIMIT) };
            ((busy || away || fault).then_some(wait)?, limit)
        }
    };
    (attempt.elapsed + wait <= limit).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(number: u32, elapsed: u64, repeatable: bool) -> Attempt {
        Attempt {
            number,
            elapsed: Duration::from_secs(elapsed),
            limit: Duration::from_secs(300),
            repeatable,
            read: repeatable,
            jitter: 0.0,
        }
    }

    fn refused(status: u16, code: Option<&str>, message: &str, retry_after: Option<u64>) -> ApiError {
        ApiError {
            status,
            code: code.map(str::to_owned),
            message: message.to_owned(),
            retry_after: retry_after.map(Duration::from_secs),
            ..ApiError::default()
        }
    }

    #[test]
    fn only_what_certainly_did_nothing_is_repeated_blindly() {
        let check = |error: ApiError, create: Option<u64>, read: Option<u64>| {
            let seconds =
                |repeatable| next(&attempt(1, 0, repeatable), &Outcome::Refused(&error)).map(|wait| wait.as_secs());
            assert_eq!((seconds(false), seconds(true)), (create, read), "{error:?}");
        };
        check(refused(429, None, "", None), Some(1), Some(1));
        check(refused(429, None, "", Some(7)), Some(7), Some(7));
        check(refused(500, Some("REQUEST_LIMIT_EXCEEDED"), "", None), Some(1), Some(1));
        check(refused(503, None, "", Some(3)), Some(3), Some(3));
        check(refused(503, None, "", None), None, Some(1));
        check(refused(502, None, "", None), None, Some(1));
        check(refused(504, None, "", None), None, Some(1));
        check(refused(500, None, "", None), None, Some(1));
        check(refused(400, None, "bad", None), None, None);
        check(refused(400, None, "There is no worker environment with id 1", None), Some(1), Some(1));
        check(refused(404, None, "", Some(1)), None, None);
    }

    #[test]
    fn a_fault_of_the_service_repeats_a_read_for_a_while_and_no_change() {
        let error = refused(500, Some("INTERNAL_ERROR"), "", None);
        assert!(next(&attempt(3, 10, true), &Outcome::Refused(&error)).is_some());
        assert!(next(&attempt(5, 18, true), &Outcome::Refused(&error)).is_none());
        let put = Attempt { read: false, ..attempt(1, 0, true) };
        assert!(next(&put, &Outcome::Refused(&error)).is_none());
    }

    #[test]
    fn a_lost_answer_repeats_a_read_and_never_a_create() {
        assert!(next(&attempt(1, 0, true), &Outcome::Lost).is_some());
        assert!(next(&attempt(1, 0, false), &Outcome::Lost).is_none());
        assert!(next(&attempt(1, 0, false), &Outcome::NotSent).is_some());
    }

    #[test]
    fn waits_grow_to_ten_seconds_and_carry_jitter() {
        let wait =
            |number, jitter| next(&Attempt { jitter, ..attempt(number, 0, true) }, &Outcome::Lost).unwrap().as_millis();
        assert_eq!((wait(1, 0.0), wait(3, 1.0), wait(40, 0.0)), (1050, 3750, 10_050));
    }

    #[test]
    fn it_ends_at_the_limit_and_sooner_when_nobody_listens() {
        assert!(next(&attempt(9, 295, true), &Outcome::Lost).is_none());
        assert!(next(&attempt(1, 0, true), &Outcome::Refused(&refused(429, None, "", Some(301)))).is_none());
        assert!(next(&attempt(3, 6, true), &Outcome::NotSent).is_none());
        assert!(next(&attempt(2, 2, true), &Outcome::NotSent).is_some());
    }
}
