use std::collections::BTreeMap;

use databricks::api::clusters::ClusterState;

use super::*;
use crate::compute::cluster::blocks::{Autoscale, ClusterLogConf, Destination, DockerBasicAuth, DockerImage};

const HOST: &str = "https://example.cloud.databricks.com";

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

fn text_map(entries: &[(&str, &str)]) -> Attr<BTreeMap<String, String>> {
    BTreeMap::from_iter(entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))).into()
}

fn found(answer: Json) -> Found {
    let mut all =
        json!({"cluster_id": "0123-456789-abcdefgh", "spark_version": "17.3.x-scala2.13", "state": "TERMINATED"});
    all.as_object_mut().unwrap().extend(members(answer));
    Found::read(all).unwrap()
}

fn seen(known: &Cluster, answer: Json) -> Cluster {
    state_of(&HOST.parse().unwrap(), known, &found(answer)).unwrap()
}

#[test]
fn a_creation_sends_its_zeros_and_its_marker_and_nothing_of_terraforms() {
    let marker = Marker::new("0a1b", jiff::Timestamp::UNIX_EPOCH);
    let plan = Cluster {
        num_workers: 0.into(),
        autotermination_minutes: 0.into(),
        no_wait: true.into(),
        is_pinned: true.into(),
        idempotency_token: "once".into(),
        state: Attr::Unknown,
        custom_tags: text_map(&[("empty", "")]),
        ..cluster()
    };
    let body = Json::Object(creation(&plan, &marker).unwrap());
    let expected = json!({
        "spark_version": "17.3.x-scala2.13", "node_type_id": "m6gd.large", "num_workers": 0, "autotermination_minutes": 0,
        "idempotency_token": "once", "custom_tags": {"empty": "", Marker::TAG: "0a1b"},
    });
    assert_eq!(body, expected);
}

#[test]
fn a_pool_says_what_its_nodes_are() {
    let plan = Cluster {
        instance_pool_id: "pool".into(),
        driver_node_type_id: "m6gd.large".into(),
        enable_elastic_disk: true.into(),
        aws_attributes: AwsAttributes {
            instance_profile_arn: "arn".into(),
            zone_id: "auto".into(),
            ..Default::default()
        }
        .into(),
        ..cluster()
    };
    let expected = json!({
        "spark_version": "17.3.x-scala2.13", "num_workers": 2, "autotermination_minutes": 60, "instance_pool_id": "pool",
        "aws_attributes": {"instance_profile_arn": "arn"},
    });
    assert_eq!(Json::Object(reconcile::sent(&described(&plan)).unwrap()), expected);
}

