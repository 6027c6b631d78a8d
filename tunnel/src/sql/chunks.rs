//! The chunks of a result behind links: fetched side by side, handed on in order, in bounded memory.
//!
//! A link holds for 15 minutes at most; one that has ended is asked for again. A download that is cut goes on where it was cut.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use databricks::api::statements::{self, ExternalLink};
use databricks::{Client, Downloads, RawAnswer};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use crate::error::{Error, Result};
use crate::workspace::refused;

/// Chunks that are fetched at a time.
const AT_ONCE: usize = 4;
/// What of a chunk waits for those before it, in KiB.
const AHEAD: u32 = 4 * 1024;
/// How long the service's store may take for an answer, and for each piece of it.
const PATIENCE: Duration = Duration::from_secs(60);
/// Tries without a byte more after which a chunk is given up.
const TRIES: u32 = 8;
/// Before the second try; each further one waits twice as long.
const PAUSE: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 200 });

/// A part of the chunks.
#[derive(Debug)]
pub enum Piece {
    /// Bytes of the chunk at hand.
    Bytes(Bytes),
    /// Its end: what follows is the next one.
    End,
}

/// All chunks of a result.
pub struct Chunks {
    source: Arc<Source>,
    links: Vec<ExternalLink>,
    total: usize,
    /// The next one that is not being fetched yet.
    next: usize,
    lanes: VecDeque<Lane>,
    tasks: JoinSet<()>,
}

/// A chunk on its way.
struct Lane {
    pieces: UnboundedReceiver<Result<Piece>>,
    room: Arc<Semaphore>,
}

struct Source {
    client: Client,
    statement: String,
    downloads: Downloads,
}

/// Where one chunk's pieces go.
struct Sink {
    pieces: UnboundedSender<Result<Piece>>,
    room: Arc<Semaphore>,
    /// Bytes that have gone.
    at: u64,
}

/// How a download ended that did not end well.
enum Cut {
    /// The link is no longer good.
    Ended(String),
    /// The connection or the store failed.
    Failed(String),
    /// It may not be tried at all.
    Refused(databricks::Error),
    /// Nobody reads any more.
    Unread,
}

impl Chunks {
    /// The chunks of a statement, of which some links are known.
    pub fn new(client: &Client, statement: &str, links: Vec<ExternalLink>, total: usize) -> Self {
        let downloads = Downloads::new(client.clone(), PATIENCE);
        let source = Source { client: client.clone(), statement: statement.to_owned(), downloads };
        Self { source: Arc::new(source), links, total, next: 0, lanes: VecDeque::new(), tasks: JoinSet::new() }
    }

    /// The next piece; `None` after the last chunk's end.
    ///
    /// # Errors
    /// When a chunk cannot be had.
    pub async fn next(&mut self) -> Result<Option<Piece>> {
        while self.lanes.len() < AT_ONCE && self.next < self.total {
            self.begin(self.next);
            self.next += 1;
        }
        let Some(lane) = self.lanes.front_mut() else { return Ok(None) };
        let piece = lane.pieces.recv().await.unwrap_or_else(|| Err(Error::new("a part of the result was lost")))?;
        match &piece {
            Piece::Bytes(bytes) => lane.room.add_permits(permits(bytes) as usize),
            Piece::End => drop(self.lanes.pop_front()),
        }
        Ok(Some(piece))
    }

    fn begin(&mut self, index: usize) {
        let link = self.links.iter().position(|link| link.chunk_index == index).map(|at| self.links.swap_remove(at));
        let (pieces, received) = unbounded_channel();
        let room = Arc::new(Semaphore::new(AHEAD as usize));
        self.lanes.push_back(Lane { pieces: received, room: Arc::clone(&room) });
        let source = Arc::clone(&self.source);
        self.tasks.spawn(async move {
            let mut sink = Sink { pieces, room, at: 0 };
            let fetched = source.fetch(index, link, &mut sink).await;
            // Nobody may be there any more.
            let _ = sink.pieces.send(fetched.map(|()| Piece::End));
        });
    }
}

