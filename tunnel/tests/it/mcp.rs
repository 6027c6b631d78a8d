//! What agents may look at, over the Model Context Protocol, byte for byte: a line of JSON each way.

use std::process::Stdio;

use databricks::api::queries::{self, QueryStatus};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

use crate::cloud::{Cloud, until};
use crate::sql::LONG;

struct Agent {
    child: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    asked: u64,
}

impl Agent {
    async fn start(cloud: &Cloud) -> Self {
        let mut tunnel = cloud.tunnel("ada");
        tunnel.current_dir(cloud.folder.path()).args(["mcp", "--host", &cloud.endpoint.host]);
        let mut child = tunnel.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut agent = Self { child, stdin, stdout: BufReader::new(stdout).lines(), asked: 0 };
        let client = json!({"name": "test", "version": "1"});
        let begun = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
        let server = agent.ask("initialize", begun).await;
        assert_eq!(server["serverInfo"]["name"], "tunnel", "{server}");
        agent.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        agent
    }

    async fn send(&mut self, message: &Value) {
        self.stdin.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    async fn request(&mut self, method: &str, parameters: Value) {
        self.asked += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": self.asked, "method": method, "params": parameters})).await;
    }

    /// Calls a tool, and waits for nothing.
    async fn begin(&mut self, tool: &str, arguments: Value) {
        self.request("tools/call", json!({"name": tool, "arguments": arguments})).await;
    }

    async fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.request(method, parameters).await;
        loop {
            let line = self.stdout.next_line().await.unwrap().unwrap();
            let mut answer: Value = serde_json::from_str(&line).unwrap();
            if answer["id"] == self.asked {
                assert!(answer.get("error").is_none(), "{answer}");
                return answer["result"].take();
            }
        }
    }

    /// What a tool says, and whether it failed.
    async fn call(&mut self, tool: &str, arguments: Value) -> (Value, bool) {
        let answer = self.ask("tools/call", json!({"name": tool, "arguments": arguments})).await;
        let text = answer["content"][0]["text"].as_str().unwrap().to_owned();
        let failed = answer["isError"] == true;
        (if failed { Value::String(text) } else { serde_json::from_str(&text).unwrap() }, failed)
    }
}

/// Where the newest statement of a warehouse stands.
async fn newest(cloud: &Cloud, warehouse: &str) -> QueryStatus {
    queries::since(&cloud.client, warehouse, 0, None).await.unwrap().remove(0).status
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_look_and_change_nothing() {
    let cloud = Cloud::start().await;
    let made = cloud.post("/api/2.0/sql/warehouses", json!({"name": "reports", "cluster_size": "Small"})).await;
    let mut agent = Agent::start(&cloud).await;
    let tools = agent.ask("tools/list", json!({})).await;
    let tools = tools["tools"].as_array().unwrap();
    let names: Vec<&str> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["get_cluster", "job_logs", "list_clusters", "list_warehouses", "run_sql", "whoami"]);
    assert!(tools.iter().all(|tool| tool["annotations"]["readOnlyHint"] == true), "{tools:?}");

    let me = cloud.client.me().await.unwrap();
    assert_eq!(agent.call("whoami", json!({})).await.0["user_name"], me.user_name);
    let (clusters, _) = agent.call("list_clusters", json!({})).await;
    assert_eq!((&clusters["clusters"][0]["cluster_name"], &clusters["truncated"]), (&json!("demo"), &json!(false)));
    let (cluster, _) = agent.call("get_cluster", json!({"cluster": "demo"})).await;
    assert_eq!(cluster["cluster_id"], cloud.endpoint.cluster_id);
    let (missing, failed) = agent.call("get_cluster", json!({"cluster": "none"})).await;
    assert!(failed && missing.as_str().unwrap().contains("no cluster has the name \"none\""), "{missing}");
    let (warehouses, _) = agent.call("list_warehouses", json!({})).await;
    assert_eq!(warehouses["warehouses"][0]["id"], made["id"]);

    let rows = agent.call("run_sql", json!({"statement": "SELECT id, id * 2 AS d FROM range(3) ORDER BY id"})).await;
    let expected = json!({"rows": [{"id": 0, "d": 0}, {"id": 1, "d": 2}, {"id": 2, "d": 4}], "truncated": false});
    assert_eq!(rows, (expected, false));
    let (rows, _) = agent.call("run_sql", json!({"statement": "SELECT id FROM range(5000)", "max_rows": 9})).await;
    assert_eq!((rows["rows"].as_array().unwrap().len(), &rows["truncated"]), (9, &json!(true)));
    for writes in ["DROP TABLE t", "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a", "SELECT 1; DROP TABLE t"] {
        let (words, failed) = agent.call("run_sql", json!({"statement": writes})).await;
        assert!(failed && words.as_str().unwrap().contains("it may write"), "{writes}: {words}");
    }
    let (words, failed) = agent.call("run_sql", json!({"statement": "SELECT nothing"})).await;
    assert!(failed && words.as_str().unwrap().contains("UNRESOLVED_COLUMN"), "{words}");
    let (words, failed) = agent.call("job_logs", json!({"job": "--help"})).await;
    assert!(failed && !words.as_str().unwrap().contains("Usage"), "{words}");

    // A statement that nobody waits for any more is cancelled: one that the agent calls off, and one whose agent goes.
    let of = made["id"].as_str().unwrap();
    agent.begin("run_sql", json!({"statement": LONG})).await;
    until("it runs", async || newest(&cloud, of).await == QueryStatus::Running).await;
    let called_off = json!({"requestId": agent.asked, "reason": "enough"});
    agent.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": called_off})).await;
    until("it is cancelled", async || newest(&cloud, of).await == QueryStatus::Canceled).await;
    agent.begin("run_sql", json!({"statement": LONG})).await;
    until("another one runs", async || newest(&cloud, of).await == QueryStatus::Running).await;

    // It ends with its client, and not before the statement, however slow the workspace is.
    let slow = json!({"match": "POST /api/2.0/sql/statements/*/cancel", "delay_ms": 1500, "times": 1});
    cloud.cloud.fault(serde_json::from_value(slow).unwrap());
    let Agent { mut child, stdin, .. } = agent;
    drop(stdin);
    assert!(child.wait().await.unwrap().success());
    assert_eq!(newest(&cloud, of).await, QueryStatus::Canceled);
    cloud.cloud.stop().await;
}
