//! Jobs on an endpoint of ours, in a local cloud: the server is their company, and what is left when it is gone.

use std::process::Output;
use std::time::Duration;

use serde_json::{Value, json};
use ssh_endpoint::publish::EndpointConfig;
use tokio::process::Command;
use tunnel::server::ssh_server::Choice;

use super::machine::is_alive;
use crate::bench::{Bench, Options, program, tunnel_program};
use crate::cloud::{Cloud, until};

fn job(cloud: &Cloud, words: &[&str]) -> Command {
    job_of(cloud, "ada", words)
}

pub(super) fn job_of(cloud: &Cloud, person: &str, words: &[&str]) -> Command {
    let mut job = cloud.tunnel(person);
    job.args(["job", "--outputs"]).arg(cloud.outputs()).args(words);
    job
}

pub(super) async fn said(cloud: &Cloud, words: &[&str]) -> Output {
    job(cloud, words).output().await.unwrap()
}

pub(super) async fn text(cloud: &Cloud, words: &[&str]) -> String {
    let output = said(cloud, words).await;
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

pub(super) async fn submit(cloud: &Cloud, script: &str) -> String {
    text(cloud, &["submit", "--shell", "--", script]).await.trim().to_owned()
}

async fn status(cloud: &Cloud, id: &str) -> Value {
    let jobs: Value = serde_json::from_str(&text(cloud, &["status", "--json", id]).await).unwrap();
    jobs[0].clone()
}

pub(super) async fn small(shutdown_delay_seconds: u64) -> Cloud {
    with(|wanted| wanted.shutdown_delay_seconds = shutdown_delay_seconds).await
}

pub(super) async fn with(change: impl FnOnce(&mut EndpointConfig)) -> Cloud {
    let binary = std::fs::read(tunnel_program()).unwrap();
    Cloud::with(binary, "SINGLE_USER", change).await
}

async fn copy(cloud: &Cloud, id: &str) -> Option<Value> {
    let path = format!("{}/jobs/{id}.json", cloud.endpoint.server_directory());
    let request =
        databricks::Request::get("/api/2.0/workspace/export").query("path", path).query("direct_download", "true");
    cloud.client.send_bytes(request).await.ok().map(|bytes| serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_is_told_from_a_code_and_what_escapes_a_job_ends_with_it() {
    let cloud = small(600).await;
    let killed = submit(&cloud, "kill -SEGV $$").await;
    assert_eq!(said(&cloud, &["wait", &killed]).await.status.code(), Some(139));
    let job = status(&cloud, &killed).await;
    assert_eq!((&job["state"], &job["signal"], &job["exit_code"]), (&"signaled".into(), &11.into(), &Value::Null));
    let coded = submit(&cloud, "exit 139").await;
    assert_eq!(said(&cloud, &["wait", &coded]).await.status.code(), Some(139));
    let job = status(&cloud, &coded).await;
    assert_eq!((&job["state"], &job["signal"], &job["exit_code"]), (&"exited".into(), &Value::Null, &139.into()));

    let escaped = submit(&cloud, "setsid sleep 300 & echo $!; wait $!").await;
    until("it runs", async || !text(&cloud, &["logs", &escaped]).await.is_empty()).await;
    let sleeper = text(&cloud, &["logs", &escaped]).await;
    assert!(is_alive(&sleeper));
    text(&cloud, &["cancel", "--grace", "1s", &escaped]).await;
    assert_eq!(status(&cloud, &escaped).await["state"], "cancelled");
    assert!(!is_alive(&sleeper));

    let late =
        text(&cloud, &["submit", "--timeout", "1s", "--shell", "--", "trap '' TERM; sleep 1; exec sleep 300"]).await;
    assert_eq!(said(&cloud, &["wait", late.trim()]).await.status.code(), Some(124));
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_job_keeps_the_server_and_who_comes_back_joins_it() {
    let cloud = small(1).await;
    let id = submit(&cloud, "sleep 20; echo done").await;
    let before = cloud.metadata().await.unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(cloud.metadata().await, Some(before.clone()), "the job holds it");
    let output =
        cloud.tunnel("ada").args(["status", "--json", "--outputs"]).arg(cloud.outputs()).output().await.unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["server"]["jobs"], 1, "{report}");
    // The connection that calls share is a session for a few seconds more.
    until("the job alone holds it", async || {
        let stop = cloud.tunnel("ada").args(["stop", "--outputs"]).arg(cloud.outputs()).output().await.unwrap();
        let error = String::from_utf8_lossy(&stop.stderr).into_owned();
        assert!(!stop.status.success());
        error.contains("1 job runs on the endpoint")
    })
    .await;
    assert_eq!(said(&cloud, &["wait", &id]).await.status.code(), Some(0));
    assert_eq!(cloud.runs().await.len(), 1);
    until("the server has ended", async || cloud.metadata().await.is_none()).await;

    // Its machine is still there, but nothing is started to look at a job.
    let job = status(&cloud, &id).await;
    assert_eq!((&job["state"], &job["exit_code"]), (&"exited".into(), &0.into()));
    assert_eq!(text(&cloud, &["logs", &id]).await, "done\n");
    assert_eq!(cloud.runs().await.len(), 1);
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_cluster_went_away_is_lost_with_the_last_of_its_log() {
    let cloud = small(600).await;
    let id = submit(&cloud, "echo out; echo error >&2; echo step 1 >\"$STATUS_FILE\"; sleep 300").await;
    until("it is copied", async || copy(&cloud, &id).await.is_some_and(|copy| copy["job"]["status"] == "step 1")).await;
    // As a machine that is switched off: nobody has time for a last word.
    let drivers = cloud.folder.path().join("cloud/drivers");
    for pid in servers(&drivers) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).unwrap();
    }
    cloud.post("/api/2.1/clusters/delete", json!({"cluster_id": cloud.endpoint.cluster_id})).await;
    until("the run has ended", async || servers(&drivers).is_empty()).await;
    std::fs::remove_dir_all(&drivers).unwrap();

    let job = status(&cloud, &id).await;
    assert_eq!((&job["state"], &job["status"]), (&"lost".into(), &"step 1".into()), "{job}");
    let output = said(&cloud, &["logs", "-f", &id]).await;
    assert_eq!(output.stdout, b"out\n");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(error, format!("error\ntunnel: job {id} is lost: nobody knows how it ended\n"));
    assert_eq!(said(&cloud, &["wait", &id]).await.status.code(), Some(125));
    // A new machine does not know the job either.
    let next = submit(&cloud, "true").await;
    assert_eq!(status(&cloud, &id).await["state"], "lost");
    let jobs: Value = serde_json::from_str(&text(&cloud, &["list", "--json"]).await).unwrap();
    assert_eq!(jobs.as_array().unwrap().len(), 2, "{jobs}");
    text(&cloud, &["wait", &next]).await;
    until("its copy is there", async || copy(&cloud, &next).await.is_some()).await;
    text(&cloud, &["clean", "--older-than", "0s"]).await;
    until("both copies are gone", async || copy(&cloud, &id).await.is_none() && copy(&cloud, &next).await.is_none())
        .await;
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_built_in_ssh_server_has_jobs_too_and_a_cut_connection_is_taken_up() {
    let bench = Bench::start(Options { ssh_server: Choice::Embedded, ..Options::default() }).await;
    let config = bench.ssh_config(bench.relay.port);
    let job = |words: &[&str]| {
        let mut job = program(tunnel_program().to_str().unwrap(), bench.folder.path());
        job.args(["job", "--host", "demo", "-F"]).arg(&config).args(words);
        job
    };
    let script = "for n in 1 2 3 4 5 6 7 8; do echo $n; sleep 0.3; done; exit 4";
    let submitted = job(&["submit", "--shell", "--", script]).output().await.unwrap();
    let id = String::from_utf8(submitted.stdout).unwrap().trim().to_owned();
    let following = tokio::spawn(job(&["logs", "-f", &id]).output());
    tokio::time::sleep(Duration::from_secs(1)).await;
    bench.relay.cut();
    let logs = following.await.unwrap().unwrap();
    assert_eq!(String::from_utf8(logs.stdout).unwrap(), "1\n2\n3\n4\n5\n6\n7\n8\n");
    assert_eq!(job(&["wait", &id]).output().await.unwrap().status.code(), Some(4));
    bench.end().await;
}

/// The processes whose jobs would be in this folder.
fn servers(drivers: &std::path::Path) -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let of = |id: &i32| {
        let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        let wanted = format!("TUNNEL_JOBS={}", drivers.display());
        String::from_utf8_lossy(&environment).split('\0').any(|variable| variable.starts_with(&wanted))
    };
    ids.filter(of).collect()
}
