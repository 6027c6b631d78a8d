//! A websocket over any transport, for streams of bytes: payload is handed on as it arrives, however the other end frames it,
//! so that no message is ever held; and sent with one write per frame.
//!
//! Text messages are short and of this protocol's own; they are held until they are whole. Pings are handed to the caller,
//! whose writer is the only one. RFC 6455; no extensions.

use std::io::{self, IoSlice};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};

use super::frame::{Header, LONGEST_CONTROL, LONGEST_HEADER, Malformed, Opcode, Role, apply_mask, read_close};

/// What a websocket runs over: TCP, TLS, an upgraded HTTP connection, or memory in tests.
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// Bytes that are read at once, and so the most that an arriving message takes of memory.
const BLOCK: usize = 128 * 1024;
/// A block is filled up while it has at least this much room, and then left to those who hold its parts.
const LEAST_ROOM: usize = 16 * 1024;
/// The longest text message, in bytes: an acknowledgement has some twenty.
const LONGEST_TEXT: usize = 4 * 1024;

/// A websocket after its handshake.
pub struct Socket {
    /// What arrives.
    pub reader: Reader,
    /// What is sent.
    pub writer: Writer,
}

impl Socket {
    /// A websocket over an upgraded connection. `read` is what arrived with the handshake already.
    pub fn new(transport: Box<dyn Transport>, role: Role, read: &[u8]) -> Self {
        let (input, output) = tokio::io::split(transport);
        let reader =
            Reader { input, role, buffer: BytesMut::from(read), payload: None, message: None, text: Vec::new() };
        Self { reader, writer: Writer { output, role, frame: Vec::new() } }
    }
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Socket").field("role", &self.reader.role).finish_non_exhaustive()
    }
}

/// What arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// Some bytes of binary payload. Where messages begin and end is not told.
    Data(Bytes),
    /// A whole text message.
    Text(String),
    /// A ping, to be answered with its payload.
    Ping(Bytes),
    /// A pong.
    Pong,
    /// The other end's close, the last frame of a connection: its code (1005 for none) and reason.
    Close(u16, String),
}

/// Why nothing more can be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The connection failed, or ended without a close frame.
    #[error("{0}")]
    Connection(#[from] io::Error),
    /// The other end does not keep to the protocol.
    #[error("the other end does not speak the websocket protocol: {0}")]
    Malformed(#[from] Malformed),
}

/// The reading half.
pub struct Reader {
    input: ReadHalf<Box<dyn Transport>>,
    role: Role,
    buffer: BytesMut,
    /// The frame whose payload is being read, and how many bytes of it have been.
    payload: Option<(Header, u64)>,
    /// The kind of the message whose pieces are being read.
    message: Option<Opcode>,
    text: Vec<u8>,
}

impl Reader {
    /// The next thing that arrives. It may be dropped and called again: nothing is lost.
    ///
    /// # Errors
    /// [`ReadError`]; an end of the connection without a close frame is one.
    pub async fn next(&mut self) -> Result<Incoming, ReadError> {
        loop {
            if let Some(incoming) = self.take()? {
                return Ok(incoming);
            }
            if self.buffer.capacity() - self.buffer.len() < LEAST_ROOM {
                self.buffer.reserve(BLOCK);
            }
            if self.input.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it was cut").into());
            }
        }
    }

    /// What can be taken from the buffer.
    fn take(&mut self) -> Result<Option<Incoming>, Malformed> {
        loop {
            let Some((header, read)) = self.payload else {
                let Some((header, size)) = Header::read(&self.buffer, self.role)? else { return Ok(None) };
                let _ = self.buffer.split_to(size);
                self.begin(&header)?;
                self.payload = Some((header, 0));
                continue;
            };
            let left = header.length - read;
            if header.opcode.is_control() {
                if (self.buffer.len() as u64) < left {
                    return Ok(None);
                }
                let payload = self.part(&header, 0, left);
                self.payload = None;
                return control(header.opcode, payload).map(Some);
            }
            let available = left.min(self.buffer.len() as u64);
            if available == 0 && left > 0 {
                return Ok(None);
            }
            let part = self.part(&header, read, available);
            let is_text = self.message == Some(Opcode::Text);
            let frame_ends = available == left;
            self.payload = (!frame_ends).then_some((header, read + available));
            let message_ends = frame_ends && header.is_final;
            if message_ends {
                self.message = None;
            }
            if !is_text {
                if part.is_empty() {
                    continue;
                }
                return Ok(Some(Incoming::Data(part)));
            }
            if self.text.len() + part.len() > LONGEST_TEXT {
                return Err(Malformed::Text);
            }
            self.text.extend_from_slice(&part);
            if message_ends {
                let text = String::from_utf8(std::mem::take(&mut self.text)).map_err(|_| Malformed::Text)?;
                return Ok(Some(Incoming::Text(text)));
            }
        }
    }

    /// Whether a frame may come now (section 5.4).
    fn begin(&mut self, header: &Header) -> Result<(), Malformed> {
        match (header.opcode, self.message) {
            (Opcode::Text | Opcode::Binary, None) => self.message = Some(header.opcode),
            (Opcode::Continuation, Some(_)) | (Opcode::Close | Opcode::Ping | Opcode::Pong, _) => {}
            _ => return Err(Malformed::Sequence),
        }
        Ok(())
    }

    /// Takes a part of a frame's payload, unmasked.
    fn part(&mut self, header: &Header, offset: u64, length: u64) -> Bytes {
        // It is no more than the buffer has.
        let length = usize::try_from(length).unwrap_or(usize::MAX).min(self.buffer.len());
        let mut part = self.buffer.split_to(length);
        if let Some(mask) = header.mask {
            apply_mask(&mut part, mask, offset);
        }
        part.freeze()
    }
}

