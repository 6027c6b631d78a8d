//! `databricks ssh connect` as the facts tell it, written anew for the tests: what it looks for in the workspace, the notebook that
//! it runs, and a plain session to the server that it finds. An endpoint that is compatible with it serves it and `tunnel` alike.

use databricks::Request;
use databricks::api::jobs::{Run, RunLifeCycleState, RunOutput};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use ssh_endpoint::official::Official;
use ssh_endpoint::publish::{EndpointConfig, publish};
use ssh_endpoint::{ENDPOINT, Serverless, SshEndpoint, publish_official};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::bench::{text, tunnel_program};
use crate::cloud::{Cloud, until, wanted};

const VERSION: &str = "1.14.0";

/// The official tool's notebook: its parameters, its environment, and the command that it executes.
const NOTEBOOK: &str = r#"# Databricks notebook source
import ctypes, os, platform, subprocess
names = ("version", "secretScopeName", "authorizedKeySecretName", "shutdownDelay", "maxClients", "sessionId", "serverless", "usagePolicyId")
for name in names:
    dbutils.widgets.text(name, "")
version, scope, key, delay, clients, session, serverless, policy = map(dbutils.widgets.get, names)
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
context = dbutils.notebook.entry_point.getDbutils().notebook().getContext()
environment = dict(os.environ)
environment["DATABRICKS_TOKEN"] = context.apiToken().get()
environment["DATABRICKS_CLUSTER_ID"] = context.clusterId().get()
folder = os.path.dirname(os.path.dirname(context.notebookPath().get()))
folder = os.environ["DATABRICKS_WORKSPACE_ROOT"] + folder.removeprefix("/Workspace")
architecture = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
program = f"{folder}/databricks_cli_{version}_linux_{architecture}/databricks"
command = [program, "ssh", "server", f"--cluster={context.clusterId().get()}", f"--session-id={session}",
    f"--secret-scope-name={scope}", f"--authorized-key-secret-name={key}", f"--max-clients={clients}",
    f"--shutdown-delay={delay}", f"--version={version}", "--log-level=info", "--log-format=text"]
if serverless == "true":
    command += ["--serverless"]
if policy:
    command += [f"--usage-policy-id={policy}"]
server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
lines = []
for line in server.stdout:
    print(line, end="", flush=True)
    lines.append(line)
if server.wait() != 0:
    raise RuntimeError("".join(lines)[-2000:])
"#;

/// One machine of a person who uses the official tool.
struct Tool<'a> {
    cloud: &'a Cloud,
    folder: tempfile::TempDir,
    identity: String,
    session: String,
    serverless: bool,
}

impl<'a> Tool<'a> {
    async fn new(cloud: &'a Cloud) -> Self {
        let identity = cloud.client.me().await.unwrap().user_name;
        let serverless = cloud.endpoint.serverless.is_some();
        let session = if serverless { &cloud.endpoint.name } else { &cloud.endpoint.cluster_id };
        Self { cloud, folder: tempfile::tempdir().unwrap(), identity, session: session.clone(), serverless }
    }

    fn scope(&self) -> String {
        format!("{}-{}-ssh-tunnel-keys", self.identity, self.session)
    }

    fn version_folder(&self) -> String {
        format!("/Workspace/Users/{}/.databricks/ssh-tunnel/{VERSION}", self.identity)
    }

    fn content_folder(&self) -> String {
        format!("{}/{}", self.version_folder(), self.session)
    }

