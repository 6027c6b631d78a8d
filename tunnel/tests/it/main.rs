//! The tunnel with real ssh and real sshd. `direct` has the server in the test and a relay in place of the driver proxy,
//! `embedded` the same with the built-in SSH server;
//! `sessions` has ends of a session in memory, `simulation` whole sessions in a network that fails (`memory`);
//! `storm` has a relay that fails over real programs; `commands` the other commands;
//! `official` has peers that speak the official protocols; `connect` has a whole local cloud; `programs` has the scripts that build and
//! install it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

mod bench;
mod cloud;
mod commands;
mod compatible;
mod connect;
mod connector;
mod direct;
mod embedded;
mod exec;
mod failure_modes;
mod friendly;
mod growth;
mod idleness;
mod ignoring;
mod jobs;
mod lifecycle;
mod mcp;
mod memory;
mod official;
mod people;
mod programs;
mod schema;
mod serverless;
mod sessions;
mod sftp;
mod sign_in;
mod simulation;
mod sql;
mod sql_terminal;
// The engine's own tests use all of it.
#[allow(dead_code)]
#[path = "../../../crates/sftp/tests/it/sshd.rs"]
mod sshd;
mod storm;
mod straight;
mod strangers;
mod terminal;
mod walls;
mod workspace;
