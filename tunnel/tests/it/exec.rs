//! Code on a cluster through its execution contexts.

use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::bench::text;
use crate::cloud::{Cloud, until};

fn tunnel(cloud: &Cloud, words: &[&str]) -> Command {
    let mut tunnel = cloud.tunnel("ada");
    tunnel.current_dir(cloud.folder.path()).env("DATABRICKS_CLUSTER_ID", "demo");
    tunnel.args(words).args(["--host", &cloud.endpoint.host]);
    tunnel
}

async fn run(cloud: &Cloud, words: &[&str]) -> (i32, String, String) {
    text(&tunnel(cloud, words).output().await.unwrap())
}

/// How many contexts there are on the cluster, by their processes.
fn contexts(cloud: &Cloud) -> usize {
    let marks = format!("|{}|", cloud.endpoint.cluster_id);
    let is_one = |id: &str| {
        let command = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        let folder = cloud.folder.path().display().to_string();
        String::from_utf8_lossy(&command).contains("context.py")
            && String::from_utf8_lossy(&environment).contains(&marks)
            && String::from_utf8_lossy(&command).contains(&folder)
    };
    let ids = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    ids.filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()) && is_one(id)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn code_runs_its_results_are_shown_and_nothing_is_left_behind() {
    let cloud = Cloud::start().await;
    let (code, _, words) = run(&cloud, &["exec", "--start", "-c", "1"]).await;
    assert_eq!(code, 0, "{words}");
    let (code, out, words) =
        run(&cloud, &["exec", "-c", "import sys\nprint('a', file=sys.stderr)\nprint('b')\n40 + 2"]).await;
    assert_eq!((code, out.as_str()), (0, "a\nb\n42\n"), "{words}");
    std::fs::write(cloud.folder.path().join("a.py"), "x = [1, 2]\nprint(sum(x))\n").unwrap();
    assert_eq!(run(&cloud, &["exec", "a.py"]).await.1, "3\n");
    let mut piped = tunnel(&cloud, &["exec", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    piped.stdin.take().unwrap().write_all("print('zürich')".as_bytes()).await.unwrap();
    assert_eq!(piped.wait_with_output().await.unwrap().stdout, "zürich\n".as_bytes());

    // An exception is the command's failure, with where it was.
    let (code, out, words) = run(&cloud, &["exec", "-c", "print('before')\n1/0"]).await;
    assert!(code == 1 && out.is_empty() && words.contains("before") && words.contains("ZeroDivisionError"), "{words}");
    assert!(words.contains("line 2"), "{words}");

    // A table, as a table and as JSON; an image as a file.
    let rows = "display([{'id': 9007199254740993, 'name': 'a', 'empty': None}, {'id': 2, 'name': 'b', 'empty': None}])";
    let (_, out, _) = run(&cloud, &["exec", "-c", rows]).await;
    assert_eq!(out, "id                name  empty\n9007199254740993  a     null\n2                 b     null\n");
    let (_, out, _) = run(&cloud, &["exec", "--json", "-c", rows]).await;
    let found: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(found["results"]["data"][0][0], json!(9_007_199_254_740_993_i64), "{out}");
    assert_eq!((found["status"].as_str(), found["results"]["resultType"].as_str()), (Some("Finished"), Some("table")));
    let (_, out, _) = run(&cloud, &["exec", "-c", "display(bytes([137, 80, 78, 71]))", "--images", "plot"]).await;
    assert_eq!(out, "plot-1.png\n");
    assert_eq!(std::fs::read(cloud.folder.path().join("plot-1.png")).unwrap(), [137, 80, 78, 71]);

    let (code, _, words) = run(&cloud, &["exec", "--cluster", "none", "-c", "1"]).await;
    assert!(code == 3 && words.contains("none"), "{words}");
    let (code, _, words) = run(&cloud, &["exec", "--language", "scala", "-c", "1"]).await;
    assert!(code == 1 && words.contains("cannot run this language"), "{words}");
    until("no context is left", async || contexts(&cloud) == 0).await;
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_keeps_its_names_until_it_is_ended() {
    let cloud = Cloud::start().await;
    assert_eq!(run(&cloud, &["cluster", "start", "demo", "--wait"]).await.0, 0);
    let context = run(&cloud, &["context", "create"]).await.1.trim().to_owned();
    let at = ["--context", context.as_str()];
    assert_eq!(run(&cloud, &["context", "status", &context]).await.1, "Running\n");
    assert_eq!(run(&cloud, &[&["exec", "-c", "x = 20"][..], &at].concat()).await.0, 0);
    assert_eq!(run(&cloud, &[&["exec", "-c", "x + 22"][..], &at].concat()).await.1, "42\n");
    let other = run(&cloud, &["exec", "-c", "x"]).await;
    assert!(other.0 == 1 && other.2.contains("NameError"), "{other:?}");
    // Two that are not waited for run one after the other.
    let submitted = async |code: &str| {
        let (_, out, _) = run(&cloud, &[&["exec", "--async", "-c", code][..], &at].concat()).await;
        out.trim().to_owned()
    };
    let first = submitted("import time; time.sleep(0.5); x = 1; print('first')").await;
    let second = submitted("x").await;
    let (code, out, _) = run(&cloud, &[&["command", "status", &second, "--wait"][..], &at].concat()).await;
    assert_eq!((code, out.as_str()), (0, "1\n"));
    let (_, out, _) = run(&cloud, &[&["command", "status", &first, "--json"][..], &at].concat()).await;
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["results"]["data"], "first\n");
    // One that runs is cancelled, and the context goes on.
    let long = submitted("import time; time.sleep(600)").await;
    until("it runs", async || {
        run(&cloud, &[&["command", "status", &long][..], &at].concat()).await.2.contains("Running")
    })
    .await;
    assert_eq!(run(&cloud, &[&["command", "cancel", &long][..], &at].concat()).await.0, 0);
    let (code, _, words) = run(&cloud, &[&["command", "status", &long, "--wait"][..], &at].concat()).await;
    assert!(code == 1 && words.contains("was cancelled"), "{words}");
    assert_eq!(run(&cloud, &[&["exec", "-c", "x"][..], &at].concat()).await.1, "1\n");
    assert_eq!(run(&cloud, &["context", "destroy", &context]).await.0, 0);
    let (code, _, words) = run(&cloud, &["context", "status", &context]).await;
    assert!(code == 3 && words.contains("ContextNotFound"), "{words}");
    assert_eq!(run(&cloud, &[&["command", "status", &long][..], &at].concat()).await.0, 3);
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interruption_cancels_the_command_and_ends_the_context() {
    let cloud = Cloud::start().await;
    assert_eq!(run(&cloud, &["cluster", "start", "demo", "--wait"]).await.0, 0);
    let mark = cloud.folder.path().join("mark");
    let code = format!(
        "import subprocess, time\nsubprocess.Popen(['sleep', '600'])\nopen('{}', 'w').close()\ntime.sleep(600)",
        mark.display()
    );
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let _ = std::fs::remove_file(&mark);
        let child = tunnel(&cloud, &["exec", "-c", &code]).spawn().unwrap();
        until("it runs", async || mark.exists()).await;
        kill(Pid::from_raw(child.id().unwrap() as i32), signal).unwrap();
        let started = Instant::now();
        let output = child.wait_with_output().await.unwrap();
        assert_eq!(output.status.code(), Some(130), "{output:?}");
        assert!(started.elapsed() < Duration::from_secs(10));
        until("no context is left", async || contexts(&cloud) == 0).await;
    }
    // A cluster that goes takes its contexts along, and who waits is told.
    std::fs::remove_file(&mark).unwrap();
    let child = tunnel(&cloud, &["exec", "-c", &code]).spawn().unwrap();
    until("it runs", async || mark.exists()).await;
    assert_eq!(run(&cloud, &["cluster", "terminate", "demo", "--wait"]).await.0, 0);
    let (code, _, words) = text(&child.wait_with_output().await.unwrap());
    assert!(
        [1, 3].contains(&code) && (words.contains("was lost") || words.contains("ContextNotFound")),
        "{code} {words}"
    );
    let (code, _, words) = run(&cloud, &["exec", "-c", "1"]).await;
    assert!(code == 1 && words.contains("is TERMINATED") && words.contains("--start"), "{words}");
    cloud.cloud.stop().await;
}
