//! A hermetic run of real terraform: its own directory and home, no inherited environment, our provider by dev_overrides.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;
use terraform_provider_databricks::Databricks;
use tfplugin::testing::{self, Served};
use tokio::runtime::Runtime;

/// Of our provider's address; the official one's is `databricks`.
const NAMESPACE: &str = "/databricks-aws/";

/// A directory with a configuration, and terraform to run in it.
pub struct Bench {
    pub dir: TempDir,
    env: BTreeMap<String, String>,
}

/// What a run of terraform said and how it ended.
pub struct Run {
    pub what: String,
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// The run, which must have succeeded.
    pub fn succeeded(self) -> Self {
        assert!(self.code == 0, "terraform {} ended with {}\n{}\n{}", self.what, self.code, self.stdout, self.stderr);
        self
    }

    /// What an unsuccessful run said, as one line without the frames that terraform draws.
    pub fn failed(self) -> String {
        assert!(self.code != 0, "terraform {} was expected to fail\n{}", self.what, self.stdout);
        let text = format!("{}\n{}", self.stdout, self.stderr);
        text.replace(['│', '╷', '╵', '\n'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// One planned change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub address: String,
    pub actions: Vec<String>,
    /// Whether the id is known only after the apply.
    pub id_is_unknown: bool,
}

/// The folder with the provider's binary.
pub fn binaries() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_terraform-provider-databricks")).parent().unwrap().to_owned()
}

/// Terraform, or OpenTofu, on the PATH; `None` where there is neither.
pub fn terraform() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    ["terraform", "tofu"]
        .iter()
        .flat_map(|program| std::env::split_paths(&path).map(move |folder| folder.join(program)))
        .find(|program| program.is_file())
}

/// TF_REATTACH_PROVIDERS for a provider in this process, started by the first who asks, whose schemas are made once.
fn schemas() -> &'static str {
    static PROVIDER: OnceLock<(Runtime, Served, String)> = OnceLock::new();
    let start = || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let served = runtime.block_on(testing::start::<Databricks>(None)).unwrap();
        let reattach: Value = serde_json::from_str(&served.reattach).unwrap();
        let ours = reattach.as_object().unwrap().iter();
        let official =
            ours.clone().map(|(address, server)| (address.replace(NAMESPACE, "/databricks/"), server.clone()));
        let both: Value = ours.map(|(address, server)| (address.clone(), server.clone())).chain(official).collect();
        (runtime, served, both.to_string())
    };
    &PROVIDER.get_or_init(start).2
}

/// Where a provider reads how it is broken, if it is one that can be (`scripts/mutants.sh`).
pub const MUTANT: &str = "TFPLUGIN_MUTANT";

impl Bench {
    /// An empty directory; `env` is all that terraform and the provider see beside PATH and a home of their own.
    pub fn new(env: &BTreeMap<String, String>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let rc = dir.path().join("terraformrc");
        // A state that the official provider wrote asks for that one to be there: it is never called.
        let overrides = format!(
            "provider_installation {{\n  dev_overrides {{\n    \"databricks-aws/databricks\" = \"{0}\"\n    \
             \"databricks/databricks\" = \"{0}\"\n  }}\n  direct {{}}\n}}\n",
            binaries().display()
        );
        std::fs::write(&rc, overrides).unwrap();
        let mut env = env.clone();
        env.insert("PATH".into(), std::env::var("PATH").unwrap_or_default());
        env.insert("HOME".into(), dir.path().display().to_string());
        env.insert("TF_CLI_CONFIG_FILE".into(), rc.display().to_string());
        env.insert("TF_IN_AUTOMATION".into(), "1".into());
        env.insert("CHECKPOINT_DISABLE".into(), "1".into());
        // Terraform lives for a moment: a third of its time would go to collecting garbage.
        env.insert("GOGC".into(), "400".into());
        if let Ok(mutant) = std::env::var(MUTANT) {
            env.entry(MUTANT.into()).or_insert(mutant);
        }
        Self { dir, env }
    }

    /// Lets our binary stand for another provider, of which nothing but its name is needed.
    pub fn also(&self, source: &str, program: &str) {
        let folder = self.dir.path().join(program);
        std::fs::create_dir(&folder).unwrap();
        let ours = binaries().join("terraform-provider-databricks");
        std::os::unix::fs::symlink(ours, folder.join(program)).unwrap();
        let rc = self.dir.path().join("terraformrc");
        let overrides = std::fs::read_to_string(&rc).unwrap();
        let more = format!("dev_overrides {{\n    \"{source}\" = \"{}\"", folder.display());
        std::fs::write(&rc, overrides.replacen("dev_overrides {", &more, 1)).unwrap();
    }

