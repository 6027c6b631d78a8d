//! What the sending and the receiving half of a session share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::ledger::{Ledger, Violation};

/// The state, and the word that it has changed.
pub(super) struct Shared {
    state: Mutex<SharedState>,
    /// For the sending half: it looks at the state again.
    pub(super) wake: Notify,
}

pub(super) struct SharedState {
    pub(super) ledger: Ledger,
    /// The answer to the newest ping.
    pub(super) pong: Option<Bytes>,
    /// When anything last came from the other end.
    pub(super) heard: Instant,
    /// Since when the other end owes an acknowledgement and has said nothing.
    pub(super) quiet_since: Option<Instant>,
    /// Whether the other end sends pings.
    pub(super) pings: bool,
}

impl Shared {
    pub(super) fn new() -> Self {
        let state = SharedState {
            ledger: Ledger::default(),
            pong: None,
            heard: Instant::now(),
            quiet_since: None,
            pings: false,
        };
        Self { state: Mutex::new(state), wake: Notify::new() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, SharedState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something came from the other end.
    pub(super) fn heard(&self, now: Instant) {
        let mut state = self.lock();
        state.heard = now;
        state.quiet_since = state.ledger.awaits_acknowledgement().then_some(now);
    }

    /// Some bytes reached the destination.
    pub(super) fn delivered(&self, bytes: usize, now: Instant) {
        let mut state = self.lock();
        let before = state.ledger.acknowledgement_due();
        state.ledger.deliver(bytes, now);
        if before != state.ledger.acknowledgement_due() {
            self.wake.notify_one();
        }
    }

    /// The other end has delivered up to an offset.
    pub(super) fn acknowledged(&self, offset: u64) {
        let mut state = self.lock();
        state.ledger.acknowledged(offset);
        // Who owes nothing may be quiet for as long as it likes.
        if !state.ledger.awaits_acknowledgement() {
            state.quiet_since = None;
        }
        self.wake.notify_one();
    }

    /// The other end wants an answer. Pongs do not come back through the driver proxy, and messages do: on a resumable session
    /// it gets one of these as well.
    pub(super) fn pinged(&self, payload: Bytes, now: Instant) {
        let mut state = self.lock();
        state.pong = Some(payload);
        state.ledger.repeat_acknowledgement(now);
        state.pings = true;
        self.wake.notify_one();
    }
}

impl SharedState {
    /// A new socket is there, and the other end has delivered up to an offset.
    pub(super) fn rewind(&mut self, offset: u64, now: Instant) -> Result<(), Violation> {
        self.ledger.rewind(offset)?;
        self.pong = None;
        self.heard = now;
        self.quiet_since = None;
        Ok(())
    }

    /// The next piece to send.
    pub(super) fn take(&mut self, now: Instant) -> Option<Bytes> {
        let piece = self.ledger.take()?;
        self.quiet_since.get_or_insert(now);
        Some(piece)
    }
}
