//! SQL statements on a warehouse.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::bench::text;
use crate::cloud::{Cloud, until};

/// A cloud with a warehouse, and its id.
async fn cloud() -> (Cloud, String) {
    let cloud = Cloud::start().await;
    let made = cloud.post("/api/2.0/sql/warehouses", json!({"name": "reports", "cluster_size": "Small"})).await;
    let id = made["id"].as_str().unwrap().to_owned();
    (cloud, id)
}

fn sql(cloud: &Cloud, words: &[&str]) -> Command {
    let mut tunnel = cloud.tunnel("ada");
    tunnel.current_dir(cloud.folder.path()).stdin(Stdio::null());
    tunnel.arg("sql").args(words).args(["--host", &cloud.endpoint.host]);
    tunnel
}

async fn run(cloud: &Cloud, words: &[&str]) -> (i32, String, String) {
    text(&sql(cloud, words).output().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_runs_on_a_warehouse_and_its_result_is_shown() {
    let (cloud, id) = cloud().await;
    // The only warehouse is the one that is meant; a stopped one is started.
    let (code, out, words) = run(&cloud, &["SELECT 1 AS one, 'a' AS a, NULL AS n"]).await;
    assert_eq!((code, out.as_str()), (0, "one  a  n\n1    a  null\n"), "{words}");
    let typed = ["--param", "day=2026-01-31:DATE", "--param", "n=41:INT", "--param", "nothing", "--param", "t=a:b"];
    let statement = "SELECT date_add(:day, 1) AS d, :n + 1 AS n, :nothing IS NULL AS z, :t AS t";
    let (code, out, words) = run(&cloud, &[&typed[..], &[statement, "--output", "csv"]].concat()).await;
    assert_eq!((code, out.as_str()), (0, "d,n,z,t\n2026-02-01,42,true,a:b\n"), "{words}");
    let (_, out, words) =
        run(&cloud, &["SELECT 9223372036854775807 AS n, CAST(1.10 AS DECIMAL(4,2)) AS d", "--json"]).await;
    assert_eq!(out, "[\n  {\"n\":9223372036854775807,\"d\":1.10}\n]\n", "{words}");
    let (_, out, _) =
        run(&cloud, &["SELECT id FROM range(3) ORDER BY id", "--output", "jsonl", "--warehouse", &id]).await;
    assert_eq!(out, "{\"id\":0}\n{\"id\":1}\n{\"id\":2}\n");
    let (code, out, words) = run(&cloud, &["SELECT id FROM range(9)", "--limit", "2", "--output", "csv"]).await;
    assert!(code == 0 && out.lines().count() == 3 && words.contains("cut off at a limit"), "{out} {words}");

    // From a file, from stdin, into a file.
    std::fs::write(cloud.folder.path().join("a.sql"), "-- a comment\nSELECT '' AS empty, NULL AS n;\n").unwrap();
    let file = cloud.folder.path().join("out.csv");
    let (code, out, words) =
        run(&cloud, &["-f", "a.sql", "--output", "csv", "--output-file", "out.csv", "--warehouse", "reports"]).await;
    assert_eq!((code, out.as_str()), (0, ""), "{words}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "empty,n\n\"\",\n");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let mut piped = sql(&cloud, &["--output", "csv"]);
    let mut piped = piped.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    piped.stdin.take().unwrap().write_all(b"SELECT 2 AS two").await.unwrap();
    assert_eq!(piped.wait_with_output().await.unwrap().stdout, b"two\n2\n");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_says_why_and_changes_nothing() {
    let (cloud, id) = cloud().await;
    std::fs::write(cloud.folder.path().join("out.csv"), "as it was").unwrap();
    let (code, _, words) = run(&cloud, &["SELECT 1 +", "--output", "csv", "--output-file", "out.csv"]).await;
    assert!(code == 1 && words.contains("PARSE_SYNTAX_ERROR") && words.contains("42601"), "{words}");
    assert_eq!(std::fs::read_to_string(cloud.folder.path().join("out.csv")).unwrap(), "as it was");
    let (code, _, words) = run(&cloud, &["SELECT 1/0"]).await;
    assert!(code == 1 && words.contains("DIVIDE_BY_ZERO") && words.contains("22012"), "{words}");
    let (code, _, words) = run(&cloud, &["SELECT * FROM nowhere"]).await;
    assert!(code == 1 && words.contains("TABLE_OR_VIEW_NOT_FOUND") && words.contains("42P01"), "{words}");
    let (code, _, words) = run(&cloud, &["SELECT 1", "--warehouse", "none"]).await;
    assert!(code == 3 && words.contains("no warehouse has the name \"none\""), "{words}");
    assert_eq!(run(&cloud, &["SELECT 1", "--warehouse", "0123456789abcdef"]).await.0, 3);
    let (code, _, words) = run(&cloud, &["  "]).await;
    assert!(code == 1 && words.contains("the statement is empty"), "{words}");
    let (code, _, words) = run(&cloud, &["SELECT 1", "--param", "=1"]).await;
    assert!(code == 2 && words.contains("no name of a parameter"), "{words}");
    for of in ["status", "cancel", "fetch"] {
        let (code, _, words) = run(&cloud, &[of, "01ef0000-0000-0000-0000-000000000000"]).await;
        assert_eq!(code, 3, "{of}: {words}");
    }
    // Who may write may also promise not to.
    let (code, _, words) = run(&cloud, &["--read-only", "CREATE TABLE t AS SELECT 1 AS a"]).await;
    assert!(code == 1 && words.contains("--read-only"), "{words}");
    let (code, out, words) = run(&cloud, &["--read-only", "WITH a AS (SELECT 1 AS b) SELECT b FROM a"]).await;
    assert_eq!((code, out.as_str()), (0, "b\n1\n"), "{words}");
    let login = cloud.tunnel("ada");
    let value = |name: &str| {
        let found = login.as_std().get_envs().find(|(key, _)| *key == name).and_then(|(_, value)| value);
        found.map(|value| value.to_string_lossy().into_owned()).unwrap_or_default()
    };
    let profile = format!(
        "[safe]\nhost = {}\nclient_id = {}\nclient_secret = {}\nwarehouse_id = {id}\ntunnel_read_only = true\n",
        cloud.endpoint.host,
        value("DATABRICKS_CLIENT_ID"),
        value("DATABRICKS_CLIENT_SECRET"),
    );
    let file = cloud.folder.path().join("databrickscfg");
    std::fs::write(&file, profile).unwrap();
    let safe = async |words: &[&str]| {
        let mut tunnel = cloud.tunnel("ada");
        for name in ["DATABRICKS_HOST", "DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET", "DATABRICKS_ACCOUNT_ID"] {
            tunnel.env_remove(name);
        }
        tunnel.env("DATABRICKS_CONFIG_FILE", &file);
        text(&tunnel.args(["sql", "--profile", "safe"]).args(words).output().await.unwrap())
    };
    let (code, _, words) = safe(&["DROP TABLE t"]).await;
    assert!(code == 1 && words.contains("it may write"), "{words}");
    let (code, out, words) = safe(&["SELECT 3 AS a"]).await;
    assert_eq!((code, out.as_str()), (0, "a\n3\n"), "{words}");
    let (code, _, words) = safe(&["--read-only=false", "CREATE TABLE t AS SELECT 1 AS a"]).await;
    assert_eq!(code, 0, "{words}");
    cloud.cloud.stop().await;
}

/// What a program of Python says to bytes.
async fn python(program: &str, bytes: &[u8]) -> String {
    let mut python = Command::new(crate::cloud::venv().join("bin/python"));
    let mut python = python.args(["-c", program]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = python.stdin.take().unwrap();
    let (written, output) =
        tokio::join!(async move { stdin.write_all(bytes).await }, async { python.wait_with_output().await.unwrap() });
    written.unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_result_is_whole_through_links_that_are_cut() {
    let (cloud, _) = cloud().await;
    let statement = "SELECT id, concat('row ', id) AS name FROM range(1500000)";
    let whole = sql(&cloud, &[statement, "--output", "csv"]).output().await.unwrap().stdout;
    assert_eq!(whole.iter().filter(|byte| **byte == b'\n').count(), 1_500_001);
    assert!(whole.starts_with(b"id,name\n0,row 0\n") && whole.ends_with(b"\n1499999,row 1499999\n"));
    let chunks = |cloud: &Cloud| {
        let seen = cloud.cloud.requests();
        seen.iter()
            .filter(|one| one.path.starts_with("/sql-results/"))
            .map(|one| one.path.clone())
            .collect::<BTreeSet<_>>()
    };
    assert!(chunks(&cloud).len() > 1, "{:?}", chunks(&cloud));
    // A file is as it was until all of it is there.
    let file = cloud.folder.path().join("out.csv");
    std::fs::write(&file, "as it was").unwrap();
    cloud
        .cloud
        .fault(serde_json::from_value(json!({"match": "GET /sql-results/*", "delay_ms": 1500, "times": 1})).unwrap());
    let mut writing = sql(&cloud, &[statement, "--output", "csv", "--output-file", "out.csv"]).spawn().unwrap();
    until("it is being written", async || cloud.cloud.faults().iter().all(|fault| fault.times == 0)).await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "as it was");
    assert!(writing.wait().await.unwrap().success());
    assert!(std::fs::read(&file).unwrap() == whole);
    for bytes in [0, 1, 100_000, 5_000_000, 15_000_000] {
        let fault = json!({"match": "GET /sql-results/*", "times": 2, "cut_after": bytes});
        cloud.cloud.fault(serde_json::from_value(fault).unwrap());
    }
    let output = sql(&cloud, &[statement, "--output", "csv"]).output().await.unwrap();
    assert!(output.stdout == whole, "{}", String::from_utf8_lossy(&output.stderr));
    assert!(cloud.cloud.faults().iter().all(|fault| fault.times == 0), "{:?}", cloud.cloud.faults());

    // The service's own Arrow streams, made one: a reader of others takes all of it.
    let arrow = sql(&cloud, &[statement, "--output", "arrow"]).output().await.unwrap().stdout;
    let read = "import sys, pyarrow as pa; t = pa.ipc.open_stream(sys.stdin.buffer).read_all(); \
                print(t.num_rows, t.column_names, t['id'][1499999], t['name'][1499999], sys.stdin.buffer.read())";
    assert_eq!(python(read, &arrow).await, "1500000 ['id', 'name'] 1499999 row 1499999 b''\n");
    let none = sql(&cloud, &["SELECT id FROM range(0)", "--output", "arrow"]).output().await.unwrap();
    assert_eq!(none.status.code(), Some(0));
    cloud.cloud.stop().await;
}

/// A statement that takes long.
pub const LONG: &str = "SELECT count(*) AS n FROM range(100000000000) a WHERE a.id % 7 = 3 AND sqrt(a.id) > 2";

async fn state(cloud: &Cloud, id: &str) -> String {
    let (code, out, words) = run(cloud, &["status", id, "--json"]).await;
    assert_eq!(code, 0, "{words}");
    serde_json::from_str::<Value>(&out).unwrap()["state"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_goes_on_by_itself_and_is_cancelled_by_its_id_or_by_an_interruption() {
    let (cloud, _) = cloud().await;
    let (code, id, words) = run(&cloud, &["--async", LONG]).await;
    assert_eq!(code, 0, "{words}");
    let id = id.trim();
    until("it runs", async || state(&cloud, id).await == "RUNNING").await;
    let (code, _, words) = run(&cloud, &["cancel", id]).await;
    assert_eq!(code, 0, "{words}");
    until("it is cancelled", async || state(&cloud, id).await == "CANCELED").await;
    let (code, _, words) = run(&cloud, &["fetch", id]).await;
    assert!(code == 1 && words.contains("the statement was cancelled"), "{words}");

    let (_, id, _) = run(&cloud, &["--async", "SELECT 5 AS five"]).await;
    let (code, out, words) = run(&cloud, &["fetch", id.trim(), "--output", "csv"]).await;
    assert_eq!((code, out.as_str()), (0, "five\n5\n"), "{words}");

    for (wait, signal) in [(1, Signal::SIGINT), (7, Signal::SIGTERM)] {
        // Within the first request, and after it.
        let child = sql(&cloud, &[LONG]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        tokio::time::sleep(Duration::from_secs(wait)).await;
        kill(Pid::from_raw(child.id().unwrap().try_into().unwrap()), signal).unwrap();
        let started = Instant::now();
        let (code, _, words) = text(&child.wait_with_output().await.unwrap());
        assert!(code == 130 && words.contains("cancelling the statement"), "{words}");
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    }
    // What was cancelled is over for the warehouse too: it is free for others.
    let started = Instant::now();
    assert_eq!(run(&cloud, &["SELECT 6 AS six", "--output", "csv"]).await.1, "six\n6\n");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    cloud.cloud.stop().await;
}
