//! The crate under a real Terraform: the trial provider of `examples/`, started by Terraform with the real handshake.
//! Without `terraform` on the PATH every test says so and passes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod actions;
mod bench;
mod changes;
mod failures;
mod handshake;
mod in_process;
mod kinds;
mod newer_core;
mod nothing;
mod remote;
mod shapes;
mod states;
