//! `tunnel ssh server`: the server as the official tool's notebook starts it, where the endpoint's program lies under that tool's
//! name. Its flags are the official ones; what it writes and reads is where that tool looks for it.

use std::time::Duration;

use clap::{Args, Subcommand};
use databricks::ssh_endpoint::official;
use databricks::{Client, Config};

use crate::commands::server::{self, ServerArgs};
use crate::endpoint::start::explain;
use crate::error::Result;
use crate::server::ssh_server::Choice;
use crate::websocket::dial::USER_AGENT;

/// What the official tool's program is asked for.
#[derive(Debug, Args)]
pub struct SshArgs {
    #[command(subcommand)]
    command: SshCommand,
}

#[derive(Debug, Subcommand)]
enum SshCommand {
    /// Serve SSH on a driver.
    Server(OfficialServerArgs),
}

/// The official flags. Those that mean nothing here are taken all the same.
#[derive(Debug, Args)]
struct OfficialServerArgs {
    #[arg(long, default_value = "")]
    cluster: String,
    #[arg(long)]
    session_id: String,
    #[arg(long)]
    secret_scope_name: String,
    #[arg(long)]
    authorized_key_secret_name: String,
    #[arg(long, default_value_t = 10)]
    max_clients: usize,
    #[arg(long, default_value = "10m", value_parser = humantime::parse_duration)]
    shutdown_delay: Duration,
    #[arg(long)]
    version: String,
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", action = clap::ArgAction::Set)]
    serverless: bool,
    #[arg(long, default_value = "")]
    usage_policy_id: String,
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", action = clap::ArgAction::Set)]
    keep_detached_processes: bool,
    #[arg(long)]
    log_level: Option<String>,
    #[arg(long)]
    log_format: Option<String>,
    #[arg(long)]
    log_file: Option<String>,
}

/// Serves.
///
/// # Errors
/// As `tunnel server`.
pub async fn run(args: SshArgs) -> Result<()> {
    let SshCommand::Server(args) = args.command;
    tracing::debug!(?args, "started by the official tool");
    let client = Client::new(Config { user_agent: Some(USER_AGENT.to_owned()), ..Config::default() })
        .map_err(|error| explain(error, "no workspace in the environment"))?;
    let me = client.me().await.map_err(|error| explain(error, "cannot sign in"))?;
    server::run(ServerArgs {
        directory: official::directory(&me.user_name, &args.version, &args.session_id),
        secret_scope: args.secret_scope_name.clone(),
        instance_id: uuid::Uuid::new_v4().simple().to_string(),
        max_clients: args.max_clients,
        shutdown_delay: args.shutdown_delay,
        usage_policy_id: args.usage_policy_id,
        // The official tool does not say what it asked for.
        compute: String::new(),
        official_directory: None,
        official_scope: Some(args.secret_scope_name),
        listen: None,
        ssh_server: Choice::Auto,
        end_with_stdin: false,
    })
    .await
}
