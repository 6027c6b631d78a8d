//! The `tunnel` program: reads the command line, runs the command, and turns its end into an exit code.

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use ssh_endpoint::SshEndpoint;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;
use tunnel::cli::{Cli, Command, Subject};
use tunnel::commands::{
    code, connect, cp, doctor, forget, forward, job, keys, list, login, logs, official_server, proxy, server, setup,
    speedtest, status, stop,
};
use tunnel::error::Result;
use tunnel::jobs::supervisor::Claim;
use tunnel::{editor, environment, print, say, words};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let level = environment::variable("TUNNEL_LOG").unwrap_or_else(|| "error".to_owned());
    // Levels by module, without the regular expressions of an EnvFilter: they would be a tenth of the program.
    let levels: Targets = level.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::ERROR));
    tracing_subscriber::registry().with(fmt::layer().with_writer(std::io::stderr).with_filter(levels)).init();
    let is_server = matches!(cli.command, Command::Server(_) | Command::Ssh(_));
    let mut builder = if is_server {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = match builder.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say!("tunnel: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(run(cli.command));
    // A read of stdin that nobody waits for any more must not keep the process.
    runtime.shutdown_background();
    match ended {
        Ok(code) => ExitCode::from(code),
        // As a program ends that SIGPIPE ends.
        Err(error) if error.is_unread() => ExitCode::from(141),
        Err(error) => {
            // Much of it may come from the far side.
            say!("tunnel: {}", words::printable(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<u8> {
    match command {
        Command::Login(args) => login::run(args).await,
        Command::Connect(args) => connect::run(args).await,
        Command::Setup(args) => setup::run(args).await,
        Command::Cp(args) => cp::run(args).await,
        Command::Forward(args) => forward::run(args).await,
        Command::Code(args) => code::run(editor::CODE, args).await,
        Command::Cursor(args) => code::run(editor::CURSOR, args).await,
        Command::List(args) => list::run(args).await,
        Command::Forget(args) => forget::run(&args),
        Command::Status(args) => status::run(args).await,
        Command::Logs(args) => logs::run(args).await,
        Command::Stop(args) => stop::run(args).await,
        Command::Doctor(args) => doctor::run(args).await,
        Command::Speedtest(args) => speedtest::run(args).await,
        Command::Keys(args) => keys::run(args).await,
        Command::Proxy(args) => proxy::run(args).await.map(|()| 0),
        Command::Server(args) => server::run(args).await.map(|()| 0),
        Command::Ssh(args) => official_server::run(args).await.map(|()| 0),
        Command::Job(args) => job::run(args).await,
        Command::JobSupervisor { nonce, umask, login } => {
            Claim { folder: std::env::current_dir().unwrap_or_default(), nonce, umask, login }.run().await.map(|()| 0)
        }
        Command::Schema { subject: Subject::Endpoint } => print::json(&schemars::schema_for!(SshEndpoint)).map(|()| 0),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "tunnel", &mut text);
            print::bytes(&text).map(|()| 0)
        }
    }
}
