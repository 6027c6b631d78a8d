//! `tunnel cluster get`.

use clap::Args;
use databricks::Client;
use databricks::api::clusters::{self, Cluster};
use serde_json::value::RawValue;

use crate::error::Result;
use crate::print;
use crate::workspace::clusters::find;
use crate::workspace::names;
use crate::workspace::refused;

/// Which one.
#[derive(Debug, Args)]
pub(super) struct GetArgs {
    /// The cluster's id or name.
    #[arg(value_name = "CLUSTER", add = names::clusters())]
    cluster: String,
    /// Print JSON, as the API has it.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(client: &Client, args: GetArgs) -> Result<u8> {
    let cluster = find(client, &args.cluster).await?;
    if args.json {
        let raw: Box<RawValue> = clusters::get(client, &cluster.cluster_id)
            .await
            .map_err(|error| refused(error, "cannot look at the cluster"))?;
        print::json(&raw)?;
    } else {
        print::pairs(lines(&cluster))?;
    }
    Ok(0)
}

fn lines(cluster: &Cluster) -> Vec<(&'static str, String)> {
    let Cluster { cluster_id, attributes, state, state_message, termination_reason, .. } = cluster;
    let ended = termination_reason.as_ref().map(|reason| {
        let parameters = reason.parameters.iter().map(|(name, value)| format!(", {name} {value}"));
        format!("{} ({}){}", reason.code, reason.kind, parameters.collect::<String>())
    });
    vec![
        ("id", cluster_id.clone()),
        ("name", attributes.cluster_name.clone()),
        ("state", state.to_string()),
        ("message", state_message.clone()),
        ("ended by", ended.unwrap_or_default()),
        ("runtime", attributes.spark_version.clone()),
        ("node type", attributes.node_type_id.clone()),
        ("driver", attributes.driver_node_type_id.clone()),
        ("access mode", attributes.data_security_mode.clone()),
        ("for", attributes.single_user_name.clone()),
    ]
}
