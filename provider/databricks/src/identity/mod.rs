//! Who may use Databricks, and with which secrets: principals of an account or a workspace, their secrets and tokens.

pub mod current_user;
pub mod ephemeral_token;
pub(crate) mod rotation;
pub mod service_principal;
pub mod service_principal_secret;
pub mod token;

#[cfg(test)]
mod tests;
