//! Finds the running server of an endpoint, or starts one: cluster, run, server, each waited for with words about it.
//! Many processes may want the same server at once: on one machine a lock lets one of them start it, and one on another machine
//! waits for a run that is under way. Where two submit one in the same moment, the last server to publish itself is the one that
//! is used.

use std::path::Path;
use std::time::Duration;

use databricks::api::clusters::{self, ClusterId, ClusterState};
use databricks::api::jobs::{ListRuns, Run, RunId, RunOutput};
use databricks::api::workspace as files;
use databricks::{Client, Request};
use ssh_endpoint::SshEndpoint;
use tokio::time::{Instant, sleep, timeout};

use crate::endpoint::metadata::{self, Metadata};
use crate::endpoint::{access, bootstrap, cluster};
use crate::error::{Context, Error, Result};
use crate::keys;
use crate::progress::Progress;
use crate::websocket::dial::{self, Address};
use crate::workspace::explain;

/// How long a stopped cluster may take: the official tool's limit.
const CLUSTER_LIMIT: Duration = Duration::from_secs(20 * 60);
/// How long the run may take until its server answers.
const SERVER_LIMIT: Duration = Duration::from_secs(10 * 60);
/// The same for compute with an accelerator: the official tool's limit.
const ACCELERATED_LIMIT: Duration = Duration::from_secs(45 * 60);
/// How long the question for a server may take.
const PROBE_LIMIT: Duration = Duration::from_secs(15);
/// After which time it is asked again where the answer says nothing.
const PROBE_PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(1)];
const LOOKING: &str = "cannot look for the endpoint's server";

/// Everything that finding and starting needs.
#[derive(Clone, Copy)]
pub struct Starter<'a> {
    /// The workspace.
    pub client: &'a Client,
    /// The endpoint.
    pub endpoint: &'a SshEndpoint,
    /// The tunnel's folder, for the lock.
    pub home: &'a Path,
    /// Who is told.
    pub progress: &'a Progress,
}

