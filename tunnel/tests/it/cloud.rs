//! A local cloud with a workspace, a cluster and a published endpoint, and `tunnel connect` in an environment of its own.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use databricks::api::jobs::ListRuns;
use databricks::{Client, Config, Environment, Request};
use localcloud::{Options, Running, Server};
use serde_json::{Value, json};
use ssh_endpoint::SshEndpoint;
use ssh_endpoint::publish::{EndpointConfig, publish};
use tokio::process::Command;

use crate::bench::{put, tunnel_program, user};

pub struct Cloud {
    pub cloud: Running,
    pub folder: tempfile::TempDir,
    pub client: Client,
    pub endpoint: SshEndpoint,
}

pub fn wanted(cluster_id: &str) -> EndpointConfig {
    EndpointConfig {
        name: "demo".to_owned(),
        cluster_id: cluster_id.to_owned(),
        serverless: None,
        remote_user: user(),
        client_public_keys: Vec::new(),
        max_clients: 20,
        shutdown_delay_seconds: 600,
        auto_start: true,
        compatible_with: None,
    }
}

impl Cloud {
    pub async fn start() -> Self {
        let binary = std::fs::read(tunnel_program()).unwrap();
        Self::with(binary, "SINGLE_USER", |_| {}).await
    }

    pub async fn with(binary: Vec<u8>, access_mode: &str, change: impl FnOnce(&mut EndpointConfig)) -> Self {
        Self::with_runs_pending_for(Duration::from_millis(10), binary, access_mode, change).await
    }

    /// The same where each run waits for its compute this long.
    pub async fn with_runs_pending_for(
        pending: Duration,
        binary: Vec<u8>,
        access_mode: &str,
        change: impl FnOnce(&mut EndpointConfig),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::for_tests(folder.path().join("cloud"));
        options.delays.run = pending;
        let cloud = Server::start(options).await.unwrap();
        let environment: Environment = cloud.env().into_iter().collect();
        let account = Client::with_environment(Config::default(), &environment).unwrap();
        let client = workspace(&account).await;
        let cluster: Value = post(
            &client,
            "/api/2.1/clusters/create",
            json!({
                "cluster_name": "demo", "spark_version": "17.3.x-scala2.13", "node_type_id": "m6gd.large", "num_workers": 0,
                "is_single_node": true, "kind": "CLASSIC_PREVIEW", "data_security_mode": access_mode,
            }),
        )
        .await;
        let mut wanted = wanted(cluster["cluster_id"].as_str().unwrap());
        change(&mut wanted);
        let endpoint = publish(&client, &wanted, binary.into()).await.unwrap();
        Self { cloud, folder, client, endpoint }
    }

    /// A client at the account, with its administrator's credentials.
    pub fn account(&self) -> Client {
        let environment: Environment = self.cloud.env().into_iter().collect();
        Client::with_environment(Config::default(), &environment).unwrap()
    }

    /// A client at the workspace, with somebody's own secret.
    pub fn signed_in(&self, client_id: &str, secret: &str) -> Client {
        let config = Config {
            host: Some(self.endpoint.host.clone()),
            client_id: Some(client_id.to_owned()),
            client_secret: Some(secret.to_owned().into()),
            ..Config::default()
        };
        Client::with_environment(config, &Environment::default()).unwrap()
    }

    /// The outputs, as Terraform prints them.
    pub fn outputs(&self) -> PathBuf {
        let file = self.folder.path().join("outputs.json");
        let outputs = json!({
            "region": {"sensitive": false, "type": "string", "value": "eu-west-1"},
            "ssh_endpoint": {"sensitive": false, "type": "dynamic", "value": self.endpoint},
        });
        // Another command may be reading it.
        put(&file, outputs.to_string().as_bytes());
        file
    }

    /// `tunnel connect` of a person with a home of their own.
    pub fn connect(&self, home: &str, command: &[&str]) -> Command {
        let mut connect = self.tunnel(home);
        connect.arg("connect").arg("--outputs").arg(self.outputs());
        if !command.is_empty() {
            connect.arg("--").args(command);
        }
        connect
    }

    pub fn tunnel(&self, home: &str) -> Command {
        let mut tunnel = Command::new(tunnel_program());
        tunnel
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.folder.path())
            .envs(self.cloud.env())
            .env("DATABRICKS_TUNNEL_HOME", self.home(home))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        tunnel
    }

    pub fn home(&self, home: &str) -> PathBuf {
        self.folder.path().join(home)
    }

    /// Ids of all runs that were ever submitted, newest first.
    pub async fn runs(&self) -> Vec<i64> {
        let list: ListRuns = self.client.send(Request::get("/api/2.2/jobs/runs/list")).await.unwrap();
        list.runs.into_iter().map(|run| run.run_id).collect()
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        post(&self.client, path, body).await
    }

    pub async fn metadata(&self) -> Option<Value> {
        let request = Request::get("/api/2.0/workspace/export")
            .query("path", self.endpoint.metadata_path())
            .query("direct_download", "true");
        match self.client.send_bytes(request).await {
            Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
            Err(error) if error.is_not_found() => None,
            Err(error) => panic!("{error}"),
        }
    }
}

pub use localcloud::venv_of_tests as venv;

async fn post(client: &Client, path: &str, body: Value) -> Value {
    client.send(Request::post(path).json(&body).unwrap()).await.unwrap()
}

async fn workspace(account: &Client) -> Client {
    let post = async |path: &str, body: Value| -> Value {
        account.send(Request::post_account(path).json(&body).unwrap()).await.unwrap()
    };
    let role = json!({"sts_role": {"role_arn": "arn:aws:iam::123456789012:role/demo"}});
    let credentials = post("/credentials", json!({"credentials_name": "demo", "aws_credentials": role})).await;
    let bucket = json!({"bucket_name": "demo-root"});
    let storage = json!({"storage_configuration_name": "demo", "root_bucket_info": bucket});
    let storage = post("/storage-configurations", storage).await;
    let network = json!({
        "network_name": "demo", "vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"], "security_group_ids": ["sg-1"],
    });
    let network = post("/networks", network).await;
    let workspace = json!({
        "workspace_name": "demo", "aws_region": "eu-west-1", "pricing_tier": "ENTERPRISE",
        "credentials_id": credentials["credentials_id"], "network_id": network["network_id"],
        "storage_configuration_id": storage["storage_configuration_id"],
    });
    let created = post("/workspaces", workspace).await;
    let path = format!("/workspaces/{}", created["workspace_id"]);
    until("the workspace runs", async || {
        let workspace: Value = account.send(Request::get_account(path.as_str())).await.unwrap();
        workspace["workspace_status"] == "RUNNING"
    })
    .await;
    let mut host = account.host().clone();
    host.set_host(Some(&format!("{}.localhost", created["deployment_name"].as_str().unwrap()))).unwrap();
    account.workspace(&host).unwrap()
}

pub async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !done().await {
        assert!(started.elapsed() < Duration::from_secs(20), "timed out: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