#[test]
fn an_update_sends_what_changes_over_what_stands() {
    let check = |plan: Cluster, is_running: bool, expected: Json| {
        let mut now = found(json!({
            "init_scripts": [{"workspace": {"destination": "/a.sh"}}],
            "custom_tags": {"team": "data", Marker::TAG: "0a1b"},
            "aws_attributes": {"zone_id": "eu-west-1a", "from_tomorrow": {"x": 1}},
            "from_tomorrow": 7,
        }));
        now.api.state = if is_running { ClusterState::Running } else { ClusterState::Terminated };
        let state = Cluster {
            custom_tags: text_map(&[("team", "data")]),
            aws_attributes: AwsAttributes { zone_id: "eu-west-1a".into(), ..Default::default() }.into(),
            ..cluster()
        };
        let plan = Cluster {
            custom_tags: if plan.custom_tags.is_null() { state.custom_tags.clone() } else { plan.custom_tags.clone() },
            aws_attributes: if plan.aws_attributes.is_null() {
                state.aws_attributes.clone()
            } else {
                plan.aws_attributes.clone()
            },
            ..plan
        };
        let sent = match change(&state, &plan, &now).unwrap() {
            Change::Nothing => json!("nothing"),
            Change::Resize(body) => json!({"resize": body}),
            Change::Update(body) => json!({body.update_mask.as_str(): body.cluster}),
        };
        assert_eq!(sent, expected);
    };
    let id = "0123-456789-abcdefgh";
    check(cluster(), true, json!("nothing"));
    check(
        Cluster { no_wait: true.into(), is_pinned: true.into(), state: Attr::Unknown, ..cluster() },
        true,
        json!("nothing"),
    );
    check(Cluster { is_single_node: false.into(), use_ml_runtime: false.into(), ..cluster() }, true, json!("nothing"));
    check(
        Cluster { num_workers: 3.into(), ..cluster() },
        true,
        json!({"resize": {"cluster_id": id, "num_workers": 3}}),
    );
    check(Cluster { num_workers: 3.into(), ..cluster() }, false, json!({"num_workers": {"num_workers": 3}}));
    let range = Autoscale { min_workers: 1.into(), max_workers: 4.into() };
    check(
        Cluster { autoscale: range.into(), num_workers: 0.into(), ..cluster() },
        false,
        json!({"autoscale,num_workers": {"autoscale": {"min_workers": 1, "max_workers": 4}}}),
    );
    check(
        Cluster { autotermination_minutes: 0.into(), ..cluster() },
        true,
        json!({"autotermination_minutes": {"autotermination_minutes": 0}}),
    );
    check(
        Cluster { custom_tags: text_map(&[("owner", "jo")]), ..cluster() },
        true,
        json!({"custom_tags": {"custom_tags": {"owner": "jo", Marker::TAG: "0a1b"}}}),
    );
    check(
        Cluster {
            aws_attributes: AwsAttributes { zone_id: "eu-west-1b".into(), ..Default::default() }.into(),
            ..cluster()
        },
        true,
        json!({"aws_attributes": {"aws_attributes": {"zone_id": "eu-west-1b", "from_tomorrow": {"x": 1}}}}),
    );
}

#[test]
fn what_databricks_adds_is_no_drift() {
    for (known, answer, expected) in [
        (
            Cluster { is_single_node: true.into(), ..cluster() },
            json!({
                "is_single_node": true, "custom_tags": {"ResourceClass": "SingleNode", "team": "data", Marker::TAG: "0a1b"},
                "spark_conf": {"spark.master": "local[*]"},
            }),
            Cluster { is_single_node: true.into(), custom_tags: text_map(&[("team", "data")]), ..cluster() },
        ),
        (cluster(), json!({"spark_conf": {LEGACY_CONF: "true"}}), cluster()),
        (cluster(), json!({"aws_attributes": {"availability": "SPOT", "ebs_volume_count": 0}}), cluster()),
        (cluster(), json!({"is_single_node": false, "use_ml_runtime": false, "remote_disk_throughput": 0}), cluster()),
        (cluster(), json!({"cluster_name": "", "init_scripts": [], "docker_image": null}), cluster()),
        (
            Cluster { use_ml_runtime: false.into(), ..cluster() },
            json!({}),
            Cluster { use_ml_runtime: false.into(), ..cluster() },
        ),
    ] {
        let state = seen(&known, answer.clone());
        let compared = |one: &Cluster| (one.custom_tags.clone(), one.spark_conf.clone(), one.aws_attributes.clone());
        assert_eq!(compared(&state), compared(&expected), "{answer}");
        let compared = |one: &Cluster| {
            (one.is_single_node.clone(), one.use_ml_runtime.clone(), one.remote_disk_throughput.clone())
        };
        assert_eq!(compared(&state), compared(&expected), "{answer}");
        assert_eq!((state.cluster_name, state.init_scripts), (Attr::Null, Attr::Null), "{answer}");
    }
}

