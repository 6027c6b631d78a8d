//! One SSH session over websockets, at either end: bytes from a source go out as binary messages, binary messages go to a
//! destination. It knows no network: where sockets come from, and where a replacement comes from, is the [`Line`]'s.
//!
//! Both protocols of the official tunnel (websocket frames after RFC 6455):
//! - The payload is in binary messages of any size, whose boundaries mean nothing.
//! - Handover: the client stops sending, dials again with the same id, and goes over once it has read the old socket's close
//!   (1000, `handover`). The server stops sending, closes the old socket, and goes over once it has read the client's
//!   answer to that. So the order of bytes holds in both directions without any numbering.
//! - Plain, the first: close code 1000 ends the session, and so does a lost connection. Text ends it as well.
//! - Resumable, the second: each end tells the other how far it has delivered, in text messages, and keeps what it sent until
//!   it is told. A lost connection, also in a handover, is replaced by a new one, over which each end goes on from the
//!   other's count. Only a close with the reason `finished` ends the session.
//!
//! No byte is lost: the source is read to its end before the close, and the close is waited for. Little is queued: what was
//! read and not yet delivered is bounded by a [`Window`], and a slow end slows the other one down.

mod handover;
pub mod ledger;
mod leg;
pub mod negotiation;
mod shared;
mod silence;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{sleep, timeout};

use self::leg::LegEnd;
use self::shared::Shared;
use crate::websocket::socket::Socket;

/// The close code of a normal end: RFC 6455, section 7.4.1.
const NORMAL: u16 = 1000;
/// The close code that stands for a close without one.
const NO_CODE: u16 = 1005;
const HANDOVER: &str = "handover";
const FINISHED: &str = "finished";
/// How long an end waits for the other's answer to its close, and for output after its destination has gone.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);
/// How long the last data and the close may take to leave: the other end may be slow.
const FINISH_LIMIT: Duration = Duration::from_secs(60);
/// How long a handover may take from the replacement to the old socket's close: the official server's limit.
const HANDOVER_LIMIT: Duration = Duration::from_secs(25);
/// How long a client whose local end has gone tries to tell the server so, when there is no connection.
const FAREWELL_LIMIT: Duration = Duration::from_secs(5);

/// How a session ended in good order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The source ended, and the other end knows.
    SourceEnded,
    /// The other end closed the session.
    PeerClosed,
}

/// Why a session broke.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The connection failed.
    #[error("the connection was lost: {0}")]
    Connection(String),
    /// The other end, or something in between, closed the connection with a code that is not "normal".
    #[error("the connection was closed with code {code}: {reason}")]
    Closed {
        /// The close code of RFC 6455, section 7.4.
        code: u16,
        /// The words that came with it.
        reason: String,
    },
    /// The other end does not speak this protocol.
    #[error("the other end sent a text message that this protocol does not have")]
    Text,
    /// The other end wants what this end cannot have.
    #[error("{0}")]
    Violation(#[from] ledger::Violation),
    /// The source could not be read.
    #[error("the local end could not be read: {0}")]
    Source(io::Error),
    /// The destination did not take what came.
    #[error("the local end could not be written: {0}")]
    Destination(io::Error),
    /// A replacement was there, and the old socket was not closed in time.
    #[error("the connection could not be renewed in time")]
    Handover,
    /// Nothing came from the other end in the first seconds.
    #[error("the server did not answer within {} seconds", .0.as_secs())]
    Silent(Duration),
    /// The connection was lost, and no other could be had in time.
    #[error("{lost}, and there was no other for {} seconds: {last}", .after.as_secs())]
    Abandoned {
        /// Why it was lost.
        lost: String,
        /// How long another was tried for.
        after: Duration,
        /// Why the last try failed.
        last: String,
    },
    /// The other end does not know the session any more.
    #[error("{lost}, and the server has ended the session: {answer}")]
    Gone {
        /// Why the connection was lost.
        lost: String,
        /// What the server said.
        answer: String,
    },
}

/// What is to be done about the present socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// It is replaced in good order.
    Handover,
    /// It is lost, although nothing was heard of that: it is dropped.
    Reattach,
}

/// Where the sockets of a session come from.
pub trait Line: Send {
    /// Whether this end closes the old socket first in a handover: the server does.
    const IS_SERVER: bool;
    /// Resolves when something is to be done. It may be dropped and called again.
    fn due(&mut self) -> impl Future<Output = Due> + Send;
    /// Resolves when a handover that is to begin is not wanted any more, because the present socket is lost: what is being sent may
    /// never be through. It may be dropped and called again.
    fn given_up(&mut self) -> impl Future<Output = ()> + Send;
    /// The new socket of a handover, once nothing is being sent. `None` keeps the old one.
    fn replacement(&mut self, delivered: u64) -> impl Future<Output = Option<Socket>> + Send;
    /// A new socket after the old one was lost, and the offset up to which the other end has delivered. This end has
    /// delivered up to `delivered`. Only a resumable session asks.
    fn reattach(&mut self, delivered: u64, lost: Broken) -> impl Future<Output = Result<(Socket, u64), Broken>> + Send;
}

