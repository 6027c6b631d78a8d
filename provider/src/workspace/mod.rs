//! What runs in a workspace.

pub mod cluster;
mod cluster_spec;
mod driver_user;
pub mod ssh_endpoint;
pub mod ssh_endpoint_lookup;
mod ssh_publish;
mod tunnel_binary;

#[cfg(test)]
mod tests;
