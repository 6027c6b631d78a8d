//! What a cluster is asked to be, and the checks of the API on it. <https://docs.databricks.com/api/workspace/clusters/create>

use serde_json::{Map, Value, json};

use super::{catalog, cluster_policies, instance_pools};
use crate::answer::{ApiError, set};
use crate::call::Cx;
use crate::store::Store;
use crate::store::fields::{self, Strictness};

/// The type of a specification, in the field lists: what a create can say.
pub(crate) const TYPE: &str = "compute.CreateCluster";

/// Everything that a create or an edit says, with what the API fills in.
pub(crate) type ClusterSpec = Map<String, Value>;

/// Reads and checks what was asked for, and fills in what the API fills in.
pub(crate) fn read(cx: &mut Cx<'_>, body: Value) -> Result<ClusterSpec, ApiError> {
    let strictness = cx.strictness();
    from_request(&cx.workspace()?.store, body, strictness)
}

fn from_request(store: &Store, body: Value, strictness: Strictness) -> Result<ClusterSpec, ApiError> {
    let mut spec = fields::check(TYPE, body, strictness)?;
    spec.remove("clone_from");
    spec.remove("apply_policy_default_values");
    // An empty text says nothing.
    spec.retain(|_, value| *value != json!(""));
    check(store, &spec)?;
    fill(store, &mut spec);
    Ok(spec)
}

/// Another number of workers.
pub(crate) fn resized(store: &Store, spec: &ClusterSpec, wanted: &Map<String, Value>) -> Result<ClusterSpec, ApiError> {
    let mut spec = spec.clone();
    for field in ["num_workers", "autoscale"] {
        match wanted.get(field) {
            Some(value) => spec.insert(field.to_owned(), value.clone()),
            None => spec.remove(field),
        };
    }
    check(store, &spec)?;
    Ok(spec)
}

fn text<'a>(spec: &'a ClusterSpec, field: &str) -> Option<&'a str> {
    spec.get(field).and_then(Value::as_str)
}

fn number(spec: &ClusterSpec, pointer: &str) -> Option<i64> {
    let mut parts = pointer.split('.');
    let first = spec.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))?.as_i64()
}

fn check(store: &Store, spec: &ClusterSpec) -> Result<(), ApiError> {
    let version = text(spec, "spark_version").unwrap_or_default();
    if !catalog::is_spark_version(version) {
        return Err(ApiError::invalid(format!("Invalid spark version {version}.")));
    }
    for (field, kind) in [
        ("instance_pool_id", &instance_pools::KIND),
        ("driver_instance_pool_id", &instance_pools::KIND),
        ("policy_id", &cluster_policies::KIND),
    ] {
        if let Some(id) = text(spec, field).filter(|id| !store.has(kind.key, id)) {
            return Err(ApiError::invalid(format!("{} {id} does not exist.", kind.noun)));
        }
    }
    let pooled = spec.contains_key("instance_pool_id");
    let node_type = text(spec, "node_type_id").or(if pooled { None } else { Some("") });
    for node_type in [node_type, text(spec, "driver_node_type_id")].into_iter().flatten() {
        if !catalog::is_node_type(node_type) {
            let known: Vec<&str> = catalog::node_types().collect();
            let message = format!("Node type {node_type} is not supported. Supported node types: {}", known.join(", "));
            return Err(ApiError::invalid(message));
        }
    }
    if pooled && spec.contains_key("node_type_id") {
        return Err(ApiError::invalid("node_type_id cannot be given with instance_pool_id."));
    }
    if spec.contains_key("num_workers") && spec.contains_key("autoscale") {
        return Err(ApiError::invalid("Exactly one of num_workers and autoscale can be given."));
    }
    if spec.contains_key("autoscale") {
        let least = number(spec, "autoscale.min_workers").unwrap_or_default();
        let most = number(spec, "autoscale.max_workers").unwrap_or_default();
        if least < 0 || least > most || most < 1 {
            let message = "autoscale: min_workers is at most max_workers, and max_workers at least 1.";
            return Err(ApiError::invalid(message));
        }
    }
    if number(spec, "num_workers").is_some_and(|workers| workers < 0) {
        return Err(ApiError::invalid("num_workers is at least 0."));
    }
    match number(spec, "autotermination_minutes") {
        None | Some(0 | 10..=10_000) => {}
        Some(minutes) => {
            return Err(ApiError::invalid(format!(
                "autotermination_minutes {minutes} is neither 0 nor between 10 and 10000."
            )));
        }
    }
    if spec.get("is_single_node") == Some(&json!(true)) {
        if text(spec, "kind") != Some("CLASSIC_PREVIEW") {
            return Err(ApiError::invalid("is_single_node can only be used when kind = CLASSIC_PREVIEW."));
        }
        if number(spec, "num_workers").unwrap_or(0) > 0 || spec.contains_key("autoscale") {
            return Err(ApiError::invalid("A single-node cluster has no workers."));
        }
    }
    let length = |field: &str| spec.get(field).and_then(Value::as_array).map_or(0, Vec::len);
    if length("ssh_public_keys") > 10 || length("init_scripts") > 10 {
        return Err(ApiError::invalid("ssh_public_keys and init_scripts have at most 10 entries."));
    }
    Ok(())
}

