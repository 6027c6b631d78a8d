//! The bookkeeping of a session: what was sent and not yet acknowledged, what arrived and was not yet acknowledged. Pure.
//!
//! Offsets count the payload of one direction from the session's first byte. An end keeps all bytes from the offset that the
//! other end has acknowledged on, so that it can begin again at any offset that the other end may name.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

/// Progress after which an acknowledgement is due, in bytes: the official tunnel's.
const ACK_BYTES: u64 = 64 * 1024;
/// Time after which any progress is acknowledged: the official tunnel's.
const ACK_DELAY: Duration = Duration::from_millis(100);

/// The other end asks for bytes that it has acknowledged already, or that were never sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the other end asks for byte {asked}, and can only ask for {base} to {sent}")]
pub struct Violation {
    asked: u64,
    base: u64,
    sent: u64,
}

/// Both directions of a session.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Bytes from `base` on, in the pieces in which they were read.
    pieces: VecDeque<Bytes>,
    /// Offset that the other end has acknowledged.
    base: u64,
    /// Offset of the end of what was read.
    end: u64,
    /// The next piece to send, and how much of it was sent.
    next: (usize, usize),
    /// Offset of the next byte to send.
    cursor: u64,
    /// The highest offset that was ever sent.
    sent: u64,
    /// Offset up to which this end has delivered.
    delivered: u64,
    /// Offset that the other end was told.
    told: u64,
    /// When the oldest progress was made that the other end was not told of.
    waiting_since: Option<Instant>,
}

impl Ledger {
    /// Bytes that were read and not acknowledged.
    pub fn outstanding(&self) -> u64 {
        self.end - self.base
    }

    /// Whether everything that was read was sent and acknowledged.
    pub fn is_settled(&self) -> bool {
        self.base == self.end
    }

    /// Whether bytes were sent that are not acknowledged.
    pub fn awaits_acknowledgement(&self) -> bool {
        self.sent > self.base
    }

