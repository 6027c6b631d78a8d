//! The sessions of a server by their ids: taken, counted and closed under one lock, so that there are never more than allowed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use crate::session::Window;
use crate::session::negotiation::{Dial, DialPurpose};
use crate::websocket::socket::Socket;

/// Between two looks at what holds an idle server.
const HELD_LOOK: Duration = Duration::from_secs(5);

/// A socket that a client dialled for a session that is there already.
pub enum Arrival {
    /// To go over to in good order.
    Handover(Socket),
    /// In place of one that was lost. The client has delivered up to an offset.
    Reattach(Socket, u64),
}

/// What becomes of a dial.
pub enum Entered {
    /// A new session.
    New(Slot, mpsc::Receiver<Arrival>),
    /// Another socket for a session.
    Again(mpsc::Sender<Arrival>),
    /// As many sessions as allowed are there.
    Full,
    /// The session to take up again is not there: it ended, or was given up.
    Gone,
    /// The session was begun in the other protocol.
    OtherProtocol,
    /// The server takes no more sessions.
    Closed,
}

/// How many sessions there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Sessions with a connection.
    pub attached: usize,
    /// Sessions that wait for their client to come back.
    pub detached: usize,
}

impl Count {
    fn all(self) -> usize {
        self.attached + self.detached
    }
}

/// The sessions of a server.
pub struct Slots {
    open: Arc<Open>,
    maximum: usize,
}

struct Open {
    sessions: Mutex<Sessions>,
    count: watch::Sender<Count>,
    window: Window,
}

#[derive(Default)]
struct Sessions {
    by_id: HashMap<String, Session>,
    closed: bool,
}

struct Session {
    arrivals: mpsc::Sender<Arrival>,
    resume: bool,
    attached: bool,
}

/// A session's place, given back on drop.
pub struct Slot {
    id: String,
    open: Arc<Open>,
}

impl Open {
    fn lock(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, sessions: &Sessions) {
        let count = sessions.count();
        self.window.share(count.all());
        self.count.send_replace(count);
    }
}

impl Sessions {
    fn count(&self) -> Count {
        let attached = self.by_id.values().filter(|session| session.attached).count();
        Count { attached, detached: self.by_id.len() - attached }
    }
}

impl Slots {
    /// Room for this many sessions with a connection. As many more may wait for their clients: a client whose network is away
    /// keeps nobody out.
    pub fn new(maximum: usize) -> Self {
        let open = Open { sessions: Mutex::default(), count: watch::Sender::default(), window: Window::default() };
        Self { open: Arc::new(open), maximum }
    }

    /// What a session may have on the way; it is shared by all sessions.
    pub fn window(&self) -> Window {
        self.open.window.clone()
    }

    /// How many sessions there are now.
    pub fn count(&self) -> Count {
        *self.open.count.borrow()
    }

    /// Decides about a dial, and takes its place.
    pub fn enter(&self, dial: &Dial) -> Entered {
        let mut sessions = self.open.lock();
        if sessions.closed {
            return Entered::Closed;
        }
        let count = sessions.count();
        let full = count.attached >= self.maximum || count.all() >= self.maximum.saturating_mul(2);
        let is_reattach = dial.resume.is_some_and(|resume| resume.purpose == DialPurpose::Reattach);
        match sessions.by_id.entry(dial.id.clone()) {
            Entry::Occupied(entry) if entry.get().resume != dial.resume.is_some() => Entered::OtherProtocol,
            Entry::Occupied(entry) => Entered::Again(entry.get().arrivals.clone()),
            Entry::Vacant(_) if is_reattach => Entered::Gone,
            Entry::Vacant(_) if full => Entered::Full,
            Entry::Vacant(entry) => {
                let (sender, receiver) = mpsc::channel(1);
                entry.insert(Session { arrivals: sender, resume: dial.resume.is_some(), attached: true });
                self.open.publish(&sessions);
                Entered::New(Slot { id: dial.id.clone(), open: self.open.clone() }, receiver)
            }
        }
    }

    /// Lets nobody in any more.
    pub fn close(&self) {
        self.open.lock().closed = true;
    }

