//! The sending side of a channel. A sender waits for the client's window, so no more than a buffer per sender is in memory.

use bytes::{Bytes, BytesMut};
use russh::server::{Handle, Msg};
use russh::{ChannelId, ChannelWriteHalf, Sig};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes that are read at once: two packets of OpenSSH's client.
const PORTION: usize = 64 * 1024;
/// The number of stderr: RFC 4254, section 5.2.
pub(super) const STDERR: u32 = 1;

/// The connection has ended.
#[derive(Debug)]
pub(super) struct Gone;

#[derive(Debug)]
pub(super) struct Outlet {
    channel: ChannelWriteHalf<Msg>,
    handle: Handle,
}

impl Outlet {
    pub(super) fn new(channel: ChannelWriteHalf<Msg>, handle: Handle) -> Self {
        Self { channel, handle }
    }

    pub(super) fn id(&self) -> ChannelId {
        self.channel.id()
    }

    pub(super) async fn send(&self, bytes: Bytes, stream: Option<u32>) -> Result<(), Gone> {
        let sent = match stream {
            None => self.channel.data_bytes(bytes).await,
            Some(number) => self.channel.extended_data_bytes(number, bytes).await,
        };
        sent.map_err(|_| Gone)
    }

    /// Sends what a source has until its end. A terminal whose program has ended answers with an error instead.
    pub(super) async fn pump(&self, mut source: impl AsyncRead + Unpin, stream: Option<u32>) {
        let mut buffer = BytesMut::new();
        loop {
            buffer.reserve(PORTION);
            match source.read_buf(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) if self.send(buffer.split().freeze(), stream).await.is_err() => return,
                Ok(_) => {}
            }
        }
    }

    pub(super) async fn end_of_data(&self) {
        let _ = self.channel.eof().await;
    }

    pub(super) async fn exit_status(&self, status: u32) {
        let _ = self.channel.exit_status(status).await;
    }

    pub(super) async fn exit_signal(&self, signal: Sig, core_dumped: bool) {
        let _ = self.handle.exit_signal_request(self.id(), signal, core_dumped, String::new(), String::new()).await;
    }

    pub(super) async fn close(&self) {
        let _ = self.channel.close().await;
    }
}
