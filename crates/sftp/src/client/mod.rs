//! A client of one channel. Requests are sent as they come and answered in any order, so that many may be on the way.

mod calls;
mod error;
mod features;
mod limit;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use self::calls::{Entry, Handle, Mode};
pub use self::error::{Error, Status};
pub use self::features::{Features, Limits};
pub use self::limit::Limit;
use crate::wire::{self, Arrived, Reader, begin, finish, kind};

/// Bytes of small packets that are sent as one: a packet of SSH's, which costs each end more than what is in it.
const TOGETHER: usize = 32 * 1024;
/// Bytes that are read at once.
const READ: usize = 256 * 1024;

/// One channel of a server. Clones are the same channel, which ends with the last of them.
#[derive(Debug, Clone)]
pub struct Sftp {
    channel: Arc<Channel>,
    limit: Option<Limit>,
    stop: CancellationToken,
}

#[derive(Debug)]
struct Channel {
    packets: mpsc::UnboundedSender<Bytes>,
    waiting: Arc<Mutex<Waiting>>,
    features: Features,
    _tasks: JoinSet<()>,
}

/// Who waits for which answer.
#[derive(Debug, Default)]
struct Waiting {
    last_id: u32,
    answers: HashMap<u32, oneshot::Sender<Answer>>,
    /// Why there will be no more answers.
    lost: Option<Error>,
}

/// An answer: its kind, and what is in it.
type Answer = (u8, Reader);

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nobody waits any more: each hears why.
fn lose(waiting: &Mutex<Waiting>, error: Error) {
    let mut waiting = lock(waiting);
    waiting.lost.get_or_insert(error);
    waiting.answers.clear();
}

impl Sftp {
    /// Greets the server and learns what it can.
    ///
    /// # Errors
    /// When it does not answer as an SFTP server of version 3 or newer, or ends before.
    pub async fn start(
        reader: impl AsyncRead + Send + Unpin + 'static,
        mut writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Result<Self, Error> {
        let mut arriving = Arriving { reader, arrived: BytesMut::new() };
        let mut hello = BytesMut::new();
        let start = begin(&mut hello, kind::INIT, wire::VERSION);
        finish(&mut hello, start);
        writer.write_all(&hello).await.map_err(Error::lost)?;
        writer.flush().await.map_err(Error::lost)?;
        let mut greeting = Reader::new(arriving.next().await?);
        if greeting.byte()? != kind::VERSION {
            return Err(Error::Protocol("it greets with another packet than its version"));
        }
        if greeting.number()? < wire::VERSION {
            return Err(Error::Protocol("it speaks a version before 3"));
        }
        let mut features = Features::read(&mut greeting)?;
        let (packets, queue) = mpsc::unbounded_channel();
        let waiting = Arc::new(Mutex::new(Waiting::default()));
        let mut tasks = JoinSet::new();
        tasks.spawn(send(writer, queue, Arc::clone(&waiting)));
        tasks.spawn(receive(arriving, Arc::clone(&waiting)));
        let mut channel = Channel { packets, waiting, features: features.clone(), _tasks: tasks };
        if features.has_limits {
            features.limits = channel.limits().await.unwrap_or_default();
            channel.features = features;
        }
        Ok(Self { channel: Arc::new(channel), limit: None, stop: CancellationToken::new() })
    }

    /// The same channel, whose reads and writes keep to this limit with all others that have it.
    #[must_use]
    pub fn limited(self, limit: Limit) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// The same channel without its limit: for what has waited for its turn already.
    pub(crate) fn unlimited(&self) -> Self {
        Self { limit: None, ..self.clone() }
    }

    /// The same channel, of which nothing more is asked once `stop` is cancelled: each call fails with [`Error::Stopped`]. What had
    /// been asked is answered.
    #[must_use]
    pub fn until(self, stop: CancellationToken) -> Self {
        Self { stop, ..self }
    }

    /// The same channel, whatever is stopped: for what tidies up.
    #[must_use]
    pub fn regardless(&self) -> Self {
        self.clone().until(CancellationToken::new())
    }

    /// Waits until nothing more is to be asked.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Fails where nothing more is to be asked.
    fn goes_on(&self) -> Result<(), Error> {
        if self.stop.is_cancelled() { Err(Error::Stopped) } else { Ok(()) }
    }

    /// Waits until so many bytes may be read or written.
    pub(crate) async fn paced(&self, bytes: u64) -> Result<(), Error> {
        let Some(limit) = &self.limit else { return Ok(()) };
        tokio::select! {
            () = limit.wait_for(bytes) => Ok(()),
            () = self.stopped() => Err(Error::Stopped),
        }
    }

    /// What the server can.
    pub fn features(&self) -> &Features {
        &self.channel.features
    }
}

impl Channel {
    /// Sends a request, whose parts are added by `put`, and waits for its answer. Requests are sent in the order in which they are
    /// polled first: nothing waits before that, so that one that closes a file never overtakes one that writes to it. There are no
    /// more of them than callers that wait.
    async fn ask(&self, kind: u8, put: impl FnOnce(&mut BytesMut)) -> Result<Answer, Error> {
        let (sender, receiver) = oneshot::channel();
        let id = {
            let mut waiting = lock(&self.waiting);
            if let Some(lost) = &waiting.lost {
                return Err(lost.clone());
            }
            waiting.last_id = waiting.last_id.wrapping_add(1);
            let id = waiting.last_id;
            waiting.answers.insert(id, sender);
            id
        };
        let mut packet = BytesMut::new();
        let start = begin(&mut packet, kind, id);
        put(&mut packet);
        finish(&mut packet, start);
        if packet.len() > wire::LONGEST + 4 {
            lock(&self.waiting).answers.remove(&id);
            return Err(Error::Protocol("the request is longer than a packet may be"));
        }
        let sent = self.packets.send(packet.freeze());
        match (sent, receiver.await) {
            (Ok(()), Ok(answer)) => Ok(answer),
            _ => Err(lock(&self.waiting).lost.clone().unwrap_or_else(|| Error::lost("it ended"))),
        }
    }