    /// Resolves once nobody has been there, and nothing has held the server, for `delay`, and lets nobody in any more.
    pub async fn idle(&self, delay: Duration, is_held: impl Fn() -> bool) {
        let mut count = self.open.count.subscribe();
        loop {
            if count.wait_for(|count| count.all() == 0).await.is_err() {
                return;
            }
            if timeout(delay, count.wait_for(|count| count.all() > 0)).await.is_ok() {
                continue;
            }
            if is_held() {
                // The delay begins when it is let go.
                while is_held() && count.borrow().all() == 0 {
                    sleep(HELD_LOOK).await;
                }
                continue;
            }
            let mut sessions = self.open.lock();
            if sessions.by_id.is_empty() {
                sessions.closed = true;
                return;
            }
        }
    }
}

impl Slot {
    /// Whether the session has a connection.
    pub fn attached(&self, attached: bool) {
        let mut sessions = self.open.lock();
        if let Some(session) = sessions.by_id.get_mut(&self.id) {
            session.attached = attached;
        }
        self.open.publish(&sessions);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut sessions = self.open.lock();
        sessions.by_id.remove(&self.id);
        self.open.publish(&sessions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::negotiation::{GRACE, Resume};

    fn plain(id: &str) -> Dial {
        Dial { id: id.to_owned(), resume: None }
    }

    fn resumable(id: &str, purpose: DialPurpose) -> Dial {
        Dial { id: id.to_owned(), resume: Some(Resume { delivered: 0, purpose, grace: GRACE }) }
    }

    #[test]
    fn there_are_never_more_sessions_than_allowed() {
        let slots = Slots::new(2);
        let first = slots.enter(&plain("a"));
        assert!(matches!(first, Entered::New(..)));
        assert!(matches!(slots.enter(&plain("a")), Entered::Again(_)));
        let second = slots.enter(&plain("b"));
        assert!(matches!(slots.enter(&plain("c")), Entered::Full));
        drop(first);
        let third = slots.enter(&plain("c"));
        assert!(matches!(third, Entered::New(..)));
        slots.close();
        drop(second);
        assert!(matches!(slots.enter(&plain("d")), Entered::Closed));
    }

    #[test]
    fn a_client_whose_network_is_away_keeps_nobody_out_and_can_come_back() {
        let slots = Slots::new(1);
        let Entered::New(first, _arrivals) = slots.enter(&resumable("a", DialPurpose::Attach)) else {
            panic!("refused")
        };
        assert!(matches!(slots.enter(&plain("b")), Entered::Full));
        first.attached(false);
        assert_eq!(slots.count(), Count { attached: 0, detached: 1 });
        let Entered::New(second, _arrivals) = slots.enter(&plain("b")) else { panic!("refused") };
        assert!(matches!(slots.enter(&plain("c")), Entered::Full));
        assert!(matches!(slots.enter(&resumable("a", DialPurpose::Reattach)), Entered::Again(_)));
        drop(second);
        drop(first);
        assert_eq!(slots.count(), Count::default());
    }

    #[test]
    fn only_what_is_there_and_can_be_resumed_is_taken_up_again() {
        let slots = Slots::new(9);
        assert!(matches!(slots.enter(&resumable("a", DialPurpose::Reattach)), Entered::Gone));
        let _plain = slots.enter(&plain("p"));
        assert!(matches!(slots.enter(&resumable("p", DialPurpose::Reattach)), Entered::OtherProtocol));
        let _resumable = slots.enter(&resumable("r", DialPurpose::Attach));
        assert!(matches!(slots.enter(&plain("r")), Entered::OtherProtocol));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_is_idle_only_without_sessions() {
        let slots = Slots::new(2);
        let session = slots.enter(&plain("a"));
        let delay = Duration::from_secs(600);
        assert!(timeout(delay * 10, slots.idle(delay, || false)).await.is_err());
        drop(session);
        let started = tokio::time::Instant::now();
        slots.idle(delay, || false).await;
        assert_eq!(started.elapsed(), delay);
        assert!(matches!(slots.enter(&plain("b")), Entered::Closed));
    }

    #[tokio::test(start_paused = true)]
    async fn what_holds_a_server_keeps_it_and_the_delay_begins_anew_after_it() {
        let slots = Slots::new(2);
        let delay = Duration::from_secs(600);
        let started = tokio::time::Instant::now();
        slots.idle(delay, || started.elapsed() < delay * 10).await;
        assert!(started.elapsed() >= delay * 11 && started.elapsed() < delay * 11 + HELD_LOOK * 2);
    }
}