#[test]
fn what_others_set_is_seen() {
    let answer = json!({
        "init_scripts": [{"workspace": {"destination": "/a.sh"}}], "custom_tags": {"theirs": "1"}, "autoscale": {"max_workers": 3},
        "cluster_log_conf": {"volumes": {"destination": "/Volumes/a"}}, "workload_type": {"clients": {"jobs": false}},
    });
    let state = seen(&cluster(), answer);
    assert_eq!(state.init_scripts.known().map(Vec::len), Some(1));
    assert_eq!(state.custom_tags, text_map(&[("theirs", "1")]));
    assert_eq!((state.autoscale.is_known(), state.num_workers), (true, 0.into()));
    let logs =
        ClusterLogConf { volumes: Destination { destination: "/Volumes/a".into() }.into(), ..Default::default() };
    assert_eq!(state.cluster_log_conf, logs.into());
    let clients = state.workload_type.known().and_then(|one| one.clients.known().cloned()).unwrap();
    assert_eq!((clients.jobs, clients.notebooks), (false.into(), Attr::Null));
}

#[test]
fn an_import_finds_everything() {
    let imported = Cluster { id: "0123-456789-abcdefgh".into(), ..Cluster::default() };
    let answer = json!({"aws_attributes": {"zone_id": "eu-west-1b", "ebs_volume_count": 0}, "is_single_node": false, "num_workers": 2});
    let state = seen(&imported, answer);
    let aws = state.aws_attributes.known().unwrap();
    assert_eq!((aws.zone_id.text(), &aws.ebs_volume_count), ("eu-west-1b", &0.into()));
    assert_eq!((state.is_single_node, state.num_workers, state.no_wait), (false.into(), 2.into(), false.into()));
    assert_eq!(state.url.text(), format!("{HOST}/#setting/clusters/0123-456789-abcdefgh/configuration"));
}

#[test]
fn a_zone_that_databricks_chose_is_no_drift() {
    let aws = |zone: &str| AwsAttributes { zone_id: zone.into(), first_on_demand: 1.into(), ..Default::default() };
    let known = Cluster { aws_attributes: aws("auto").into(), ..cluster() };
    let state = seen(
        &known,
        json!({"aws_attributes": {"zone_id": "eu-west-1b", "first_on_demand": 2, "availability": "SPOT"}}),
    );
    assert_eq!(state.aws_attributes, AwsAttributes { first_on_demand: 2.into(), ..aws("auto") }.into());
}

#[test]
fn a_password_that_the_api_does_not_tell_is_kept() {
    let image = |basic_auth: Attr<DockerBasicAuth>| DockerImage { url: "registry/image".into(), basic_auth };
    let auth = DockerBasicAuth { username: "jo".into(), password: tfplugin::Secret::from("pw").into() };
    let known = Cluster { docker_image: image(auth.clone().into()).into(), ..cluster() };
    for answer in [json!({"url": "registry/image"}), json!({"url": "registry/image", "basic_auth": {"username": "jo"}})]
    {
        assert_eq!(seen(&known, json!({"docker_image": answer})).docker_image, known.docker_image);
    }
    let other = seen(&known, json!({"docker_image": {"url": "registry/image", "basic_auth": {"username": "ann"}}}));
    assert_eq!(other.docker_image.known().unwrap().basic_auth.known().unwrap().password, Attr::Null);
}

#[test]
fn security_modes_have_two_names() {
    for (asked, found, expected) in [
        ("DATA_SECURITY_MODE_DEDICATED", "SINGLE_USER", true),
        ("SINGLE_USER", "DATA_SECURITY_MODE_DEDICATED", true),
        ("SINGLE_USER", "SINGLE_USER", true),
        ("USER_ISOLATION", "DATA_SECURITY_MODE_STANDARD", true),
        ("SINGLE_USER", "USER_ISOLATION", false),
        ("DATA_SECURITY_MODE_AUTO", "USER_ISOLATION", true),
        ("DATA_SECURITY_MODE_AUTO", "", false),
    ] {
        assert_eq!(is_same_mode(asked, found), expected, "{asked} {found}");
    }
}

#[test]
fn an_older_state_gets_the_defaults() {
    let state = upgrade(0, json!({"is_pinned": true, "num_workers": null}));
    let expected =
        json!({"is_pinned": true, "num_workers": 0, "no_wait": false, "clear_cloud_attributes_on_remove": false});
    assert_eq!(state, expected);
    assert_eq!(upgrade(4, json!({})), json!({}));
}
