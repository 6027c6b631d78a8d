//! The workspace API. <https://docs.databricks.com/api/workspace/introduction>

mod archive;
mod catalog;
mod cluster_spec;
pub(crate) mod clusters;
pub(crate) mod files;
pub(crate) mod runs;
pub(crate) mod secrets;
pub(crate) mod tokens;

use crate::route::Route;

/// All tables of a workspace's host that need a member of the workspace.
pub(crate) const ROUTES: &[&[Route]] = &[
    tokens::ROUTES,
    secrets::ROUTES,
    files::ROUTES,
    clusters::ROUTES,
    catalog::ROUTES,
    runs::ROUTES,
    crate::scim::WORKSPACE,
];
