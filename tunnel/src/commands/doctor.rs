//! `tunnel doctor`: walks the way of a connection, stage by stage, and says what is wrong and how to mend it.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use clap::Args;
use databricks::Client;
use databricks::api::clusters::{self, Cluster};
use databricks::api::{secrets, workspace as files};
use schemars::JsonSchema;
use serde::Serialize;
use ssh_endpoint::{SERVER_PUBLIC_KEY, SshEndpoint};
use tokio::time::timeout;

use crate::commands::existing::Existing;
use crate::commands::ready::Ready;
use crate::commands::selection::{IdentityArgs, NamedEndpointArgs};
use crate::endpoint::direct::EndpointUse;
use crate::endpoint::identity::Identity;
use crate::endpoint::metadata::Metadata;
use crate::endpoint::selection::{Selected, Selection};
use crate::endpoint::start::address;
use crate::endpoint::{access, clients, cluster as its_cluster};
use crate::error::{Context, Error, Result};
use crate::keys::ClientKey;
use crate::progress::Progress;
use crate::ssh::Login;
use crate::table::Tint;
use crate::websocket::dial;
use crate::workspace::explain;
use crate::{environment, known_hosts, print, ssh};

/// How long one stage may take.
const LIMIT: Duration = Duration::from_secs(60);
/// The first OpenSSH that knows all options that it is given.
const OLDEST_SSH: u32 = 8;

/// What to examine.
#[derive(Debug, Args)]
#[command(
    after_help = "Nothing is started or changed without --start. Exit codes: 0 all is well, 1 something is wrong.

Examples:
  tunnel doctor
  tunnel doctor --start      # with a login, which starts the cluster and the server
  tunnel doctor --json | jq '.[] | select(.outcome == \"problem\")'"
)]
pub struct DoctorArgs {
    /// Which endpoint.
    #[command(flatten)]
    pub selection: NamedEndpointArgs,
    /// With which key.
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// Start the cluster and the server where they do not run, and log in.
    #[arg(long)]
    pub start: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What became of a stage.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Finding {
    stage: &'static str,
    outcome: Outcome,
    /// What was found, or what is wrong and how to mend it.
    words: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Ok,
    Problem,
    Skipped,
}

/// Examines, and prints what it finds.
///
/// # Errors
/// When stdout cannot be written: what is wrong with the endpoint is a finding.
pub async fn run(args: DoctorArgs) -> Result<u8> {
    let mut report = Report { json: args.json, progress: Progress::default(), findings: Vec::new() };
    let way = Way { selection: args.selection.into(), identity: args.identity.into(), start: args.start };
    examine(&way, &mut report).await?;
    if args.json {
        print::json(&report.findings)?;
    }
    let problems = report.findings.iter().filter(|finding| finding.outcome == Outcome::Problem).count();
    if !args.json {
        let verdict = match problems {
            0 => "all is well".to_owned(),
            1 => "1 problem".to_owned(),
            _ => format!("{problems} problems"),
        };
        print::bytes(format!("{verdict}\n").as_bytes())?;
    }
    Ok(u8::from(problems > 0))
}

/// What is examined.
struct Way {
    selection: Selection,
    identity: Identity,
    start: bool,
}

/// The stages in the order of a connection. A stage whose ground is missing is skipped.
async fn examine(way: &Way, report: &mut Report) -> Result<()> {
    report.stage("ssh on this machine", local_ssh()).await?;
    let key = report.stage("this machine's key", async { key(&way.identity, way.start) }).await?.flatten();
    let endpoint = report.stage("the endpoint", endpoint(way)).await?;
    let Some(selected) = endpoint else { return report.skip(&REMOTE) };
    let endpoint = selected.endpoint.clone();
    if report.stage("the way to the workspace", network(&endpoint)).await?.is_none() {
        return report.skip(REMOTE.get(1..).unwrap_or_default());
    }
    let Some(client) = report.stage("signing in", async { sign_in(selected.client()?).await }).await? else {
        return report.skip(REMOTE.get(2..).unwrap_or_default());
    };
    let cluster = report.stage("the cluster", cluster(&client, &endpoint)).await?.flatten();
    report.stage("the program for the cluster", program(&client, &endpoint, cluster.as_ref())).await?;
    report.stage("the host key", host_key(&client, &endpoint)).await?;
    let is_registered = match &key {
        Some(key) => report.stage("this machine's key at the endpoint", registration(&client, &endpoint, key)).await?,
        None => report.skip(&["this machine's key at the endpoint"]).map(|()| None)?,
    };
    let server = report.stage("the server", server(Existing::at(selected), way.start)).await?.flatten();
    // A login where the key is not known there would make it known, and one where no server runs would start one.
    if way.start || (server.is_some() && is_registered == Some(true)) {
        return report.stage("a login", login(way)).await.map(drop);
    }
    report.skip(&["a login"])
}

/// The stages that need the endpoint.
const REMOTE: [&str; 8] = [
    "the way to the workspace",
    "signing in",
    "the cluster",
    "the program for the cluster",
    "the host key",
    "this machine's key at the endpoint",
    "the server",
    "a login",
];

struct Report {
    json: bool,
    progress: Progress,
    findings: Vec<Finding>,
}

impl Report {
    /// Runs a stage, which answers what was found and what later stages need.
    async fn stage<T>(
        &mut self,
        stage: &'static str,
        examine: impl Future<Output = Result<(String, T)>>,
    ) -> Result<Option<T>> {
        self.progress.stage_on_terminal(format!("examining {stage}"));
        let found = match timeout(LIMIT, examine).await {
            Ok(found) => found,
            Err(_) => Err(Error::new(format!("no answer within {} s", LIMIT.as_secs()))),
        };
        self.progress.done();
        let (outcome, words, value) = match found {
            Ok((words, value)) => (Outcome::Ok, words, Some(value)),
            Err(error) => (Outcome::Problem, error.to_string(), None),
        };
        self.add(Finding { stage, outcome, words })?;
        Ok(value)
    }

