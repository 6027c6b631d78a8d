//! How statements go: waiting, canceling, side by side, with whom and on what.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::{STATEMENTS, Warehouse, path};

/// Takes longer than anybody waits.
const ENDLESS: &str = "SELECT count(*) FROM range(10000000) a CROSS JOIN range(10000000) b WHERE a.id * b.id % 7 = 3";

async fn cancel(warehouse: &Warehouse, id: &Value) {
    warehouse.bench.post(&warehouse.at, &path(id, "/cancel"), json!({})).await.ok();
}

/// The processes of the engine.
fn engines(warehouse: &Warehouse) -> Vec<i32> {
    // Python's, and Spark's of Java, have the folder in their arguments.
    let program = format!("{}/sql/", warehouse.bench.dir().canonicalize().unwrap().display());
    let of = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let is_ours = String::from_utf8_lossy(&line).contains(&program);
        is_ours.then(|| entry.file_name().to_str()?.parse::<i32>().ok())?
    });
    of.collect()
}

/// The ticks of a processor that a process had: the 14th and 15th field of /proc/PID/stat.
fn ticks(process: i32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, rest) = text.rsplit_once(") ").unwrap();
    rest.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum()
}

/// Waits until the engine has nothing to do.
async fn until_engine_rests(warehouse: &Warehouse) {
    let all = engines(warehouse);
    let ticks = || all.iter().map(|process| ticks(*process)).sum::<u64>();
    let rests = async || {
        let before = ticks();
        tokio::time::sleep(Duration::from_millis(200)).await;
        ticks() - before <= 2
    };
    warehouse.bench.until("the engine rests", rests).await;
}

#[tokio::test]
async fn a_request_that_the_api_does_not_take_is_refused() {
    let warehouse = Warehouse::new().await;
    let refused = async |more: Value, word: &str| {
        let message = warehouse.send("SELECT 1", more.clone()).await.refused(400, "INVALID_PARAMETER_VALUE");
        assert!(message.contains(word), "{more}: {message}");
    };
    refused(json!({"wait_timeout": "3s"}), "wait_timeout").await;
    refused(json!({"wait_timeout": "1m"}), "wait_timeout").await;
    refused(json!({"format": "CSV"}), "JSON_ARRAY").await;
    refused(json!({"format": "ARROW_STREAM"}), "JSON_ARRAY").await;
    refused(json!({"format": "XML"}), "format").await;
    refused(json!({"disposition": "MAIL"}), "disposition").await;
    refused(json!({"on_wait_timeout": "STOP"}), "on_wait_timeout").await;
    refused(json!({"row_limit": 0}), "row_limit").await;
    refused(json!({"statement": " "}), "statement").await;
    refused(json!({"parameters": [{"value": "1"}]}), "name").await;
    refused(json!({"statement": "x".repeat(16 * 1024 * 1024 + 1)}), "16777216").await;
    let unknown = warehouse.send("SELECT 1", json!({"dispositon": "INLINE"})).await;
    assert!(unknown.refused(400, "MALFORMED_REQUEST").contains("dispositon"));
    let missing = warehouse.send("SELECT 1", json!({"warehouse_id": "0123456789abcdef"})).await;
    missing.refused(404, "RESOURCE_DOES_NOT_EXIST");
}

#[tokio::test]
async fn a_statement_that_runs_is_canceled_and_leaves_the_engine_free() {
    let warehouse = Warehouse::new().await;
    let told = warehouse.run(ENDLESS, json!({"wait_timeout": "0s"})).await;
    let id = told["statement_id"].clone();
    warehouse.until(&id, "RUNNING").await;
    let begun = Instant::now();
    cancel(&warehouse, &id).await;
    assert_eq!(warehouse.get(&id).await["status"], json!({"state": "CANCELED"}));
    // One that is over stays as it is.
    cancel(&warehouse, &id).await;
    assert_eq!(warehouse.rows("SELECT count(*) FROM range(1000000)").await, json!([["1000000"]]));
    assert!(begun.elapsed() < Duration::from_secs(10), "the engine is not free");
    until_engine_rests(&warehouse).await;
}

