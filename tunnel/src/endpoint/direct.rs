//! An endpoint straight from a cluster or from serverless compute, without Terraform: it is published by the tunnel itself, found
//! again by its name, and its host key is pinned on this machine at the first use.

use std::path::{Path, PathBuf};

use databricks::api::clusters::{Cluster, ListClusters};
use databricks::ssh_endpoint::publish::{self, Wanted};
use databricks::ssh_endpoint::{Serverless, SshEndpoint, check_name, sha256_hex};
use databricks::{Client, Request};

use crate::endpoint::start::{check_access_mode, explain};
use crate::error::{Context, Error, Result};
use crate::known_hosts;
use crate::progress::Progress;

/// Connections at a time, and seconds without one until the server ends: the official tool's.
const MAX_CLIENTS: u32 = 10;
const SHUTDOWN_DELAY_SECONDS: u64 = 600;

/// What to serve SSH on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compute {
    /// A cluster, by its id or its name.
    Cluster(String),
    /// Serverless compute.
    Serverless(Serverless),
}

/// What is wanted of an endpoint.
#[derive(Debug, Clone)]
pub struct Direct<'a> {
    /// Where SSH is served.
    pub compute: Compute,
    /// Name of the endpoint; without one the cluster's id, or one that is the user's own.
    pub name: Option<&'a str>,
    /// The program for the driver; without one this program itself.
    pub binary: Option<&'a Path>,
}

/// Finds the endpoint, or publishes it.
///
/// # Errors
/// When the compute cannot serve SSH, the workspace refuses, or the endpoint has another host key than before.
pub async fn endpoint(client: &Client, home: &Path, direct: &Direct<'_>) -> Result<SshEndpoint> {
    let wanted = wanted(client, direct).await?;
    let found =
        publish::find(client, &wanted.name).await.map_err(|error| explain(error, "cannot look for the endpoint"))?;
    let endpoint = match found {
        // What Terraform made is Terraform's to change.
        Some(found) if found.is_managed => found.endpoint,
        found => {
            let binary = program(direct.binary)?;
            match found.map(|found| found.endpoint).filter(|found| fits(found, &wanted, &binary)) {
                Some(endpoint) => endpoint,
                None => {
                    let progress = Progress::default();
                    progress.stage("publishing the endpoint");
                    let published = publish::publish(client, &wanted, binary.into()).await;
                    let endpoint = published.map_err(|error| explain(error, "cannot publish the endpoint"))?;
                    let announced = publish::announce(client, &endpoint).await;
                    announced.map_err(|error| explain(error, "cannot publish the endpoint"))?;
                    endpoint
                }
            }
        }
    };
    check_pin(home, &endpoint)?;
    Ok(endpoint)
}

async fn wanted(client: &Client, direct: &Direct<'_>) -> Result<Wanted> {
    let (cluster_id, serverless, remote_user, default_name) = match &direct.compute {
        Compute::Cluster(name) => {
            let cluster = cluster(client, name).await?;
            check_access_mode(&cluster.attributes.data_security_mode)?;
            check_runtime(&cluster.attributes.spark_version)?;
            (cluster.cluster_id.clone(), None, driver_user(client), cluster.cluster_id)
        }
        Compute::Serverless(serverless) => {
            serverless.check().context(|| "there is no such compute".to_owned())?;
            let me = client.me().await.map_err(|error| explain(error, "cannot sign in"))?;
            let owner: String = sha256_hex(me.user_name.as_bytes()).chars().take(8).collect();
            let kind = serverless.accelerator.as_deref().unwrap_or("cpu").to_ascii_lowercase();
            (String::new(), Some(serverless.clone()), String::new(), format!("serverless-{kind}-{owner}"))
        }
    };
    let name = direct.name.map_or(default_name, str::to_owned);
    check_name(&name).context(|| "the endpoint cannot be published".to_owned())?;
    Ok(Wanted {
        name,
        cluster_id,
        serverless,
        remote_user,
        client_public_keys: Vec::new(),
        max_clients: MAX_CLIENTS,
        shutdown_delay_seconds: SHUTDOWN_DELAY_SECONDS,
        auto_start: true,
        compatible_with: None,
    })
}

