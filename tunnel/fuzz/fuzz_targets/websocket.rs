//! Any bytes as what arrives on a websocket, at either end, in pieces of any size: no panic, no endless loop, and never more
//! payload than there were bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tokio::io::{join, sink};
use tunnel::websocket::frame::Role;
use tunnel::websocket::http_proxy::read_answer;
use tunnel::websocket::socket::{Incoming, Socket};

fuzz_target!(|input: &[u8]| {
    let [mode, input @ ..] = input else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        if mode & 2 != 0 {
            let _ = read_answer(&mut &input[..]).await;
            return;
        }
        let role = if mode & 1 == 0 { Role::Client } else { Role::Server };
        // Some of it came with the handshake.
        let (with_handshake, later) = input.split_at(usize::from(mode >> 2).min(input.len()));
        let transport = join(std::io::Cursor::new(later.to_vec()), sink());
        let mut socket = Socket::new(Box::new(transport), role, with_handshake);
        let mut payload = 0;
        while let Ok(incoming) = socket.reader.next().await {
            payload += match incoming {
                Incoming::Data(bytes) | Incoming::Ping(bytes) => bytes.len(),
                Incoming::Text(text) => text.len(),
                Incoming::Pong => 0,
                Incoming::Close(..) => break,
            };
            assert!(payload <= input.len());
        }
    });
});
