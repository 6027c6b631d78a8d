//! The Terraform provider for Databricks on AWS: its provider block, its functions and the registry of its resources.
//!
//! A resource is one file of `provider_aws` or `provider_databricks` and its line in [`registry`]. What all resources share
//! stands in `tfplugin` (the protocol, the plan).

pub mod config;
pub mod context;
pub mod functions;
pub mod orphans;
pub mod provider;
pub mod registry;

pub use provider::Databricks;
