//! Between a cluster's configuration and the API's: what a creation and an update send, and what an answer means. Pure.

use databricks::api::clusters::{AutoScale, ResizeCluster};
use serde::Serialize;
use serde_json::{Value as Json, json};
use tfplugin::{Attr, Marker, Result, reconcile};
use url::Url;

use super::Cluster;
use super::api::Found;
use super::blocks::AwsAttributes;
use crate::json::{Members, is_zero, members, present, settle};
use crate::level;

/// Members whose keys are the user's own.
pub(super) const MAPS: &[&str] = &["custom_tags", "spark_conf", "spark_env_vars"];
/// Members that Databricks fills in, and whose zero is a value.
const TOLD: &[&str] =
    &["autotermination_minutes", "enable_elastic_disk", "enable_local_disk_encryption", "num_workers"];
/// What Databricks itself puts into a single-node cluster of the simplified form.
const SINGLE_NODE: &[(&str, &[&str])] =
    &[("custom_tags", &["ResourceClass"]), ("spark_conf", &["spark.databricks.cluster.profile", "spark.master"])];
/// What old workspaces put into every cluster (the official provider overlooks it too).
pub(super) const LEGACY_CONF: &str = "spark.databricks.delta.preview.enabled";
/// The blocks of which Databricks fills in what is not said.
const CLOUDS: &[&str] = &["aws_attributes", "azure_attributes", "gcp_attributes"];

/// `POST /api/2.1/clusters/update`: what changes, and nothing else.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct UpdateCluster {
    cluster_id: String,
    cluster: Members,
    update_mask: String,
}

/// What an update sends.
#[derive(Debug, PartialEq)]
pub(super) enum Change {
    /// Nothing of the cluster's own changes.
    Nothing,
    /// The number of workers alone: a running cluster goes on running.
    Resize(ResizeCluster),
    /// Anything else: a running cluster restarts.
    Update(UpdateCluster),
}

/// A cluster as the API is told of it: without what is Terraform's own, or of a creation alone, and without what another member says.
fn described(cluster: &Cluster) -> Cluster {
    let mut told = Cluster {
        apply_policy_default_values: Attr::Null,
        clear_cloud_attributes_on_remove: Attr::Null,
        idempotency_token: Attr::Null,
        is_pinned: Attr::Null,
        library: Attr::Null,
        no_wait: Attr::Null,
        provider_config: Attr::Null,
        is_single_node: some(&cluster.is_single_node),
        use_ml_runtime: some(&cluster.use_ml_runtime),
        remote_disk_throughput: some(&cluster.remote_disk_throughput),
        total_initial_remote_disk_size: some(&cluster.total_initial_remote_disk_size),
        // The number of workers is sent also when it is 0, but where the cluster decides itself or the simplified form says it.
        num_workers: match cluster.autoscale.is_known() || cluster.is_single_node.is_true() {
            true => Attr::Null,
            false => cluster.num_workers.or_default().into(),
        },
        ..cluster.clone()
    };
    // The pool says what the nodes are; Databricks refuses both (the official provider leaves the same away).
    if !cluster.instance_pool_id.text().is_empty() {
        told.node_type_id = Attr::Null;
        told.driver_node_type_id = Attr::Null;
        told.enable_elastic_disk = Attr::Null;
        told.aws_attributes = told
            .aws_attributes
            .map(|aws| AwsAttributes { instance_profile_arn: aws.instance_profile_arn, ..AwsAttributes::default() });
    }
    told
}

/// A switch or a size of which the service takes none for a zero.
fn some<T: Default + PartialEq + Clone>(attribute: &Attr<T>) -> Attr<T> {
    if *attribute == Attr::Known(T::default()) { Attr::Null } else { attribute.clone() }
}

/// The body of a creation, with the tag of `marker`.
pub(super) fn creation(plan: &Cluster, marker: &Marker) -> Result<Members> {
    let mut body = reconcile::sent(&Cluster {
        apply_policy_default_values: plan.apply_policy_default_values.clone(),
        idempotency_token: plan.idempotency_token.clone(),
        ..described(plan)
    })?;
    let tags = body.entry("custom_tags").or_insert_with(|| json!({}));
    if let Json::Object(tags) = tags {
        tags.insert(Marker::TAG.into(), marker.text().into());
    }
    Ok(body)
}

