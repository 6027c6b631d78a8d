//! Where Terraform reaches the plugin: a unix socket in a folder of ours, or a port of loopback; with TLS or without.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Notify, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::Connected;

use crate::diagnostic::{Error, Result};
use crate::environment::Environment;

/// A client that has not finished its handshake by then has gone, or is none of ours.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// A place to be reached at.
pub(crate) enum Listener {
    /// A socket, in a folder that goes when this is dropped.
    Unix { listener: UnixListener, _folder: Folder },
    /// A port of loopback.
    Tcp(TcpListener),
}

/// A folder of our own for a socket. Removed when dropped.
pub(crate) struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Listener {
    /// A socket where that is possible (its path must be short), else a port.
    pub(crate) async fn bind(environment: &Environment) -> Result<Self> {
        match socket(environment) {
            Ok(listener) => Ok(listener),
            Err(error) => {
                tracing::debug!(%error, "no socket; a port of loopback instead");
                port(environment.ports).await
            }
        }
    }

    /// The network and the address, as the handshake line has them.
    pub(crate) fn address(&self) -> Result<(&'static str, String)> {
        match self {
            Self::Unix { listener, .. } => {
                let address = listener.local_addr()?;
                let path = address.as_pathname().unwrap_or(Path::new("")).display().to_string();
                Ok(("unix", path))
            }
            Self::Tcp(listener) => Ok(("tcp", listener.local_addr()?.to_string())),
        }
    }

    async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        match self {
            Self::Unix { listener, .. } => Ok(Box::new(listener.accept().await?.0)),
            Self::Tcp(listener) => {
                let stream = listener.accept().await?.0;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
        }
    }

    /// The connections that were accepted, their handshakes done. Ends with `shutdown`.
    pub(crate) fn connections(
        self,
        tls: Option<Arc<ServerConfig>>,
        count: Arc<Count>,
        shutdown: CancellationToken,
    ) -> ReceiverStream<io::Result<Connection>> {
        let (sender, receiver) = mpsc::channel(16);
        tokio::spawn(async move {
            loop {
                let accepted = tokio::select! {
                    () = shutdown.cancelled() => break,
                    accepted = self.accept() => accepted,
                };
                let stream = match accepted {
                    Ok(stream) => stream,
                    Err(error) => {
                        tracing::warn!(%error, "a connection was not accepted");
                        // Out of files, perhaps: no use in asking again at once.
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                };
                // In a task of its own: a client that says nothing holds up nobody.
                tokio::spawn(greet(stream, tls.clone(), Arc::clone(&count), sender.clone()));
            }
        });
        ReceiverStream::new(receiver)
    }
}

async fn greet(
    stream: Box<dyn Stream>,
    tls: Option<Arc<ServerConfig>>,
    count: Arc<Count>,
    sender: mpsc::Sender<io::Result<Connection>>,
) {
    let stream: Box<dyn Stream> = match tls {
        None => stream,
        Some(config) => match tokio::time::timeout(HANDSHAKE_LIMIT, TlsAcceptor::from(config).accept(stream)).await {
            Ok(Ok(stream)) => Box::new(stream),
            Ok(Err(error)) => return tracing::warn!(%error, "a client was refused"),
            Err(_) => return tracing::warn!("a client did not finish its handshake"),
        },
    };
    count.open.fetch_add(1, Ordering::SeqCst);
    let _ = sender.send(Ok(Connection { stream, count })).await;
}

/// The beginning of the names of our folders.
const FOLDER: &str = "plugin-";
/// A folder that is younger may have a socket that nobody listens at yet.
const YOUNG: Duration = Duration::from_secs(60);

/// Removes the folders of processes that were killed: those of our naming and of this user's, with a socket at which nobody
/// listens.
fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let name = path.file_name().and_then(|name| name.to_str()?.strip_prefix(FOLDER));
        let Some(true) = name.map(|id| uuid::Uuid::try_parse(id).is_ok()) else { continue };
        let age = fs::symlink_metadata(path.join("s")).and_then(|socket| socket.modified()).ok();
        let is_old = age.and_then(|time| time.elapsed().ok()).is_some_and(|age| age > YOUNG);
        let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        if is_old && std::os::unix::net::UnixStream::connect(path.join("s")).is_err_and(refused) {
            // No more than these two goes: whatever else stands there is not ours.
            let _ = fs::remove_file(path.join("s")).and_then(|()| fs::remove_dir(&path));
        }
    }
}

