//! When a request is sent again: as the person says, and no more.

use std::time::Duration;

use databricks::{Client, RawAnswer, RawRequest};
use rand::RngExt;
use tokio::time::sleep;

use super::shown;

/// How often, when, and how long to wait before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Retries {
    pub(super) most: u32,
    pub(super) delay: Duration,
    pub(super) all: bool,
    pub(super) backoff: bool,
}

/// The longest wait that grows by itself.
const LONGEST: Duration = Duration::from_secs(60);

impl Retries {
    /// Sends it, again and again as far as that is wanted.
    ///
    /// # Errors
    /// Those of the last try.
    pub(super) async fn send(
        self,
        client: &Client,
        request: &RawRequest,
        debug: bool,
    ) -> Result<RawAnswer, databricks::Error> {
        let mut tries = 0;
        loop {
            if debug {
                shown::request(client, request);
            }
            let answer = client.exchange(request).await;
            let (is_worth_it, told) = match &answer {
                Ok(answer) => (self.is_worth_it(answer.status), answer.retry_after()),
                Err(error) => (error.is_unreachable() || matches!(error, databricks::Error::Interrupted { .. }), None),
            };
            if !is_worth_it || tries >= self.most {
                return answer;
            }
            if debug {
                shown::again(&answer);
            }
            tries += 1;
            sleep(told.unwrap_or_else(|| self.pause(tries, rand::rng().random()))).await;
        }
    }

    fn is_worth_it(self, status: u16) -> bool {
        match status {
            200..300 => false,
            500.. => true,
            _ => self.all,
        }
    }

    /// How long to wait before a try. `part` is between 0 and 1.
    fn pause(self, tries: u32, part: f64) -> Duration {
        if !self.backoff {
            return self.delay;
        }
        let whole = Duration::from_secs(1).saturating_mul(1 << tries.saturating_sub(1).min(6)).min(LONGEST);
        whole.mul_f64(0.5 + part / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried_again_is_what_the_person_says() {
        let retries = Retries { most: 3, delay: Duration::from_millis(7), all: false, backoff: false };
        let all = Retries { all: true, ..retries };
        for (status, expected) in
            [(200, (false, false)), (302, (false, true)), (404, (false, true)), (503, (true, true))]
        {
            assert_eq!((retries.is_worth_it(status), all.is_worth_it(status)), expected, "{status}");
        }
        assert_eq!(retries.pause(5, 0.9), Duration::from_millis(7));
        let growing = Retries { backoff: true, ..retries };
        let pauses: Vec<u64> = (1..9).map(|tries| growing.pause(tries, 1.0).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(growing.pause(1, 0.0), Duration::from_millis(500));
    }
}
