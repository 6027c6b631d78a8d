//! Which program an endpoint has: the one that is named, or else the one for the driver's processors. A plan decides it as far as the
//! driver is known, and an apply obeys.

use ssh_endpoint::access::Access;
use ssh_endpoint::official;
use tfplugin::{Attr, Call, Error, Result};

use super::endpoint_cluster::{self, Driver};
use super::ssh_endpoint::SshEndpoint;
use super::tunnel_binary::{Binary, Places};
use crate::clients::Workspace;

/// Plans the driver's processors and the program's hash, so that another program, and a cluster that got other processors, are updates.
pub(super) fn plan(places: &Places, prior: Option<&SshEndpoint>, planned: &mut SshEndpoint) -> Result<()> {
    planned.driver_processor = driver_processor(prior, planned);
    planned.binary_sha256 = Attr::Unknown;
    if planned.tunnel_binary.is_unknown() {
        return Ok(());
    }
    let named = places.named(&planned.tunnel_binary)?;
    let binary = match (named, &planned.driver_processor) {
        (Some(binary), _) => binary,
        // Whichever it will be: there is one at all.
        (None, Attr::Unknown) => {
            return places.choose(Some("x86_64")).or_else(|_| places.choose(Some("aarch64"))).map(drop);
        }
        (None, driver) => places.choose(driver.known().map(String::as_str))?,
    };
    binary.check()?;
    planned.binary_sha256 = binary.sha256()?.into();
    if !planned.compatible_with.is_null()
        && let Err(error) = official::architecture(&binary.header()?)
    {
        return Err(Error::new("The official tool could not start the program tunnel")
            .detail(format!("{error}. Set tunnel_binary to one for the cluster's processors."))
            .at("compatible_with"));
    }
    Ok(())
}

/// What was read of the driver stands as long as the endpoint stays where it is. Serverless compute does not say what it is.
fn driver_processor(prior: Option<&SshEndpoint>, planned: &SshEndpoint) -> Attr<String> {
    match prior {
        Some(prior) if prior.cluster_id == planned.cluster_id && prior.serverless == planned.serverless => {
            prior.driver_processor.clone()
        }
        _ if planned.serverless.is_known() => Attr::Null,
        _ => Attr::Unknown,
    }
}

/// The program that a plan asks for, now that its driver is known, and the driver's processors for the state. `driver` is `None` on
/// serverless compute, and where the workspace does not say.
pub(super) fn chosen(places: &Places, plan: &SshEndpoint, driver: Option<&Driver>) -> Result<(Binary, Attr<String>)> {
    let processor = match &plan.driver_processor {
        Attr::Unknown => driver.map(|driver| driver.processor.to_owned()).into(),
        planned => planned.clone(),
    };
    let named = places.named(&plan.tunnel_binary)?;
    let is_named = named.is_some();
    let binary = match named {
        Some(binary) => binary,
        None => places.choose(processor.known().map(String::as_str))?,
    };
    match (binary.processor()?, driver) {
        (Some(ours), Some(driver)) if ours != driver.processor => Err(misfit(&binary, ours, driver, is_named)),
        _ => Ok((binary, processor)),
    }
}

/// The program that is planned, once the cluster is known to run it and to serve those who are to use the endpoint; and the plan with what
/// was found out about the driver.
pub(super) async fn examined(
    cx: &Call<Workspace>,
    plan: SshEndpoint,
    access: &Access,
) -> Result<(Binary, SshEndpoint)> {
    let driver = match plan.cluster_id.known() {
        Some(id) => endpoint_cluster::check(cx, id, access).await?,
        None => None,
    };
    let (binary, driver_processor) = chosen(&Places::here(), &plan, driver.as_ref())?;
    Ok((binary, SshEndpoint { driver_processor, ..plan }))
}

/// An endpoint with what its driver is now. What cannot be asked stays as it was.
pub(super) async fn with_driver(cx: &Call<Workspace>, state: SshEndpoint) -> Result<SshEndpoint> {
    let Some(id) = state.cluster_id.known() else {
        return Ok(SshEndpoint { driver_processor: Attr::Null, ..state });
    };
    Ok(match endpoint_cluster::driver(cx, id).await? {
        Some(driver) => SshEndpoint { driver_processor: driver.processor.to_owned().into(), ..state },
        None => state,
    })
}

fn misfit(binary: &Binary, ours: &str, driver: &Driver, is_named: bool) -> Error {
    let Driver { processor: theirs, cluster } = driver;
    let way_out = if is_named {
        format!(
            "Set tunnel_binary, or the environment variable TUNNEL_BINARY, to a tunnel for {theirs}: scripts/build_tunnel.sh \
             {theirs} builds one. Without them the provider chooses what fits. Or give the cluster an instance type of the other \
             kind, and apply that first."
        )
    } else {
        format!(
            "The cluster has other processors than when it was read. Plan again: the plan chooses a program for {theirs}."
        )
    };
    Error::new(format!("the program {binary} is for {ours}, and the driver of the cluster {cluster:?} is {theirs}"))
        .detail(way_out)
        .at("tunnel_binary")
}
