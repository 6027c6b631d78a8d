//! What the sending and the receiving half of a session share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::ledger::{Ledger, Violation};
use super::silence::Silence;

/// The state, and the word that it has changed.
pub(super) struct Shared {
    state: Mutex<SharedState>,
    is_server: bool,
    /// For the sending half: it looks at the state again.
    pub(super) wake: Notify,
    /// For who judges the silence: a limit may have begun that ends before the one that is waited for.
    pub(super) judge: Notify,
}

pub(super) struct SharedState {
    pub(super) ledger: Ledger,
    pub(super) silence: Silence,
    /// The answer to the newest ping.
    pub(super) pong: Option<Bytes>,
    /// The other end's newest count.
    theirs: u64,
}

impl Shared {
    pub(super) fn new(is_server: bool) -> Self {
        let state =
            SharedState { ledger: Ledger::default(), silence: Silence::new(Instant::now()), pong: None, theirs: 0 };
        Self { state: Mutex::new(state), is_server, wake: Notify::new(), judge: Notify::new() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, SharedState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something came from the other end that is no count.
    pub(super) fn heard(&self, now: Instant, is_payload: bool) {
        let mut state = self.lock();
        let owes = state.ledger.awaits_acknowledgement();
        state.silence.hears(now, is_payload, owes);
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

    /// The other end has delivered up to an offset. The same once more is a client's question, or a server's answer.
    pub(super) fn told(&self, offset: u64, now: Instant) {
        let mut state = self.lock();
        let is_repeated = std::mem::replace(&mut state.theirs, offset) == offset;
        state.ledger.acknowledged(offset);
        let owes = state.ledger.awaits_acknowledgement();
        state.silence.hears(now, false, owes);
        if is_repeated && self.is_server {
            state.silence.hears_question();
            state.ledger.repeat_acknowledgement(now);
            self.judge.notify_one();
        } else if is_repeated {
            state.silence.hears_answer();
        }
        self.wake.notify_one();
    }

    /// The other end wants a pong.
    pub(super) fn pinged(&self, payload: Bytes) {
        self.lock().pong = Some(payload);
        self.wake.notify_one();
    }

    /// The destination takes nothing, so nothing is read: a server says that it is there, without being asked.
    pub(super) fn goes_deaf(&self, now: Instant) {
        let mut state = self.lock();
        state.silence.set_deaf(true, now);
        if self.is_server {
            state.ledger.repeat_acknowledgement(now);
            self.wake.notify_one();
        }
    }

    /// The destination takes something again.
    pub(super) fn hears_again(&self, now: Instant) {
        self.lock().silence.set_deaf(false, now);
        self.judge.notify_one();
    }
}

impl SharedState {
    /// A new socket is there, and the other end has delivered up to an offset.
    pub(super) fn rewind(&mut self, offset: u64) -> Result<(), Violation> {
        self.ledger.rewind(offset)?;
        self.theirs = offset;
        self.pong = None;
        Ok(())
    }
}
