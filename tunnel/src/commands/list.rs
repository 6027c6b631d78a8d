//! `tunnel list`: the endpoints of this folder's outputs and those that this machine was connected to.

use std::time::Duration;

use clap::Args;
use futures_util::future::join_all;
use schemars::JsonSchema;
use serde::Serialize;
use ssh_endpoint::SshEndpoint;
use tokio::time::timeout;

use crate::commands::existing::Existing;
use crate::commands::setup;
use crate::endpoint::known;
use crate::endpoint::selection::Selection;
use crate::error::Result;
use crate::home::home;
use crate::table::{Cell, Tint};
use crate::{print, say};

/// How long one endpoint may take to say whether its server runs.
const LIMIT: Duration = Duration::from_secs(10);

/// What to list.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tunnel list
  tunnel list --offline --json | jq -r '.[].name'")]
pub struct ListArgs {
    /// File with the outputs, as `terraform output -json` prints them; `-` is stdin.
    #[arg(long, value_name = "FILE")]
    pub outputs: Option<std::path::PathBuf>,
    /// Do not ask whether the servers run.
    #[arg(long)]
    pub offline: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Row {
    name: String,
    host: String,
    cluster_id: String,
    /// `running`, `stopped`, `unknown`, or nothing when it was not asked.
    #[serde(skip_serializing_if = "str::is_empty")]
    server: &'static str,
    /// Why that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Names under which ssh goes there.
    ssh_hosts: Vec<String>,
}

/// Prints them.
///
/// # Errors
/// When the outputs that were named cannot be read.
pub async fn run(args: ListArgs) -> Result<u8> {
    let selection = Selection { outputs: args.outputs, ..Selection::default() };
    // A folder without outputs is no error here, but a file that was named is.
    let mut endpoints = match selection.all() {
        Err(error) if selection.outputs.is_some() => return Err(error),
        found => found.unwrap_or_default(),
    };
    for known in known::all(&home()?) {
        if !endpoints.iter().any(|endpoint| endpoint.host_key_alias() == known.host_key_alias()) {
            endpoints.push(known);
        }
    }
    let hosts = setup::hosts_by_alias()?;
    let rows = join_all(endpoints.into_iter().map(|endpoint| {
        let alias = endpoint.host_key_alias();
        let ssh_hosts = hosts.iter().filter(|(_, of)| *of == alias).map(|(name, _)| name.clone()).collect();
        row(endpoint, args.offline, ssh_hosts)
    }))
    .await;
    if args.json {
        print::json(&rows)?;
        return Ok(0);
    }
    if rows.is_empty() {
        say!("tunnel: no endpoint is known here: tunnel connect --outputs FILE makes one known");
        return Ok(0);
    }
    print::table(["NAME", "SERVER", "SSH HOSTS", "CLUSTER", "WORKSPACE"], rows.iter().map(cells).collect())?;
    for row in &rows {
        if let Some(reason) = &row.reason {
            say!("tunnel: {} on {}: {reason}", row.name, row.host);
        }
    }
    if rows.iter().any(|row| row.reason.is_some()) {
        say!("tunnel forget NAME takes one away that is gone.");
    }
    Ok(0)
}

fn cells(row: &Row) -> [Cell; 5] {
    let tint = match row.server {
        "running" => Tint::Good,
        "unknown" => Tint::Bad,
        _ => Tint::Faint,
    };
    let hosts = row.ssh_hosts.join(" ");
    [
        row.name.as_str().into(),
        tint.cell(row.server),
        hosts.into(),
        row.cluster_id.as_str().into(),
        row.host.as_str().into(),
    ]
}

async fn row(endpoint: SshEndpoint, offline: bool, ssh_hosts: Vec<String>) -> Row {
    let (name, host, cluster_id) = (endpoint.name.clone(), endpoint.host.clone(), endpoint.cluster_id.clone());
    let (server, reason) = if offline {
        ("", None)
    } else {
        match timeout(LIMIT, Existing::at(endpoint.into())).await {
            Ok(Ok(Existing { server: Some(_), .. })) => ("running", None),
            Ok(Ok(_)) => ("stopped", None),
            Ok(Err(error)) => ("unknown", Some(error.to_string())),
            Err(_) => ("unknown", Some(format!("the workspace did not answer within {} seconds", LIMIT.as_secs()))),
        }
    };
    Row { name, host, cluster_id, server, reason, ssh_hosts }
}
