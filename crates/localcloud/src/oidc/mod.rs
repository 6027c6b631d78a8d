//! The token endpoints: OAuth 2.0 client credentials (RFC 6749 section 4.4) for service principals, at the account and at a
//! workspace; [`person`] has those of persons. <https://docs.databricks.com/aws/en/dev-tools/auth/oauth-m2m>

mod person;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::answer::{Answer, ApiError, Shape};
use crate::call::{Call, Cx};
use crate::principal::{Session, fresh_secret, hash};
use crate::route::{Route, route};

/// The endpoints at the account's host.
pub(crate) const ACCOUNT: &[Route] = &[
    route(Method::POST, "/oidc/accounts/{account_id}/v1/token", token),
    route(Method::GET, "/oidc/accounts/{account_id}/v1/authorize", person::authorize),
    route(Method::GET, "/oidc/accounts/{account_id}/.well-known/oauth-authorization-server", account_metadata),
    route(Method::GET, "/.well-known/databricks-config", account_config),
];

/// The endpoints at a workspace's host.
pub(crate) const WORKSPACE: &[Route] = &[
    route(Method::POST, "/oidc/v1/token", token),
    route(Method::GET, "/oidc/v1/authorize", person::authorize),
    route(Method::GET, "/oidc/.well-known/oauth-authorization-server", workspace_metadata),
    route(Method::GET, "/.well-known/databricks-config", workspace_config),
];

fn token(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    if cx.call.workspace.is_none() && cx.param("account_id") != cx.state.account_id {
        return Err(ApiError::missing(format!("Account {} does not exist.", cx.param("account_id"))));
    }
    let form: BTreeMap<String, String> =
        url::form_urlencoded::parse(&cx.call.body).map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
    match form.get("grant_type").map(String::as_str) {
        Some("client_credentials") => {}
        Some("authorization_code") => return person::by_code(cx, &form),
        Some("refresh_token") => return person::by_refresh_token(cx, &form),
        _ => {
            let message =
                "The local cloud knows the grant types client_credentials, authorization_code and refresh_token only.";
            return Err(refuse("unsupported_grant_type", message));
        }
    }
    if form.get("scope").is_none_or(|scope| !scope.split(' ').any(|one| one == "all-apis")) {
        return Err(refuse("invalid_scope", "The scope must be all-apis."));
    }
    let (client, secret) = credentials(cx.call, &form).ok_or_else(invalid_client)?;
    let principal = cx.state.principal_by_application(&client).filter(|one| one.active).ok_or_else(invalid_client)?;
    let hashed = hash(&secret);
    let good = cx
        .state
        .oauth_secrets
        .values()
        .any(|one| one.principal == principal.id && one.hash == hashed && one.expires > cx.now);
    if !good {
        return Err(invalid_client());
    }
    let principal = principal.id.clone();
    Ok(Answer::json(&issue(cx, principal)).with_header(header::CACHE_CONTROL, "no-store"))
}

/// Issues a bearer token, and answers what is said of it.
fn issue(cx: &mut Cx<'_>, principal: String) -> Map<String, Value> {
    let issued = fresh_secret("localcloud-oauth-");
    let lifetime = i64::try_from(cx.settings.token_lifetime.as_millis()).unwrap_or(i64::MAX / 2);
    let session = Session { principal, workspace: cx.call.workspace, expires: cx.now.saturating_add(lifetime) };
    cx.state.sessions.insert(hash(issued.expose()), session);
    let pairs = [
        ("access_token", json!(issued.expose())),
        ("scope", json!("all-apis")),
        ("token_type", json!("Bearer")),
        ("expires_in", json!(cx.settings.token_lifetime.as_secs())),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Client id and secret by HTTP Basic, or in the form (RFC 6749 section 2.3.1).
fn credentials(call: &Call, form: &BTreeMap<String, String>) -> Option<(String, String)> {
    let Some(value) = call.headers.get(header::AUTHORIZATION) else {
        return Some((form.get("client_id")?.clone(), form.get("client_secret")?.clone()));
    };
    let encoded = value.to_str().ok()?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (client, secret) = text.split_once(':')?;
    Some((client.to_owned(), secret.to_owned()))
}

fn refuse(code: &str, message: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, code, message).shaped(Shape::Oauth)
}

fn invalid_client() -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "invalid_client", "Client authentication failed").shaped(Shape::Oauth)
}

fn account_metadata(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let base = format!("http://accounts.localhost:{}/oidc/accounts/{}", cx.settings.port, cx.state.account_id);
    Ok(Answer::json(&metadata(&base)))
}

fn workspace_metadata(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let port = cx.settings.port;
    let base = format!("http://{}.localhost:{port}/oidc", cx.workspace()?.deployment());
    Ok(Answer::json(&metadata(&base)))
}

fn metadata(base: &str) -> Value {
    json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/v1/authorize"),
        "token_endpoint": format!("{base}/v1/token"),
        "grant_types_supported": ["client_credentials", "authorization_code", "refresh_token"],
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["all-apis", "offline_access"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
    })
}

fn account_config(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::json(&json!({
        "oidc_endpoint": format!("http://accounts.localhost:{}/oidc/accounts/{{account_id}}", cx.settings.port),
        "account_id": cx.state.account_id,
        "cloud": "AWS",
        "host_type": "account",
    })))
}

fn workspace_config(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let account_id = cx.state.account_id.clone();
    let port = cx.settings.port;
    let workspace = cx.workspace()?;
    Ok(Answer::json(&json!({
        "oidc_endpoint": format!("http://{}.localhost:{port}/oidc", workspace.deployment()),
        "account_id": account_id,
        "workspace_id": workspace.id.to_string(),
        "cloud": "AWS",
        "host_type": "workspace",
    })))
}
