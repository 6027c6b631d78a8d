//! Whether the other end is still there, judged only by what cannot fail to arrive from an end that is. Pure.
//!
//! Websocket pings prove nothing: the driver proxy answers them itself, or swallows them. What it must carry is messages. So bytes
//! that were sent are to be acknowledged, and where nothing is on the way a client *asks*: it repeats its newest count of delivered
//! bytes, which the protocol allows at any time, and a server of ours answers a repeated count with its own. An official server
//! is not asked, because it would not answer, and may be idle for as long as it likes.

use std::time::Duration;

use tokio::time::Instant;

use super::Settings;

/// Time after the last payload in either direction until it is asked whether the other end is there: with [`ANSWER`] less than
/// what an acknowledgement may take.
const SOON: Duration = Duration::from_secs(5);
/// Time between questions on an idle connection: what the official client's pings take, which keep proxies from closing it.
const IDLE: Duration = Duration::from_secs(20);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);
/// Connections that are given up for a first answer until the other end may be an older server, which answers none.
const DOUBTS: u32 = 3;
/// How long such a one may say nothing: ssh's own questions make it say something more often.
const DOUBTFUL: Duration = Duration::from_secs(90);

/// What is known about the other end's silence.
#[derive(Debug)]
pub(super) struct Silence {
    /// When anything last came.
    heard: Instant,
    /// Since when bytes are to be acknowledged, and nothing came.
    unacknowledged: Option<Instant>,
    /// When the question was asked that nothing came after.
    asked: Option<Instant>,
    /// When the next question is due.
    ask_at: Instant,
    /// Whether the other end has ever answered a question.
    answers: bool,
    /// Connections that were given up because it had not, although it never had before.
    doubts: u32,
    /// Whether a question came over this socket.
    is_asked: bool,
    /// Whether this end reads nothing, because its destination takes nothing: then it cannot tell whether anything comes.
    deaf: bool,
}

