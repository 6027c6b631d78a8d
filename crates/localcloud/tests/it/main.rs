//! The local cloud over real HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    missing_docs
)]

mod account;
mod aws;
mod bench;
mod circles;
mod contexts;
mod foreign;
mod kinds;
mod official;
mod outside;
mod page;
mod program;
mod rights;
mod shared_aws;
mod sql;
mod store;
mod workspace;
