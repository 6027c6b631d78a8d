//! Who may use an endpoint: what each of them needs, given, looked at and taken back. What others gave is left alone, and what somebody
//! has already is not given again. What was given stands in the endpoint's scope before it is given, so that one that breaks off
//! forgets nothing. The reasons: `docs/decisions/0011-who-may-use-an-endpoint.md`.
//!
//! APIs: <https://docs.databricks.com/api/workspace/permissions>, <https://docs.databricks.com/api/workspace/secrets/putacl>.

use std::collections::BTreeSet;

use databricks::api::permissions::{self, AccessControl};
use databricks::api::{secrets, workspace};
use databricks::{Client, Error};
use secret::Secret;
use serde::{Deserialize, Serialize};

use crate::endpoint::SshEndpoint;
use crate::layout::{ACCESS, ENDPOINT, endpoint_of_scope};

/// Levels on folders and clusters, from the weakest on.
const LEVELS: &[&[&str]] =
    &[&["CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"], &["CAN_ATTACH_TO", "CAN_RESTART", "CAN_MANAGE"]];
/// Permissions on a scope, from the weakest on.
const SCOPE_LEVELS: &[&str] = &["READ", "WRITE", "MANAGE"];

/// Who may use an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Access {
    /// Mail addresses of users, and application ids of service principals.
    pub users: BTreeSet<String>,
    /// Names of groups.
    pub groups: BTreeSet<String>,
}

/// Whom Terraform gave the use of an endpoint: the text of the secret [`ACCESS`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Given {
    /// Who may use it.
    #[serde(flatten)]
    pub access: Access,
    /// What was given on clusters, which others may use for other things.
    pub clusters: BTreeSet<ClusterGrant>,
}

/// The use of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClusterGrant {
    /// The cluster.
    pub cluster_id: String,
    /// Who may use it.
    pub principal: String,
}

impl Access {
    /// Everybody.
    pub fn principals(&self) -> impl Iterator<Item = &str> {
        self.users.iter().chain(&self.groups).map(String::as_str)
    }

    /// Whether it is nobody.
    pub fn is_empty(&self) -> bool {
        self.principals().next().is_none()
    }

    fn has(&self, principal: &str) -> bool {
        self.principals().any(|one| is_same(one, principal))
    }

    /// An entry of a list of permissions for one of them.
    fn entry(&self, principal: &str, level: &str) -> AccessControl {
        let (name, mut entry) = (principal.to_owned(), AccessControl::default());
        level.clone_into(&mut entry.permission_level);
        if self.groups.contains(principal) {
            entry.group_name = name;
        } else if is_application_id(principal) {
            entry.service_principal_name = name;
        } else {
            entry.user_name = name;
        }
        entry
    }
}

impl Given {
    /// Reads the secret's text.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(text: &str) -> Result<Self, Error> {
        serde_json::from_str(text)
            .map_err(|error| Error::Config(format!("the secret {ACCESS} cannot be read: {error}")))
    }
}

