//! Which program an endpoint gets: in its plan, and when it is applied.

use std::path::Path;

use databricks::api::clusters::{self, ClusterAttributes};
use databricks::{Request, api::clusters::Cluster};
use serde_json::{Value as Json, json};
use ssh_endpoint::{driver, program_name, sha256_hex};
use tfplugin::{Attr, Resource};

use super::endpoint_cluster::Driver;
use super::endpoint_program::{chosen, plan};
use super::serverless_compute::ServerlessCompute;
use super::ssh_endpoint::SshEndpoint;
use super::tests::{cluster, endpoint, planned};
use super::tunnel_binary::Places;
use crate::testing::{Cloud, assert_same, create, reads_back};

const X86: u8 = 0x3e;
const ARM: u8 = 0xb7;

fn program(machine: u8) -> Vec<u8> {
    [b"\x7fELF".as_slice(), &[0; 14], &[machine, 0]].concat()
}

/// A folder with these programs, as the only place where one is looked for.
fn places(folder: &Path, programs: &[(&str, u8)]) -> Places {
    for (name, machine) in programs {
        std::fs::write(folder.join(name), program(*machine)).unwrap();
    }
    Places { variable: None, folders: vec![folder.to_owned()] }
}

fn on(cluster: &str, driver: Attr<String>) -> SshEndpoint {
    SshEndpoint { cluster_id: cluster.into(), driver_processor: driver, ..Default::default() }
}

fn hash(machine: u8) -> Attr<String> {
    sha256_hex(&program(machine)).into()
}

#[test]
fn the_drivers_processors_decide_which_program_is_planned() {
    let folder = tempfile::tempdir().unwrap();
    let places = places(folder.path(), &[("tunnel-x86_64", X86), ("tunnel-aarch64", ARM)]);
    let own = if cfg!(target_arch = "aarch64") { ARM } else { X86 };
    let serverless = || SshEndpoint { serverless: ServerlessCompute::default().into(), ..Default::default() };
    let check = |prior: Option<SshEndpoint>, mut planned: SshEndpoint, expected: (Attr<String>, Attr<String>)| {
        plan(&places, prior.as_ref(), &mut planned).unwrap();
        assert_eq!((&planned.driver_processor, &planned.binary_sha256), (&expected.0, &expected.1), "{prior:?}");
    };
    let (x86, arm) = (|| on("c", "x86_64".into()), || on("c", "aarch64".into()));
    check(Some(x86()), x86(), ("x86_64".into(), hash(X86)));
    check(Some(arm()), arm(), ("aarch64".into(), hash(ARM)));
    // What is not known of the driver, the apply finds out.
    check(None, on("c", Attr::Unknown), (Attr::Unknown, Attr::Unknown));
    check(Some(arm()), on("other", "aarch64".into()), (Attr::Unknown, Attr::Unknown));
    // Nobody says what it is.
    check(Some(on("c", Attr::Null)), on("c", Attr::Null), (Attr::Null, hash(own)));
    check(None, serverless(), (Attr::Null, hash(own)));
    check(Some(arm()), serverless(), (Attr::Null, hash(own)));
    check(Some(serverless()), arm(), (Attr::Unknown, Attr::Unknown));
}

#[test]
fn a_driver_that_is_not_known_yet_needs_some_program() {
    let folder = tempfile::tempdir().unwrap();
    let check = |programs: &[(&str, u8)], expected: bool| {
        let places = places(folder.path(), programs);
        assert_eq!(plan(&places, None, &mut on("c", Attr::Unknown)).is_ok(), expected, "{programs:?}");
    };
    check(&[], false);
    check(&[("tunnel", 0xf3)], false);
    check(&[("tunnel", ARM)], true);
}

#[test]
fn the_apply_takes_the_program_that_is_planned_and_refuses_one_for_another_driver() {
    let folder = tempfile::tempdir().unwrap();
    let places = places(folder.path(), &[("tunnel-x86_64", X86), ("tunnel", X86)]);
    let plain = folder.path().join("tunnel").display().to_string();
    let named = SshEndpoint { tunnel_binary: plain.into(), ..on("c", Attr::Unknown) };
    let driver = |processor: &'static str| Driver { processor, cluster: "demo".to_owned() };
    let check = |plan: &SshEndpoint, driver: Option<Driver>, expected: Result<Attr<String>, &str>| match (
        chosen(&places, plan, driver.as_ref()),
        expected,
    ) {
        (Ok((_, found)), Ok(expected)) => assert_eq!(found, expected),
        (Err(error), Err(words)) => {
            assert!(error.to_string().contains(words), "{error}");
            assert_eq!(error.diagnostic().path, Some("tunnel_binary".into()));
        }
        (found, _) => panic!("{plan:?} {driver:?} {found:?}"),
    };
    check(&on("c", Attr::Unknown), Some(driver("x86_64")), Ok("x86_64".into()));
    check(&on("c", Attr::Unknown), Some(driver("aarch64")), Err("tunnel is for x86_64."));
    check(&on("c", "x86_64".into()), Some(driver("aarch64")), Err("Plan again"));
    check(&on("c", "x86_64".into()), None, Ok("x86_64".into()));
    check(&named, Some(driver("x86_64")), Ok("x86_64".into()));
    check(&named, Some(driver("aarch64")), Err("scripts/build_tunnel.sh aarch64"));
    check(&named, None, Ok(Attr::Null));
}

