//! The life of one socket of a session: it is sent to and received from at the same time, until it is replaced, is lost, or
//! the session ends. Neither direction ever waits for the other.

use std::future::{Future, pending};
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};

use super::handover::Handover;
use super::negotiation::Delivered;
use super::shared::Shared;
use super::{
    Broken, CLOSE_LIMIT, Due, End, FINISH_LIMIT, FINISHED, HANDOVER, Line, NO_CODE, NORMAL, Session, Settings,
};
use crate::websocket::socket::{Incoming, ReadError, Reader, Socket, Writer};
use crate::words;

/// Bytes that are read from the source at once, and so the longest message that is sent.
const FRAME: usize = 128 * 1024;
/// A block of the source's bytes is filled up while it has this much room.
const LEAST_ROOM: usize = 16 * 1024;
/// How long the destination may take nothing before the other end is told that this end is there all the same.
const DEAF: Duration = Duration::from_secs(5);
/// How long the receiving half may go on after the sending half has failed on a session that can be resumed.
const LAST_WORDS: Duration = Duration::from_secs(1);

pub(super) enum LegEnd {
    Session(End),
    Replaced(Box<Socket>),
    Dropped(Broken),
}

/// How sending stopped.
enum Sent {
    SourceEnded,
    SourceFailed(io::Error),
    SocketFailed(io::Error),
    Paused,
}

/// How receiving stopped.
pub(super) enum Received {
    Close(u16, String),
    Lost(Broken),
    /// The other end cannot be talked to.
    Foreign(Broken),
}

impl Received {
    pub(super) fn is_handover(&self) -> bool {
        matches!(self, Self::Close(NORMAL, reason) if reason == HANDOVER)
    }

    /// Whether it is a normal close whose reason, if it had one, was taken away on the way.
    pub(super) fn is_without_reason(&self) -> bool {
        matches!(self, Self::Close(NORMAL, reason) if reason.is_empty())
    }
}

/// The receiving half.
pub(super) type Receiving<'a> = Pin<&'a mut (dyn Future<Output = Received> + Send)>;

enum Event {
    Sent(Sent),
    Received(Received),
    Lost(Broken),
}

/// Asks the sender to stop between two frames.
#[derive(Default)]
struct Pause {
    asked: AtomicBool,
    wake: Notify,
}

impl<R, W, L> Session<'_, R, W, L>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin,
    L: Line,
{
    pub(super) async fn leg(&mut self, socket: Socket) -> Result<LegEnd, Broken> {
        let Socket { mut reader, mut writer } = socket;
        let (shared, settings) = (&self.shared, &self.settings);
        shared.lock().silence.begins_anew(Instant::now());
        let receiving = receive(&mut reader, self.destination, shared, settings);
        let mut receiving: Receiving<'_> = pin!(receiving);
        let mut quiet = pin!(quiet(shared, settings));
        loop {
            let pause = Pause::default();
            let event = {
                let sending =
                    send(&mut writer, self.source, &mut self.buffer, shared, settings, &pause, &mut self.source_ended);
                let mut sending = pin!(sending);
                let mut pausing = false;
                loop {
                    tokio::select! {
                        sent = &mut sending => break Event::Sent(sent),
                        received = &mut receiving => break Event::Received(received),
                        reason = &mut quiet => break Event::Lost(reason),
                        due = due(self.line, pausing) => match due {
                            Due::Handover => {
                                pausing = true;
                                pause.asked.store(true, Ordering::Relaxed);
                                pause.wake.notify_one();
                            }
                            Due::Reattach => break Event::Lost(Broken::Connection("the other end dropped it".to_owned())),
                        }
                    }
                }
            };
            let asked = pause.asked.load(Ordering::Relaxed);
            match event {
                Event::Lost(reason) => return Ok(LegEnd::Dropped(reason)),
                Event::Received(received) => return stopped(&mut writer, received, settings.resume).await,
                // Where the other end waits for this end's close, it gets it: the source's end is seen again on the next socket.
                Event::Sent(Sent::SourceEnded) if !(asked && L::IS_SERVER) => {
                    self.is_finishing = true;
                    return Ok(finish(&mut writer, receiving, settings.resume).await);
                }
                Event::Sent(Sent::SourceFailed(error)) => {
                    let reason = if settings.resume { FINISHED } else { "" };
                    let _ = timeout(CLOSE_LIMIT, writer.close(NORMAL, reason)).await;
                    return Err(Broken::Source(error));
                }
                // What came before the failure is still delivered, and the receiving side knows why it ended.
                Event::Sent(Sent::SocketFailed(error)) => {
                    let limit = if settings.resume { LAST_WORDS } else { CLOSE_LIMIT };
                    return match timeout(limit, &mut receiving).await {
                        Ok(received) => stopped(&mut writer, received, settings.resume).await,
                        Err(_) => Ok(LegEnd::Dropped(Broken::Connection(error.to_string()))),
                    };
                }
                Event::Sent(Sent::Paused | Sent::SourceEnded) => {
                    let delivered = shared.lock().ledger.delivered();
                    let handover = Handover { writer: &mut writer, receiving: receiving.as_mut(), delivered };
                    match handover.run(self.line, settings.resume).await? {
                        Some(end) => return Ok(end),
                        None => tracing::debug!("the old socket is kept"),
                    }
                }
            }
        }
    }
}

