//! Whether a cluster can serve SSH, and run the program that is meant for it: looked at before anything is put into the workspace.

use databricks::api::clusters::{self, Cluster};
use ssh_endpoint::access::Access;
use ssh_endpoint::cluster::{Unfit, Unserved, driver_processor, unfit, unserved};
use ssh_endpoint::processor;
use tfplugin::{Call, Diagnostic, Error, Result};

use super::tunnel_binary::Binary;
use crate::clients::Workspace;

/// Checks the cluster of an endpoint, and whether it serves those who are to use it. Who may not look at it is not stopped: the service
/// decides when somebody connects.
pub(super) async fn check(cx: &Call<Workspace>, id: &str, access: &Access, binary: &Binary) -> Result<()> {
    let cluster = match clusters::get::<Cluster>(cx.client(), id).await {
        Ok(cluster) => cluster,
        Err(error) if error.is_denied() => return Ok(()),
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
    let (Some(ours), Some(theirs)) = (processor(&binary.bytes()?), driver(cx, &cluster).await?) else { return Ok(()) };
    if ours == theirs {
        return Ok(());
    }
    let named = &cluster.attributes.cluster_name;
    Err(Error::new(format!("the program {binary} is for {ours}, and the driver of the cluster {named:?} is {theirs}"))
        .detail(format!(
            "Set tunnel_binary, or the environment variable TUNNEL_BINARY, to a tunnel for {theirs}: scripts/build_tunnel.sh {theirs} \
             builds one. Or give the cluster an instance type of the other kind."
        ))
        .at("tunnel_binary"))
}

/// What of the cluster as it is now stands against those who are to use the endpoint. Another change of the same apply may mend it.
pub(super) async fn foresee(cx: &Call<Workspace>, id: &str, access: &Access) -> Vec<Diagnostic> {
    // The apply says what could not be asked.
    let Ok(cluster) = clusters::get::<Cluster>(cx.client(), id).await else { return Vec::new() };
    let found = unserved(&cluster.attributes, access);
    found.map(|Unserved { reason, way_out, .. }| Diagnostic::warning(sentence(&reason), way_out)).into_iter().collect()
}

/// A reason as a sentence of its own.
fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The processors of the driver, as far as the workspace says; a local cloud's driver is this machine.
async fn driver(cx: &Call<Workspace>, cluster: &Cluster) -> Result<Option<&'static str>> {
    if databricks::is_loopback(cx.client().host()) {
        return Ok(Some(std::env::consts::ARCH));
    }
    match clusters::node_types(cx.client()).await {
        Ok(types) => Ok(driver_processor(&types, &cluster.attributes)),
        Err(error) if error.is_denied() => Ok(None),
        Err(error) => Err(error.into()),
    }
}
