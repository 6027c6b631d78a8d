//! What is no change of a cluster although configuration and state are written differently, and what makes no sense. Pure.

use tfplugin::{Attr, Diagnostic, Error};

use super::Cluster;
use super::blocks::{AwsAttributes, AzureAttributes, GcpAttributes, InitScript, Library, S3Destination};
use super::description::{LEGACY_CONF, is_same_mode};
use crate::tags::{self, Limits};
use crate::words::meant;

/// The security modes of the API's reference. Others may come.
const MODES: &[&str] = &[
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
/// A cluster has 45 tags of its own at most (the API's reference), and this provider's mark is one of them. The rest is AWS's.
const TAGS: Limits = Limits { key: 128, value: 256, count: 44 };

/// Checks that the schema cannot express.
pub(super) fn validate(config: &Cluster) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut refuse =
        |at: &str, summary: &str, detail: &str| found.push(Error::new(summary).detail(detail).at(at).into());
    if let Some(minutes @ 1..10) = config.autotermination_minutes.known() {
        refuse(
            "autotermination_minutes",
            &format!("A cluster cannot stop after {minutes} minutes of idleness"),
            "autotermination_minutes is 10 to 10000, or 0 for a cluster that never stops by itself.",
        );
    }
    let version = config.spark_version.text();
    if !version.is_empty() && version.chars().all(|one| one.is_ascii_digit() || one == '.') {
        refuse(
            "spark_version",
            &format!("{version:?} is no Databricks Runtime"),
            "Its key says more than the number: 17.3.x-scala2.13, say. The API lists them: GET /api/2.1/clusters/spark-versions.",
        );
    }
    if let Some(mode) = meant(config.data_security_mode.text(), MODES) {
        refuse(
            "data_security_mode",
            &format!("{:?} is no data_security_mode", config.data_security_mode.text()),
            &format!("Write {mode}."),
        );
    }
    let workers = config.autoscale.known().and_then(|one| Some((*one.min_workers.known()?, *one.max_workers.known()?)));
    if let Some((least, most)) = workers.filter(|(least, most)| least > most) {
        refuse(
            "autoscale.min_workers",
            &format!("A cluster cannot have at least {least} and at most {most} workers"),
            "min_workers is no more than max_workers.",
        );
    }
    let has_workers = config.num_workers.known().is_some_and(|workers| *workers > 0);
    if has_workers && config.autoscale.is_known() {
        refuse("num_workers", "num_workers and autoscale are both set", "Keep the one that is meant.");
    }
    if config.is_single_node.is_true() {
        if has_workers || config.autoscale.is_known() {
            refuse("is_single_node", "A single-node cluster has no workers", "Remove num_workers and autoscale.");
        }
        if config.kind.is_null() {
            refuse("is_single_node", "is_single_node needs kind", "Set kind = \"CLASSIC_PREVIEW\".");
        }
    }
    if config.node_type_id.is_null() && config.instance_pool_id.is_null() && config.policy_id.is_null() {
        refuse(
            "node_type_id",
            "node_type_id is missing",
            "A cluster needs an instance type, an instance pool, or a policy that says which.",
        );
    }
    let pools =
        [("instance_pool_id", &config.instance_pool_id), ("driver_instance_pool_id", &config.driver_instance_pool_id)];
    let types = [("node_type_id", &config.node_type_id), ("driver_node_type_id", &config.driver_node_type_id)];
    for (pool, _) in pools.iter().filter(|(_, pool)| pool.is_known()) {
        for (of_type, _) in types.iter().filter(|(_, of_type)| of_type.is_known()) {
            refuse(
                of_type,
                &format!("{of_type} and {pool} are both set"),
                "The pool says what its nodes are: keep one of the two.",
            );
        }
    }
    let clouds = [
        ("aws_attributes", config.aws_attributes.is_known()),
        ("azure_attributes", config.azure_attributes.is_known()),
        ("gcp_attributes", config.gcp_attributes.is_known()),
    ];
    let clouds: Vec<&str> = clouds.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| *name).collect();
    if let [first, second, ..] = clouds.as_slice() {
        refuse(second, &format!("{first} and {second} are both set"), "A cluster runs in one cloud: keep its block.");
    }
    for library in config.library.known().into_iter().flat_map(|all| all.iter()) {
        if kinds(library) > 1 {
            refuse("library", "A library block names several libraries", "Write one block for each.");
        }
    }
    found.extend(tags::problems("custom_tags", &config.custom_tags, &TAGS));
    found
}