#[tokio::test]
async fn what_was_read_of_the_driver_is_in_the_state_and_a_second_plan_changes_nothing() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let folder = tempfile::tempdir().unwrap();
    let made = create(&cx, planned(None, endpoint(&cx, &folder, "example").await)).await;
    // A local cloud's driver is this machine.
    assert_eq!(made.driver_processor, std::env::consts::ARCH.to_owned().into());
    assert_eq!(made.endpoint.known().unwrap().binary_processor.as_deref(), Some(std::env::consts::ARCH));
    reads_back(&cx, &made).await;
    assert_same("a second plan", &planned(Some(&made), made.clone()), &made);

    // A cluster that got other processors is seen by the next read.
    let other = SshEndpoint { driver_processor: "another".into(), ..made.clone() };
    let read = SshEndpoint::read(&cx, other).await.unwrap().unwrap();
    assert_eq!(read.driver_processor, made.driver_processor);
}

#[tokio::test]
async fn a_named_program_for_another_driver_is_refused_by_the_plan() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let folder = tempfile::tempdir().unwrap();
    let plan = planned(None, endpoint(&cx, &folder, "example").await);
    assert_eq!(SshEndpoint::check_change(&cx, &plan).await.unwrap(), []);
    let foreign = if cfg!(target_arch = "aarch64") { X86 } else { ARM };
    std::fs::write(folder.path().join("tunnel"), program(foreign)).unwrap();
    let error = SshEndpoint::check_change(&cx, &plan).await.unwrap_err();
    assert_eq!(error.diagnostic().path, Some("tunnel_binary".into()));
    assert!(error.to_string().contains("the driver of the cluster"), "{error}");
    // What is not known yet, the apply checks.
    let unknown = SshEndpoint { cluster_id: Attr::Unknown, ..plan };
    assert_eq!(SshEndpoint::check_change(&cx, &unknown).await.unwrap(), []);
}

#[tokio::test]
async fn the_driver_of_a_cluster_is_of_its_instance_type_or_its_pools() {
    let cloud = Cloud::start().await;
    let cx = cloud.workspace().await;
    let pool = async |node_type: &str| -> String {
        let body = json!({"instance_pool_name": node_type, "node_type_id": node_type});
        let made: Json =
            cx.client().send(Request::post("/api/2.0/instance-pools/create").json(&body).unwrap()).await.unwrap();
        made["instance_pool_id"].as_str().unwrap().to_owned()
    };
    let (x86, arm) = (pool("m5d.large").await, pool("m6gd.large").await);
    let check = async |change: Json, expected: &str| {
        let id = cluster(&cx, change.clone()).await;
        let found: Cluster = clusters::get(cx.client(), &id).await.unwrap();
        let found = driver::processor_of_instance(cx.client(), &found.attributes).await.unwrap();
        assert_eq!(found, Some(expected), "{change}");
    };
    // The deployment's own is one that the program of the README's `cargo build` runs on, on most machines.
    let variables = include_str!("../../../../vars/databricks.tfvars");
    let default = variables.lines().find_map(|line| line.strip_prefix("node_type_id")).unwrap();
    check(json!({"node_type_id": default.trim_matches([' ', '=', '"'])}), "x86_64").await;
    check(json!({"node_type_id": "m6gd.large"}), "aarch64").await;
    check(json!({"node_type_id": "m6gd.large", "driver_node_type_id": "m5d.large"}), "x86_64").await;
    let pooled = |workers: &str, driver: &str| {
        let (workers, driver) = (workers.to_owned(), driver.to_owned());
        ClusterAttributes { instance_pool_id: workers, driver_instance_pool_id: driver, ..Default::default() }
    };
    for (cluster, expected) in [(pooled(&arm, ""), "aarch64"), (pooled(&arm, &x86), "x86_64")] {
        let found = driver::processor_of_instance(cx.client(), &cluster).await.unwrap();
        assert_eq!(found, Some(expected), "{cluster:?}");
    }
}

#[test]
fn the_names_are_those_of_the_script_that_builds_them() {
    let script = include_str!("../../../../scripts/build_tunnel.sh");
    assert!(script.contains(&program_name("$arch")), "{}", program_name("$arch"));
}
