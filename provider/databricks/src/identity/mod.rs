//! Who may use Databricks, and with which secrets: principals of an account or a workspace, their secrets and tokens.

pub mod account_federation_policy;
pub mod current_user;
mod entitled;
pub mod entitlements;
pub mod ephemeral_token;
mod federation;
pub mod group;
pub mod group_lookup;
pub mod group_member;
mod permission_entries;
mod permission_kinds;
pub mod permissions;
mod principal;
pub(crate) mod rotation;
pub(crate) mod scim;
pub mod service_principal;
pub mod service_principal_federation_policy;
pub mod service_principal_lookup;
pub mod service_principal_secret;
pub mod service_principals;
pub mod token;
pub mod user;
pub mod user_lookup;

use tfplugin::Attr;

/// An attribute of a text that the API leaves out, or sends empty, where there is none.
fn text(found: String) -> Attr<String> {
    if found.is_empty() { Attr::Null } else { Attr::Known(found) }
}

#[cfg(test)]
mod permissions_tests;
#[cfg(test)]
mod principal_tests;
#[cfg(test)]
mod tests;
