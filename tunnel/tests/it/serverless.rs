//! An endpoint on serverless compute: the run has a driver of its own, whose cluster nobody knows before it is there.

use std::process::Output;

use databricks::ssh_endpoint::Serverless;
use serde_json::Value;

use crate::bench::tunnel_program;
use crate::cloud::Cloud;

fn text(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

async fn cloud(serverless: Serverless) -> Cloud {
    let binary = std::fs::read(tunnel_program()).unwrap();
    Cloud::with(binary, "SINGLE_USER", |wanted| {
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
