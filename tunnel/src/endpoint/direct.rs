//! An endpoint straight from a cluster or from serverless compute, without Terraform: it is published by the tunnel itself, found
//! again by its name, and its host key is pinned on this machine at the first use.

use std::path::{Path, PathBuf};

use databricks::api::clusters::Cluster;
use databricks::{Client, is_loopback};
use ssh_endpoint::publish::{self, EndpointConfig};
use ssh_endpoint::{
    Serverless, SshEndpoint, check_name, choose, is_program, processor, program_name, secret_scope, sha256_hex,
};

use crate::endpoint::cluster::{self, Processor};
use crate::endpoint::files::Files;
use crate::endpoint::known;
use crate::endpoint::metadata::Metadata;
use crate::endpoint::start::Starter;
use crate::error::{Context, Error, Result, exit};
use crate::progress::Progress;
use crate::workspace::{clusters, explain};
use crate::{keys, known_hosts};

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
    /// The program for the driver; without one this program itself, or the one beside it that is for the driver.
    pub binary: Option<&'a Path>,
    /// Whether it is published where there is none.
    pub purpose: EndpointUse,
}

/// What an endpoint is looked for for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointUse {
    /// To connect: it is published where there is none, and again with another program.
    Connect,
    /// To look at it, or to end it: nothing is changed.
    Look,
}

/// Finds the endpoint, or publishes it; with its running server where that is known by now.
///
/// # Errors
/// When the compute cannot serve SSH, the workspace refuses, or the endpoint has another host key than before.
pub async fn endpoint(client: &Client, home: &Path, direct: &Direct<'_>) -> Result<(SshEndpoint, Option<Metadata>)> {
    let target = DirectTarget::find(client, direct).await?;
    if let Some(known) = remembered(client, home, &target).filter(|_| direct.binary.is_none()) {
        let starter = Starter { client, endpoint: &known, home, progress: &Progress::default() };
        if let Some(server) = starter.find().await? {
            return Ok((known, Some(server)));
        }
    }
    let wanted = target.wanted(client);
    let endpoint = match direct.purpose {
        EndpointUse::Look => match find(client, &wanted).await? {
            Some((endpoint, _)) => endpoint,
            None => {
                return Err(Error::new(format!("there is no endpoint {} yet", wanted.name))
                    .way_out("tunnel connect makes it, and tunnel setup does."));
            }
        },
        EndpointUse::Connect => ensure(client, home, &target, &wanted, direct.binary).await?,
    };
    check_pin(home, &endpoint)?;
    Ok((endpoint, None))
}

/// The endpoint as it is wanted, published where it is not.
async fn ensure(
    client: &Client,
    home: &Path,
    target: &DirectTarget,
    wanted: &EndpointConfig,
    binary: Option<&Path>,
) -> Result<SshEndpoint> {
    let cluster = match &target.compute {
        TargetCompute::Cluster(FoundCluster { cluster: Some(cluster), .. }) => Some((**cluster).clone()),
        TargetCompute::Cluster(found) => Some(clusters::get(client, &found.id).await.map_err(failed)?),
        TargetCompute::Serverless(_) => None,
    };
    if let Some(cluster) = &cluster {
        cluster::check(client, cluster).await?;
    }
    // Of several tunnels that start at once, one publishes, and the others find what it made.
    let _only_one = lock(home, &wanted.name).await?;
    let found = find(client, wanted).await?;
    if let Some((endpoint, true)) = found {
        // What Terraform made is Terraform's to change.
        if is_on_the_same(&endpoint, wanted) {
            return Ok(endpoint);
        }
        return Err(Error::new(format!("the endpoint {} is Terraform's, and on other compute", endpoint.name))
            .way_out("Take another name: --publish-as NAME"));
    }
    let driver = match &cluster {
        Some(cluster) => cluster::processor(client, cluster).await?,
        None => None,
    };
    let program = DriverProgram::read(binary, driver)?;
    let is_current = |found: &SshEndpoint| found.binary_sha256 == sha256_hex(&program.bytes);
    match found.map(|(endpoint, _)| endpoint).filter(|found| is_on_the_same(found, wanted) && is_current(found)) {
        Some(endpoint) => Ok(endpoint),
        None => put(client, wanted, program).await,
    }
}

/// What exits with another code at the workspace's own commands: those of endpoints mean other things by them.
fn failed(error: Error) -> Error {
    error.exits_with(exit::FAILED)
}

/// The endpoint that was announced, and whether it is Terraform's.
async fn find(client: &Client, wanted: &EndpointConfig) -> Result<Option<(SshEndpoint, bool)>> {
    match publish::find(client, &wanted.name).await {
        Ok(Some(found)) => Ok(Some((trusted(client, found.endpoint, wanted).await?, found.is_managed))),
        Ok(None) => Ok(None),
        Err(error) => {
            let denied = error.status() == Some(403);
            let described = explain(error, "cannot look for the endpoint");
            let way_out = "Somebody else made it. Publish your own: --publish-as NAME";
            Err(if denied { described.way_out(way_out) } else { described })
        }
    }
}

