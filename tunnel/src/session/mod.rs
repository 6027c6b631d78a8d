//! One SSH session over websockets, at either end: bytes from a source go out as binary messages, binary messages go to a
//! destination. It knows no network: where sockets come from, and where a replacement comes from, is the caller's.
//!
//! The protocol is the official tunnel's first, "v1 plain" (websocket frames after RFC 6455):
//! - The payload is in binary messages of any size, whose boundaries mean nothing. Text ends the session.
//! - Close code 1000 with an empty reason ends the session; with the reason `handover` it ends this socket only.
//! - Handover: the client stops sending, dials again with the same id, and goes over once it has read the old socket's close.
//!   The server stops sending, closes the old socket, and goes over once it has read the client's answer to that. So
//!   the order of bytes holds in both directions without any numbering.
//!
//! No byte is lost: the source is read to its end before the close, and the close is waited for. Nothing is queued: a
//! frame is read once the one before is written, so a slow end slows the other one down.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WebSocketError, Message};

/// What a websocket runs over: TCP, TLS, an upgraded HTTP connection, or memory in tests.
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// A websocket over any transport.
pub type Socket = WebSocketStream<Box<dyn Transport>>;

/// Bytes that are read from the source at once, and so the largest message that is sent.
const FRAME: usize = 128 * 1024;
/// How long an end waits for the other's answer to its close, and for output after its destination has gone.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);
/// How long the last data and the close may take to leave: the other end may be slow.
const FINISH_LIMIT: Duration = Duration::from_secs(60);
/// How long a handover may take from the replacement to the old socket's close: the official server's limit.
const HANDOVER_LIMIT: Duration = Duration::from_secs(25);
const HANDOVER: &str = "handover";

/// The websocket settings of both ends: messages are written at once, and memory is bounded.
pub fn websocket_config() -> WebSocketConfig {
    WebSocketConfig::default().read_buffer_size(FRAME).write_buffer_size(0)
}

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
    #[error("the other end sent a text message, which this protocol does not have")]
    Text,
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
}

/// Where the next socket of a session comes from.
pub trait Replacement: Send {
    /// Whether this end closes the old socket first: the server does.
    const CLOSES_FIRST: bool;
    /// Resolves when it is time to replace the socket. It may be dropped and called again.
    fn due(&mut self) -> impl Future<Output = ()> + Send;
    /// The new socket, once nothing is being sent. `None` keeps the old one.
    fn socket(&mut self) -> impl Future<Output = Option<Socket>> + Send;
}

/// A session's timers. What is `None` does not run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timers {
    /// Traffic for proxies that close idle connections. Pongs do not come back through the driver proxy and are not waited for.
    pub ping: Option<Duration>,
    /// How long the first byte of the other end may take.
    pub first_byte: Option<Duration>,
}

/// Runs a session to its end.
///
/// # Errors
/// [`Broken`] when it did not end in good order. Whatever had arrived was delivered.
pub async fn run<R, W, N>(
    first: Socket,
    source: &mut R,
    destination: &mut W,
    replacement: &mut N,
    timers: Timers,
) -> Result<End, Broken>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin,
    N: Replacement,
{
    let mut buffer = BytesMut::new();
    let mut socket = first;
    let mut first_byte = timers.first_byte;
    loop {
        let mut leg = Leg { source, destination, replacement, buffer: &mut buffer, ping: timers.ping, first_byte };
        match leg.run(socket).await? {
            LegEnd::Session(end) => return Ok(end),
            LegEnd::Replaced(next) => socket = *next,
        }
        first_byte = None;
    }
}

/// The life of one socket of a session.
struct Leg<'a, R, W, N> {
    source: &'a mut R,
    destination: &'a mut W,
    replacement: &'a mut N,
    buffer: &'a mut BytesMut,
    ping: Option<Duration>,
    first_byte: Option<Duration>,
}

enum LegEnd {
    Session(End),
    Replaced(Box<Socket>),
}

/// How sending stopped.
enum Sent {
    SourceEnded,
    SourceFailed(io::Error),
    SocketFailed,
    Paused,
}

/// How receiving stopped.
enum Received {
    Close(Option<CloseFrame>),
    Failed(Broken),
}

enum Event {
    Sent(Sent),
    Received(Received),
}

/// Asks the sender to stop between two frames.
#[derive(Default)]
struct Pause {
    asked: AtomicBool,
    wake: Notify,
}

