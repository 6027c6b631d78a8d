//! The account API: `/api/2.0/accounts/{account_id}/…`. <https://docs.databricks.com/api/account/introduction>

pub(crate) mod credentials;
pub(crate) mod customer_managed_keys;
pub(crate) mod federation_policies;
pub(crate) mod log_delivery;
pub(crate) mod network_connectivity_configs;
pub(crate) mod networks;
pub(crate) mod permission_assignments;
pub(crate) mod private_access_settings;
pub(crate) mod storage_configurations;
pub(crate) mod vpc_endpoints;
pub(crate) mod workspaces;

use crate::route::Route;

/// All tables of the account's host that need an account admin.
pub(crate) const ROUTES: &[&[Route]] = &[
    workspaces::ROUTES,
    permission_assignments::ROUTES,
    log_delivery::ROUTES,
    crate::catalog::assignments::ACCOUNT,
    crate::scim::ACCOUNT,
];

/// Checks a name's length in characters.
pub(crate) fn check_length(
    field: &str,
    value: &str,
    lengths: std::ops::RangeInclusive<usize>,
) -> Result<(), crate::answer::ApiError> {
    if lengths.contains(&value.chars().count()) {
        Ok(())
    } else {
        Err(crate::answer::ApiError::invalid(format!(
            "{field} must have {} to {} characters.",
            lengths.start(),
            lengths.end()
        )))
    }
}