async fn put(client: &Client, wanted: &EndpointConfig, program: DriverProgram) -> Result<SshEndpoint> {
    let progress = Progress::default();
    progress.stage("publishing the endpoint");
    let doing = "cannot publish the endpoint";
    let endpoint =
        publish::publish(client, wanted, program.bytes.into()).await.map_err(|error| explain(error, doing))?;
    publish::announce(client, &endpoint).await.map_err(|error| explain(error, doing))?;
    Ok(endpoint)
}

/// What was announced, as far as it is the announcer's to say. Where it is, and in which workspace, is known here: the token goes to
/// no other host, and the host key is looked up under no other name.
async fn trusted(client: &Client, found: SshEndpoint, wanted: &EndpointConfig) -> Result<SshEndpoint> {
    let workspace_id = client.workspace_id().await.map_err(|error| explain(error, "cannot sign in"))?;
    let endpoint = SshEndpoint {
        host: host(client),
        workspace_id,
        name: wanted.name.clone(),
        secret_scope: secret_scope(&wanted.name),
        ..found
    };
    super::check(&endpoint)?;
    Ok(endpoint)
}

fn host(client: &Client) -> String {
    client.host().as_str().trim_end_matches('/').to_owned()
}

/// The endpoint that this machine was connected to before, with the host key that it pinned then.
fn remembered(client: &Client, home: &Path, target: &DirectTarget) -> Option<SshEndpoint> {
    known::all(home).into_iter().find(|endpoint| {
        let is_same = match &target.compute {
            TargetCompute::Cluster(found) => endpoint.serverless.is_none() && endpoint.cluster_id == found.id,
            TargetCompute::Serverless(serverless) => endpoint.serverless.as_ref() == Some(serverless),
        };
        is_same
            && endpoint.name == target.name
            && endpoint.host == host(client)
            && pinned(home, endpoint)
                .ok()
                .flatten()
                .is_some_and(|text| known_hosts::text(endpoint).is_ok_and(|t| t == text))
    })
}

async fn lock(home: &Path, name: &str) -> Result<std::fs::File> {
    keys::create_home(home)?;
    let path = home.join(format!("{name}.publish.lock"));
    let waiting = tokio::task::spawn_blocking(move || keys::lock(&path));
    waiting.await.context(|| "cannot wait for the lock".to_owned())?
}

/// What is meant, as far as it takes to find it again.
struct DirectTarget {
    name: String,
    compute: TargetCompute,
}

enum TargetCompute {
    Cluster(FoundCluster),
    Serverless(Serverless),
}

/// A cluster's id, and the cluster where it was looked at.
struct FoundCluster {
    id: String,
    cluster: Option<Box<Cluster>>,
}

impl DirectTarget {
    async fn find(client: &Client, direct: &Direct<'_>) -> Result<Self> {
        let (compute, default_name) = match &direct.compute {
            Compute::Cluster(id) if clusters::is_id(id) => {
                (TargetCompute::Cluster(FoundCluster { id: id.clone(), cluster: None }), id.clone())
            }
            Compute::Cluster(name) => {
                let cluster = clusters::named(client, name).await.map_err(failed)?;
                let id = cluster.cluster_id.clone();
                (TargetCompute::Cluster(FoundCluster { id: id.clone(), cluster: Some(Box::new(cluster)) }), id)
            }
            Compute::Serverless(serverless) => {
                serverless.check().context(|| "there is no such compute".to_owned())?;
                let name = match direct.name {
                    Some(name) => name.to_owned(),
                    None => own_name(client, serverless).await?,
                };
                (TargetCompute::Serverless(serverless.clone()), name)
            }
        };
        let name = direct.name.map_or(default_name, str::to_owned);
        check_name(&name).context(|| "the endpoint cannot be published".to_owned())?;
        Ok(Self { name, compute })
    }

    fn wanted(&self, client: &Client) -> EndpointConfig {
        let (cluster_id, serverless, remote_user) = match &self.compute {
            TargetCompute::Cluster(found) => (found.id.clone(), None, driver_user(client)),
            TargetCompute::Serverless(serverless) => (String::new(), Some(serverless.clone()), String::new()),
        };
        EndpointConfig {
            name: self.name.clone(),
            cluster_id,
            serverless,
            remote_user,
            client_public_keys: Vec::new(),
            max_clients: MAX_CLIENTS,
            shutdown_delay_seconds: SHUTDOWN_DELAY_SECONDS,
            auto_start: true,
            compatible_with: None,
        }
    }
}

