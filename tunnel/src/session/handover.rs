//! One socket takes another's place while the session goes on: the exchange of the official tunnel, at either end.

use std::pin::pin;

use tokio::time::timeout;

use super::leg::{LegEnd, Received, Receiving, stopped};
use super::{Broken, CLOSE_LIMIT, HANDOVER, HANDOVER_LIMIT, Line, NORMAL};
use crate::websocket::socket::Writer;

/// A handover from one socket, to which nothing is being sent.
pub(super) struct Handover<'a, 'r> {
    pub(super) writer: &'a mut Writer,
    pub(super) receiving: Receiving<'r>,
    /// How far this end has delivered.
    pub(super) delivered: u64,
}

impl Handover<'_, '_> {
    /// Goes over to a new socket. `None` keeps the old one; what goes wrong on a session that can be resumed costs nothing
    /// but that.
    pub(super) async fn run<L: Line>(self, line: &mut L, resume: bool) -> Result<Option<LegEnd>, Broken> {
        if L::IS_SERVER { self.run_server(line).await } else { self.run_client(line, resume).await }
    }

    async fn run_server<L: Line>(mut self, line: &mut L) -> Result<Option<LegEnd>, Broken> {
        let Some(next) = line.replacement(self.delivered).await else { return Ok(None) };
        let exchange = async {
            if self.writer.close(NORMAL, HANDOVER).await.is_err() {
                tracing::debug!("the old socket had gone before the handover");
            }
            self.receiving.as_mut().await
        };
        let received = tokio::select! {
            received = timeout(HANDOVER_LIMIT, exchange) => received,
            () = line.given_up() => return Ok(Some(LegEnd::Dropped(Broken::Handover))),
        };
        match received {
            Ok(Received::Close(..)) => Ok(Some(LegEnd::Replaced(Box::new(next)))),
            Ok(Received::Lost(broken)) => Ok(Some(LegEnd::Dropped(broken))),
            Ok(Received::Foreign(broken)) => Err(broken),
            Err(_) => Ok(Some(LegEnd::Dropped(Broken::Handover))),
        }
    }

    async fn run_client<L: Line>(mut self, line: &mut L, resume: bool) -> Result<Option<LegEnd>, Broken> {
        let mut closed = None;
        let next = {
            let mut dialling = pin!(line.replacement(self.delivered));
            loop {
                tokio::select! {
                    next = &mut dialling => break next,
                    // The old socket goes on delivering while the new one is dialled.
                    received = self.receiving.as_mut(), if closed.is_none() => {
                        if !received.is_handover() && !received.is_without_reason() {
                            return stopped(self.writer, received, resume).await.map(Some);
                        }
                        closed = Some(received);
                    }
                }
            }
        };
        let Some(next) = next else {
            return match closed {
                Some(received) if !received.is_handover() => stopped(self.writer, received, resume).await.map(Some),
                closed => Ok(closed.map(|_| LegEnd::Dropped(Broken::Handover))),
            };
        };
        let received = match closed {
            Some(received) => received,
            None => match timeout(HANDOVER_LIMIT, self.receiving.as_mut()).await {
                Ok(received) => received,
                Err(_) => return Ok(Some(LegEnd::Dropped(Broken::Handover))),
            },
        };
        // A hop may take reasons away. There is a new socket, so the server was asked for this close.
        if !received.is_handover() && !received.is_without_reason() {
            return stopped(self.writer, received, resume).await.map(Some);
        }
        // The answer to the close lets the server go over.
        let _ = timeout(CLOSE_LIMIT, self.writer.close(NORMAL, HANDOVER)).await;
        Ok(Some(LegEnd::Replaced(Box::new(next))))
    }
}
