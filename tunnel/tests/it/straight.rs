//! `--cluster` and `--serverless`: an endpoint without Terraform.

use std::process::Output;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::bench::another_host_key;
use crate::cloud::Cloud;

fn text(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// A command of a person whose environment names the workspace.
fn tunnel(cloud: &Cloud, home: &str, words: &[&str]) -> Command {
    let mut tunnel = cloud.tunnel(home);
    tunnel.env("DATABRICKS_HOST", &cloud.endpoint.host).args(words);
    tunnel
}

async fn run(cloud: &Cloud, home: &str, words: &[&str]) -> (i32, String, String) {
    text(&tunnel(cloud, home, words).output().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_connected_to_by_its_name_or_its_id() {
    let cloud = Cloud::start().await;
    let id = cloud.endpoint.cluster_id.clone();
    let (code, out, words) = run(&cloud, "ada", &["connect", "--cluster", "demo", "--", "echo", "by name"]).await;
    assert_eq!((code, out.as_str()), (0, "by name\n"), "{words}");
    let (code, out, words) = run(&cloud, "grace", &["connect", "--cluster", &id, "--", "echo", "by id"]).await;
    assert_eq!((code, out.as_str(), words.as_str()), (0, "by id\n", ""));
    assert_eq!(cloud.runs().await.len(), 1, "both are the same endpoint");
    let (code, out, words) = run(&cloud, "ada", &["status", "--cluster", &id, "--json"]).await;
    assert_eq!((code, &serde_json::from_str::<Value>(&out).unwrap()["name"]), (0, &json!(id)), "{words}");

    let (code, _, words) = run(&cloud, "ada", &["connect", "--cluster", "nope", "--", "true"]).await;
    assert!(code == 1 && words.contains("no cluster has the name \"nope\""), "{words}");
    let (code, _, words) = run(&cloud, "ada", &["connect", "--publish-as", "x", "--", "true"]).await;
    assert!(code == 1 && words.contains("--cluster NAME"), "{words}");
    let twin = json!({
        "cluster_name": "demo", "spark_version": "17.3.x-scala2.13", "node_type_id": "m6gd.large", "num_workers": 0,
        "is_single_node": true, "kind": "CLASSIC_PREVIEW", "data_security_mode": "SINGLE_USER",
    });
    cloud.post("/api/2.1/clusters/create", twin).await;
    let (code, _, words) = run(&cloud, "ada", &["connect", "--cluster", "demo", "--", "true"]).await;
    assert!(code == 1 && words.contains("several clusters") && words.contains(&id), "{words}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_cannot_serve_is_refused_before_anything_is_started() {
    let cloud = Cloud::start().await;
    let old = json!({
        "cluster_name": "old", "spark_version": "15.4.x-scala2.12", "node_type_id": "m6gd.large", "num_workers": 0,
        "is_single_node": true, "kind": "CLASSIC_PREVIEW", "data_security_mode": "SINGLE_USER",
    });
    cloud.post("/api/2.1/clusters/create", old).await;
    let (code, _, words) = run(&cloud, "ada", &["connect", "--cluster", "old", "--", "true"]).await;
    assert!(code == 1 && words.contains("SSH needs 17.0 or newer"), "{words}");
    assert_eq!(cloud.runs().await.len(), 0);
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_key_that_changed_since_the_first_use_stops_the_connection() {
    let cloud = Cloud::start().await;
    let id = cloud.endpoint.cluster_id.clone();
    assert_eq!(run(&cloud, "ada", &["connect", "--cluster", &id, "--", "true"]).await.0, 0);
    let pinned = std::fs::read_dir(cloud.home("ada")).unwrap().flatten().map(|entry| entry.path());
    let pinned = pinned.into_iter().find(|path| path.extension().is_some_and(|end| end == "known_hosts")).unwrap();
    let alias = std::fs::read_to_string(&pinned).unwrap().split(' ').next().unwrap().to_owned();
    std::fs::write(&pinned, format!("{alias} {}\n", another_host_key())).unwrap();
    let (code, _, words) = run(&cloud, "ada", &["connect", "--cluster", &id, "--", "true"]).await;
    assert!(code == 1 && words.contains("has another host key than it had before"), "{words}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn serverless_compute_is_connected_to_under_a_name_of_ones_own() {
    let cloud = Cloud::start().await;
    let connect = ["connect", "--serverless", "--accelerator", "GPU_1xA10", "--", "printenv", "DATABRICKS_CLUSTER_ID"];
    let (code, out, words) = run(&cloud, "ada", &connect).await;
    assert!(code == 0 && out.starts_with("0000-000000-sl"), "{out}{words}");
    let (code, again, words) = run(&cloud, "ada", &connect).await;
    assert_eq!((code, again), (0, out), "{words}");
    assert_eq!(cloud.runs().await.len(), 1);
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_terraform_made_is_used_as_it_is() {
    let cloud = Cloud::start().await;
    // The endpoint of the fixture, under the name that --cluster looks for, marked as the provider marks what it makes.
    let mut endpoint = cloud.endpoint.clone();
    endpoint.name = endpoint.cluster_id.clone();
    endpoint.max_clients = 3;
    let scope = format!("ssh-tunnel-{}", endpoint.name);
    cloud.post("/api/2.0/secrets/scopes/create", json!({"scope": scope})).await;
    for (key, value) in [("terraform-created-by", "marker"), ("endpoint", &serde_json::to_string(&endpoint).unwrap())] {
        cloud.post("/api/2.0/secrets/put", json!({"scope": scope, "key": key, "string_value": value})).await;
    }
    let (code, out, words) =
        run(&cloud, "ada", &["connect", "--cluster", &endpoint.cluster_id, "--", "echo", "in"]).await;
    assert_eq!((code, out.as_str()), (0, "in\n"), "{words}");
    let (_, out, _) = run(&cloud, "ada", &["status", "--cluster", &endpoint.cluster_id, "--json"]).await;
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["server"]["max_clients"], 3);
    cloud.cloud.stop().await;
}
