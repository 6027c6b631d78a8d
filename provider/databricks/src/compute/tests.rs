//! Clusters against a local cloud.

use std::collections::BTreeMap;

use databricks::Request;
use databricks::api::clusters::ClusterId;
use localcloud::{Fault, FaultEffect};
use serde_json::{Value as Json, json};
use tfplugin::{Attr, Call, Planning, Resource, Set};

use super::cluster::Cluster;
use super::cluster::blocks::{Autoscale, AwsAttributes, Library, Package};
use crate::clients::AnyWorkspace;
use crate::testing::{Cloud, call, create, reads_back, update};

fn cluster() -> Cluster {
    Cluster {
        cluster_name: "example".into(),
        spark_version: "17.3.x-scala2.13".into(),
        node_type_id: "m6gd.large".into(),
        kind: "CLASSIC_PREVIEW".into(),
        is_single_node: true.into(),
        data_security_mode: "SINGLE_USER".into(),
        autotermination_minutes: 30.into(),
        custom_tags: BTreeMap::from([("team".to_owned(), "data".to_owned())]).into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_single_node_runs_is_edited_and_deleted_for_good() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let made = create(&cx, cluster()).await;
    assert_eq!(made.state.text(), "RUNNING");
    assert!(!format!("{made:?}").contains("Unknown"), "everything is known after a create: {made:?}");
    assert_eq!(made.custom_tags, cluster().custom_tags, "what Databricks and the mark add is hidden");
    reads_back(&cx, &made).await;

    let never = Cluster { autotermination_minutes: 0.into(), state: Attr::Unknown, ..made.clone() };
    let edited = update(&cx, made, never).await;
    assert_eq!((edited.state.text(), edited.autotermination_minutes.or_default()), ("RUNNING", 0));
    reads_back(&cx, &edited).await;

    Cluster::delete(&cx, edited.clone()).await.unwrap();
    assert!(Cluster::read(&cx, edited.clone()).await.unwrap().is_none());
    Cluster::delete(&cx, edited).await.unwrap();
}

#[tokio::test]
async fn a_cluster_with_workers_is_resized_while_it_runs() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let plan = Cluster {
        kind: Attr::Null,
        is_single_node: Attr::Null,
        num_workers: 2.into(),
        aws_attributes: AwsAttributes { first_on_demand: 1.into(), zone_id: "auto".into(), ..Default::default() }
            .into(),
        is_pinned: true.into(),
        ..cluster()
    };
    let made = create(&cx, plan).await;
    reads_back(&cx, &made).await;
    assert_eq!(made.is_pinned, true.into());

    let scaled = Autoscale { min_workers: 1.into(), max_workers: 4.into() };
    let plan =
        Cluster { num_workers: 0.into(), autoscale: scaled.clone().into(), state: Attr::Unknown, ..made.clone() };
    let resized = update(&cx, made, plan).await;
    assert_eq!((&resized.autoscale, &resized.num_workers), (&scaled.into(), &0.into()));
    assert_eq!((cloud.requests("POST", "/clusters/resize"), cloud.requests("POST", "/clusters/update")), (1, 0));

    let unpinned = update(&cx, resized.clone(), Cluster { is_pinned: false.into(), ..resized }).await;
    assert_eq!(Cluster::read(&cx, unpinned.clone()).await.unwrap().unwrap().is_pinned, false.into());
    Cluster::delete(&cx, unpinned).await.unwrap();
}

#[tokio::test]
async fn a_stopped_cluster_is_no_drift_and_stays_stopped_when_it_is_edited() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let made = create(&cx, cluster()).await;
    let body = ClusterId { cluster_id: made.id.text().to_owned() };
    cx.client().send::<()>(Request::post("/api/2.1/clusters/delete").json(&body).unwrap()).await.unwrap();
    let stopped = loop {
        let read = Cluster::read(&cx, made.clone()).await.unwrap().expect("it is stopped, not gone");
        if read.state.text() == "TERMINATED" {
            break read;
        }
    };
    assert_eq!(Cluster { state: made.state.clone(), ..stopped.clone() }.custom_tags, made.custom_tags);
    let plan = Cluster { autotermination_minutes: 20.into(), state: Attr::Unknown, ..stopped.clone() };
    let edited = update(&cx, stopped, plan).await;
    assert_eq!(edited.state.text(), "TERMINATED");
}