/// What is to be done about a socket. While a handover waits for what is being sent, that is to drop it or nothing.
async fn due<L: Line>(line: &mut L, pausing: bool) -> Due {
    if !pausing {
        return line.due().await;
    }
    line.given_up().await;
    Due::Reattach
}

/// What the end of receiving means, and the answer to a close.
pub(super) async fn stopped(writer: &mut Writer, received: Received, resume: bool) -> Result<LegEnd, Broken> {
    match received {
        Received::Foreign(broken) => Err(broken),
        Received::Lost(broken) => Ok(LegEnd::Dropped(broken)),
        Received::Close(code, reason) => {
            let _ = timeout(CLOSE_LIMIT, writer.close(code, &reason)).await;
            let is_end = if resume { code == NORMAL && reason == FINISHED } else { code == NORMAL || code == NO_CODE };
            let reason = words::in_one_line(&reason);
            Ok(if is_end { LegEnd::Session(End::PeerClosed) } else { LegEnd::Dropped(Broken::Closed { code, reason }) })
        }
    }
}

/// Says that the session is over, and waits until the other end has read everything. What it still sends is delivered.
async fn finish(writer: &mut Writer, mut receiving: Receiving<'_>, resume: bool) -> LegEnd {
    let mut closing = pin!(timeout(FINISH_LIMIT, writer.close(NORMAL, if resume { FINISHED } else { "" })));
    let received = tokio::select! {
        closed = &mut closing => {
            let said = matches!(closed, Ok(Ok(())));
            match timeout(if said { CLOSE_LIMIT } else { LAST_WORDS }, &mut receiving).await {
                Ok(received) => received,
                Err(_) if said => return LegEnd::Session(End::SourceEnded),
                Err(_) => Received::Lost(Broken::Connection(match closed {
                    Ok(Err(error)) => error.to_string(),
                    _ => "it takes no more data".to_owned(),
                })),
            }
        }
        received = &mut receiving => {
            // Both ends say it at once, and the other one waits for this one's word as well.
            if matches!(received, Received::Close(..)) {
                let _ = timeout(CLOSE_LIMIT, closing).await;
            }
            received
        }
    };
    match received {
        // The other end may not know it yet: it will ask.
        Received::Lost(lost) if resume => LegEnd::Dropped(lost),
        _ => LegEnd::Session(End::SourceEnded),
    }
}

