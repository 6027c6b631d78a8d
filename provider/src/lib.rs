//! The Terraform provider for Databricks on AWS: its provider block, its clients and its resources.
//!
//! A resource is one file and its line in [`registry`]. What all resources share stands in `tfplugin` (the protocol, the
//! plan), in [`aws`] (clients, errors and tags of AWS) and in [`context`] (what a configured provider is).

pub mod account;
mod answer;
pub mod aws;
pub mod clients;
pub mod context;
mod environment;
pub mod functions;
pub mod identity;
pub mod provider;
pub mod registry;
#[cfg(test)]
mod testing;
pub mod workspace;

pub use clients::{Account, Either, Workspace};
pub use provider::Databricks;
