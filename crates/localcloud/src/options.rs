//! What a local cloud is started with.

use std::path::PathBuf;
use std::time::Duration;

use secret::Secret;

use crate::faults::Fault;

/// How a local cloud behaves and where it keeps its things.
#[derive(Debug, Clone)]
pub struct Options {
    /// Port on 127.0.0.1; 0 takes a free one (or the one of the restored state, when that is free).
    pub port: u16,
    /// Folder of its files: workspace files, drivers' scratch space and logs.
    pub dir: PathBuf,
    /// File that the state is restored from and saved to. Without one everything is forgotten at the end.
    pub state_file: Option<PathBuf>,
    /// Databricks account id, a UUID; random (or the restored one) when not given.
    pub account_id: Option<String>,
    /// OAuth client id of the account's first administrator, a UUID; random (or the restored one) when not given.
    pub client_id: Option<String>,
    /// OAuth secret of the account's first administrator; random when not given.
    pub client_secret: Option<Secret<String>>,
    /// How long things take.
    pub delays: Delays,
    /// Lifetime of the bearer tokens that the OIDC endpoints issue.
    pub token_lifetime: Duration,
    /// Misbehaviour from the start.
    pub faults: Vec<Fault>,
    /// The AWS side.
    pub aws: Aws,
    /// What callers of the AWS side may do, as a policy document of an identity. Without one they may do everything.
    pub aws_policy: Option<String>,
    /// The Python that runs notebooks: a name on the PATH or a path.
    pub python: PathBuf,
    /// The `Rscript` that runs execution contexts of R: a name on the PATH or a path. Without one there are none.
    pub r: PathBuf,
    /// The SQL engine.
    pub sql: Sql,
    /// Whether the AWS side removes the folder when the process ends, however it ends: for local clouds that nobody stops.
    pub ephemeral: bool,
    /// Whether the name of an account's configuration may be taken more than once, as the service does not allow: for tests that
    /// share an account.
    pub repeats_names: bool,
}

impl Options {
    /// Settings for tests: a free port, delays of a few milliseconds, no AWS, and everything below `dir`.
    pub fn for_tests(dir: impl Into<PathBuf>) -> Self {
        Self {
            port: 0,
            dir: dir.into(),
            state_file: None,
            account_id: None,
            client_id: None,
            client_secret: None,
            delays: Delays::quick(),
            token_lifetime: Duration::from_secs(3600),
            faults: Vec::new(),
            aws: Aws::None,
            aws_policy: None,
            python: PathBuf::from("python3"),
            r: PathBuf::from("Rscript"),
            sql: Sql { venv: Some(venv_of_tests()), ..Sql::default() },
            ephemeral: false,
            repeats_names: false,
        }
    }
}

/// The Python environment of this project's tests: that of `LOCALCLOUD_VENV`, or `.cache/venv`, which is made where it is missing.
pub fn venv_of_tests() -> PathBuf {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.cache/venv");
    std::env::var_os("LOCALCLOUD_VENV").map_or_else(|| PathBuf::from(own), PathBuf::from)
}

/// How statements are executed on SQL warehouses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sql {
    /// What runs them.
    pub engine: SqlEngine,
    /// The Python virtual environment with the engine; that of moto, or else the Python that runs notebooks, when not given. It is
    /// created when it is not there.
    pub venv: Option<PathBuf>,
    /// Bytes of a chunk of a result, about.
    pub chunk_bytes: u64,
    /// How long a link to a chunk holds.
    pub link_lifetime: Duration,
}

impl Default for Sql {
    fn default() -> Self {
        Self {
            engine: SqlEngine::default(),
            venv: None,
            chunk_bytes: 16 * 1024 * 1024,
            link_lifetime: Duration::from_secs(15 * 60),
        }
    }
}

/// What runs statements on SQL warehouses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum SqlEngine {
    /// DuckDB, to which Databricks' dialect is translated: it starts at once.
    #[default]
    Duckdb,
    /// Spark itself, by PySpark: it needs Java 17, half a gigabyte on the disk and one in memory, and half a minute to start. Tables are
    /// Parquet: they last as long as it runs, and UPDATE, DELETE and MERGE need DuckDB.
    Spark,
}

/// The AWS side of a local cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aws {
    /// None: account objects are checked by their form alone.
    None,
    /// moto's server behind a proxy of ours.
    Moto {
        /// The Python virtual environment with `moto[server]`; it is created when it is not there.
        venv: PathBuf,
    },
}

/// How long things take. The real ones take minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delays {
    /// A workspace's PROVISIONING.
    pub workspace: Duration,
    /// From a workspace's deletion to its 404.
    pub workspace_deletion: Duration,
    /// A cluster's PENDING and RESTARTING.
    pub cluster: Duration,
    /// A cluster's TERMINATING.
    pub cluster_termination: Duration,
    /// A run's PENDING on a running cluster.
    pub run: Duration,
    /// The `pending` and `deleting` of NAT gateways and interface endpoints.
    pub aws: Duration,
}

impl Delays {
    /// A few milliseconds each: state machines are walked through, and tests do not wait for them.
    pub const fn quick() -> Self {
        let short = Duration::from_millis(40);
        Self {
            workspace: short,
            workspace_deletion: short,
            cluster: short,
            cluster_termination: short,
            run: Duration::from_millis(10),
            aws: short,
        }
    }

    /// What `localcloud up` takes when it is not told otherwise: `base` for what the real cloud takes minutes for, and a
    /// quarter of it for what it takes seconds for.
    pub fn scaled(base: Duration) -> Self {
        Self {
            workspace: base,
            workspace_deletion: base / 4,
            cluster: base,
            cluster_termination: base / 4,
            run: base / 4,
            aws: base,
        }
    }
}
