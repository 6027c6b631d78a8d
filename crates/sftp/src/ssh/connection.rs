//! A connection: its steps one after the other, so that whoever makes one knows which of them failed.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::try_join_all;
use russh::client::{self, Config, Handle, Handler};
use russh::keys::{Algorithm, PublicKey, PublicKeyOrCertificate};
use russh::{ChannelMsg, Preferred, SshId, cipher};
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::login;
use super::trust::{Distrust, Trust};
use crate::client::{self as sftp, Sftp};

/// How long one address of a server may take to answer.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a server may take to show its key.
const GREET: Duration = Duration::from_secs(20);
/// How long a channel may take to open.
const OPEN: Duration = Duration::from_secs(20);
/// Between two looks at whether a server that says nothing is there. It is given up after three.
const ALIVE: Duration = Duration::from_secs(15);
/// What a server may send before it has been read: the bandwidth of a long line times its round trip.
const WINDOW: u32 = 16 * 1024 * 1024;
/// Bytes that are read at once.
const READ: usize = 256 * 1024;
/// The longest packet that the library takes.
const PACKET: u32 = 65_535;

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name or address.
    pub host: String,
    /// Its port: 22 mostly.
    pub port: u16,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody knows its name.
    #[error("the name {host} has no address: {reason}")]
    Resolve {
        /// The name.
        host: String,
        /// Why, in the resolver's words.
        reason: String,
    },
    /// Nobody answers there.
    #[error("{host} port {port} does not answer: {reason}")]
    Connect {
        /// The name.
        host: String,
        /// The port.
        port: u16,
        /// Why.
        reason: String,
    },
    /// What answers does not agree with this end.
    #[error("{host} port {port} is no SSH server that this program can talk to: {reason}")]
    Greet {
        /// The name.
        host: String,
        /// The port.
        port: u16,
        /// Why.
        reason: String,
    },
    /// It has another key than it should.
    #[error(transparent)]
    Distrust(#[from] Distrust),
    /// It lets nobody in who says who this is.
    #[error(transparent)]
    Login(#[from] login::Error),
    /// It has no files to offer.
    #[error("the server offers no SFTP: {0}")]
    Subsystem(String),
    /// It offers them, and speaks another protocol.
    #[error(transparent)]
    Sftp(#[from] sftp::Error),
    /// The connection ended.
    #[error("the connection was lost: {0}")]
    Lost(String),
}

/// A connection to a server.
pub struct Connection {
    pub(super) handle: Handle<Judge>,
    key: PublicKey,
    /// The one that it goes through.
    _via: Option<Box<Connection>>,
}

/// Looks at the server's key.
pub(super) struct Judge {
    server: Server,
    trust: Trust,
    seen: Arc<Mutex<Option<Result<PublicKey, Distrust>>>>,
}

impl Handler for Judge {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        // Certificates are not asked for.
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else { return Ok(false) };
        let verdict = self.trust.check(&self.server.host, self.server.port, key).map(|()| key.clone());
        let is_trusted = verdict.is_ok();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(verdict);
        Ok(is_trusted)
    }
}

impl Connection {
    /// Reaches a server and knows it by its key. Nobody is logged in yet.
    ///
    /// # Errors
    /// [`Error`]: a step that failed.
    pub async fn open(server: &Server, trust: &Trust) -> Result<Self, Error> {
        Self::over(reach(server).await?, server, trust, None).await
    }

    /// The same through another server that one is logged in to: ssh's ProxyJump.
    ///
    /// # Errors
    /// [`Error`]: a step that failed.
    pub async fn through(via: Self, server: &Server, trust: &Trust) -> Result<Self, Error> {
        let failed = |reason: String| Error::Connect { host: server.host.clone(), port: server.port, reason };
        let opening = via.handle.channel_open_direct_tcpip(&*server.host, server.port.into(), "127.0.0.1", 0);
        let channel = timeout(OPEN, opening).await.map_err(|_| failed("the jump host does not answer".to_owned()))?;
        let channel = channel.map_err(|error| failed(format!("the jump host cannot reach it: {error}")))?;
        Self::over(channel.into_stream(), server, trust, Some(Box::new(via))).await
    }

    /// The same over a stream that leads there already. `server` is what it is known as.
    ///
    /// # Errors
    /// [`Error`]: a step that failed.
    pub async fn on(
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        server: &Server,
        trust: &Trust,
    ) -> Result<Self, Error> {
        Self::over(stream, server, trust, None).await
    }

    async fn over(
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        server: &Server,
        trust: &Trust,
        via: Option<Box<Self>>,
    ) -> Result<Self, Error> {
        let seen = Arc::new(Mutex::new(None));
        let judge = Judge { server: server.clone(), trust: trust.clone(), seen: Arc::clone(&seen) };
        let config = config(trust.algorithms(&server.host, server.port)?);
        // The library reads each packet in two steps.
        let stream = BufReader::with_capacity(READ, stream);
        let connected = timeout(GREET, client::connect_stream(Arc::new(config), stream, judge)).await;
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        let greet = |reason: String| Error::Greet { host: server.host.clone(), port: server.port, reason };
        match (connected, seen) {
            (_, Some(Err(distrust))) => Err(distrust.into()),
            (Ok(Ok(handle)), Some(Ok(key))) => Ok(Self { handle, key, _via: via }),
            (Ok(Err(error)), _) => Err(greet(error.to_string())),
            (Ok(Ok(_)), None) => Err(greet("it has shown no key".to_owned())),
            (Err(_), _) => Err(greet(format!("it said nothing for {} seconds", GREET.as_secs()))),
        }
    }

    /// The server's key.
    pub fn server_key(&self) -> &PublicKey {
        &self.key
    }

    /// One channel for files.
    ///
    /// # Errors
    /// [`Error`]: where the server offers none, or no more.
    pub async fn sftp(&self) -> Result<Sftp, Error> {
        let opening = async {
            let mut channel =
                self.handle.channel_open_session().await.map_err(|error| Error::Lost(error.to_string()))?;
            let asked = channel.request_subsystem(true, "sftp").await;
            asked.map_err(|error| Error::Lost(error.to_string()))?;
            loop {
                match channel.wait().await {
                    Some(ChannelMsg::Success) => break,
                    Some(ChannelMsg::Failure) => {
                        return Err(Error::Subsystem("it refuses the subsystem sftp".to_owned()));
                    }
                    Some(ChannelMsg::WindowAdjusted { .. }) => {}
                    Some(_) | None => return Err(Error::Subsystem("it closed the channel".to_owned())),
                }
            }
            let (reader, writer) = tokio::io::split(channel.into_stream());
            Ok(Sftp::start(reader, writer).await?)
        };
        let late = || Error::Subsystem(format!("it did not answer within {} seconds", OPEN.as_secs()));
        timeout(OPEN, opening).await.map_err(|_| late())?
    }

    /// Several channels for files, opened at once. There are fewer where the server has a limit, and at least one.
    ///
    /// # Errors
    /// [`Error`]: where there is none.
    pub async fn channels(&self, wanted: usize) -> Result<Vec<Sftp>, Error> {
        let first = self.sftp();
        let more =
            try_join_all((1..wanted).map(|_| async { Ok::<_, std::convert::Infallible>(self.sftp().await.ok()) }));
        let (first, more) = tokio::join!(first, more);
        let mut channels = vec![first?];
        channels.extend(more.unwrap_or_default().into_iter().flatten());
        Ok(channels)
    }

    /// Ends it in good order.
    pub async fn close(self) {
        let _ = self.handle.disconnect(russh::Disconnect::ByApplication, "", "").await;
    }
}

/// A connection to the first of the server's addresses that answers.
async fn reach(server: &Server) -> Result<TcpStream, Error> {
    let host = server.host.clone();
    let resolve = |reason: String| Error::Resolve { host: host.clone(), reason };
    let found = lookup_host((&*server.host, server.port)).await.map_err(|error| resolve(error.to_string()))?;
    let mut last = None;
    for address in found {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // What is sent is sent at once: requests are small, and one waits for each first answer.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => last = Some(error.to_string()),
            Err(_) => last = Some(format!("{} said nothing for {} seconds", address.ip(), CONNECT.as_secs())),
        }
    }
    match last {
        Some(reason) => Err(Error::Connect { host, port: server.port, reason }),
        None => Err(resolve("the answer is empty".to_owned())),
    }
}

