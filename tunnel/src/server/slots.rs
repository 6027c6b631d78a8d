//! The sessions of a server by their ids: taken, counted and closed under one lock, so that there are never more than allowed.
//!
//! Who has not logged in yet takes nobody's place: such sessions have a limit of their own, as MaxStartups of sshd_config(5). Only for a
//! moment do they count as if they had, so that of many that come at once no more are let in than there is room for; who comes
//! meanwhile waits for that moment. Where sshd refuses some at random, the one that has been there longest goes: it is the least
//! likely to log in.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::session::Window;
use crate::session::negotiation::{Dial, DialPurpose};
use crate::websocket::socket::Socket;

/// Between two looks at what holds an idle server.
const HELD_LOOK: Duration = Duration::from_secs(5);

/// How long a session that nobody has logged in to takes the place of one.
const FRESH: Duration = Duration::from_secs(3);
/// Sessions at a time that nobody has logged in to: where sshd refuses all.
const MOST_STARTING: usize = 100;

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
    New(Slot, Login, mpsc::Receiver<Arrival>),
    /// Another socket for a session.
    Again(mpsc::Sender<Arrival>),
    /// As many sessions as allowed are there.
    Full,
    /// As many may be there in a moment: it is decided then, or when something changes before.
    Wait(Instant),
    /// The session to take up again is not there: it ended, or was given up.
    Gone,
    /// The session was begun in the other protocol.
    OtherProtocol,
    /// The server takes no more sessions.
    Closed,
}

/// Connections for calls about jobs, for each place of a session: who waits for a job has one, and keeps nobody out.
const JOB_CALLS: usize = 10;

/// How many sessions of a kind there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Sessions with a connection.
    pub attached: usize,
    /// Sessions that nobody has logged in to yet.
    pub starting: usize,
    /// Sessions that wait for their client to come back.
    pub detached: usize,
}

impl Count {
    fn all(self) -> usize {
        self.starting + self.logged_in()
    }

    fn logged_in(self) -> usize {
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
    counts: watch::Sender<Counts>,
    window: Window,
}

/// How many there are of both kinds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    sessions: Count,
    job_calls: Count,
}

impl Counts {
    fn all(self) -> usize {
        self.sessions.all() + self.job_calls.all()
    }
}

#[derive(Default)]
struct Sessions {
    by_id: HashMap<String, Session>,
    closed: bool,
}

struct Session {
    arrivals: mpsc::Sender<Arrival>,
    resume: bool,
    is_for_jobs: bool,
    attached: bool,
    /// Until someone is logged in: since when, and what ends it.
    starting: Option<(Instant, CancellationToken)>,
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
        let counts = Counts { sessions: sessions.count(false), job_calls: sessions.count(true) };
        self.window.share(counts.all());
        self.counts.send_replace(counts);
    }
}

impl Sessions {
    fn of(&self, is_for_jobs: bool) -> impl Iterator<Item = &Session> {
        self.by_id.values().filter(move |session| session.is_for_jobs == is_for_jobs)
    }

    fn count(&self, is_for_jobs: bool) -> Count {
        let mut count = Count::default();
        for session in self.of(is_for_jobs) {
            match session {
                Session { starting: Some(_), .. } => count.starting += 1,
                Session { attached: true, .. } => count.attached += 1,
                _ => count.detached += 1,
            }
        }
        count
    }

    /// When the sessions of a kind that nobody has logged in to, and that take a place all the same, began.
    fn fresh(&self, is_for_jobs: bool, now: Instant) -> impl Iterator<Item = Instant> {
        let since = self.of(is_for_jobs).filter_map(|session| session.starting.as_ref().map(|(since, _)| *since));
        since.filter(move |since| now < *since + FRESH)
    }

    /// Ends the session that has waited longest for its login; one whose client is away before all others.
    fn evict(&self) {
        let starting = self.by_id.values().filter_map(|session| {
            let (since, end) = session.starting.as_ref()?;
            Some((session.attached, *since, end))
        });
        let first = starting.filter(|(_, _, end)| !end.is_cancelled());
        if let Some((_, _, end)) = first.min_by_key(|(attached, since, _)| (*attached, *since)) {
            end.cancel();
        }
    }
}

