//! The bytes of one file, with as many requests on the way as the connection has use for, through one channel or several.
//!
//! Pieces go round the channels in turn and are done in order, so that what has been carried is always a beginning of the file. All
//! that is held is what is on the way.

mod pace;

use std::collections::VecDeque;
use std::future::Future;
use std::io;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::future::{join_all, try_join_all};
use futures_util::stream::FuturesOrdered;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;

pub use self::pace::MOST as MOST_ON_THE_WAY;
use self::pace::Pace;
use crate::client::{Error, Handle, Sftp};
use crate::wire::attributes::Attributes;

/// A file that is open on one channel or several.
#[derive(Debug, Clone)]
pub struct Lanes {
    first: (Sftp, Handle),
    more: Vec<(Sftp, Handle)>,
}

/// Why a file was not carried whole.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The server, or the way there.
    #[error(transparent)]
    There(#[from] Error),
    /// This end: what is read here, or written.
    #[error(transparent)]
    Here(io::Error),
    /// The file ended before the size that the server had told.
    #[error("the file became shorter while it was read: it ends at {0}")]
    Shorter(u64),
}

impl Lanes {
    /// A file on these channels. There is at least one.
    pub fn new(first: (Sftp, Handle), more: impl IntoIterator<Item = (Sftp, Handle)>) -> Self {
        Self { first, more: more.into_iter().collect() }
    }

    /// The channel that does what is done once.
    pub fn first(&self) -> &Sftp {
        &self.first.0
    }

    /// What the file is like.
    ///
    /// # Errors
    /// What the server says, as all that follow.
    pub async fn attributes(&self) -> Result<Attributes, Error> {
        let (sftp, handle) = &self.first;
        sftp.fstat(handle).await
    }

    /// Has the file be like this.
    ///
    /// # Errors
    /// What the server says.
    pub async fn set(&self, attributes: &Attributes) -> Result<(), Error> {
        let (sftp, handle) = &self.first;
        sftp.set_open(handle, attributes).await
    }

    /// Has the file on the disk, of servers that can promise it.
    ///
    /// # Errors
    /// What the server says.
    pub async fn fsync(&self) -> Result<(), Error> {
        let (sftp, handle) = &self.first;
        if sftp.features().fsync { sftp.fsync(handle).await } else { Ok(()) }
    }

    /// Closes the file on all channels, whatever comes of it: for one that is given up.
    pub async fn let_go(&self) {
        join_all(self.all().map(|(sftp, handle)| async { sftp.regardless().close(handle).await })).await;
    }

    /// Closes the file on all channels. What the server had kept back is written then, so that a full disk may be an error here.
    ///
    /// # Errors
    /// What the server says.
    pub async fn close(&self) -> Result<(), Error> {
        try_join_all(self.all().map(|(sftp, handle)| sftp.close(handle))).await.map(drop)
    }

    /// The channel of a piece.
    fn of(&self, piece: usize) -> (Sftp, Handle) {
        let number = piece % (1 + self.more.len());
        number.checked_sub(1).and_then(|number| self.more.get(number)).unwrap_or(&self.first).clone()
    }

    fn all(&self) -> impl Iterator<Item = &(Sftp, Handle)> {
        std::iter::once(&self.first).chain(&self.more)
    }

    fn piece(&self, limit: impl Fn(&Sftp) -> u32) -> u32 {
        self.all().map(|(sftp, _)| limit(sftp)).min().unwrap_or(1).max(1)
    }

    /// Writes what the file has between two offsets, in order; without an end, all to its end. `carried` is told each number of
    /// bytes that has been written. Answers where it ended.
    ///
    /// # Errors
    /// [`Failure`]. What was written then is a beginning.
    pub async fn download(
        &self,
        range: (u64, Option<u64>),
        destination: &mut (impl AsyncWrite + Unpin),
        carried: impl FnMut(u64),
    ) -> Result<u64, Failure> {
        self.unless_stopped(self.down(range, destination, carried)).await
    }

    async fn down(
        &self,
        (from, until): (u64, Option<u64>),
        destination: &mut (impl AsyncWrite + Unpin),
        mut carried: impl FnMut(u64),
    ) -> Result<u64, Failure> {
        let length = self.piece(|sftp| sftp.features().limits.read);
        let mut on_the_way = OnTheWay::new();
        let (mut next, mut written, mut piece) = (from, from, 0);
        loop {
            while until.is_none_or(|until| next < until) && on_the_way.has_room(length) {
                let wanted = until.map_or(length, |until| u32::try_from(until - next).unwrap_or(u32::MAX).min(length));
                on_the_way.push(wanted, read(self.of(piece), next, wanted));
                next += u64::from(wanted);
                piece += 1;
            }
            let Some((wanted, parts)) = on_the_way.next().await else { return Ok(written) };
            let mut came = 0;
            for part in parts? {
                came += part.len() as u64;
                destination.write_all(&part).await.map_err(Failure::Here)?;
            }
            written += came;
            carried(came);
            if came < u64::from(wanted) {
                return if until.is_some() { Err(Failure::Shorter(written)) } else { Ok(written) };
            }
        }
    }

