//! Everything that the local cloud remembers. It is a plain value: it is saved as JSON, and time comes in from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::account::credentials::Credential;
use crate::account::customer_managed_keys::CustomerManagedKey;
use crate::account::networks::{Network, VpcStatus};
use crate::account::storage_configurations::StorageConfiguration;
use crate::account::workspaces::{WorkspaceInfo, WorkspaceStatus};
use crate::call::Effect;
use crate::principal::{OauthSecret, Principal, Session};
use crate::workspace::clusters::Cluster;
use crate::workspace::files::Files;
use crate::workspace::runs::Run;
use crate::workspace::secrets::Scope;
use crate::workspace::tokens::Token;

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
    pub(crate) credentials: BTreeMap<String, Credential>,
    pub(crate) storage_configurations: BTreeMap<String, StorageConfiguration>,
    pub(crate) customer_managed_keys: BTreeMap<String, CustomerManagedKey>,
    pub(crate) networks: BTreeMap<String, Network>,
    pub(crate) workspaces: BTreeMap<i64, Workspace>,
}

/// A workspace with all that is in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Workspace {
    pub(crate) info: WorkspaceInfo,
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
        &self.info.deployment_name
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

    /// Lets everything happen that is due at `now`, and says what is to be done about it.
    pub(crate) fn tick(&mut self, now: i64) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.sessions.retain(|_, session| session.expires > now - 3_600_000);
        for (id, workspace) in &mut self.workspaces {
            workspace.settle(now);
            let Workspace { clusters, runs, .. } = workspace;
            for cluster in clusters.values_mut() {
                let busy = runs.values().any(|run| run.cluster == cluster.id && !run.is_over());
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
        self.settle_networks();
        effects
    }

    /// A network is VALID while a running workspace stands in it, and is free when there is none.
    fn settle_networks(&mut self) {
        for (id, network) in &mut self.networks {
            let user = self.workspaces.values().find(|workspace| workspace.info.network_id.as_ref() == Some(id));
            network.workspace_id = user.map(|workspace| workspace.info.workspace_id);
            network.vpc_status = match user.map(|workspace| workspace.info.workspace_status) {
                Some(WorkspaceStatus::Running) => VpcStatus::Valid,
                _ => VpcStatus::Unattached,
            };
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
        if self.info.workspace_status == WorkspaceStatus::Provisioning && self.ready_at <= now {
            match self.failure.take() {
                Some(reason) => {
                    self.info.workspace_status = WorkspaceStatus::Failed;
                    self.info.workspace_status_message = reason;
                }
                None => {
                    self.info.workspace_status = WorkspaceStatus::Running;
                    "Workspace is running.".clone_into(&mut self.info.workspace_status_message);
                }
            }
        }
    }
}
