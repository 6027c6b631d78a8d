//! OAuth secrets of service principals. <https://docs.databricks.com/api/account/serviceprincipalsecrets>

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Answer, ApiError, set};
use crate::call::Cx;
use crate::principal::{OauthSecret, fresh_secret, hash};

/// The longest lifetime, and the default: 730 days.
const LONGEST_SECONDS: i64 = 63_072_000;
/// Live secrets that a service principal can have.
const MOST: usize = 5;

#[derive(Deserialize)]
struct Create {
    lifetime: Option<String>,
}

pub(super) fn create(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let principal = principal(cx)?;
    let wanted: Create = cx.read("oauth2.CreateServicePrincipalSecretRequest")?;
    let seconds = match wanted.lifetime.as_deref() {
        None | Some("") => LONGEST_SECONDS,
        Some(text) => text
            .strip_suffix('s')
            .and_then(|number| number.parse().ok())
            .filter(|seconds| (1..=LONGEST_SECONDS).contains(seconds))
            .ok_or_else(|| ApiError::invalid(format!("lifetime {text} is not between 1s and {LONGEST_SECONDS}s.")))?,
    };
    let live = cx.state.oauth_secrets.values().filter(|one| one.principal == principal && one.expires > cx.now).count();
    if live >= MOST {
        return Err(ApiError::new(
            http::StatusCode::BAD_REQUEST,
            "RESOURCE_EXHAUSTED",
            format!("A service principal can have {MOST} secrets."),
        ));
    }
    let secret = fresh_secret("dose");
    let kept = OauthSecret {
        id: uuid::Uuid::new_v4().to_string(),
        principal,
        hash: hash(secret.expose()),
        created: cx.now,
        expires: cx.now.saturating_add(seconds.saturating_mul(1000)),
    };
    let mut answer = view(&kept);
    set(&mut answer, "secret", json!(secret.expose()));
    cx.state.oauth_secrets.insert(kept.id.clone(), kept);
    Ok(Answer::json(&answer))
}

pub(super) fn list(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let principal = principal(cx)?;
    let live = cx.state.oauth_secrets.values().filter(|one| one.principal == principal && one.expires > cx.now);
    Ok(Answer::json(&json!({"secrets": live.map(view).collect::<Vec<_>>()})))
}

pub(super) fn delete(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let principal = principal(cx)?;
    let id = cx.param("id").to_owned();
    match cx.state.oauth_secrets.get(&id) {
        Some(secret) if secret.principal == principal => {
            cx.state.oauth_secrets.remove(&id);
            Ok(Answer::empty())
        }
        _ => Err(ApiError::missing(format!("Secret {id} does not exist."))),
    }
}

/// The numeric id of the path; the application id is another thing and is refused.
fn principal(cx: &mut Cx<'_>) -> Result<String, ApiError> {
    let id = cx.param("sp").to_owned();
    if cx.call.workspace.is_some() && cx.caller()?.principal != id {
        cx.require_workspace_admin("manage the secrets of other service principals")?;
    }
    let known = match cx.call.workspace {
        None => cx.state.principals.contains_key(&id),
        Some(_) => cx.workspace()?.is_member(&id),
    };
    if known { Ok(id) } else { Err(ApiError::missing(format!("Service principal {id} does not exist."))) }
}

fn view(secret: &OauthSecret) -> Value {
    json!({
        "id": secret.id,
        "secret_hash": secret.hash,
        "status": "ACTIVE",
        "create_time": time(secret.created),
        "update_time": time(secret.created),
        "expire_time": time(secret.expires),
    })
}

/// RFC 3339.
fn time(millis: i64) -> String {
    Timestamp::from_millisecond(millis).map(|time| time.to_string()).unwrap_or_default()
}
