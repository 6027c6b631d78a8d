//! A copy that is to end before it is done: it tidies up first.

use std::future::Future;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result, exit};
use crate::signals::Interruption;

/// How long a server may take to remove what is unfinished.
const TIDY: Duration = Duration::from_secs(10);

/// Does the work. At SIGINT, SIGTERM or SIGHUP `stop` is cancelled, and the work ends by itself; at the second, or when it takes too
/// long, it is left where it is.
///
/// # Errors
/// When it was left where it is.
pub(super) async fn attended<T>(work: impl Future<Output = T>, stop: &CancellationToken) -> Result<T> {
    let mut interruption = Interruption::new()?;
    tokio::pin!(work);
    tokio::select! {
        // A stream that ends because its program got the same signal is no whole one.
        biased;
        () = interruption.recv() => stop.cancel(),
        done = &mut work => return Ok(done),
    }
    tokio::select! {
        done = &mut work => Ok(done),
        () = interruption.recv() => Err(left()),
        () = sleep(TIDY) => Err(left()),
    }
}

fn left() -> Error {
    Error::new("ended before it had tidied up: beside unfinished files, hidden ones may be left, .NAME.….part")
        .exits_with(exit::INTERRUPTED)
}
