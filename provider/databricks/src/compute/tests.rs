//! Clusters against a local cloud.

use std::collections::BTreeMap;

use databricks::Request;
use databricks::api::clusters::ClusterId;
use localcloud::{Fault, FaultEffect};
use tfplugin::{Attr, Resource};

use super::cluster::{Autoscale, AwsAttributes, Cluster};
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
    let cx = cloud.workspace().await;
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
    let cx = cloud.workspace().await;
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
        Cluster { num_workers: Attr::Null, autoscale: scaled.clone().into(), state: Attr::Unknown, ..made.clone() };
    let resized = update(&cx, made, plan).await;
    assert_eq!((&resized.autoscale, &resized.num_workers), (&scaled.into(), &Attr::Null));
    assert_eq!((cloud.requests("POST", "/clusters/resize"), cloud.requests("POST", "/clusters/edit")), (1, 0));

    let unpinned = update(&cx, resized.clone(), Cluster { is_pinned: false.into(), ..resized }).await;
    assert_eq!(Cluster::read(&cx, unpinned.clone()).await.unwrap().unwrap().is_pinned, false.into());
    Cluster::delete(&cx, unpinned).await.unwrap();
}

#[tokio::test]
async fn a_stopped_cluster_is_no_drift_and_stays_stopped_when_it_is_edited() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
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
    let cx = cloud.workspace().await;
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
    let cx = cloud.workspace().await;
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
    let cx = cloud.workspace().await;
    let made = create(&cx, cluster()).await;
    cloud.running.fault(Fault::once("POST /api/*/clusters/edit", 400, "INVALID_STATE"));
    update(&cx, made.clone(), Cluster { autotermination_minutes: 20.into(), ..made }).await;
    assert_eq!(cloud.requests("POST", "/clusters/edit"), 2);
}

#[test]
fn what_makes_no_sense_is_refused_where_it_stands() {
    let check = |config: Cluster, expected: &[&str]| {
        let found = Cluster::validate(&config);
        let paths: Vec<_> = found.iter().filter_map(|one| one.path.clone()).collect();
        assert_eq!(paths, expected.iter().map(|name| (*name).into()).collect::<Vec<_>>());
    };
    check(cluster(), &[]);
    check(Cluster { autotermination_minutes: 5.into(), ..cluster() }, &["autotermination_minutes"]);
    check(Cluster { num_workers: 1.into(), ..cluster() }, &["is_single_node"]);
    check(Cluster { kind: Attr::Null, ..cluster() }, &["is_single_node"]);
    check(Cluster { node_type_id: Attr::Null, ..cluster() }, &["node_type_id"]);
    check(Cluster { node_type_id: Attr::Unknown, num_workers: Attr::Unknown, ..cluster() }, &[]);
}