impl<R, W, N> Leg<'_, R, W, N>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin,
    N: Replacement,
{
    async fn run(&mut self, socket: Socket) -> Result<LegEnd, Broken> {
        let (mut sink, stream) = socket.split();
        let mut receiving = pin!(receive(stream, self.destination, self.first_byte));
        loop {
            let pause = Pause::default();
            let event = {
                let mut sending = pin!(send(&mut sink, self.source, self.buffer, self.ping, &pause));
                let mut pausing = false;
                loop {
                    tokio::select! {
                        sent = &mut sending => break Event::Sent(sent),
                        received = &mut receiving => break Event::Received(received),
                        () = self.replacement.due(), if !pausing => {
                            pausing = true;
                            pause.asked.store(true, Ordering::Relaxed);
                            pause.wake.notify_one();
                        }
                    }
                }
            };
            let asked = pause.asked.load(Ordering::Relaxed);
            match event {
                Event::Received(Received::Failed(broken)) => return Err(broken),
                Event::Received(Received::Close(frame)) => return closed_by_peer(&mut sink, frame).await,
                // Where the other end waits for this end's close, it gets it: the source's end is seen again on the next socket.
                Event::Sent(Sent::SourceEnded) if !(asked && N::CLOSES_FIRST) => {
                    finish(&mut sink, &mut receiving).await;
                    return Ok(LegEnd::Session(End::SourceEnded));
                }
                Event::Sent(Sent::SourceFailed(error)) => {
                    let _ = timeout(CLOSE_LIMIT, sink.send(close(""))).await;
                    return Err(Broken::Source(error));
                }
                // What came before the failure is still delivered, and the receiving side knows why it ended.
                Event::Sent(Sent::SocketFailed) => {
                    return match timeout(CLOSE_LIMIT, &mut receiving).await {
                        Ok(Received::Close(frame)) => closed_by_peer(&mut sink, frame).await,
                        Ok(Received::Failed(broken)) => Err(broken),
                        Err(_) => Err(Broken::Connection("it takes no more data".to_owned())),
                    };
                }
                Event::Sent(Sent::Paused | Sent::SourceEnded) => {
                    let replaced = if N::CLOSES_FIRST {
                        hand_over_as_server(&mut sink, &mut receiving, self.replacement).await?
                    } else {
                        hand_over_as_client(&mut sink, &mut receiving, self.replacement).await?
                    };
                    match replaced {
                        Handover::Done(next) => return Ok(LegEnd::Replaced(next)),
                        Handover::Ended(end) => return Ok(LegEnd::Session(end)),
                        Handover::Kept => {}
                    }
                }
            }
        }
    }
}

enum Handover {
    Done(Box<Socket>),
    Kept,
    Ended(End),
}

type Sink = SplitSink<Socket, Message>;

async fn hand_over_as_server<N: Replacement>(
    sink: &mut Sink,
    receiving: &mut (impl Future<Output = Received> + Unpin),
    replacement: &mut N,
) -> Result<Handover, Broken> {
    let Some(next) = replacement.socket().await else { return Ok(Handover::Kept) };
    let exchange = async {
        if sink.send(close(HANDOVER)).await.is_err() {
            tracing::debug!("the old socket had gone before the handover");
        }
        receiving.await
    };
    match timeout(HANDOVER_LIMIT, exchange).await {
        Ok(Received::Close(_)) => Ok(Handover::Done(Box::new(next))),
        Ok(Received::Failed(broken)) => Err(broken),
        Err(_) => Err(Broken::Handover),
    }
}

async fn hand_over_as_client<N: Replacement>(
    sink: &mut Sink,
    receiving: &mut (impl Future<Output = Received> + Unpin),
    replacement: &mut N,
) -> Result<Handover, Broken> {
    let mut closed = None;
    let next = {
        let mut dialling = pin!(replacement.socket());
        loop {
            tokio::select! {
                next = &mut dialling => break next,
                // The old socket goes on delivering while the new one is dialled.
                received = &mut *receiving, if closed.is_none() => match received {
                    Received::Failed(broken) => return Err(broken),
                    Received::Close(frame) if is_handover(frame.as_ref()) => closed = Some(frame),
                    Received::Close(frame) => {
                        closed_by_peer(sink, frame).await?;
                        return Ok(Handover::Ended(End::PeerClosed));
                    }
                },
            }
        }
    };
    let Some(next) = next else {
        return if closed.is_some() { Err(Broken::Handover) } else { Ok(Handover::Kept) };
    };
    if closed.is_none() {
        match timeout(HANDOVER_LIMIT, receiving).await {
            Ok(Received::Close(frame)) if is_handover(frame.as_ref()) => {}
            Ok(Received::Close(frame)) => {
                closed_by_peer(sink, frame).await?;
                return Ok(Handover::Ended(End::PeerClosed));
            }
            Ok(Received::Failed(broken)) => return Err(broken),
            Err(_) => return Err(Broken::Handover),
        }
    }
    // The websocket library has queued the answer to the close; this sends it, which lets the server go over.
    let _ = timeout(CLOSE_LIMIT, sink.flush()).await;
    Ok(Handover::Done(Box::new(next)))
}

