//! Compute of a workspace: clusters, and code on them.

pub mod cluster;
pub(crate) mod clusters;
pub(crate) mod code;
pub mod ephemeral_command;
pub mod instance_profile;

#[cfg(test)]
mod tests;
