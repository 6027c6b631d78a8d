//! A local cloud of the tests: localcloud's library with moto, the environments that reach it, and what it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use localcloud::{Aws, AwsObject, Fault, Options, Running, Server};
use serde_json::{Map, Value};
use terraform_provider_databricks::functions::AwsDeploymentPolicy;
use tfplugin::Function as _;
use tokio::runtime::Runtime;

use crate::Env;
use crate::bench::Bench;

/// The account of whoever signs with the environment's key.
const AWS_ACCOUNT: &str = "123456789012";

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
    /// A turn for each type whose example is made: many objects have names that a service takes once.
    turns: Mutex<BTreeMap<String, Arc<Mutex<()>>>>,
    baseline: BTreeSet<String>,
    files: tempfile::TempDir,
}

/// The cloud that most tests share, started by the first one.
#[derive(Default)]
pub struct Shared(OnceLock<Cloud>);

impl Shared {
    pub fn cloud(&self) -> &Cloud {
        // Each test has the names of an account of its own in mind.
        self.0.get_or_init(|| Cloud::of(|options| Options { repeats_names: true, ..with_aws(options) }))
    }

    /// One with a certain account, and without AWS: what objects of AWS it has is believed.
    pub fn of_account(&self, id: &str) -> &Cloud {
        self.0.get_or_init(|| {
            Cloud::of(|options| Options { account_id: Some(id.to_owned()), repeats_names: true, ..options })
        })
    }

    /// Stops it, if any test started it.
    pub fn stop(&self) {
        if let Some(cloud) = self.0.get() {
            cloud.stop();
        }
    }
}

fn with_aws(options: Options) -> Options {
    Options { aws: Aws::Moto { venv: venv() }, ..options }
}

impl Cloud {
    pub fn start() -> Self {
        Self::of(with_aws)
    }

    /// One whose AWS lets its callers do what the deployment with that name needs, and nothing else.
    pub fn for_the_deployment(name: &str) -> Self {
        let policy = Self::policy_of(name);
        Self::of(move |options| Options { aws_policy: Some(policy.clone()), ..with_aws(options) })
    }

    /// What the documented policy of a deployment allows.
    fn policy_of(name: &str) -> String {
        let policy = AwsDeploymentPolicy { name: name.into(), aws_account_id: AWS_ACCOUNT.into(), options: Vec::new() };
        policy.call().unwrap()
    }

    /// The actions that the documented policy of a deployment has and nobody needed so far.
    pub fn not_needed(&self, name: &str) -> Vec<String> {
        let policy: Value = serde_json::from_str(&Self::policy_of(name)).unwrap();
        let needed = self.running.lock().unwrap().as_ref().unwrap().aws_permissions();
        let statements: Vec<&Value> = policy["Statement"].as_array().unwrap().iter().collect();
        let actions =
            statements.iter().flat_map(|one| one["Action"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()));
        actions.filter(|action| !needed.contains(*action)).map(str::to_owned).collect()
    }