    async fn secret(&self, key: &str) -> Option<String> {
        let request = Request::get("/api/2.0/secrets/get").query("scope", self.scope()).query("key", key);
        let found = self.cloud.client.send::<databricks::api::secrets::GetSecret>(request).await.ok()?;
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, found.value.expose()).unwrap();
        Some(String::from_utf8(bytes).unwrap())
    }

    async fn exists(&self, path: &str) -> bool {
        let request = Request::get("/api/2.0/workspace/get-status").query("path", path);
        match self.cloud.client.send::<Value>(request).await {
            Ok(_) => true,
            Err(error) => {
                assert!(error.is_not_found(), "{error}");
                false
            }
        }
    }

    /// The key in the scope; any error, and it is made anew.
    async fn key(&self) -> std::path::PathBuf {
        let file = self.folder.path().join("key");
        let private = match self.secret("client-private-key").await {
            Some(text) => text,
            None => {
                let new = self.folder.path().join("new");
                let made = Command::new("ssh-keygen")
                    .args(["-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-C", "", "-f"])
                    .arg(&new)
                    .status()
                    .await;
                assert!(made.unwrap().success());
                let private = std::fs::read_to_string(&new).unwrap();
                let public = std::fs::read_to_string(new.with_extension("pub")).unwrap();
                for (key, value) in [("client-private-key", &private), ("client-public-key", &public)] {
                    let body = json!({"scope": self.scope(), "key": key, "string_value": value});
                    self.cloud.post("/api/2.0/secrets/put", body).await;
                }
                private
            }
        };
        std::fs::write(&file, private).unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        file
    }

    /// Port, cluster and user of the running server.
    async fn server(&self) -> Option<(u64, String, String)> {
        let path = format!("{}/metadata.json", self.content_folder());
        let request = Request::get("/api/2.0/workspace/export").query("path", path).query("direct_download", "true");
        let metadata: Value = serde_json::from_slice(&self.cloud.client.send_bytes(request).await.ok()?).unwrap();
        let (port, cluster) = (metadata["port"].as_u64().unwrap(), metadata["cluster_id"].as_str().unwrap());
        let path = format!("/driver-proxy-api/o/{}/{cluster}/{port}/metadata", self.cloud.endpoint.workspace_id);
        let user = self.cloud.client.send_bytes(Request::get(path)).await.ok()?;
        Some((port, cluster.to_owned(), String::from_utf8(user.to_vec()).unwrap()))
    }

    async fn start(&self) -> (u64, String, String) {
        let folder = self.content_folder();
        self.cloud.post("/api/2.0/workspace/mkdirs", json!({"path": folder})).await;
        let content = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, NOTEBOOK);
        let notebook = format!("{folder}/ssh-server-bootstrap");
        let import = json!({
            "path": notebook, "format": "SOURCE", "language": "PYTHON", "content": content, "overwrite": true,
        });
        self.cloud.post("/api/2.0/workspace/import", import).await;
        let mut task = json!({
            "task_key": "start_ssh_server", "timeout_seconds": 86_400,
            "notebook_task": {"notebook_path": notebook, "base_parameters": {
                "version": VERSION, "secretScopeName": self.scope(), "authorizedKeySecretName": "client-public-key",
                "shutdownDelay": "10m0s", "maxClients": "10", "sessionId": self.session,
                "serverless": self.serverless.to_string(), "usagePolicyId": "",
            }},
        });
        let mut run = json!({"run_name": format!("ssh-server-bootstrap-{}", self.session), "timeout_seconds": 86_400});
        if self.serverless {
            task["environment_key"] = json!("ssh_tunnel_serverless");
            let environment = json!({"environment_key": "ssh_tunnel_serverless", "spec": {"environment_version": "4"}});
            run["environments"] = json!([environment]);
        } else {
            task["existing_cluster_id"] = json!(self.session);
        }
        run["tasks"] = json!([task]);
        let run = self.cloud.post("/api/2.2/jobs/runs/submit", run).await["run_id"].to_string();
        let mut server = None;
        until("the server answers", async || {
            let state: Run = self.get("/api/2.2/jobs/runs/get", &run).await;
            if state.state.life_cycle_state == RunLifeCycleState::Terminated {
                let output: RunOutput = self.get("/api/2.2/jobs/runs/get-output", &run).await;
                panic!("the run ended: {:?} {}", state.state, output.error);
            }
            server = self.server().await;
            server.is_some()
        })
        .await;
        server.unwrap()
    }

    async fn get<T: serde::de::DeserializeOwned + 'static>(&self, path: &'static str, run: &str) -> T {
        self.cloud.client.send(Request::get(path).query("run_id", run)).await.unwrap()
    }

    /// `databricks ssh connect -- sh -c SCRIPT`.
    async fn connect(&self, script: &str) -> (i32, String, String) {
        let list = Request::get("/api/2.0/secrets/list").query("scope", self.scope());
        self.cloud.client.send::<Value>(list).await.expect("the scope is there");
        let key = self.key().await;
        for architecture in ["amd64", "arm64"] {
            let program = format!("{}/databricks_cli_{VERSION}_linux_{architecture}/databricks", self.version_folder());
            assert!(self.exists(&program).await, "the tool would download its own program for {architecture}");
        }
        let server = match self.server().await {
            Some(server) => server,
            None => self.start().await,
        };
        let known_hosts = self.folder.path().join("known_hosts");
        let host_key = self.secret("server-public-key").await.unwrap();
        std::fs::write(&known_hosts, format!("{} {host_key}", self.session)).unwrap();
        let port = self.bridge(server.0, &server.1).await;
        let ssh = Command::new("ssh")
            .args(["-F", "none", "-l", &server.2, "-p", &port.to_string(), "-i"])
            .arg(key)
            .args(["-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes"])
            .args(["-o", &format!("HostKeyAlias={}", self.session)])
            .args(["-o", &format!("UserKnownHostsFile={}", known_hosts.display()), "127.0.0.1", script])
            .stdin(std::process::Stdio::null())
            .output()
            .await;
        text(&ssh.unwrap())
    }

    /// A port whose connections are plain sessions with the server, through the driver proxy.
    async fn bridge(&self, server: u64, cluster: &str) -> u16 {
        let host = self.cloud.client.host().clone();
        let address = format!("127.0.0.1:{}", host.port().unwrap());
        let path = format!("driver-proxy-api/o/{}/{cluster}/{server}/ssh?id=x", self.cloud.endpoint.workspace_id);
        let mut request = format!("ws://{}/{path}", host.authority()).into_client_request().unwrap();
        let token = self.cloud.client.bearer().await.unwrap();
        let bearer = format!("Bearer {}", token.expose());
        request.headers_mut().insert("authorization", bearer.parse().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut near, _) = listener.accept().await.unwrap();
            let far = TcpStream::connect(address).await.unwrap();
            let (mut socket, _) = tokio_tungstenite::client_async(request, far).await.unwrap();
            let mut block = [0; 4096];
            loop {
                tokio::select! {
                    read = near.read(&mut block) => match read {
                        Ok(read @ 1..) => socket.send(Message::binary(block[..read].to_vec())).await.unwrap(),
                        _ => {
                            let _ = socket.close(None).await;
                            return;
                        }
                    },
                    message = socket.next() => match message {
                        Some(Ok(Message::Binary(bytes))) => near.write_all(&bytes).await.unwrap(),
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                        Some(Ok(other)) => assert!(!other.is_text(), "a plain session has no text"),
                    },
                }
            }
        });
        port
    }
}

