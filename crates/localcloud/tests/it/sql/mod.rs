//! Statements on SQL warehouses, by the engine.

mod catalogs;
mod clients;
mod engines;
mod history;
mod links;
mod results;
mod running;
mod sample;
mod words;

use std::time::Duration;

use localcloud::{Options, SqlEngine};
use serde_json::{Value, json};

use crate::bench::{Bench, Reply};

pub const STATEMENTS: &str = "/api/2.0/sql/statements";

/// The engine of LOCALCLOUD_SQL_ENGINE, which `scripts/compare_sql_engines.sh` sets, or else DuckDB.
fn engine() -> SqlEngine {
    match std::env::var("LOCALCLOUD_SQL_ENGINE").as_deref() {
        Ok("spark") => SqlEngine::Spark,
        _ => SqlEngine::Duckdb,
    }
}

/// A workspace with a warehouse.
pub struct Warehouse {
    pub bench: Bench,
    pub workspace: i64,
    pub at: String,
    pub id: String,
}

impl Warehouse {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let mut engine = engine();
        let bench = Bench::with(|options| {
            options.sql.engine = engine;
            change(options);
            engine = options.sql.engine;
        })
        .await;
        let (workspace, at) = bench.workspace("sql").await;
        let made = bench.post(&at, "/api/2.0/sql/warehouses", json!({"name": "w"})).await.ok();
        let id = made["id"].as_str().unwrap().to_owned();
        let warehouse = Self { bench, workspace, at, id };
        if engine == SqlEngine::Spark {
            // It takes its time to start, and no caller waits for longer than 50 seconds.
            let told = warehouse.run("SELECT 1", json!({})).await;
            warehouse.until(&told["statement_id"], "SUCCEEDED").await;
        }
        warehouse
    }

    /// The answer to a statement with more fields.
    pub async fn send(&self, statement: &str, more: Value) -> Reply {
        let mut body = json!({"warehouse_id": self.id, "statement": statement, "wait_timeout": "50s"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.bench.post(&self.at, STATEMENTS, body).await
    }

    /// A statement that is over when it is answered.
    pub async fn run(&self, statement: &str, more: Value) -> Value {
        self.send(statement, more).await.ok()
    }

    /// The rows of a statement that succeeds.
    pub async fn rows(&self, statement: &str) -> Value {
        let told = self.run(statement, json!({})).await;
        assert_eq!(told["status"]["state"], "SUCCEEDED", "{statement}: {told}");
        told["result"]["data_array"].clone()
    }

    /// The message of a statement that fails with a SQLSTATE.
    pub async fn fails(&self, statement: &str, sql_state: &str) -> String {
        let told = self.run(statement, json!({})).await;
        assert_eq!(told["status"]["state"], "FAILED", "{statement}: {told}");
        assert_eq!(told["status"]["sql_state"], sql_state, "{statement}: {told}");
        told["status"]["error"]["message"].as_str().unwrap().to_owned()
    }

    /// A statement as it is now.
    pub async fn get(&self, id: &Value) -> Value {
        self.bench.get(&self.at, &path(id, "")).await.ok()
    }

    pub async fn chunk(&self, id: &Value, index: usize) -> Value {
        self.bench.get(&self.at, &path(id, &format!("/result/chunks/{index}"))).await.ok()
    }

    pub async fn until(&self, id: &Value, state: &str) {
        self.bench.until(state, async || self.get(id).await["status"]["state"] == state).await;
    }
}

pub fn path(id: &Value, below: &str) -> String {
    format!("{STATEMENTS}/{}{below}", id.as_str().unwrap())
}

pub fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap()
}
