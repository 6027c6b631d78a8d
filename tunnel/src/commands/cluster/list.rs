//! `tunnel cluster list`.

use clap::Args;
use databricks::Client;
use databricks::api::clusters::{self, ClusterState, ListedCluster};
use serde_json::value::RawValue;

use crate::error::Result;
use crate::print::{self, JsonArray};
use crate::table::{Cell, Tint};
use crate::workspace::refused;

/// How to list.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only clusters in this state, such as RUNNING. May be given several times.
    #[arg(long, value_name = "STATE", ignore_case = true)]
    state: Vec<String>,
    /// Print JSON, as the API has it.
    #[arg(long)]
    json: bool,
}

const LISTING: &str = "cannot list the clusters";

pub(super) async fn run(client: &Client, args: ListArgs) -> Result<u8> {
    let is_wanted = |cluster: &ListedCluster| {
        args.state.is_empty() || args.state.iter().any(|state| state.eq_ignore_ascii_case(cluster.state.as_str()))
    };
    if args.json {
        let mut pages = clusters::pages::<Box<RawValue>>(client);
        let mut array = JsonArray::begin();
        while let Some(page) = pages.next().await.map_err(|error| refused(error, LISTING))? {
            for raw in page {
                if args.state.is_empty() || serde_json::from_str(raw.get()).is_ok_and(|cluster| is_wanted(&cluster)) {
                    array.add(&raw)?;
                }
            }
        }
        array.end()?;
        return Ok(0);
    }
    let mut pages = clusters::pages::<ListedCluster>(client);
    let mut rows = Vec::new();
    while let Some(page) = pages.next().await.map_err(|error| refused(error, LISTING))? {
        rows.extend(page.iter().filter(|cluster| is_wanted(cluster)).map(row));
    }
    print::table(["ID", "NAME", "STATE", "RUNTIME", "NODE TYPE", "WORKERS", "CREATOR"], rows)?;
    Ok(0)
}

fn row(cluster: &ListedCluster) -> [Cell; 7] {
    let workers = match (&cluster.autoscale, cluster.num_workers) {
        (Some(scale), _) => {
            format!("{} to {}", scale.min_workers.unwrap_or_default(), scale.max_workers.unwrap_or_default())
        }
        (None, count) => count.unwrap_or_default().to_string(),
    };
    [
        cluster.cluster_id.as_str().into(),
        cluster.cluster_name.as_str().into(),
        tint(&cluster.state).cell(cluster.state.as_str()),
        cluster.spark_version.as_str().into(),
        cluster.node_type_id.as_str().into(),
        workers.into(),
        cluster.creator_user_name.as_str().into(),
    ]
}

/// How a state looks.
pub(super) fn tint(state: &ClusterState) -> Tint {
    match state {
        ClusterState::Running | ClusterState::Resizing => Tint::Good,
        ClusterState::Error | ClusterState::Unknown => Tint::Bad,
        ClusterState::Terminated | ClusterState::Terminating => Tint::Faint,
        _ => Tint::Active,
    }
}
