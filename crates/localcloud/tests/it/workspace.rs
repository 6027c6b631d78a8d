//! Workspace files, clusters, runs and the driver proxy.

use std::io::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use localcloud::Fault;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::bench::{Bench, reply};

async fn cluster(bench: &Bench, name: &str) -> String {
    let body = json!({
        "cluster_name": "lake", "spark_version": "17.3.x-scala2.13", "node_type_id": "m6gd.large", "num_workers": 0,
        "is_single_node": true, "kind": "CLASSIC_PREVIEW", "data_security_mode": "SINGLE_USER",
    });
    let made = bench.post(name, "/api/2.1/clusters/create", body).await.ok();
    let id = made["cluster_id"].as_str().unwrap().to_owned();
    until_cluster(bench, name, &id, "RUNNING").await;
    id
}

async fn cluster_state(bench: &Bench, name: &str, id: &str) -> Value {
    bench.get(name, &format!("/api/2.1/clusters/get?cluster_id={id}")).await.ok()
}

async fn until_cluster(bench: &Bench, name: &str, id: &str, state: &str) {
    bench.until(state, async || cluster_state(bench, name, id).await["state"] == state).await;
}

async fn submit(bench: &Bench, name: &str, cluster: &str, source: &str, parameters: Value) -> i64 {
    bench.post(name, "/api/2.0/workspace/mkdirs", json!({"path": "/Shared/runs"})).await.ok();
    let notebook = json!({
        "path": "/Workspace/Shared/runs/notebook", "format": "SOURCE", "language": "PYTHON", "overwrite": true,
        "content": STANDARD.encode(source),
    });
    bench.post(name, "/api/2.0/workspace/import", notebook).await.ok();
    let run = json!({
        "run_name": "test",
        "tasks": [{
            "task_key": "only", "existing_cluster_id": cluster,
            "notebook_task": {"notebook_path": "/Workspace/Shared/runs/notebook", "base_parameters": parameters},
        }],
    });
    bench.post(name, "/api/2.2/jobs/runs/submit", run).await.ok()["run_id"].as_i64().unwrap()
}

async fn run(bench: &Bench, name: &str, id: i64) -> Value {
    bench.get(name, &format!("/api/2.2/jobs/runs/get?run_id={id}")).await.ok()
}

async fn until_run(bench: &Bench, name: &str, id: i64, state: &str) -> Value {
    bench.until(state, async || run(bench, name, id).await["state"]["life_cycle_state"] == state).await;
    let task = run(bench, name, id).await["tasks"][0]["run_id"].as_i64().unwrap();
    bench.get(name, &format!("/api/2.2/jobs/runs/get-output?run_id={task}")).await.ok()
}