impl Silence {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            heard: now,
            unacknowledged: None,
            asked: None,
            // At once: until there was an answer it is not certain that there will be one.
            ask_at: now,
            answers: false,
            doubts: 0,
            is_asked: false,
            deaf: false,
        }
    }

    /// The session goes on over another socket: nothing is held against it yet.
    pub(super) fn begins_anew(&mut self, now: Instant) {
        let unacknowledged = self.unacknowledged.map(|_| now);
        *self = Self { answers: self.answers, doubts: self.doubts, unacknowledged, ..Self::new(now) };
    }

    /// Bytes were sent. Answers whether a limit begins with them.
    pub(super) fn sent(&mut self, now: Instant) -> bool {
        self.ask_at = now + SOON;
        let begins = self.unacknowledged.is_none();
        self.unacknowledged.get_or_insert(now);
        begins
    }

    /// A question was sent.
    pub(super) fn asks(&mut self, now: Instant) {
        self.ask_at = now + IDLE;
        self.asked.get_or_insert(now);
    }

    /// Anything came; `is_payload` says what, and `owes` whether the other end still has bytes to acknowledge.
    pub(super) fn hears(&mut self, now: Instant, is_payload: bool, owes: bool) {
        self.heard = now;
        self.asked = None;
        self.unacknowledged = self.unacknowledged.filter(|_| owes).map(|_| now);
        if is_payload {
            self.ask_at = now + SOON;
        }
    }

    /// A question came.
    pub(super) fn hears_question(&mut self) {
        self.is_asked = true;
    }

    /// An answer came: from now on one that is missing means something.
    pub(super) fn hears_answer(&mut self) {
        self.answers = true;
    }

    /// The deadline has passed.
    pub(super) fn gives_up(&mut self, now: Instant) {
        if !self.answers && now >= self.asked.unwrap_or(self.ask_at) + ANSWER {
            self.doubts += 1;
        }
    }

    /// This end reads nothing any more, or reads again.
    pub(super) fn set_deaf(&mut self, deaf: bool, now: Instant) {
        if self.deaf && !deaf {
            self.heard = now;
            self.unacknowledged = self.unacknowledged.map(|_| now);
            self.asked = self.asked.map(|_| now);
        }
        self.deaf = deaf;
    }

    /// When a question is due.
    pub(super) fn ask_at(&self) -> Instant {
        self.ask_at
    }

    /// When the connection counts as lost if nothing comes until then.
    pub(super) fn deadline(&self, settings: &Settings) -> Option<Instant> {
        if self.deaf {
            return None;
        }
        let unacknowledged = settings.unanswered.zip(self.unacknowledged).map(|(limit, since)| since + limit);
        // A question that is due and cannot be sent, because what is before it does not leave, has no answer either.
        let question = self.asked.unwrap_or(self.ask_at);
        let limit = if self.answers || self.doubts < DOUBTS { ANSWER } else { DOUBTFUL };
        let unanswered = settings.asks.then(|| question + limit);
        let unasked = settings.unasked.filter(|_| self.is_asked).map(|limit| self.heard + limit);
        [unacknowledged, unanswered, unasked].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn settings() -> Settings {
        Settings { unanswered: Some(15 * SECOND), unasked: Some(90 * SECOND), ..Settings::default() }
    }

    /// What becomes of a silence, in seconds from its beginning.
    fn check_with(asks: bool, doing: impl FnOnce(&mut Silence, Instant), expected: Option<u64>) {
        let start = Instant::now();
        let mut silence = Silence::new(start);
        doing(&mut silence, start);
        let settings = Settings { asks, ..settings() };
        assert_eq!(silence.deadline(&settings), expected.map(|seconds| start + Duration::from_secs(seconds)));
    }

    fn check(doing: impl FnOnce(&mut Silence, Instant), expected: Option<u64>) {
        check_with(false, doing, expected);
    }

    #[test]
    fn a_question_counts_from_when_it_is_due() {
        check_with(true, |_, _| {}, Some(10));
        let answered = |silence: &mut Silence, start: Instant| {
            silence.asks(start);
            silence.hears_answer();
            silence.hears(start + SECOND, false, false);
        };
        check_with(true, answered, Some(30));
    }

    #[test]
    fn only_what_must_be_answered_is_waited_for() {
        check(|_, _| {}, None);
        let sends = |silence: &mut Silence, start: Instant| {
            silence.sent(start + SECOND);
        };
        check(sends, Some(16));
        let answered = |silence: &mut Silence, start: Instant| {
            silence.sent(start);
            silence.hears(start + SECOND, false, false);
        };
        check(answered, None);
        // A part of it was acknowledged: the rest has its time from then on, and more bytes do not make it longer.
        let partly = |silence: &mut Silence, start: Instant| {
            silence.sent(start);
            silence.hears(start + 3 * SECOND, false, true);
            silence.sent(start + 9 * SECOND);
        };
        check(partly, Some(18));
        let asks = |silence: &mut Silence, start: Instant| {
            silence.asks(start);
            silence.hears_answer();
            silence.hears(start, false, false);
            silence.asks(start + 20 * SECOND);
        };
        check_with(true, asks, Some(30));
        check(|silence, _| silence.hears_question(), Some(90));
    }

    #[test]
    fn another_socket_begins_anew() {
        let asked = |silence: &mut Silence, start: Instant| {
            silence.hears_question();
            silence.begins_anew(start + SECOND);
        };
        check(asked, None);
        let sent = |silence: &mut Silence, start: Instant| {
            silence.sent(start);
            silence.begins_anew(start + 10 * SECOND);
        };
        check(sent, Some(25));
        let answers = |silence: &mut Silence, start: Instant| {
            silence.hears_answer();
            silence.begins_anew(start);
            silence.asks(start + SECOND);
        };
        check_with(true, answers, Some(11));
    }

    #[test]
    fn who_never_answers_is_given_more_time_after_a_while() {
        let check_after = |times: u32, answers: bool, expected: Option<u64>| {
            let never = |silence: &mut Silence, start: Instant| {
                for _ in 0..times {
                    silence.asks(start);
                    silence.gives_up(start + ANSWER);
                    silence.begins_anew(start);
                }
                if answers {
                    silence.hears_answer();
                }
                silence.asks(start);
            };
            check_with(true, never, expected);
        };
        check_after(2, false, Some(10));
        check_after(3, false, Some(90));
        check_after(9, true, Some(10));
    }

    #[test]
    fn who_reads_nothing_waits_for_nothing() {
        let deaf = |silence: &mut Silence, start: Instant| {
            silence.sent(start);
            silence.set_deaf(true, start + 5 * SECOND);
        };
        check(deaf, None);
        let hears_again = |silence: &mut Silence, start: Instant| {
            silence.sent(start);
            silence.set_deaf(true, start + 5 * SECOND);
            silence.set_deaf(false, start + 100 * SECOND);
        };
        check(hears_again, Some(115));
    }

    #[test]
    fn questions_are_soon_after_payload_and_rare_without() {
        let start = Instant::now();
        let mut silence = Silence::new(start);
        assert_eq!(silence.ask_at(), start);
        silence.asks(start);
        silence.hears(start + SECOND, false, false);
        assert_eq!(silence.ask_at(), start + IDLE);
        silence.hears(start + 2 * SECOND, true, false);
        assert_eq!(silence.ask_at(), start + 7 * SECOND);
        silence.sent(start + 4 * SECOND);
        assert_eq!(silence.ask_at(), start + 9 * SECOND);
    }
}
