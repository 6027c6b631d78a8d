//! The life of one session at the server: its SSH server is started, its socket waited for, and it goes on until either of them ends it,
//! the server ends, or it is unwelcome.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::line::ServerLine;
use super::log_ring::LogRing;
use super::slots::{Arrival, Login, Slot};
use super::ssh_server::{LOGIN_LIMIT, Running};
use super::{SHUTDOWN_LIMIT, ServerState};
use crate::error::{Context, Result};
use crate::session::negotiation::{Dial, FULL, GRACE};
use crate::session::{self, Settings};
use crate::websocket::socket::Socket;

/// Clients of ours ask every 20 seconds. One that has not for this long has gone, whatever its connection says.
const UNASKED: Duration = Duration::from_secs(90);

/// Starts the SSH server and the session's task, which waits for the socket.
///
/// # Errors
/// When the keys cannot be read, or the SSH server cannot be started.
pub(super) async fn begin(
    state: &Arc<ServerState>,
    dial: Dial,
    (slot, login, arrivals): (Slot, Login, mpsc::Receiver<Arrival>),
    log: LogRing,
    socket: impl Future<Output = Option<Socket>> + Send + 'static,
) -> Result<()> {
    let keys = state.service.keys.read().await.context(|| "a connection was refused".to_owned())?;
    let ssh_server = state.service.ssh_server.with(keys.host_key)?;
    let (sshd, stream) = ssh_server.start(&keys.authorized_keys, &log)?;
    let settings = Settings {
        resume: dial.resume.is_some(),
        window: state.slots.window(),
        // Only clients of ours ask for a grace of their own, and an official one may repeat a count by chance.
        unasked: dial.resume.filter(|resume| resume.grace != GRACE).map(|_| UNASKED),
        ..Settings::default()
    };
    let ending = state.shutdown.child_token();
    let grace = dial.resume.map_or(GRACE, |resume| resume.grace);
    let mut line = ServerLine::new(slot, arrivals, grace, ending.clone());
    state.sessions.spawn(async move {
        let (mut source, mut destination) = tokio::io::split(stream);
        if let Some(socket) = socket.await {
            let session = session::run(socket, &mut source, &mut destination, &mut line, settings);
            let mut session = std::pin::pin!(session);
            let ended = tokio::select! {
                ended = &mut session => Some(ended),
                () = ending.cancelled() => None,
                reason = unwelcome(&login, &sshd) => {
                    log.warn(format!("session {}: {reason}", dial.id));
                    None
                }
            };
            let ended = match ended {
                None => {
                    // The SSH server's end is the source's end, so the client still gets a proper close.
                    ending.cancel();
                    sshd.kill();
                    timeout(SHUTDOWN_LIMIT, session).await.ok()
                }
                ended => ended,
            };
            if let Some(Err(error)) = ended {
                log.warn(format!("session {}: {error}", dial.id));
            }
        }
        // Both halves gone, sshd reads the end of its connection. The session's place is free, and nobody comes back to it.
        drop((source, destination, line));
        sshd.finish().await;
        // The files of its host key are needed until now, whatever the next session is met with.
        drop(ssh_server);
    });
    Ok(())
}

/// Resolves, with the reason, when a session must not go on: nobody logs in, or there is no room.
async fn unwelcome(login: &Login, sshd: &Running) -> String {
    tokio::select! {
        found = timeout(LOGIN_LIMIT + SHUTDOWN_LIMIT, sshd.logged_in().cancelled_owned()) => {
            // What the SSH server itself has not ended by now is logged in, whether or not it has said so.
            if found.is_err() && sshd.has_ended() {
                return format!("nobody logged in for {}", humantime::format_duration(LOGIN_LIMIT));
            }
        }
        () = login.evicted() => return "it made room for another, because nobody had logged in".to_owned(),
    }
    if !login.succeeded() {
        return format!("a connection was refused: {FULL}");
    }
    std::future::pending().await
}