/// A name that is this identity's own, and that of the machine.
async fn own_name(client: &Client, serverless: &Serverless) -> Result<String> {
    let me = client.me().await.map_err(|error| explain(error, "cannot sign in"))?;
    let owner: String = sha256_hex(me.user_name.as_bytes()).chars().take(8).collect();
    let kind = serverless.accelerator.as_deref().unwrap_or("cpu").to_ascii_lowercase();
    Ok(format!("serverless-{kind}-{owner}"))
}

/// The user that a driver's notebooks run as: root, but on a local cloud whoever runs it.
fn driver_user(client: &Client) -> String {
    let local = is_loopback(client.host());
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten().filter(|_| local);
    user.map_or_else(|| "root".to_owned(), |user| user.name)
}

/// A program for drivers.
struct DriverProgram {
    bytes: Vec<u8>,
}

impl DriverProgram {
    /// Reads the file, or what is for the driver. `driver` is `None` where nobody says what it is.
    fn read(file: Option<&Path>, driver: Option<Processor>) -> Result<Self> {
        let path = match file {
            Some(file) => file.to_owned(),
            None => {
                let own = std::env::current_exe().context(|| "this program's own path is not known".to_owned())?;
                chosen(own, driver.unwrap_or(std::env::consts::ARCH))?
            }
        };
        let name = path.display().to_string();
        let bytes = std::fs::read(&path).context(|| format!("cannot read {name}"))?;
        if !is_program(&bytes) {
            return Err(Error::new(format!("{name} is no program for Linux, which drivers run")).way_out(OTHER_PROGRAM));
        }
        match (processor(&bytes), driver) {
            (Some(ours), Some(driver)) if ours != driver => {
                Err(Error::new(format!("{name} is a program for {ours}, and the driver is {driver}"))
                    .way_out(OTHER_PROGRAM))
            }
            _ => Ok(Self { bytes }),
        }
    }
}

/// This program itself where it is for the driver, or the one beside it that is.
fn chosen(own: PathBuf, driver: Processor) -> Result<PathBuf> {
    let beside = own.with_file_name(program_name(driver));
    choose(driver, &[own, beside]).map_err(|none| {
        Error::new(none.to_string()).way_out(format!(
            "{} {} builds one: put it beside tunnel, or give it: --tunnel-binary FILE",
            none.details(),
            none.command()
        ))
    })
}

const OTHER_PROGRAM: &str = "Give the tunnel that was built for the cluster's processors: --tunnel-binary FILE";

/// Whether an endpoint is on the compute that is wanted.
fn is_on_the_same(found: &SshEndpoint, wanted: &EndpointConfig) -> bool {
    found.cluster_id == wanted.cluster_id && found.serverless == wanted.serverless
}

/// The key that this machine met first is the one that it accepts.
fn check_pin(home: &Path, endpoint: &SshEndpoint) -> Result<()> {
    let text = known_hosts::text(endpoint)?;
    if pinned(home, endpoint)?.is_none_or(|pinned| pinned == text) {
        return Ok(());
    }
    let file = Files::known_hosts(home, endpoint);
    Err(Error::new(format!("the endpoint {} has another host key than it had before", endpoint.name)).way_out(format!(
        "If the endpoint was made anew or its key rotated, remove {} and connect again. If not, do not connect.",
        file.display()
    )))
}

/// What was pinned; `None` before the first use.
fn pinned(home: &Path, endpoint: &SshEndpoint) -> Result<Option<String>> {
    let file = Files::known_hosts(home, endpoint);
    match std::fs::read_to_string(&file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::new(format!("cannot read {}", file.display())).caused_by(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_this_one_or_the_one_beside_it_that_the_driver_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let program = |machine: u8| [b"\x7fELF".as_slice(), &[0; 14], &[machine, 0]].concat();
        let check = |own: &[u8], driver: Processor, expected: Result<&str, &str>| {
            std::fs::write(path("tunnel"), own).unwrap();
            match (chosen(path("tunnel"), driver), expected) {
                (Ok(found), Ok(name)) => assert_eq!(found, path(name)),
                (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
                (found, _) => panic!("{driver} {found:?}"),
            }
        };
        let (x86, arm, mac) = (program(0x3e), program(0xb7), [0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1]);
        check(&x86, "x86_64", Ok("tunnel"));
        check(&x86, "aarch64", Err("scripts/build_tunnel.sh aarch64 builds one"));
        check(&mac, "aarch64", Err("tunnel is no program for Linux"));
        std::fs::write(path("tunnel-aarch64"), &arm).unwrap();
        check(&x86, "aarch64", Ok("tunnel-aarch64"));
        check(&mac, "aarch64", Ok("tunnel-aarch64"));
        check(&arm, "aarch64", Ok("tunnel"));
    }
}
