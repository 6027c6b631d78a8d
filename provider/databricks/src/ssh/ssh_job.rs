//! databricks_ssh_job: a command that runs through an SSH endpoint at apply. It calls `tunnel job` ([`super::remote_job`]), which
//! keeps the job, its logs and its result on the endpoint's machine.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ssh_endpoint::{SshEndpoint as Endpoint, sha256_hex};
use tfplugin::{
    Attr, COMPUTED, Call, Diagnostic, Error, Failed, ID, Marker, OPTIONAL, Planning, REQUIRED, Removal, Resource,
    Result, Timeouts,
};

use super::endpoint_schema;
use super::job_failure::failure;
use super::log_tail::Redaction;
use super::remote_job::{Job, Jobs, State, Stream, Wanted};
use super::secret_environment::{Secrets, is_name};
use super::tunnel_program::TunnelProgram;
use crate::clients::Workspace;

/// A command that runs once, through an SSH endpoint, when it is applied: for the steps of a bootstrap that are else written as
/// `remote-exec` provisioners.
///
/// The command is a job of `tunnel job`. It starts the endpoint's cluster if need be, outlives the connection, and is waited for:
/// an apply succeeds when it exits with 0. A failed one is tainted, so that the next apply runs it again. An apply after one
/// that was killed finds its job again and does not run the command twice, unless the endpoint's machine was replaced meanwhile.
/// An interrupted apply leaves the job running; the next apply, or a destroy, ends it.
///
/// It runs once, and again when `command`, `environment`, `environment_wo_version`, `directory`, `stdin` or `triggers` change. A
/// change of the endpoint (its program, its number of clients, its cluster) runs nothing again: name what should in `triggers`, as
/// `databricks_cluster.example.id`. The result stays in the state as it was. Reading it starts no cluster and asks nobody, and
/// files that were cleaned away on the endpoint's machine make no difference.
///
/// Terraform runs the program `tunnel` on this machine for it, in the provider's own name: with a token of the provider's, and with
/// the key of whoever runs Terraform (`~/.databricks/tunnel`, or `DATABRICKS_TUNNEL_HOME`), which is registered at the endpoint:
/// where each run has a home of its own, each registers one.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct SshJob {
    /// Id of the job: `tunnel job logs` and the other commands take it.
    #[schemars(extend("x-tf" = ID))]
    pub id: Attr<String>,
    /// Where it runs: the attribute `endpoint` of a `databricks_ssh_endpoint`, in the provider's own workspace. It cannot become
    /// another endpoint, of another name, unless the job is replaced: name the endpoint's id in `triggers`.
    #[schemars(schema_with = "endpoint_schema::given", extend("x-tf" = REQUIRED))]
    pub endpoint: Attr<Endpoint>,
    /// Program and its arguments, as they are: no shell reads them. For a script: `["sh", "-c", "…"]`.
    #[schemars(length(min = 1), extend("x-tf" = REQUIRED.replaces()))]
    pub command: Attr<Vec<String>>,
    /// Name for people, which `tunnel job list` shows. A change of it counts for the next run.
    #[schemars(length(min = 1), extend("x-tf" = OPTIONAL))]
    pub name: Attr<String>,
    /// Variables of the command. They stand in the state and in argument lists: secrets belong into `environment_wo`.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub environment: Attr<BTreeMap<String, String>>,
    /// Secret variables of the command. They stand in no plan, state or argument list; on the endpoint's machine they are in a file
    /// that its user alone can read, until the command has started. `on_destroy` does not see them.
    #[schemars(extend("x-tf" = OPTIONAL.write_only()))]
    pub environment_wo: Attr<Secrets>,
    /// A number that is changed together with `environment_wo`: the command runs again.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub environment_wo_version: Attr<i64>,
    /// Folder on the endpoint's machine to run in: the login's where it is not set.
    #[schemars(length(min = 1), extend("x-tf" = OPTIONAL.replaces()))]
    pub directory: Attr<String>,
    /// What the command reads as its standard input: a script for `["sh", "-s"]`, say. It stands in the state.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub stdin: Attr<String>,
    /// Time after which the command is ended on its machine, whoever waits for it: `90s`, `1h30m`. A change of it counts for the
    /// next run. How long Terraform waits is `timeouts`.
    #[schemars(regex(pattern = "^([0-9]+[hms])+$"), extend("x-tf" = OPTIONAL))]
    pub timeout: Attr<String>,
    /// Any values. When they change, the command runs again.
    #[schemars(extend("x-tf" = OPTIONAL.replaces()))]
    pub triggers: Attr<BTreeMap<String, String>>,
    /// Whether an apply succeeds however the command ends: with another code than 0, by a signal, or because its time was up.
    /// Where it is not known how it ended (`lost`), the apply fails nevertheless.
    #[schemars(extend("x-tf" = OPTIONAL.default("false")))]
    pub allow_failure: Attr<bool>,
    /// Program and its arguments to run when the job is destroyed or replaced, before its files are removed. It has the
    /// `environment` and `directory` of the command, starts the cluster if need be, and is waited for: if it fails, so does the
    /// destroy. It runs after a failed command too. Where it is not set, a destroy starts nothing: it ends the command if that
    /// still runs, and removes its files.
    #[schemars(length(min = 1), extend("x-tf" = OPTIONAL.unsent()))]
    pub on_destroy: Attr<Vec<String>>,
    /// File of the program `tunnel` for this machine. Where it is not set: `tunnel` beside the provider, then on the PATH.
    #[schemars(extend("x-tf" = OPTIONAL))]
    pub tunnel_program: Attr<String>,
    /// How it ended: `exited`, `signaled`, `cancelled`, `timed_out` or `lost`. A job whose apply was interrupted may be `pending` or
    /// `running`.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub state: Attr<String>,
    /// Code that it exited with; null where a signal ended it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub exit_code: Attr<i64>,
    /// Number of the signal that ended it.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub signal: Attr<i64>,
    /// Last line that it wrote to the file that its variable `STATUS_FILE` names.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub status: Attr<String>,
    /// The last 4 KiB of what it wrote to its standard output. It is not sensitive, as little as what `remote-exec` prints:
    /// values of `environment_wo` (lines of four bytes and more) are replaced by `[redacted]`, and another secret is not to be
    /// printed. Null where it could not be read.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub stdout_tail: Attr<String>,
    /// The same of its standard error, which the error of a failed apply shows as well.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub stderr_tail: Attr<String>,
    /// When it started, by its machine's clock (RFC 3339).
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub started_at: Attr<String>,
    /// How long it ran.
    #[schemars(extend("x-tf" = COMPUTED.keeps_state()))]
    pub duration_seconds: Attr<f64>,
}

