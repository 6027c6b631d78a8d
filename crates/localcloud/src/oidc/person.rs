//! How a person signs in with a browser: OAuth 2.0 authorization code with PKCE (RFC 6749 section 4.1, RFC 7636) of the public client
//! `databricks-cli`, and refresh tokens that are good once each. Instead of a password the page asks who one is: whoever reaches this
//! machine's port may be anybody here. <https://docs.databricks.com/aws/en/dev-tools/auth/oauth-u2m>

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{StatusCode, header};
use sha2::{Digest, Sha256};
use url::Url;

use super::{issue, refuse};
use crate::answer::{Answer, ApiError};
use crate::call::Cx;
use crate::page::html::escaped;
use crate::principal::{Code, Principal, PrincipalKind, Refresh, fresh_secret, hash};

/// The only client that has no secret.
const CLIENT: &str = "databricks-cli";
/// How long a code is good, in milliseconds.
const CODE_LIFETIME: i64 = 5 * 60 * 1000;

/// The page on which a person says who they are, and the way back once they have (`login_hint`).
pub(super) fn authorize(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let redirect = redirect(cx)?;
    if cx.query("response_type") != Some("code") {
        return Err(refuse("unsupported_response_type", "The response type must be code."));
    }
    let challenge = cx.query("code_challenge").filter(|challenge| challenge.len() == 43);
    let Some(challenge) = challenge.filter(|_| cx.query("code_challenge_method") == Some("S256")).map(str::to_owned)
    else {
        return Err(refuse("invalid_request", "A code_challenge of the method S256 is required."));
    };
    let Some(login) = cx.query("login_hint").map(str::to_owned) else { return Ok(page(cx)) };
    let person = people(cx).find(|person| person.login() == login).map(|person| person.id.clone());
    let mut back = redirect.clone();
    let state = cx.query("state").map(str::to_owned);
    back.query_pairs_mut().extend_pairs(state.map(|state| ("state", state)));
    match person {
        Some(principal) => {
            let code = fresh_secret("code-");
            let is_offline = cx.query("scope").is_some_and(|scope| scope.split(' ').any(|one| one == "offline_access"));
            let redirect_uri = redirect.as_str().trim_end_matches('/').to_owned();
            let (workspace, expires) = (cx.call.workspace, cx.now.saturating_add(CODE_LIFETIME));
            let kept = Code { principal, workspace, redirect_uri, challenge, is_offline, expires };
            cx.state.codes.insert(hash(code.expose()), kept);
            back.query_pairs_mut().append_pair("code", code.expose());
        }
        None => {
            back.query_pairs_mut()
                .append_pair("error", "access_denied")
                .append_pair("error_description", "There is no such user.");
        }
    }
    Ok(Answer::bytes("text/html; charset=utf-8", "")
        .with_status(StatusCode::FOUND)
        .with_header(header::LOCATION, back.as_str())
        .with_header(header::CACHE_CONTROL, "no-store"))
}

/// The client's own machine: nobody else is sent back to.
fn redirect(cx: &Cx<'_>) -> Result<Url, ApiError> {
    let url = cx.query("redirect_uri").and_then(|text| Url::parse(text).ok());
    let is_own = |url: &Url| url.scheme() == "http" && matches!(url.host_str(), Some("localhost" | "127.0.0.1"));
    match url.filter(is_own) {
        Some(url) if cx.query("client_id") == Some(CLIENT) => Ok(url),
        Some(_) => Err(refuse("invalid_client", "The local cloud knows the client databricks-cli only.")),
        None => Err(refuse("invalid_request", "The redirect_uri must be on localhost.")),
    }
}

fn people<'a>(cx: &'a Cx<'_>) -> impl Iterator<Item = &'a Principal> {
    cx.state.principals.values().filter(|one| one.kind == PrincipalKind::User && one.active)
}

fn page(cx: &Cx<'_>) -> Answer {
    let pairs = |login: &str| {
        let names =
            ["client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method"];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for name in names {
            query.extend_pairs(cx.query(name).map(|value| (name, value)));
        }
        query.append_pair("login_hint", login).finish()
    };
    let link = |person: &Principal| {
        format!("<li><a href=\"?{}\">{}</a>", escaped(&pairs(person.login())), escaped(person.login()))
    };
    let links: String = people(cx).map(link).collect();
    let who = match links.is_empty() {
        true => "<p>This account has no users yet: make one with the SCIM API or databricks_user.".to_owned(),
        false => format!("<p>Who signs in?<ul>{links}</ul>"),
    };
    let body = format!(
        "<!doctype html><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>Sign in</title>\
         <body style=\"font: 1.2em sans-serif; margin: 2em\"><h1>The local cloud</h1>{who}"
    );
    Answer::bytes("text/html; charset=utf-8", body).with_header(header::CACHE_CONTROL, "no-store")
}

/// The token that a code is exchanged for, once.
pub(super) fn by_code(cx: &mut Cx<'_>, form: &BTreeMap<String, String>) -> Result<Answer, ApiError> {
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let grant = || refuse("invalid_grant", "The code is invalid, used, expired, or another client's.");
    let code = cx.state.codes.remove(&hash(field("code"))).ok_or_else(grant)?;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier").as_bytes()));
    let is_good = code.expires > cx.now
        && code.workspace == cx.call.workspace
        && code.challenge == challenge
        && code.redirect_uri == field("redirect_uri").trim_end_matches('/')
        && field("client_id") == CLIENT;
    if !is_good {
        return Err(grant());
    }
    let refresh = code.is_offline.then(|| Refresh { principal: code.principal.clone(), workspace: code.workspace });
    Ok(answer(cx, code.principal, refresh))
}

/// The token that a refresh token is exchanged for, with the next refresh token.
pub(super) fn by_refresh_token(cx: &mut Cx<'_>, form: &BTreeMap<String, String>) -> Result<Answer, ApiError> {
    let grant = || refuse("invalid_grant", "Refresh token is invalid");
    let token = form.get("refresh_token").map(String::as_str).unwrap_or_default();
    if form.get("client_id").map(String::as_str) != Some(CLIENT) {
        return Err(refuse("invalid_client", "The local cloud knows the client databricks-cli only."));
    }
    let known = cx.state.refresh_tokens.get(&hash(token)).ok_or_else(grant)?;
    let is_active = cx.state.principals.get(&known.principal).is_some_and(|person| person.active);
    if known.workspace != cx.call.workspace || !is_active {
        return Err(grant());
    }
    let refresh = cx.state.refresh_tokens.remove(&hash(token)).ok_or_else(grant)?;
    Ok(answer(cx, refresh.principal.clone(), Some(refresh)))
}

fn answer(cx: &mut Cx<'_>, principal: String, refresh: Option<Refresh>) -> Answer {
    let mut body = issue(cx, principal);
    if let Some(refresh) = refresh {
        let token = fresh_secret("localcloud-refresh-");
        cx.state.refresh_tokens.insert(hash(token.expose()), refresh);
        body.insert("refresh_token".to_owned(), token.expose().as_str().into());
    }
    Answer::json(&body).with_header(header::CACHE_CONTROL, "no-store")
}
