//! What people work with in a workspace. API: <https://docs.databricks.com/api/workspace/gitcredentials> and its neighbours.

pub mod git_credential;