/// How many libraries a block names.
fn kinds(library: &Library) -> usize {
    let Library { pypi, maven, cran, whl, jar, requirements, egg } = library;
    let blocks = [pypi.is_known(), maven.is_known(), cran.is_known()];
    let texts = [whl, jar, requirements, egg].map(Attr::is_known);
    blocks.into_iter().chain(texts).filter(|is_set| *is_set).count()
}

/// Puts what is no change back to what is known of the cluster, so that nothing is planned where nothing would be sent.
pub(super) fn plan(prior: Option<&Cluster>, config: &Cluster, planned: &mut Cluster) {
    // Blocks that Databricks may fill in are not shown where nobody asked for them.
    none_if_unknown(&mut planned.aws_attributes, &config.aws_attributes);
    none_if_unknown(&mut planned.azure_attributes, &config.azure_attributes);
    none_if_unknown(&mut planned.gcp_attributes, &config.gcp_attributes);
    none_if_unknown(&mut planned.provider_config, &config.provider_config);
    let Some(prior) = prior else { return };

    // What a block of a cloud does not say stays; so does a whole block that is not configured, unless it is to be cleared.
    let clears = config.clear_cloud_attributes_on_remove.is_true();
    cloud(&mut planned.aws_attributes, &prior.aws_attributes, &config.aws_attributes, clears, aws);
    cloud(&mut planned.azure_attributes, &prior.azure_attributes, &config.azure_attributes, clears, azure);
    cloud(&mut planned.gcp_attributes, &prior.gcp_attributes, &config.gcp_attributes, clears, gcp);

    zero(&mut planned.is_single_node, &prior.is_single_node, &config.is_single_node);
    zero(&mut planned.use_ml_runtime, &prior.use_ml_runtime, &config.use_ml_runtime);
    zero(&mut planned.remote_disk_throughput, &prior.remote_disk_throughput, &config.remote_disk_throughput);
    zero(
        &mut planned.total_initial_remote_disk_size,
        &prior.total_initial_remote_disk_size,
        &config.total_initial_remote_disk_size,
    );
    if let (Attr::Known(planned), Some(prior), Some(config)) =
        (&mut planned.cluster_log_conf, prior.cluster_log_conf.known(), config.cluster_log_conf.known())
    {
        s3(&mut planned.s3, &prior.s3, &config.s3);
    }
    if let (Attr::Known(planned), Some(prior), Some(config)) =
        (&mut planned.init_scripts, prior.init_scripts.known(), config.init_scripts.known())
    {
        for ((planned, prior), config) in planned.iter_mut().zip(prior).zip(config) {
            let InitScript { s3: planned, .. } = planned;
            s3(planned, &prior.s3, &config.s3);
        }
    }

    if let (Some(asked), Some(known)) = (config.data_security_mode.known(), prior.data_security_mode.known())
        && is_same_mode(asked, known)
    {
        planned.data_security_mode = known.as_str().into();
    }
    if let Some(conf) = prior.spark_conf.known().filter(|conf| conf.contains_key(LEGACY_CONF)) {
        let mut without = conf.clone();
        without.remove(LEGACY_CONF);
        if !config.spark_conf.is_unknown() && config.spark_conf.or_default() == without {
            planned.spark_conf = prior.spark_conf.clone();
        }
    }
    // Another pool brings other instance types, and its driver is of that pool too.
    if planned.instance_pool_id != prior.instance_pool_id {
        for (planned, config) in [
            (&mut planned.node_type_id, &config.node_type_id),
            (&mut planned.driver_node_type_id, &config.driver_node_type_id),
            (&mut planned.driver_instance_pool_id, &config.driver_instance_pool_id),
            (&mut planned.state, &Attr::Null),
        ] {
            if config.is_null() {
                *planned = Attr::Unknown;
            }
        }
    }
    // If nothing changes, nothing that Databricks decides does either.
    let mut unchanged = planned.clone();
    macro_rules! as_before {
        ($($name:ident)*) => {
            $(if unchanged.$name.is_unknown() && config.$name.is_null() {
                unchanged.$name = prior.$name.clone();
            })*
        };
    }
    as_before!(node_type_id driver_node_type_id driver_instance_pool_id data_security_mode single_user_name runtime_engine
        enable_elastic_disk enable_local_disk_encryption default_tags url state);
    if unchanged == *prior {
        *planned = unchanged;
    }
}

