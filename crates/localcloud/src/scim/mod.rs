//! SCIM: service principals, users and groups, at the account and in its workspaces, and who one is.
//! <https://docs.databricks.com/api/workspace/serviceprincipals>, RFC 7643 and RFC 7644.

mod filter;
mod me;
mod patch;
mod principals;
mod secrets;
mod view;

use http::Method;

use crate::route::{Route, route};

/// The endpoints at the account's host. `{resource}` is `ServicePrincipals`, `Users` or `Groups`.
pub(crate) const ACCOUNT: &[Route] = &[
    route(Method::POST, "/api/2.0/accounts/{account_id}/scim/v2/{resource}", principals::create),
    route(Method::GET, "/api/2.0/accounts/{account_id}/scim/v2/{resource}", principals::list),
    route(Method::GET, "/api/2.0/accounts/{account_id}/scim/v2/{resource}/{id}", principals::get),
    route(Method::PUT, "/api/2.0/accounts/{account_id}/scim/v2/{resource}/{id}", principals::replace),
    route(Method::PATCH, "/api/2.0/accounts/{account_id}/scim/v2/{resource}/{id}", principals::patch),
    route(Method::DELETE, "/api/2.0/accounts/{account_id}/scim/v2/{resource}/{id}", principals::delete),
    route(Method::POST, "/api/2.0/accounts/{account_id}/servicePrincipals/{sp}/credentials/secrets", secrets::create),
    route(Method::GET, "/api/2.0/accounts/{account_id}/servicePrincipals/{sp}/credentials/secrets", secrets::list),
    route(
        Method::DELETE,
        "/api/2.0/accounts/{account_id}/servicePrincipals/{sp}/credentials/secrets/{id}",
        secrets::delete,
    ),
];

/// The endpoints at a workspace's host. `{resource}` may be `Me` too.
pub(crate) const WORKSPACE: &[Route] = &[
    route(Method::POST, "/api/2.0/preview/scim/v2/{resource}", principals::create),
    route(Method::GET, "/api/2.0/preview/scim/v2/{resource}", principals::list),
    route(Method::GET, "/api/2.0/preview/scim/v2/{resource}/{id}", principals::get),
    route(Method::PUT, "/api/2.0/preview/scim/v2/{resource}/{id}", principals::replace),
    route(Method::PATCH, "/api/2.0/preview/scim/v2/{resource}/{id}", principals::patch),
    route(Method::DELETE, "/api/2.0/preview/scim/v2/{resource}/{id}", principals::delete),
    route(Method::POST, "/api/2.0/accounts/servicePrincipals/{sp}/credentials/secrets", secrets::create),
    route(Method::GET, "/api/2.0/accounts/servicePrincipals/{sp}/credentials/secrets", secrets::list),
    route(Method::DELETE, "/api/2.0/accounts/servicePrincipals/{sp}/credentials/secrets/{id}", secrets::delete),
];
