//! Where the sockets of a server's session come from: its client dials them.

use std::future::pending;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

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
    /// Cancelled when the session ends whether or not its client comes back.
    ending: CancellationToken,
    handover: Option<Socket>,
    reattach: Option<(Socket, u64)>,
}

impl ServerLine {
    /// The line of the session in this slot, whose client may be away for `grace`, until `ending` is cancelled.
    pub fn new(slot: Slot, arrivals: mpsc::Receiver<Arrival>, grace: Duration, ending: CancellationToken) -> Self {
        Self { slot, arrivals, grace, ending, handover: None, reattach: None }
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

    async fn given_up(&mut self) {
        while self.reattach.is_none() {
            match self.arrivals.recv().await {
                Some(Arrival::Handover(socket)) => self.handover = Some(socket),
                // A client that has given the handover up asks for more.
                Some(Arrival::Reattach(socket, delivered)) => {
                    self.handover = None;
                    self.reattach = Some((socket, delivered));
                }
                None => pending().await,
            }
        }
    }

    async fn replacement(&mut self, _: u64) -> Option<Socket> {
        self.handover.take()
    }

    async fn reattach(&mut self, delivered: u64, lost: Broken) -> Result<(Socket, u64), Broken> {
        self.handover = None;
        self.slot.attached(false);
        let started = Instant::now();
        let until = started + self.grace;
        loop {
            let ending = self.ending.clone();
            let back = tokio::select! {
                biased;
                () = ending.cancelled() => Err("the session ends"),
                back = timeout_at(until, self.comes_back()) => back.map_err(|_| "the client did not come back"),
            };
            let (mut socket, theirs) = match back {
                Ok(back) => back,
                Err(last) => {
                    let (lost, after) = (lost.to_string(), started.elapsed());
                    return Err(Broken::Abandoned { lost, after, last: last.to_owned() });
                }
            };
            let message = Delivered { delivered }.to_text();
            if let Ok(Ok(())) = timeout(FIRST_MESSAGE, socket.writer.text(&message)).await {
                self.slot.attached(true);
                return Ok((socket, theirs));
            }
        }
    }
}
