//! `tunnel node-types`: the instance types that the workspace offers.

use clap::Args;
use databricks::api::clusters::{self, NodeType};
use serde_json::value::RawValue;

use crate::error::Result;
use crate::print;
use crate::workspace::refused;
use crate::workspace::selection::WorkspaceArgs;

/// Which ones.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tunnel node-types --min-memory 32 --graviton
  tunnel node-types --json | jq -r '.[] | select(.num_gpus > 0) | .node_type_id'")]
pub struct NodeTypesArgs {
    /// In which workspace.
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// At least so many cores.
    #[arg(long, value_name = "CORES", default_value_t = 0.0)]
    pub min_cores: f64,
    /// At least so much memory, in GiB.
    #[arg(long, value_name = "GIB", default_value_t = 0.0)]
    pub min_memory: f64,
    /// Only with a GPU.
    #[arg(long)]
    pub gpu: bool,
    /// Only with Graviton processors.
    #[arg(long)]
    pub graviton: bool,
    /// Print JSON, as the API has it.
    #[arg(long)]
    pub json: bool,
}

/// Prints them, the small ones first.
///
/// # Errors
/// When the workspace cannot be asked.
pub async fn run(args: NodeTypesArgs) -> Result<u8> {
    let client = args.workspace.client()?;
    let doing = "cannot ask for the node types";
    let all: Vec<Box<RawValue>> = clusters::node_types(&client).await.map_err(|error| refused(error, doing))?;
    let mut found: Vec<(NodeType, Box<RawValue>)> = all
        .into_iter()
        .filter_map(|raw| Some((serde_json::from_str::<NodeType>(raw.get()).ok()?, raw)))
        .filter(|(one, _)| args.takes(one))
        .collect();
    found.sort_by(|(a, _), (b, _)| {
        let size = |one: &NodeType| (one.num_gpus.unwrap_or_default(), one.memory_mb.unwrap_or_default());
        size(a).cmp(&size(b)).then_with(|| a.node_type_id.cmp(&b.node_type_id))
    });
    if args.json {
        print::json(&found.iter().map(|(_, raw)| raw).collect::<Vec<_>>())?;
        return Ok(0);
    }
    let rows = found.into_iter().map(|(one, _)| {
        let gpus = one.num_gpus.filter(|count| *count > 0).map(|count| count.to_string()).unwrap_or_default();
        let processor = if one.is_graviton == Some(true) { "aarch64" } else { "x86_64" };
        let cores = one.num_cores.map(|cores| cores.to_string()).unwrap_or_default();
        let memory = one.memory_mb.map(|mb| format!("{} GiB", mb / 1024)).unwrap_or_default();
        [one.node_type_id.into(), cores.into(), memory.into(), gpus.into(), processor.into(), one.category.into()]
    });
    print::table(["NODE TYPE", "CORES", "MEMORY", "GPUS", "PROCESSOR", "CATEGORY"], rows.collect())?;
    Ok(0)
}

impl NodeTypesArgs {
    fn takes(&self, one: &NodeType) -> bool {
        one.num_cores.unwrap_or_default() >= self.min_cores
            && one.memory_mb.unwrap_or_default() as f64 >= self.min_memory * 1024.0
            && (!self.gpu || one.num_gpus.unwrap_or_default() > 0)
            && (!self.graviton || one.is_graviton == Some(true))
    }
}