/// What a piece takes of the room, in KiB.
fn permits(bytes: &Bytes) -> u32 {
    u32::try_from(bytes.len().div_ceil(1024)).unwrap_or(AHEAD).min(AHEAD)
}

impl Source {
    async fn fetch(&self, index: usize, mut link: Option<ExternalLink>, sink: &mut Sink) -> Result<()> {
        let mut failures = 0;
        loop {
            let current = match link.take() {
                Some(link) => link,
                None => self.link(index).await?,
            };
            let before = sink.at;
            let reason = match self.pass_on(&current, sink).await {
                Ok(()) => return Ok(()),
                Err(Cut::Refused(error)) => return Err(refused(error, "cannot fetch the result")),
                Err(Cut::Unread) => return Err(Error::unread()),
                Err(Cut::Ended(reason)) => reason,
                Err(Cut::Failed(reason)) => {
                    link = Some(current);
                    reason
                }
            };
            failures = if sink.at > before { 0 } else { failures + 1 };
            tracing::debug!(chunk = index, at = sink.at, reason, "a download was cut");
            if failures >= TRIES {
                return Err(Error::new(format!("part {} of the result cannot be fetched: {reason}", index + 1))
                    .way_out("The result stays for an hour: tunnel sql fetch, with the statement's id."));
            }
            if failures > 0 {
                tokio::time::sleep(PAUSE * (1 << failures.min(6))).await;
            }
        }
    }

    /// A new link to a chunk.
    async fn link(&self, index: usize) -> Result<ExternalLink> {
        let chunk = statements::chunk(&self.client, &self.statement, index).await;
        let chunk = chunk.map_err(|error| refused(error, "cannot ask for a part of the result"))?;
        let link = chunk.external_links.into_iter().find(|link| link.chunk_index == index);
        link.ok_or_else(|| Error::new(format!("the service has no part {} of the result", index + 1)))
    }

    /// Hands on what a link leads to, from where the chunk was cut.
    async fn pass_on(&self, link: &ExternalLink, sink: &mut Sink) -> Result<(), Cut> {
        let opened = self.downloads.open(link, sink.at).await;
        let mut answer = opened.map_err(|error| match error {
            databricks::Error::Config(_) => Cut::Refused(error),
            _ => Cut::Failed(error.to_string()),
        })?;
        let mut skip = match answer.status {
            200 => sink.at,
            206 if starts_at(&answer, sink.at) => 0,
            status @ (400 | 401 | 403 | 404 | 410) => return Err(Cut::Ended(format!("the store answers {status}"))),
            status => return Err(Cut::Failed(format!("the store answers {status}"))),
        };
        loop {
            let chunk = answer.chunk().await.map_err(|error| Cut::Failed(error.to_string()))?;
            let Some(mut bytes) = chunk else { return Ok(()) };
            let known = usize::try_from(skip).unwrap_or(usize::MAX).min(bytes.len());
            let rest = bytes.split_off(known);
            skip -= known as u64;
            sink.push(rest).await?;
        }
    }
}

/// Whether an answer begins where it was to begin.
fn starts_at(answer: &RawAnswer, at: u64) -> bool {
    let range = answer.headers.get("content-range").and_then(|value| value.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {at}-")))
}

impl Sink {
    /// Hands a piece on, once there is room for it.
    async fn push(&mut self, bytes: Bytes) -> Result<(), Cut> {
        if bytes.is_empty() {
            return Ok(());
        }
        let length = bytes.len() as u64;
        let room = self.room.acquire_many(permits(&bytes)).await.map_err(|_| Cut::Unread)?;
        room.forget();
        self.pieces.send(Ok(Piece::Bytes(bytes))).map_err(|_| Cut::Unread)?;
        self.at += length;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
