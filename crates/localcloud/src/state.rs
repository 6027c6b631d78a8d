//! Everything that the local cloud remembers. It is a plain value: it is saved as JSON, and time comes in from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::answer::ApiError;
use crate::effect::Effect;
use crate::principal::{Caller, Code, OauthSecret, Principal, PrincipalKind, Refresh, Session};
use crate::sql::statement::{Session as SqlSession, Statement};
use crate::store::{Object, Store};
use crate::workspace::cluster::{Cluster, ClusterState};
use crate::workspace::context::ExecutionContext;
use crate::workspace::known_files::Files;
use crate::workspace::runs::run::Run;
use crate::workspace::scope::Scope;
use crate::workspace::token::Token;

/// The whole state: one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// The port that workspace addresses were given out with.
    pub(crate) port: u16,
    pub(crate) account_id: String,
    /// Application id of the account's first administrator.
    pub(crate) admin: String,
    pub(crate) last_id: i64,
    pub(crate) principals: BTreeMap<String, Principal>,
    pub(crate) oauth_secrets: BTreeMap<String, OauthSecret>,
    /// Bearer tokens that the OIDC endpoints issued, by the SHA-256 of each.
    pub(crate) sessions: BTreeMap<String, Session>,
    /// What persons who sign in with a browser were sent back with, by the SHA-256 of each.
    pub(crate) codes: BTreeMap<String, Code>,
    /// What their logins are renewed with, by the SHA-256 of each.
    pub(crate) refresh_tokens: BTreeMap<String, Refresh>,
    /// The account's objects.
    pub(crate) store: Store,
    /// What is in each metastore.
    pub(crate) metastores: BTreeMap<String, Store>,
    pub(crate) workspaces: BTreeMap<i64, Workspace>,
}

/// A workspace with all that is in it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Workspace {
    pub(crate) id: i64,
    /// Name of the workspace in its address.
    pub(crate) deployment_name: String,
    /// What the account says of it, but for its status.
    pub(crate) info: Object,
    pub(crate) status: WorkspaceStatus,
    pub(crate) status_message: String,
    /// When PROVISIONING ends.
    pub(crate) ready_at: i64,
    /// When it is gone, once it is being deleted.
    pub(crate) gone_at: Option<i64>,
    /// Why provisioning will fail, when it was told to.
    pub(crate) failure: Option<String>,
    /// Permissions by principal: `ADMIN`, `USER`.
    pub(crate) assignments: BTreeMap<String, Vec<String>>,
    /// Entitlements by principal.
    pub(crate) entitlements: BTreeMap<String, BTreeSet<String>>,
    pub(crate) tokens: BTreeMap<String, Token>,
    pub(crate) scopes: BTreeMap<String, Scope>,
    pub(crate) clusters: BTreeMap<String, Cluster>,
    pub(crate) runs: BTreeMap<i64, Run>,
    pub(crate) files: Files,
    /// Objects of the kinds.
    pub(crate) store: Store,
    /// The metastore that it is assigned to.
    pub(crate) metastore: Option<String>,
    pub(crate) default_catalog: Option<String>,
    /// Instance profiles by principal.
    pub(crate) roles: BTreeMap<String, BTreeSet<String>>,
    /// Settings by name.
    pub(crate) conf: BTreeMap<String, String>,
    /// Execution contexts by id. They end with the local cloud.
    #[serde(skip)]
    pub(crate) contexts: BTreeMap<String, ExecutionContext>,
    /// SQL statements by id. They end with the local cloud.
    #[serde(skip)]
    pub(crate) statements: BTreeMap<String, Statement>,
    /// Sessions of SQL clients by id.
    #[serde(skip)]
    pub(crate) sql_sessions: BTreeMap<String, SqlSession>,
}

/// Where a workspace stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum WorkspaceStatus {
    Banned,
    Cancelling,
    Failed,
    NotProvisioned,
    #[default]
    Provisioning,
    Running,
}

