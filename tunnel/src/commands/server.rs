//! `tunnel server`: what stands around [`crate::server`] on a driver. It takes the host key from the scope, listens, says
//! where in the endpoint's folder, serves, and takes that back at its end.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use databricks::api::{secrets, workspace};
use databricks::{Client, Config, is_loopback};
use futures_util::future::join_all;
use nix::unistd::{Pid, getppid};
use secret::Secret;
use ssh_endpoint::SERVER_PRIVATE_KEY;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::endpoint::metadata::{self, Metadata};
use crate::environment;
use crate::error::{Context, Error, Result};
use crate::jobs::local::{self, Jobs};
use crate::orphans;
use crate::say;
use crate::server::authorized_keys::ScopeKeys;
use crate::server::job_copies::JobCopies;
use crate::server::log_ring::LogRing;
use crate::server::ssh_server::{Choice, Replaceable, SshServer};
use crate::server::workspace_files::Registration;
use crate::server::{Service, serve};
use crate::session::negotiation::RESUME_VERSION;
use crate::websocket::dial::USER_AGENT;
use crate::workspace::explain;

/// The ports of the official server; when all are taken, any port does.
const PORTS: std::ops::RangeInclusive<u16> = 7772..=7871;

/// How long the workspace may take to forget where a server was. Its metadata being stale is no harm, only slower for the next.
const RETRACT_LIMIT: Duration = Duration::from_secs(2);

/// The variable that tells a session where this program is.
const PROGRAM_VARIABLE: &str = "DATABRICKS_TUNNEL_PROGRAM";

/// How often it is looked whether the parent is still there.
const PARENT_LOOK: Duration = Duration::from_secs(1);

/// How a server is started. The workspace and its token are in the environment.
#[derive(Debug, Args)]
pub struct ServerArgs {
    /// Workspace folder of the endpoint, in which the server says where it listens.
    #[arg(long)]
    pub directory: String,
    /// Secret scope with the host key and the clients' public keys.
    #[arg(long)]
    pub secret_scope: String,
    /// Id of this one server.
    #[arg(long)]
    pub instance_id: String,
    /// Cluster whose driver it is. By default the one that the environment names.
    #[arg(long)]
    pub cluster_id: Option<String>,
    /// Connections at a time.
    #[arg(long, default_value_t = 10)]
    pub max_clients: usize,
    /// Time without a connection after which the server ends.
    #[arg(long, default_value = "10m", value_parser = humantime::parse_duration)]
    pub shutdown_delay: Duration,
    /// Usage policy of the serverless compute that this is.
    #[arg(long, default_value = "")]
    pub usage_policy_id: String,
    /// Workspace folder in which the official tool looks for a server.
    #[arg(long)]
    pub official_directory: Option<String>,
    /// Secret scope in which the official tool puts its clients' public key.
    #[arg(long)]
    pub official_scope: Option<String>,
    /// What its serverless compute was asked to be, as clients compare it.
    #[arg(long, default_value = "")]
    pub compute: String,
    /// Address to listen on. By default all, and this machine only where the workspace is on it.
    #[arg(long)]
    pub listen: Option<IpAddr>,
    /// What speaks SSH.
    #[arg(long, value_enum, default_value_t)]
    pub ssh_server: Choice,
    /// End when stdin does, which is a pipe from the notebook.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    pub end_with_stdin: bool,
    /// End when the process that started this one does.
    #[arg(long)]
    pub end_with_parent: bool,
}

