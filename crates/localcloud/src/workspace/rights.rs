//! Who may do what with clusters, workspace files and runs: what the permissions API keeps, held.
//! <https://docs.databricks.com/aws/en/security/auth/access-control/>

use super::cluster::Cluster;
use super::permission_levels;
use crate::answer::ApiError;
use crate::call::Cx;
use crate::principal::Caller;
use crate::state::State;

/// What one may do with a cluster; each includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ClusterRight {
    Attach,
    Restart,
    Manage,
}

/// What one may do with a workspace file, a notebook or a folder; each includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FileRight {
    View,
    Run,
    Edit,
    Manage,
}

/// The names that rights are given to somebody by.
struct Names {
    login: String,
    /// Its groups, with the one that everybody of the workspace is in.
    groups: Vec<String>,
    is_admin: bool,
}

impl Names {
    fn of(state: &State, workspace: i64, caller: &Caller) -> Self {
        let name = |id: &str| state.principals.get(id).map(|one| one.login().to_owned());
        let of = state.workspaces.get(&workspace);
        let groups = caller.groups.iter().filter_map(|id| name(id)).chain(["users".to_owned()]).collect();
        Self {
            login: name(&caller.principal).unwrap_or_default(),
            groups,
            is_admin: caller.account_admin || of.is_some_and(|of| caller.ids().any(|id| of.is_admin(id))),
        }
    }

    fn has(&self, field: &str, name: &str) -> bool {
        if field == "group_name" { self.groups.iter().any(|one| one == name) } else { self.login == name }
    }
}

/// Refuses a caller who may not do this with a cluster that is there.
pub(crate) fn require_cluster(cx: &Cx<'_>, id: &str, right: ClusterRight) -> Result<(), ApiError> {
    check_cluster(cx.state, cx.workspace_id()?, cx.caller()?, id, right)
}

/// The same, outside of a call.
pub(crate) fn check_cluster(
    state: &State,
    workspace: i64,
    caller: &Caller,
    id: &str,
    right: ClusterRight,
) -> Result<(), ApiError> {
    let names = Names::of(state, workspace, caller);
    let Some(of) = state.workspaces.get(&workspace) else { return Ok(()) };
    let Some(cluster) = of.clusters.get(id) else { return Ok(()) };
    let given = permission_levels::level(&of.store, "clusters", id, |field, name| names.has(field, name));
    let is_enough = given.is_some_and(|level| level >= right as usize);
    if names.is_admin || cluster.creator == names.login || is_enough {
        return Ok(());
    }
    Err(refusal(&names.login, &format!("{right:?}"), id))
}

/// What one may do with a SQL warehouse; each includes the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WarehouseRight {
    /// Look at it, start it, and run statements on it.
    Use,
    /// Stop it, change it, and take it away.
    Manage,
}

/// Refuses a caller who may not do this with a SQL warehouse that is there.
pub(crate) fn require_warehouse(cx: &Cx<'_>, id: &str, right: WarehouseRight) -> Result<(), ApiError> {
    let (workspace, caller) = (cx.workspace_id()?, cx.caller()?);
    let names = Names::of(cx.state, workspace, caller);
    let Some(of) = cx.state.workspaces.get(&workspace) else { return Ok(()) };
    let Some(warehouse) = of.store.get("sql_warehouses", id) else { return Ok(()) };
    let given = permission_levels::level(&of.store, "sql/warehouses", id, |field, name| names.has(field, name));
    // CAN_USE, CAN_MONITOR and CAN_VIEW come before CAN_MANAGE and IS_OWNER.
    let (level, least) = match right {
        WarehouseRight::Use => ("CAN_USE", 0),
        WarehouseRight::Manage => ("CAN_MANAGE", 3),
    };
    if names.is_admin || warehouse.text("creator_name") == names.login || given.is_some_and(|given| given >= least) {
        return Ok(());
    }
    Err(refusal(&names.login, level, &format!("SQL warehouse {id}")))
}

/// Refuses whoever a dedicated cluster is not dedicated to.
///
/// # Errors
/// In the words with which a run on it fails.
pub(crate) fn check_single_user(
    state: &State,
    workspace: i64,
    caller: &Caller,
    cluster: &Cluster,
) -> Result<(), String> {
    let Some(user) = cluster.single_user() else { return Ok(()) };
    let names = Names::of(state, workspace, caller);
    if names.login == user || names.groups.iter().any(|group| group == user) {
        return Ok(());
    }
    let Names { login, .. } = names;
    Err(format!(
        "Single-user check failed: user '{login}' attempted to run a command on single-user cluster {}, but the single user of this \
         cluster is '{user}'",
        cluster.id
    ))
}

/// Refuses a caller who may not do this with what is at a path (without `/Workspace`), or would be there.
pub(crate) fn require_file(cx: &Cx<'_>, path: &str, right: FileRight) -> Result<(), ApiError> {
    check_file(cx.state, cx.workspace_id()?, cx.caller()?, path, right)
}

/// The same, outside of a call.
pub(crate) fn check_file(
    state: &State,
    workspace: i64,
    caller: &Caller,
    path: &str,
    right: FileRight,
) -> Result<(), ApiError> {
    let names = Names::of(state, workspace, caller);
    let Some(of) = state.workspaces.get(&workspace) else { return Ok(()) };
    if names.is_admin || is_own(path, &names.login) || right == FileRight::View && is_common(path) {
        return Ok(());
    }
    // What is given on a folder holds for all below it.
    let mut at = path;
    while !at.is_empty() {
        if let Some(id) = of.files.id(at) {
            let given = ["directories", "files", "notebooks"].into_iter().filter_map(|word| {
                permission_levels::level(&of.store, word, &id.to_string(), |field, name| names.has(field, name))
            });
            if given.max().is_some_and(|level| level >= right as usize) {
                return Ok(());
            }
        }
        at = at.rsplit_once('/').map_or("", |(folder, _)| folder);
    }
    Err(refusal(&names.login, &format!("{right:?}"), path))
}

/// Whether a path is in a home of this name, or in the folder that everybody shares.
fn is_own(path: &str, login: &str) -> bool {
    let below = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    below("/Shared") || below(&format!("/Users/{login}")) || below(&format!("/Repos/{login}"))
}

/// Whether a path is one of the folders that all can look at.
fn is_common(path: &str) -> bool {
    ["", "/Users", "/Repos"].contains(&path)
}

/// Whether a caller sees a run: who submitted it, and the workspace's admins.
pub(crate) fn sees_run(cx: &Cx<'_>, owner: &str) -> bool {
    let (Ok(caller), Ok(workspace)) = (cx.caller(), cx.workspace_id()) else { return false };
    caller.principal == owner || Names::of(cx.state, workspace, caller).is_admin
}

/// The words of the service.
pub(crate) fn refusal(login: &str, right: &str, what: &str) -> ApiError {
    ApiError::denied(format!(
        "{login} does not have {right} permissions on {what}. Please contact the owner or an administrator for access."
    ))
}
