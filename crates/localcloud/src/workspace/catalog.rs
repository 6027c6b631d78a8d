//! What clusters can be made of: node types, runtime versions, zones. A choice of the real lists.

use http::Method;
use serde_json::{Value, json};

use crate::answer::{Answer, ApiError, set};
use crate::call::Cx;
use crate::route::{Route, route};

/// The endpoints.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::GET, "/api/{version}/clusters/list-node-types", list_node_types),
    route(Method::GET, "/api/{version}/clusters/spark-versions", spark_versions),
    route(Method::GET, "/api/{version}/clusters/list-zones", list_zones),
];

/// Id, cores, memory in MB, category, whether it is of the Graviton kind, and its local disks.
const NODE_TYPES: &[(&str, f64, u32, &str, bool, u32)] = &[
    ("m6gd.large", 2.0, 8192, "General Purpose", true, 1),
    ("m6gd.xlarge", 4.0, 16384, "General Purpose", true, 1),
    ("m5.large", 2.0, 8192, "General Purpose", false, 0),
    ("m5.xlarge", 4.0, 16384, "General Purpose", false, 0),
    ("m5d.large", 2.0, 8192, "General Purpose", false, 1),
    ("m7g.large", 2.0, 8192, "General Purpose", true, 0),
    ("md-fleet.xlarge", 4.0, 16384, "General Purpose (Fleet)", false, 0),
    ("r5d.2xlarge", 8.0, 65536, "Memory Optimized", false, 1),
    ("r6id.large", 2.0, 16384, "Memory Optimized", false, 1),
    ("r6id.xlarge", 4.0, 32768, "Memory Optimized", false, 1),
    ("c6gd.xlarge", 4.0, 8192, "Compute Optimized", true, 1),
    ("i3.xlarge", 4.0, 31232, "Storage Optimized", false, 1),
    ("i3.2xlarge", 8.0, 62464, "Storage Optimized", false, 1),
    ("i4i.xlarge", 4.0, 32768, "Storage Optimized", false, 1),
    ("g5.xlarge", 4.0, 16384, "GPU Accelerated", false, 1),
];

/// Key and name, the newest first.
const SPARK_VERSIONS: &[(&str, &str)] = &[
    ("17.3.x-scala2.13", "17.3 LTS (includes Apache Spark 4.0.0, Scala 2.13)"),
    ("17.3.x-cpu-ml-scala2.13", "17.3 LTS ML (includes Apache Spark 4.0.0, Scala 2.13)"),
    ("17.3.x-gpu-ml-scala2.13", "17.3 LTS ML (includes Apache Spark 4.0.0, GPU, Scala 2.13)"),
    ("17.0.x-scala2.13", "17.0 (includes Apache Spark 4.0.0, Scala 2.13)"),
    ("16.4.x-cpu-ml-scala2.12", "16.4 LTS ML (includes Apache Spark 3.5.2, Scala 2.12)"),
    ("16.4.x-gpu-ml-scala2.12", "16.4 LTS ML (includes Apache Spark 3.5.2, GPU, Scala 2.12)"),
    ("16.4.x-scala2.12", "16.4 LTS (includes Apache Spark 3.5.2, Scala 2.12)"),
    ("16.4.x-scala2.13", "16.4 LTS (includes Apache Spark 3.5.2, Scala 2.13)"),
    ("15.4.x-scala2.12", "15.4 LTS (includes Apache Spark 3.5.0, Scala 2.12)"),
];

/// Whether a node type is on the list.
pub(crate) fn is_node_type(id: &str) -> bool {
    node_types().any(|known| known == id)
}

/// The ids of the node types.
pub(crate) fn node_types() -> impl Iterator<Item = &'static str> {
    NODE_TYPES.iter().map(|(id, ..)| *id)
}

/// Whether a runtime version is on the list.
pub(crate) fn is_spark_version(key: &str) -> bool {
    SPARK_VERSIONS.iter().any(|(known, _)| *known == key)
}

fn list_node_types(_: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let all: Vec<Value> = NODE_TYPES
        .iter()
        .map(|(id, cores, memory, category, graviton, disks)| {
            let mut machine = json!({"instance_type_id": id, "local_disks": disks});
            if *disks > 0 {
                set(&mut machine, "local_disk_size_gb", json!(118));
            }
            json!({
                "node_type_id": id,
                "instance_type_id": id,
                "memory_mb": memory,
                "num_cores": cores,
                "num_gpus": u32::from(category.starts_with("GPU")),
                "category": category,
                "description": id,
                "is_deprecated": false,
                "is_graviton": graviton,
                "support_ebs_volumes": true,
                "support_cluster_tags": true,
                "node_instance_type": machine,
            })
        })
        .collect();
    Ok(Answer::json(&json!({"node_types": all})))
}

fn spark_versions(_: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let all: Vec<Value> = SPARK_VERSIONS.iter().map(|(key, name)| json!({"key": key, "name": name})).collect();
    Ok(Answer::json(&json!({"versions": all})))
}

fn list_zones(cx: &mut Cx<'_>) -> Result<Answer, ApiError> {
    let region = cx.workspace()?.info.text("aws_region").to_owned();
    let zones: Vec<String> = ["a", "b", "c"].iter().map(|letter| format!("{region}{letter}")).collect();
    Ok(Answer::json(&json!({"default_zone": zones.first(), "zones": zones})))
}
