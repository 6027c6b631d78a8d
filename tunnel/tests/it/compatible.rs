//! An endpoint that the official tool finds too. What that tool does is done here by hand, from the facts about it: it looks for its
//! program, puts its key into its scope, reads its metadata, and starts its own program with its own flags.

use std::os::unix::fs::PermissionsExt;
use std::process::{Output, Stdio};

use databricks::Request;
use databricks::api::workspace::ObjectInfo;
use databricks::ssh_endpoint::official::{Official, architecture, binary_path};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::bench::tunnel_program;
use crate::cloud::{Cloud, until};

const VERSION: &str = "1.2.3";

fn text(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

async fn cloud() -> (Cloud, Official) {
    let binary = std::fs::read(tunnel_program()).unwrap();
    let cloud = Cloud::with(binary, "SINGLE_USER", |wanted| {
        wanted.compatible_with = Some(format!("databricks-cli/{VERSION}"));
    })
    .await;
    let place = cloud.endpoint.official.clone().unwrap();
    (cloud, place)
}

/// The official client's key, in its scope as that client puts it there.
async fn official_key(cloud: &Cloud, place: &Official) -> String {
    let file = cloud.folder.path().join("official");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "rsa", "-b", "3072", "-N", "", "-f"]).arg(&file).status();
    assert!(made.await.unwrap().success());
    let line = std::fs::read_to_string(file.with_extension("pub")).unwrap();
    let body = json!({"scope": place.secret_scope, "key": "client-public-key", "string_value": line});
    cloud.post("/api/2.0/secrets/put", body).await;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    file.display().to_string()
}

async fn metadata(cloud: &Cloud, place: &Official) -> Option<Value> {
    let path = format!("{}/metadata.json", place.directory);
    let request = Request::get("/api/2.0/workspace/export").query("path", path).query("direct_download", "true");
    Some(serde_json::from_slice(&cloud.client.send_bytes(request).await.ok()?).unwrap())
}

/// ssh with the official key, to the server that listens on this port.
async fn login(cloud: &Cloud, key: &str, port: &Value) -> (i32, String, String) {
    let file = cloud.folder.path().join("endpoint.json");
    std::fs::write(&file, serde_json::to_vec(&cloud.endpoint).unwrap()).unwrap();
    let known_hosts = cloud.folder.path().join("known_hosts");
    std::fs::write(&known_hosts, tunnel::known_hosts::text(&cloud.endpoint).unwrap()).unwrap();
    let proxy = format!("{} proxy --endpoint-file={} --port={port}", tunnel_program().display(), file.display());
    let mut ssh = Command::new("ssh");
    ssh.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", cloud.folder.path());
    ssh.envs(cloud.cloud.env()).env("DATABRICKS_TUNNEL_HOME", cloud.home("official"));
    ssh.args(["-F", "/dev/null", "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes", "-i", key]);
    ssh.args(["-o", &format!("UserKnownHostsFile={}", known_hosts.display()), "-o", &format!("ProxyCommand={proxy}")]);
    ssh.args(["-l", &cloud.endpoint.remote_user, &cloud.endpoint.host_key_alias(), "echo official"]);
    text(&ssh.stdin(Stdio::null()).output().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_official_client_finds_the_running_server_and_logs_in() {
    let (cloud, place) = cloud().await;
    let program = std::fs::read(tunnel_program()).unwrap();
    let user = place.directory.split('/').nth(3).unwrap();
    let path = binary_path(user, VERSION, architecture(&program).unwrap());
    let status = Request::get("/api/2.0/workspace/get-status").query("path", path);
    let _: ObjectInfo = cloud.client.send(status).await.unwrap();
    assert_eq!(text(&cloud.connect("ada", &["true"]).output().await.unwrap()).0, 0);
    let theirs = metadata(&cloud, &place).await.unwrap();
    assert_eq!(theirs, cloud.metadata().await.unwrap());
    let key = official_key(&cloud, &place).await;
    let (code, out, words) = login(&cloud, &key, &theirs["port"]).await;
    assert_eq!((code, out.as_str()), (0, "official\n"), "{words}");
    let outputs = cloud.outputs();
    let stop = cloud.tunnel("ada").arg("stop").arg("--outputs").arg(outputs).output().await.unwrap();
    assert_eq!(text(&stop).0, 0);
    until("the server took back where it was", async || metadata(&cloud, &place).await.is_none()).await;
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_tools_notebook_starts_our_server_under_its_name() {
    let (cloud, place) = cloud().await;
    let key = official_key(&cloud, &place).await;
    let session = place.directory.rsplit('/').next().unwrap();
    let mut server = cloud.tunnel("server");
    server.env("DATABRICKS_HOST", &cloud.endpoint.host).env("DATABRICKS_CLUSTER_ID", &cloud.endpoint.cluster_id);
    server.args(["ssh", "server", "--cluster", &cloud.endpoint.cluster_id, "--session-id", session]);
    server.args(["--secret-scope-name", &place.secret_scope, "--authorized-key-secret-name", "client-public-key"]);
    server.args(["--max-clients", "10", "--shutdown-delay", "10m0s", "--version", VERSION, "--serverless=false"]);
    server.args(["--usage-policy-id", "", "--log-level", "info", "--log-format", "json"]);
    let mut server = server.spawn().unwrap();
    until("the server has published itself", async || metadata(&cloud, &place).await.is_some()).await;
    let port = metadata(&cloud, &place).await.unwrap()["port"].clone();
    let (code, out, words) = login(&cloud, &key, &port).await;
    assert_eq!((code, out.as_str()), (0, "official\n"), "{words}");
    server.kill().await.unwrap();
    cloud.cloud.stop().await;
}
