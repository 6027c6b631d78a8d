//! Between a cluster's configuration and the API's: what a create and an edit send, what a read means, and what a change
//! takes. Pure.

use std::collections::BTreeMap;

use databricks::api::clusters::{
    AutoScale as ApiAutoscale, AwsAttributes as ApiAwsAttributes, Cluster as Found, ClusterAttributes, EditCluster,
    ResizeCluster,
};
use tfplugin::{Attr, Marker};

use crate::answer::{sent, text};

use super::cluster::{Autoscale, AwsAttributes, Cluster};

/// What Databricks itself puts into a single-node cluster of the simplified form.
const SINGLE_NODE_TAGS: [&str; 1] = ["ResourceClass"];
const SINGLE_NODE_CONF: [&str; 2] = ["spark.databricks.cluster.profile", "spark.master"];

/// What an update sends.
#[derive(Debug, PartialEq)]
pub(super) enum Change {
    /// Nothing of the cluster's own changes.
    Nothing,
    /// The number of workers alone: a running cluster goes on running.
    Resize(ResizeCluster),
    /// Anything else: a running cluster restarts.
    Edit(Box<EditCluster>),
}

/// The whole description of a cluster, as a create sends it; `marker` adds its tag.
pub(super) fn request_of(plan: &Cluster, marker: Option<&Marker>) -> ClusterAttributes {
    let mut custom_tags = plan.custom_tags.or_default();
    if let Some(marker) = marker {
        custom_tags.insert(Marker::TAG.to_owned(), marker.id.clone());
    }
    let autoscale = autoscale_of(plan);
    let from_pool = plan.instance_pool_id.is_known();
    ClusterAttributes {
        cluster_name: sent(&plan.cluster_name),
        spark_version: sent(&plan.spark_version),
        node_type_id: if from_pool { String::new() } else { sent(&plan.node_type_id) },
        driver_node_type_id: if from_pool { String::new() } else { sent(&plan.driver_node_type_id) },
        instance_pool_id: sent(&plan.instance_pool_id),
        driver_instance_pool_id: sent(&plan.driver_instance_pool_id),
        num_workers: workers_of(plan),
        autoscale,
        autotermination_minutes: plan.autotermination_minutes.known().copied(),
        is_single_node: plan.is_single_node.known().copied(),
        kind: sent(&plan.kind),
        use_ml_runtime: plan.use_ml_runtime.known().copied(),
        data_security_mode: sent(&plan.data_security_mode),
        single_user_name: sent(&plan.single_user_name),
        runtime_engine: sent(&plan.runtime_engine),
        policy_id: sent(&plan.policy_id),
        apply_policy_default_values: plan.apply_policy_default_values.known().copied(),
        enable_elastic_disk: plan.enable_elastic_disk.known().copied(),
        enable_local_disk_encryption: plan.enable_local_disk_encryption.known().copied(),
        spark_conf: plan.spark_conf.or_default(),
        spark_env_vars: plan.spark_env_vars.or_default(),
        custom_tags,
        ssh_public_keys: plan.ssh_public_keys.or_default(),
        aws_attributes: plan.aws_attributes.known().map(aws_request),
        ..ClusterAttributes::default()
    }
}

fn autoscale_of(plan: &Cluster) -> Option<ApiAutoscale> {
    plan.autoscale.known().map(|one| ApiAutoscale {
        min_workers: one.min_workers.known().copied(),
        max_workers: one.max_workers.known().copied(),
    })
}

/// The number of workers, which the API wants also when it is 0; nothing where the cluster decides itself, or where the
/// simplified form says it otherwise.
fn workers_of(plan: &Cluster) -> Option<i64> {
    if plan.autoscale.is_known() || plan.is_single_node.is_true() { None } else { Some(plan.num_workers.or_default()) }
}