impl SshJob {
    /// The endpoint's jobs.
    fn jobs<'a>(&'a self, cx: &'a Call<Workspace>) -> Result<Jobs<'a>> {
        let program = TunnelProgram::find(&self.tunnel_program)?;
        let endpoint = self.endpoint.known().ok_or_else(|| Error::new("The endpoint is not known").at("endpoint"))?;
        Ok(Jobs { cx, program, endpoint })
    }

    /// What the apply runs.
    fn wanted(&self, marker: &Marker) -> Wanted {
        Wanted {
            secrets: self.environment_wo.or_default(),
            stdin: self.stdin.known().cloned(),
            ..self.common(marker.id.clone(), self.command.or_default())
        }
    }

    /// What the destroy runs.
    fn wanted_at_destroy(&self, command: Vec<String>) -> Wanted {
        // A destroy that was interrupted waits for the one that it started, unless that is another one by now.
        let digest = sha256_hex(format!("{command:?} {:?}", self.timeout).as_bytes());
        self.common(format!("{} on_destroy {digest}", self.id.text()), command)
    }

    fn common(&self, key: String, command: Vec<String>) -> Wanted {
        Wanted {
            key,
            command,
            name: self.name.known().cloned(),
            environment: self.environment.or_default(),
            directory: self.directory.known().cloned(),
            timeout: self.timeout.known().cloned(),
            ..Wanted::default()
        }
    }

    /// The job in messages.
    fn title(&self) -> String {
        match self.name.known() {
            Some(name) => format!("The job {name:?} ({})", self.id.text()),
            None => format!("The job {}", self.id.text()),
        }
    }

    /// With what is known of the job, but for its logs.
    fn with(self, job: &Job, redaction: &Redaction<'_>) -> Self {
        Self {
            state: job.state.word().into(),
            exit_code: job.exit_code.into(),
            signal: job.signal.into(),
            status: job.status.as_ref().map(|status| redaction.of(status)).into(),
            started_at: job.started_at.clone().into(),
            duration_seconds: job.duration_seconds.filter(|_| job.has_ended()).into(),
            ..self
        }
    }

    /// A job that was just submitted: nothing is known but its id.
    fn submitted(id: String, plan: Self) -> Self {
        Self {
            id: id.into(),
            state: Attr::Null,
            exit_code: Attr::Null,
            signal: Attr::Null,
            status: Attr::Null,
            stdout_tail: Attr::Null,
            stderr_tail: Attr::Null,
            started_at: Attr::Null,
            duration_seconds: Attr::Null,
            ..plan
        }
    }
}

/// Whether two endpoints are the same, however it is described.
fn is_same(left: &Endpoint, right: &Endpoint) -> bool {
    (&left.host, &left.name) == (&right.host, &right.name)
}