impl Starter<'_> {
    /// The running server; it is started when there is none.
    ///
    /// # Errors
    /// When the cluster or the server does not start: then with its own words.
    pub async fn ensure(self) -> Result<Metadata> {
        if let Some(server) = self.find().await? {
            return Ok(server);
        }
        let _only_one = self.lock().await?;
        // Who had the lock before may have started it.
        let last = self.metadata().await?;
        if let Some(server) = &last
            && self.answers(server).await?
        {
            return Ok(server.clone());
        }
        if self.endpoint.serverless.is_none() {
            self.cluster().await?;
        }
        let server = self.start(last).await?;
        self.progress.done();
        Ok(server)
    }

    /// The running server, if there is one that answers.
    ///
    /// # Errors
    /// When the workspace cannot be asked.
    pub async fn find(self) -> Result<Option<Metadata>> {
        match self.metadata().await? {
            Some(found) if self.answers(&found).await? => Ok(Some(found)),
            _ => Ok(None),
        }
    }

    /// What the last server said about itself. It may have ended since.
    async fn metadata(self) -> Result<Option<Metadata>> {
        let found = files::read_file(self.client, &self.endpoint.metadata_path()).await;
        let found = match found {
            Ok(found) => found,
            Err(error) => return Err(self.explain(error, LOOKING).await),
        };
        let Some(bytes) = found else { return Ok(None) };
        Ok(metadata::parse(&bytes).filter(|found| metadata::is_of(found, self.endpoint)))
    }

    async fn answers(self, server: &Metadata) -> Result<bool> {
        let token = self.client.bearer().await.map_err(|error| explain(error, LOOKING))?;
        let address = address(self.endpoint, server)?;
        let probe = || timeout(PROBE_LIMIT, dial::get(&address, "metadata", &token));
        let mut answer = probe().await;
        // A driver proxy that is away for a moment is no reason for a second server.
        for pause in PROBE_PAUSES {
            if !matches!(&answer, Ok(Err(error)) if error.is_unavailable() || error.is_lost()) {
                break;
            }
            sleep(pause).await;
            answer = probe().await;
        }
        match answer {
            Ok(Ok(_)) => Ok(true),
            Ok(Err(error)) if error.is_unreachable() || error.is_unauthorized() => {
                let is_refused = error.is_forbidden();
                let described = Error::new("cannot reach the cluster's driver").caused_by(error);
                Err(if is_refused {
                    described.way_out(access::way_out(self.client, self.endpoint).await)
                } else {
                    described
                })
            }
            _ => Ok(false),
        }
    }

    async fn explain(self, error: databricks::Error, doing: &str) -> Error {
        access::explain(self.client, self.endpoint, error, doing).await
    }

    async fn lock(self) -> Result<std::fs::File> {
        keys::create_home(self.home)?;
        let path = self.home.join(format!("{}.lock", self.endpoint.host_key_alias()));
        let waiting = tokio::task::spawn_blocking(move || keys::lock(&path));
        let mut waiting = std::pin::pin!(waiting);
        let joined = match timeout(Duration::from_millis(200), &mut waiting).await {
            Ok(joined) => joined,
            Err(_) => {
                self.progress.stage("waiting for another tunnel that starts the server");
                waiting.await
            }
        };
        joined.context(|| "cannot wait for the lock".to_owned())?
    }

    /// Waits until the cluster runs, and starts it where that is wanted.
    async fn cluster(self) -> Result<()> {
        let started = Instant::now();
        let mut asked = false;
        loop {
            let cluster = match clusters::get(self.client, &self.endpoint.cluster_id).await {
                Ok(cluster) => cluster,
                Err(error) if error.is_missing_cluster() => {
                    return Err(Error::new(format!(
                        "the cluster {} does not exist any more",
                        self.endpoint.cluster_id
                    ))
                    .way_out("Apply the configuration again."));
                }
                Err(error) => return Err(self.explain(error, "cannot look at the cluster").await),
            };
            cluster::check(self.client, &cluster).await?;
            match &cluster.state {
                ClusterState::Running | ClusterState::Resizing => return Ok(()),
                ClusterState::Terminated | ClusterState::Error if !self.endpoint.auto_start => {
                    return Err(Error::new(format!("the cluster {} is stopped", self.endpoint.cluster_id))
                        .way_out("Start it in the workspace, or set auto_start in the endpoint's configuration."));
                }
                // A cluster that stops again after it was asked to start says why.
                ClusterState::Terminated | ClusterState::Error if asked => {
                    let reason = Some(cluster.state_message.as_str()).filter(|text| !text.is_empty());
                    return Err(Error::new(format!(
                        "the cluster {} did not start: {}",
                        self.endpoint.cluster_id,
                        reason.unwrap_or("no reason was given")
                    )));
                }
                ClusterState::Terminated | ClusterState::Error => {
                    self.progress.stage("starting the cluster");
                    let body = ClusterId { cluster_id: self.endpoint.cluster_id.clone() };
                    match clusters::command(self.client, "start", &body).await {
                        Ok(()) => asked = true,
                        // Somebody else was faster.
                        Err(error) if error.is_invalid_state() => {}
                        Err(error) => return Err(self.explain(error, "cannot start the cluster").await),
                    }
                }
                state => self.progress.stage(format!("waiting for the cluster: {state}")),
            }
            if started.elapsed() > CLUSTER_LIMIT {
                let minutes = CLUSTER_LIMIT.as_secs() / 60;
                return Err(Error::new(format!("the cluster did not start within {minutes} minutes")));
            }
            sleep(interval(started)).await;
        }
    }

    /// Submits the run that starts a server, or finds one that was submitted, and waits until its server answers. `gone` is a server that does not.
    async fn start(self, gone: Option<Metadata>) -> Result<Metadata> {
        let accelerator = self.endpoint.serverless.as_ref().and_then(|serverless| serverless.accelerator.as_deref());
        let limit = if accelerator.is_some() { ACCELERATED_LIMIT } else { SERVER_LIMIT };
        let starting = match (&self.endpoint.serverless, accelerator) {
            (_, Some(accelerator)) => format!("starting the server on serverless compute with {accelerator}"),
            (Some(_), None) => "starting the server on serverless compute".to_owned(),
            (None, None) => "starting the server on the cluster".to_owned(),
        };
        self.progress.stage(starting.as_str());
        let mut theirs = self.run_under_way().await;
        let mut run_id = match theirs {
            Some(run_id) => run_id,
            None => self.submit().await?,
        };
        let mut started = Instant::now();
        loop {
            let published = self.metadata().await?;
            if let Some(server) = published.filter(|server| Some(server) != gone.as_ref())
                && self.answers(&server).await?
            {
                return Ok(server);
            }
            let run = self.run(run_id).await?;
            if run.state.life_cycle_state.is_end() {
                if theirs.take().is_none() {
                    return Err(self.failure(&run).await);
                }
                // It was cancelled, or it failed: that is no reason for ours to.
                run_id = self.submit().await?;
                started = Instant::now();
                continue;
            }
            let state = &run.state;
            let reason = [&state.queue_reason, &state.state_message].into_iter().find(|text| !text.is_empty());
            let stage = format!("{starting}: {}", state.life_cycle_state);
            self.progress.stage(reason.map_or_else(|| stage.clone(), |reason| format!("{stage}, {reason}")));
            if started.elapsed() > limit {
                return Err(Error::new(format!("the server did not answer within {} minutes", limit.as_secs() / 60))
                    .way_out(format!("Its run goes on: {}", run.run_page_url)));
            }
            sleep(interval(started)).await;
        }
    }

    /// The run that somebody else submitted for the same server. Who may not see runs, or sees too many, submits one.
    async fn run_under_way(self) -> Option<i64> {
        let request = Request::get("/api/2.2/jobs/runs/list")
            .query("active_only", "true")
            .query("run_type", "SUBMIT_RUN")
            .query("expand_tasks", "true")
            .query("limit", "25");
        let list: ListRuns = self.client.send(request).await.ok()?;
        let run = list.runs.into_iter().find(|run| bootstrap::will_serve(run, self.endpoint))?;
        Some(run.run_id)
    }

    /// Submits a run that starts a server.
    async fn submit(self) -> Result<i64> {
        let doing = "cannot start the server";
        let instance_id = uuid::Uuid::new_v4().simple().to_string();
        let run = bootstrap::run(self.endpoint, &instance_id);
        let request = json(Request::post("/api/2.2/jobs/runs/submit"), &run)?.idempotent();
        match self.client.send::<RunId>(request).await {
            Ok(submitted) => Ok(submitted.run_id),
            Err(error) => Err(self.explain(error, doing).await),
        }
    }

    async fn run(self, run_id: i64) -> Result<Run> {
        let request = Request::get("/api/2.2/jobs/runs/get").query("run_id", run_id.to_string());
        self.client.send(request).await.map_err(|error| explain(error, "cannot look at the run that starts the server"))
    }

    async fn failure(self, run: &Run) -> Error {
        let task = run.tasks.iter().find(|task| task.task_key == bootstrap::TASK);
        let run_id = task.map_or(run.run_id, |task| task.run_id);
        let request = Request::get("/api/2.2/jobs/runs/get-output").query("run_id", run_id.to_string());
        // Without the output there still is the run's own reason.
        let output: RunOutput = self.client.send(request).await.unwrap_or_default();
        Error::new(bootstrap::failure(&run.state, &output.error, &output.error_trace, &run.run_page_url))
    }
}

/// The server's address.
///
/// # Errors
/// When the endpoint's host is no address.
pub fn address(endpoint: &SshEndpoint, server: &Metadata) -> Result<Address> {
    let host =
        url::Url::parse(&endpoint.host).context(|| format!("the endpoint's host {:?} is no address", endpoint.host))?;
    Ok(Address {
        host,
        workspace_id: endpoint.workspace_id.clone(),
        cluster_id: match endpoint.serverless {
            Some(_) => server.cluster_id.clone(),
            None => endpoint.cluster_id.clone(),
        },
        port: server.port,
        instance_id: Some(server.instance_id.clone()).filter(|id| !id.is_empty()),
        secret: Some(server.secret.clone()).filter(|secret| !secret.expose().is_empty()),
    })
}

fn json<T: serde::Serialize>(request: Request, body: &T) -> Result<Request> {
    request.json(body).context(|| "cannot write a request".to_owned())
}

/// Often at first, since a warm start takes a second, and then every two seconds.
fn interval(started: Instant) -> Duration {
    (started.elapsed() / 4).clamp(Duration::from_millis(100), Duration::from_secs(2))
}