/// Says that the session is over, and waits until the other end has read everything. What it still sends is delivered.
async fn finish(sink: &mut Sink, receiving: &mut (impl Future<Output = Received> + Unpin)) {
    let mut closing = pin!(timeout(FINISH_LIMIT, sink.send(close(""))));
    tokio::select! {
        _ = &mut closing => {}
        _ = &mut *receiving => return,
    }
    let _ = timeout(CLOSE_LIMIT, receiving).await;
}

async fn closed_by_peer(sink: &mut Sink, frame: Option<CloseFrame>) -> Result<LegEnd, Broken> {
    let _ = timeout(CLOSE_LIMIT, sink.flush()).await;
    match frame {
        None => Ok(LegEnd::Session(End::PeerClosed)),
        Some(frame) if frame.code == CloseCode::Normal => Ok(LegEnd::Session(End::PeerClosed)),
        Some(frame) => Err(Broken::Closed { code: frame.code.into(), reason: frame.reason.to_string() }),
    }
}

/// Sends what the source has until it ends, the socket fails, or a pause is asked for.
async fn send<R: AsyncRead + Unpin>(
    sink: &mut Sink,
    source: &mut R,
    buffer: &mut BytesMut,
    ping: Option<Duration>,
    pause: &Pause,
) -> Sent {
    let mut last_sent = Instant::now();
    loop {
        if pause.asked.load(Ordering::Relaxed) {
            return Sent::Paused;
        }
        buffer.reserve(FRAME);
        let idle_until = ping.map(|interval| last_sent + interval);
        let message = tokio::select! {
            biased;
            () = pause.wake.notified() => return Sent::Paused,
            read = source.read_buf(buffer) => match read {
                Ok(0) => return Sent::SourceEnded,
                Ok(_) => Message::Binary(buffer.split().freeze()),
                Err(error) => return Sent::SourceFailed(error),
            },
            () = sleep_until(idle_until.unwrap_or(last_sent)), if idle_until.is_some() => Message::Ping(bytes::Bytes::new()),
        };
        if let Err(error) = sink.send(message).await {
            tracing::debug!(%error, "cannot send");
            return Sent::SocketFailed;
        }
        last_sent = Instant::now();
    }
}

/// Delivers what arrives until the socket is closed or fails.
async fn receive<W: AsyncWrite + Unpin>(
    mut stream: SplitStream<Socket>,
    destination: &mut W,
    first_byte: Option<Duration>,
) -> Received {
    let mut first_byte = first_byte;
    loop {
        let next = match first_byte {
            Some(limit) => match timeout(limit, next_payload(&mut stream)).await {
                Ok(next) => next,
                Err(_) => return Received::Failed(Broken::Silent(limit)),
            },
            None => next_payload(&mut stream).await,
        };
        first_byte = None;
        let payload = match next {
            Ok(payload) => payload,
            Err(received) => return received,
        };
        let written = async {
            destination.write_all(&payload).await?;
            destination.flush().await
        };
        if let Err(error) = written.await {
            // sshd has gone, and its last output may still be on the way to the other end: the source's end decides. A close
            // is still taken for what it is, since a handover waits for it.
            let rest = async {
                loop {
                    if let Err(received) = next_payload(&mut stream).await {
                        break received;
                    }
                }
            };
            return timeout(CLOSE_LIMIT, rest).await.unwrap_or(Received::Failed(Broken::Destination(error)));
        }
    }
}

async fn next_payload(stream: &mut SplitStream<Socket>) -> Result<bytes::Bytes, Received> {
    loop {
        return match stream.next().await {
            Some(Ok(Message::Binary(payload))) => Ok(payload),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
            Some(Ok(Message::Text(_))) => Err(Received::Failed(Broken::Text)),
            Some(Ok(Message::Close(frame))) => Err(Received::Close(frame)),
            None | Some(Err(WebSocketError::ConnectionClosed | WebSocketError::AlreadyClosed)) => {
                Err(Received::Close(None))
            }
            Some(Err(error)) => Err(Received::Failed(Broken::Connection(error.to_string()))),
        };
    }
}

fn close(reason: &'static str) -> Message {
    Message::Close(Some(CloseFrame { code: CloseCode::Normal, reason: reason.into() }))
}

fn is_handover(frame: Option<&CloseFrame>) -> bool {
    frame.is_some_and(|frame| frame.code == CloseCode::Normal && frame.reason.as_str() == HANDOVER)
}