/// The ends of its logs, where they can be read: a job that succeeded does not fail because they cannot be had.
async fn tails(jobs: &Jobs<'_>, job: &Job, redaction: &Redaction<'_>) -> (Attr<String>, Attr<String>) {
    let readable = |stream, found: Result<String>| match found {
        Ok(text) => text.into(),
        Err(error) => {
            tracing::warn!(id = job.id, ?stream, %error, "the end of a log cannot be read");
            Attr::Null
        }
    };
    // One after the other: an endpoint has a limit of connections, and Terraform makes ten objects at a time.
    let stdout = readable(Stream::Stdout, jobs.tail(job, Stream::Stdout, redaction).await);
    let stderr = readable(Stream::Stderr, jobs.tail(job, Stream::Stderr, redaction).await);
    (stdout, stderr)
}

fn command_problem(command: &Attr<Vec<String>>, at: &'static str) -> Option<Error> {
    let first = command.known()?.first()?;
    let is_wrong = first.is_empty() || first.starts_with('-');
    is_wrong.then(|| {
        Error::new(format!("{first:?} is no program"))
            .detail("The first element is the program, the others are its arguments. For a script: [\"sh\", \"-c\", \"…\"].")
            .at(at)
    })
}

fn variable_problems(config: &SshJob) -> Vec<Error> {
    let plain = config.environment.known().into_iter().flatten().map(|(name, _)| (name, "environment"));
    let secret = config.environment_wo.known().into_iter().flatten().map(|(name, _)| (name, "environment_wo"));
    let wrong = plain.chain(secret).filter(|(name, _)| !is_name(name)).map(|(name, at)| {
        Error::new(format!("{name:?} is no name of a variable")).detail("Names have letters, digits and _.").at(at)
    });
    let both = config
        .environment
        .known()
        .into_iter()
        .flatten()
        .filter(|(name, _)| config.environment_wo.known().is_some_and(|secrets| secrets.contains_key(*name)));
    let both = both.map(|(name, _)| {
        Error::new(format!("The variable {name} is set twice"))
            .detail("It stands in environment and in environment_wo. Remove one of them.")
            .at("environment")
    });
    wrong.chain(both).collect()
}

impl Resource for SshJob {
    const NAME: &'static str = "databricks_ssh_job";
    const EXAMPLE: &'static str = r#"resource "databricks_cluster" "example" {
  cluster_name       = "bootstrapped"
  spark_version      = "17.3.x-scala2.13"
  node_type_id       = "m5d.large"
  kind               = "CLASSIC_PREVIEW"
  is_single_node     = true
  data_security_mode = "SINGLE_USER"
}

resource "databricks_ssh_endpoint" "example" {
  name       = "bootstrapped"
  cluster_id = databricks_cluster.example.id
}

resource "databricks_ssh_job" "example" {
  name     = "prepare"
  endpoint = databricks_ssh_endpoint.example.endpoint
  command  = ["sh", "-c", "mkdir -p \"$SCRATCH\" && touch \"$SCRATCH/ready\" && echo ready"]
  environment = {
    SCRATCH = "/tmp/databricks-ssh-job-example"
  }
  timeout    = "10m"
  on_destroy = ["sh", "-c", "rm -r \"$SCRATCH\""]
  triggers = {
    endpoint = databricks_ssh_endpoint.example.id
    cluster  = databricks_cluster.example.id
  }
}

