//! Who calls: service principals, their OAuth secrets, and the bearer tokens that stand for them.

use http::{HeaderMap, header};
use secret::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::answer::ApiError;
use crate::state::{State, WorkspaceStatus};

/// A service principal, a user or a group of the account, or a group of one workspace.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Principal {
    pub(crate) id: String,
    pub(crate) kind: PrincipalKind,
    /// What others know it by: a service principal's application id, a user's name, which is an e-mail address. A group has none.
    pub(crate) application_id: String,
    pub(crate) display_name: String,
    pub(crate) active: bool,
    pub(crate) external_id: Option<String>,
    /// Account roles: `account_admin`.
    pub(crate) roles: Vec<String>,
    /// A user's family and given name.
    pub(crate) name: Option<Value>,
    /// SCIM ids of who is in a group.
    pub(crate) members: Vec<String>,
    /// The only workspace of a group that no account knows.
    pub(crate) workspace: Option<i64>,
    /// `admins` and `users` of a workspace: who is in them follows from the assignments.
    pub(crate) built_in: bool,
}

/// What a principal is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PrincipalKind {
    #[default]
    ServicePrincipal,
    User,
    Group,
}

impl PrincipalKind {
    /// The word in the path of its API.
    pub(crate) fn resource(self) -> &'static str {
        match self {
            Self::ServicePrincipal => "ServicePrincipals",
            Self::User => "Users",
            Self::Group => "Groups",
        }
    }

    /// What messages call one.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::ServicePrincipal => "Service principal",
            Self::User => "User",
            Self::Group => "Group",
        }
    }
}

impl Principal {
    /// What others know it by.
    pub(crate) fn login(&self) -> &str {
        if self.kind == PrincipalKind::Group { &self.display_name } else { &self.application_id }
    }

    pub(crate) fn is_account_admin(&self) -> bool {
        self.roles.iter().any(|role| role == "account_admin")
    }
}

/// An OAuth secret of a service principal. The secret itself is not kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct OauthSecret {
    pub(crate) id: String,
    pub(crate) principal: String,
    pub(crate) hash: String,
    pub(crate) created: i64,
    pub(crate) expires: i64,
}

/// A bearer token that an OIDC endpoint issued.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) principal: String,
    /// The only workspace it is good for; none when the account issued it.
    pub(crate) workspace: Option<i64>,
    pub(crate) expires: i64,
}

/// What a browser is sent back with once a person has signed in; the code itself is not kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) principal: String,
    pub(crate) workspace: Option<i64>,
    pub(crate) redirect_uri: String,
    /// RFC 7636, section 4.2.
    pub(crate) challenge: String,
    /// Whether a refresh token was asked for.
    pub(crate) is_offline: bool,
    pub(crate) expires: i64,
}

/// Whose login a refresh token renews.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Refresh {
    pub(crate) principal: String,
    pub(crate) workspace: Option<i64>,
}

/// Who a request comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// SCIM id.
    pub(crate) principal: String,
    pub(crate) account_admin: bool,
    /// SCIM ids of the groups that it is in, by itself or through others.
    pub(crate) groups: Vec<String>,
}

impl Caller {
    /// The ids that rights may be given to: its own, and those of its groups.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.principal.as_str()).chain(self.groups.iter().map(String::as_str))
    }
}

/// The lower-case SHA-256 of a token or secret: what is kept of it.
pub(crate) fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// A fresh secret with a prefix that says what it is.
pub(crate) fn fresh_secret(prefix: &str) -> Secret<String> {
    let bytes: [u8; 20] = rand::random();
    Secret::new(format!("{prefix}{}", hex::encode(bytes)))
}

/// The bearer token of a request.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

/// Finds out who calls, and whether they may at the account's host (`workspace` is none) or a workspace's.
pub(crate) fn authenticate(
    state: &State,
    headers: &HeaderMap,
    workspace: Option<i64>,
    now: i64,
) -> Result<Caller, ApiError> {
    let token = bearer(headers).ok_or_else(|| {
        ApiError::unauthenticated("Credential was not sent or was of an unsupported type for this API.")
    })?;
    let id = owner_of(state, &hash(token), workspace, now)?;
    let principal = state
        .principals
        .get(&id)
        .filter(|principal| principal.active)
        .ok_or_else(|| ApiError::unauthenticated("The principal of this token does not exist or is not active."))?;
    let caller = state.caller(&principal.id);
    match workspace {
        None if !caller.account_admin => Err(ApiError::denied("This API is available to account admins only.")),
        None => Ok(caller),
        Some(id) => {
            let workspace = state
                .workspaces
                .get(&id)
                .filter(|workspace| workspace.gone_at.is_none() && workspace.status == WorkspaceStatus::Running);
            let Some(workspace) = workspace else {
                return Err(ApiError::missing(format!("Workspace {id} is not running.")));
            };
            if caller.account_admin || caller.ids().any(|id| workspace.is_member(id)) {
                Ok(caller)
            } else {
                Err(ApiError::denied("The principal is not a member of this workspace."))
            }
        }
    }
}

fn owner_of(state: &State, hash: &str, workspace: Option<i64>, now: i64) -> Result<String, ApiError> {
    if let Some(session) = state.sessions.get(hash) {
        if session.expires <= now {
            return Err(ApiError::unauthenticated("Token is expired."));
        }
        if session.workspace.is_some() && session.workspace != workspace {
            return Err(ApiError::unauthenticated("Token is not valid for this host."));
        }
        return Ok(session.principal.clone());
    }
    let tokens = workspace.and_then(|id| state.workspaces.get(&id)).map(|workspace| &workspace.tokens);
    let token = tokens.and_then(|tokens| tokens.values().find(|token| token.hash == hash));
    match token {
        Some(token) if token.is_expired(now) => Err(ApiError::unauthenticated("Token is expired.")),
        Some(token) => Ok(token.owner.clone()),
        None => Err(ApiError::unauthenticated("Invalid access token.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_read_from_its_header() {
        let check = |value: &str, expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            assert_eq!(bearer(&headers), expected, "{value}");
        };
        check("Bearer abc", Some("abc"));
        check("bearer  abc ", Some("abc"));
        check("Basic abc", None);
        check("Bearer ", None);
        check("Bearer", None);
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
