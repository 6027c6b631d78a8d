//! The Databricks half of the provider: its clients, and one file per resource, in the groups of the API's own reference.

pub mod account;
pub mod actions;
mod admission;
pub mod catalog;
pub mod clients;
pub mod compute;
mod creation;
mod environment;
pub mod identity;
mod json;
pub mod level;
pub mod looks;
pub mod rest;
pub mod settings;
pub mod sql;
pub mod ssh;
mod tags;
#[cfg(test)]
mod testing;
mod words;
pub mod workspace;

pub use clients::{Account, DatabricksContext, Either, Workspace};
