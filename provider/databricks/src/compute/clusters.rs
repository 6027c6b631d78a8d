//! Clusters as they are, for what uses them: in our words, where one is not there or does not run.

use databricks::api::clusters::{self, Cluster, ClusterState};
use tfplugin::{Call, Error, Result};

use crate::clients::Workspace;

/// The cluster as it is.
pub(crate) async fn get(cx: &Call<Workspace>, id: &str) -> Result<Cluster> {
    clusters::get(cx.client(), id).await.map_err(|error| refused(error, id))
}

/// Refuses a cluster that does not run. One that is asked for a context nevertheless answers as one of a young workspace does, and the
/// client would ask again for minutes (`Error::is_young_workspace`).
pub(crate) async fn runs(cx: &Call<Workspace>, id: &str) -> Result<()> {
    let cluster = get(cx, id).await?;
    match &cluster.state {
        ClusterState::Running | ClusterState::Resizing => Ok(()),
        state => Err(Error::new(format!("the cluster {} is {state}, and runs nothing", name(&cluster)))
            .detail("Start it before, as the action databricks_cluster_start does.")
            .at("cluster_id")),
    }
}

/// A refusal; of a cluster that is not there in our words.
pub(crate) fn refused(error: databricks::Error, id: &str) -> Error {
    if error.is_missing_cluster() {
        return Error::new(format!("there is no cluster {id:?}"))
            .detail("Correct cluster_id. A cluster that nobody pinned is deleted 30 days after its end.")
            .at("cluster_id");
    }
    error.into()
}

/// What a cluster is called.
pub(crate) fn name(cluster: &Cluster) -> &str {
    let name = &cluster.attributes.cluster_name;
    if name.is_empty() { &cluster.cluster_id } else { name }
}