impl Workspace {
    pub(crate) fn is_admin(&self, principal: &str) -> bool {
        self.assignments.get(principal).is_some_and(|permissions| permissions.iter().any(|one| one == "ADMIN"))
    }

    pub(crate) fn is_member(&self, principal: &str) -> bool {
        self.assignments.contains_key(principal)
    }

    /// Name of the workspace in its address.
    pub(crate) fn deployment(&self) -> &str {
        &self.deployment_name
    }

    /// Goes on with a run after one of its tasks ended: what is to be started, and which clusters go.
    pub(crate) fn go_on(&mut self, run: i64, now: i64, delay: i64) -> Vec<Effect> {
        let workspace = self.id;
        let Some(of) = self.runs.get_mut(&run) else { return Vec::new() };
        let started = of.advance(now);
        let clusters = of.tasks.iter().filter(|task| started.contains(&task.id)).map(|task| task.cluster.clone());
        let clusters: Vec<String> = clusters.collect();
        let over = if of.is_over() { std::mem::take(&mut of.clusters) } else { Vec::new() };
        for cluster in clusters {
            if let Some(cluster) = self.clusters.get_mut(&cluster).filter(|one| one.state == ClusterState::Terminated) {
                cluster.wake(now, delay, None);
            }
        }
        let mut effects: Vec<Effect> =
            started.into_iter().map(|task| Effect::StartTask { workspace, run, task }).collect();
        for cluster in over {
            self.clusters.remove(&cluster);
            effects.push(Effect::StopCluster { workspace, cluster });
        }
        effects
    }

    /// Whether the workspace is made of an object: its credentials, its network, a key.
    pub(crate) fn uses(&self, id: &str) -> bool {
        self.info.fields.iter().any(|(field, value)| field.ends_with("_id") && value.as_str() == Some(id))
    }
}

impl State {
    /// A number that no other object has: SCIM ids, workspace ids, run ids.
    pub(crate) fn next_id(&mut self) -> i64 {
        self.last_id = self.last_id.max(1_000_000_000_000) + 1;
        self.last_id
    }

    /// The principal with an application id.
    pub(crate) fn principal_by_application(&self, application_id: &str) -> Option<&Principal> {
        self.principals.values().find(|principal| principal.application_id == application_id)
    }

    /// The workspace that an address names, unless it is on its way out.
    pub(crate) fn workspace_by_deployment(&self, deployment: &str) -> Option<(i64, &Workspace)> {
        self.workspaces
            .iter()
            .find(|(_, workspace)| workspace.deployment() == deployment)
            .map(|(id, workspace)| (*id, workspace))
    }

    /// Makes the groups that every workspace has.
    pub(crate) fn add_built_in_groups(&mut self, workspace: i64) {
        for name in ["admins", "users"] {
            let id = self.next_id().to_string();
            let group = Principal {
                id: id.clone(),
                kind: PrincipalKind::Group,
                display_name: name.to_owned(),
                active: true,
                workspace: Some(workspace),
                built_in: true,
                ..Principal::default()
            };
            self.principals.insert(id, group);
        }
    }

    /// A principal as who calls.
    pub(crate) fn caller(&self, principal: &str) -> Caller {
        Caller {
            principal: principal.to_owned(),
            account_admin: self.principals.get(principal).is_some_and(Principal::is_account_admin),
            groups: self.groups_of(principal),
        }
    }

    /// The SCIM ids of the groups that a principal is in, by itself or through others.
    pub(crate) fn groups_of(&self, principal: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut todo = vec![principal.to_owned()];
        while let Some(id) = todo.pop() {
            for group in self.principals.values().filter(|one| one.members.contains(&id)) {
                if !found.contains(&group.id) {
                    found.push(group.id.clone());
                    todo.push(group.id.clone());
                }
            }
        }
        found
    }

    /// The SCIM ids of who is in a group.
    pub(crate) fn members(&self, group: &Principal) -> Vec<String> {
        let of = group.workspace.filter(|_| group.built_in).and_then(|id| self.workspaces.get(&id));
        match of {
            Some(of) => {
                let all = group.display_name == "users";
                of.assignments.keys().filter(|id| all || of.is_admin(id)).cloned().collect()
            }
            None => group.members.clone(),
        }
    }

