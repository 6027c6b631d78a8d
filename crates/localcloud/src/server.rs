//! Starting, serving and stopping.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use secret::Secret;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::aws;
use crate::aws::permission::Policy;
use crate::call::Settings;
use crate::driver;
use crate::driver::contexts::Contexts;
use crate::driver::drivers::Drivers;
use crate::faults::Faults;
use crate::gate;
use crate::inner::{Inner, StartError};
use crate::log::Log;
use crate::options::{Aws, Options};
use crate::principal::{OauthSecret, Principal, fresh_secret, hash};
use crate::running::Running;
use crate::sql::engine::Sql;
use crate::sql::settings::{self, SqlSettings};
use crate::state::State;
use crate::time;
use crate::tls::Tls;
use crate::workspace::runs::run::{Ending, Outcome};

/// Starts local clouds.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Starts a local cloud in this process. It needs a Tokio runtime, and serves as soon as this returns.
    ///
    /// # Errors
    /// [`StartError`] when it cannot listen or cannot use its files.
    pub async fn start(options: Options) -> Result<Running, StartError> {
        let file_error = |path: &PathBuf| {
            let path = path.clone();
            move |source| StartError::File { path, source }
        };
        std::fs::create_dir_all(&options.dir).map_err(file_error(&options.dir))?;
        let dir = options.dir.canonicalize().map_err(file_error(&options.dir))?;
        let mut state = match &options.state_file {
            Some(path) => State::load(path).map_err(file_error(path))?,
            None => State::default(),
        };
        let listener = listen(options.port, state.port).await?;
        let port = listener.local_addr().map(|address| address.port()).unwrap_or_default();
        state.port = port;
        if let Some(account_id) = options.account_id {
            state.account_id = account_id;
        } else if state.account_id.is_empty() {
            state.account_id = uuid::Uuid::new_v4().to_string();
        }
        let client_secret = options.client_secret.unwrap_or_else(|| fresh_secret("dose"));
        let client_id = install_admin(&mut state, options.client_id, &client_secret);
        let log_path = dir.join("requests.log");
        let log = Log::open(&log_path).map_err(file_error(&log_path))?;
        let faults = Faults::default();
        options.faults.into_iter().for_each(|fault| faults.add(fault));
        let settings = Settings {
            port,
            delays: options.delays,
            token_lifetime: options.token_lifetime,
            dir,
            python: options.python,
            r: options.r,
            sql: SqlSettings {
                engine: options.sql.engine,
                chunk_bytes: options.sql.chunk_bytes,
                link_lifetime: options.sql.link_lifetime,
                links: fresh_secret("localcloud-links-"),
                venv: options.sql.venv.or(match &options.aws {
                    Aws::Moto { venv } => Some(venv.clone()),
                    Aws::None => None,
                }),
            },
            secret: fresh_secret("localcloud-"),
            ephemeral: options.ephemeral,
            aws_policy: options.aws_policy.as_deref().map(policy).transpose()?,
            repeats_names: options.repeats_names,
        };
        let inner = Arc::new(Inner {
            state: Mutex::new(state),
            changed: AtomicBool::new(true),
            settings,
            since: time::now(),
            faults,
            log,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            drivers: Drivers::default(),
            contexts: Contexts::default(),
            sql: Sql::new(),
            tls: Tls::new()?,
            state_file: options.state_file,
            aws: OnceLock::new(),
        });
        forget_interrupted_runs(&inner).await;
        if let Aws::Moto { venv } = &options.aws {
            match aws::start(&inner, venv).await {
                Ok(side) => inner.aws.get_or_init(|| side),
                Err(error) => {
                    inner.end().await;
                    return Err(error);
                }
            };
        }
        inner.save();
        let task = tokio::spawn(run(Arc::clone(&inner), listener));
        Ok(Running::new(inner, client_id, client_secret, task))
    }
}

/// Ends what an earlier local cloud in this folder left behind when it was killed.
fn policy(text: &str) -> Result<Policy, StartError> {
    Policy::read(text).map_err(|error| StartError::Aws(format!("the policy of its callers is none: {error}")))
}

