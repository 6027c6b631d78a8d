//! Compute of a workspace: clusters.

pub mod cluster;
mod cluster_spec;

#[cfg(test)]
mod tests;
