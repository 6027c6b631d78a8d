//! An endpoint on serverless compute: the run has a driver of its own, whose cluster nobody knows before it is there.

use std::time::Duration;

use databricks::Request;
use databricks::api::workspace::import_file_path;
use serde_json::{Value, json};
use ssh_endpoint::Serverless;
use ssh_endpoint::publish::publish;

use crate::bench::{text, tunnel_program};
use crate::cloud::{Cloud, until, wanted};

async fn cloud(serverless: Serverless) -> Cloud {
    pending_for(Duration::from_millis(10), serverless).await
}

/// A local cloud whose runs wait for their compute this long.
async fn pending_for(pending: Duration, serverless: Serverless) -> Cloud {
    let binary = std::fs::read(tunnel_program()).unwrap();
    Cloud::with_runs_pending_for(pending, binary, "SINGLE_USER", |wanted| {
        wanted.cluster_id = String::new();
        wanted.remote_user = String::new();
        wanted.serverless = Some(serverless);
    })
    .await
}

async fn run(cloud: &Cloud, words: &[&str]) -> (i32, String, String) {
    text(&cloud.tunnel("ada").args(words).arg("--outputs").arg(cloud.outputs()).output().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_on_serverless_compute_is_started_found_and_ended() {
    let cloud = cloud(Serverless { accelerator: Some("GPU_1xA10".to_owned()), ..Serverless::default() }).await;
    let (code, _, words) = run(&cloud, &["setup", "--print"]).await;
    assert!(code == 1 && words.contains("is not known while no server runs"), "{words}");

    let connect = cloud.connect("ada", &["sh", "-c", "echo $DATABRICKS_CLUSTER_ID; exit 7"]).output().await.unwrap();
    let (code, out, words) = text(&connect);
    assert!(code == 7 && words.contains("serverless compute with GPU_1xA10"), "{code} {words}");
    let metadata = cloud.metadata().await.unwrap();
    assert_eq!(out.trim(), metadata["cluster_id"], "{metadata}");
    assert_eq!(text(&cloud.connect("grace", &["true"]).output().await.unwrap()).0, 0);
    assert_eq!(cloud.runs().await.len(), 1);

    let (code, out, words) = run(&cloud, &["doctor", "--json"]).await;
    assert_eq!(code, 0, "{out}{words}");
    let (code, out, words) = run(&cloud, &["setup", "--print"]).await;
    let user = format!("    User {}\n", metadata["user"].as_str().unwrap());
    assert!(code == 0 && out.contains(&user), "{out}{words}");
    let (code, _, words) = run(&cloud, &["stop"]).await;
    assert_eq!(code, 0, "{words}");
    let (code, out, _) = run(&cloud, &["status", "--json"]).await;
    assert_eq!((code, serde_json::from_str::<Value>(&out).unwrap()["running"].clone()), (3, Value::Bool(false)));
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_another_usage_policy_is_not_used() {
    let mut cloud = cloud(Serverless::default()).await;
    assert_eq!(text(&cloud.connect("ada", &["true"]).output().await.unwrap()).0, 0);
    cloud.endpoint.serverless = Some(Serverless { usage_policy_id: Some("p-1".to_owned()), ..Serverless::default() });
    assert_eq!(text(&cloud.connect("ada", &["true"]).output().await.unwrap()).0, 0);
    assert_eq!(cloud.runs().await.len(), 2);
    assert_eq!(cloud.metadata().await.unwrap()["usage_policy_id"], "p-1");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn compute_that_there_is_not_is_refused_with_its_reason() {
    let mut cloud = cloud(Serverless::default()).await;
    cloud.endpoint.serverless = Some(Serverless { accelerator: Some("GPU_9".to_owned()), ..Serverless::default() });
    let (code, _, words) = text(&cloud.connect("ada", &["true"]).output().await.unwrap());
    assert!(code == 1 && words.contains("Invalid hardware accelerator"), "{words}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_at_once_on_several_machines_start_one_server() {
    let cloud = pending_for(Duration::from_secs(3), Serverless::default()).await;
    let first = cloud.connect("ada", &["true"]).spawn().unwrap();
    until("the first one's run is there", async || !cloud.runs().await.is_empty()).await;
    // Machines that share nothing but the workspace, and some that share a folder.
    let rest = ["ada", "grace", "grace", "alan", "alan", "edsger", "barbara", "donald", "leslie"];
    let rest = rest.map(|home| {
        let mut connect = cloud.connect(home, &["echo", home]);
        async move { (home, text(&connect.output().await.unwrap())) }
    });
    for (home, (code, out, words)) in futures_util::future::join_all(rest).await {
        assert_eq!((code, out.trim()), (0, home), "{words}");
    }
    assert_eq!(text(&first.wait_with_output().await.unwrap()).0, 0);
    assert_eq!(cloud.runs().await.len(), 1);
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_another_machine_that_is_cancelled_is_replaced_by_ones_own() {
    let cloud = pending_for(Duration::from_secs(3), Serverless::default()).await;
    let first = cloud.connect("ada", &["true"]).spawn().unwrap();
    until("the first one's run is there", async || !cloud.runs().await.is_empty()).await;
    let run = cloud.runs().await[0];
    cloud.cloud.clear_requests();
    let second = cloud.connect("grace", &["echo", "in"]).spawn().unwrap();
    let has_looked = || cloud.cloud.requests().iter().any(|entry| entry.path.ends_with("runs/list"));
    until("the second one has seen it", async || has_looked()).await;
    cloud.post("/api/2.2/jobs/runs/cancel", json!({"run_id": run})).await;
    let (code, out, words) = text(&second.wait_with_output().await.unwrap());
    assert_eq!((code, out.as_str()), (0, "in\n"), "{words}");
    let (code, _, words) = text(&first.wait_with_output().await.unwrap());
    assert!(code == 1 && words.contains("the run that starts the server ended (CANCELED)"), "{code} {words}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_serverless_server_that_has_gone_is_replaced_and_another_one_is_not_taken_for_it() {
    let cloud = cloud(Serverless::default()).await;
    let connect = async || text(&cloud.connect("ada", &["echo", "hi"]).output().await.unwrap());
    let say = async |metadata: Value| {
        let upload = Request::post(import_file_path(&cloud.endpoint.metadata_path()))
            .query("overwrite", "true")
            .body(metadata.to_string(), "application/octet-stream");
        cloud.client.send::<()>(upload).await.unwrap();
    };
    // A driver that the workspace does not know any more: each serverless run has one of its own.
    say(json!({"port": 7772, "cluster_id": "0000-000000-gone", "instance_id": "gone"})).await;
    let (code, out, words) = connect().await;
    assert_eq!((code, out.as_str()), (0, "hi\n"), "{words}");
    // The driver is there, and another server listens on the port.
    let running = cloud.metadata().await.unwrap();
    say(json!({"port": running["port"], "cluster_id": running["cluster_id"], "instance_id": "gone"})).await;
    let (code, out, words) = connect().await;
    assert_eq!((code, out.as_str()), (0, "hi\n"), "{words}");
    assert_eq!(cloud.runs().await.len(), 2);
    assert_ne!(cloud.metadata().await.unwrap()["cluster_id"], running["cluster_id"]);

    // ssh's own connection, without connect: its proxy finds what is stale, and starts anew.
    let outputs = cloud.outputs();
    let setup = cloud.tunnel("ada").args(["setup", "work", "--outputs"]).arg(outputs).output().await.unwrap();
    assert_eq!(text(&setup).0, 0, "{}", text(&setup).2);
    say(json!({"port": 7772, "cluster_id": "0000-000000-gone", "instance_id": "gone"})).await;
    let config = cloud.folder.path().join(".ssh/config");
    let mut ssh = tokio::process::Command::new("ssh");
    ssh.arg("-F").arg(config).args(["work", "echo", "over ssh"]).kill_on_drop(true);
    ssh.envs(cloud.cloud.env()).env("DATABRICKS_TUNNEL_HOME", cloud.home("ada"));
    let (code, out, words) = text(&ssh.output().await.unwrap());
    assert_eq!((code, out.as_str()), (0, "over ssh\n"), "{words}");
    assert_eq!(cloud.runs().await.len(), 3);
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_machine_is_a_new_server() {
    let mut cloud = cloud(Serverless::default()).await;
    assert_eq!(text(&cloud.connect("ada", &["true"]).output().await.unwrap()).0, 0);
    assert_eq!(cloud.metadata().await.unwrap()["compute"], "cpu/4");
    cloud.endpoint.serverless =
        Some(Serverless { accelerator: Some("GPU_8xH100".to_owned()), ..Serverless::default() });
    assert_eq!(text(&cloud.connect("ada", &["true"]).output().await.unwrap()).0, 0);
    assert_eq!(cloud.runs().await.len(), 2);
    assert_eq!(cloud.metadata().await.unwrap()["compute"], "GPU_8xH100/4");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_and_serverless_compute_serve_at_once() {
    let mut cloud = cloud(Serverless::default()).await;
    let serverless = cloud.endpoint.clone();
    let list: Value = cloud.client.send(Request::get("/api/2.1/clusters/list")).await.unwrap();
    let mut on_cluster = wanted(list["clusters"][0]["cluster_id"].as_str().unwrap());
    on_cluster.name = "other".to_owned();
    let binary = std::fs::read(tunnel_program()).unwrap();
    let on_cluster = publish(&cloud.client, &on_cluster, binary.into()).await.unwrap();
    let mut open = cloud.connect("ada", &["sh", "-c", "echo open; read line; echo $line"]);
    let mut open = open.stdin(std::process::Stdio::piped()).spawn().unwrap();
    until("the first server runs", async || cloud.metadata().await.is_some()).await;
    cloud.endpoint = on_cluster;
    let command = ["sh", "-c", "echo $DATABRICKS_CLUSTER_ID"];
    let (code, out, words) = text(&cloud.connect("ada", &command).output().await.unwrap());
    assert_eq!((code, out.trim()), (0, cloud.endpoint.cluster_id.as_str()), "{words}");
    let stop = cloud.tunnel("ada").arg("stop").arg("--outputs").arg(cloud.outputs()).output().await.unwrap();
    assert_eq!(text(&stop).0, 0);
    cloud.endpoint = serverless;
    use tokio::io::AsyncWriteExt;
    open.stdin.take().unwrap().write_all(b"still here\n").await.unwrap();
    assert_eq!(text(&open.wait_with_output().await.unwrap()).1, "open\nstill here\n");
    cloud.cloud.stop().await;
}