fn aws_request(of: &AwsAttributes) -> ApiAwsAttributes {
    ApiAwsAttributes {
        availability: sent(&of.availability),
        first_on_demand: of.first_on_demand.known().copied(),
        zone_id: sent(&of.zone_id),
        instance_profile_arn: sent(&of.instance_profile_arn),
        spot_bid_price_percent: of.spot_bid_price_percent.known().copied(),
        ebs_volume_type: sent(&of.ebs_volume_type),
        ebs_volume_count: of.ebs_volume_count.known().copied(),
        ebs_volume_size: of.ebs_volume_size.known().copied(),
        ebs_volume_iops: of.ebs_volume_iops.known().copied(),
        ebs_volume_throughput: of.ebs_volume_throughput.known().copied(),
    }
}

/// What changes `state` to `plan`.
pub(super) fn change(state: &Cluster, plan: &Cluster, is_running: bool) -> Change {
    let (before, after) = (request_of(state, None), request_of(plan, None));
    if before == after {
        return Change::Nothing;
    }
    let cluster_id = state.id.text().to_owned();
    let resized = ClusterAttributes { num_workers: after.num_workers, autoscale: after.autoscale.clone(), ..before };
    if is_running && resized == after {
        return Change::Resize(ResizeCluster {
            cluster_id,
            num_workers: after.num_workers,
            autoscale: after.autoscale,
        });
    }
    Change::Edit(Box::new(EditCluster { cluster_id, attributes: after }))
}

/// `found` as the state. `known` has what the API does not tell, and which of the values that the API fills in were asked for.
pub(super) fn state_of(known: &Cluster, found: Found) -> Cluster {
    let spec = found.attributes;
    let is_single_node = known.is_single_node.is_true() || spec.is_single_node == Some(true);
    let added = |names: &'static [&'static str]| if is_single_node { names } else { &[] };
    Cluster {
        id: found.cluster_id.clone().into(),
        cluster_id: found.cluster_id.into(),
        cluster_name: present(&known.cluster_name, spec.cluster_name),
        spark_version: text(spec.spark_version),
        node_type_id: text(spec.node_type_id),
        driver_node_type_id: text(spec.driver_node_type_id),
        instance_pool_id: present(&known.instance_pool_id, spec.instance_pool_id),
        driver_instance_pool_id: text(spec.driver_instance_pool_id),
        num_workers: match (&known.num_workers, spec.num_workers) {
            _ if spec.autoscale.is_some() => Attr::Null,
            (Attr::Known(_), workers) => workers.unwrap_or_default().into(),
            (_, None | Some(0)) => Attr::Null,
            (_, Some(workers)) => workers.into(),
        },
        autoscale: spec
            .autoscale
            .map(|one| Autoscale { min_workers: one.min_workers.into(), max_workers: one.max_workers.into() })
            .into(),
        autotermination_minutes: spec.autotermination_minutes.unwrap_or_default().into(),
        is_single_node: told(&known.is_single_node, spec.is_single_node),
        kind: text(spec.kind),
        use_ml_runtime: told(&known.use_ml_runtime, spec.use_ml_runtime),
        data_security_mode: security_mode(&known.data_security_mode, spec.data_security_mode),
        single_user_name: text(spec.single_user_name),
        runtime_engine: text(spec.runtime_engine),
        policy_id: present(&known.policy_id, spec.policy_id),
        apply_policy_default_values: known.apply_policy_default_values.clone(),
        enable_elastic_disk: spec.enable_elastic_disk.into(),
        enable_local_disk_encryption: spec.enable_local_disk_encryption.into(),
        spark_conf: map(&known.spark_conf, spec.spark_conf, added(&SINGLE_NODE_CONF)),
        spark_env_vars: map(&known.spark_env_vars, spec.spark_env_vars, &[]),
        custom_tags: map(&known.custom_tags, spec.custom_tags, added(&SINGLE_NODE_TAGS)),
        ssh_public_keys: match (&known.ssh_public_keys, spec.ssh_public_keys.is_empty()) {
            (Attr::Null | Attr::Unknown, true) => Attr::Null,
            _ => spec.ssh_public_keys.into(),
        },
        aws_attributes: match &known.aws_attributes {
            Attr::Known(known) => aws_state(known, spec.aws_attributes.unwrap_or_default()).into(),
            _ => Attr::Null,
        },
        is_pinned: known.is_pinned.clone(),
        no_wait: known.no_wait.clone(),
        default_tags: found.default_tags.into(),
        state: found.state.as_str().into(),
    }
}