#[tokio::test]
async fn a_cluster_that_does_not_start_says_why_and_is_kept() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let fault =
        Fault { message: Some("No capacity in eu-west-1a.".into()), ..Fault::once("localcloud:StartCluster", 0, "") };
    cloud.running.fault(fault);
    let made = Cluster::create(&cx, cluster()).await.map_err(|failed| failed.error).unwrap();
    let text = Cluster::ready(&cx, made.clone()).await.unwrap_err().to_string();
    assert!(text.contains("did not start") && text.contains("No capacity in eu-west-1a."), "{text}");
    assert!(Cluster::read(&cx, made).await.unwrap().is_some());
}

#[tokio::test]
async fn a_cluster_whose_creation_lost_its_answer_is_found_by_its_mark() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let other = create(&call(cx.client().clone()), cluster()).await;
    let lost = Fault {
        effect: FaultEffect::After,
        cut: true,
        status: None,
        ..Fault::once("POST /api/*/clusters/create", 500, "")
    };
    cloud.running.fault(lost);
    Cluster::create(&cx, cluster()).await.unwrap_err();
    let found = Cluster::find(&cx, &cluster(), cx.marker()).await.unwrap().expect("it was made");
    assert_ne!(found.id, other.id);
}

#[tokio::test]
async fn an_edit_waits_while_the_cluster_changes() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let made = create(&cx, cluster()).await;
    cloud.running.fault(Fault::once("POST /api/*/clusters/update", 400, "INVALID_STATE"));
    update(&cx, made.clone(), Cluster { autotermination_minutes: 20.into(), ..made }).await;
    assert_eq!(cloud.requests("POST", "/clusters/update"), 2);
}

#[test]
fn what_makes_no_sense_is_refused_where_it_stands() {
    let check = |config: Cluster, expected: &[&str]| {
        let found = Cluster::validate(&config);
        let paths: Vec<_> = found.iter().filter_map(|one| one.path.clone()).collect();
        assert_eq!(paths, expected.iter().map(|name| (*name).into()).collect::<Vec<_>>());
    };
    check(cluster(), &[]);
    let pool = Cluster { instance_pool_id: "pool".into(), ..cluster() };
    check(pool.clone(), &["node_type_id"]);
    check(Cluster { node_type_id: Attr::Null, ..pool }, &[]);
    let (aws, gcp) = (AwsAttributes::default().into(), Default::default());
    check(Cluster { aws_attributes: aws, gcp_attributes: Attr::Known(gcp), ..cluster() }, &["gcp_attributes"]);
    let two = Library { whl: "/a.whl".into(), jar: "/a.jar".into(), ..Library::default() };
    check(Cluster { library: Set(vec![two]).into(), ..cluster() }, &["library"]);
    check(Cluster { autotermination_minutes: 5.into(), ..cluster() }, &["autotermination_minutes"]);
    check(Cluster { num_workers: 1.into(), ..cluster() }, &["is_single_node"]);
    check(Cluster { kind: Attr::Null, ..cluster() }, &["is_single_node"]);
    check(Cluster { node_type_id: Attr::Null, ..cluster() }, &["node_type_id"]);
    check(Cluster { node_type_id: Attr::Unknown, num_workers: Attr::Unknown, ..cluster() }, &[]);
}