async fn compatible(change: impl FnOnce(&mut EndpointConfig)) -> Cloud {
    let binary = std::fs::read(tunnel_program()).unwrap();
    let cloud = Cloud::with(binary, "SINGLE_USER", |wanted| {
        wanted.compatible_with = Some(format!("databricks-cli/{VERSION}"));
        change(wanted);
    })
    .await;
    let official = cloud.endpoint.official.as_ref().unwrap();
    assert!(publish_official::is_whole(&cloud.client, &cloud.endpoint, official).await.unwrap());
    cloud
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_tool_starts_our_server_and_both_tools_use_it() {
    let cloud = compatible(|_| {}).await;
    let tool = Tool::new(&cloud).await;
    let (code, out, words) = tool.connect("echo $DATABRICKS_CLUSTER_ID; exit 7").await;
    assert_eq!((code, out.trim()), (7, cloud.endpoint.cluster_id.as_str()), "{words}");
    let (code, out, words) = text(&cloud.connect("ada", &["echo", "ours"]).output().await.unwrap());
    assert_eq!((code, out.as_str()), (0, "ours\n"), "{words}");
    // Another machine gets the key from the scope.
    assert_eq!(Tool::new(&cloud).await.connect("true").await.0, 0);
    let runs = cloud.runs().await;
    assert_eq!(runs.len(), 1, "one server for all");
    // The notebook ends, and nobody finds the server any more.
    cloud.post("/api/2.2/jobs/runs/cancel", json!({"run_id": runs[0]})).await;
    until("the server tidies up", async || {
        cloud.metadata().await.is_none() && !tool.exists(&format!("{}/metadata.json", tool.content_folder())).await
    })
    .await;
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_tool_finds_the_server_that_ours_started() {
    let cloud = compatible(|_| {}).await;
    assert_eq!(text(&cloud.connect("ada", &["true"]).output().await.unwrap()).0, 0);
    let tool = Tool::new(&cloud).await;
    let (code, out, words) = tool.connect("echo theirs").await;
    assert_eq!((code, out.as_str()), (0, "theirs\n"), "{words}");
    assert_eq!(cloud.runs().await.len(), 1);
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_tool_is_served_on_serverless_compute() {
    let cloud = compatible(|wanted| {
        wanted.cluster_id = String::new();
        wanted.remote_user = String::new();
        wanted.serverless = Some(Serverless::default());
    })
    .await;
    let tool = Tool::new(&cloud).await;
    let (code, out, words) = tool.connect("echo $DATABRICKS_CLUSTER_ID").await;
    assert_eq!(code, 0, "{words}");
    assert_eq!(out.trim(), cloud.metadata().await.unwrap()["cluster_id"]);
    assert_eq!(text(&cloud.connect("ada", &["true"]).output().await.unwrap()).0, 0);
    assert_eq!(cloud.runs().await.len(), 1);
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_layout_belongs_to_one_endpoint_and_goes_with_it() {
    let cloud = compatible(|_| {}).await;
    let tool = Tool::new(&cloud).await;
    let official = cloud.endpoint.official.clone().unwrap();
    let binary = b"any".to_vec();
    let refused = async |endpoint: &SshEndpoint| {
        let published = publish_official::publish(&cloud.client, endpoint, &official, &[], binary.clone().into()).await;
        published.unwrap_err().to_string()
    };
    // A second endpoint on the cluster has the same session.
    let mut other = wanted(&cloud.endpoint.cluster_id);
    other.name = "other".to_owned();
    let other = publish(&cloud.client, &other, binary.clone().into()).await.unwrap();
    let words = refused(&other).await;
    assert!(words.contains("\"demo\" serves it already"), "{words}");
    publish_official::remove(&cloud.client, "other", &official, None).await.unwrap();
    assert!(
        publish_official::is_whole(&cloud.client, &cloud.endpoint, &official).await.unwrap(),
        "it is not the other's"
    );

    // The tool's own key is kept by the next apply; what somebody changed is seen.
    tool.key().await;
    let key = tool.secret("client-public-key").await;
    let keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti".to_owned()];
    let program = std::fs::read(tunnel_program()).unwrap();
    publish_official::publish(&cloud.client, &cloud.endpoint, &official, &keys, program.into()).await.unwrap();
    assert_eq!(tool.secret("client-public-key").await, key);
    let put = json!({"scope": tool.scope(), "key": "server-public-key", "string_value": "ssh-ed25519 EVIL"});
    cloud.post("/api/2.0/secrets/put", put).await;
    assert!(!publish_official::is_whole(&cloud.client, &cloud.endpoint, &official).await.unwrap());

    // Another version lies elsewhere, with the tool's key, and nothing of the one before stays.
    let program = std::fs::read(tunnel_program()).unwrap();
    let newer = Official::of(&tool.identity, cloud.endpoint.session_id(), "1.15.0", &program).unwrap();
    let moved = SshEndpoint { official: Some(newer.clone()), ..cloud.endpoint.clone() };
    publish_official::publish(&cloud.client, &moved, &newer, &[], program.into()).await.unwrap();
    assert!(publish_official::is_whole(&cloud.client, &moved, &newer).await.unwrap());
    assert!(!tool.exists(&tool.version_folder()).await);
    assert_eq!(tool.secret("client-public-key").await, key);

    for _ in 0..2 {
        publish_official::remove(&cloud.client, "demo", &newer, None).await.unwrap();
        assert!(!tool.exists(newer.directory.rsplit_once('/').unwrap().0).await);
        assert_eq!(tool.secret(ENDPOINT).await, None);
    }

    // The official tool alone made the scope: its host key is not overwritten.
    cloud.post("/api/2.0/secrets/scopes/create", json!({"scope": tool.scope()})).await;
    let put = json!({"scope": tool.scope(), "key": "server-private-key", "string_value": "theirs"});
    cloud.post("/api/2.0/secrets/put", put).await;
    let words = refused(&cloud.endpoint).await;
    assert!(words.contains("delete-scope") && words.contains(&tool.scope()), "{words}");
    publish_official::remove(&cloud.client, "demo", &official, None).await.unwrap();
    assert_eq!(tool.secret("server-private-key").await.as_deref(), Some("theirs"));
    cloud.cloud.stop().await;
}
