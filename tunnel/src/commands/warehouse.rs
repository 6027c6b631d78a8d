//! `tunnel warehouse`: the workspace's SQL warehouses.

use clap::{Args, Subcommand};
use databricks::Client;
use databricks::api::warehouses::{self, Warehouse, WarehouseState};
use serde_json::value::RawValue;

use crate::error::{Context, Error, Result};
use crate::table::{Cell, Tint};
use crate::workspace::names;
use crate::workspace::refused;
use crate::workspace::selection::WorkspaceArgs;
use crate::workspace::waiting::{Wait, until};
use crate::workspace::warehouses::find;
use crate::{print, say};

/// What to do with warehouses.
#[derive(Debug, Args)]
#[command(after_help = "A warehouse is named by its id or by its name.

Exit codes: 0 done, 3 there is no such warehouse, 4 not signed in or not allowed, 1 anything else.

Examples:
  tunnel warehouse list
  tunnel warehouse start reports --wait
  tunnel warehouse get reports --json | jq -r .odbc_params.path")]
pub struct WarehouseArgs {
    /// In which workspace.
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    #[command(subcommand)]
    command: WarehouseCommand,
}

#[derive(Debug, Subcommand)]
enum WarehouseCommand {
    /// List the warehouses.
    List(ListArgs),
    /// Show one warehouse.
    Get(GetArgs),
    /// Start a warehouse.
    Start(ChangeArgs),
    /// Stop a warehouse.
    Stop(ChangeArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Only warehouses in this state, such as RUNNING. May be given several times.
    #[arg(long, value_name = "STATE", ignore_case = true)]
    state: Vec<String>,
    /// Print JSON, as the API has it.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct GetArgs {
    /// The warehouse's id or name.
    #[arg(value_name = "WAREHOUSE", add = names::warehouses())]
    warehouse: String,
    /// Print JSON, as the API has it.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct ChangeArgs {
    /// The warehouse's id or name.
    #[arg(value_name = "WAREHOUSE", add = names::warehouses())]
    warehouse: String,
    /// Wait until it is done.
    #[arg(long)]
    wait: bool,
}

/// Does it.
///
/// # Errors
/// When there is no such warehouse, or the workspace refuses.
pub async fn run(args: WarehouseArgs) -> Result<u8> {
    let client = args.workspace.client()?;
    match args.command {
        WarehouseCommand::List(args) => list(&client, &args).await,
        WarehouseCommand::Get(args) => get(&client, &args).await,
        WarehouseCommand::Start(args) => change(&client, &START, args).await,
        WarehouseCommand::Stop(args) => change(&client, &STOP, args).await,
    }
}

async fn list(client: &Client, args: &ListArgs) -> Result<u8> {
    let listed: Vec<Box<RawValue>> =
        warehouses::list(client).await.map_err(|error| refused(error, "cannot list the warehouses"))?;
    let mut wanted = Vec::new();
    for raw in listed {
        let warehouse: Warehouse =
            serde_json::from_str(raw.get()).context(|| "the workspace's answer is no list of warehouses".to_owned())?;
        let is_wanted = |state: &String| state.eq_ignore_ascii_case(warehouse.state.as_str());
        if args.state.is_empty() || args.state.iter().any(is_wanted) {
            wanted.push((raw, warehouse));
        }
    }
    if args.json {
        print::json(&wanted.into_iter().map(|(raw, _)| raw).collect::<Vec<_>>())?;
        return Ok(0);
    }
    let rows = wanted.iter().map(|(_, warehouse)| row(warehouse)).collect();
    print::table(["ID", "NAME", "STATE", "SIZE", "TYPE", "STOPS AFTER", "CREATOR"], rows)?;
    Ok(0)
}

fn row(warehouse: &Warehouse) -> [Cell; 7] {
    [
        warehouse.id.as_str().into(),
        warehouse.name.as_str().into(),
        tint(&warehouse.state).cell(warehouse.state.as_str()),
        warehouse.cluster_size.as_str().into(),
        kind(warehouse).into(),
        stops_after(warehouse).into(),
        warehouse.creator_name.as_str().into(),
    ]
}

fn tint(state: &WarehouseState) -> Tint {
    match state {
        WarehouseState::Running => Tint::Good,
        WarehouseState::Stopped | WarehouseState::Stopping => Tint::Faint,
        WarehouseState::Deleting | WarehouseState::Deleted => Tint::Bad,
        _ => Tint::Active,
    }
}

fn kind(warehouse: &Warehouse) -> String {
    let serverless = if warehouse.enable_serverless_compute == Some(true) { " serverless" } else { "" };
    format!("{}{serverless}", warehouse.warehouse_type)
}

fn stops_after(warehouse: &Warehouse) -> String {
    match warehouse.auto_stop_mins {
        None => String::new(),
        Some(0) => "never".to_owned(),
        Some(minutes) => format!("{minutes}m"),
    }
}

async fn get(client: &Client, args: &GetArgs) -> Result<u8> {
    let warehouse = find(client, &args.warehouse).await?;
    if args.json {
        let doing = "cannot look at the warehouse";
        let raw: Box<RawValue> = warehouses::get(client, &warehouse.id).await.map_err(|error| refused(error, doing))?;
        print::json(&raw)?;
        return Ok(0);
    }
    print::pairs([
        ("id", warehouse.id.clone()),
        ("name", warehouse.name.clone()),
        ("state", warehouse.state.to_string()),
        ("health", health(&warehouse)),
        ("size", warehouse.cluster_size.clone()),
        ("type", kind(&warehouse)),
        ("clusters", warehouse.num_clusters.map(|count| count.to_string()).unwrap_or_default()),
        ("stops after", stops_after(&warehouse)),
        ("made by", warehouse.creator_name.clone()),
    ])?;
    Ok(0)
}

/// What is wrong with it, if anything is.
fn health(warehouse: &Warehouse) -> String {
    let Some(health) = &warehouse.health else { return String::new() };
    let words = [&health.summary, &health.message, &health.details].into_iter().find(|words| !words.is_empty());
    words.map_or_else(|| health.status.clone(), |words| format!("{}: {words}", health.status))
}

/// What becomes of a warehouse.
struct Change {
    verb: &'static str,
    done: WarehouseState,
    under_way: WarehouseState,
    /// Where it does not come from what was asked for any more.
    failed: &'static [WarehouseState],
}

const START: Change = Change {
    verb: "start",
    done: WarehouseState::Running,
    under_way: WarehouseState::Starting,
    failed: &[WarehouseState::Stopped, WarehouseState::Deleting, WarehouseState::Deleted],
};
const STOP: Change = Change {
    verb: "stop",
    done: WarehouseState::Stopped,
    under_way: WarehouseState::Stopping,
    failed: &[WarehouseState::Deleting, WarehouseState::Deleted],
};

async fn change(client: &Client, change: &Change, args: ChangeArgs) -> Result<u8> {
    let Warehouse { id, name, state, .. } = find(client, &args.warehouse).await?;
    let verb = change.verb;
    if state == change.done {
        say!("tunnel: the warehouse {name} is {state} already");
        return Ok(0);
    }
    if state != change.under_way {
        let asked = warehouses::command(client, verb, &id).await;
        asked.map_err(|error| refused(error, &format!("cannot {verb} the warehouse {name}")))?;
    }
    if !args.wait {
        say!("tunnel: the warehouse {name} is asked to {verb}: tunnel warehouse get {id}");
        return Ok(0);
    }
    until(&format!("to {verb} the warehouse {name}"), async || {
        let now: Warehouse =
            warehouses::get(client, &id).await.map_err(|error| refused(error, "cannot look at the warehouse"))?;
        if now.state == change.done {
            return Ok(Wait::Done(()));
        }
        let words = health(&now);
        if change.failed.contains(&now.state) {
            return Err(Error::new(format!("the warehouse {name} did not {verb}: {} ({words})", now.state)));
        }
        Ok(Wait::Stage(format!("the warehouse {name}: {}", now.state)))
    })
    .await?;
    say!("tunnel: the warehouse {name} is {}", change.done);
    Ok(0)
}
