//! A limit of bytes per second, which several channels have together.

use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// A limit. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Limit {
    bytes_per_second: NonZeroU64,
    /// When the next bytes may go.
    next: Arc<Mutex<Instant>>,
}

impl Limit {
    /// So many bytes per second.
    pub fn new(bytes_per_second: NonZeroU64) -> Self {
        Self { bytes_per_second, next: Arc::new(Mutex::new(Instant::now())) }
    }

    /// Waits until so many bytes may go.
    pub(super) async fn wait_for(&self, bytes: u64) {
        let now = Instant::now();
        #[allow(clippy::cast_precision_loss)]
        let time = Duration::from_secs_f64(bytes as f64 / self.bytes_per_second.get() as f64);
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = (*next).max(now);
            *next = turn + time;
            turn
        };
        sleep_until(turn).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn bytes_go_no_faster_whoever_sends_them() {
        let limit = Limit::new(NonZeroU64::new(1000).unwrap());
        let began = Instant::now();
        let send = async |limit: Limit| {
            for _ in 0..5 {
                limit.wait_for(500).await;
            }
        };
        tokio::join!(send(limit.clone()), send(limit.clone()));
        // The first bytes go at once, and those after the last would have to wait.
        assert_eq!(began.elapsed().as_millis(), 4500);
    }
}