/// The user that a driver's notebooks run as: root, but on a local cloud whoever runs it.
fn driver_user(client: &Client) -> String {
    let local = crate::websocket::dial::is_loopback(client.host());
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten().filter(|_| local);
    user.map_or_else(|| "root".to_owned(), |user| user.name)
}

/// The cluster with this id, or the only one with this name.
async fn cluster(client: &Client, name: &str) -> Result<Cluster> {
    let doing = "cannot look for the cluster";
    if is_id(name) {
        let request = Request::get("/api/2.1/clusters/get").query("cluster_id", name);
        return client.send(request).await.map_err(|error| explain(error, doing));
    }
    let request = Request::get("/api/2.1/clusters/list").query("page_size", "100");
    let all = client.pages(request, |page: ListClusters| (page.clusters, page.next_page_token)).await;
    let mut found = all.map_err(|error| explain(error, doing))?;
    found.retain(|cluster| cluster.attributes.cluster_name == name);
    let ids = found.iter().map(|cluster| cluster.cluster_id.as_str()).collect::<Vec<_>>().join(", ");
    match (found.pop(), found.is_empty()) {
        (Some(cluster), true) => Ok(cluster),
        (Some(_), false) => {
            Err(Error::new(format!("several clusters have the name {name:?}: {ids}")).way_out("Give one of these ids."))
        }
        (None, _) => {
            Err(Error::new(format!("no cluster has the name {name:?}")).way_out("Give its id, or another name."))
        }
    }
}

/// Whether it is a cluster's id, such as `0123-456789-abcd1234`.
fn is_id(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    matches!(parts.as_slice(), [day, time, rest] if digits(day, 4) && digits(time, 6) && !rest.is_empty())
}

/// Runtimes before 17.0 do not serve: the official tool's rule. What is no version (`custom:…`) is let through.
fn check_runtime(version: &str) -> Result<()> {
    let major = version.split('.').next().and_then(|text| text.parse::<u32>().ok());
    if major.is_some_and(|major| major < 17) {
        return Err(Error::new(format!("the cluster's runtime is {version}, and SSH needs 17.0 or newer"))
            .way_out("Choose a newer Databricks Runtime in the cluster's configuration."));
    }
    Ok(())
}

fn program(file: Option<&Path>) -> Result<Vec<u8>> {
    let path = match file {
        Some(file) => file.to_owned(),
        None => std::env::current_exe().context(|| "this program's own path is not known".to_owned())?,
    };
    let bytes = std::fs::read(&path).context(|| format!("cannot read {}", path.display()))?;
    if bytes.starts_with(b"\x7fELF") {
        return Ok(bytes);
    }
    Err(Error::new(format!("{} is no program for Linux, which drivers run", path.display()))
        .way_out("Give the tunnel that was built for the cluster's processors: --tunnel-binary FILE"))
}

/// Whether what is published is what is wanted, with this very program.
fn fits(found: &SshEndpoint, wanted: &Wanted, binary: &[u8]) -> bool {
    found.cluster_id == wanted.cluster_id
        && found.serverless == wanted.serverless
        && found.binary_sha256 == sha256_hex(binary)
}

/// The key that this machine met first is the one that it accepts.
fn check_pin(home: &Path, endpoint: &SshEndpoint) -> Result<()> {
    let file: PathBuf = home.join(format!("{}.known_hosts", endpoint.host_key_alias()));
    let Ok(pinned) = std::fs::read_to_string(&file) else { return Ok(()) };
    if pinned == known_hosts::text(endpoint)? {
        return Ok(());
    }
    Err(Error::new(format!("the endpoint {} has another host key than it had before", endpoint.name)).way_out(format!(
        "If the endpoint was made anew or its key rotated, remove {} and connect again. If not, do not connect.",
        file.display()
    )))
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

    #[test]
    fn runtimes_before_17_do_not_serve() {
        let check = |version: &str, expected: bool| assert_eq!(check_runtime(version).is_ok(), expected, "{version}");
        check("17.3.x-scala2.13", true);
        check("18.0.x", true);
        check("16.4.x-scala2.12", false);
        check("custom:release", true);
        check("", true);
    }
}
