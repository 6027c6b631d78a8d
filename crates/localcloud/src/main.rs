//! `localcloud`: a Databricks control plane for one machine.

mod cli;
mod logs;
mod stdout;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser as _;
use cli::{Cli, Command, FaultCommand, Up};
use localcloud::instance::folder::{Folder, Note};
use localcloud::instance::{client, detach, env, mirror, orphans, status};
use localcloud::{Aws, Delays, Fault, Options, Overview, Running, Server, Sql, SqlEngine};
use reqwest::Method;
use tokio::signal::unix::{SignalKind, signal};

type Outcome = Result<ExitCode, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let detached = std::env::var_os(detach::DETACHED).is_some();
    if detached {
        // A session of its own: the terminal's end and its Ctrl-C are not ours. It fails only for who has one already.
        let _ = nix::unistd::setsid();
    }
    let filter = tracing_subscriber::EnvFilter::try_from_env("LOCALCLOUD_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("localcloud=info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error),
    };
    runtime.block_on(run(cli, detached)).unwrap_or_else(|error| complain(error.as_ref()))
}

fn complain(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("localcloud: {error}");
    ExitCode::FAILURE
}

async fn run(cli: Cli, detached: bool) -> Outcome {
    match cli.command {
        Command::Up(up) if up.detach && !detached => up_detached(&cli.dir, &up).await,
        Command::Up(up) => up_here(&cli.dir, *up).await,
        Command::Down => {
            let was_up = detach::stop(&Folder::existing(&cli.dir)).await?;
            eprintln!("{}", if was_up { "The local cloud is stopped." } else { "The local cloud was not running." });
            Ok(ExitCode::SUCCESS)
        }
        Command::Status { json } => tell_status(&cli.dir, json).await,
        Command::Logs(wanted) => logs::print(&Folder::existing(&cli.dir), &wanted).await,
        Command::Env { proxy, unset } => {
            let name = match (proxy, unset) {
                (false, false) => "env",
                (true, false) => "env-proxy",
                (false, true) => "env-unset",
                (true, true) => "env-proxy-unset",
            };
            // What undoes it is wanted afterwards too.
            if !unset {
                running(&cli.dir).await?;
            }
            let path = Folder::existing(&cli.dir).path(name);
            let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
                ErrorKind::NotFound => format!("no local cloud was started in {}", cli.dir.display()),
                _ => format!("{}: {error}", path.display()),
            })?;
            print(text.trim_end())
        }
        Command::Fault(FaultCommand::Add { json }) => {
            let fault = serde_json::to_value(parse_fault(&json)?)?;
            client::ask(&running(&cli.dir).await?, Method::POST, "faults", Some(&fault)).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Fault(FaultCommand::List) => {
            let faults = client::ask(&running(&cli.dir).await?, Method::GET, "faults", None).await?;
            print(&serde_json::to_string_pretty(&faults)?)
        }
        Command::Fault(FaultCommand::Clear) => {
            client::ask(&running(&cli.dir).await?, Method::DELETE, "faults", None).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::ExpireTokens => {
            client::ask(&running(&cli.dir).await?, Method::POST, "expire-tokens", None).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Reset => {
            client::ask(&running(&cli.dir).await?, Method::POST, "reset", None).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn tell_status(dir: &Path, as_json: bool) -> Outcome {
    let note = running(dir).await?;
    let folder = Folder::existing(dir);
    let overview: Overview = serde_json::from_value(client::ask(&note, Method::GET, "overview", None).await?)?;
    if !as_json {
        return print(status::text(folder.root(), &note, &overview).trim_end());
    }
    let holds = client::ask(&note, Method::GET, "state", None).await?;
    print(&serde_json::to_string_pretty(&status::json(folder.root(), &note, holds, &overview)?)?)
}

/// The local cloud that runs in a folder.
async fn running(dir: &Path) -> Result<Note, Box<dyn std::error::Error>> {
    let folder = Folder::existing(dir);
    match folder.note().filter(|_| folder.is_locked()) {
        Some(note) if client::is_healthy(&note).await => Ok(note),
        Some(note) => Err(format!(
            "the local cloud (process {}) does not answer; its log is {}",
            note.pid,
            folder.path("localcloud.log").display()
        )
        .into()),
        None => Err(format!("no local cloud runs in {}: start it with `localcloud up --detach`", dir.display()).into()),
    }
}

async fn up_detached(dir: &Path, up: &Up) -> Outcome {
    let folder = Folder::create(dir)?;
    if folder.is_locked() {
        mirror::write(&folder, &bin_dir(up)?)?;
        wait_for_other(&folder).await?;
        eprintln!("The local cloud is already up. Next: . {}", folder.path("env").display());
        return Ok(ExitCode::SUCCESS);
    }
    if !up.no_aws && up.venv.is_none() && !folder.path("venv/bin/moto_server").exists() {
        let minutes = match up.sql_engine {
            SqlEngine::Duckdb => "two",
            SqlEngine::Spark => "five",
        };
        eprintln!(
            "Installing moto and the SQL engine into {} (once, about {minutes} minutes)",
            folder.path("venv").display()
        );
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    detach::start(&folder, &std::env::current_exe()?, &arguments).await?;
    eprintln!("The local cloud is up. Next: . {}", folder.path("env").display());
    Ok(ExitCode::SUCCESS)
}

/// Waits until the one that holds the lock is healthy: it may be starting.
async fn wait_for_other(folder: &Folder) -> Result<(), Box<dyn std::error::Error>> {
    for _ in 0..1200 {
        if let Some(note) = folder.note()
            && client::is_healthy(&note).await
        {
            return Ok(());
        }
        if !folder.is_locked() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    Err(format!("the local cloud in {} does not answer: stop it with `localcloud down`", folder.root().display())
        .into())
}

async fn up_here(dir: &Path, up: Up) -> Outcome {
    let folder = Folder::create(dir)?;
    let Some(lock) = folder.lock()? else {
        eprintln!("A local cloud is already up in {}.", folder.root().display());
        return Ok(ExitCode::SUCCESS);
    };
    folder.forget();
    orphans::adopt()?;
    let bin = bin_dir(&up)?;
    mirror::write(&folder, &bin)?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let options = options(&folder, up)?;
    let running = tokio::select! {
        started = Server::start(options) => started?,
        _ = terminate.recv() => return Ok(ExitCode::FAILURE),
        _ = interrupt.recv() => return Ok(ExitCode::FAILURE),
    };
    announce(&folder, &running, &bin)?;
    tokio::select! {
        () = running.stopped() => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    running.stop().await;
    orphans::end().await;
    folder.forget();
    drop(lock);
    Ok(ExitCode::SUCCESS)
}

/// Writes what others find it by, the note last.
fn announce(folder: &Folder, running: &Running, bin: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let authorities = folder.path("authorities.pem");
    folder.write_private("authorities.pem", &running.authorities())?;
    for (file, mut variables) in [("env", running.env()), ("env-proxy", running.proxy_env(&authorities))] {
        variables.push(("TF_CLI_CONFIG_FILE", folder.path("terraformrc").display().to_string()));
        variables.push(("CHECKPOINT_DISABLE", "1".to_owned()));
        variables.push(("DATABRICKS_TUNNEL_HOME", folder.path("tunnel").display().to_string()));
        variables.push(("TUNNEL_BINARY", bin.join("tunnel").display().to_string()));
        folder.write_private(file, &env::text(&variables, bin))?;
        folder.write_private(&format!("{file}-unset"), &env::undoing(&variables))?;
    }
    let note = Note {
        pid: std::process::id(),
        port: running.port(),
        account_id: running.account_id(),
        aws_endpoint: running.aws_endpoint(),
        secret: running.secret().clone(),
    };
    folder.write_private("instance.json", &serde_json::to_string(&note)?)?;
    tracing::info!(accounts = running.accounts_host(), aws = note.aws_endpoint, "up");
    Ok(())
}

fn options(folder: &Folder, up: Up) -> Result<Options, Box<dyn std::error::Error>> {
    let venv = up.venv.unwrap_or_else(|| folder.path("venv"));
    let sql = Sql {
        engine: up.sql_engine,
        venv: Some(venv.clone()),
        chunk_bytes: up.sql_chunk_bytes,
        link_lifetime: up.sql_link_lifetime,
    };
    let aws = if up.no_aws { Aws::None } else { Aws::Moto { venv } };
    Ok(Options {
        port: up.port,
        state_file: up.state,
        delays: Delays::scaled(up.provisioning),
        token_lifetime: up.token_lifetime,
        faults: up.fault.iter().map(|json| parse_fault(json)).collect::<Result<_, _>>()?,
        aws,
        aws_policy: up.aws_policy.as_deref().map(read_policy).transpose()?,
        python: up.python,
        r: up.r,
        sql,
        ..Options::for_tests(folder.root())
    })
}

fn read_policy(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))
}

fn parse_fault(json: &str) -> Result<Fault, String> {
    serde_json::from_str(json).map_err(|error| format!("{json} is not a fault: {error}"))
}

/// The folder of the provider and of `tunnel`.
fn bin_dir(up: &Up) -> std::io::Result<PathBuf> {
    match &up.bin_dir {
        Some(dir) => dir.canonicalize(),
        None => Ok(std::env::current_exe()?.canonicalize()?.parent().map(Path::to_owned).unwrap_or_default()),
    }
}

/// What was asked for goes to stdout.
fn print(text: &str) -> Outcome {
    stdout::write(format!("{text}\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