    /// Writes all that the source has into the file, from an offset on. `carried` is told each number of bytes that the server has
    /// taken. Answers where it ended.
    ///
    /// # Errors
    /// [`Failure`]. What the server had taken then is a beginning, and perhaps more behind it.
    pub async fn upload(
        &self,
        from: u64,
        source: &mut (impl AsyncRead + Unpin + ?Sized),
        carried: impl FnMut(u64),
    ) -> Result<u64, Failure> {
        self.unless_stopped(self.up(from, source, carried)).await
    }

    /// Whatever it waits for, a transfer ends where it is to stop.
    async fn unless_stopped(&self, transfer: impl Future<Output = Result<u64, Failure>>) -> Result<u64, Failure> {
        tokio::select! {
            biased;
            () = self.first().stopped() => Err(Error::Stopped.into()),
            done = transfer => done,
        }
    }

    async fn up(
        &self,
        from: u64,
        source: &mut (impl AsyncRead + Unpin + ?Sized),
        mut carried: impl FnMut(u64),
    ) -> Result<u64, Failure> {
        let length = self.piece(|sftp| sftp.features().limits.write);
        let mut on_the_way = OnTheWay::new();
        let (mut next, mut piece, mut ended) = (from, 0, false);
        loop {
            while !ended && on_the_way.has_room(length) {
                let bytes = fill(source, length as usize).await.map_err(Failure::Here)?;
                ended = bytes.len() < length as usize;
                if bytes.is_empty() {
                    break;
                }
                let (written, offset) = (bytes.len() as u64, next);
                let (sftp, handle) = self.of(piece);
                on_the_way.push(length, async move { sftp.write(&handle, offset, bytes).await.map(|()| written) });
                next += written;
                piece += 1;
            }
            let Some((_, taken)) = on_the_way.next().await else { return Ok(next) };
            carried(taken?);
        }
    }
}

/// Requests on the way, in order.
struct OnTheWay<F: Future> {
    requests: FuturesOrdered<F>,
    lengths: VecDeque<u32>,
    bytes: u64,
    pace: Pace,
}

impl<F: Future> OnTheWay<F> {
    fn new() -> Self {
        let pace = Pace::new(Instant::now());
        Self { requests: FuturesOrdered::new(), lengths: VecDeque::new(), bytes: 0, pace }
    }

    fn has_room(&self, length: u32) -> bool {
        self.lengths.is_empty() || self.bytes + u64::from(length) <= self.pace.window()
    }

    fn push(&mut self, length: u32, request: F) {
        self.bytes += u64::from(length);
        self.lengths.push_back(length);
        self.requests.push_back(request);
    }

    async fn next(&mut self) -> Option<(u32, F::Output)> {
        let result = self.requests.next().await?;
        let length = self.lengths.pop_front()?;
        self.bytes -= u64::from(length);
        self.pace.carried(u64::from(length), Instant::now());
        Some((length, result))
    }
}

/// One piece, however few bytes the server answers at once. Fewer than wanted are the end.
async fn read((sftp, handle): (Sftp, Handle), offset: u64, wanted: u32) -> Result<Vec<Bytes>, Error> {
    let mut parts = Vec::with_capacity(1);
    let mut come = 0;
    while come < wanted {
        let part = sftp.read(&handle, offset + u64::from(come), wanted - come).await?;
        if part.is_empty() {
            break;
        }
        come += u32::try_from(part.len()).unwrap_or(wanted);
        parts.push(part);
    }
    Ok(parts)
}

/// As many bytes as wanted; fewer at the end of the source.
async fn fill(source: &mut (impl AsyncRead + Unpin + ?Sized), wanted: usize) -> io::Result<BytesMut> {
    let mut bytes = BytesMut::with_capacity(wanted);
    while bytes.len() < wanted {
        let mut rest = (&mut *source).take((wanted - bytes.len()) as u64);
        if rest.read_buf(&mut bytes).await? == 0 {
            break;
        }
    }
    Ok(bytes)
}