fn control(opcode: Opcode, payload: Bytes) -> Result<Incoming, Malformed> {
    match opcode {
        Opcode::Ping => Ok(Incoming::Ping(payload)),
        Opcode::Pong => Ok(Incoming::Pong),
        _ => read_close(&payload).map(|(code, reason)| Incoming::Close(code, reason.to_owned())),
    }
}

/// The writing half. A write that is dropped in the middle leaves half a frame: the socket is of no use then.
pub struct Writer {
    output: WriteHalf<Box<dyn Transport>>,
    role: Role,
    /// The header of a frame; and of a client's frame the masked payload, too.
    frame: Vec<u8>,
}

impl Writer {
    /// Sends payload as one binary message.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn data(&mut self, payload: &[u8]) -> io::Result<()> {
        self.message(Opcode::Binary, payload).await
    }

    /// Sends a text message.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn text(&mut self, text: &str) -> io::Result<()> {
        self.message(Opcode::Text, text.as_bytes()).await
    }

    /// Sends a ping without payload.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn ping(&mut self) -> io::Result<()> {
        self.message(Opcode::Ping, &[]).await
    }

    /// Answers a ping.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn pong(&mut self, payload: &[u8]) -> io::Result<()> {
        self.message(Opcode::Pong, payload.get(..LONGEST_CONTROL).unwrap_or(payload)).await
    }

    /// Sends a close, after which nothing may be sent. A code that must not stand on the wire (1005) sends none.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn close(&mut self, code: u16, reason: &str) -> io::Result<()> {
        let mut payload = Vec::new();
        if code != 1005 {
            payload.extend_from_slice(&code.to_be_bytes());
            let end = reason.floor_char_boundary(LONGEST_CONTROL - 2);
            payload.extend_from_slice(reason.get(..end).unwrap_or_default().as_bytes());
        }
        self.message(Opcode::Close, &payload).await
    }

    async fn message(&mut self, opcode: Opcode, payload: &[u8]) -> io::Result<()> {
        let mask = (self.role == Role::Client).then(rand::random);
        self.frame.clear();
        self.frame.reserve(LONGEST_HEADER);
        Header { is_final: true, opcode, mask, length: payload.len() as u64 }.write(&mut self.frame);
        match mask {
            Some(mask) => {
                let header = self.frame.len();
                self.frame.extend_from_slice(payload);
                apply_mask(self.frame.get_mut(header..).unwrap_or_default(), mask, 0);
                self.output.write_all(&self.frame).await?;
            }
            None => write_both(&mut self.output, &self.frame, payload).await?,
        }
        self.output.flush().await
    }
}

/// Writes two buffers as one.
async fn write_both(output: &mut (impl AsyncWrite + Unpin), first: &[u8], second: &[u8]) -> io::Result<()> {
    let written = output.write_vectored(&[IoSlice::new(first), IoSlice::new(second)]).await?;
    if written == 0 && !first.is_empty() {
        return Err(io::ErrorKind::WriteZero.into());
    }
    if let Some(rest) = first.get(written..) {
        output.write_all(rest).await?;
    }
    output.write_all(second.get(written.saturating_sub(first.len())..).unwrap_or_default()).await
}
