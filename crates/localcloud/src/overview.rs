//! What the local cloud holds, as people ask for it: the one value that `localcloud status` and the page are made of. It has names, ids and
//! states, and nothing that is a secret, might be one (a run's arguments and results), or grows without end.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws;
use crate::driver;
use crate::faults::Fault;
use crate::inner::Inner;
use crate::kinds::KINDS;
use crate::log::Entry;
use crate::principal::PrincipalKind;
use crate::sleeping::Sleeping;
use crate::state::{State, Workspace};
use crate::store::kind::Kind;
use crate::store::{Home, Object, Store};
use crate::workspace::cluster::Cluster;
use crate::workspace::runs::run::{Run, Task};

/// The requests that are shown, the newest first.
pub(crate) const LATEST: usize = 40;

/// What the local cloud holds at one moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Overview {
    /// When it was asked, in milliseconds since 1970.
    pub(crate) now: i64,
    /// When it began to serve.
    pub(crate) since: i64,
    pub(crate) account_id: String,
    pub(crate) addresses: Addresses,
    /// The account's objects, and those of its metastores.
    pub(crate) account: Vec<Group>,
    /// AWS's objects.
    pub(crate) aws: Vec<Group>,
    /// Why AWS's objects are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) aws_unknown: Option<String>,
    pub(crate) workspaces: Vec<Place>,
    pub(crate) faults: Vec<Fault>,
    /// How many requests are remembered.
    pub(crate) requests: usize,
    /// The last ones of them, the newest first.
    pub(crate) latest: Vec<Entry>,
    pub(crate) sleeping: Sleeping,
}

/// Where it is reached.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Addresses {
    /// The local cloud's own page.
    pub(crate) page: String,
    /// The account console.
    pub(crate) account: String,
    pub(crate) aws: Option<String>,
}

/// The objects of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) kind: String,
    pub(crate) objects: Vec<Named>,
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) id: String,
    /// What people call it, where that is not its id; where it is, for AWS's objects.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
}

/// A workspace.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) id: i64,
    /// Its name in its address.
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) state: String,
    pub(crate) objects: Vec<Group>,
    pub(crate) clusters: Vec<ClusterSeen>,
    /// The newest first.
    pub(crate) runs: Vec<RunSeen>,
}

/// A cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ClusterSeen {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) state: String,
    /// When it was last started.
    pub(crate) started: i64,
    pub(crate) message: String,
}

/// A run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RunSeen {
    pub(crate) id: i64,
    pub(crate) job: i64,
    pub(crate) name: String,
    /// How far it is, or how it ended.
    pub(crate) state: String,
    pub(crate) owner: String,
    pub(crate) submitted: i64,
    pub(crate) tasks: Vec<TaskSeen>,
}

/// A task of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TaskSeen {
    pub(crate) key: String,
    /// The notebook or file that it executes.
    pub(crate) file: String,
    pub(crate) cluster: String,
    pub(crate) state: String,
    pub(crate) message: String,
    pub(crate) started: Option<i64>,
    pub(crate) ended: Option<i64>,
}

impl Overview {
    /// What there is now.
    pub(crate) async fn of(inner: &Arc<Inner>) -> Self {
        let (aws, aws_unknown) = match aws::objects(inner).await {
            Ok(objects) => {
                let one = |object: aws::AwsObject| {
                    (object.kind, Named { id: object.id, name: object.region.unwrap_or_default() })
                };
                (grouped(objects.into_iter().map(one)), None)
            }
            Err(unknown) => (Vec::new(), Some(unknown.to_string())),
        };
        let now = inner.now();
        let settings = &inner.settings;
        let addresses =
            Addresses { page: settings.page_url(), account: settings.accounts_url(), aws: inner.aws_endpoint() };
        let count = |kind: &str| aws.iter().find(|group| group.kind == kind).map_or(0, |group| group.objects.len());
        let sleeping = match inner.aws() {
            Some(backend) => Sleeping::of(&backend.standing(), count("address")),
            None => Sleeping::default(),
        };
        let (requests, latest) = inner.log.latest(LATEST, |_| true);
        driver::tick(inner);
        inner.with(|state| Self {
            now,
            since: inner.since,
            account_id: state.account_id.clone(),
            addresses,
            account: of_account(state, now),
            aws,
            aws_unknown,
            workspaces: state
                .workspaces
                .values()
                .map(|workspace| Place::of(workspace, settings.workspace_url(workspace.deployment()), now))
                .collect(),
            faults: inner.faults.list(),
            requests,
            latest,
            sleeping,
        })
    }

    /// The clusters of all workspaces.
    pub(crate) fn clusters(&self) -> impl Iterator<Item = (&Place, &ClusterSeen)> {
        self.workspaces.iter().flat_map(|place| place.clusters.iter().map(move |cluster| (place, cluster)))
    }

    /// The runs of all workspaces.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (&Place, &RunSeen)> {
        self.workspaces.iter().flat_map(|place| place.runs.iter().map(move |run| (place, run)))
    }
}

