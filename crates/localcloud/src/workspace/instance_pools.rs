//! Instance pools. <https://docs.databricks.com/api/workspace/instancepools>

use serde_json::json;

use super::catalog;
use crate::answer::ApiError;
use crate::call::Cx;
use crate::store::Object;
use crate::store::kind::{Id, Kind, RPC, Told};

/// The row.
pub(crate) const KIND: Kind = Kind {
    noun: "Instance pool",
    key: "instance_pools",
    path: "/api/{version}/instance-pools",
    calls: &[RPC],
    id: ("instance_pool_id", Id::Hex),
    create: "compute.CreateInstancePool",
    change: "compute.EditInstancePool",
    object: "compute.GetInstancePool",
    items: "instance_pools",
    created: Told::Id,
    changed: Told::Nothing,
    admins: "manage instance pools",
    permissions: "instance-pools",
    make,
    ..Kind::PLAIN
};

fn make(cx: &mut Cx<'_>, object: &mut Object) -> Result<(), ApiError> {
    let node_type = object.text("node_type_id");
    if !catalog::is_node_type(node_type) {
        return Err(ApiError::invalid(format!("Node type {node_type} is not supported.")));
    }
    let name = cx.name()?;
    object.fill("min_idle_instances", 0);
    object.fill("idle_instance_autotermination_minutes", 60);
    object.fill("enable_elastic_disk", true);
    object.set("state", "ACTIVE");
    object.set("stats", json!({"used_count": 0, "idle_count": 0, "pending_used_count": 0, "pending_idle_count": 0}));
    let tags = json!({
        "Vendor": "Databricks",
        "DatabricksInstancePoolCreatorId": cx.caller()?.principal,
        "DatabricksInstancePoolId": object.text("instance_pool_id"),
        "Creator": name,
    });
    object.set("default_tags", tags);
    Ok(())
}
