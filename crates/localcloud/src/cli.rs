//! The program's commands.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use localcloud::SqlEngine;

/// A Databricks control plane for this machine, with AWS by moto.
#[derive(Debug, Parser)]
#[command(name = "localcloud", version)]
pub(crate) struct Cli {
    /// Folder of the local cloud's files.
    #[arg(long, global = true, default_value = ".localcloud", env = "LOCALCLOUD_DIR")]
    pub(crate) dir: PathBuf,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start, and serve until interrupted. Safe to run when it is up already.
    Up(Box<Up>),
    /// Stop, and end every process that it started.
    Down,
    /// Say whether it is up, and what it holds. Fails when it is not up.
    ///
    /// A browser shows the same, and more, at the address of the page that this names.
    Status {
        /// Say it as JSON, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Print the log.
    Logs(Logs),
    /// Print what is to be sourced.
    Env {
        /// Print it for other clients (official SDKs, CLI and provider), which reach the local cloud as their HTTP proxy.
        #[arg(long)]
        proxy: bool,
        /// Print what undoes it: `unset` for each variable that it sets, and no other. Their former values, and the PATH, are not touched.
        /// It works when the local cloud is stopped, too.
        #[arg(long)]
        unset: bool,
    },
    /// Make it misbehave.
    #[command(subcommand)]
    Fault(FaultCommand),
    /// Let every OAuth token expire now.
    ExpireTokens,
    /// Forget everything but the account and its administrator.
    Reset,
}

/// What of a log to print.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Print every request instead.
    #[arg(long)]
    pub(crate) requests: bool,
    /// Go on with what is written, until Ctrl-C or the end of the local cloud.
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// Begin with the last lines only.
    #[arg(long, short = 'n', value_name = "LINES")]
    pub(crate) lines: Option<usize>,
}

/// How to start.
#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Return as soon as it is healthy; it goes on in the background.
    #[arg(long)]
    pub(crate) detach: bool,
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// File that the Databricks side's state is restored from and saved to.
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// How long workspaces, clusters and NAT gateways take to come up.
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = humantime::parse_duration)]
    pub(crate) provisioning: Duration,
    /// Lifetime of OAuth tokens.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = humantime::parse_duration)]
    pub(crate) token_lifetime: Duration,
    /// Misbehaviour from the start, as JSON: see `localcloud fault add --help`.
    #[arg(long, value_name = "JSON")]
    pub(crate) fault: Vec<String>,
    /// Folder of terraform-provider-databricks and tunnel; that of this program by default.
    #[arg(long, value_name = "DIR")]
    pub(crate) bin_dir: Option<PathBuf>,
    /// Python virtual environment with moto and the SQL engine; made when it is not there. `DIR/venv` by default.
    #[arg(long, value_name = "DIR", env = "LOCALCLOUD_VENV")]
    pub(crate) venv: Option<PathBuf>,
    /// Python that makes the virtual environment and runs notebooks.
    #[arg(long, value_name = "PROGRAM", default_value = "python3", env = "LOCALCLOUD_PYTHON")]
    pub(crate) python: PathBuf,
    /// Rscript that runs execution contexts of R; a context of R ends in status Error where there is none.
    #[arg(long, value_name = "PROGRAM", default_value = "Rscript", env = "LOCALCLOUD_R")]
    pub(crate) r: PathBuf,
    /// What runs statements on SQL warehouses.
    #[arg(long, value_name = "ENGINE", value_enum, default_value_t, env = "LOCALCLOUD_SQL_ENGINE")]
    pub(crate) sql_engine: SqlEngine,
    /// Bytes of a chunk of a SQL statement's result, about.
    #[arg(long, value_name = "BYTES", default_value_t = 16 * 1024 * 1024)]
    pub(crate) sql_chunk_bytes: u64,
    /// How long a link to such a chunk holds.
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = humantime::parse_duration)]
    pub(crate) sql_link_lifetime: Duration,
    /// Let callers of AWS do what a policy of IAM allows, and nothing else.
    #[arg(long, value_name = "FILE", conflicts_with = "no_aws")]
    pub(crate) aws_policy: Option<PathBuf>,
    /// Serve without AWS.
    #[arg(long)]
    pub(crate) no_aws: bool,
}

/// What to do about misbehaviour.
#[derive(Debug, Subcommand)]
pub(crate) enum FaultCommand {
    /// Add a fault, as JSON.
    ///
    /// For example {"match": "POST /api/2.0/accounts/*/networks", "times": 2, "status": 429, "code": "REQUEST_LIMIT_EXCEEDED",
    /// "retry_after": 1} or {"match": "ec2:CreateVpc", "effect": "after", "cut": true} or {"match": "GET /sql-results/*", "times": 10,
    /// "cut_after": 100000}. Fields: match, times, skip, effect (before
    /// or after), status, code, message, retry_after, delay_ms, cut, cut_after, idle_ms.
    Add {
        /// The fault.
        json: String,
    },
    /// Print the faults that have strikes left.
    List,
    /// End all misbehaviour.
    Clear,
}
