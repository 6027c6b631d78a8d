//! The built-in SSH server, for drivers whose image has no sshd: it speaks SSH over one stream at a time, as `sshd -i` does,
//! and runs the sessions as this process's own user. The protocol is russh's; what a login is follows sshd(8).
//!
//! ```text
//! stream <-> russh -> connection (who may do what) -> program | sftp | forward -> inbox and outlet of one channel
//! ```
//!
//! The host key stays in memory. Memory per channel is bounded in both directions: see [`inbox`] and [`outlet`].

mod agent;
mod auth;
mod connection;
mod forward;
mod inbox;
mod limits;
mod outlet;
mod program;
mod pty;
mod session;
mod sftp;
mod shared;

use std::borrow::Cow;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::Arc;
use std::time::Duration;

use nix::unistd::User;
use russh::keys::{Algorithm, EcdsaCurve, HashAlg, PrivateKey};
use russh::server::Config;
use russh::{MethodKind, MethodSet, Preferred, SshId, cipher, compression, kex, mac};
use secret::Secret;
use tokio::net::UnixStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use self::auth::Keys;
use self::connection::Connection;
use self::limits::{GRACE, WINDOW};
use self::shared::{Host, Shared};
use crate::error::{Context, Error, Result};
use crate::server::log_ring::LogRing;
use crate::server::session_environment::of_sessions;
use crate::server::ssh_server::LOGIN_LIMIT;

/// The built-in server: a host key and the user that sessions run as.
#[derive(Debug)]
pub struct Embedded {
    config: Arc<Config>,
    host: Arc<Host>,
}

impl Embedded {
    /// A server with this OpenSSH private key, whose sessions get what is fit for them of `environment`.
    ///
    /// # Errors
    /// When the key cannot be read, or this process's user is not known.
    pub fn new(host_key: &Secret<String>, environment: &[(String, String)]) -> Result<Self> {
        let key = PrivateKey::from_openssh(host_key.expose()).context(|| "the host key cannot be read".to_owned())?;
        let id = nix::unistd::geteuid();
        let user = User::from_uid(id).ok().flatten().ok_or_else(|| {
            Error::new(format!("user {id} has no name")).way_out("Give it a line in /etc/passwd: logins are by name.")
        })?;
        let environment = of_sessions(environment).cloned().collect();
        Ok(Self { config: Arc::new(config(key)), host: Arc::new(Host { user, environment }) })
    }

    /// Starts serving one connection, whose bytes go over the returned stream, to those who have one of the keys.
    ///
    /// # Errors
    /// When a socket cannot be made.
    pub fn start(&self, authorized_keys: &str, log: &LogRing) -> Result<(Running, UnixStream)> {
        let keys = Keys::parse(authorized_keys, log);
        let start = || {
            let (ours, theirs) = StdUnixStream::pair()?;
            ours.set_nonblocking(true)?;
            theirs.set_nonblocking(true)?;
            let end = theirs.try_clone()?;
            let (ours, theirs) = (UnixStream::from_std(ours)?, UnixStream::from_std(theirs)?);
            let shared = Arc::new(Shared::new(self.host.clone(), log.clone(), end));
            let task = tokio::spawn(serve(self.config.clone(), theirs, shared.clone(), keys));
            Ok::<_, std::io::Error>((Running { shared, task }, ours))
        };
        start().context(|| "cannot start a session".to_owned())
    }
}

/// What the server offers: no algorithm with a known weakness, and what the last ten years' clients have.
fn config(key: PrivateKey) -> Config {
    const KEX: &[kex::Name] = &[
        kex::MLKEM768X25519_SHA256,
        kex::CURVE25519,
        kex::CURVE25519_PRE_RFC_8731,
        kex::ECDH_SHA2_NISTP256,
        kex::ECDH_SHA2_NISTP384,
        kex::ECDH_SHA2_NISTP521,
        kex::EXTENSION_SUPPORT_AS_SERVER,
        kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
    ];
    const KEYS: &[Algorithm] = &[
        Algorithm::Ed25519,
        Algorithm::SkEd25519,
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
        Algorithm::SkEcdsaSha2NistP256,
        Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
        Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
    ];
    // ChaCha20 is left out: OpenSSH's client would take it first, and it is the slower one on every processor of a driver.
    const CIPHERS: &[cipher::Name] =
        &[cipher::AES_128_GCM, cipher::AES_256_GCM, cipher::AES_256_CTR, cipher::AES_128_CTR];
    const MACS: &[mac::Name] = &[mac::HMAC_SHA256_ETM, mac::HMAC_SHA512_ETM, mac::HMAC_SHA256, mac::HMAC_SHA512];
    Config {
        server_id: SshId::Standard(Cow::Borrowed(concat!("SSH-2.0-tunnel_", env!("CARGO_PKG_VERSION")))),
        methods: MethodSet::from([MethodKind::PublicKey].as_slice()),
        // A public key is no secret that its answer's timing could give away, and an agent may offer several.
        auth_rejection_time: Duration::ZERO,
        auth_rejection_time_initial: Some(Duration::ZERO),
        max_auth_attempts: 10,
        keys: vec![key],
        window_size: WINDOW,
        event_buffer_size: 32,
        preferred: Preferred {
            kex: Cow::Borrowed(KEX),
            key: Cow::Borrowed(KEYS),
            host_key_certificates: Cow::Borrowed(&[]),
            cipher: Cow::Borrowed(CIPHERS),
            mac: Cow::Borrowed(MACS),
            compression: Cow::Borrowed(&[compression::NONE]),
        },
        // As sshd's ClientAliveInterval and ClientAliveCountMax: a client whose network is away may come back for an hour.
        inactivity_timeout: None,
        keepalive_interval: Some(Duration::from_secs(30)),
        keepalive_max: 130,
        // russh's own limits for new keys: a gibibyte or an hour.
        ..Config::default()
    }
}

/// Serves one connection to its end, and waits for the programs that it started.
async fn serve(config: Arc<Config>, stream: UnixStream, shared: Arc<Shared>, keys: Keys) {
    let connection = Connection::new(shared.clone(), keys);
    let log_in_limit = async {
        if timeout(LOGIN_LIMIT, shared.logged_in.cancelled()).await.is_err() {
            shared.log.warn(format!("ssh: nobody logged in for {}", humantime::format_duration(LOGIN_LIMIT)));
            shared.cut();
        }
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! {
        ended = async { russh::server::run_stream(config, stream, connection).await?.await } => ended,
        () = log_in_limit => Ok(()),
    };
    if let Err(error) = ended {
        shared.explain(&error);
    }
    shared.end();
    shared.tasks.close();
    shared.tasks.wait().await;
}

/// One connection. It and its programs are ended when this is dropped.
#[derive(Debug)]
pub struct Running {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Running {
    /// Cancelled once someone is logged in.
    pub fn logged_in(&self) -> CancellationToken {
        self.shared.logged_in.clone()
    }

    /// Whether the connection has ended.
    pub fn has_ended(&self) -> bool {
        self.shared.ended.is_cancelled()
    }

    /// Waits for the end after the stream was closed. Programs get SIGHUP and a while to end; what ignores SIGHUP, as under
    /// `nohup`, goes on without its connection.
    pub async fn finish(mut self) {
        if timeout(GRACE * 2, &mut self.task).await.is_err() {
            self.kill();
            let _ = (&mut self.task).await;
        }
    }

    /// Ends the connection and all its programs at once.
    pub fn kill(&self) {
        self.shared.killed.cancel();
        self.shared.cut();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.task.is_finished() {
            self.kill();
        }
    }
}
