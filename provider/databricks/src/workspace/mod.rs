//! What people work with in a workspace. API: <https://docs.databricks.com/api/workspace/gitcredentials> and its neighbours.

mod content;
pub mod default_workspace_base_environment;
pub mod file;
pub mod git_credential;
pub mod notebook;
mod of_scope;
pub mod secret;
pub mod secret_acl;
pub mod secret_scope;
#[cfg(test)]
mod tests;
pub mod workspace_base_environment;
