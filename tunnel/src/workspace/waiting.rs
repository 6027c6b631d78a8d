//! Waiting for what the service takes minutes for, with its own words on the terminal.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::{Error, Result};
use crate::progress::Progress;

/// How long the service may take: that of the official provider.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// How far it is.
pub enum Wait<T> {
    /// It is there.
    Done(T),
    /// Not yet: what it is at.
    Stage(String),
}

/// Asks until it is there.
///
/// # Errors
/// Those of `ask`; and when it takes longer than half an hour.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Result<Wait<T>>) -> Result<T> {
    let (progress, started) = (Progress::default(), Instant::now());
    loop {
        match ask().await? {
            Wait::Done(value) => return Ok(value),
            Wait::Stage(stage) => progress.stage(stage),
        }
        if started.elapsed() > LIMIT {
            return Err(Error::new(format!("{what} took longer than {} minutes", LIMIT.as_secs() / 60))
                .way_out("It goes on: wait for it again with --wait."));
        }
        sleep(interval(started.elapsed())).await;
    }
}

/// Between two questions: short at first, five seconds in the end.
fn interval(elapsed: Duration) -> Duration {
    (elapsed / 4).clamp(Duration::from_millis(200), Duration::from_secs(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_asked_until_it_is_there_or_half_an_hour_is_over() {
        let mut asked = 0;
        let done = until("the start", async || {
            asked += 1;
            Ok(if asked == 10 { Wait::Done("there") } else { Wait::Stage(format!("look {asked}")) })
        });
        assert_eq!(done.await.unwrap(), "there");
        let started = Instant::now();
        let error = until::<()>("the start", async || Ok(Wait::Stage("pending".to_owned()))).await.unwrap_err();
        assert!(error.to_string().contains("the start took longer than 30 minutes"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(1810));
    }
}
