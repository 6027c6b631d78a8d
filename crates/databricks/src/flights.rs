//! Equal questions asked once: a read joins one that is under way, and a read that says so takes an answer that came just before.
//!
//! Terraform reads ten objects at a time, and many of them stand in one list. An answer is shared within one client alone, which has one
//! set of credentials, and never across a write of that client or of its relatives at other hosts: a write that began or ended meanwhile makes
//! a question another one.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

use crate::Error;
use crate::answer::RawResponse;

/// How long an answer may be taken instead of asking again. What others change shows after this time.
const AGE: Duration = Duration::from_secs(15);
/// How many bytes, and how many answers, are kept.
const BYTES: usize = 4 << 20;
const ANSWERS: usize = 64;
/// How many reads may be noted before those that nobody waits for any more are forgotten.
const FLYING: usize = 256;

/// One reading, awaited by all who ask the same.
type Flight = OnceCell<Result<RawResponse, Error>>;

/// The reads of one client.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    writes: Writes,
    reads: Mutex<Reads>,
}

/// Counts the beginnings and ends of writes, for a client and its relatives.
#[derive(Debug, Clone, Default)]
pub(crate) struct Writes(Arc<AtomicU64>);

/// A write that is under way.
pub(crate) struct Writing(Writes);

#[derive(Debug, Default)]
struct Reads {
    flying: HashMap<String, (u64, Weak<Flight>)>,
    kept: VecDeque<Kept>,
}

#[derive(Debug)]
struct Kept {
    question: String,
    writes: u64,
    at: Instant,
    answer: RawResponse,
}

impl Writes {
    fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn note(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// Begins a write, which ends when the answer is dropped.
    pub(crate) fn begin(&self) -> Writing {
        self.note();
        Writing(self.clone())
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.note();
    }
}

impl Flights {
    /// The reads of a client whose writes, and those of its relatives, are counted there.
    pub(crate) fn new(writes: Writes) -> Self {
        Self { writes, reads: Mutex::default() }
    }

    /// The count of writes.
    pub(crate) fn writes(&self) -> &Writes {
        &self.writes
    }

    /// The answer to `question`: of who asks it already, or of `ask`. `shared`: one that came a moment ago will do, and this one may do
    /// for others. An error is shared by those who waited for it, and kept for nobody.
    pub(crate) async fn join(
        &self,
        question: String,
        shared: bool,
        ask: impl Future<Output = Result<RawResponse, Error>> + Send,
    ) -> Result<RawResponse, Error> {
        let writes = self.writes.count();
        let flight = {
            let mut reads = self.lock();
            if let (true, Some(answer)) = (shared, reads.kept(&question, writes, Instant::now())) {
                return Ok(answer);
            }
            reads.flight(&question, writes)
        };
        // Should the one who asks be dropped, another one who waits asks in its place.
        let result = flight.get_or_init(|| ask).await.clone();
        let mut reads = self.lock();
        reads.land(&question, &flight);
        if let (true, Ok(answer)) = (shared && self.writes.count() == writes, &result) {
            reads.keep(Kept { question, writes, at: Instant::now(), answer: answer.clone() });
        }
        result
    }

    fn lock(&self) -> MutexGuard<'_, Reads> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reads {
    fn kept(&mut self, question: &str, writes: u64, now: Instant) -> Option<RawResponse> {
        self.kept.retain(|kept| kept.writes == writes && now.saturating_duration_since(kept.at) < AGE);
        self.kept.iter().find(|kept| kept.question == question).map(|kept| kept.answer.clone())
    }

    fn keep(&mut self, kept: Kept) {
        self.kept.retain(|other| other.question != kept.question);
        self.kept.push_back(kept);
        let size = |kept: &Kept| kept.answer.body.len() + kept.question.len();
        while self.kept.len() > ANSWERS || self.kept.iter().map(size).sum::<usize>() > BYTES {
            self.kept.pop_front();
        }
    }

    fn flight(&mut self, question: &str, writes: u64) -> Arc<Flight> {
        let flying = self.flying.get(question).filter(|(since, _)| *since == writes);
        if let Some(flight) = flying.and_then(|(_, flight)| flight.upgrade()) {
            return flight;
        }
        if self.flying.len() >= FLYING {
            self.flying.retain(|_, (_, flight)| flight.strong_count() > 0);
        }
        let flight = Arc::new(Flight::new());
        self.flying.insert(question.to_owned(), (writes, Arc::downgrade(&flight)));
        flight
    }

    fn land(&mut self, question: &str, flight: &Arc<Flight>) {
        if self.flying.get(question).is_some_and(|(_, other)| other.as_ptr() == Arc::as_ptr(flight)) {
            self.flying.remove(question);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn answer(size: usize) -> RawResponse {
        RawResponse { status: 200, headers: Default::default(), body: Bytes::from(vec![b' '; size]) }
    }

    #[tokio::test]
    async fn what_is_kept_has_bounds() {
        let flights = Flights::default();
        for question in 0..1_000 {
            flights.join(question.to_string(), true, async { Ok(answer(10)) }).await.unwrap();
        }
        assert_eq!(flights.lock().kept.len(), ANSWERS);
        for question in 0..3 {
            flights.join(format!("large {question}"), true, async { Ok(answer(BYTES / 2)) }).await.unwrap();
        }
        assert_eq!(flights.lock().kept.len(), 1);
        flights.join("too large".to_owned(), true, async { Ok(answer(BYTES + 1)) }).await.unwrap();
        assert_eq!(flights.lock().kept.len(), 0);
        assert_eq!(flights.lock().flying.len(), 0);
    }

    #[tokio::test]
    async fn reads_that_nobody_waits_for_any_more_are_forgotten() {
        let flights = Flights::default();
        for question in 0..FLYING * 3 {
            let abandoned = flights.join(question.to_string(), false, std::future::pending());
            assert!(tokio::time::timeout(Duration::ZERO, abandoned).await.is_err());
        }
        assert!(flights.lock().flying.len() <= FLYING);
    }

    #[test]
    fn an_answer_is_too_old_after_a_while() {
        let (mut reads, at) = (Reads::default(), Instant::now());
        let kept = || Kept { question: "q".to_owned(), writes: 7, at, answer: answer(1) };
        reads.keep(kept());
        assert!(reads.kept("q", 7, at + AGE / 2).is_some());
        assert!(reads.kept("q", 7, at + AGE).is_none());
        reads.keep(kept());
        assert!(reads.kept("q", 8, at).is_none(), "something was written");
    }
}
