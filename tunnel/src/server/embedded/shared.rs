//! What the tasks of one connection share.

use std::collections::HashMap;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::unistd::User;
use russh::ChannelId;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::inbox::Inbox;
use crate::server::log_ring::LogRing;

/// The user that sessions run as, and what they get of the driver's environment.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) user: User,
    pub(super) environment: Vec<(String, String)>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) host: Arc<Host>,
    pub(super) log: LogRing,
    /// The tasks of the channels and of the forwarded ports.
    pub(super) tasks: TaskTracker,
    /// Cancelled once someone is logged in.
    pub(super) logged_in: CancellationToken,
    /// Cancelled when the connection has ended.
    pub(super) ended: CancellationToken,
    /// Cancelled when programs must not have time to end.
    pub(super) killed: CancellationToken,
    inboxes: Mutex<HashMap<ChannelId, Arc<Inbox>>>,
    stream: UnixStream,
}

impl Shared {
    pub(super) fn new(host: Arc<Host>, log: LogRing, stream: UnixStream) -> Self {
        Self {
            host,
            log,
            tasks: TaskTracker::new(),
            logged_in: CancellationToken::new(),
            ended: CancellationToken::new(),
            killed: CancellationToken::new(),
            inboxes: Mutex::default(),
            stream,
        }
    }

    /// What arrives on a channel. It is made by whoever asks first: for a channel that the server opens, the connection and
    /// the channel's task learn its id at the same time.
    pub(super) fn inbox(&self, channel: ChannelId) -> Arc<Inbox> {
        self.inboxes().entry(channel).or_default().clone()
    }

    /// What arrives on a channel that has not been closed.
    pub(super) fn known(&self, channel: ChannelId) -> Option<Arc<Inbox>> {
        self.inboxes().get(&channel).cloned()
    }

    pub(super) fn close(&self, channel: ChannelId) {
        if let Some(inbox) = self.inboxes().remove(&channel) {
            inbox.close();
        }
    }

    pub(super) fn channels(&self) -> usize {
        self.inboxes().len()
    }

    /// Whether a program takes its input slower than the client sends it.
    pub(super) fn is_behind(&self) -> bool {
        self.inboxes().values().any(|inbox| inbox.is_behind())
    }

    /// Ends all channels, as nothing arrives or leaves any more.
    pub(super) fn end(&self) {
        self.ended.cancel();
        for (_, inbox) in self.inboxes().drain() {
            inbox.close();
        }
    }

    /// Closes the stream, whatever the client does.
    pub(super) fn cut(&self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Says why a connection ended, where that is neither the client's wish nor its network.
    pub(super) fn explain(&self, error: &russh::Error) {
        if !matches!(error, russh::Error::IO(_) | russh::Error::HUP | russh::Error::Disconnect) {
            self.log.warn(format!("ssh: the connection ended: {error}"));
        }
    }

    fn inboxes(&self) -> MutexGuard<'_, HashMap<ChannelId, Arc<Inbox>>> {
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