#[test]
fn what_no_cluster_can_be_is_refused_all_at_once_and_what_may_be_new_is_not() {
    let paths = |config: Cluster| -> Vec<String> {
        Cluster::validate(&config).into_iter().map(|one| one.path.unwrap_or_default().to_string()).collect()
    };
    let workers = |least: Attr<i64>, most: Attr<i64>| Attr::Known(Autoscale { min_workers: least, max_workers: most });
    let several = Cluster { is_single_node: Attr::Null, kind: Attr::Null, ..cluster() };
    let wrong = Cluster {
        spark_version: "17.3".into(),
        data_security_mode: "SINGLE_USR".into(),
        autoscale: workers(8.into(), 2.into()),
        custom_tags: BTreeMap::from([("aws:foo".to_owned(), "x".to_owned())]).into(),
        ..several.clone()
    };
    assert_eq!(
        paths(wrong),
        ["spark_version", "data_security_mode", "autoscale.min_workers", "custom_tags[\"aws:foo\"]"]
    );
    for version in
        ["18.1.x-scala2.14", "17.3.x-cpu-ml-scala2.13", "custom:17", "auto:latest-lts", "apache-spark-2.4.x-scala2.11"]
    {
        assert_eq!(paths(Cluster { spark_version: version.into(), ..cluster() }), [""; 0], "{version}");
    }
    for mode in ["DATA_SECURITY_MODE_STANDARD", "SOMETHING_NEW", ""] {
        assert_eq!(paths(Cluster { data_security_mode: mode.into(), ..cluster() }), [""; 0], "{mode}");
    }
    for autoscale in [workers(2.into(), 2.into()), workers(0.into(), 1.into()), workers(8.into(), Attr::Unknown)] {
        assert_eq!(paths(Cluster { autoscale: autoscale.clone(), ..several.clone() }), [""; 0], "{autoscale:?}");
    }
    let tags: BTreeMap<_, _> = (0..45).map(|number| (number.to_string(), String::new())).collect();
    assert_eq!(paths(Cluster { custom_tags: tags.into(), ..cluster() }), ["custom_tags"], "with the mark they are 46");
}

async fn get(cx: &Call<AnyWorkspace>, id: &str) -> Json {
    cx.client().send(Request::get("/api/2.1/clusters/get").query("cluster_id", id)).await.unwrap()
}

/// The state of a cluster that somebody else made, imported.
async fn imported(cx: &Call<AnyWorkspace>, body: Json) -> Cluster {
    let request = Request::post("/api/2.1/clusters/create").json(&body).unwrap();
    let made: ClusterId = cx.client().send(request).await.unwrap();
    let state = Cluster::import(cx, &made.cluster_id).await.unwrap();
    let state = Cluster::ready(cx, state).await.unwrap();
    Cluster::read(cx, state).await.unwrap().unwrap()
}

/// What the resource makes of a plan in which the generic planner has put the configuration over the state.
fn planned(prior: &Cluster, config: &Cluster) -> Cluster {
    let mut planned = Cluster {
        id: prior.id.clone(),
        cluster_id: prior.cluster_id.clone(),
        driver_node_type_id: prior.driver_node_type_id.clone(),
        data_security_mode: prior.data_security_mode.clone(),
        single_user_name: prior.single_user_name.clone(),
        enable_elastic_disk: prior.enable_elastic_disk.clone(),
        enable_local_disk_encryption: prior.enable_local_disk_encryption.clone(),
        default_tags: prior.default_tags.clone(),
        url: prior.url.clone(),
        state: Attr::Unknown,
        ..config.clone()
    };
    let mut replaces = Vec::new();
    Cluster::plan(&mut Planning {
        prior: Some(prior),
        config,
        planned: &mut planned,
        replaces: &mut replaces,
        warnings: &mut Vec::new(),
        client: None,
        now: jiff::Timestamp::UNIX_EPOCH,
    })
    .unwrap();
    assert!(replaces.is_empty());
    planned
}

