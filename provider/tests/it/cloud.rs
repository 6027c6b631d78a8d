//! A local cloud of the tests: localcloud's library with moto, the environments that reach it, and what it holds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use localcloud::{Aws, Fault, Options, Running, Server};
use tokio::runtime::Runtime;

use crate::Env;
use crate::bench::Bench;

/// Regions in which the tests make objects.
const REGIONS: [&str; 3] = ["eu-west-1", "eu-west-2", "us-east-1"];

/// A local cloud that serves.
pub struct Cloud {
    runtime: Runtime,
    running: Mutex<Option<Running>>,
    /// What reaches the account and AWS.
    pub account: Env,
    workspace: OnceLock<(Env, Bench)>,
    aws: String,
    baseline: BTreeSet<String>,
    files: tempfile::TempDir,
}

/// The cloud that most tests share, started by the first one.
#[derive(Default)]
pub struct Shared(OnceLock<Cloud>);

impl Shared {
    pub fn cloud(&self) -> &Cloud {
        self.0.get_or_init(Cloud::start)
    }

    /// Stops it, if any test started it.
    pub fn stop(&self) {
        if let Some(cloud) = self.0.get() {
            cloud.stop();
        }
    }
}

impl Cloud {
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let files = tempfile::tempdir().unwrap();
        let options = Options { aws: Aws::Moto { venv: venv() }, ..Options::for_tests(files.path()) };
        let running = runtime.block_on(Server::start(options)).unwrap();
        let mut account: Env = running.env().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        account.insert("AWS_REGION".into(), "eu-west-1".into());
        account.insert("TUNNEL_BINARY".into(), tunnel(files.path()).display().to_string());
        let aws = running.aws_endpoint().unwrap();
        let mut cloud = Self {
            runtime,
            running: Mutex::new(Some(running)),
            account,
            workspace: OnceLock::new(),
            aws,
            baseline: BTreeSet::new(),
            files,
        };
        cloud.baseline = cloud.held();
        cloud
    }

    pub fn stop(&self) {
        if let Some(running) = self.running.lock().unwrap().take() {
            self.runtime.block_on(running.stop());
        }
    }

    /// What reaches a workspace of this cloud and AWS.
    pub fn workspace(&self) -> &Env {
        let make = || {
            let bench = Bench::new(&self.account);
            bench.write(WORKSPACE);
            bench.apply();
            let mut env = self.account.clone();
            let url =
                bench.attributes("databricks_mws_workspaces.example")["workspace_url"].as_str().unwrap().to_owned();
            env.insert("DATABRICKS_HOST".into(), url);
            (env, bench)
        };
        &self.workspace.get_or_init(make).0
    }

    pub fn fault(&self, fault: Fault) {
        self.running.lock().unwrap().as_ref().unwrap().fault(fault);
    }

    pub fn clear_faults(&self) {
        self.running.lock().unwrap().as_ref().unwrap().clear_faults();
    }

    /// What was made in this cloud and is there still: ids of AWS objects, and counts of Databricks objects.
    pub fn objects(&self) -> Vec<String> {
        self.held().difference(&self.baseline).cloned().collect()
    }

    /// Sends a request to AWS's query API and answers its XML.
    pub fn query(&self, service: &str, region: &str, body: &str) -> String {
        // moto takes the region and the service from the signature, and does not check it.
        let credential = format!(
            "AWS4-HMAC-SHA256 Credential=test/20200101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        let json = body.starts_with('{');
        let mut request = reqwest::Client::new()
            .post(&self.aws)
            .header("authorization", credential)
            .header("host", format!("{service}.{region}.amazonaws.com"));
        request = if json {
            request.header("content-type", "application/x-amz-json-1.1").header("x-amz-target", "TrentService.ListKeys")
        } else {
            request.header("content-type", "application/x-www-form-urlencoded")
        };
        let send = async { request.body(body.to_owned()).send().await.unwrap().text().await.unwrap() };
        self.runtime.block_on(send)
    }

    fn held(&self) -> BTreeSet<String> {
        let running = self.running.lock().unwrap();
        let Some(running) = running.as_ref() else { return BTreeSet::new() };
        let objects = self.runtime.block_on(running.aws_objects()).unwrap();
        let mut held: BTreeSet<String> = objects.iter().map(ToString::to_string).collect();
        let summary = running.summary();
        for (kind, count) in summary.as_object().unwrap() {
            if count.as_u64().unwrap_or_else(|| count.as_array().map_or(0, |all| all.len() as u64)) > 0 {
                held.insert(format!("{kind} {count}"));
            }
        }
        held
    }

    /// What reaches this cloud by clients that are not ours: they take it as their HTTP proxy.
    pub fn foreign(&self) -> Env {
        let running = self.running.lock().unwrap();
        let running = running.as_ref().unwrap();
        let bundle = self.files.path().join("authorities.pem");
        std::fs::write(&bundle, running.authorities()).unwrap();
        let env = running.proxy_env(&bundle).into_iter().map(|(name, value)| (name.to_owned(), value));
        env.chain([("AWS_REGION".to_owned(), "eu-west-1".to_owned())]).collect()
    }

    /// Whether there is an interface endpoint in any region.
    pub fn interface_endpoints(&self) -> bool {
        REGIONS.iter().any(|region| {
            self.query("ec2", region, "Action=DescribeVpcEndpoints&Version=2016-11-15").contains(">Interface<")
        })
    }
}

/// The Python environment with moto: scripts/lib.sh makes it and names it.
pub fn venv() -> PathBuf {
    std::env::var_os("LOCALCLOUD_VENV").map_or_else(|| root().join(".cache/venv"), PathBuf::from)
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The built tunnel, or, where it is not built, a file that only has to be uploaded.
fn tunnel(files: &Path) -> PathBuf {
    let built = crate::bench::binaries().join("tunnel");
    if built.is_file() {
        return built;
    }
    let stand_in = files.join("tunnel");
    std::fs::write(&stand_in, "#!/bin/sh\n").unwrap();
    stand_in
}

const WORKSPACE: &str = r#"
resource "databricks_mws_credentials" "example" {
  credentials_name = "tests"
  role_arn         = "arn:aws:iam::123456789012:role/tests"
}

resource "databricks_mws_storage_configurations" "example" {
  storage_configuration_name = "tests"
  bucket_name                = "tests-root"
}

resource "databricks_mws_workspaces" "example" {
  workspace_name           = "tests"
  aws_region               = "eu-west-1"
  credentials_id           = databricks_mws_credentials.example.credentials_id
  storage_configuration_id = databricks_mws_storage_configurations.example.storage_configuration_id
}
"#;
