//! Actions: what Terraform 1.14 and newer does when it is told to, without a state.

mod cluster;
pub mod cluster_restart;
pub mod cluster_start;
pub mod cluster_terminate;
pub mod command;
mod results;
pub mod service_principal_secret_revoke;
pub mod sql_statement;
pub mod sql_warehouse_start;
pub mod sql_warehouse_stop;
pub mod token_revoke;
mod warehouse;

#[cfg(test)]
mod tests;