/// What changes the cluster that stands as `now` from `state` to `plan`. Each changed member is put over the one that
/// stands, so that an update takes away nothing that is not in the state.
pub(super) fn change(state: &Cluster, plan: &Cluster, now: &Found) -> Result<Change> {
    let (before, after) = (described(state), described(plan));
    let now_all = Json::Object(now.all.clone());
    let reconcile::Change { mut body, mask: mut names } = reconcile::changed(&before, &after, Some(&now_all))?;
    let (before, after) = (reconcile::sent(&before)?, reconcile::sent(&after)?);
    // What is left to the service, or to a pool, is taken away.
    names.extend(before.keys().filter(|name| !after.contains_key(*name)).cloned());
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Ok(Change::Nothing);
    }
    let cluster_id = state.id.text().to_owned();
    let is_running = now.api.state == databricks::api::clusters::ClusterState::Running;
    if is_running && names.iter().all(|name| matches!(name.as_str(), "autoscale" | "num_workers")) {
        let autoscale = plan.autoscale.known().map(|one| AutoScale {
            min_workers: one.min_workers.known().copied(),
            max_workers: one.max_workers.known().copied(),
        });
        let num_workers = after.get("num_workers").and_then(Json::as_i64);
        return Ok(Change::Resize(ResizeCluster { cluster_id, num_workers, autoscale }));
    }
    // Entries of others stay: the marker, and what Databricks adds.
    for map in MAPS {
        let (Some(Json::Object(wanted)), Some(Json::Object(found))) = (body.get_mut(*map), now.all.get(*map)) else {
            continue;
        };
        for (name, value) in found {
            if before.get(*map).and_then(|before| before.get(name)).is_none() {
                wanted.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
    }
    // A member that the mask names and the body does not have is taken away.
    let cluster = members(present(Json::Object(body), MAPS));
    Ok(Change::Update(UpdateCluster { cluster_id, cluster, update_mask: names.join(",") }))
}

/// `found` as the state. `known` has what the API does not tell, and which of the values that the API fills in were asked for:
/// nothing is known of an import but the id.
pub(super) fn state_of(host: &Url, known: &Cluster, found: &Found) -> Result<Cluster> {
    let imported = known.spark_version.is_null();
    let mut all = found.all.clone();
    let asked = members(serde_json::to_value(known)?);
    hide(&asked, &mut all);
    if !imported {
        settle(&asked, &mut all, TOLD);
        for cloud in CLOUDS {
            let Some(Json::Object(seen)) = all.get_mut(*cloud) else { continue };
            match asked.get(*cloud) {
                Some(Json::Object(asked)) => {
                    seen.retain(|name, _| asked.get(name).is_some_and(|asked| !asked.is_null()));
                }
                _ => {
                    all.remove(*cloud);
                }
            }
        }
    }
    let id = found.api.cluster_id.as_str();
    let is_elastic = found.all.contains_key("autoscale");
    let state: Cluster = serde_json::from_value(Json::Object(all))?;
    Ok(Cluster {
        id: id.into(),
        cluster_id: id.into(),
        num_workers: if is_elastic { 0.into() } else { state.num_workers.or_default().into() },
        autotermination_minutes: state.autotermination_minutes.or_default().into(),
        data_security_mode: match known.data_security_mode.known() {
            Some(mode) if is_same_mode(mode, state.data_security_mode.text()) => mode.as_str().into(),
            _ => state.data_security_mode.clone(),
        },
        custom_tags: kept_empty(&known.custom_tags, state.custom_tags),
        spark_conf: kept_empty(&known.spark_conf, state.spark_conf),
        aws_attributes: zone_kept(&known.aws_attributes, state.aws_attributes),
        docker_image: with_password(known, state.docker_image),
        // What the API does not tell.
        apply_policy_default_values: known.apply_policy_default_values.clone(),
        clear_cloud_attributes_on_remove: false_at_least(&known.clear_cloud_attributes_on_remove),
        cluster_mount_info: known.cluster_mount_info.clone(),
        idempotency_token: known.idempotency_token.clone(),
        is_pinned: false_at_least(&known.is_pinned),
        library: known.library.clone(),
        no_wait: false_at_least(&known.no_wait),
        provider_config: level::settled(known.provider_config.clone()),
        url: format!("{host}#setting/clusters/{id}/configuration").into(),
        default_tags: found.api.default_tags.clone().into(),
        state: found.api.state.as_str().into(),
        ..state
    })
}

/// Takes the marker away, and what the API adds by itself, unless it was asked for.
fn hide(asked: &Members, found: &mut Members) {
    let is_single_node = [asked, found].iter().any(|all| all.get("is_single_node") == Some(&Json::Bool(true)));
    let added =
        SINGLE_NODE.iter().filter(|_| is_single_node).flat_map(|(map, names)| names.iter().map(|name| (*map, *name)));
    let always = [("custom_tags", Marker::TAG), ("spark_conf", LEGACY_CONF)];
    let hidden: Vec<(&str, &str)> = added.chain(always).collect();
    for (map, name) in hidden {
        let is_asked = asked.get(map).and_then(|map| map.get(name)).is_some();
        if let Some(Json::Object(entries)) = found.get_mut(map).filter(|_| !is_asked) {
            entries.remove(name);
        }
    }
    for map in MAPS {
        if found.get(*map).is_some_and(|map| is_zero(Some(map))) {
            found.remove(*map);
        }
    }
}

/// An empty map that is configured stays one.
fn kept_empty<T: Default + PartialEq + Clone>(known: &Attr<T>, found: Attr<T>) -> Attr<T> {
    if found.is_null() && *known == Attr::Known(T::default()) { known.clone() } else { found }
}

/// `auto` becomes the zone that was chosen, and is still what is asked for.
fn zone_kept(known: &Attr<AwsAttributes>, found: Attr<AwsAttributes>) -> Attr<AwsAttributes> {
    let auto = known.known().is_some_and(|known| known.zone_id.text() == "auto");
    found.map(|found| if auto { AwsAttributes { zone_id: "auto".into(), ..found } } else { found })
}

/// The image with the password that is known: the API does not tell it.
fn with_password(known: &Cluster, found: Attr<super::DockerImage>) -> Attr<super::DockerImage> {
    let known = known.docker_image.known().map(|image| &image.basic_auth);
    found.map(|mut image| {
        match (known.and_then(Attr::known), &mut image.basic_auth) {
            (Some(known), auth @ Attr::Null) => *auth = known.clone().into(),
            (Some(known), Attr::Known(auth)) if auth.username == known.username => {
                auth.password = known.password.clone();
            }
            _ => {}
        }
        image
    })
}

fn false_at_least(known: &Attr<bool>) -> Attr<bool> {
    known.is_true().into()
}

/// Whether two names of security modes are of one mode. `DATA_SECURITY_MODE_AUTO` is whatever Databricks made of it.
pub(super) fn is_same_mode(asked: &str, found: &str) -> bool {
    let plain = |mode: &str| match mode {
        "DATA_SECURITY_MODE_DEDICATED" => "SINGLE_USER".to_owned(),
        "DATA_SECURITY_MODE_STANDARD" => "USER_ISOLATION".to_owned(),
        other => other.to_owned(),
    };
    plain(asked) == plain(found) || (asked == "DATA_SECURITY_MODE_AUTO" && !found.is_empty())
}

/// A state of this provider from before version 4 lacks defaults that came with it.
pub(super) fn upgrade(version: i64, mut state: Json) -> Json {
    if let Some(members) = state.as_object_mut().filter(|_| version < 4) {
        for (name, default) in [
            ("clear_cloud_attributes_on_remove", Json::Bool(false)),
            ("is_pinned", Json::Bool(false)),
            ("no_wait", Json::Bool(false)),
            ("num_workers", 0.into()),
        ] {
            let slot = members.entry(name).or_insert(Json::Null);
            if slot.is_null() {
                *slot = default;
            }
        }
    }
    state
}

#[cfg(test)]
mod tests;
