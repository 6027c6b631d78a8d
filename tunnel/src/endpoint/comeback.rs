//! How a session comes back after its connection was lost: how soon it is tried again, what is final, and what is said meanwhile.
//! Pure.

use std::time::Duration;

use tokio::time::Instant;

use crate::session::Broken;

/// Time between two tries: soon at first, then the official client's.
const PAUSES: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(100), Duration::from_millis(300), Duration::from_secs(1)];
const PAUSE: Duration = Duration::from_secs(2);
/// The same where the sign-in fails: a service that issues tokens is not to be asked every other second.
const SIGN_IN_PAUSE: Duration = Duration::from_secs(5);
/// A connection that lasted this long did not flap.
const STEADY: Duration = Duration::from_secs(5);
/// How long nothing is said about a lost connection.
const UNNOTICED: Duration = Duration::from_secs(3);

/// Why a try failed, and whether another makes sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failed {
    /// The network or the server: another may succeed.
    Now(String),
    /// No token could be had, or a new one was refused: credentials may come back.
    SignIn(String),
    /// The session has ended.
    Forever(String),
}

/// How fast one session's tries follow each other, over all of its connections: where one is cut as soon as it is made, they
/// become rare as if it had never been made.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When the present connection was made, and how far the two ends had delivered then.
    attached: Option<(Instant, [u64; 2])>,
    /// Connections in a row that carried nothing.
    fruitless: usize,
    /// Tries since the connection was lost, and those that a flap counts for.
    tries: usize,
}

impl Pace {
    /// A connection was made, and the two ends have delivered this far.
    pub(super) fn attached(&mut self, now: Instant, delivered: [u64; 2]) {
        let was_fruitless = self.attached.is_some_and(|(_, before)| before == delivered);
        self.fruitless = if was_fruitless { self.fruitless + 1 } else { 0 };
        self.attached = Some((now, delivered));
    }

    /// It was lost.
    pub(super) fn lost(&mut self, now: Instant) {
        let was_steady = self.attached.is_none_or(|(since, _)| now >= since + STEADY);
        self.tries = if was_steady { 0 } else { 1 + self.fruitless };
    }

    /// Time until the next try, after the last one's failure if there was one.
    pub(super) fn pause(&mut self, failed: Option<&Failed>) -> Duration {
        let pause = PAUSES.get(self.tries).copied().unwrap_or(PAUSE);
        self.tries += 1;
        if matches!(failed, Some(Failed::SignIn(_))) { SIGN_IN_PAUSE } else { pause }
    }
}

/// One lost connection, until there is another.
#[derive(Debug)]
pub(super) struct Comeback {
    lost: String,
    budget: Duration,
    last: Failed,
    is_said: bool,
    is_sign_in_said: bool,
}

impl Comeback {
    /// It was lost for this reason, and another is tried for as long as `budget`.
    pub(super) fn new(lost: &Broken, budget: Duration) -> Self {
        let last = Failed::Now("there was no answer".to_owned());
        Self { lost: lost.to_string(), budget, last, is_said: false, is_sign_in_said: false }
    }

    /// A try failed, so long after the loss: what is to be said, if anything.
    ///
    /// # Errors
    /// [`Broken::Gone`] when the session has ended.
    pub(super) fn failed(&mut self, failed: Failed, elapsed: Duration) -> Result<Option<String>, Broken> {
        let Self { lost, .. } = self;
        let minutes = self.budget.as_secs().div_ceil(60);
        let words = match &failed {
            Failed::Forever(answer) => {
                return Err(Broken::Gone { lost: lost.clone(), answer: answer.clone() });
            }
            Failed::SignIn(reason) if !self.is_sign_in_said => {
                self.is_sign_in_said = true;
                Some(format!("{lost}, and signing in again fails: {reason}; trying again for {minutes} minutes"))
            }
            _ if !self.is_said && elapsed > UNNOTICED => Some(format!("{lost}; trying again for {minutes} minutes")),
            _ => None,
        };
        self.is_said |= words.is_some();
        self.last = failed;
        Ok(words)
    }

    /// The last try's failure.
    pub(super) fn last(&self) -> &Failed {
        &self.last
    }

