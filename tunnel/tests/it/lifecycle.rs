//! A server over its life: keys that change while it runs, and what sessions leave behind.

use std::path::PathBuf;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use ssh_endpoint::SERVER_PRIVATE_KEY;
use ssh_endpoint::publish::publish;

use crate::bench::{text, tunnel_program};
use crate::cloud::{Cloud, until, wanted};

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_host_key_is_met_at_the_next_login_and_running_sessions_go_on() {
    let mut cloud = Cloud::start().await;
    let mut open = cloud.connect("ada", &["sh", "-c", "read line; echo $line"]);
    let mut open = open.stdin(std::process::Stdio::piped()).spawn().unwrap();
    until("the server runs", async || cloud.metadata().await.is_some()).await;
    assert_eq!(text(&cloud.connect("grace", &["true"]).output().await.unwrap()).0, 0);

    // What the provider does for a change of rotate_host_key.
    let old = cloud.endpoint.clone();
    cloud.post("/api/2.0/secrets/delete", json!({"scope": old.secret_scope, "key": SERVER_PRIVATE_KEY})).await;
    let binary = std::fs::read(tunnel_program()).unwrap();
    cloud.endpoint = publish(&cloud.client, &wanted(&old.cluster_id), binary.into()).await.unwrap();
    assert_ne!(cloud.endpoint.server_host_key, old.server_host_key);

    let (code, _, words) = text(&cloud.connect("grace", &["true"]).output().await.unwrap());
    assert_eq!(code, 0, "{words}");
    let fresh = std::mem::replace(&mut cloud.endpoint, old);
    let (code, _, words) = text(&cloud.connect("grace", &["true"]).output().await.unwrap());
    assert!(code == 255 && words.contains("run terraform apply here"), "{code} {words}");
    cloud.endpoint = fresh;
    assert_eq!(cloud.runs().await.len(), 1, "it is the same server");

    use tokio::io::AsyncWriteExt;
    open.stdin.take().unwrap().write_all(b"still here\n").await.unwrap();
    assert_eq!(text(&open.wait_with_output().await.unwrap()).1, "still here\n");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_session_leaves_behind_is_the_servers_and_ends_with_it() {
    let cloud = Cloud::start().await;
    let endpoint = &cloud.endpoint;
    let mut server = cloud.tunnel("server");
    server.args(["server", "--instance-id=by-hand", "--end-with-stdin=false"]);
    server.args(["--directory", &endpoint.server_directory(), "--secret-scope", &endpoint.secret_scope]);
    server.env("DATABRICKS_HOST", &endpoint.host).env("DATABRICKS_CLUSTER_ID", &endpoint.cluster_id);
    let mut server = server.spawn().unwrap();
    let id = server.id().unwrap();
    until("the server has published itself", async || cloud.metadata().await.is_some()).await;

    let command = "setsid nohup sleep 1000 >/dev/null 2>&1 & echo $!";
    let (code, out, words) = text(&cloud.connect("ada", &["sh", "-c", command]).output().await.unwrap());
    assert_eq!(code, 0, "{words}");
    let left: i32 = out.trim().parse().unwrap();
    let stat = PathBuf::from(format!("/proc/{left}/stat"));
    until("the server has adopted it", async || {
        let text = std::fs::read_to_string(&stat).unwrap();
        text.rsplit_once(") ").unwrap().1.split(' ').nth(1) == Some(&id.to_string())
    })
    .await;
    assert_eq!(cloud.runs().await.len(), 0);
    kill(Pid::from_raw(i32::try_from(id).unwrap()), Signal::SIGTERM).unwrap();
    assert!(server.wait().await.unwrap().success());
    assert!(!stat.exists(), "it outlived the server");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_endpoints_on_one_cluster_do_not_disturb_each_other() {
    let mut cloud = Cloud::start().await;
    let binary = std::fs::read(tunnel_program()).unwrap();
    let first = cloud.endpoint.clone();
    let mut other = wanted(&first.cluster_id);
    other.name = "other".to_owned();
    let second = publish(&cloud.client, &other, binary.into()).await.unwrap();
    assert_eq!(text(&cloud.connect("ada", &["true"]).output().await.unwrap()).0, 0);
    let on_first = cloud.metadata().await.unwrap();
    cloud.endpoint = second;
    let (code, out, words) = text(&cloud.connect("ada", &["echo", "second"]).output().await.unwrap());
    assert_eq!((code, out.as_str()), (0, "second\n"), "{words}");
    assert_ne!(cloud.metadata().await.unwrap()["port"], on_first["port"]);
    let outputs = cloud.outputs();
    let stop = cloud.tunnel("ada").arg("stop").arg("--outputs").arg(outputs).output().await.unwrap();
    assert_eq!(text(&stop).0, 0);
    cloud.endpoint = first;
    assert_eq!(text(&cloud.connect("ada", &["true"]).output().await.unwrap()).0, 0);
    assert_eq!(cloud.metadata().await.unwrap(), on_first, "the first one's server is still the same");
    assert_eq!(cloud.runs().await.len(), 2);
    cloud.cloud.stop().await;
}

/// The server with this id.
fn process(instance_id: &str) -> i32 {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let mut ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    ids.find(|id| {
        let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        words.windows(2).any(|two| two == [b"--instance-id".as_slice(), instance_id.as_bytes()])
    })
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_server_leaves_behind_ends_with_the_run() {
    let cloud = Cloud::start().await;
    // Without an environment and in a session of its own, nothing tells whose it is but its parents.
    let command = "env -i setsid nohup sleep 1000 >/dev/null 2>&1 & echo $!";
    let (code, out, words) = text(&cloud.connect("ada", &["sh", "-c", command]).output().await.unwrap());
    assert_eq!(code, 0, "{words}");
    let left = PathBuf::from(format!("/proc/{}/stat", out.trim()));
    assert!(left.exists());
    let server = process(cloud.metadata().await.unwrap()["instance_id"].as_str().unwrap());
    kill(Pid::from_raw(server), Signal::SIGKILL).unwrap();
    until("it has ended", async || !left.exists()).await;

    let (code, _, words) = text(&cloud.connect("ada", &["true"]).output().await.unwrap());
    assert_eq!(code, 0, "{words}");
    assert_eq!(cloud.runs().await.len(), 2, "the old metadata was stale");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_for_another_processor_is_named_as_the_reason() {
    let mut program = std::fs::read(tunnel_program()).unwrap();
    program[18] = if cfg!(target_arch = "aarch64") { 0x3e } else { 0xb7 };
    let cloud = Cloud::with(program, "SINGLE_USER", |_| {}).await;
    let (code, _, words) = text(&cloud.connect("ada", &["true"]).output().await.unwrap());
    assert!(code == 1 && words.contains("is none for this driver"), "{code} {words}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_pipe_ends_with_the_process_that_started_it() {
    let cloud = Cloud::start().await;
    let endpoint = &cloud.endpoint;
    let server = cloud.tunnel("server");
    let mut parent = tokio::process::Command::new("sh");
    parent.args(["-c", "\"$@\" & wait", "sh"]).arg(server.as_std().get_program());
    parent.args(["server", "--instance-id", "by-hand", "--end-with-stdin=false", "--end-with-parent"]);
    parent.args(["--directory", &endpoint.server_directory(), "--secret-scope", &endpoint.secret_scope]);
    parent.envs(cloud.cloud.env()).env("DATABRICKS_HOST", &endpoint.host).stdin(std::process::Stdio::null());
    let mut parent = parent.kill_on_drop(true).spawn().unwrap();
    until("the server has published itself", async || cloud.metadata().await.is_some()).await;
    parent.kill().await.unwrap();
    until("the server has ended, and taken back where it was", async || cloud.metadata().await.is_none()).await;
    cloud.cloud.stop().await;
}