/// An optional text: the API's empty text and none at all are the same.
fn present(known: &Attr<String>, found: String) -> Attr<String> {
    match known {
        Attr::Known(known) if known.is_empty() && found.is_empty() => found.into(),
        _ => text(found),
    }
}

/// An optional flag: false, as configured, and none at all are the same.
fn told(known: &Attr<bool>, found: Option<bool>) -> Attr<bool> {
    match (known, found) {
        (Attr::Known(false), None) => false.into(),
        (Attr::Null | Attr::Unknown, Some(false)) => Attr::Null,
        (_, found) => found.into(),
    }
}

/// The security mode as it is configured, if the API's is another word for it.
fn security_mode(known: &Attr<String>, found: String) -> Attr<String> {
    let same = match (known.text(), found.as_str()) {
        ("DATA_SECURITY_MODE_DEDICATED", "SINGLE_USER") | ("SINGLE_USER", "DATA_SECURITY_MODE_DEDICATED") => true,
        ("DATA_SECURITY_MODE_STANDARD", "USER_ISOLATION") | ("USER_ISOLATION", "DATA_SECURITY_MODE_STANDARD") => true,
        ("DATA_SECURITY_MODE_AUTO", found) => !found.is_empty(),
        _ => false,
    };
    if same { known.clone() } else { text(found) }
}

/// A map without the marker's entry, and without what the API adds, unless it was asked for.
fn map(
    known: &Attr<BTreeMap<String, String>>,
    mut found: BTreeMap<String, String>,
    added: &[&str],
) -> Attr<BTreeMap<String, String>> {
    let asked = known.or_default();
    found.retain(|name, _| name != Marker::TAG && (asked.contains_key(name) || !added.contains(&name.as_str())));
    if found.is_empty() && !known.is_known() { Attr::Null } else { found.into() }
}

