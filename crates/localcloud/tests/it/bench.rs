//! A local cloud of a test's own, and a client of it that knows nothing of the product's client.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use localcloud::{Options, Running, Server};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

pub struct Bench {
    pub cloud: Running,
    dir: tempfile::TempDir,
    pub token: String,
    pub strict: bool,
}

pub struct Reply {
    pub status: StatusCode,
    pub text: String,
    pub headers: reqwest::header::HeaderMap,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {:?}", self.text))
    }

    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, self.text);
        self.json()
    }

    pub fn refused(self, status: u16, code: &str) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        let body = self.json();
        assert_eq!(body["error_code"], code, "{body}");
        body["message"].as_str().unwrap().to_owned()
    }
}

impl Bench {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut options = Options::for_tests(dir.path());
        change(&mut options);
        let cloud = Server::start(options).await.unwrap();
        let mut bench = Self { cloud, dir, token: String::new(), strict: true };
        bench.token = bench.log_in("accounts").await;
        bench
    }

    /// The folder of the local cloud's files.
    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// The built-in administrator's token of a host.
    pub async fn log_in(&self, host: &str) -> String {
        let reply = self.token_as(host, self.cloud.client_id(), self.cloud.client_secret().expose()).await;
        reply.ok()["access_token"].as_str().unwrap().to_owned()
    }

    pub async fn token_as(&self, host: &str, id: &str, secret: &str) -> Reply {
        let path = match host {
            "accounts" => format!("/oidc/accounts/{}/v1/token", self.cloud.account_id()),
            _ => "/oidc/v1/token".to_owned(),
        };
        let request = self
            .request(Method::POST, host, &path)
            .basic_auth(id, Some(secret))
            .form(&[("grant_type", "client_credentials"), ("scope", "all-apis")]);
        reply(request).await
    }

    pub fn request(&self, method: Method, host: &str, path: &str) -> reqwest::RequestBuilder {
        let name = format!("{host}.localhost");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.cloud.port()));
        let client = reqwest::Client::builder().no_proxy().resolve(&name, address).build().unwrap();
        // As our own client: what it says wrongly is refused. Foreign clients are in `foreign.rs`.
        let request = client.request(method, format!("http://{name}:{}{path}", self.cloud.port()));
        request.header("x-localcloud-strict", self.strict.to_string())
    }

    pub async fn send(&self, method: Method, host: &str, path: &str, body: Option<Value>) -> Reply {
        let mut request = self.request(method, host, path).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        reply(request).await
    }

    fn account_path(&self, path: &str) -> String {
        format!("/api/2.0/accounts/{}{path}", self.cloud.account_id())
    }

    pub async fn account_get(&self, path: &str) -> Reply {
        self.send(Method::GET, "accounts", &self.account_path(path), None).await
    }

    pub async fn account_post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, "accounts", &self.account_path(path), Some(body)).await
    }

    pub async fn account_put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, "accounts", &self.account_path(path), Some(body)).await
    }

    pub async fn account_patch(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, "accounts", &self.account_path(path), Some(body)).await
    }

    pub async fn account_delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, "accounts", &self.account_path(path), None).await
    }

    pub async fn get(&self, host: &str, path: &str) -> Reply {
        self.send(Method::GET, host, path, None).await
    }

    pub async fn post(&self, host: &str, path: &str, body: Value) -> Reply {
        self.send(Method::POST, host, path, Some(body)).await
    }

    pub async fn network(&self, salt: &str) -> String {
        let body = json!({
            "network_name": format!("lake-{salt}"), "vpc_id": "vpc-1",
            "subnet_ids": [format!("subnet-{salt}1"), format!("subnet-{salt}2")],
            "security_group_ids": [format!("sg-{salt}")],
        });
        self.account_post("/networks", body).await.ok()["network_id"].as_str().unwrap().to_owned()
    }

    /// What a workspace needs: credentials, storage, and a network of its own.
    pub async fn workspace_body(&self, salt: &str) -> Value {
        let credential = self
            .account_post(
                "/credentials",
                json!({
                    "credentials_name": format!("lake-{salt}"),
                    "aws_credentials": {"sts_role": {"role_arn": "arn:aws:iam::123456789012:role/lake"}},
                }),
            )
            .await
            .ok();
        let storage = self
            .account_post(
                "/storage-configurations",
                json!({"storage_configuration_name": format!("lake-{salt}"), "root_bucket_info": {"bucket_name": "lake-root"}}),
            )
            .await
            .ok();
        json!({
            "workspace_name": "lake", "aws_region": "eu-west-1", "pricing_tier": "ENTERPRISE",
            "credentials_id": credential["credentials_id"],
            "storage_configuration_id": storage["storage_configuration_id"],
            "network_id": self.network(salt).await,
        })
    }

    /// A running workspace: its id and the name in its address.
    pub async fn workspace(&self, salt: &str) -> (i64, String) {
        let body = self.workspace_body(salt).await;
        let created = self.account_post("/workspaces", body).await.ok();
        assert_eq!(created["workspace_status"], "PROVISIONING");
        let id = created["workspace_id"].as_i64().unwrap();
        self.until("the workspace runs", async || {
            self.account_get(&format!("/workspaces/{id}")).await.ok()["workspace_status"] == "RUNNING"
        })
        .await;
        (id, created["deployment_name"].as_str().unwrap().to_owned())
    }

    pub async fn until(&self, what: &str, mut done: impl AsyncFnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !done().await {
            assert!(Instant::now() < deadline, "timed out: {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

pub async fn reply(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    Reply { status: response.status(), headers: response.headers().clone(), text: response.text().await.unwrap() }
}
