//! The client against a scripted service on loopback: what it sends, what it repeats, and what it tells.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod auth;
mod paths;
mod script;
mod send;
