//! Compute of a workspace: clusters.

pub mod cluster;

#[cfg(test)]
mod tests;
