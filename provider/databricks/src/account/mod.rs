//! Objects of a Databricks account: what the account console calls cloud resources and workspaces.
//! API: <https://docs.databricks.com/api/account/introduction>

pub mod current_config;
pub mod mws_credentials;
pub mod mws_customer_managed_keys;
pub mod mws_log_delivery;
pub mod mws_ncc_binding;
pub mod mws_ncc_private_endpoint_rule;
pub mod mws_network_connectivity_config;
pub mod mws_networks;
pub mod mws_permission_assignment;
pub mod mws_private_access_settings;
pub mod mws_storage_configurations;
pub mod mws_vpc_endpoint;
pub mod mws_workspaces;
#[cfg(test)]
mod tests;