    fn skip(&mut self, stages: &[&'static str]) -> Result<()> {
        for stage in stages {
            self.add(Finding { stage, outcome: Outcome::Skipped, words: String::new() })?;
        }
        Ok(())
    }

    fn add(&mut self, finding: Finding) -> Result<()> {
        if !self.json {
            print::bytes(line(&finding, print::painted).as_bytes())?;
        }
        self.findings.push(finding);
        Ok(())
    }
}

fn line(finding: &Finding, painted: fn(Tint, &str) -> String) -> String {
    let (tint, mark) = match finding.outcome {
        Outcome::Ok => (Tint::Good, "ok     "),
        Outcome::Problem => (Tint::Bad, "PROBLEM"),
        Outcome::Skipped => (Tint::Faint, "skipped"),
    };
    let mark = painted(tint, mark);
    let words = finding.words.replace('\n', "\n         ");
    let separator = if words.is_empty() { "" } else { ": " };
    format!("{mark}  {}{separator}{words}\n", finding.stage)
}

async fn local_ssh() -> Result<(String, ())> {
    let version = ssh::version(&environment::path()).await?;
    let number = version.split_once('_').and_then(|(_, rest)| rest.split('.').next()?.parse::<u32>().ok());
    if number.is_some_and(|number| number < OLDEST_SSH) {
        return Err(Error::new(format!("{version} is old")).way_out(format!("Install OpenSSH {OLDEST_SSH} or newer.")));
    }
    Ok((version, ()))
}

fn key(identity: &Identity, may_make: bool) -> Result<(String, Option<ClientKey>)> {
    let key = if may_make { Some(identity.key()?) } else { identity.existing()? };
    let Some(key) = key else {
        return Ok(("none yet: the first connection makes one".to_owned(), None));
    };
    let mode = std::fs::metadata(&key.private).map(|found| found.permissions().mode() & 0o777).unwrap_or_default();
    let is_public = key.private.extension().is_some_and(|extension| extension == "pub");
    if mode & 0o077 != 0 && !is_public {
        return Err(Error::new(format!(
            "others may read {} (mode {mode:o}), so ssh refuses it",
            key.private.display()
        ))
        .way_out(format!("chmod 600 {}", crate::quote::word(&key.private.display().to_string()))));
    }
    Ok((key.private.display().to_string(), Some(key)))
}

async fn endpoint(way: &Way) -> Result<(String, Selected)> {
    let purpose = if way.start { EndpointUse::Connect } else { EndpointUse::Look };
    let selected = way.selection.find(purpose).await?;
    let endpoint = &selected.endpoint;
    // What is wrong with its host key is said here, where the outputs are the place to mend it.
    known_hosts::text(endpoint)?;
    Ok((format!("{} on {}", endpoint.name, endpoint.host), selected))
}

async fn network(endpoint: &SshEndpoint) -> Result<(String, ())> {
    let host =
        url::Url::parse(&endpoint.host).context(|| format!("the endpoint's host {:?} is no address", endpoint.host))?;
    let started = Instant::now();
    let through = dial::reach(&host).await.map_err(|error| {
        Error::new("the workspace cannot be reached").caused_by(error).way_out(
            "Look at this machine's network, HTTPS_PROXY and NO_PROXY; SSL_CERT_FILE names the certificates of an \
             authority of your own.",
        )
    })?;
    let proxy = through.map(|proxy| format!(" through the HTTP proxy {proxy}")).unwrap_or_default();
    Ok((format!("{} ms{proxy}", started.elapsed().as_millis()), ()))
}

async fn sign_in(client: Client) -> Result<(String, Client)> {
    let me = client.me().await.map_err(|error| explain(error, "the workspace does not accept the credentials"))?;
    Ok((format!("{} ({})", me.user_name, client.auth_type()), client))
}

async fn cluster(client: &Client, endpoint: &SshEndpoint) -> Result<(String, Option<Cluster>)> {
    if endpoint.serverless.is_some() {
        return Ok(("serverless compute".to_owned(), None));
    }
    let cluster: Cluster = clusters::get(client, &endpoint.cluster_id)
        .await
        .map_err(|error| explain(error, "cannot look at the cluster"))?;
    its_cluster::check(client, &cluster).await?;
    Ok((format!("{}, {}", cluster.state, cluster.attributes.spark_version), Some(cluster)))
}

async fn program(client: &Client, endpoint: &SshEndpoint, cluster: Option<&Cluster>) -> Result<(String, ())> {
    let path = &endpoint.binary_path;
    let size = files::file_size(client, path).await.map_err(|error| explain(error, "cannot look for the program"))?;
    if size.is_none() {
        return Err(Error::new(format!("{path} is not in the workspace")).way_out("Apply the configuration again."));
    }
    let driver = match cluster {
        Some(cluster) => its_cluster::processor(client, cluster).await?,
        None => None,
    };
    match (endpoint.binary_processor.as_deref(), driver) {
        (Some(ours), Some(driver)) if ours != driver => Err(Error::new(format!(
            "{path} is for {ours}, and the cluster's driver is {driver}: its instance type was changed"
        ))
        .way_out(format!(
            "Apply the configuration again, or connect again to an endpoint of tunnel's own: that uploads a program for {driver}, \
             which scripts/build_tunnel.sh {driver} builds. Or give the cluster an instance type of the other kind."
        ))),
        _ => Ok((path.clone(), ())),
    }
}

async fn host_key(client: &Client, endpoint: &SshEndpoint) -> Result<(String, ())> {
    let scope = &endpoint.secret_scope;
    let current = match secrets::get(client, scope, SERVER_PUBLIC_KEY).await {
        Ok(current) => current,
        Err(error) => {
            let doing = "cannot read the endpoint's secret scope";
            return Err(access::explain(client, endpoint, error, doing).await);
        }
    };
    let current = current.ok_or_else(|| {
        Error::new(format!("there is no host key in the secret scope {scope}"))
            .way_out("Apply the configuration again.")
    })?;
    if known_hosts::parse(current.expose()) != known_hosts::parse(&endpoint.server_host_key) {
        return Err(Error::new("the endpoint has another host key than the outputs say").way_out(
            "If the endpoint was made anew or its key rotated, run terraform apply here. If not, do not connect.",
        ));
    }
    Ok(("as in the outputs".to_owned(), ()))
}

async fn registration(client: &Client, endpoint: &SshEndpoint, key: &ClientKey) -> Result<(String, bool)> {
    let keys = clients::registered(client, endpoint).await?;
    Ok(match keys.iter().find(|other| other.is(&key.public_line)) {
        Some(key) => (key.describe().0, true),
        None => ("not there yet: the first connection registers it".to_owned(), false),
    })
}

async fn server(
    looking: impl Future<Output = Result<Existing>>,
    will_start: bool,
) -> Result<(String, Option<Metadata>)> {
    let existing = looking.await?;
    let Some(server) = &existing.server else {
        let words =
            if will_start { "not running: it is started now" } else { "not running: a connection starts it (--start)" };
        return Ok((words.to_owned(), None));
    };
    let started = Instant::now();
    let status = existing.status(server).await?;
    let time = started.elapsed().as_millis();
    if let Some(status) = &status
        && status.sessions >= status.max_clients
    {
        return Err(Error::new(format!("all of its {} sessions are in use", status.max_clients))
            .way_out("Close some, or raise max_clients in the endpoint's configuration."));
    }
    let address = address(&existing.endpoint, server)?;
    let sessions = status.map(|status| format!(", {} of {} sessions", status.sessions, status.max_clients));
    Ok((format!("answers on port {} in {time} ms{}", address.port, sessions.unwrap_or_default()), existing.server))
}

async fn login(way: &Way) -> Result<(String, ())> {
    let ready = Ready::of(&way.selection, &way.identity).await?;
    let started = Instant::now();
    let command = ["true".to_owned()];
    let login = Login { endpoint: &ready.endpoint, options: ready.options.iter(), command: &command, terminal: false };
    let mut child = ssh::piped(login.arguments(), &environment::path(), &ready.token, Stdio::inherit())?;
    drop(child.stdin.take());
    let status = child.wait().await.context(|| "cannot wait for ssh".to_owned())?;
    if !status.success() {
        return Err(Error::new(format!("ssh ended with {status}; its own words stand above"))
            .way_out("tunnel logs shows the server's."));
    }
    Ok((format!("{} ms", started.elapsed().as_millis()), ()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_line_and_its_way_out_stands_below() {
        let check = |outcome: Outcome, words: &str, expected: &str| {
            let finding = Finding { stage: "a login", outcome, words: words.to_owned() };
            assert_eq!(line(&finding, |_, mark| mark.to_owned()), expected);
        };
        check(Outcome::Ok, "12 ms", "ok       a login: 12 ms\n");
        check(Outcome::Problem, "no\nDo this.", "PROBLEM  a login: no\n         Do this.\n");
        check(Outcome::Skipped, "", "skipped  a login\n");
    }
}
