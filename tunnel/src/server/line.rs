//! Where the sockets of a server's session come from: its client dials them.

use std::future::pending;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::slots::{Arrival, Slot};
use crate::session::negotiation::Delivered;
use crate::session::{Broken, Due, Line};
use crate::websocket::socket::Socket;

/// How long the first message on a new socket may take to leave.
const FIRST_MESSAGE: Duration = Duration::from_secs(10);

/// One session's arrivals.
pub struct ServerLine {
    slot: Slot,
    arrivals: mpsc::Receiver<Arrival>,
    /// How long the client may be away.
    grace: Duration,
    handover: Option<Socket>,
    reattach: Option<(Socket, u64)>,
}

impl ServerLine {
    /// The line of the session in this slot, whose client may be away for `grace`.
    pub fn new(slot: Slot, arrivals: mpsc::Receiver<Arrival>, grace: Duration) -> Self {
        Self { slot, arrivals, grace, handover: None, reattach: None }
    }

    /// The next dial of a client that was away.
    async fn comes_back(&mut self) -> (Socket, u64) {
        loop {
            if let Some(found) = self.reattach.take() {
                return found;
            }
            match self.arrivals.recv().await {
                Some(Arrival::Reattach(socket, delivered)) => return (socket, delivered),
                // The client does not know yet that the old socket has gone. It will, and dial again.
                Some(Arrival::Handover(_)) => {}
                None => pending().await,
            }
        }
    }
}

impl Line for ServerLine {
    const IS_SERVER: bool = true;

    async fn due(&mut self) -> Due {
        if self.reattach.is_some() {
            return Due::Reattach;
        }
        // It came while the one before was not through yet.
        if self.handover.is_some() {
            return Due::Handover;
        }
        match self.arrivals.recv().await {
            Some(Arrival::Handover(socket)) => {
                self.handover = Some(socket);
                Due::Handover
            }
            Some(Arrival::Reattach(socket, delivered)) => {
                self.handover = None;
                self.reattach = Some((socket, delivered));
                Due::Reattach
            }
            None => pending().await,
        }
    }

    async fn replacement(&mut self, _: u64) -> Option<Socket> {
        self.handover.take()
    }

    async fn reattach(&mut self, delivered: u64, lost: Broken) -> Result<(Socket, u64), Broken> {
        self.handover = None;
        self.slot.attached(false);
        let until = Instant::now() + self.grace;
        loop {
            let Ok((mut socket, theirs)) = timeout_at(until, self.comes_back()).await else {
                let last = "the client did not come back".to_owned();
                return Err(Broken::Abandoned { lost: lost.to_string(), after: self.grace, last });
            };
            let message = Delivered { delivered }.to_text();
            if let Ok(Ok(())) = timeout(FIRST_MESSAGE, socket.writer.text(&message)).await {
                self.slot.attached(true);
                return Ok((socket, theirs));
            }
        }
    }
}