/// What this end offers: the quickest cipher first, and first those kinds of host keys that are known.
fn config(known: Vec<Algorithm>) -> Config {
    const CIPHERS: &[cipher::Name] = &[
        cipher::AES_128_GCM,
        cipher::AES_256_GCM,
        cipher::CHACHA20_POLY1305,
        cipher::AES_256_CTR,
        cipher::AES_128_CTR,
    ];
    let default = Preferred::default();
    // An RSA key is known whatever it is hashed with.
    let is_known = |algorithm: &Algorithm| {
        known.iter().any(|known| {
            known == algorithm || matches!((known, algorithm), (Algorithm::Rsa { .. }, Algorithm::Rsa { .. }))
        })
    };
    let (mut first, rest): (Vec<_>, Vec<_>) = default.key.iter().cloned().partition(is_known);
    first.extend(rest);
    Config {
        client_id: SshId::Standard(Cow::Borrowed(concat!("SSH-2.0-tunnel_", env!("CARGO_PKG_VERSION")))),
        window_size: WINDOW,
        maximum_packet_size: PACKET,
        channel_buffer_size: 4096,
        keepalive_interval: Some(ALIVE),
        keepalive_max: 3,
        preferred: Preferred { key: Cow::Owned(first), cipher: Cow::Borrowed(CIPHERS), ..default },
        ..Config::default()
    }
}
