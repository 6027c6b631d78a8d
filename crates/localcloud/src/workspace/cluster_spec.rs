//! What a cluster is asked to be, and the checks of the API on it. <https://docs.databricks.com/api/workspace/clusters/create>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::catalog;
use crate::answer::ApiError;

/// Everything that a create or an edit can say on AWS.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClusterSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cluster_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) spark_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) node_type_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) driver_node_type_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) num_workers: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) autoscale: Option<Autoscale>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) autotermination_minutes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aws_attributes: Option<AwsAttributes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data_security_mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) single_user_name: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) spark_conf: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) spark_env_vars: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) custom_tags: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ssh_public_keys: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    init_scripts: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_log_conf: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    docker_image: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_pool_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    driver_instance_pool_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_id: Option<String>,
    #[serde(skip_serializing)]
    apply_policy_default_values: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enable_elastic_disk: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enable_local_disk_encryption: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runtime_engine: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workload_type: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_single_node: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    use_ml_runtime: Option<bool>,
}

/// The range of workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Autoscale {
    min_workers: u32,
    max_workers: u32,
}

/// What is AWS's own about a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AwsAttributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    first_on_demand: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    availability: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_profile_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spot_bid_price_percent: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ebs_volume_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ebs_volume_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ebs_volume_size: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ebs_volume_iops: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ebs_volume_throughput: Option<u32>,
}

const SECURITY_MODES: &[&str] = &[
    "DATA_SECURITY_MODE_AUTO",
    "DATA_SECURITY_MODE_DEDICATED",
    "DATA_SECURITY_MODE_STANDARD",
    "LEGACY_PASSTHROUGH",
    "LEGACY_SINGLE_USER",
    "LEGACY_SINGLE_USER_STANDARD",
    "LEGACY_TABLE_ACL",
    "NONE",
    "SINGLE_USER",
    "USER_ISOLATION",
];
const AVAILABILITIES: &[&str] = &["ON_DEMAND", "SPOT", "SPOT_WITH_FALLBACK"];
const VOLUME_TYPES: &[&str] = &["GENERAL_PURPOSE_SSD", "THROUGHPUT_OPTIMIZED_HDD"];

impl ClusterSpec {
    /// Reads and checks what was asked for, and fills in what the API fills in.
    pub(crate) fn from_request(body: Value, creator: &str) -> Result<Self, ApiError> {
        let mut spec: Self = serde_json::from_value(body)
            .map_err(|error| ApiError::malformed(format!("Could not parse request object: {error}")))?;
        spec.check()?;
        spec.fill(creator);
        Ok(spec)
    }

    fn check(&self) -> Result<(), ApiError> {
        let version = self.spark_version.as_deref().unwrap_or_default();
        if !catalog::is_spark_version(version) {
            return Err(ApiError::invalid(format!("Invalid spark version {version}.")));
        }
        if self.instance_pool_id.is_some() || self.driver_instance_pool_id.is_some() {
            return Err(ApiError::invalid("The instance pool does not exist: the local cloud has none."));
        }
        if self.policy_id.is_some() {
            return Err(ApiError::invalid("The cluster policy does not exist: the local cloud has none."));
        }
        for node_type in
            [self.node_type_id.as_deref().or(Some("")), self.driver_node_type_id.as_deref()].into_iter().flatten()
        {
            if !catalog::is_node_type(node_type) {
                let known: Vec<&str> = catalog::node_types().collect();
                let message =
                    format!("Node type {node_type} is not supported. Supported node types: {}", known.join(", "));
                return Err(ApiError::invalid(message));
            }
        }
        match (self.num_workers, self.autoscale) {
            (Some(_), Some(_)) => {
                return Err(ApiError::invalid("Exactly one of num_workers and autoscale can be given."));
            }
            (_, Some(range)) if range.min_workers > range.max_workers || range.max_workers == 0 => {
                return Err(ApiError::invalid(
                    "autoscale: min_workers is at most max_workers, and max_workers at least 1.",
                ));
            }
            _ => {}
        }
        match self.autotermination_minutes {
            None | Some(0 | 10..=10_000) => {}
            Some(minutes) => {
                return Err(ApiError::invalid(format!(
                    "autotermination_minutes {minutes} is neither 0 nor between 10 and 10000."
                )));
            }
        }
        if self.is_single_node == Some(true) {
            if self.kind.as_deref() != Some("CLASSIC_PREVIEW") {
                return Err(ApiError::invalid("is_single_node can only be used when kind = CLASSIC_PREVIEW."));
            }
            if self.num_workers.unwrap_or(0) > 0 || self.autoscale.is_some() {
                return Err(ApiError::invalid("A single-node cluster has no workers."));
            }
        }
        if self.ssh_public_keys.len() > 10 || self.init_scripts.len() > 10 {
            return Err(ApiError::invalid("ssh_public_keys and init_scripts have at most 10 entries."));
        }
        one_of("data_security_mode", self.data_security_mode.as_deref(), SECURITY_MODES)?;
        one_of("kind", self.kind.as_deref(), &["CLASSIC_PREVIEW"])?;
        one_of("runtime_engine", self.runtime_engine.as_deref(), &["STANDARD", "PHOTON", "NULL"])?;
        if let Some(aws) = &self.aws_attributes {
            one_of("availability", aws.availability.as_deref(), AVAILABILITIES)?;
            one_of("ebs_volume_type", aws.ebs_volume_type.as_deref(), VOLUME_TYPES)?;
        }
        Ok(())
    }