#[tokio::test]
async fn a_caller_waits_as_long_as_it_says() {
    let warehouse = Warehouse::new().await;
    warehouse.rows("SELECT 1").await;
    let begun = Instant::now();
    let [goes_on, ends] = ["CONTINUE", "CANCEL"].map(|word| json!({"wait_timeout": "5s", "on_wait_timeout": word}));
    let (one, other) = tokio::join!(warehouse.run(ENDLESS, goes_on), warehouse.run(ENDLESS, ends));
    assert!(begun.elapsed() >= Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(one["status"]["state"], "RUNNING");
    assert_eq!(other["status"]["state"], "CANCELED");
    cancel(&warehouse, &one["statement_id"]).await;
}

#[tokio::test]
async fn statements_run_side_by_side() {
    let warehouse = Warehouse::new().await;
    let endless = warehouse.run(ENDLESS, json!({"wait_timeout": "0s"})).await["statement_id"].clone();
    warehouse.until(&endless, "RUNNING").await;
    let each = (0..8).map(|number| {
        let warehouse = &warehouse;
        async move {
            let statement = format!("SELECT {number} + count(*) FROM range(1000)");
            assert_eq!(warehouse.rows(&statement).await, json!([[(number + 1000).to_string()]]));
        }
    });
    futures_util::future::join_all(each).await;
    assert_eq!(warehouse.get(&endless).await["status"]["state"], "RUNNING");
    cancel(&warehouse, &endless).await;
}

#[tokio::test]
async fn an_engine_that_dies_fails_its_statements_and_is_started_again() {
    let warehouse = Warehouse::new().await;
    let endless = warehouse.run(ENDLESS, json!({"wait_timeout": "0s"})).await["statement_id"].clone();
    warehouse.until(&endless, "RUNNING").await;
    let killed = async || {
        let processes = engines(&warehouse);
        let kill =
            |id| nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGKILL).unwrap();
        processes.iter().for_each(|id| kill(*id));
        !processes.is_empty()
    };
    warehouse.bench.until("the engine is there", killed).await;
    warehouse.until(&endless, "FAILED").await;
    let error = warehouse.get(&endless).await["status"]["error"].clone();
    assert_eq!(error["error_code"], "INTERNAL_ERROR");
    assert!(error["message"].as_str().unwrap().contains("engine"), "{error}");
    assert_eq!(warehouse.rows("SELECT 1").await, json!([["1"]]));
}

#[tokio::test]
async fn a_warehouse_that_is_stopped_starts_for_a_statement() {
    let stopping = Duration::from_secs(2);
    let warehouse = Warehouse::with(|options| options.delays.cluster_termination = stopping).await;
    let at = format!("/api/2.0/sql/warehouses/{}", warehouse.id);
    let state = async || warehouse.bench.get(&warehouse.at, &at).await.ok()["state"].clone();
    warehouse.bench.until("it runs", async || state().await == "RUNNING").await;
    let endless = warehouse.run(ENDLESS, json!({"wait_timeout": "0s"})).await["statement_id"].clone();
    warehouse.until(&endless, "RUNNING").await;
    warehouse.bench.post(&warehouse.at, &format!("{at}/stop"), json!({})).await.ok();
    assert_eq!(warehouse.get(&endless).await["status"]["state"], "CANCELED");
    let refused = warehouse.send("SELECT 1", json!({})).await;
    assert!(refused.refused(400, "INVALID_STATE").contains("STOPPING"));
    warehouse.bench.until("it is stopped", async || state().await == "STOPPED").await;
    until_engine_rests(&warehouse).await;
    let told = warehouse.run("SELECT 1", json!({"wait_timeout": "0s"})).await;
    assert_eq!(told["status"]["state"], "PENDING");
    warehouse.until(&told["statement_id"], "SUCCEEDED").await;
    assert_eq!(state().await, "RUNNING");
}

#[tokio::test]
async fn a_statement_is_its_senders_and_a_warehouse_theirs_whom_it_was_given_to() {
    let warehouse = Warehouse::new().await;
    let (bench, at) = (&warehouse.bench, &warehouse.at);
    let ada = crate::rights::Person::new(bench, warehouse.workspace, at).await;
    let own = warehouse.run("SELECT 1", json!({})).await["statement_id"].clone();
    let body = json!({"warehouse_id": warehouse.id, "statement": "SELECT 2"});
    let refused = ada.post(bench, at, STATEMENTS, body.clone()).await;
    assert!(refused.refused(403, "PERMISSION_DENIED").contains("CAN_USE"));
    crate::rights::give(bench, at, &format!("sql/warehouses/{}", warehouse.id), &ada.application_id, "CAN_USE").await;
    let hers = ada.post(bench, at, STATEMENTS, body).await.ok();
    assert_eq!(hers["result"]["data_array"], json!([["2"]]));
    for below in ["", "/result/chunks/0"] {
        ada.get(bench, at, &path(&hers["statement_id"], below)).await.ok();
        ada.get(bench, at, &path(&own, below)).await.refused(404, "NOT_FOUND");
        bench.get(at, &path(&hers["statement_id"], below)).await.ok();
    }
    ada.post(bench, at, &path(&own, "/cancel"), json!({})).await.refused(404, "NOT_FOUND");
    bench.send(Method::GET, at, &path(&json!("none"), ""), None).await.refused(404, "NOT_FOUND");
}
