//! How long the framework waits for an operation: until its time is over or the user interrupts it, and a little longer,
//! so that an operation that looks at its call's token and deadline ends in its own words.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::diagnostic::{Error, Result};

/// What an operation may use up after it should have ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// After an interruption.
    interrupted: Duration,
    /// After the time limit.
    late: Duration,
    words: Words,
}

/// What is said of an operation that was left behind.
#[derive(Debug, Clone, Copy)]
struct Words {
    interrupted: &'static str,
    late: &'static str,
}

const OF_OBJECT: Words = Words {
    interrupted: "The operation was stopped by the user, with a request still in flight. Whether that request took effect is looked at by the next apply.",
    late: "The operation did not end in time. Apply again, or raise the limit in the resource's timeouts block.",
};
const OF_ACTION: Words = Words {
    interrupted: "The action was stopped by the user and did not end soon after. What it was doing may have taken effect in part.",
    late: "The action did not end in time. What it was doing may have taken effect in part. Invoke it again, or raise the limit in its timeouts block.",
};

impl Patience {
    /// A create has a request in flight, whose answer is the id: worth waiting for.
    pub(crate) const CREATE: Self = Self::of_object(Duration::from_secs(20), Duration::from_secs(60));
    /// Updates and deletes have a request in flight, which is better known to have worked or not.
    pub(crate) const UPDATE: Self = Self::of_object(Duration::from_secs(10), Duration::from_secs(60));
    /// Waiting can be broken off at any time: the object is known.
    pub(crate) const READY: Self = Self::of_object(Duration::from_millis(500), Duration::from_secs(30));
    /// Nothing is lost with a read.
    pub(crate) const READ: Self = Self::of_object(Duration::from_millis(500), Duration::from_secs(30));
    /// An action ends by itself what it has begun elsewhere: a command, the context of one.
    pub(crate) const ACTION: Self =
        Self { interrupted: Duration::from_secs(10), late: Duration::from_secs(60), words: OF_ACTION };

    const fn of_object(interrupted: Duration, late: Duration) -> Self {
        Self { interrupted, late, words: OF_OBJECT }
    }
}

/// The operation's result, or an error if it neither heeds the interruption nor its time limit.
pub(crate) async fn run<T>(
    operation: impl Future<Output = T>,
    cancel: &CancellationToken,
    left: Duration,
    patience: Patience,
) -> Result<T> {
    let interrupted = async {
        cancel.cancelled().await;
        tokio::time::sleep(patience.interrupted).await;
    };
    tokio::select! {
        biased;
        result = operation => Ok(result),
        () = interrupted => Err(Error::new("Interrupted").detail(patience.words.interrupted)),
        () = tokio::time::sleep(left.saturating_add(patience.late)) => {
            Err(Error::new("The time limit was reached").detail(patience.words.late))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::{Patience, run};

    #[tokio::test(start_paused = true)]
    async fn an_operation_that_ignores_the_interruption_is_left_behind() {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let begun = tokio::time::Instant::now();
        let minute = Duration::from_secs(60);
        let error = run(std::future::pending::<()>(), &cancel, minute, Patience::READY).await.unwrap_err();
        assert_eq!(error.diagnostic().summary, "Interrupted");
        assert!(begun.elapsed() < Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_that_ends_within_the_patience_has_the_last_word() {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let operation = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            7
        };
        assert_eq!(run(operation, &cancel, Duration::ZERO, Patience::CREATE).await, Ok(7));
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_that_ignores_its_limit_is_left_behind() {
        let cancel = CancellationToken::new();
        let late = run(std::future::pending::<()>(), &cancel, Duration::from_secs(1), Patience::READ).await;
        assert_eq!(late.unwrap_err().diagnostic().summary, "The time limit was reached");
    }
}