    fn of(options: impl Fn(Options) -> Options) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let files = tempfile::tempdir().unwrap();
        let running = runtime.block_on(Server::start(options(Options::for_tests(files.path())))).unwrap();
        let mut account: Env = running.env().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        account.insert("AWS_REGION".into(), "eu-west-1".into());
        account.insert("TUNNEL_BINARY".into(), tunnel(files.path()).display().to_string());
        let aws = running.aws_endpoint().unwrap_or_default();
        let mut cloud = Self {
            runtime,
            running: Mutex::new(Some(running)),
            account,
            workspace: OnceLock::new(),
            aws,
            turns: Mutex::default(),
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

    /// Does it while no other test here makes the example of this type.
    pub fn alone<T>(&self, name: &str, test: impl FnOnce() -> T) -> T {
        let turn = Arc::clone(self.turns.lock().unwrap().entry(name.to_owned()).or_default());
        // A test that failed gives its turn back all the same.
        let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        test()
    }

    /// What reaches a workspace of this cloud and AWS.
    pub fn workspace(&self) -> &Env {
        &self.made_workspace().0
    }

    /// The id of that workspace.
    pub fn workspace_id(&self) -> String {
        self.made_workspace().1.attributes("databricks_mws_workspaces.example")["workspace_id"].to_string()
    }

    fn made_workspace(&self) -> &(Env, Bench) {
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
        self.workspace.get_or_init(make)
    }

    pub fn fault(&self, fault: Fault) {
        self.running.lock().unwrap().as_ref().unwrap().fault(fault);
    }

    /// How many rules of misbehaviour are not used up.
    pub fn faults(&self) -> usize {
        self.running.lock().unwrap().as_ref().unwrap().faults().len()
    }

    /// The calls that change something, in the words of a fault, since this was asked before.
    pub fn writes(&self) -> Vec<String> {
        let running = self.running.lock().unwrap();
        let running = running.as_ref().unwrap();
        let requests = running.requests();
        running.clear_requests();
        let reads = ["GET", "HEAD"];
        let aws_reads = [":Describe", ":Get", ":List", ":Head", "sts:"];
        let of_aws = requests.iter().map(|entry| (entry.host == "aws", entry));
        of_aws
            .filter(|(aws, entry)| match aws {
                true => !aws_reads.iter().any(|read| entry.path.contains(read)),
                false => entry.path.starts_with("/api/") && !reads.contains(&entry.method.as_str()),
            })
            .map(|(aws, entry)| if aws { entry.path.clone() } else { format!("{} {}", entry.method, entry.path) })
            .collect()
    }

    pub fn clear_faults(&self) {
        self.running.lock().unwrap().as_ref().unwrap().clear_faults();
    }

    /// What was made in this cloud and is there still: ids of AWS objects, and counts of Databricks objects.
    pub fn objects(&self) -> Vec<String> {
        self.held().difference(&self.baseline).cloned().collect()
    }

    /// How many objects of each kind there are, ids left out: what was made again has another one.
    pub fn census(&self) -> BTreeMap<String, u64> {
        let mut census = BTreeMap::new();
        let mut count = |kind: String, more: u64| *census.entry(kind).or_default() += more;
        for object in self.aws_objects() {
            count(object.kind.to_owned(), 1);
        }
        for (kind, value) in self.summary() {
            match value {
                Value::Array(workspaces) => {
                    count(kind, workspaces.len() as u64);
                    for (kind, value) in workspaces.iter().filter_map(Value::as_object).flatten() {
                        let number = value.as_u64().filter(|_| kind != "workspace_id");
                        count(format!("in workspaces: {kind}"), number.unwrap_or_default());
                    }
                }
                value => count(kind, value.as_u64().unwrap_or_default()),
            }
        }
        // That something ran stays known: it is history, not an object.
        census.retain(|kind, count| *count > 0 && kind != "in workspaces: runs");
        census
    }

    fn held(&self) -> BTreeSet<String> {
        let mut held: BTreeSet<String> = self.aws_objects().iter().map(ToString::to_string).collect();
        for (kind, count) in self.summary() {
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

    fn aws_objects(&self) -> BTreeSet<AwsObject> {
        let running = self.running.lock().unwrap();
        running.as_ref().map_or_else(BTreeSet::new, |running| self.runtime.block_on(running.aws_objects()).unwrap())
    }

    fn summary(&self) -> Map<String, Value> {
        let running = self.running.lock().unwrap();
        running.as_ref().and_then(|running| running.summary().as_object().cloned()).unwrap_or_default()
    }

    /// Whether there is an interface endpoint in any region.
    pub fn interface_endpoints(&self) -> bool {
        // moto takes the region, the service and the account from the signature, and does not check it.
        let key = &self.account["AWS_ACCESS_KEY_ID"];
        REGIONS.iter().any(|region| {
            let credential = format!("Credential={key}/20200101/{region}/ec2/aws4_request");
            let request = reqwest::Client::new()
                .post(&self.aws)
                .header("authorization", format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0"))
                .header("host", format!("ec2.{region}.amazonaws.com"))
                .header("content-type", "application/x-www-form-urlencoded")
                .body("Action=DescribeVpcEndpoints&Version=2016-11-15");
            let text = self.runtime.block_on(async { request.send().await.unwrap().text().await.unwrap() });
            text.contains(">Interface<")
        })
    }
}

pub use localcloud::venv_of_tests as venv;

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The built tunnel, or, where it is not built, a file that begins as a program and only has to be uploaded.
fn tunnel(files: &Path) -> PathBuf {
    let built = crate::bench::binaries().join("tunnel");
    if built.is_file() {
        return built;
    }
    let stand_in = files.join("tunnel");
    std::fs::write(&stand_in, b"\x7fELF").unwrap();
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
