//! Who may use Databricks, and with which secrets: principals of an account or a workspace, their secrets and tokens.

pub mod current_user;
pub mod ephemeral_token;
pub(crate) mod rotation;
pub mod service_principal;
pub mod service_principal_secret;
pub mod token;

use tfplugin::Attr;

/// An attribute of a text that the API leaves out, or sends empty, where there is none.
fn text(found: String) -> Attr<String> {
    if found.is_empty() { Attr::Null } else { Attr::Known(found) }
}

#[cfg(test)]
mod tests;
