//! The sftp subsystem: protocol version 3 (draft-ietf-secsh-filexfer-02) with OpenSSH's order of `symlink`'s paths and its
//! extensions (OpenSSH's PROTOCOL, section 4), with the packets of our engine. It is ours because file names are bytes: the crates
//! that exist take them for text, and would then open another file than the one that was listed.
//!
//! Files are read and written by a thread of their own per channel, one request after the other, as OpenSSH does.

mod answer;
mod attributes;
mod extended;
mod files;
mod handles;
mod listing;

use std::sync::Arc;

use bytes::BytesMut;
use sftp::wire::{Arrived, LONGEST, take};
use tokio::runtime::Handle;

use self::files::Files;
use super::inbox::Inbox;
use super::outlet::Outlet;
use super::shared::Host;

/// Serves files until the client has no more requests.
pub(super) async fn serve(inbox: Arc<Inbox>, outlet: Outlet, host: Arc<Host>) {
    let runtime = Handle::current();
    let served = tokio::task::spawn_blocking(move || {
        let understood = answer_all(&runtime, &inbox, &outlet, Files::new(host.user.dir.clone()));
        runtime.block_on(async {
            tokio::select! {
                () = inbox.closed() => {}
                () = async {
                    outlet.end_of_data().await;
                    outlet.exit_status(if understood { 0 } else { 11 }).await;
                    outlet.close().await;
                } => {}
            }
        });
    });
    let _ = served.await;
}

/// Answers requests. Ends at the end of the channel, or with `false` at what is no request.
fn answer_all(runtime: &Handle, inbox: &Inbox, outlet: &Outlet, mut files: Files) -> bool {
    let mut arrived = BytesMut::new();
    loop {
        let mut answers = BytesMut::new();
        loop {
            match take(&mut arrived) {
                Arrived::Packet(request) => files.answer(request, &mut answers),
                Arrived::Incomplete => break,
                Arrived::Wrong => return false,
            }
            if answers.len() >= LONGEST && !send(runtime, inbox, outlet, &mut answers) {
                return true;
            }
        }
        if !answers.is_empty() && !send(runtime, inbox, outlet, &mut answers) {
            return true;
        }
        match runtime.block_on(inbox.take()) {
            Some(bytes) => arrived.extend_from_slice(&bytes),
            None => return true,
        }
    }
}

fn send(runtime: &Handle, inbox: &Inbox, outlet: &Outlet, answers: &mut BytesMut) -> bool {
    let bytes = answers.split().freeze();
    runtime.block_on(async {
        tokio::select! {
            sent = outlet.send(bytes, None) => sent.is_ok(),
            () = inbox.closed() => false,
        }
    })
}