    /// There is another connection: what is to be said, if the loss was.
    pub(super) fn succeeded(&self, elapsed: Duration) -> Option<String> {
        self.is_said.then(|| format!("connected again after {} seconds", elapsed.as_secs()))
    }

    /// There was no other in time.
    pub(super) fn abandoned(self) -> Broken {
        let (Failed::Now(last) | Failed::SignIn(last) | Failed::Forever(last)) = self.last;
        Broken::Abandoned { lost: self.lost, after: self.budget, last }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    /// The pauses before this many tries in a row.
    fn pauses<const N: usize>(pace: &mut Pace) -> [u128; N] {
        std::array::from_fn(|_| pace.pause(None).as_millis())
    }

    #[test]
    fn a_lost_connection_is_replaced_at_once_and_an_outage_is_asked_about_every_other_second() {
        let mut pace = Pace::default();
        let now = Instant::now();
        pace.attached(now, [0, 0]);
        pace.lost(now + STEADY);
        assert_eq!(pauses(&mut pace), [0, 100, 300, 1000, 2000, 2000]);
    }

    #[test]
    fn a_flap_backs_off_and_a_steady_connection_makes_good() {
        let mut pace = Pace::default();
        let mut now = Instant::now();
        let mut dials = 0;
        pace.lost(now);
        let end = now + Duration::from_secs(60);
        while now < end {
            now += pace.pause(None);
            dials += 1;
            pace.attached(now, [7, 7]);
            now += 20 * MILLISECOND;
            pace.lost(now);
        }
        assert!((25..=35).contains(&dials), "{dials} dials in a minute");
        // What carries something is tried again sooner, and never without a pause.
        for delivered in 8..20 {
            pace.attached(now, [delivered, 7]);
            now += 20 * MILLISECOND;
            pace.lost(now);
            assert_eq!(pauses(&mut pace), [100]);
        }
        pace.attached(now, [20, 7]);
        pace.lost(now + STEADY);
        assert_eq!(pauses(&mut pace), [0]);
    }

    #[test]
    fn a_sign_in_that_fails_is_said_at_once_and_once_and_never_final() {
        let lost = Broken::Connection("reset".to_owned());
        let mut comeback = Comeback::new(&lost, Duration::from_secs(600));
        let mut pace = Pace::default();
        pace.lost(Instant::now());
        let refused = || Failed::SignIn("127.0.0.1 answered 401".to_owned());
        let words = comeback.failed(refused(), Duration::ZERO).unwrap().unwrap();
        assert!(
            words.contains("signing in again fails: 127.0.0.1 answered 401") && words.contains("10 minutes"),
            "{words}"
        );
        for seconds in 1..600 {
            assert_eq!(comeback.failed(refused(), Duration::from_secs(seconds)).unwrap(), None);
            assert_eq!(pace.pause(Some(comeback.last())), SIGN_IN_PAUSE);
        }
        assert_eq!(comeback.succeeded(Duration::from_secs(80)).unwrap(), "connected again after 80 seconds");
        assert!(comeback.abandoned().to_string().ends_with("for 600 seconds: 127.0.0.1 answered 401"));
    }

    #[test]
    fn a_short_loss_is_not_mentioned_and_a_long_one_once() {
        let lost = Broken::Connection("reset".to_owned());
        let mut comeback = Comeback::new(&lost, Duration::from_secs(90));
        let failed = || Failed::Now("refused".to_owned());
        assert_eq!(comeback.failed(failed(), UNNOTICED).unwrap(), None);
        assert_eq!(comeback.succeeded(UNNOTICED), None);
        let words = comeback.failed(failed(), UNNOTICED + MILLISECOND).unwrap();
        assert_eq!(words.as_deref(), Some("the connection was lost: reset; trying again for 2 minutes"));
        assert_eq!(comeback.failed(failed(), UNNOTICED * 2).unwrap(), None);
        // A sign-in that begins to fail later is news.
        assert!(comeback.failed(Failed::SignIn("no".to_owned()), UNNOTICED * 3).unwrap().is_some());
        let ended = comeback.failed(Failed::Forever("410".to_owned()), UNNOTICED * 4).unwrap_err();
        assert!(matches!(ended, Broken::Gone { .. }), "{ended}");
    }
}
