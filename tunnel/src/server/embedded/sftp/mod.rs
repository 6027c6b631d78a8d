//! The sftp subsystem: protocol version 3 (draft-ietf-secsh-filexfer-02) with OpenSSH's order of `symlink`'s paths and its
//! extensions (OpenSSH's PROTOCOL, section 4). It is ours because file names are bytes: the crates that exist take them for
//! text, and would then open another file than the one that was listed.
//!
//! Files are read and written by a thread of their own per channel, one request after the other, as OpenSSH does.

mod attributes;
mod extended;
mod files;
mod handles;
mod listing;
mod packet;

use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use tokio::runtime::Handle;

use self::files::Files;
use self::packet::LONGEST;
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
            match next(&mut arrived) {
                Next::Request(request) => files.answer(request, &mut answers),
                Next::Incomplete => break,
                Next::Wrong => return false,
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

#[derive(Debug, PartialEq)]
enum Next {
    Request(Bytes),
    Incomplete,
    Wrong,
}

/// Takes a request off what has arrived.
fn next(arrived: &mut BytesMut) -> Next {
    let Ok(length) = arrived.as_ref().try_get_u32() else { return Next::Incomplete };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length == 0 || length > LONGEST {
        return Next::Wrong;
    }
    if arrived.len() < 4 + length {
        return Next::Incomplete;
    }
    arrived.advance(4);
    Next::Request(arrived.split_to(length).freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_taken_off_when_they_are_complete() {
        let check = |bytes: &[u8], expected: Next| assert_eq!(next(&mut BytesMut::from(bytes)), expected, "{bytes:?}");
        check(&[0, 0], Next::Incomplete);
        check(&[0, 0, 0, 2, 7], Next::Incomplete);
        check(&[0, 0, 0, 2, 7, 8, 9], Next::Request(Bytes::from_static(&[7, 8])));
        check(&[0, 0, 0, 0], Next::Wrong);
        check(&[0xff, 0, 0, 0, 1], Next::Wrong);
    }
}
