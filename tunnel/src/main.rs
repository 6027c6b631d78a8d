//! The `tunnel` program: reads the command line, runs the command, and turns its end into an exit code.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::CompleteEnv;
use tunnel::cli::{Cli, Command};
use tunnel::commands::{
    api, auth, cluster, code, command, completions, connect, context, cp, doctor, exec, forget, forward, job, keys,
    list, login, logs, man, mcp, node_types, official_server, proxy, schema, server, setup, sftp, speedtest, sql,
    status, stop, warehouse, whoami,
};
use tunnel::error::Result;
use tunnel::jobs::supervisor::Claim;
use tunnel::{completion, editor, logging, say, words};

fn main() -> ExitCode {
    CompleteEnv::with_factory(Cli::command).var(completion::VARIABLE).complete();
    let cli = Cli::read();
    logging::start(if cli.debug { cli.verbose.max(2) } else { cli.verbose });
    // Many connections, or one whose bytes are encrypted while others come from a disk.
    let has_threads = matches!(cli.command, Command::Server(_) | Command::Ssh(_) | Command::Sftp(_));
    let mut builder = if has_threads {
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
    let ended = runtime.block_on(run(cli.command, cli.debug));
    // A read of stdin that nobody waits for any more must not keep the process.
    runtime.shutdown_background();
    match ended {
        Ok(code) => ExitCode::from(code),
        // As a program ends that SIGPIPE ends.
        Err(error) if error.is_unread() => ExitCode::from(141),
        Err(error) => {
            // Much of it may come from the far side.
            say!("tunnel: {}", words::printable(&error.to_string()));
            ExitCode::from(error.exit_code())
        }
    }
}

async fn run(command: Command, debug: bool) -> Result<u8> {
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
        Command::Api(args) => api::run(args, debug).await,
        Command::Exec(args) => exec::run(args).await,
        Command::Context(args) => context::run(args).await,
        Command::Command(args) => command::run(args).await,
        Command::Cluster(args) => cluster::run(args).await,
        Command::NodeTypes(args) => node_types::run(args).await,
        Command::Warehouse(args) => warehouse::run(args).await,
        Command::Sql(args) => sql::run(args).await,
        Command::Sftp(args) => sftp::run(args).await,
        Command::Mcp(args) => mcp::run(args).await,
        Command::Whoami(args) => whoami::run(args).await,
        Command::Auth(args) => auth::run(args).await,
        Command::Proxy(args) => proxy::run(args).await.map(|()| 0),
        Command::Server(args) => server::run(args).await.map(|()| 0),
        Command::Ssh(args) => official_server::run(args).await.map(|()| 0),
        Command::Job(args) => job::run(args).await,
        Command::JobSupervisor { nonce, umask, login } => {
            Claim { folder: std::env::current_dir().unwrap_or_default(), nonce, umask, login }.run().await.map(|()| 0)
        }
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(args, Cli::command()),
    }
}
