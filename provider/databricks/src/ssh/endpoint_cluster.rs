//! Whether a cluster can serve SSH, and which processors its driver has: looked at before anything is put into the workspace.

use databricks::api::clusters::{self, Cluster};
use ssh_endpoint::access::Access;
use ssh_endpoint::cluster::{Unfit, Unserved, unfit, unserved};
use ssh_endpoint::driver;
use tfplugin::{Call, Diagnostic, Error, Result};

use crate::clients::Workspace;

/// The driver of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Driver {
    /// Its processors: `x86_64`, `aarch64`.
    pub(super) processor: &'static str,
    /// The cluster's name.
    pub(super) cluster: String,
}

/// Checks the cluster of an endpoint, and whether it serves those who are to use it; its driver, as far as the workspace says. Who may
/// not look at it is not stopped: the service decides when somebody connects.
pub(super) async fn check(cx: &Call<Workspace>, id: &str, access: &Access) -> Result<Option<Driver>> {
    let cluster = match clusters::get::<Cluster>(cx.client(), id).await {
        Ok(cluster) => cluster,
        Err(error) if error.is_denied() => return Ok(None),
        Err(error) if error.is_missing_cluster() => {
            return Err(Error::new(format!("the workspace has no cluster {id}"))
                .detail("cluster_id is the id of a cluster of the provider's own workspace.")
                .at("cluster_id"));
        }
        Err(error) => return Err(error.into()),
    };
    if let Some(Unfit { reason, way_out }) = unfit(&cluster.attributes) {
        return Err(Error::new(reason).detail(way_out).at("cluster_id"));
    }
    if let Some(Unserved { list, reason, way_out }) = unserved(&cluster.attributes, access) {
        return Err(Error::new(reason).detail(way_out).at(list));
    }
    driver_of(cx, cluster).await
}

/// What of the cluster as it is now stands against those who are to use the endpoint, which another change of the same apply may mend;
/// and its driver.
pub(super) async fn foresee(cx: &Call<Workspace>, id: &str, access: &Access) -> (Vec<Diagnostic>, Option<Driver>) {
    // The apply says what could not be asked.
    let Ok(cluster) = clusters::get::<Cluster>(cx.client(), id).await else { return (Vec::new(), None) };
    let found = unserved(&cluster.attributes, access);
    let warnings = found.map(|Unserved { reason, way_out, .. }| Diagnostic::warning(sentence(&reason), way_out));
    (warnings.into_iter().collect(), driver_of(cx, cluster).await.ok().flatten())
}

/// The driver of a cluster; `None` where the cluster is gone, or nobody says.
pub(super) async fn driver(cx: &Call<Workspace>, id: &str) -> Result<Option<Driver>> {
    match clusters::get::<Cluster>(cx.client(), id).await {
        Ok(cluster) => driver_of(cx, cluster).await,
        Err(error) if error.is_denied() || error.is_missing_cluster() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn driver_of(cx: &Call<Workspace>, cluster: Cluster) -> Result<Option<Driver>> {
    let processor = driver::processor(cx.client(), &cluster.attributes).await?;
    Ok(processor.map(|processor| Driver { processor, cluster: cluster.attributes.cluster_name }))
}

/// A reason as a sentence of its own.
fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