    /// Adds what was read.
    pub fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.end += piece.len() as u64;
            self.pieces.push_back(piece);
        }
    }

    /// What is to be sent next. It counts as sent.
    pub fn take(&mut self) -> Option<Bytes> {
        let (index, offset) = self.next;
        let piece = self.pieces.get(index)?;
        let rest = piece.slice(offset.min(piece.len())..);
        self.next = (index + 1, 0);
        self.cursor += rest.len() as u64;
        self.sent = self.sent.max(self.cursor);
        Some(rest)
    }

    /// The other end has delivered up to this offset. An offset that makes no sense is passed over.
    pub fn acknowledged(&mut self, offset: u64) {
        if offset <= self.base || offset > self.sent {
            return;
        }
        self.drop_until(offset);
        if self.cursor < offset {
            // While it is sent again, the other end may still say that it had more: that need not be sent.
            self.seek(offset);
        }
    }

    /// What counts as acknowledged once it is sent: on a session that cannot be resumed.
    pub fn forget_sent(&mut self) {
        self.acknowledged(self.sent);
    }

    /// Begins again at the offset up to which the other end has delivered.
    ///
    /// # Errors
    /// [`Violation`] when that is not between what was acknowledged and what was sent.
    pub fn rewind(&mut self, offset: u64) -> Result<(), Violation> {
        if offset < self.base || offset > self.sent {
            return Err(Violation { asked: offset, base: self.base, sent: self.sent });
        }
        self.drop_until(offset);
        self.seek(offset);
        Ok(())
    }

    fn drop_until(&mut self, offset: u64) {
        while self.base < offset {
            let Some(front) = self.pieces.front_mut() else { return };
            let length = front.len() as u64;
            if self.base + length > offset {
                // A part of it stays.
                let part = usize::try_from(offset - self.base).unwrap_or(usize::MAX).min(front.len());
                let _ = front.split_to(part);
                self.base = offset;
                if self.next.0 == 0 {
                    self.next.1 = self.next.1.saturating_sub(part);
                }
                return;
            }
            self.base += length;
            self.pieces.pop_front();
            self.next = match self.next {
                (0, _) => (0, 0),
                (index, offset) => (index - 1, offset),
            };
        }
    }

    fn seek(&mut self, offset: u64) {
        let mut position = self.base;
        self.cursor = offset;
        for (index, piece) in self.pieces.iter().enumerate() {
            let end = position + piece.len() as u64;
            if offset < end {
                self.next = (index, usize::try_from(offset - position).unwrap_or(usize::MAX));
                return;
            }
            position = end;
        }
        self.next = (self.pieces.len(), 0);
    }

    /// Offset up to which this end has delivered.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Some bytes were written to the destination.
    pub fn deliver(&mut self, bytes: usize, now: Instant) {
        self.delivered += bytes as u64;
        self.waiting_since.get_or_insert(now);
    }

    /// When the other end is to be told how far this end has come; `None` when it knows.
    pub fn acknowledgement_due(&self) -> Option<Instant> {
        let since = self.waiting_since?;
        Some(if self.delivered - self.told >= ACK_BYTES { since } else { since + ACK_DELAY })
    }

    /// The other end wants to hear something: it is told again how far this end has come.
    pub fn repeat_acknowledgement(&mut self, now: Instant) {
        self.waiting_since = Some(now.checked_sub(ACK_DELAY).unwrap_or(now));
    }

    /// The offset to tell the other end, which counts as told.
    pub fn acknowledge(&mut self) -> u64 {
        self.told = self.delivered;
        self.waiting_since = None;
        self.delivered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ledger(pieces: &[&'static [u8]]) -> Ledger {
        let mut ledger = Ledger::default();
        pieces.iter().for_each(|piece| ledger.push(Bytes::from_static(piece)));
        ledger
    }

    fn all(ledger: &mut Ledger) -> Vec<u8> {
        std::iter::from_fn(|| ledger.take()).flatten().collect()
    }

    #[test]
    fn what_is_not_acknowledged_can_be_sent_again_from_anywhere() {
        let check = |acknowledged: u64, from: u64, expected: &[u8]| {
            let mut ledger = ledger(&[b"abc", b"defg", b"h"]);
            assert_eq!(all(&mut ledger), b"abcdefgh");
            ledger.acknowledged(acknowledged);
            ledger.rewind(from).unwrap();
            assert_eq!(all(&mut ledger), expected, "{acknowledged} {from}");
            assert_eq!(ledger.outstanding(), 8 - from);
        };
        check(0, 0, b"abcdefgh");
        check(0, 2, b"cdefgh");
        check(3, 3, b"defgh");
        check(4, 5, b"fgh");
        check(8, 8, b"");
    }

    #[test]
    fn only_what_was_sent_can_be_asked_for() {
        let mut ledger = ledger(&[b"abc", b"def"]);
        ledger.take();
        ledger.acknowledged(2);
        let check =
            |ledger: &mut Ledger, asked: u64, good: bool| assert_eq!(ledger.rewind(asked).is_ok(), good, "{asked}");
        check(&mut ledger, 1, false);
        check(&mut ledger, 4, false);
        check(&mut ledger, u64::MAX, false);
        check(&mut ledger, 3, true);
        check(&mut ledger, 2, false);
    }

    #[test]
    fn acknowledgements_that_make_no_sense_are_passed_over() {
        let mut ledger = ledger(&[b"abc"]);
        ledger.acknowledged(1);
        assert_eq!(ledger.outstanding(), 3, "nothing was sent yet");
        ledger.take();
        for offset in [4, u64::MAX, 0] {
            ledger.acknowledged(offset);
            assert_eq!(ledger.outstanding(), 3, "{offset}");
        }
        ledger.acknowledged(3);
        assert!(ledger.is_settled() && !ledger.awaits_acknowledgement());
    }

    #[test]
    fn what_the_other_end_had_after_all_is_not_sent_again() {
        let mut ledger = ledger(&[b"abc", b"def"]);
        all(&mut ledger);
        ledger.rewind(0).unwrap();
        ledger.acknowledged(4);
        assert_eq!(all(&mut ledger), b"ef");
    }

    #[test]
    fn progress_is_told_at_once_or_soon() {
        let start = Instant::now();
        let mut ledger = Ledger::default();
        assert_eq!(ledger.acknowledgement_due(), None);
        ledger.deliver(1, start);
        ledger.deliver(1, start + ACK_DELAY / 2);
        assert_eq!(ledger.acknowledgement_due(), Some(start + ACK_DELAY));
        assert_eq!(ledger.acknowledge(), 2);
        assert_eq!(ledger.acknowledgement_due(), None);
        ledger.deliver(64 * 1024, start);
        assert_eq!(ledger.acknowledgement_due(), Some(start));
    }

    #[derive(Debug, Clone)]
    enum Step {
        Push(Vec<u8>),
        Take,
        Acknowledge(u64),
        Rewind(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..9).prop_map(Step::Push),
            Just(Step::Take),
            (0_u64..60).prop_map(Step::Acknowledge),
            (0_u64..60).prop_map(Step::Rewind),
        ];
        prop::collection::vec(step, 0..60)
    }

    proptest! {
        /// Against the simplest thing that could be right: one vector of everything.
        #[test]
        fn it_always_sends_what_follows(steps in steps()) {
            let mut ledger = Ledger::default();
            let (mut everything, mut base, mut cursor, mut sent) = (Vec::new(), 0_usize, 0_usize, 0_usize);
            for step in steps {
                match step {
                    Step::Push(piece) => {
                        everything.extend_from_slice(&piece);
                        ledger.push(piece.into());
                    }
                    Step::Take => match ledger.take() {
                        Some(piece) => {
                            prop_assert_eq!(&piece[..], &everything[cursor..cursor + piece.len()]);
                            prop_assert!(!piece.is_empty());
                            cursor += piece.len();
                            sent = sent.max(cursor);
                        }
                        None => prop_assert_eq!(cursor, everything.len()),
                    },
                    Step::Acknowledge(offset) => {
                        ledger.acknowledged(offset);
                        if (base..=sent).contains(&(offset as usize)) {
                            base = offset as usize;
                            cursor = cursor.max(base);
                        }
                    }
                    Step::Rewind(offset) => {
                        let good = (base..=sent).contains(&(offset as usize));
                        prop_assert_eq!(ledger.rewind(offset).is_ok(), good);
                        if good {
                            base = offset as usize;
                            cursor = base;
                        }
                    }
                }
                prop_assert_eq!(ledger.outstanding(), (everything.len() - base) as u64);
            }
        }
    }
}
