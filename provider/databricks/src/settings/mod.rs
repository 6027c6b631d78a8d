//! Settings of a workspace. API: <https://docs.databricks.com/api/workspace/ipaccesslists> and its neighbours.

pub mod ip_access_list;
pub mod workspace_conf;