    async fn limits(&self) -> Result<Limits, Error> {
        let put = |packet: &mut BytesMut| wire::put_bytes(packet, b"limits@openssh.com");
        let (kind, mut reader) = self.ask(kind::EXTENDED, put).await?;
        error::expect(kind, kind::EXTENDED_REPLY, &mut reader)?;
        Limits::read(&mut reader)
    }
}

/// What a server sends.
struct Arriving<R> {
    reader: R,
    arrived: BytesMut,
}

impl<R: AsyncRead + Unpin> Arriving<R> {
    async fn next(&mut self) -> Result<Bytes, Error> {
        loop {
            match wire::take(&mut self.arrived) {
                Arrived::Packet(packet) => return Ok(packet),
                Arrived::Wrong => {
                    return Err(Error::Protocol("what it sends is no packet: a greeting of its shell, perhaps"));
                }
                Arrived::Incomplete => {}
            }
            self.arrived.reserve(READ);
            if self.reader.read_buf(&mut self.arrived).await.map_err(Error::lost)? == 0 {
                return Err(Error::lost("the server ended it"));
            }
        }
    }
}

/// Sends packets until nobody has any.
async fn send(
    mut writer: impl AsyncWrite + Unpin,
    mut queue: mpsc::UnboundedReceiver<Bytes>,
    waiting: Arc<Mutex<Waiting>>,
) {
    let sending = async {
        let mut together = BytesMut::new();
        while let Some(packet) = queue.recv().await {
            if packet.len() >= TOGETHER {
                writer.write_all(&packet).await?;
            } else {
                together.extend_from_slice(&packet);
                while together.len() < TOGETHER
                    && let Ok(packet) = queue.try_recv()
                {
                    together.extend_from_slice(&packet);
                }
                writer.write_all(&together).await?;
                together.clear();
            }
            if queue.is_empty() {
                writer.flush().await?;
            }
        }
        writer.shutdown().await
    };
    if let Err(error) = sending.await {
        lose(&waiting, Error::lost(error));
    }
}

/// Hands out answers until there are no more.
async fn receive(mut arriving: Arriving<impl AsyncRead + Unpin>, waiting: Arc<Mutex<Waiting>>) {
    let error = loop {
        let mut reader = match arriving.next().await {
            Ok(packet) => Reader::new(packet),
            Err(error) => break error,
        };
        let (Ok(kind), Ok(id)) = (reader.byte(), reader.number()) else {
            break Error::Protocol("an answer has no id");
        };
        let Some(sender) = lock(&waiting).answers.remove(&id) else {
            break Error::Protocol("it answers what was not asked");
        };
        // Who asked may have gone.
        let _ = sender.send((kind, reader));
    };
    lose(&waiting, error);
}

/// Adds an open handle.
fn put_handle(packet: &mut BytesMut, handle: &Handle) {
    wire::put_bytes(packet, &handle.0);
}

/// Adds an offset.
fn put_offset(packet: &mut BytesMut, offset: u64) {
    packet.put_u64(offset);
}