    /// Refuses the end of an account object that a workspace is made of.
    pub(crate) fn refuse_used(&self, noun: &str, id: &str) -> Result<(), ApiError> {
        match self.workspaces.values().find(|workspace| workspace.uses(id)) {
            Some(workspace) => {
                Err(ApiError::in_use(format!("{noun} {id} is being used by active workspace {}.", workspace.id)))
            }
            None => Ok(()),
        }
    }

    /// Lets everything happen that is due at `now`, and says what is to be done about it.
    #[must_use]
    pub(crate) fn tick(&mut self, now: i64) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.sessions.retain(|_, session| session.expires > now - 3_600_000);
        self.codes.retain(|_, code| code.expires > now);
        self.store.tick(now);
        self.metastores.values_mut().for_each(|store| store.tick(now));
        for (id, workspace) in &mut self.workspaces {
            workspace.settle(now);
            workspace.store.tick(now);
            effects.extend(workspace.statements.iter_mut().filter(|(_, one)| one.ended.is_some()).filter_map(
                |(statement, one)| {
                    let statement = statement.clone();
                    one.expires(now).then_some(Effect::RemoveResult { workspace: *id, statement })
                },
            ));
            workspace.statements.retain(|_, statement| !statement.is_forgotten(now));
            let Workspace { clusters, runs, .. } = workspace;
            for cluster in clusters.values_mut() {
                let tasks = runs.values().flat_map(|run| &run.tasks);
                let busy = tasks.into_iter().any(|task| task.cluster == cluster.id && !task.is_over());
                if cluster.settle(now) | cluster.rest(now, busy) {
                    effects.push(Effect::StopCluster { workspace: *id, cluster: cluster.id.clone() });
                }
            }
        }
        self.workspaces.retain(|id, workspace| {
            let gone = workspace.gone_at.is_some_and(|at| at <= now);
            if gone {
                effects.push(Effect::RemoveWorkspace { workspace: *id });
            }
            !gone
        });
        let workspaces = &self.workspaces;
        self.principals.retain(|_, one| one.workspace.is_none_or(|id| workspaces.contains_key(&id)));
        self.settle_networks();
        effects
    }

    /// A network is VALID while a running workspace stands in it, and is free when there is none.
    fn settle_networks(&mut self) {
        let ids: Vec<String> = self.store.all("networks").map(|(id, _)| id.clone()).collect();
        for id in ids {
            let user = self.workspaces.values().find(|workspace| workspace.info.text("network_id") == id);
            let (user, status) = (user.map(|workspace| workspace.id), user.map(|workspace| workspace.status));
            let Some(network) = self.store.get_mut("networks", &id) else { continue };
            match user {
                Some(user) => network.set("workspace_id", user),
                None => drop(network.fields.remove("workspace_id")),
            }
            let valid = status == Some(WorkspaceStatus::Running);
            network.set("vpc_status", if valid { "VALID" } else { "UNATTACHED" });
        }
    }

    /// Reads a saved state; a file that does not exist is an empty state.
    pub(crate) fn load(path: &Path) -> std::io::Result<Self> {
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                std::io::Error::new(
                    std::io::ErrorKind::InvalidData,
                    format!("{} is not a state of the local cloud: {error}", path.display()),
                )
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Writes the state, whole or not at all, readable by its owner alone.
    pub(crate) fn save(&self, path: &Path) -> std::io::Result<()> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut file, self)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}

impl Workspace {
    fn settle(&mut self, now: i64) {
        if self.status == WorkspaceStatus::Provisioning && self.ready_at <= now {
            (self.status, self.status_message) = match self.failure.take() {
                Some(reason) => (WorkspaceStatus::Failed, reason),
                None => (WorkspaceStatus::Running, "Workspace is running.".to_owned()),
            };
        }
    }
}
