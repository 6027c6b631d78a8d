//! `tunnel cluster events`.

use std::time::{Duration, UNIX_EPOCH};

use clap::Args;
use databricks::Client;
use databricks::api::clusters::{self, ClusterEvent};
use serde_json::value::RawValue;

use crate::error::Result;
use crate::print;
use crate::table::Cell;
use crate::workspace::clusters::find;
use crate::workspace::names;
use crate::workspace::refused;

/// Of which cluster.
#[derive(Debug, Args)]
pub(super) struct EventsArgs {
    /// The cluster's id or name.
    #[arg(value_name = "CLUSTER", add = names::clusters())]
    cluster: String,
    /// How many, from the last one back.
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    limit: usize,
    /// Print JSON, as the API has it.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(client: &Client, args: EventsArgs) -> Result<u8> {
    let id = find(client, &args.cluster).await?.cluster_id;
    let doing = "cannot ask for the cluster's events";
    if args.json {
        let raw: Vec<Box<RawValue>> =
            clusters::events(client, &id, args.limit).await.map_err(|error| refused(error, doing))?;
        print::json(&raw)?;
        return Ok(0);
    }
    let events: Vec<ClusterEvent> =
        clusters::events(client, &id, args.limit).await.map_err(|error| refused(error, doing))?;
    print::table(["WHEN", "EVENT", "DETAILS"], events.iter().map(row).collect())?;
    Ok(0)
}

fn row(event: &ClusterEvent) -> [Cell; 3] {
    let at = event.timestamp.and_then(|at| u64::try_from(at).ok()).map(|at| UNIX_EPOCH + Duration::from_millis(at));
    let details = event.details.clone().unwrap_or_default();
    let mut words = Vec::new();
    if let Some(reason) = details.reason {
        words.push(reason.code);
    }
    if !details.user.is_empty() {
        words.push(format!("by {}", details.user));
    }
    match (details.current_num_workers, details.target_num_workers) {
        (Some(now), Some(then)) if now != then => words.push(format!("{now} of {then} workers")),
        (Some(now), _) => words.push(format!("{now} workers")),
        _ => {}
    }
    [at.map(print::time).unwrap_or_default().into(), event.kind.as_str().into(), words.join(", ").into()]
}