impl Slots {
    /// Room for this many sessions with a connection. As many more may wait for their clients: a client whose network is away
    /// keeps nobody out.
    pub fn new(maximum: usize) -> Self {
        let open = Open { sessions: Mutex::default(), counts: watch::Sender::default(), window: Window::default() };
        Self { open: Arc::new(open), maximum }
    }

    /// What a session may have on the way; it is shared by all sessions.
    pub fn window(&self) -> Window {
        self.open.window.clone()
    }

    /// How many sessions there are now.
    pub fn count(&self) -> Count {
        self.open.counts.borrow().sessions
    }

    /// How many connections there are for calls about jobs.
    pub fn job_calls(&self) -> usize {
        self.open.counts.borrow().job_calls.all()
    }

    /// Decides about a dial that came at some time, and takes its place.
    pub fn enter(&self, dial: &Dial, came: Instant) -> Entered {
        let now = Instant::now();
        let mut sessions = self.open.lock();
        if sessions.closed {
            return Entered::Closed;
        }
        let maximum = if dial.is_for_jobs { self.maximum.saturating_mul(JOB_CALLS) } else { self.maximum };
        let count = sessions.count(dial.is_for_jobs);
        let full = count.attached >= maximum || count.logged_in() >= maximum.saturating_mul(2);
        let fresh = || sessions.fresh(dial.is_for_jobs, now);
        let (fresh, oldest) = (fresh().count(), fresh().min());
        let starting = count.starting + sessions.count(!dial.is_for_jobs).starting;
        if starting >= MOST_STARTING && !full && !sessions.by_id.contains_key(&dial.id) {
            sessions.evict();
        }
        let is_reattach = dial.resume.is_some_and(|resume| resume.purpose == DialPurpose::Reattach);
        match sessions.by_id.entry(dial.id.clone()) {
            Entry::Occupied(entry) if entry.get().resume != dial.resume.is_some() => Entered::OtherProtocol,
            Entry::Occupied(entry) => Entered::Again(entry.get().arrivals.clone()),
            Entry::Vacant(_) if is_reattach => Entered::Gone,
            Entry::Vacant(_) if full => Entered::Full,
            // Each waits once: who comes again and again keeps nobody out.
            Entry::Vacant(_) if count.attached + fresh >= maximum && now < came + FRESH => {
                Entered::Wait(oldest.map_or(came, |oldest| oldest.min(came)) + FRESH)
            }
            Entry::Vacant(entry) => {
                let (sender, receiver) = mpsc::channel(1);
                let end = CancellationToken::new();
                let (resume, starting) = (dial.resume.is_some(), Some((now, end.clone())));
                let is_for_jobs = dial.is_for_jobs;
                entry.insert(Session { arrivals: sender, resume, is_for_jobs, attached: true, starting });
                self.open.publish(&sessions);
                let login = Login { id: dial.id.clone(), open: self.open.clone(), maximum, end };
                Entered::New(Slot { id: dial.id.clone(), open: self.open.clone() }, login, receiver)
            }
        }
    }

    /// Resolves at this time, or when the sessions are others before it.
    pub async fn changed(&self, until: Instant) {
        let mut counts = self.open.counts.subscribe();
        let _ = timeout_at(until, counts.changed()).await;
    }

    /// Lets nobody in any more.
    pub fn close(&self) {
        self.open.lock().closed = true;
    }

    /// Resolves once nobody has been there, and nothing has held the server, for `delay`, and lets nobody in any more.
    pub async fn idle(&self, delay: Duration, is_held: impl Fn() -> bool) {
        let mut count = self.open.counts.subscribe();
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

/// A session's login, of which its place depends.
pub struct Login {
    id: String,
    open: Arc<Open>,
    maximum: usize,
    end: CancellationToken,
}

impl Login {
    /// Someone is logged in. `false` where there is no room any more, which takes more logins at once than there are places, and
    /// slow ones.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        let mut sessions = self.open.lock();
        let is_for_jobs = sessions.by_id.get(&self.id).is_some_and(|session| session.is_for_jobs);
        let has_room = sessions.count(is_for_jobs).logged_in() < self.maximum.saturating_mul(2);
        if let Some(session) = sessions.by_id.get_mut(&self.id).filter(|_| has_room) {
            session.starting = None;
        }
        self.open.publish(&sessions);
        has_room
    }

    /// Resolves when the session is to make room for another one.
    pub async fn evicted(&self) {
        self.end.cancelled().await;
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
mod tests;