/// How much a session may have read and not delivered, in bytes: 8 MiB, which is 500 Mbit/s at 120 ms; with many sessions in
/// one process less, so that all of them together have 160 MiB.
#[derive(Debug, Clone, Default)]
pub struct Window {
    sessions: Arc<AtomicU64>,
}

impl Window {
    const LARGEST: u64 = 8 * 1024 * 1024;
    const SMALLEST: u64 = 256 * 1024;
    const ALL: u64 = 160 * 1024 * 1024;

    /// A window like this one, when there are this many sessions.
    pub fn share(&self, sessions: usize) {
        self.sessions.store(sessions as u64, Ordering::Relaxed);
    }

    fn bytes(&self) -> u64 {
        let sessions = self.sessions.load(Ordering::Relaxed).max(1);
        (Self::ALL / sessions).clamp(Self::SMALLEST, Self::LARGEST)
    }
}

/// How a session runs. What is `None` does not happen.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Whether both ends speak the resumable protocol.
    pub resume: bool,
    /// What may be on the way.
    pub window: Window,
    /// Traffic for proxies that close idle connections. Pongs do not come back through the driver proxy and are not waited for.
    pub ping: Option<Duration>,
    /// Whether the other end is asked now and then whether it is there: a server of ours, which answers. Of resumable sessions.
    pub asks: bool,
    /// How long the first byte of the other end may take.
    pub first_byte: Option<Duration>,
    /// How long the other end may say nothing at all while bytes are to be acknowledged, before the connection counts as lost. Of
    /// resumable sessions.
    pub unanswered: Option<Duration>,
    /// How long an end that asks may say nothing at all before the connection counts as lost. Of resumable sessions.
    pub unasked: Option<Duration>,
}

/// Runs a session to its end.
///
/// # Errors
/// [`Broken`] when it did not end in good order. Whatever had arrived was delivered.
pub async fn run<R, W, L>(
    first: Socket,
    source: &mut R,
    destination: &mut W,
    line: &mut L,
    settings: Settings,
) -> Result<End, Broken>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin,
    L: Line,
{
    let shared = Shared::new(L::IS_SERVER);
    let buffer = BytesMut::new();
    let mut session =
        Session { source, destination, line, settings, shared, buffer, source_ended: false, is_finishing: false };
    let mut socket = first;
    loop {
        socket = match session.leg(socket).await? {
            LegEnd::Session(end) => return Ok(end),
            LegEnd::Replaced(next) => *next,
            LegEnd::Dropped(lost) if !session.settings.resume => return Err(lost),
            LegEnd::Dropped(lost) => match session.reattach(lost).await? {
                Some(next) => next,
                None => return Ok(End::SourceEnded),
            },
        };
        session.settings.first_byte = None;
    }
}

struct Session<'a, R, W, L> {
    source: &'a mut R,
    destination: &'a mut W,
    line: &'a mut L,
    settings: Settings,
    shared: Shared,
    /// What the source is read into.
    buffer: BytesMut,
    source_ended: bool,
    /// Whether all that is left is to tell the other end that the session is over.
    is_finishing: bool,
}

impl<R: AsyncRead + Unpin, W, L: Line> Session<'_, R, W, L> {
    /// Another socket in place of one that was lost. `None` when there is nothing left to use it for.
    async fn reattach(&mut self, lost: Broken) -> Result<Option<Socket>, Broken> {
        tracing::debug!(%lost, "reattaching");
        let delivered = self.shared.lock().ledger.acknowledge();
        let Self { source, line, settings, shared, buffer, source_ended, is_finishing, .. } = self;
        // A client whose local end has gone has nobody to come back for; a server's client may.
        let gone = async {
            if L::IS_SERVER {
                return std::future::pending().await;
            }
            if !*is_finishing {
                leg::until_the_end(*source, buffer, shared, settings, source_ended).await;
            }
            let is_settled = *is_finishing || shared.lock().ledger.is_settled();
            sleep(if is_settled { FAREWELL_LIMIT } else { FINISH_LIMIT }).await;
        };
        let (mut socket, offset) = tokio::select! {
            biased;
            found = line.reattach(delivered, lost) => match found {
                Ok(found) => found,
                // The server hears no more of the session, and ends it by itself.
                Err(_) if *is_finishing && !L::IS_SERVER => return Ok(None),
                Err(error) => return Err(error),
            },
            () = gone => return Ok(None),
        };
        let rewound = self.shared.lock().rewind(offset);
        if let Err(violation) = rewound {
            let _ = timeout(CLOSE_LIMIT, socket.writer.close(1002, "impossible offset")).await;
            return Err(violation.into());
        }
        Ok(Some(socket))
    }
}
