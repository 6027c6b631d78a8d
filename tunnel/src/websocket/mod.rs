//! Websockets, for streams of bytes: their frames, a socket after its handshake, and how a client dials one.

pub mod dial;
pub mod frame;
pub mod http_proxy;
pub mod proof;
pub mod socket;
mod tls;