output "prepared" {
  value = databricks_ssh_job.example.stdout_tail
}
"#;
    const EXAMPLE_UPDATE: Option<(&'static str, &'static str)> = Some(("rm -r ", "rm -rf "));
    const EXAMPLE_REPLACE: Option<(&'static str, &'static str)> = Some(("echo ready", "echo prepared"));
    const IMPORT_ID: Option<&'static str> = None;
    const REMOVAL: Removal = Removal::History;
    const TIMEOUTS: Timeouts = Timeouts {
        create: Duration::from_secs(60 * 60),
        update: Duration::from_secs(20 * 60),
        delete: Duration::from_secs(60 * 60),
    };

    type Client = Workspace;

    fn validate(config: &Self) -> Vec<Diagnostic> {
        let commands = [(&config.command, "command"), (&config.on_destroy, "on_destroy")];
        let commands = commands.into_iter().filter_map(|(command, at)| command_problem(command, at));
        commands.chain(variable_problems(config)).map(Diagnostic::from).collect()
    }

    fn plan(planning: &mut Planning<'_, Self>) -> Result<()> {
        let planned = &mut *planning.planned;
        let Some(prior) = planning.prior else {
            // Not to find out after minutes that a cluster has taken to start.
            if !planned.tunnel_program.is_unknown() {
                TunnelProgram::find(&planned.tunnel_program)?;
            }
            return Ok(());
        };
        // An update runs nothing: where there was no signal, there is none.
        planned.state.clone_from(&prior.state);
        planned.exit_code.clone_from(&prior.exit_code);
        planned.signal.clone_from(&prior.signal);
        planned.status.clone_from(&prior.status);
        planned.stdout_tail.clone_from(&prior.stdout_tail);
        planned.stderr_tail.clone_from(&prior.stderr_tail);
        planned.started_at.clone_from(&prior.started_at);
        planned.duration_seconds.clone_from(&prior.duration_seconds);
        Ok(())
    }

    async fn create(cx: &Call<Workspace>, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        let id = plan.jobs(cx)?.submit(plan.wanted(cx.marker())).await?;
        Ok(Self::submitted(id, plan))
    }

    async fn ready(cx: &Call<Workspace>, state: Self) -> Result<Self> {
        if State::is_end(state.state.text()) {
            return Ok(state);
        }
        let jobs = state.jobs(cx)?;
        let job = jobs.wait(state.id.text(), "The next apply ends it too, and runs the command again.").await?;
        let secrets = state.environment_wo.or_default();
        let redaction = Redaction::new(secrets.values().map(|secret| secret.expose()));
        let (stdout_tail, stderr_tail) = tails(&jobs, &job, &redaction).await;
        let done = Self { stdout_tail, stderr_tail, ..state.clone().with(&job, &redaction) };
        let is_accepted = job.succeeded() || (done.allow_failure.is_true() && job.state != State::Lost);
        if is_accepted {
            return Ok(done);
        }
        let way_out = "The next apply runs it again. With allow_failure, an apply accepts a command that fails.";
        Err(failure(
            &done.title(),
            &job,
            done.status.text(),
            [done.stdout_tail.text(), done.stderr_tail.text()],
            way_out,
        ))
    }

    /// The earlier create's own request may still be on its way, if tunnel waited for a cluster: what is not there yet is asked
    /// for again with the same key, and the endpoint's machine takes one of both.
    async fn find(cx: &Call<Workspace>, plan: &Self, marker: &Marker) -> Result<Option<Self>> {
        let jobs = plan.jobs(cx)?;
        let id = match jobs.with_key(&marker.id).await? {
            Some(job) => job.id,
            None => jobs.submit(plan.wanted(marker)).await?,
        };
        Ok(Some(Self::submitted(id, plan.clone())))
    }

    /// A result does not change any more. A job that is not known any more has run nevertheless.
    async fn read(cx: &Call<Workspace>, state: Self) -> Result<Option<Self>> {
        if State::is_end(state.state.text()) {
            return Ok(Some(state));
        }
        let found = state.jobs(cx)?.status(state.id.text()).await?;
        Ok(Some(match found {
            // What it wrote is left alone: the secrets that might be in it are not known here.
            Some(job) => state.with(&Job { status: None, ..job }, &Redaction::default()),
            None => state,
        }))
    }

    /// Runs nothing: what would, replaces the job.
    async fn update(_: &Call<Workspace>, state: Self, plan: Self) -> std::result::Result<Self, Failed<Self>> {
        if let (Some(before), Some(after)) = (state.endpoint.known(), plan.endpoint.known())
            && !is_same(before, after)
        {
            let error = Error::new(format!("{} ran at the endpoint {:?}, not at {:?}", state.title(), before.name, after.name))
                .detail(
                    "A job is not moved. To run the command at the other endpoint, name that endpoint's id in triggers, or apply with \
                     -replace and this resource's address.",
                )
                .at("endpoint");
            return Err(Failed::with(error, state));
        }
        Ok(Self {
            endpoint: plan.endpoint,
            name: plan.name,
            timeout: plan.timeout,
            allow_failure: plan.allow_failure,
            on_destroy: plan.on_destroy,
            tunnel_program: plan.tunnel_program,
            ..state
        })
    }

    async fn delete(cx: &Call<Workspace>, state: Self) -> Result<()> {
        let (jobs, id) = (state.jobs(cx)?, state.id.text());
        if !State::is_end(state.state.text())
            && let Some(job) = jobs.status(id).await?
            && !job.has_ended()
        {
            jobs.cancel(id).await?;
        }
        if let Some(command) = state.on_destroy.known() {
            let farewell = jobs.submit(state.wanted_at_destroy(command.clone())).await?;
            let job = jobs.wait(&farewell, "The next destroy waits for it.").await?;
            let (stdout, stderr) = tails(&jobs, &job, &Redaction::default()).await;
            // It has been seen: the next destroy runs it again if it failed.
            jobs.clean(&farewell).await?;
            if !job.succeeded() {
                let name = format!("{} is not destroyed: on_destroy", state.title());
                let way_out =
                    "The object is kept. Destroy again to run it again, or remove on_destroy, apply, and destroy then.";
                let status = job.status.clone().unwrap_or_default();
                return Err(failure(&name, &job, &status, [stdout.text(), stderr.text()], way_out));
            }
        }
        jobs.clean(id).await
    }
}