#[tokio::test]
async fn workspace_files_are_imported_listed_exported_and_deleted() {
    let bench = Bench::new().await;
    let (_, name) = bench.workspace("a").await;
    let path = "/api/2.0/workspace/get-status?path=/Users/me/x/notebook";
    bench.get(&name, path).await.refused(404, "RESOURCE_DOES_NOT_EXIST");
    let notebook = json!({
        "path": "/Users/me/x/notebook", "format": "SOURCE", "language": "PYTHON", "content": STANDARD.encode("1"),
    });
    bench.post(&name, "/api/2.0/workspace/import", notebook.clone()).await.refused(404, "RESOURCE_DOES_NOT_EXIST");
    bench.post(&name, "/api/2.0/workspace/mkdirs", json!({"path": "/Workspace/Users/me/x"})).await.ok();
    bench.post(&name, "/api/2.0/workspace/import", notebook.clone()).await.ok();
    bench.post(&name, "/api/2.0/workspace/import", notebook).await.refused(400, "RESOURCE_ALREADY_EXISTS");
    let status = bench.get(&name, path).await.ok();
    assert_eq!((status["object_type"].as_str(), status["language"].as_str()), (Some("NOTEBOOK"), Some("PYTHON")));

    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file("tunnel", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(b"binary").unwrap();
    let upload = async |file: &str, bytes: Vec<u8>| {
        let path = format!("/api/2.0/workspace-files/import-file/Workspace%2FUsers%2Fme%2Fx%2F{file}?overwrite=true");
        reply(bench.request(Method::POST, &name, &path).bearer_auth(&bench.token).body(bytes)).await.ok();
    };
    upload("tunnel.zip", archive.finish().unwrap().into_inner()).await;
    upload("plain.bin", vec![0, 159, 255]).await;
    let listed = bench.get(&name, "/api/2.0/workspace/list?path=/Users/me/x").await.ok();
    let names: Vec<&str> =
        listed["objects"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap()).collect();
    assert_eq!(names, ["/Users/me/x/notebook", "/Users/me/x/plain.bin", "/Users/me/x/tunnel"]);
    let exported =
        bench.request(Method::GET, &name, "/api/2.0/workspace/export?path=/Users/me/x/plain.bin&direct_download=true");
    let bytes = exported.bearer_auth(&bench.token).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(bytes.as_ref(), [0, 159, 255]);
    let exported = bench.get(&name, "/api/2.0/workspace/export?path=/Users/me/x/tunnel").await.ok();
    assert_eq!(exported["content"], STANDARD.encode("binary"));

    bench
        .post(&name, "/api/2.0/workspace/delete", json!({"path": "/Users/me/x"}))
        .await
        .refused(400, "DIRECTORY_NOT_EMPTY");
    bench.post(&name, "/api/2.0/workspace/delete", json!({"path": "/Users/me/x", "recursive": true})).await.ok();
    bench.get(&name, path).await.refused(404, "RESOURCE_DOES_NOT_EXIST");
    bench.get(&name, "/api/2.0/workspace/get-status?path=/../x").await.refused(400, "INVALID_PARAMETER_VALUE");
}

#[tokio::test]
async fn a_cluster_walks_through_its_states() {
    let bench = Bench::with(|options| options.delays.cluster = Duration::from_secs(1)).await;
    let (_, name) = bench.workspace("a").await;
    bench.get(&name, "/api/2.1/clusters/get?cluster_id=none").await.refused(400, "INVALID_PARAMETER_VALUE");
    let id = cluster(&bench, &name).await;
    let seen = cluster_state(&bench, &name, &id).await;
    assert_eq!((&seen["num_workers"], &seen["driver_node_type_id"]), (&json!(0), &json!("m6gd.large")));
    // Nobody said whose it is, and the service does not make it up (foreign clients would plan to take it away).
    assert!(seen.get("single_user_name").is_none());
    bench.post(&name, "/api/2.1/clusters/start", json!({"cluster_id": id})).await.refused(400, "INVALID_STATE");
    let edited = json!({
        "cluster_id": id, "spark_version": "17.3.x-scala2.13", "node_type_id": "m6gd.xlarge", "num_workers": 1,
    });
    bench.post(&name, "/api/2.1/clusters/edit", edited.clone()).await.ok();
    assert_eq!(cluster_state(&bench, &name, &id).await["state"], "RESTARTING");
    bench.post(&name, "/api/2.1/clusters/edit", edited).await.refused(400, "INVALID_STATE");
    until_cluster(&bench, &name, &id, "RUNNING").await;
    assert_eq!(cluster_state(&bench, &name, &id).await["node_type_id"], "m6gd.xlarge");
    bench.post(&name, "/api/2.1/clusters/delete", json!({"cluster_id": id})).await.ok();
    until_cluster(&bench, &name, &id, "TERMINATED").await;
    assert_eq!(cluster_state(&bench, &name, &id).await["termination_reason"]["code"], "USER_REQUEST");
    bench
        .cloud
        .fault(Fault { message: Some("no capacity".to_owned()), ..Fault::once("localcloud:StartCluster", 400, "") });
    bench.post(&name, "/api/2.1/clusters/start", json!({"cluster_id": id})).await.ok();
    assert_eq!(cluster_state(&bench, &name, &id).await["state"], "PENDING");
    until_cluster(&bench, &name, &id, "TERMINATED").await;
    assert_eq!(cluster_state(&bench, &name, &id).await["state_message"], "no capacity");
    bench.post(&name, "/api/2.1/clusters/permanent-delete", json!({"cluster_id": id})).await.ok();
    let gone = bench.get(&name, &format!("/api/2.1/clusters/get?cluster_id={id}")).await;
    assert!(gone.refused(400, "INVALID_PARAMETER_VALUE").contains("does not exist"));
    assert!(bench.get(&name, "/api/2.1/clusters/list").await.ok()["clusters"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_notebook_runs_with_its_parameters_its_token_and_its_secrets() {
    let bench = Bench::new().await;
    let (_, name) = bench.workspace("a").await;
    bench.post(&name, "/api/2.0/secrets/scopes/create", json!({"scope": "s"})).await.ok();
    bench.post(&name, "/api/2.0/secrets/put", json!({"scope": "s", "key": "k", "string_value": "hidden"})).await.ok();
    let id = cluster(&bench, &name).await;
    let source = r#"# Databricks notebook source
import os
dbutils.widgets.text("greeting", "none")
# COMMAND ----------
context = dbutils.notebook.entry_point.getDbutils().notebook().getContext()
assert context.apiUrl().get() == os.environ["DATABRICKS_HOST"]
assert context.apiToken().get() == os.environ["DATABRICKS_TOKEN"]
assert not context.tags().isDefined()
with open(os.environ["DATABRICKS_WORKSPACE_ROOT"] + "/Shared/runs/made.txt", "w") as file:
    file.write(dbutils.secrets.get("s", "k"))
dbutils.notebook.exit(dbutils.widgets.get("greeting") + " " + os.environ["DATABRICKS_CLUSTER_ID"])
"#;
    let run_id = submit(&bench, &name, &id, source, json!({"greeting": "hello"})).await;
    let output = until_run(&bench, &name, run_id, "TERMINATED").await;
    assert_eq!(output["metadata"]["state"]["result_state"], "SUCCESS", "{output}");
    assert_eq!(output["metadata"]["status"]["state"], "TERMINATED");
    assert_eq!(output["notebook_output"]["result"], format!("hello {id}"));
    let made = bench.get(&name, "/api/2.0/workspace/export?path=/Shared/runs/made.txt&direct_download=true").await;
    assert_eq!(made.text, "hidden");
}

#[tokio::test]
async fn a_failing_notebook_leaves_its_error_and_its_trace() {
    let bench = Bench::new().await;
    let (_, name) = bench.workspace("a").await;
    let id = cluster(&bench, &name).await;
    let run_id = submit(&bench, &name, &id, "def f():\n    raise RuntimeError('no')\nf()\n", json!({})).await;
    let output = until_run(&bench, &name, run_id, "TERMINATED").await;
    assert_eq!(output["metadata"]["state"]["result_state"], "FAILED");
    assert_eq!(output["error"], "RuntimeError: no");
    assert!(output["error_trace"].as_str().unwrap().contains("in f"));
    let run_id = submit(&bench, &name, &id, "import os\nprint('last words')\nos._exit(9)\n", json!({})).await;
    let output = until_run(&bench, &name, run_id, "TERMINATED").await;
    assert!(output["error"].as_str().unwrap().contains("ended by itself"));
    assert!(output["error_trace"].as_str().unwrap().contains("last words"));
    bench.get(&name, "/api/2.2/jobs/runs/get?run_id=1").await.refused(400, "INVALID_PARAMETER_VALUE");
}

/// A notebook that starts processes in sessions of their own and waits; it writes the ids of all.
const LINGERING: &str = r#"
import os, subprocess, time
child = subprocess.Popen(["sleep", "600"], start_new_session=True)
# An orphan that has left its group, its session and its environment.
orphan = subprocess.check_output(["setsid", "sh", "-c", "env -i sleep 600 >/dev/null 2>&1 & echo $!"], text=True).strip()
with open(os.environ["DATABRICKS_WORKSPACE_ROOT"] + "/Shared/runs/pids.partial", "w") as file:
    file.write(f"{os.getpid()} {child.pid} {orphan}")
os.rename(file.name, file.name.removesuffix(".partial"))
time.sleep(600)
"#;

async fn pids(bench: &Bench, name: &str) -> Vec<i32> {
    let path = "/api/2.0/workspace/export?path=/Shared/runs/pids&direct_download=true";
    bench.until("the notebook runs", async || bench.get(name, path).await.status == 200).await;
    let text = bench.get(name, path).await.text;
    text.split(' ').map(|id| id.parse().unwrap()).collect()
}

fn alive(id: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

#[tokio::test]
async fn a_cancelled_run_leaves_no_process() {
    let bench = Bench::new().await;
    let (_, name) = bench.workspace("a").await;
    let id = cluster(&bench, &name).await;
    let run_id = submit(&bench, &name, &id, LINGERING, json!({})).await;
    let pids = pids(&bench, &name).await;
    assert!(pids.iter().all(|id| alive(*id)));
    bench.post(&name, "/api/2.2/jobs/runs/cancel", json!({"run_id": run_id})).await.ok();
    let output = until_run(&bench, &name, run_id, "TERMINATED").await;
    assert_eq!(output["metadata"]["state"]["result_state"], "CANCELED");
    assert!(!pids.iter().any(|id| alive(*id)));
}

#[tokio::test]
async fn the_end_of_a_cluster_or_of_the_local_cloud_ends_its_runs() {
    let bench = Bench::new().await;
    let (_, name) = bench.workspace("a").await;
    let id = cluster(&bench, &name).await;
    submit(&bench, &name, &id, LINGERING, json!({})).await;
    let first = pids(&bench, &name).await;
    bench.post(&name, "/api/2.1/clusters/delete", json!({"cluster_id": id})).await.ok();
    bench.until("the processes end", async || !first.iter().any(|id| alive(*id))).await;
    bench.post(&name, "/api/2.0/workspace/delete", json!({"path": "/Shared/runs/pids"})).await.ok();
    until_cluster(&bench, &name, &id, "TERMINATED").await;
    // A run on a terminated cluster starts it.
    submit(&bench, &name, &id, LINGERING, json!({})).await;
    let second = pids(&bench, &name).await;
    bench.cloud.stop().await;
    assert!(!second.iter().any(|id| alive(*id)));
}

/// A notebook that serves: it echoes over a websocket, streams over HTTP, and writes its port.
const SERVING: &str = r#"
import base64, hashlib, os, socketserver

class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline().decode().strip()
        headers = {}
        while (text := self.rfile.readline().decode().strip()):
            name, value = text.split(":", 1)
            headers[name.lower()] = value.strip()
        if headers.get("upgrade") == "websocket":
            key = headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
            self.wfile.write(("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                              "Sec-WebSocket-Accept: " + accept + "\r\n\r\n").encode())
            while True:
                head = self.rfile.read(2)
                if len(head) < 2:
                    return
                size = head[1] & 127
                if size == 126:
                    size = int.from_bytes(self.rfile.read(2), "big")
                elif size == 127:
                    size = int.from_bytes(self.rfile.read(8), "big")
                mask = self.rfile.read(4)
                data = self.rfile.read(size)
                plain = bytes(a ^ b for a, b in zip(data, (mask * (size // 4 + 1))[:size]))
                length = bytes([size]) if size < 126 else bytes([126]) + size.to_bytes(2, "big")
                self.wfile.write(bytes([head[0]]) + length + plain)
                if head[0] & 15 == 8:
                    return
        else:
            body = (line + "|" + headers.get("authorization", "no token")).encode()
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

with Server(("127.0.0.1", 0), Handler) as server:
    with open(os.environ["DATABRICKS_WORKSPACE_ROOT"] + "/Shared/runs/port.partial", "w") as file:
        file.write(str(server.server_address[1]))
    os.rename(file.name, file.name.removesuffix(".partial"))
    server.serve_forever()
"#;

async fn serving(bench: &Bench, name: &str, cluster: &str) -> u16 {
    submit(bench, name, cluster, SERVING, json!({})).await;
    let path = "/api/2.0/workspace/export?path=/Shared/runs/port&direct_download=true";
    bench.until("the notebook serves", async || bench.get(name, path).await.status == 200).await;
    bench.get(name, path).await.text.parse().unwrap()
}

#[tokio::test]
async fn the_driver_proxy_carries_http_to_a_running_cluster_only() {
    let mut bench = Bench::new().await;
    let (workspace, name) = bench.workspace("a").await;
    let id = cluster(&bench, &name).await;
    let port = serving(&bench, &name, &id).await;
    let path = format!("/driver-proxy-api/o/{workspace}/{id}/{port}/metadata?x=1");
    let answer = bench.get(&name, &path).await;
    assert_eq!(answer.text, "GET /metadata?x=1 HTTP/1.1|no token");
    let closed = bench.get(&name, &format!("/driver-proxy-api/o/{workspace}/{id}/1024/x")).await;
    closed.refused(502, "BAD_GATEWAY");
    bench.get(&name, &format!("/driver-proxy-api/o/{workspace}/{id}/22/x")).await.refused(403, "PERMISSION_DENIED");
    bench.get(&name, &format!("/driver-proxy-api/o/1/{id}/{port}/x")).await.refused(403, "PERMISSION_DENIED");
    let token = std::mem::replace(&mut bench.token, "wrong".to_owned());
    assert_eq!(bench.get(&name, &path).await.status, 401);
    bench.token = token;
    bench.post(&name, "/api/2.1/clusters/delete", json!({"cluster_id": id})).await.ok();
    bench.get(&name, &path).await.refused(400, "INVALID_STATE");
}

#[tokio::test]
async fn the_driver_proxy_carries_websockets_and_cuts_them_when_told() {
    let bench = Bench::new().await;
    let (workspace, name) = bench.workspace("a").await;
    let id = cluster(&bench, &name).await;
    let port = serving(&bench, &name, &id).await;
    let dial = async || {
        let path = format!("/driver-proxy-api/o/{workspace}/{id}/{port}/ssh?id=1");
        let url = format!("ws://{name}.localhost:{}{path}", bench.cloud.port());
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {}", bench.token).parse().unwrap());
        let stream = TcpStream::connect(("127.0.0.1", bench.cloud.port())).await.unwrap();
        tokio_tungstenite::client_async(request, stream).await.unwrap().0
    };
    let mut socket = dial().await;
    for size in [1_usize, 125, 4096, 60_000] {
        let sent = vec![7_u8; size];
        socket.send(Message::binary(sent.clone())).await.unwrap();
        let received = socket.next().await.unwrap().unwrap();
        assert_eq!(received.into_data().as_ref(), sent.as_slice());
    }
    socket.close(None).await.unwrap();
    let closed = tokio::time::timeout(Duration::from_secs(5), async { while socket.next().await.is_some() {} }).await;
    assert!(closed.is_ok());

    let matches = "GET /driver-proxy-api/*/ssh";
    bench.cloud.fault(Fault { status: None, cut_after: Some(1000), ..Fault::once(matches, 500, "") });
    let mut socket = dial().await;
    socket.send(Message::binary(vec![1_u8; 600])).await.unwrap();
    assert!(socket.next().await.unwrap().is_ok());
    socket.send(Message::binary(vec![1_u8; 600])).await.unwrap();
    assert!(socket.next().await.is_none_or(|outcome| outcome.is_err()));

    bench.cloud.fault(Fault { status: None, idle_ms: Some(200), ..Fault::once(matches, 500, "") });
    let mut socket = dial().await;
    let ended = tokio::time::timeout(Duration::from_secs(5), socket.next()).await.unwrap();
    assert!(ended.is_none_or(|outcome| outcome.is_err()));
}

/// A serverless submission, changed.
fn serverless(change: impl FnOnce(&mut Value)) -> Value {
    let mut body = json!({
        "run_name": "test",
        "environments": [{"environment_key": "mine", "spec": {"environment_version": "4"}}],
        "tasks": [{
            "task_key": "only", "environment_key": "mine", "compute": {"hardware_accelerator": "GPU_1xA10"},
            "notebook_task": {"notebook_path": "/Workspace/Shared/runs/notebook"},
        }],
    });
    change(&mut body);
    body
}

#[tokio::test]
async fn a_serverless_run_has_a_driver_of_its_own_that_is_reached_while_it_runs() {
    let bench = Bench::new().await;
    let (workspace, name) = bench.workspace("a").await;
    bench.post(&name, "/api/2.0/workspace/mkdirs", json!({"path": "/Shared/runs"})).await.ok();
    // A server of its own that says where it is in a file, as nobody can know it otherwise.
    let source = r#"
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"here")
    def log_message(self, *arguments): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
path = os.path.join(os.environ["DATABRICKS_WORKSPACE_ROOT"], "Shared/runs/where")
with open(path + ".new", "w") as file:
    file.write(f"{os.environ['DATABRICKS_CLUSTER_ID']} {server.server_port}")
os.rename(path + ".new", path)
server.serve_forever()
"#;
    let notebook = json!({
        "path": "/Workspace/Shared/runs/notebook", "format": "SOURCE", "language": "PYTHON", "content": STANDARD.encode(source),
    });
    bench.post(&name, "/api/2.0/workspace/import", notebook).await.ok();
    let submitted = bench.post(&name, "/api/2.2/jobs/runs/submit", serverless(|_| {})).await.ok();
    let id = submitted["run_id"].as_i64().unwrap();
    let export = "/api/2.0/workspace/export?path=/Workspace/Shared/runs/where&direct_download=true";
    bench.until("it has said where it is", async || bench.get(&name, export).await.status == 200).await;
    let said = bench.get(&name, export).await.text;
    let (driver, port) = said.split_once(' ').unwrap();

    let task = run(&bench, &name, id).await["tasks"][0].clone();
    assert_eq!(
        (&task["environment_key"], &task["compute"]),
        (&json!("mine"), &json!({"hardware_accelerator": "GPU_1xA10"}))
    );
    assert!(!task.to_string().contains(driver), "the API does not tell the cluster of a serverless task: {task}");
    let path = format!("/driver-proxy-api/o/{workspace}/{driver}/{port}/x");
    assert_eq!(bench.get(&name, &path).await.text, "here");
    bench
        .get(&name, &format!("/api/2.1/clusters/get?cluster_id={driver}"))
        .await
        .refused(400, "INVALID_PARAMETER_VALUE");
    bench.post(&name, "/api/2.2/jobs/runs/cancel", json!({"run_id": id})).await.ok();
    until_run(&bench, &name, id, "TERMINATED").await;
    bench.get(&name, &path).await.refused(400, "INVALID_PARAMETER_VALUE");
}

#[tokio::test]
async fn serverless_submissions_that_the_api_refuses_are_refused() {
    let bench = Bench::new().await;
    let (_, name) = bench.workspace("a").await;
    let check = async |body: Value, words: &str| {
        let answer = bench.post(&name, "/api/2.2/jobs/runs/submit", body).await;
        let message = answer.refused(400, "INVALID_PARAMETER_VALUE");
        assert!(message.contains(words), "{message}");
    };
    let task = |change: fn(&mut Value)| serverless(|body| change(&mut body["tasks"][0]));
    let spec = |spec: Value| serverless(|body| body["environments"][0]["spec"] = spec);
    check(task(|task| task["compute"]["hardware_accelerator"] = json!("GPU_2xA10")), "Invalid hardware accelerator")
        .await;
    check(task(|task| task["environment_key"] = json!("other")), "is not among the environments").await;
    check(task(|task| task["existing_cluster_id"] = json!("c")), "not both").await;
    check(task(|task| _ = task.as_object_mut().unwrap().remove("environment_key")), "environment_key").await;
    check(serverless(|body| body["environments"] = json!([])), "is not among the environments").await;
    check(spec(json!({"environment_version": "four"})), "Invalid environment version").await;
    check(spec(json!({"environment_version": "4", "base_environment": "/b.yaml"})), "Only one of").await;
    let runs = bench.get(&name, "/api/2.2/jobs/runs/list").await.ok();
    assert_eq!(runs["runs"], json!([]));
}