async fn forget_interrupted_runs(inner: &Inner) {
    driver::process::end_group(None, &driver::process::mark_of(&inner.settings.dir)).await;
    let known: Vec<String> = inner.with(|state| state.workspaces.keys().map(i64::to_string).collect());
    let folders = std::fs::read_dir(inner.settings.dir.join("workspaces")).into_iter().flatten().flatten();
    for folder in
        folders.filter(|folder| folder.file_name().to_str().is_none_or(|name| !known.iter().any(|id| id == name)))
    {
        // What cannot be removed is in nobody's way: its workspace's number is not given out again.
        let _ = std::fs::remove_dir_all(folder.path());
    }
    let _ = std::fs::remove_dir_all(inner.settings.dir.join("drivers"));
    let _ = std::fs::remove_dir_all(settings::folder(&inner.settings.dir).join("results"));
    let now = inner.now();
    inner.with(|state| {
        let runs = state.workspaces.values_mut().flat_map(|workspace| workspace.runs.values_mut());
        for task in runs.flat_map(|run| run.tasks.iter_mut()) {
            task.end(now, Ending::without_result(Outcome::Failed, "The local cloud was stopped."));
        }
    });
}

/// Listens on the port that was asked for; when any will do, on that of the restored state if it is free, so that the
/// addresses which were given out still hold.
async fn listen(asked: u16, restored: u16) -> Result<TcpListener, StartError> {
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    if asked == 0
        && restored != 0
        && let Ok(listener) = TcpListener::bind(at(restored)).await
    {
        return Ok(listener);
    }
    TcpListener::bind(at(asked)).await.map_err(|source| StartError::Listen { port: asked, source })
}

/// Makes sure of the account's first administrator, with one secret: the given one.
fn install_admin(state: &mut State, client_id: Option<String>, secret: &Secret<String>) -> String {
    let client_id = client_id
        .unwrap_or_else(|| if state.admin.is_empty() { uuid::Uuid::new_v4().to_string() } else { state.admin.clone() });
    let known = state.principal_by_application(&client_id).map(|one| one.id.clone());
    let id = known.unwrap_or_else(|| {
        let id = state.next_id().to_string();
        let principal = Principal {
            id: id.clone(),
            application_id: client_id.clone(),
            display_name: "account-admin".to_owned(),
            active: true,
            roles: vec!["account_admin".to_owned()],
            ..Principal::default()
        };
        state.principals.insert(id.clone(), principal);
        id
    });
    state.admin.clone_from(&client_id);
    state.oauth_secrets.retain(|_, one| one.principal != id);
    let kept = OauthSecret {
        id: "first".to_owned(),
        principal: id,
        hash: hash(secret.expose()),
        created: 0,
        expires: i64::MAX,
    };
    state.oauth_secrets.insert(kept.id.clone(), kept);
    client_id
}

async fn run(inner: Arc<Inner>, listener: TcpListener) {
    let saver = tokio::spawn(keep_saving(Arc::clone(&inner)));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = inner.stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                // Small frames of a terminal must not wait for each other.
                let _ = stream.set_nodelay(true);
                inner.tasks.spawn(connection(Arc::clone(&inner), TokioIo::new(stream)));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    inner.end().await;
    let _ = saver.await;
    inner.save();
}

/// Serves what speaks HTTP: a socket, or a way through the proxy.
pub(crate) async fn connection<S>(inner: Arc<Inner>, stream: S)
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let stop = inner.stop.clone();
    let service = service_fn(move |request| gate::serve(Arc::clone(&inner), request));
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).half_close(false);
    let mut connection = std::pin::pin!(builder.serve_connection(stream, service).with_upgrades());
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(Duration::from_secs(2), connection).await {
                Ok(ended) => ended,
                Err(_) => Ok(()),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}

async fn keep_saving(inner: Arc<Inner>) {
    while !inner.stop.is_cancelled() {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(200)) => {}
            () = inner.stop.cancelled() => {}
        }
        let inner = Arc::clone(&inner);
        let _ = tokio::task::spawn_blocking(move || inner.save()).await;
    }
}