/// Sends what the source has until it ends, the socket fails, or a pause is asked for.
async fn send<R: AsyncRead + Unpin>(
    writer: &mut Writer,
    source: &mut R,
    buffer: &mut BytesMut,
    shared: &Shared,
    settings: &Settings,
    pause: &Pause,
    source_ended: &mut bool,
) -> Sent {
    let mut last_sent = Instant::now();
    let mut finish_by = None;
    loop {
        if pause.asked.load(Ordering::Relaxed) {
            return Sent::Paused;
        }
        let now = Instant::now();
        let sent = match next(shared, settings, now) {
            Next::Pong(payload) => writer.pong(&payload).await,
            Next::Count(offset) => writer.text(&Delivered { delivered: offset }.to_text()).await,
            Next::Data(piece) => {
                let sent = writer.data(&piece).await;
                if !settings.resume {
                    shared.lock().ledger.forget_sent();
                }
                sent
            }
            Next::Nothing { room, settled, count_at } => {
                if *source_ended {
                    let by = *finish_by.get_or_insert(now + FINISH_LIMIT);
                    if settled || now >= by {
                        return Sent::SourceEnded;
                    }
                }
                if !buffer_has_room(buffer) {
                    buffer.reserve(FRAME);
                }
                let ping = settings.ping.map(|interval| last_sent + interval);
                let timer = [count_at, ping, finish_by].into_iter().flatten().min();
                tokio::select! {
                    biased;
                    () = pause.wake.notified() => return Sent::Paused,
                    () = shared.wake.notified() => continue,
                    read = source.read_buf(buffer), if room && !*source_ended => match read {
                        Ok(0) => *source_ended = true,
                        Ok(_) => shared.lock().ledger.push(buffer.split().freeze()),
                        Err(error) => return Sent::SourceFailed(error),
                    },
                    () = at(timer) => {}
                }
                if ping.is_none_or(|at| Instant::now() < at) {
                    continue;
                }
                writer.ping().await
            }
        };
        if let Err(error) = sent {
            return Sent::SocketFailed(error);
        }
        last_sent = Instant::now();
    }
}

/// Takes what the source has, as far as there is room, until it ends: while there is no socket.
pub(super) async fn until_the_end<R: AsyncRead + Unpin>(
    source: &mut R,
    buffer: &mut BytesMut,
    shared: &Shared,
    settings: &Settings,
    source_ended: &mut bool,
) {
    while !*source_ended {
        if shared.lock().ledger.outstanding() >= settings.window.bytes() {
            return std::future::pending().await;
        }
        if !buffer_has_room(buffer) {
            buffer.reserve(FRAME);
        }
        match source.read_buf(buffer).await {
            Ok(0) | Err(_) => *source_ended = true,
            Ok(_) => shared.lock().ledger.push(buffer.split().freeze()),
        }
    }
}

fn buffer_has_room(buffer: &BytesMut) -> bool {
    buffer.capacity() - buffer.len() >= LEAST_ROOM
}

/// What is to be sent now: counts go before data, so that they never wait behind it.
enum Next {
    Pong(Bytes),
    /// How far this end has delivered: news, or once more as a question or an answer.
    Count(u64),
    Data(Bytes),
    Nothing {
        room: bool,
        settled: bool,
        count_at: Option<Instant>,
    },
}

fn next(shared: &Shared, settings: &Settings, now: Instant) -> Next {
    let mut state = shared.lock();
    if let Some(payload) = state.pong.take() {
        return Next::Pong(payload);
    }
    let ask_at = (settings.resume && settings.asks).then(|| state.silence.ask_at());
    let is_question_due = ask_at.is_some_and(|due| due <= now);
    let acknowledgement = state.ledger.acknowledgement_due().filter(|_| settings.resume);
    // News first: a count is a question only when the other end has had it before.
    if acknowledgement.is_some_and(|due| due <= now || is_question_due) {
        return Next::Count(state.ledger.acknowledge());
    }
    if is_question_due {
        state.silence.asks(now);
        shared.judge.notify_one();
        return Next::Count(state.ledger.acknowledge());
    }
    if let Some(piece) = state.ledger.take() {
        if state.silence.sent(now) {
            shared.judge.notify_one();
        }
        return Next::Data(piece);
    }
    let room = state.ledger.outstanding() < settings.window.bytes();
    let count_at = [acknowledgement, ask_at].into_iter().flatten().min();
    Next::Nothing { room, settled: state.ledger.is_settled(), count_at }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}

