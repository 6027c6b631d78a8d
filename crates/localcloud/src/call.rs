//! One request, as a handler sees it.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::answer::{Answer, ApiError};
use crate::effect::Effect;
use crate::faults::Faults;
use crate::options::Delays;
use crate::principal::{Caller, PrincipalKind};
use crate::sql::settings::SqlSettings;
use crate::state::{State, Workspace};
use crate::store::fields::{self, Strictness};
use crate::store::{Home, Store};

/// A request whose body has arrived and whose caller is known.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    /// The same with names that stand several times.
    pub(crate) query_pairs: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The workspace that was addressed; none at the account's host.
    pub(crate) workspace: Option<i64>,
    /// Who calls; none at the endpoints that need nobody.
    pub(crate) caller: Option<Caller>,
    /// The values of the route's names.
    pub(crate) params: BTreeMap<String, String>,
}

/// What does not change while the local cloud runs.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) port: u16,
    pub(crate) delays: Delays,
    pub(crate) token_lifetime: std::time::Duration,
    pub(crate) dir: std::path::PathBuf,
    pub(crate) python: std::path::PathBuf,
    pub(crate) r: std::path::PathBuf,
    pub(crate) sql: SqlSettings,
    /// What who steers the local cloud knows.
    pub(crate) secret: secret::Secret<String>,
    /// Whether `dir` goes with the process.
    pub(crate) ephemeral: bool,
    /// What callers of the AWS side may do.
    pub(crate) aws_policy: Option<crate::aws::permission::Policy>,
    /// Whether the name of an account's configuration may be taken more than once.
    pub(crate) repeats_names: bool,
}

impl Settings {
    /// The address of a workspace, by the name in it.
    pub(crate) fn workspace_url(&self, deployment: &str) -> String {
        format!("http://{deployment}.localhost:{}", self.port)
    }

    /// The address of the account console.
    pub(crate) fn accounts_url(&self) -> String {
        self.workspace_url("accounts")
    }

    /// The address of the local cloud's own page.
    pub(crate) fn page_url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }
}

/// What a handler works with.
pub(crate) struct Cx<'a> {
    pub(crate) call: &'a Call,
    pub(crate) state: &'a mut State,
    pub(crate) settings: &'a Settings,
    pub(crate) faults: &'a Faults,
    /// Milliseconds since 1970.
    pub(crate) now: i64,
    pub(crate) effects: Vec<Effect>,
}