/// The configured attributes, as the API has them: those that are not configured are Databricks' to choose.
fn aws_state(known: &AwsAttributes, found: ApiAwsAttributes) -> AwsAttributes {
    fn of<T: Clone>(known: &Attr<T>, found: Option<T>) -> Attr<T> {
        if known.is_known() { found.into() } else { Attr::Null }
    }
    AwsAttributes {
        availability: of(&known.availability, Some(found.availability)),
        first_on_demand: of(&known.first_on_demand, found.first_on_demand),
        zone_id: match known.zone_id.text() {
            // `auto` becomes the zone that was chosen.
            "auto" => known.zone_id.clone(),
            _ => of(&known.zone_id, Some(found.zone_id)),
        },
        instance_profile_arn: of(&known.instance_profile_arn, Some(found.instance_profile_arn)),
        spot_bid_price_percent: of(&known.spot_bid_price_percent, found.spot_bid_price_percent),
        ebs_volume_type: of(&known.ebs_volume_type, Some(found.ebs_volume_type)),
        ebs_volume_count: of(&known.ebs_volume_count, found.ebs_volume_count),
        ebs_volume_size: of(&known.ebs_volume_size, found.ebs_volume_size),
        ebs_volume_iops: of(&known.ebs_volume_iops, found.ebs_volume_iops),
        ebs_volume_throughput: of(&known.ebs_volume_throughput, found.ebs_volume_throughput),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster() -> Cluster {
        Cluster {
            id: "0123-456789-abcdefgh".into(),
            spark_version: "17.3.x-scala2.13".into(),
            node_type_id: "m6gd.large".into(),
            num_workers: 2.into(),
            autotermination_minutes: 60.into(),
            ..Cluster::default()
        }
    }

    #[test]
    fn a_create_sends_its_zeros_and_its_marker() {
        let marker = Marker { id: "0a1b".into(), since: jiff::Timestamp::UNIX_EPOCH };
        let plan = Cluster { num_workers: 0.into(), autotermination_minutes: 0.into(), ..cluster() };
        let body = serde_json::to_value(request_of(&plan, Some(&marker))).unwrap();
        assert_eq!(body["num_workers"], 0);
        assert_eq!(body["autotermination_minutes"], 0);
        assert_eq!(body["custom_tags"][Marker::TAG], "0a1b");
        assert!(body.get("policy_id").is_none());
    }

    #[test]
    fn a_running_cluster_is_resized_and_any_other_change_edits_it() {
        let check = |plan: Cluster, is_running: bool, expected: &str| {
            let kind = match change(&cluster(), &plan, is_running) {
                Change::Nothing => "nothing",
                Change::Resize(_) => "resize",
                Change::Edit(_) => "edit",
            };
            assert_eq!(kind, expected);
        };
        check(cluster(), true, "nothing");
        check(
            Cluster { no_wait: true.into(), is_pinned: true.into(), state: Attr::Unknown, ..cluster() },
            true,
            "nothing",
        );
        check(Cluster { num_workers: 3.into(), ..cluster() }, true, "resize");
        check(Cluster { num_workers: 3.into(), ..cluster() }, false, "edit");
        check(Cluster { num_workers: 3.into(), cluster_name: "b".into(), ..cluster() }, true, "edit");
        check(Cluster { autotermination_minutes: 0.into(), ..cluster() }, true, "edit");
    }

    #[test]
    fn what_databricks_adds_to_a_single_node_is_no_drift() {
        let found = Found {
            attributes: ClusterAttributes {
                is_single_node: Some(true),
                custom_tags: [("ResourceClass", "SingleNode"), ("team", "data"), (Marker::TAG, "0a1b")]
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .into(),
                spark_conf: BTreeMap::from([("spark.master".to_owned(), "local[*]".to_owned())]),
                ..ClusterAttributes::default()
            },
            ..Found::default()
        };
        let known = Cluster { is_single_node: true.into(), ..Cluster::default() };
        let state = state_of(&known, found);
        assert_eq!(state.custom_tags, BTreeMap::from([("team".to_owned(), "data".to_owned())]).into());
        assert_eq!(state.spark_conf, Attr::Null);
    }

    #[test]
    fn security_modes_have_two_names() {
        let check = |known: Attr<String>, found: &str, expected: &str| {
            assert_eq!(security_mode(&known, found.to_owned()).text(), expected);
        };
        check("DATA_SECURITY_MODE_DEDICATED".into(), "SINGLE_USER", "DATA_SECURITY_MODE_DEDICATED");
        check("SINGLE_USER".into(), "SINGLE_USER", "SINGLE_USER");
        check("SINGLE_USER".into(), "USER_ISOLATION", "USER_ISOLATION");
        check("DATA_SECURITY_MODE_AUTO".into(), "USER_ISOLATION", "DATA_SECURITY_MODE_AUTO");
        check(Attr::Null, "SINGLE_USER", "SINGLE_USER");
    }

    #[test]
    fn a_zone_that_databricks_chose_is_no_drift() {
        let known = AwsAttributes { zone_id: "auto".into(), first_on_demand: 1.into(), ..AwsAttributes::default() };
        let found = ApiAwsAttributes {
            zone_id: "eu-west-1b".into(),
            first_on_demand: Some(2),
            availability: "SPOT".into(),
            ..ApiAwsAttributes::default()
        };
        let state = aws_state(&known, found);
        assert_eq!((state.zone_id.text(), state.first_on_demand, state.availability), ("auto", 2.into(), Attr::Null));
    }
}