impl Place {
    fn of(workspace: &Workspace, address: String, now: i64) -> Self {
        Self {
            id: workspace.id,
            name: workspace.deployment().to_owned(),
            address,
            state: word(&workspace.status),
            objects: of_workspace(workspace, now),
            clusters: workspace.clusters.values().map(ClusterSeen::of).collect(),
            runs: workspace.runs.values().rev().map(RunSeen::of).collect(),
        }
    }
}

impl ClusterSeen {
    fn of(cluster: &Cluster) -> Self {
        Self {
            id: cluster.id.clone(),
            name: cluster.name().to_owned(),
            state: word(&cluster.state),
            started: cluster.started(),
            message: cluster.message().to_owned(),
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.state == "RUNNING"
    }
}

impl RunSeen {
    fn of(run: &Run) -> Self {
        Self {
            id: run.id,
            job: run.job_id(),
            name: run.name.clone(),
            state: run.outcome().map_or_else(|| word(&run.life_cycle()), |outcome| word(&outcome)),
            owner: run.owner_name.clone(),
            submitted: run.submitted,
            tasks: run.tasks.iter().map(TaskSeen::of).collect(),
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.tasks.iter().all(|task| task.ended.is_some())
    }
}

impl TaskSeen {
    fn of(task: &Task) -> Self {
        Self {
            key: task.key.clone(),
            file: task.work.path().to_owned(),
            // The cluster of a serverless task is not told.
            cluster: if task.serverless { "serverless".to_owned() } else { task.cluster.clone() },
            state: task.outcome.map_or_else(|| word(&task.life_cycle), |outcome| word(&outcome)),
            message: task.message.clone(),
            started: task.started,
            ended: task.ended,
        }
    }
}

/// The account's objects. Its first administrator, whom nobody made, is none of them.
fn of_account(state: &State, now: i64) -> Vec<Group> {
    let mut groups = of_kinds(Home::Account, &[&state.store]);
    groups.extend(of_kinds(Home::Metastore, &state.metastores.values().collect::<Vec<_>>()));
    for (kind, of) in [
        ("service_principals", PrincipalKind::ServicePrincipal),
        ("users", PrincipalKind::User),
        ("groups", PrincipalKind::Group),
    ] {
        let made = state.principals.values().filter(|one| one.kind == of && !one.built_in);
        let made = made.filter(|one| one.application_id != state.admin || of == PrincipalKind::Group);
        let named = made.map(|one| {
            let login = if of == PrincipalKind::Group { &one.id } else { &one.application_id };
            Named { id: login.clone(), name: one.display_name.clone() }
        });
        groups.push(Group { kind: kind.to_owned(), objects: named.collect() });
    }
    let is_admin = |id: &String| state.principals.get(id).is_some_and(|one| one.application_id == state.admin);
    let secrets = state.oauth_secrets.values().filter(|one| one.expires > now && !is_admin(&one.principal));
    let secrets = secrets.map(|one| Named { id: one.id.clone(), name: String::new() });
    groups.push(Group { kind: "service_principal_secrets".to_owned(), objects: secrets.collect() });
    groups
}

fn of_workspace(workspace: &Workspace, now: i64) -> Vec<Group> {
    let mut groups = of_kinds(Home::Workspace, &[&workspace.store]);
    let tokens = workspace.tokens.values().filter(|token| !token.is_expired(now));
    let tokens = tokens.map(|token| Named { id: token.id().to_owned(), name: token.comment().to_owned() });
    groups.push(Group { kind: "tokens".to_owned(), objects: tokens.collect() });
    let scopes = workspace.scopes.keys().map(|name| Named { id: name.clone(), name: String::new() });
    groups.push(Group { kind: "secret_scopes".to_owned(), objects: scopes.collect() });
    groups
}

/// What somebody made of each kind of a home.
fn of_kinds(home: Home, stores: &[&Store]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    // A kind whose objects are reached at both hosts has two rows.
    for kind in KINDS.iter().filter(|kind| kind.home == home) {
        if groups.iter().any(|group| group.kind == kind.key) {
            continue;
        }
        let made = stores.iter().flat_map(|store| store.all(kind.key)).filter(|(_, object)| !object.built_in);
        let objects = made.map(|(key, object)| Named { id: key.clone(), name: name(kind, key, object) }).collect();
        groups.push(Group { kind: kind.key.to_owned(), objects });
    }
    groups
}

/// What people call an object; nothing where that is its id.
fn name(kind: &Kind, key: &str, object: &Object) -> String {
    let fields = kind.unique.into_iter().chain(["name", "display_name", "label"]);
    let of_job = || object.fields.get("settings")?.get("name").and_then(Value::as_str);
    let name = fields.map(|field| object.text(field)).find(|name| !name.is_empty()).or_else(of_job);
    name.filter(|name| *name != key).unwrap_or_default().to_owned()
}

fn grouped(objects: impl Iterator<Item = (&'static str, Named)>) -> Vec<Group> {
    let mut groups: BTreeMap<&str, Vec<Named>> = BTreeMap::new();
    for (kind, object) in objects {
        groups.entry(kind).or_default().push(object);
    }
    groups.into_iter().map(|(kind, objects)| Group { kind: kind.to_owned(), objects }).collect()
}

/// A state, in the word that the API has for it.
fn word(state: &impl Serialize) -> String {
    serde_json::to_value(state).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}