fn none_if_unknown<T>(planned: &mut Attr<T>, config: &Attr<T>) {
    if planned.is_unknown() && config.is_null() {
        *planned = Attr::Null;
    }
}

/// What is not configured stays as it is known.
fn stays<T: Clone>(planned: &mut Attr<T>, prior: &Attr<T>, config: &Attr<T>) {
    if config.is_null() && prior.is_known() {
        *planned = prior.clone();
    }
}

/// `false` or 0 of what is not configured is nothing.
fn zero<T: Clone + Default + PartialEq>(planned: &mut Attr<T>, prior: &Attr<T>, config: &Attr<T>) {
    if prior.known().is_some_and(|prior| *prior == T::default()) {
        stays(planned, prior, config);
    }
}

fn s3(planned: &mut Attr<S3Destination>, prior: &Attr<S3Destination>, config: &Attr<S3Destination>) {
    if let (Attr::Known(planned), Some(prior), Some(config)) = (planned, prior.known(), config.known()) {
        zero(&mut planned.enable_encryption, &prior.enable_encryption, &config.enable_encryption);
    }
}

fn cloud<T: Clone>(planned: &mut Attr<T>, prior: &Attr<T>, config: &Attr<T>, clears: bool, inside: fn(&mut T, &T, &T)) {
    match (planned, prior.known(), config) {
        (planned, Some(prior), Attr::Null) => *planned = if clears { Attr::Null } else { prior.clone().into() },
        (Attr::Known(planned), Some(prior), Attr::Known(config)) => inside(planned, prior, config),
        _ => {}
    }
}

macro_rules! each_stays {
    ($planned:ident $prior:ident $config:ident: $($name:ident)*) => {
        $(stays(&mut $planned.$name, &$prior.$name, &$config.$name);)*
    };
}

fn aws(planned: &mut AwsAttributes, prior: &AwsAttributes, config: &AwsAttributes) {
    each_stays!(planned prior config: availability first_on_demand zone_id instance_profile_arn spot_bid_price_percent
        ebs_volume_type ebs_volume_count ebs_volume_size ebs_volume_iops ebs_volume_throughput);
    // `auto` became the zone that was chosen.
    if config.zone_id.text() == "auto" && !prior.zone_id.text().is_empty() {
        planned.zone_id = prior.zone_id.clone();
    }
}

fn azure(planned: &mut AzureAttributes, prior: &AzureAttributes, config: &AzureAttributes) {
    each_stays!(planned prior config: availability capacity_reservation_group first_on_demand log_analytics_info spot_bid_max_price);
}

fn gcp(planned: &mut GcpAttributes, prior: &GcpAttributes, config: &GcpAttributes) {
    each_stays!(planned prior config: availability boot_disk_size confidential_compute_type first_on_demand
        google_service_account local_ssd_count use_preemptible_executors zone_id);
}