    fn fill(&mut self, creator: &str) {
        self.driver_node_type_id = self.driver_node_type_id.take().or_else(|| self.node_type_id.clone());
        self.cluster_name.get_or_insert_default();
        self.autotermination_minutes.get_or_insert(0);
        self.enable_elastic_disk.get_or_insert(true);
        self.enable_local_disk_encryption.get_or_insert(false);
        if self.autoscale.is_none() {
            self.num_workers.get_or_insert(0);
        }
        let dedicated =
            matches!(self.data_security_mode.as_deref(), Some("SINGLE_USER" | "DATA_SECURITY_MODE_DEDICATED"));
        if dedicated {
            self.single_user_name.get_or_insert_with(|| creator.to_owned());
        }
        let aws = self.aws_attributes.get_or_insert_default();
        aws.first_on_demand.get_or_insert(1);
        aws.availability.get_or_insert_with(|| "SPOT_WITH_FALLBACK".to_owned());
        aws.zone_id.get_or_insert_with(|| "auto".to_owned());
        aws.spot_bid_price_percent.get_or_insert(100);
    }

    /// Another number of workers.
    pub(crate) fn resize(&mut self, num_workers: Option<u32>, autoscale: Option<Autoscale>) -> Result<(), ApiError> {
        let resized = Self { num_workers, autoscale, ..self.clone() };
        resized.check()?;
        *self = resized;
        Ok(())
    }
}

fn one_of(field: &str, value: Option<&str>, allowed: &[&str]) -> Result<(), ApiError> {
    match value {
        Some(value) if !allowed.contains(&value) => {
            Err(ApiError::invalid(format!("{field} {value} is none of {}.", allowed.join(", "))))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(change: Value, expected: Result<(), &str>) {
        let mut body = json!({"spark_version": "17.3.x-scala2.13", "node_type_id": "m6gd.large", "num_workers": 0});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let outcome = ClusterSpec::from_request(body, "ada").map(|_| ()).map_err(|error| error.message);
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
        check(json!({"autoscale": {"min_workers": 1, "max_workers": 2}}), Err("Exactly one"));
        check(json!({"num_workers": null, "autoscale": {"min_workers": 3, "max_workers": 2}}), Err("min_workers"));
        check(json!({"autotermination_minutes": 5}), Err("neither 0 nor"));
        check(json!({"autotermination_minutes": 0}), Ok(()));
        check(json!({"is_single_node": true}), Err("CLASSIC_PREVIEW"));
        check(json!({"is_single_node": true, "kind": "CLASSIC_PREVIEW"}), Ok(()));
        check(json!({"data_security_mode": "OPEN"}), Err("data_security_mode"));
        check(json!({"aws_attributes": {"availability": "MAYBE"}}), Err("availability"));
        check(json!({"aws_attributes": {"zone": "a"}}), Err("unknown field"));
        check(json!({"cluster_nam": "typo"}), Err("unknown field"));
    }

    #[test]
    fn the_api_fills_in_what_was_not_said() {
        let body = json!({
            "spark_version": "17.3.x-scala2.13", "node_type_id": "m6gd.large", "data_security_mode": "SINGLE_USER",
        });
        let spec = ClusterSpec::from_request(body, "ada").unwrap();
        assert_eq!(spec.single_user_name.as_deref(), Some("ada"));
        assert_eq!(spec.driver_node_type_id.as_deref(), Some("m6gd.large"));
        assert_eq!((spec.num_workers, spec.autotermination_minutes), (Some(0), Some(0)));
    }
}