fn socket(environment: &Environment) -> Result<Listener> {
    sweep(&environment.socket_folder);
    let folder = environment.socket_folder.join(format!("{FOLDER}{}", uuid::Uuid::new_v4().simple()));
    let mode = if environment.socket_group.is_some() { 0o750 } else { 0o700 };
    fs::DirBuilder::new().mode(mode).create(&folder)?;
    let folder = Folder(folder);
    let path = folder.0.join("s");
    let listener = UnixListener::bind(&path)?;
    if let Some(group) = &environment.socket_group {
        let group: u32 = group.parse().map_err(|_| Error::new("PLUGIN_UNIX_SOCKET_GROUP is no number"))?;
        std::os::unix::fs::chown(&folder.0, None, Some(group))?;
        std::os::unix::fs::chown(&path, None, Some(group))?;
    }
    Ok(Listener::Unix { listener, _folder: folder })
}

async fn port((least, greatest): (u16, u16)) -> Result<Listener> {
    let mut last = Error::new(format!("no port from {least} to {greatest}"));
    for port in least..=greatest.max(least) {
        match TcpListener::bind(("127.0.0.1", port)).await {
            Ok(listener) => return Ok(Listener::Tcp(listener)),
            Err(error) => last = Error::new(format!("no port of loopback is free: {error}")),
        }
    }
    Err(last)
}

/// How many connections are open.
#[derive(Debug, Default)]
pub(crate) struct Count {
    open: AtomicUsize,
    closed: Notify,
}

impl Count {
    /// Ends when none came within `first`, or the last connection was closed and none came within `grace`: Terraform is gone.
    pub(crate) async fn deserted(&self, first: Duration, grace: Duration) {
        let _ = tokio::time::timeout(first, self.closed.notified()).await;
        while self.open.load(Ordering::SeqCst) > 0 || !self.stays_empty(grace).await {
            self.closed.notified().await;
        }
    }

    async fn stays_empty(&self, grace: Duration) -> bool {
        tokio::time::sleep(grace).await;
        self.open.load(Ordering::SeqCst) == 0
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// One connection.
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    count: Arc<Count>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.count.open.fetch_sub(1, Ordering::SeqCst);
        self.count.closed.notify_one();
    }
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::net::UnixListener;
    use std::time::{Duration, SystemTime};

    use super::{Count, Ordering, sweep};

    #[test]
    fn what_killed_processes_left_is_swept_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let make = |name: &str, alive: bool, seconds: u64| {
            let folder = root.path().join(name);
            fs::create_dir(&folder).unwrap();
            let listener = UnixListener::bind(folder.join("s")).unwrap();
            let past = SystemTime::now() - Duration::from_secs(seconds);
            // A socket cannot be opened; its times are set by its name.
            let status = std::process::Command::new("touch")
                .args(["-h", "-d", &jiff::Timestamp::try_from(past).unwrap().to_string()])
                .arg(folder.join("s"))
                .status();
            assert!(status.unwrap().success());
            alive.then_some(listener)
        };
        let id = |number: u8| format!("plugin-{number:032x}");
        let _living = make(&id(1), true, 600);
        make(&id(2), false, 600);
        make(&id(3), false, 5);
        make("plugin-of-others", false, 600);
        make("else", false, 600);
        sweep(root.path());
        let mut left: Vec<String> =
            fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, ["else", &id(1), &id(3), "plugin-of-others"]);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_comes_or_the_last_one_goes_and_terraform_is_gone() {
        let (first, grace) = (Duration::from_secs(60), Duration::from_secs(2));
        let lasts = async |count: &Count| {
            let begun = tokio::time::Instant::now();
            count.deserted(first, grace).await;
            begun.elapsed()
        };
        assert_eq!(lasts(&Count::default()).await, first + grace, "nobody came");

        let count = Count::default();
        count.open.store(2, Ordering::SeqCst);
        let goes = async |after: u64| {
            tokio::time::sleep(Duration::from_secs(after)).await;
            count.open.fetch_sub(1, Ordering::SeqCst);
            count.closed.notify_one();
        };
        let (lasted, (), ()) = tokio::join!(lasts(&count), goes(100), goes(300));
        assert_eq!(lasted, Duration::from_secs(300) + grace, "the last one went");
    }
}