/// Serves until nobody has been there for a while, or until it is told to end.
///
/// # Errors
/// When the host key cannot be read, no port is free, or the endpoint's folder cannot be written.
pub async fn run(args: ServerArgs) -> Result<()> {
    let user_agent = Some(USER_AGENT.to_owned());
    let client = Client::new(Config { user_agent, ..Config::default() })
        .map_err(|error| explain(error, "no workspace in the environment"))?;
    let log = LogRing::default();
    let host_key = secrets::get(&client, &args.secret_scope, SERVER_PRIVATE_KEY)
        .await
        .map_err(|error| explain(error, "the server's host key cannot be read"))?
        .filter(|key| !key.expose().is_empty())
        .ok_or_else(|| Error::new("the server has no host key").way_out("Apply the configuration again."))?;
    let (folder, path, mut variables) = (std::env::temp_dir(), environment::path(), environment::all());
    // Jobs are supervised by this program (remote/submit.sh), whose file the notebook has removed by now: proc(5).
    variables.push((PROGRAM_VARIABLE.to_owned(), format!("/proc/{}/exe", std::process::id())));
    let account = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten();
    let (user, home) =
        account.map_or_else(|| ("root".to_owned(), "/root".into()), |account| (account.name, account.dir));
    let jobs = Jobs::new(local::base(environment::jobs().as_deref(), &home));
    let choice = args.ssh_server;
    let ssh_server =
        Replaceable::new(host_key, move |host_key| SshServer::new(choice, &folder, &path, host_key, &variables))?;

    let everywhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let default = if is_loopback(client.host()) { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { everywhere };
    let listener = bind(args.listen.unwrap_or(default)).await?;
    let port = listener.local_addr().context(|| "the port is not known".to_owned())?.port();
    let secret = Secret::new(uuid::Uuid::new_v4().simple().to_string());
    let service = Service {
        ssh_server,
        keys: Box::new(ScopeKeys::new(client.clone(), args.secret_scope.clone(), args.official_scope, log.clone())),
        log: log.clone(),
        user: user.clone(),
        instance_id: args.instance_id.clone(),
        secret: secret.clone(),
        is_official: args.official_directory.is_some(),
        max_clients: args.max_clients,
        shutdown_delay: args.shutdown_delay,
        jobs: jobs.clone(),
    };
    let copies = Arc::new(JobCopies::new(client.clone(), args.directory.clone(), jobs, log.clone()));

    orphans::adopt();
    let reaping = tokio::spawn(orphans::reap());
    let copying = tokio::spawn({
        let copies = copies.clone();
        async move { copies.keep().await }
    });
    let registration = Registration::of_this_process(environment::variable("DATABRICKS_TOKEN").map(Secret::new));
    let (registered, workspace) = (registration.clone(), client.clone());
    let registering = tokio::spawn(async move {
        if let Ok(me) = workspace.me().await {
            registered.acts_for(me.id);
        }
        registered.keep().await;
    });
    let parent = getppid();
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(serve(listener, service, shutdown.clone()));
    let mut terminate = signal(SignalKind::terminate()).context(|| "cannot wait for signals".to_owned())?;
    let mut interrupt = signal(SignalKind::interrupt()).context(|| "cannot wait for signals".to_owned())?;

    // The port is held and answers before anybody is told of it.
    let metadata = Metadata {
        port,
        cluster_id: args.cluster_id.or_else(|| environment::variable("DATABRICKS_CLUSTER_ID")).unwrap_or_default(),
        usage_policy_id: args.usage_policy_id,
        compute: args.compute,
        user,
        instance_id: args.instance_id,
        secret,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: SystemTime::now().duration_since(UNIX_EPOCH).map(|time| time.as_secs()).unwrap_or_default(),
        resume_version: RESUME_VERSION,
    };
    let path = |directory: String| format!("{directory}/metadata.json");
    let announcement =
        Announcement { client, path: path(args.directory), official: args.official_directory.map(path), metadata };
    announcement.publish(&log).await?;
    say!("tunnel: listening on port {port}");

    tokio::select! {
        () = shutdown.cancelled() => {}
        _ = terminate.recv() => say!("tunnel: told to end"),
        _ = interrupt.recv() => say!("tunnel: told to end"),
        () = end_of_stdin(), if args.end_with_stdin => say!("tunnel: the notebook has ended"),
        () = end_of(parent), if args.end_with_parent => say!("tunnel: the notebook has ended"),
    }
    // First nobody finds the server any more, then it ends. The workspace may be away: that must not keep it.
    if tokio::time::timeout(RETRACT_LIMIT, announcement.retract()).await.is_err() {
        say!("tunnel: the endpoint's folder could not be cleaned up in time");
    }
    shutdown.cancel();
    let _ = serving.await;
    // What sessions left behind ends with the server: nobody could reach it, and the cluster would not come to rest.
    reaping.abort();
    orphans::end().await;
    copying.abort();
    copies.finish().await;
    registering.abort();
    registration.revoke().await;
    Ok(())
}

async fn bind(address: IpAddr) -> Result<TcpListener> {
    for port in PORTS.chain([0]) {
        if let Ok(listener) = TcpListener::bind((address, port)).await {
            return Ok(listener);
        }
    }
    Err(Error::new(format!("no port is free on {address}")))
}

async fn end_of_stdin() {
    let mut stdin = tokio::io::stdin();
    let mut buffer = [0; 64];
    while stdin.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
}

/// A process whose parent ends gets another one.
async fn end_of(parent: Pid) {
    while getppid() == parent {
        tokio::time::sleep(PARENT_LOOK).await;
    }
}

/// The files in the workspace that say where the server is.
struct Announcement {
    client: Client,
    path: String,
    /// Where the official tool looks.
    official: Option<String>,
    metadata: Metadata,
}

impl Announcement {
    async fn publish(&self, log: &LogRing) -> Result<()> {
        let cannot = |error| explain(error, "cannot say where the server listens");
        self.publish_at(&self.path).await.map_err(cannot)?;
        if let Some(path) = &self.official
            && let Err(error) = self.publish_at(path).await
        {
            // That is no reason to serve nobody.
            log.warn(format!("the official tool cannot find this server: {error}"));
        }
        Ok(())
    }

    async fn publish_at(&self, path: &str) -> Result<(), databricks::Error> {
        workspace::write_file(&self.client, path, metadata::to_bytes(&self.metadata)).await
    }

    /// Removes the files if they still speak of this server.
    async fn retract(&self) {
        let paths = std::iter::once(&self.path).chain(&self.official);
        join_all(paths.map(|path| self.retract_from(path))).await;
    }

    async fn retract_from(&self, path: &str) {
        let Ok(Some(bytes)) = workspace::read_file(&self.client, path).await else { return };
        if metadata::parse(&bytes).is_none_or(|found| found.instance_id != self.metadata.instance_id) {
            return;
        }
        if let Err(error) = workspace::remove_file(&self.client, path).await {
            say!("tunnel: the endpoint's folder could not be cleaned up: {error}");
        }
    }
}
