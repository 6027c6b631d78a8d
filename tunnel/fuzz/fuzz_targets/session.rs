//! A session whose other end sends anything: plain and resumable, at either end, over several sockets. It ends, without a panic,
//! and delivers no more than it got.
#![no_main]

use std::collections::VecDeque;
use std::future::pending;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tokio::io::{join, sink};
use tokio::time::{sleep, timeout};
use tunnel::session::{Broken, Due, Line, Settings, run};
use tunnel::websocket::frame::Role;
use tunnel::websocket::socket::Socket;

/// Sockets that were made beforehand: what each brings is a part of the input.
struct Sockets<const IS_SERVER: bool> {
    parts: VecDeque<Vec<u8>>,
    handovers: bool,
}

impl<const IS_SERVER: bool> Sockets<IS_SERVER> {
    fn next(&mut self) -> Option<Socket> {
        let part = self.parts.pop_front()?;
        let role = if IS_SERVER { Role::Server } else { Role::Client };
        Some(Socket::new(Box::new(join(std::io::Cursor::new(part), sink())), role, &[]))
    }
}

impl<const IS_SERVER: bool> Line for Sockets<IS_SERVER> {
    const IS_SERVER: bool = IS_SERVER;

    async fn due(&mut self) -> Due {
        if !self.handovers {
            return pending().await;
        }
        sleep(Duration::from_millis(1)).await;
        Due::Handover
    }

    async fn given_up(&mut self) {
        pending().await
    }

    async fn replacement(&mut self, _: u64) -> Option<Socket> {
        self.next()
    }

    async fn reattach(&mut self, delivered: u64, lost: Broken) -> Result<(Socket, u64), Broken> {
        // The other end's count is anything as well.
        let count = self.parts.front().and_then(|part| part.first()).copied().map_or(delivered, u64::from);
        self.next().map(|socket| (socket, count)).ok_or(lost)
    }
}

async fn session<const IS_SERVER: bool>(mode: u8, input: &[u8]) {
    let parts = input.split(|byte| *byte == 0xf7).take(8).map(<[u8]>::to_vec).collect();
    let mut line = Sockets::<IS_SERVER> { parts, handovers: mode & 4 != 0 };
    let Some(first) = line.next() else { return };
    let settings = Settings {
        resume: mode & 2 != 0,
        ping: Some(Duration::from_secs(20)),
        first_byte: Some(Duration::from_secs(30)),
        unanswered: Some(Duration::from_secs(15)),
        unasked: Some(Duration::from_secs(45)),
        ..Settings::default()
    };
    let sent = vec![b'x'; usize::from(mode) * 64];
    let mut source = &sent[..];
    let mut destination = Vec::new();
    let ended =
        timeout(Duration::from_secs(3600), run(first, &mut source, &mut destination, &mut line, settings)).await;
    assert!(ended.is_ok(), "the session did not end within an hour");
    assert!(destination.len() <= input.len());
}

fuzz_target!(|input: &[u8]| {
    let [mode, input @ ..] = input else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        if mode & 1 == 0 {
            session::<false>(*mode, input).await;
        } else {
            session::<true>(*mode, input).await;
        }
    });
});
