//! What has arrived on a channel and was not taken yet.
//!
//! russh tells the client that bytes arrived when they arrive, not when a program has taken them, and while it waits for a
//! program it reads nothing else, not even what would let that program go on. So it never waits here. Instead
//! a connection with an inbox that is [`Inbox::is_behind`] opens its windows by [`TRICKLE`] only, which makes the client stop
//! but for one such packet per round trip, until the program has caught up. What one channel holds is bounded by
//! [`BEHIND`] and one window, and [`MOST`] ends a connection whose client takes no notice of windows.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Bytes from which on the client has to slow down.
const BEHIND: usize = 2 * super::WINDOW as usize;
/// Bytes that no client that keeps to its window reaches in days.
pub(super) const MOST: usize = 64 * 1024 * 1024;
/// The window while a program is behind. It cannot be 0: russh opens a window only when something arrives.
pub(super) const TRICKLE: u32 = 2;
/// Bytes that are taken at once.
const PORTION: usize = 256 * 1024;

#[derive(Debug, Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    changed: Notify,
    closed: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    bytes: BytesMut,
    ended: bool,
    discarding: bool,
}

impl Inbox {
    /// Adds what arrived, and answers how many bytes wait.
    pub(super) fn push(&self, bytes: &[u8]) -> usize {
        let mut state = self.state();
        if !state.discarding {
            state.bytes.extend_from_slice(bytes);
        }
        let waiting = state.bytes.len();
        drop(state);
        self.changed.notify_one();
        waiting
    }

    /// The client sends nothing more.
    pub(super) fn end(&self) {
        self.state().ended = true;
        self.changed.notify_one();
    }

    /// The channel is gone.
    pub(super) fn close(&self) {
        self.closed.cancel();
        self.end();
    }

    /// Nobody takes anything any more: what arrives is thrown away, as a closed pipe does.
    pub(super) fn discard(&self) {
        let mut state = self.state();
        state.discarding = true;
        state.bytes = BytesMut::new();
    }

    pub(super) fn is_behind(&self) -> bool {
        self.state().bytes.len() > BEHIND
    }

    /// The next bytes, or `None` at the end. For one task.
    pub(super) async fn take(&self) -> Option<Bytes> {
        loop {
            {
                let mut state = self.state();
                if !state.bytes.is_empty() {
                    let portion = state.bytes.len().min(PORTION);
                    return Some(state.bytes.split_to(portion).freeze());
                }
                if state.ended {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    /// Waits until the channel is gone.
    pub(super) async fn closed(&self) {
        self.closed.cancelled().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_are_taken_in_order_and_then_comes_the_end() {
        let inbox = Inbox::default();
        inbox.push(b"ab");
        inbox.push(b"c");
        inbox.end();
        assert_eq!(inbox.take().await.as_deref(), Some(b"abc".as_slice()));
        assert_eq!(inbox.take().await, None);
    }

    #[tokio::test]
    async fn an_inbox_is_behind_until_its_bytes_are_taken() {
        let inbox = Inbox::default();
        inbox.push(&vec![1; BEHIND + 1]);
        assert!(inbox.is_behind());
        let taken = inbox.take().await.unwrap();
        assert_eq!(taken.len(), PORTION);
        assert!(!inbox.is_behind());
    }

    #[tokio::test]
    async fn what_nobody_takes_is_thrown_away() {
        let inbox = Inbox::default();
        inbox.push(b"ab");
        inbox.discard();
        assert_eq!(inbox.push(b"c"), 0);
        inbox.end();
        assert_eq!(inbox.take().await, None);
    }
}