fn fill(store: &Store, spec: &mut ClusterSpec) {
    let pool = text(spec, "instance_pool_id").and_then(|id| store.get(instance_pools::KIND.key, id));
    // A cluster of a pool is of the pool's nodes, and its disks and prices are the pool's.
    let node_type = pool.map(|pool| pool.text("node_type_id").to_owned());
    let mut fill = |field: &str, value: Value| {
        spec.entry(field).or_insert(value);
    };
    if let Some(node_type) = &node_type {
        fill("node_type_id", json!(node_type));
    }
    fill("cluster_name", json!(""));
    fill("autotermination_minutes", json!(0));
    fill("enable_elastic_disk", json!(true));
    fill("enable_local_disk_encryption", json!(false));
    if let Some(driver) = spec.get("node_type_id").cloned() {
        spec.entry("driver_node_type_id").or_insert(driver);
    }
    if !spec.contains_key("autoscale") {
        spec.entry("num_workers").or_insert(json!(0));
    }
    if node_type.is_none() {
        let aws = spec.entry("aws_attributes").or_insert(json!({}));
        for (field, value) in [
            ("first_on_demand", json!(1)),
            ("availability", json!("SPOT_WITH_FALLBACK")),
            ("zone_id", json!("auto")),
            ("spot_bid_price_percent", json!(100)),
        ] {
            if aws.get(field).is_none() {
                set(aws, field, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(change: Value) -> Result<ClusterSpec, ApiError> {
        let mut body = json!({"spark_version": "17.3.x-scala2.13", "node_type_id": "m6gd.large", "num_workers": 0});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        from_request(&Store::default(), body, Strictness::Strict)
    }

    fn check(change: Value, expected: Result<(), &str>) {
        let outcome = spec(change.clone()).map(|_| ()).map_err(|error| error.message);
        match expected {
            Ok(()) => assert_eq!(outcome, Ok(()), "{change}"),
            Err(part) => {
                assert!(outcome.as_ref().is_err_and(|message| message.contains(part)), "{change}: {outcome:?}")
            }
        }
    }

    #[test]
    fn a_cluster_is_checked_as_the_api_does() {
        check(json!({}), Ok(()));
        check(json!({"spark_version": "latest"}), Err("Invalid spark version"));
        check(json!({"node_type_id": "toaster"}), Err("not supported"));
        check(json!({"node_type_id": ""}), Err("not supported"));
        check(json!({"autoscale": {"min_workers": 1, "max_workers": 2}}), Err("Exactly one"));
        check(json!({"num_workers": null, "autoscale": {"min_workers": 3, "max_workers": 2}}), Err("min_workers"));
        check(json!({"num_workers": -1}), Err("num_workers is at least 0"));
        check(json!({"autotermination_minutes": 5}), Err("neither 0 nor"));
        check(json!({"autotermination_minutes": 0}), Ok(()));
        check(json!({"is_single_node": true}), Err("CLASSIC_PREVIEW"));
        check(json!({"is_single_node": true, "kind": "CLASSIC_PREVIEW"}), Ok(()));
        check(json!({"data_security_mode": "OPEN"}), Err("data_security_mode"));
        check(json!({"aws_attributes": {"availability": "MAYBE"}}), Err("availability"));
        check(json!({"aws_attributes": {"zone": "a"}}), Err("unknown field"));
        check(json!({"cluster_nam": "typo"}), Err("unknown field"));
        check(json!({"policy_id": "none"}), Err("Cluster policy none does not exist"));
        check(json!({"instance_pool_id": "none"}), Err("Instance pool none does not exist"));
        check(json!({"worker_node_type_flexibility": {"alternate_node_type_ids": ["m5.large"]}}), Ok(()));
    }

    #[test]
    fn the_api_fills_in_what_was_not_said() {
        let spec = spec(json!({"num_workers": null})).unwrap();
        assert_eq!(text(&spec, "driver_node_type_id"), Some("m6gd.large"));
        assert_eq!((number(&spec, "num_workers"), number(&spec, "autotermination_minutes")), (Some(0), Some(0)));
        assert_eq!(number(&spec, "aws_attributes.first_on_demand"), Some(1));
        assert_eq!(spec["aws_attributes"]["availability"], "SPOT_WITH_FALLBACK");
    }
}
