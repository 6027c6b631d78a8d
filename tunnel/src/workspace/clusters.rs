//! Clusters by their ids or names.

use databricks::Client;
use databricks::api::clusters::{self, Cluster, ClusterState};

use super::{found, refused};
use crate::error::{Error, Result, exit};

const LOOKING: &str = "cannot look for the cluster";

/// The cluster with this id, or the only one with this name.
///
/// # Errors
/// When there is none, or several have the name.
pub async fn find(client: &Client, wanted: &str) -> Result<Cluster> {
    if is_id(wanted) { get(client, wanted).await } else { named(client, wanted).await }
}

/// The cluster with this id.
///
/// # Errors
/// When there is none.
pub async fn get(client: &Client, id: &str) -> Result<Cluster> {
    match clusters::get(client, id).await {
        Ok(cluster) => Ok(cluster),
        Err(error) if error.is_missing_cluster() => Err(Error::new(format!(
            "the workspace {} has no cluster {id}",
            client.host().as_str().trim_end_matches('/')
        ))
        .way_out("Give another id or name, or the workspace that it is in: DATABRICKS_HOST, DATABRICKS_CONFIG_PROFILE.")
        .exits_with(exit::NOT_THERE)),
        Err(error) => Err(refused(error, LOOKING)),
    }
}

/// Refuses a cluster that does not run. One that is asked for a context nevertheless answers as one of a workspace that is too young for
/// clusters, and would be asked again for minutes ([`databricks::Error::is_young_workspace`]).
///
/// # Errors
/// When it does not.
pub fn runs(cluster: &Cluster) -> Result<()> {
    match &cluster.state {
        ClusterState::Running | ClusterState::Resizing => Ok(()),
        state => Err(Error::new(format!("the cluster {} is {state}", cluster.attributes.cluster_name))
            .way_out(format!("Start it: tunnel cluster start {} --wait", cluster.cluster_id))),
    }
}

/// The only cluster with this name.
///
/// # Errors
/// When there is none, or several have it.
pub async fn named(client: &Client, name: &str) -> Result<Cluster> {
    let found = clusters::named(client, name).await.map_err(|error| refused(error, LOOKING))?;
    found::one("cluster", name, found, |cluster| (&cluster.cluster_id, &cluster.attributes.cluster_name))
}

/// Whether it is a cluster's id, such as `0123-456789-abcd1234`.
pub fn is_id(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    matches!(parts.as_slice(), [day, time, rest] if digits(day, 4) && digits(time, 6) && !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_clusters_are_told_from_names() {
        let check = |name: &str, expected: bool| assert_eq!(is_id(name), expected, "{name}");
        check("0123-456789-abcd1234", true);
        check("0123-456789-v2n", true);
        check("my-own-cluster", false);
        check("0123-456789", false);
        check("", false);
    }
}
