//! What all parts of a local cloud share: the state, its settings, its misbehaviour, its tasks.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::aws::backend::{Backend, Side};
use crate::call::Settings;
use crate::driver::contexts::Contexts;
use crate::driver::drivers::Drivers;
use crate::effect::Effect;
use crate::faults::Faults;
use crate::log::Log;
use crate::principal::PrincipalKind;
use crate::sql::engine::Sql;
use crate::sql::settings;
use crate::state::State;
use crate::store::{Home, serve};
use crate::time;
use crate::tls::{Tls, TlsError};

/// Why a local cloud could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or may not be used.
    #[error("the local cloud cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file or folder of the local cloud cannot be used.
    #[error("the local cloud cannot use {path}: {source}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The AWS side does not start.
    #[error("{0}")]
    Aws(String),
    /// There are no certificates for its names.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// What all parts of a local cloud share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) state: Mutex<State>,
    pub(crate) changed: AtomicBool,
    pub(crate) settings: Settings,
    /// When it began to serve, in milliseconds since 1970.
    pub(crate) since: i64,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    pub(crate) drivers: Drivers,
    pub(crate) contexts: Contexts,
    pub(crate) sql: Sql,
    pub(crate) tls: Tls,
    pub(crate) state_file: Option<PathBuf>,
    pub(crate) aws: OnceLock<Side>,
}

impl Inner {
    /// Works on the state while nobody else does.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        time::now()
    }

    pub(crate) fn aws_endpoint(&self) -> Option<String> {
        self.aws.get().map(|side| format!("http://127.0.0.1:{}", side.port))
    }

    /// The AWS side, when there is one.
    pub(crate) fn aws(&self) -> Option<&Backend> {
        self.aws.get().map(|side| &side.backend)
    }

    /// Notes that the state is to be saved.
    pub(crate) fn mark_changed(&self) {
        self.changed.store(true, Ordering::Release);
    }

    /// Ends all tasks, and with them all processes.
    pub(crate) async fn end(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        // Results end with the local cloud.
        let _ = std::fs::remove_dir_all(settings::folder(&self.settings.dir).join("results"));
    }

    /// Saves the state if it changed since the last time.
    pub(crate) fn save(&self) {
        if !self.changed.swap(false, Ordering::AcqRel) {
            return;
        }
        if let Some(path) = &self.state_file {
            let state = self.with(|state| state.clone());
            if let Err(error) = state.save(path) {
                tracing::error!(path = %path.display(), %error, "the state could not be saved");
                self.mark_changed();
            }
        }
    }

    /// Ends the life of every bearer token that the OIDC endpoints issued.
    pub(crate) fn expire_tokens(&self) {
        let now = self.now();
        self.with(|state| state.sessions.values_mut().for_each(|session| session.expires = now));
        self.mark_changed();
    }

    /// Forgets everything but the account and its first administrator; answers what is to be done about it.
    pub(crate) fn reset(&self) -> Vec<Effect> {
        let effects = self.with(|state| {
            let admin = state.admin.clone();
            let keep = state.principals.values().find(|one| one.application_id == admin).cloned();
            let id = keep.as_ref().map(|one| one.id.clone()).unwrap_or_default();
            let effects = state.workspaces.keys().map(|id| Effect::RemoveWorkspace { workspace: *id }).collect();
            let mut secrets = std::mem::take(&mut state.oauth_secrets);
            secrets.retain(|_, secret| secret.principal == id);
            *state = State {
                port: state.port,
                account_id: std::mem::take(&mut state.account_id),
                admin,
                last_id: state.last_id,
                principals: keep.into_iter().map(|one| (one.id.clone(), one)).collect(),
                oauth_secrets: secrets,
                ..State::default()
            };
            effects
        });
        self.mark_changed();
        effects
    }

    /// How many objects of each kind there are; the account's first administrator is not counted.
    pub(crate) fn summary(&self) -> Value {
        let now = self.now();
        self.with(|state| {
            let workspaces: Vec<Value> = state
                .workspaces
                .values()
                .map(|workspace| {
                    let mut counts = serve::counts(Home::Workspace, &[&workspace.store]);
                    counts.extend([
                        ("workspace_id".to_owned(), json!(workspace.id)),
                        ("deployment_name".to_owned(), json!(workspace.deployment_name)),
                        ("status".to_owned(), json!(workspace.status)),
                        ("tokens".to_owned(), json!(workspace.tokens.len())),
                        ("secret_scopes".to_owned(), json!(workspace.scopes.len())),
                        ("clusters".to_owned(), json!(workspace.clusters.len())),
                        ("runs".to_owned(), json!(workspace.runs.len())),
                    ]);
                    Value::Object(counts)
                })
                .collect();
            let mut counts = serve::counts(Home::Account, &[&state.store]);
            counts.extend(serve::counts(Home::Metastore, &state.metastores.values().collect::<Vec<_>>()));
            for (key, kind) in [
                ("service_principals", PrincipalKind::ServicePrincipal),
                ("users", PrincipalKind::User),
                ("groups", PrincipalKind::Group),
            ] {
                let of = state.principals.values().filter(|one| one.kind == kind && !one.built_in);
                let made = of.filter(|one| one.application_id != state.admin || kind == PrincipalKind::Group);
                counts.insert(key.to_owned(), json!(made.count()));
            }
            let is_admin = |id: &String| state.principals.get(id).is_some_and(|one| one.application_id == state.admin);
            let secrets = state.oauth_secrets.values().filter(|one| one.expires > now && !is_admin(&one.principal));
            counts.insert("service_principal_secrets".to_owned(), json!(secrets.count()));
            counts.insert("workspaces".to_owned(), json!(workspaces));
            Value::Object(counts)
        })
    }
}
