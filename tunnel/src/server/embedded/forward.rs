//! Forwarded connections, in both directions: `ssh -L`, `-D` and `-R`, for ports and for Unix sockets.
//! Reference: RFC 4254, section 7; OpenSSH's PROTOCOL, section 2.4.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use russh::server::{ChannelOpenHandle, Handle, Msg};
use russh::{Channel, ChannelOpenFailure};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::inbox::Inbox;
use super::outlet::Outlet;
use super::shared::Shared;

/// How long a host may take to answer.
const CONNECT_LIMIT: Duration = Duration::from_secs(60);

/// Where a client's forwarded connection goes.
#[derive(Debug)]
pub(super) enum Target {
    Port(String, u16),
    Socket(PathBuf),
}

/// Connects a channel that the client opened with its target, and accepts it once that is there.
pub(super) async fn connect(channel: Channel<Msg>, reply: ChannelOpenHandle, target: Target, link: Link) {
    let (inbox, outlet) = link.ends(channel);
    match target {
        Target::Port(host, port) => match timeout(CONNECT_LIMIT, TcpStream::connect((host.as_str(), port))).await {
            Ok(Ok(stream)) => {
                let _ = stream.set_nodelay(true);
                reply.accept().await;
                carry(stream, &inbox, &outlet).await;
            }
            _ => reply.reject(ChannelOpenFailure::ConnectFailed).await,
        },
        Target::Socket(path) => match UnixStream::connect(path).await {
            Ok(stream) => {
                reply.accept().await;
                carry(stream, &inbox, &outlet).await;
            }
            Err(_) => reply.reject(ChannelOpenFailure::ConnectFailed).await,
        },
    }
    link.shared.close(outlet.id());
}

/// What makes the two ends of a channel.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) shared: Arc<Shared>,
    pub(super) handle: Handle,
}

impl Link {
    /// russh's own queue of the channel is given up: it would make the connection wait for whoever reads it.
    pub(super) fn ends(&self, channel: Channel<Msg>) -> (Arc<Inbox>, Outlet) {
        let (queue, sender) = channel.split();
        drop(queue);
        let outlet = Outlet::new(sender, self.handle.clone());
        (self.shared.inbox(outlet.id()), outlet)
    }

    async fn carry(&self, channel: Channel<Msg>, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let (inbox, outlet) = self.ends(channel);
        carry(stream, &inbox, &outlet).await;
        self.shared.close(outlet.id());
    }

    /// Runs a task of the connection that ends with it.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let ended = self.shared.ended.clone();
        self.shared.tasks.spawn(async move {
            let _ = ended.run_until_cancelled(task).await;
        });
    }
}

/// Carries bytes both ways until both have ended. What had arrived before the client closed the channel is still delivered.
async fn carry(stream: impl AsyncRead + AsyncWrite + Unpin, inbox: &Inbox, outlet: &Outlet) {
    let (source, mut sink) = tokio::io::split(stream);
    let up = async {
        while let Some(bytes) = inbox.take().await {
            if sink.write_all(&bytes).await.is_err() {
                inbox.discard();
                return;
            }
        }
        let _ = sink.shutdown().await;
    };
    let down = async {
        let sending = async {
            outlet.pump(source, None).await;
            outlet.end_of_data().await;
        };
        tokio::select! {
            () = sending => {}
            () = inbox.closed() => {}
        }
    };
    tokio::join!(up, down);
    outlet.close().await;
}

/// Listens on a port of this machine for the client, until `stop`. As with sshd's `GatewayPorts no`, only this machine can
/// connect, whatever address the client named. Answers the port.
///
/// # Errors
/// When the port is taken or not allowed.
pub(super) async fn listen(link: Link, address: String, port: u16, stop: CancellationToken) -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let port = listener.local_addr()?.port();
    // A program may look for `localhost` under either address; a machine may lack the second one.
    let second = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await.ok();
    link.clone().spawn(async move {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                Some(accepted) = async { Some(second.as_ref()?.accept().await) }, if second.is_some() => accepted,
                () = stop.cancelled() => return,
            };
            let Ok((stream, peer)) = accepted else {
                // Out of descriptors.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let _ = stream.set_nodelay(true);
            let (link, address) = (link.clone(), address.clone());
            link.clone().spawn(async move { forward(link, stream, address, port, peer).await });
        }
    });
    Ok(port)
}

async fn forward(link: Link, stream: TcpStream, address: String, port: u16, peer: SocketAddr) {
    let (host, from) = (peer.ip().to_string(), u32::from(peer.port()));
    let opened = link.handle.channel_open_forwarded_tcpip(address, u32::from(port), host, from).await;
    if let Ok(channel) = opened {
        link.carry(channel, stream).await;
    }
}

/// What connections to a Unix socket are for.
#[derive(Debug, Clone)]
pub(super) enum ChannelPurpose {
    /// A socket that the client forwards, by the name that it gave.
    Forward(String),
    /// The client's agent.
    Agent,
}

/// Listens on a Unix socket, which only this user can use, until `stop`; then removes it.
///
/// # Errors
/// When the socket cannot be made.
pub(super) fn listen_on_socket(
    link: Link,
    path: &Path,
    purpose: ChannelPurpose,
    stop: CancellationToken,
) -> io::Result<()> {
    let listener = UnixListener::bind(path)?;
    let socket = RemovedOnDrop(path.to_owned());
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    link.clone().spawn(async move {
        let _socket = socket;
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => return,
            };
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let (link, purpose) = (link.clone(), purpose.clone());
            link.clone().spawn(async move {
                let opened = match purpose {
                    ChannelPurpose::Forward(name) => link.handle.channel_open_forwarded_streamlocal(name).await,
                    ChannelPurpose::Agent => link.handle.channel_open_agent().await,
                };
                if let Ok(channel) = opened {
                    link.carry(channel, stream).await;
                }
            });
        }
    });
    Ok(())
}

struct RemovedOnDrop(PathBuf);

impl Drop for RemovedOnDrop {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
