//! The engine with the servers that are on the machine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

mod files;
mod openssh;
mod server;
mod servers;
mod ssh;
mod sshd;
mod trees;