#[tokio::test]
async fn an_edit_takes_away_nothing_that_it_does_not_name() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let plain = json!({
        "cluster_name": "ext", "spark_version": "17.3.x-scala2.13", "node_type_id": "m6gd.large", "num_workers": 1,
        "autotermination_minutes": 30,
    });
    let config = Cluster {
        cluster_name: "ext".into(),
        spark_version: "17.3.x-scala2.13".into(),
        node_type_id: "m6gd.large".into(),
        num_workers: 1.into(),
        autotermination_minutes: 45.into(),
        clear_cloud_attributes_on_remove: false.into(),
        is_pinned: false.into(),
        no_wait: false.into(),
        ..Default::default()
    };
    for more in [
        json!({
            "init_scripts": [{"workspace": {"destination": "/Shared/init.sh"}}],
            "cluster_log_conf": {"dbfs": {"destination": "dbfs:/logs"}},
            "workload_type": {"clients": {"jobs": false, "notebooks": true}},
        }),
        json!({
            "aws_attributes": {
                "instance_profile_arn": "arn:aws:iam::123456789012:instance-profile/data", "zone_id": "eu-west-1b",
                "availability": "ON_DEMAND",
            },
            "docker_image": {"url": "registry/image", "basic_auth": {"username": "jo", "password": "pw"}},
        }),
    ] {
        let mut body = plain.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let state = imported(&cx, body).await;
        let before = get(&cx, state.id.text()).await;

        // The removal of what the configuration does not have stands in the plan; what a cloud's block sets is kept.
        let shown = planned(&state, &config);
        assert!(shown.init_scripts.is_null() && shown.docker_image.is_null(), "{shown:?}");
        assert_eq!(shown.aws_attributes, state.aws_attributes, "not configured, it stays");

        // Somebody changes one thing: the rest is as it was.
        let plan = Cluster { autotermination_minutes: 45.into(), state: Attr::Unknown, ..state.clone() };
        let edited = update(&cx, state, plan).await;
        let after = get(&cx, edited.id.text()).await;
        for (name, value) in more.as_object().unwrap() {
            assert_eq!(after[name], before[name], "{name}");
            for (part, value) in value.as_object().into_iter().flatten().filter(|(part, _)| *part != "basic_auth") {
                assert_eq!(after[name][part], *value, "{name}.{part}");
            }
        }
        assert_eq!(after["autotermination_minutes"], 45);
    }
}

#[tokio::test]
async fn a_block_of_a_cloud_is_cleared_if_that_is_asked_for() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let profile = "arn:aws:iam::123456789012:instance-profile/data";
    let aws = AwsAttributes { instance_profile_arn: profile.into(), ..Default::default() };
    let made = create(&cx, Cluster { aws_attributes: aws.into(), ..cluster() }).await;
    let without = Cluster { aws_attributes: Attr::Null, ..made.clone() };
    assert_eq!(planned(&made, &without).aws_attributes, made.aws_attributes);
    let clearing = Cluster { clear_cloud_attributes_on_remove: true.into(), ..without };
    let plan = planned(&made, &clearing);
    assert_eq!(plan.aws_attributes, Attr::Null);
    let cleared = update(&cx, made, plan).await;
    assert_eq!(cleared.aws_attributes, Attr::Null);
    assert_eq!(get(&cx, cleared.id.text()).await["aws_attributes"]["instance_profile_arn"], Json::Null);
}

#[tokio::test]
async fn switches_that_nobody_set_are_no_change_and_no_edit() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let made =
        create(&cx, Cluster { kind: Attr::Null, is_single_node: Attr::Null, num_workers: 1.into(), ..cluster() }).await;
    // As the official provider writes it into a state.
    let taken_over = Cluster {
        is_single_node: false.into(),
        use_ml_runtime: false.into(),
        remote_disk_throughput: 0.into(),
        aws_attributes: AwsAttributes {
            availability: "SPOT_WITH_FALLBACK".into(),
            ebs_volume_count: 0.into(),
            ..Default::default()
        }
        .into(),
        ..made.clone()
    };
    let config = Cluster {
        is_single_node: Attr::Null,
        data_security_mode: "SINGLE_USER".into(),
        num_workers: 1.into(),
        is_pinned: false.into(),
        no_wait: false.into(),
        clear_cloud_attributes_on_remove: false.into(),
        kind: Attr::Null,
        ..cluster()
    };
    assert_eq!(planned(&taken_over, &config), taken_over);
    let none = Cluster { is_single_node: Attr::Null, use_ml_runtime: Attr::Null, ..taken_over.clone() };
    update(&cx, taken_over, none).await;
    assert_eq!(cloud.requests("POST", "/clusters/update") + cloud.requests("POST", "/clusters/edit"), 0);
}