/// Whether a name is a service principal's application id: a UUID.
pub fn is_application_id(name: &str) -> bool {
    let parts: Vec<usize> = name.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && name.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// Whether two names are one principal's: the service knows mail addresses in small letters, however they were written.
fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// What a user needs: of the folders, and of the cluster.
fn needs(endpoint: &SshEndpoint) -> Vec<(Place, &'static str)> {
    let cluster = if endpoint.auto_start { "CAN_RESTART" } else { "CAN_ATTACH_TO" };
    let folders = [
        (Place::Folder(endpoint.directory.clone()), "CAN_RUN"),
        // To write a file that is not there yet.
        (Place::Folder(endpoint.server_directory()), "CAN_MANAGE"),
    ];
    let on_cluster =
        Some((Place::Cluster(endpoint.cluster_id.clone()), cluster)).filter(|_| !endpoint.cluster_id.is_empty());
    folders.into_iter().chain(on_cluster).collect()
}

/// What a user needs of the scopes. READ on the endpoint's, since the server runs as who started it, and needs its host key.
fn scopes(endpoint: &SshEndpoint) -> [(String, &'static str); 2] {
    [(endpoint.secret_scope.clone(), "READ"), (endpoint.clients_scope(), "WRITE")]
}

/// Something with permissions.
enum Place {
    Folder(String),
    Cluster(String),
}

impl Place {
    /// Its name in the permissions API; `None` where it is gone.
    async fn object(&self, client: &Client) -> Result<Option<String>, Error> {
        Ok(match self {
            Self::Cluster(id) => Some(format!("clusters/{id}")),
            Self::Folder(path) => {
                let id = workspace::status(client, path).await?.and_then(|found| found.object_id);
                id.map(|id| format!("directories/{id}"))
            }
        })
    }
}

/// The list of permissions of something that is there.
async fn permissions_of(client: &Client, object: &str) -> Result<Option<Vec<AccessControl>>, Error> {
    match permissions::get(client, object).await {
        Ok(list) => Ok(Some(list)),
        Err(error) if error.is_missing_cluster() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a level is one, or more than one.
fn includes(levels: &[&str], have: &str, least: &str) -> bool {
    let at = |level: &str| levels.iter().position(|one| *one == level);
    at(least).is_some_and(|least| at(have).is_some_and(|have| have >= least))
}

/// Whether a principal has this level or a stronger one.
fn holds(list: &[AccessControl], principal: &str, least: &str) -> bool {
    let levels = LEVELS.iter().find(|levels| levels.contains(&least)).copied().unwrap_or_default();
    let of = list.iter().filter(|entry| is_same(entry.principal(), principal)).flat_map(|entry| &entry.all_permissions);
    of.into_iter().any(|level| includes(levels, &level.permission_level, least))
}

/// Those who were given the use of an endpoint, and have all of it still.
///
/// # Errors
/// Whatever the API refuses.
pub async fn standing(client: &Client, endpoint: &SshEndpoint, given: &Given) -> Result<Access, Error> {
    let mut whole = given.access.clone();
    if whole.is_empty() {
        return Ok(whole);
    }
    let mut keep = |has: &dyn Fn(&str) -> bool| {
        whole.users.retain(|name| has(name));
        whole.groups.retain(|name| has(name));
    };
    for (scope, least) in scopes(endpoint) {
        let acls = secrets::acls(client, &scope).await?;
        keep(&|name| {
            acls.iter().any(|acl| is_same(&acl.principal, name) && includes(SCOPE_LEVELS, &acl.permission, least))
        });
    }
    for (place, least) in needs(endpoint) {
        let list = match place.object(client).await? {
            Some(object) => permissions_of(client, &object).await?,
            None => None,
        };
        keep(&|name| list.as_ref().is_some_and(|list| holds(list, name, least)));
    }
    Ok(whole)
}

/// Gives the use of a published endpoint to these, and takes it from those who were given it before and are not among them.
///
/// # Errors
/// Whatever the API refuses.
pub async fn give(client: &Client, endpoint: &SshEndpoint, wanted: &Access) -> Result<(), Error> {
    let before = recorded(client, &endpoint.secret_scope).await?.unwrap_or_default();
    if wanted.is_empty() && before == Given::default() {
        return Ok(());
    }
    let mut missing = Vec::new();
    for (place, least) in needs(endpoint) {
        let Some(object) = place.object(client).await? else { continue };
        let Some(list) = permissions_of(client, &object).await? else { continue };
        let absent: Vec<&str> = wanted.principals().filter(|name| !holds(&list, name, least)).collect();
        missing.push((place, object, least, absent));
    }
    let of_cluster = missing.iter().filter(|(place, ..)| matches!(place, Place::Cluster(_)));
    let new = of_cluster
        .flat_map(|(.., absent)| absent)
        .map(|name| ClusterGrant { cluster_id: endpoint.cluster_id.clone(), principal: (*name).to_owned() });
    let (kept, stale): (BTreeSet<_>, BTreeSet<_>) = before
        .clusters
        .iter()
        .cloned()
        .partition(|grant| grant.cluster_id == endpoint.cluster_id && wanted.has(&grant.principal));
    let kept: BTreeSet<ClusterGrant> = kept.into_iter().chain(new).collect();
    // Until it is taken from them, those who are no more wanted are remembered as well.
    let users = before.access.users.union(&wanted.users).cloned().collect();
    let groups = before.access.groups.union(&wanted.groups).cloned().collect();
    let noted = Given { access: Access { users, groups }, clusters: kept.union(&stale).cloned().collect() };
    record(client, endpoint, &noted, &before).await?;
    for (_, object, level, absent) in &missing {
        if !absent.is_empty() {
            let entries = absent.iter().map(|name| wanted.entry(name, level)).collect();
            permissions::add(client, object, entries).await?;
        }
    }
    let unwanted: Vec<&str> = before.access.principals().filter(|name| !wanted.has(name)).collect();
    for (scope, level) in scopes(endpoint) {
        let acls = secrets::acls(client, &scope).await?;
        let has = |name: &str| acls.iter().find(|acl| is_same(&acl.principal, name)).map(|acl| acl.permission.as_str());
        for name in wanted.principals() {
            if !has(name).is_some_and(|have| includes(SCOPE_LEVELS, have, level)) {
                secrets::put_acl(client, &scope, name, level).await?;
            }
        }
        for name in &unwanted {
            if has(name) == Some(level) {
                secrets::delete_acl(client, &scope, name).await?;
            }
        }
    }
    for (place, object, level, _) in &missing {
        if matches!(place, Place::Folder(_)) {
            take(client, object, &unwanted, &[level]).await?;
        }
    }
    take_clusters(client, endpoint, &stale).await?;
    record(client, endpoint, &Given { access: wanted.clone(), clusters: kept }, &noted).await
}

/// Takes back what was given beside the endpoint's own scopes and folders, which go with it.
///
/// # Errors
/// Whatever the API refuses.
pub async fn withdraw(client: &Client, endpoint: &SshEndpoint) -> Result<(), Error> {
    match recorded(client, &endpoint.secret_scope).await? {
        Some(given) => take_clusters(client, endpoint, &given.clusters).await,
        None => Ok(()),
    }
}

/// Takes a level from these, where it is still the one that was given.
async fn take(client: &Client, object: &str, from: &[&str], levels: &[&str]) -> Result<(), Error> {
    if from.is_empty() {
        return Ok(());
    }
    let Some(list) = permissions_of(client, object).await? else { return Ok(()) };
    let goes = |entry: &AccessControl| {
        from.iter().any(|name| is_same(name, entry.principal()))
            && entry.direct().is_some_and(|level| levels.contains(&level))
    };
    if !list.iter().any(goes) {
        return Ok(());
    }
    let left = list.iter().filter(|entry| !goes(entry)).filter_map(|entry| {
        let permission_level = entry.direct()?.to_owned();
        Some(AccessControl { permission_level, all_permissions: Vec::new(), ..entry.clone() })
    });
    permissions::replace(client, object, left.collect()).await
}

/// Takes back the use of clusters. Where another endpoint's user needs it, that endpoint has it to take back from then on.
async fn take_clusters(client: &Client, endpoint: &SshEndpoint, stale: &BTreeSet<ClusterGrant>) -> Result<(), Error> {
    if stale.is_empty() {
        return Ok(());
    }
    let mut stale = stale.clone();
    for scope in secrets::scopes(client).await? {
        if endpoint_of_scope(&scope).is_none() || scope == endpoint.secret_scope {
            continue;
        }
        hand_over(client, &scope, &mut stale).await?;
    }
    let clusters: BTreeSet<&str> = stale.iter().map(|grant| grant.cluster_id.as_str()).collect();
    for cluster in clusters {
        let of: Vec<&str> =
            stale.iter().filter(|grant| grant.cluster_id == cluster).map(|grant| grant.principal.as_str()).collect();
        // It may have been given before auto_start was changed.
        take(client, &format!("clusters/{cluster}"), &of, &["CAN_RESTART", "CAN_ATTACH_TO"]).await?;
    }
    Ok(())
}

/// Moves what the endpoint of this scope needs as well into what it was given.
async fn hand_over(client: &Client, scope: &str, stale: &mut BTreeSet<ClusterGrant>) -> Result<(), Error> {
    let theirs = match recorded(client, scope).await {
        Ok(theirs) => theirs,
        // Another's scope.
        Err(error) if error.status() == Some(403) => None,
        Err(error) => return Err(error),
    };
    let Some(mut theirs) = theirs else { return Ok(()) };
    let Some(text) = secrets::get(client, scope, ENDPOINT).await? else { return Ok(()) };
    let Ok(other) = serde_json::from_str::<SshEndpoint>(text.expose()) else { return Ok(()) };
    let (moved, left): (BTreeSet<_>, BTreeSet<_>) = std::mem::take(stale)
        .into_iter()
        .partition(|grant| grant.cluster_id == other.cluster_id && theirs.access.has(&grant.principal));
    *stale = left;
    if !moved.is_empty() {
        theirs.clusters.extend(moved);
        write(client, scope, &theirs).await?;
    }
    Ok(())
}

/// Whom the endpoint of a scope was given to; `None` if to nobody.
async fn recorded(client: &Client, scope: &str) -> Result<Option<Given>, Error> {
    let text = secrets::get(client, scope, ACCESS).await?;
    text.map(|text| Given::read(text.expose())).transpose()
}

/// Notes down what is given, where that is another thing than `before`.
async fn record(client: &Client, endpoint: &SshEndpoint, given: &Given, before: &Given) -> Result<(), Error> {
    if given == before {
        return Ok(());
    }
    if *given == Given::default() {
        return secrets::delete(client, &endpoint.secret_scope, ACCESS).await;
    }
    write(client, &endpoint.secret_scope, given).await
}

async fn write(client: &Client, scope: &str, given: &Given) -> Result<(), Error> {
    let text = serde_json::to_string(given).map_err(|error| Error::Config(error.to_string()))?;
    secrets::put(client, scope, ACCESS, &Secret::new(text)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_level_includes_the_weaker_ones_of_its_kind() {
        let list: Vec<AccessControl> = serde_json::from_value(json!([
            {"user_name": "ada", "all_permissions": [{"permission_level": "CAN_RESTART", "inherited": false}]},
            {"group_name": "admins", "all_permissions": [{"permission_level": "CAN_MANAGE", "inherited": true}]},
            {"user_name": "new", "all_permissions": [{"permission_level": "CAN_FLY"}]},
        ]))
        .unwrap();
        let check = |principal: &str, least: &str, expected: bool| {
            assert_eq!(holds(&list, principal, least), expected, "{principal} {least}");
        };
        check("ada", "CAN_ATTACH_TO", true);
        check("Ada", "CAN_RESTART", true);
        check("ada", "CAN_MANAGE", false);
        check("admins", "CAN_RESTART", true);
        check("new", "CAN_ATTACH_TO", false);
        check("grace", "CAN_ATTACH_TO", false);
    }

    #[test]
    fn a_principal_is_named_by_what_it_is() {
        let access = Access { users: BTreeSet::new(), groups: ["engineers".to_owned()].into() };
        let check = |name: &str, field: &str| {
            let entry = serde_json::to_value(access.entry(name, "CAN_RUN")).unwrap();
            assert_eq!(entry, json!({field: name, "permission_level": "CAN_RUN"}));
        };
        check("engineers", "group_name");
        check("ada@example.com", "user_name");
        check("7d0f2a9e-0000-4000-8000-000000000001", "service_principal_name");
        check("7d0f2a9e-not-an-id", "user_name");
    }

    #[test]
    fn what_was_given_is_read_back() {
        let grant = ClusterGrant { cluster_id: "c".to_owned(), principal: "ada".to_owned() };
        let access = Access { users: ["ada".to_owned()].into(), groups: BTreeSet::new() };
        let given = Given { access, clusters: [grant].into() };
        let text = serde_json::to_string(&given).unwrap();
        assert_eq!(Given::read(&text).unwrap(), given);
        assert!(Given::read("x").unwrap_err().to_string().contains("access"));
    }
}
