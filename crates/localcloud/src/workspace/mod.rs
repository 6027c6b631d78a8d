//! The workspace API. <https://docs.databricks.com/api/workspace/introduction>

mod archive;
mod base_environments;
mod catalog;
pub(crate) mod cluster;
pub(crate) mod cluster_policies;
mod cluster_spec;
pub(crate) mod clusters;
pub(crate) mod context;
mod contexts;
pub(crate) mod files;
pub(crate) mod git_credentials;
pub(crate) mod instance_pools;
pub(crate) mod instance_profiles;
pub(crate) mod ip_access_lists;
pub(crate) mod jobs;
mod jupyter;
pub(crate) mod known_files;
pub(crate) mod libraries;
mod multipart;
mod permission_levels;
pub(crate) mod permissions;
pub(crate) mod rights;
pub(crate) mod runs;
pub(crate) mod scope;
pub(crate) mod secrets;
pub(crate) mod token;
pub(crate) mod token_management;
pub(crate) mod tokens;
mod volume_files;
pub(crate) mod workspace_conf;

use crate::route::Route;

/// All tables of a workspace's host that need a member of the workspace.
pub(crate) const ROUTES: &[&[Route]] = &[
    tokens::ROUTES,
    secrets::ROUTES,
    files::ROUTES,
    clusters::ROUTES,
    contexts::ROUTES,
    catalog::ROUTES,
    runs::ROUTES,
    jobs::ROUTES,
    crate::account::permission_assignments::WORKSPACE,
    libraries::ROUTES,
    cluster_policies::FAMILIES,
    permissions::ROUTES,
    token_management::ROUTES,
    volume_files::ROUTES,
    base_environments::ROUTES,
    workspace_conf::ROUTES,
    crate::sql::sessions::ROUTES,
    crate::sql::history::ROUTES,
    crate::sql::statements::ROUTES,
    crate::sql::warehouses::ROUTES,
    crate::catalog::assignments::WORKSPACE,
    crate::catalog::bindings::ROUTES,
    crate::catalog::grants::ROUTES,
    crate::catalog::tags::ROUTES,
    crate::scim::WORKSPACE,
];