impl Cx<'_> {
    /// The value of one of the route's names.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.call.params.get(name).map_or("", String::as_str)
    }

    /// A value of the query.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.call.query.get(name).map(String::as_str)
    }

    /// All values of a name in the query, which may stand in it several times.
    pub(crate) fn query_all(&self, name: &str) -> Vec<String> {
        let of = |(key, value): &(String, String)| (key == name).then(|| value.clone());
        self.call.query_pairs.iter().filter_map(of).collect()
    }

    /// A value of the query that must be there.
    pub(crate) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.query(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| ApiError::invalid(format!("Missing required field: {name}")))
    }

    /// The body, checked by the fields of a type (`section.Type`), as a value of a type of ours.
    pub(crate) fn read<T: DeserializeOwned>(&self, form: &str) -> Result<T, ApiError> {
        let checked = fields::check(form, self.body_value()?, self.strictness())?;
        serde_json::from_value(Value::Object(checked))
            .map_err(|error| ApiError::malformed(format!("Could not parse request object: {error}")))
    }

    /// The body as a type: a field that the type does not have, and a value of another type, is the API's 400.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let bytes: &[u8] = if self.call.body.is_empty() { b"{}" } else { &self.call.body };
        serde_json::from_slice(bytes)
            .map_err(|error| ApiError::malformed(format!("Could not parse request object: {error}")))
    }

    /// Whether a field that the API does not have is refused. It is for our own client, whose mistakes are to be found; the real
    /// service ignores it, and so do we for everybody else.
    pub(crate) fn strictness(&self) -> Strictness {
        if is_ours(&self.call.headers) { Strictness::Strict } else { Strictness::Lenient }
    }

    /// The store of a home.
    pub(crate) fn store(&mut self, home: Home) -> Result<&mut Store, ApiError> {
        match home {
            Home::Account => Ok(&mut self.state.store),
            Home::Workspace => Ok(&mut self.workspace()?.store),
            Home::Metastore => {
                let metastore = self.metastore()?;
                Ok(self.state.metastores.entry(metastore).or_default())
            }
        }
    }

    /// The metastore that the path names, or that the workspace is assigned to.
    pub(crate) fn metastore(&mut self) -> Result<String, ApiError> {
        if let Some(id) = self.call.params.get("metastore").cloned() {
            let there = self.state.store.has("metastores", &id);
            return if there { Ok(id) } else { Err(no_metastore(&format!("Metastore '{id}' does not exist."))) };
        }
        let assigned = self.workspace()?.metastore.clone();
        assigned.ok_or_else(|| no_metastore("No metastore assigned for the current workspace."))
    }

    /// The name of who calls: a service principal's application id, a user's e-mail address.
    pub(crate) fn name(&self) -> Result<String, ApiError> {
        let id = &self.caller()?.principal;
        Ok(self.state.principals.get(id).map(|one| one.application_id.clone()).unwrap_or_default())
    }

    /// Whether the workspace that was addressed has a principal of this name.
    pub(crate) fn knows(&self, kind: PrincipalKind, name: &str) -> bool {
        let Some(workspace) = self.call.workspace else { return false };
        let mut named = self.state.principals.values().filter(|one| one.kind == kind && one.login() == name);
        named.any(|one| match one.workspace {
            Some(local) => local == workspace,
            None => {
                one.is_account_admin()
                    || self.state.workspaces.get(&workspace).is_some_and(|workspace| workspace.is_member(&one.id))
            }
        })
    }

    /// What people call a principal.
    pub(crate) fn display_name(&self, login: &str) -> String {
        let found = self.state.principals.values().find(|one| one.login() == login);
        found.map(|one| one.display_name.clone()).unwrap_or_default()
    }

    /// The body as any JSON.
    pub(crate) fn body_value(&self) -> Result<Value, ApiError> {
        self.body()
    }

    /// Who calls.
    pub(crate) fn caller(&self) -> Result<&Caller, ApiError> {
        self.call.caller.as_ref().ok_or_else(|| ApiError::unauthenticated("Credential was not sent"))
    }

    /// The id of the workspace that was addressed.
    pub(crate) fn workspace_id(&self) -> Result<i64, ApiError> {
        self.call.workspace.ok_or_else(|| ApiError::no_endpoint(&self.call.method, &self.call.path))
    }

    /// The workspace that was addressed.
    pub(crate) fn workspace(&mut self) -> Result<&mut Workspace, ApiError> {
        let id = self.workspace_id()?;
        self.state.workspaces.get_mut(&id).ok_or_else(|| ApiError::missing(format!("Workspace {id} does not exist.")))
    }

    /// Whether a caller administers the workspace, by itself or by a group.
    pub(crate) fn administers(&mut self, caller: &Caller) -> Result<bool, ApiError> {
        let workspace = self.workspace()?;
        Ok(caller.account_admin || caller.ids().any(|id| workspace.is_admin(id)))
    }

    /// Refuses callers that do not administer the workspace.
    pub(crate) fn require_workspace_admin(&mut self, doing: &str) -> Result<(), ApiError> {
        let caller = self.caller()?.clone();
        if self.administers(&caller)? {
            Ok(())
        } else {
            Err(ApiError::denied(format!("Only workspace admins can {doing}.")))
        }
    }
}

fn no_metastore(message: &str) -> ApiError {
    ApiError::new(http::StatusCode::NOT_FOUND, "METASTORE_DOES_NOT_EXIST", message)
}

/// Whether a request comes from this project's provider or tunnel. Their `User-Agent` names the product and no SDK, which that of
/// the official provider (also `databricks-tf-provider/…`), CLI and SDKs does; a header decides for clients that have neither.
fn is_ours(headers: &HeaderMap) -> bool {
    if let Some(value) = headers.get("x-localcloud-strict") {
        return value == "true";
    }
    let agent = headers.get(http::header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    ["databricks-tf-provider/", "databricks-rust/", "tunnel/"].iter().any(|product| agent.starts_with(product))
        && !agent.contains("databricks-sdk-")
}

/// 201 with a JSON body: what the account API answers to a create.
pub(crate) fn created(value: &impl serde::Serialize) -> Answer {
    Answer::json(value).with_status(http::StatusCode::CREATED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_clients_are_known_by_their_user_agent() {
        let check = |name: &'static str, value: &str, expected: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            assert_eq!(is_ours(&headers), expected, "{name}: {value}");
        };
        check("user-agent", "databricks-tf-provider/0.1.0 terraform/1.11.4 os/linux auth/oauth-m2m", true);
        check("user-agent", "tunnel/0.1.0 os/linux auth/pat", true);
        check("user-agent", "databricks-rust/0.1.0 os/linux auth/pat", true);
        check("user-agent", "databricks-tf-provider/1.128.0 databricks-sdk-go/0.175.0 go/1.25 os/linux", false);
        check("user-agent", "unknown/0.0.0 databricks-sdk-py/0.162.0 python/3.12 os/linux", false);
        check("user-agent", "curl/8.5.0", false);
        check("x-localcloud-strict", "true", true);
        check("x-localcloud-strict", "false", false);
        assert!(!is_ours(&HeaderMap::new()));
    }
}
