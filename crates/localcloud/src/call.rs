//! One request, as a handler sees it.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::answer::{Answer, ApiError};
use crate::faults::Faults;
use crate::options::Delays;
use crate::principal::Caller;
use crate::state::{State, Workspace};

/// A request whose body has arrived and whose caller is known.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
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
    /// What who steers the local cloud knows.
    pub(crate) secret: secret::Secret<String>,
    /// Whether `dir` goes with the process.
    pub(crate) ephemeral: bool,
}

/// What is to be done once the state is unlocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Run a submitted run on its cluster's driver.
    StartRun { workspace: i64, run: i64 },
    /// End the processes of a run.
    StopRun { workspace: i64, run: i64 },
    /// End all processes of a cluster's driver.
    StopCluster { workspace: i64, cluster: String },
    /// End everything in a workspace and remove its files.
    RemoveWorkspace { workspace: i64 },
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

    /// A value of the query that must be there.
    pub(crate) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.query(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| ApiError::invalid(format!("Missing required field: {name}")))
    }

    /// The body as a type: a field that the type does not have, and a value of another type, is the API's 400.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let bytes: &[u8] = if self.call.body.is_empty() { b"{}" } else { &self.call.body };
        serde_json::from_slice(bytes)
            .map_err(|error| ApiError::malformed(format!("Could not parse request object: {error}")))
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

    /// Refuses callers that do not administer the workspace.
    pub(crate) fn require_workspace_admin(&mut self, doing: &str) -> Result<(), ApiError> {
        let caller = self.caller()?.clone();
        if caller.account_admin || self.workspace()?.is_admin(&caller.principal) {
            Ok(())
        } else {
            Err(ApiError::denied(format!("Only workspace admins can {doing}.")))
        }
    }
}

/// 201 with a JSON body: what the account API answers to a create.
pub(crate) fn created(value: &impl serde::Serialize) -> Answer {
    Answer::json(value).with_status(http::StatusCode::CREATED)
}