fn pypi(package: &str) -> Library {
    Library { pypi: Package { package: package.into(), ..Default::default() }.into(), ..Default::default() }
}

#[tokio::test]
async fn libraries_are_installed_changed_and_left_alone_where_none_is_asked_for() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let status = async |id: &str| {
        let request = Request::get("/api/2.0/libraries/cluster-status").query("cluster_id", id);
        let answer: Json = cx.client().send(request).await.unwrap();
        let all = answer["library_statuses"].as_array().cloned().unwrap_or_default();
        let mut all: Vec<String> = all
            .iter()
            .filter(|one| one["status"] != "UNINSTALL_ON_RESTART")
            .map(|one| one["library"]["pypi"]["package"].as_str().unwrap().to_owned())
            .collect();
        all.sort();
        all
    };
    let both = Attr::Known(Set(vec![pypi("pandas==2.2.0"), pypi("numpy")]));
    let made = create(&cx, Cluster { library: both.clone(), ..cluster() }).await;
    assert_eq!((&made.library, status(made.id.text()).await), (&both, vec!["numpy".into(), "pandas==2.2.0".into()]));
    let read = Cluster::read(&cx, made.clone()).await.unwrap().unwrap();
    assert_eq!(read.library, both);

    let one = Attr::Known(Set(vec![pypi("pandas==2.2.0"), pypi("polars")]));
    let changed = update(&cx, made.clone(), Cluster { library: one.clone(), ..made }).await;
    assert_eq!(status(changed.id.text()).await, ["pandas==2.2.0", "polars"]);
    assert_eq!(cloud.requests("POST", "/clusters/update"), 0, "the cluster goes on running");

    // A stopped cluster is started for its libraries, and stopped again.
    let body = ClusterId { cluster_id: changed.id.text().to_owned() };
    cx.client().send::<()>(Request::post("/api/2.1/clusters/delete").json(&body).unwrap()).await.unwrap();
    let stopped = loop {
        let read = Cluster::read(&cx, changed.clone()).await.unwrap().unwrap();
        if read.state.text() == "TERMINATED" {
            break read;
        }
    };
    let last = Attr::Known(Set(vec![pypi("polars")]));
    let changed = update(&cx, stopped.clone(), Cluster { library: last, state: Attr::Unknown, ..stopped }).await;
    assert!(matches!(changed.state.text(), "TERMINATING" | "TERMINATED"), "{}", changed.state.text());
    assert_eq!(status(changed.id.text()).await, ["polars"]);

    let without = Cluster { library: Attr::Null, ..changed.clone() };
    let read = Cluster::read(&cx, without).await.unwrap().unwrap();
    assert_eq!(read.library, Attr::Null, "where none is configured, none is looked at");
}

#[tokio::test]
async fn a_pin_is_seen_whoever_set_it_and_is_in_nobodys_way() {
    let cloud = Cloud::start().await;
    let cx = cloud.any_workspace().await;
    let made = create(&cx, cluster()).await;
    let other = create(&call(cx.client().clone()), cluster()).await;
    let body = ClusterId { cluster_id: made.id.text().to_owned() };
    cx.client().send::<()>(Request::post("/api/2.1/clusters/pin").json(&body).unwrap()).await.unwrap();
    let is_pinned = async |of: &Cluster| Cluster::read(&cx, of.clone()).await.unwrap().unwrap().is_pinned;
    assert_eq!((is_pinned(&made).await, is_pinned(&other).await), (true.into(), false.into()));
    // The state does not know of the pin.
    Cluster::delete(&cx, made.clone()).await.unwrap();
    assert!(Cluster::read(&cx, made).await.unwrap().is_none());
}