/// Resolves when the other end has been silent for too long.
async fn quiet(shared: &Shared, settings: &Settings) -> Broken {
    loop {
        let deadline = shared.lock().silence.deadline(settings).filter(|_| settings.resume);
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            shared.lock().silence.gives_up(Instant::now());
            return Broken::Connection("the other end is silent".to_owned());
        }
        tokio::select! {
            () = at(deadline) => {}
            () = shared.judge.notified() => {}
        }
    }
}

/// Delivers what arrives until the socket is closed or fails.
async fn receive<W: AsyncWrite + Unpin>(
    reader: &mut Reader,
    destination: &mut W,
    shared: &Shared,
    settings: &Settings,
) -> Received {
    let mut first_byte = settings.first_byte;
    loop {
        let next = match first_byte {
            Some(limit) => match timeout(limit, payload(reader, shared, settings.resume)).await {
                Ok(next) => next,
                Err(_) => return Received::Foreign(Broken::Silent(limit)),
            },
            None => payload(reader, shared, settings.resume).await,
        };
        first_byte = None;
        let mut piece = match next {
            Ok(piece) => piece,
            Err(received) => return received,
        };
        while piece.has_remaining() {
            match write(destination, &piece, shared).await {
                Ok(written) if written > 0 => {
                    shared.delivered(written, Instant::now());
                    piece.advance(written);
                }
                Ok(_) => return drain(reader, shared, settings.resume, io::ErrorKind::WriteZero.into()).await,
                Err(error) => return drain(reader, shared, settings.resume, error).await,
            }
        }
        if let Err(error) = destination.flush().await {
            return drain(reader, shared, settings.resume, error).await;
        }
    }
}

/// Writes some of a piece. While the destination takes nothing, nothing is read either, and no silence can be judged.
async fn write<W: AsyncWrite + Unpin>(destination: &mut W, piece: &[u8], shared: &Shared) -> io::Result<usize> {
    let mut is_deaf = false;
    loop {
        match timeout(DEAF, destination.write(piece)).await {
            Ok(written) => {
                if is_deaf {
                    shared.hears_again(Instant::now());
                }
                return written;
            }
            Err(_) => {
                is_deaf = true;
                shared.goes_deaf(Instant::now());
            }
        }
    }
}

/// The destination has gone, and its last output may still be on the way to the other end: the source's end decides. A close
/// is still taken for what it is, since a handover waits for it.
async fn drain(reader: &mut Reader, shared: &Shared, resume: bool, error: io::Error) -> Received {
    let rest = async {
        loop {
            if let Err(received) = payload(reader, shared, resume).await {
                break received;
            }
        }
    };
    timeout(CLOSE_LIMIT, rest).await.unwrap_or(Received::Foreign(Broken::Destination(error)))
}

/// The next payload. Everything else that arrives is dealt with here.
async fn payload(reader: &mut Reader, shared: &Shared, resume: bool) -> Result<Bytes, Received> {
    loop {
        let incoming = reader.next().await.map_err(|error| match error {
            ReadError::Connection(error) => Received::Lost(Broken::Connection(error.to_string())),
            ReadError::Malformed(error) => Received::Lost(Broken::Connection(error.to_string())),
        })?;
        let now = Instant::now();
        match incoming {
            Incoming::Data(piece) => {
                shared.heard(now, true);
                return Ok(piece);
            }
            Incoming::Text(text) => match Delivered::from_text(&text).filter(|_| resume) {
                Some(told) => shared.told(told.delivered, now),
                None => return Err(Received::Foreign(Broken::Text)),
            },
            Incoming::Ping(payload) => {
                shared.heard(now, false);
                shared.pinged(payload);
            }
            Incoming::Pong => shared.heard(now, false),
            Incoming::Close(code, reason) => return Err(Received::Close(code, reason)),
        }
    }
}