    /// Sets, or with `None` removes, an environment variable.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.env.insert(name.into(), value.into()),
            None => self.env.remove(name),
        };
    }

    /// Writes the configuration.
    pub fn write(&self, configuration: &str) {
        let required = "terraform {\n  required_providers {\n    databricks = {\n      source = \"databricks-aws/databricks\"\n    }\n  }\n}\n\n";
        std::fs::write(self.dir.path().join("required.tf"), required).unwrap();
        std::fs::write(self.dir.path().join("main.tf"), configuration).unwrap();
    }

    /// A terraform command, ready to be run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(&terraform().expect("terraform on the PATH"));
        command.args(arguments);
        command
    }

    /// Another program in the place of terraform.
    pub fn program(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.dir.path()).env_clear().envs(&self.env).stdin(Stdio::null());
        command
    }

    /// Runs terraform.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.ended(&mut self.command(arguments))
    }

    fn ended(&self, command: &mut Command) -> Run {
        let output = command.output().unwrap();
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
        Run {
            what: arguments.join(" "),
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Applies; must succeed.
    pub fn apply(&self) -> Run {
        self.run(&["apply", "-auto-approve", "-no-color", "-input=false"]).succeeded()
    }

    /// Applies what a plan with these arguments says; must succeed.
    pub fn destroy(&self, arguments: &[&str]) {
        self.run(&[&["destroy", "-auto-approve", "-no-color", "-input=false"], arguments].concat()).succeeded();
    }

    /// What a plan with these arguments would change.
    pub fn plan(&self, arguments: &[&str]) -> Vec<Change> {
        let shown = self.shown_plan(arguments);
        let none = Vec::new();
        shown["resource_changes"]
            .as_array()
            .unwrap_or(&none)
            .iter()
            .map(|change| Change {
                address: change["address"].as_str().unwrap().to_owned(),
                id_is_unknown: change["change"]["after_unknown"]["id"] == true,
                actions: change["change"]["actions"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|action| action.as_str().unwrap().to_owned())
                    .collect(),
            })
            .filter(|change| !matches!(change.actions.first().map(String::as_str), Some("no-op" | "read")))
            .collect()
    }

    /// A plan with these arguments, as `terraform show -json` has it.
    pub fn shown_plan(&self, arguments: &[&str]) -> Value {
        self.run(&[&["plan", "-no-color", "-input=false", "-out=plan"], arguments].concat()).succeeded();
        self.shown("plan")
    }

    /// A plan of this name in the directory, as `terraform show -json` has it.
    pub fn shown(&self, plan: &str) -> Value {
        serde_json::from_str(&self.show(&[plan]).succeeded().stdout).unwrap()
    }

    /// Shows a plan or, without one, the state. Terraform asks a provider for nothing but its schemas here, so that one
    /// provider serves all tests, in their own process.
    pub fn show(&self, arguments: &[&str]) -> Run {
        let mut command = self.command(&[&["show", "-json"], arguments].concat());
        self.ended(command.env("TF_REATTACH_PROVIDERS", schemas()))
    }

    /// The attributes that a plan finds an object to have: refreshed, or just imported.
    pub fn before(&self, address: &str) -> Value {
        let shown = self.shown_plan(&[]);
        let changes = shown["resource_changes"].as_array().unwrap();
        let found = changes.iter().find(|change| change["address"] == address);
        found.unwrap_or_else(|| panic!("{address} in the plan"))["change"]["before"].clone()
    }

    /// The plan is empty, without and with a refresh.
    pub fn plan_is_empty(&self, when: &str) {
        assert_eq!(self.plan(&["-refresh=false"]), [], "plan without refresh, {when}");
        assert_eq!(self.plan(&[]), [], "plan with refresh, {when}");
    }

    /// The managed resources in the state: address, type and attributes.
    pub fn resources(&self) -> Vec<(String, String, Value)> {
        self.objects("managed")
    }

    /// The attributes of a data source in the state.
    pub fn data(&self, address: &str) -> Value {
        let found = self.objects("data").into_iter().find(|(at, ..)| at == address);
        found.unwrap_or_else(|| panic!("{address} in the state")).2
    }

    fn objects(&self, mode: &str) -> Vec<(String, String, Value)> {
        let shown: Value = serde_json::from_str(&self.show(&[]).succeeded().stdout).unwrap();
        let none = Vec::new();
        shown["values"]["root_module"]["resources"]
            .as_array()
            .unwrap_or(&none)
            .iter()
            .filter(|resource| resource["mode"] == mode)
            .map(|resource| {
                let text = |key: &str| resource[key].as_str().unwrap().to_owned();
                (text("address"), text("type"), resource["values"].clone())
            })
            .collect()
    }

    /// The attributes of one resource in the state.
    pub fn attributes(&self, address: &str) -> Value {
        self.resources()
            .into_iter()
            .find(|(at, ..)| at == address)
            .unwrap_or_else(|| panic!("{address} in the state"))
            .2
    }
}
