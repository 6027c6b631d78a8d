//! `tunnel status`: whether an endpoint's server runs, and what it does.

use std::time::Duration;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::existing::Existing;
use crate::commands::selection::NamedEndpointArgs;
use crate::error::Result;
use crate::print;
use crate::server::status::ServerStatus;

/// The exit code where no server runs, as of `systemctl status`.
const NOT_RUNNING: u8 = 3;

/// What to look at.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 the server runs, 3 it does not, 1 it is not known.

Examples:
  tunnel status
  tunnel status --endpoint demo --json | jq .server.sessions")]
pub struct StatusArgs {
    /// Which endpoint.
    #[command(flatten)]
    pub selection: NamedEndpointArgs,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What is printed.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Report<'a> {
    name: &'a str,
    host: &'a str,
    cluster_id: &'a str,
    running: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<ServerStatus>,
}

/// Prints it.
///
/// # Errors
/// When there is no endpoint, or the workspace or the server cannot be asked.
pub async fn run(args: StatusArgs) -> Result<u8> {
    let existing = Existing::of(&args.selection.into()).await?;
    let status = match &existing.server {
        Some(server) => existing.status(server).await?,
        None => None,
    };
    let report = Report {
        name: &existing.endpoint.name,
        host: &existing.endpoint.host,
        cluster_id: &existing.endpoint.cluster_id,
        running: existing.server.is_some(),
        port: existing.server.as_ref().map(|server| server.port),
        server: status,
    };
    if args.json {
        print::json(&report)?;
    } else {
        print::pairs(lines(&report))?;
    }
    Ok(if report.running { 0 } else { NOT_RUNNING })
}

fn lines<'a>(report: &Report<'_>) -> Vec<(&'a str, String)> {
    let mut lines = vec![
        ("endpoint", report.name.to_owned()),
        ("workspace", report.host.to_owned()),
        ("cluster", report.cluster_id.to_owned()),
        ("server", if report.running { "running" } else { "not running" }.to_owned()),
    ];
    if let Some(server) = &report.server {
        let time = |seconds| humantime::format_duration(Duration::from_secs(seconds)).to_string();
        let waiting = match server.waiting_sessions {
            0 => String::new(),
            count => format!(", and {count} whose connection is lost may come back"),
        };
        lines.extend([
            ("version", server.version.clone()),
            ("user", server.user.clone()),
            ("running for", time(server.uptime_seconds)),
            ("sessions", format!("{} of {}{waiting}", server.sessions, server.max_clients)),
            ("jobs", server.jobs.to_string()),
            ("ends after", format!("{} without a session or a job", time(server.shutdown_delay_seconds))),
        ]);
    }
    lines
}
