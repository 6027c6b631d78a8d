//! What has arrived on a channel and was not taken yet.
//!
//! russh tells the client that bytes arrived when they arrive, not when a program has taken them, and while it waits for a
//! program it reads nothing else, not even what would let that program go on. So it never waits here. Instead
//! a connection with an inbox that is [`Inbox::is_behind`] opens its windows by [`TRICKLE`] only, which makes the client stop
//! but for one such packet per round trip, until the program has caught up. What one channel holds is bounded by
//! [`BEHIND`] and one window, and [`MOST`] ends a connection whose client takes no notice of windows.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::limits::WINDOW;

/// Bytes from which on the client has to slow down.
const BEHIND: usize = 2 * WINDOW as usize;
/// Bytes that no client that keeps to its window reaches in days.
pub(super) const MOST: usize = 64 * 1024 * 1024;
/// The window while a program is behind. It cannot be 0: russh opens a window only when something arrives.
pub(super) const TRICKLE: u32 = 2;
/// Room for what arrives in small pieces, so that a trickle does not cost a piece of memory per packet.
const PIECE: usize = 4096;

#[derive(Debug, Default)]
pub(super) struct Inbox {
    state: Mutex<InboxState>,
    changed: Notify,
    closed: CancellationToken,
}

#[derive(Debug, Default)]
struct InboxState {
    pieces: VecDeque<BytesMut>,
    waiting: usize,
    ended: bool,
    discarding: bool,
}

impl Inbox {
    /// Adds what arrived, and answers how many bytes wait.
    pub(super) fn push(&self, bytes: &[u8]) -> usize {
        let mut state = self.state();
        if !state.discarding && !bytes.is_empty() {
            state.add(bytes);
        }
        let waiting = state.waiting;
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
        state.pieces = VecDeque::new();
        state.waiting = 0;
    }

    pub(super) fn is_behind(&self) -> bool {
        self.state().waiting > BEHIND
    }

    /// The next bytes, or `None` at the end. For one task.
    pub(super) async fn take(&self) -> Option<Bytes> {
        loop {
            {
                let mut state = self.state();
                if let Some(piece) = state.pieces.pop_front() {
                    state.waiting = state.waiting.saturating_sub(piece.len());
                    return Some(piece.freeze());
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

    fn state(&self) -> MutexGuard<'_, InboxState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InboxState {
    fn add(&mut self, bytes: &[u8]) {
        self.waiting += bytes.len();
        match self.pieces.back_mut() {
            Some(last) if last.capacity() - last.len() >= bytes.len() => last.extend_from_slice(bytes),
            _ => {
                let mut piece = BytesMut::with_capacity(bytes.len().max(PIECE));
                piece.extend_from_slice(bytes);
                self.pieces.push_back(piece);
            }
        }
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
        inbox.push(&vec![1; BEHIND]);
        assert!(!inbox.is_behind());
        assert_eq!(inbox.push(b"x"), BEHIND + 1);
        assert!(inbox.is_behind());
        assert_eq!(inbox.take().await.unwrap().len(), BEHIND);
        assert!(!inbox.is_behind());
    }

    #[tokio::test]
    async fn a_trickle_is_kept_together() {
        let inbox = Inbox::default();
        for byte in 0..PIECE {
            inbox.push(&[u8::try_from(byte % 251).unwrap()]);
        }
        let taken = inbox.take().await.unwrap();
        assert_eq!(taken.len(), PIECE);
        assert!(taken.iter().enumerate().all(|(place, byte)| usize::from(*byte) == place % 251));
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
