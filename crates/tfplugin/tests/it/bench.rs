//! One test's own Terraform: a working directory, a home and a world of its own, and nothing of the environment.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

pub(crate) struct Bench {
    root: tempfile::TempDir,
    environment: BTreeMap<String, String>,
}

/// How a run of Terraform ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "{}\n{}", self.out, self.err);
        self
    }

    /// It failed, and said each of these texts; where its lines were broken does not matter.
    #[track_caller]
    pub(crate) fn fails_with(self, texts: &[&str]) -> Self {
        assert_eq!(self.code, Some(1), "{}\n{}", self.out, self.err);
        let words = |text: &str| text.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        for text in texts {
            assert!(words(&self.err).contains(&words(text)), "{text:?} is not in:\n{}\n{}", self.out, self.err);
        }
        self
    }
}

/// The provider's program, which cargo builds with the tests.
fn provider() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let built = tests.parent().unwrap().parent().unwrap().join("examples/terraform-provider-trial");
    assert!(built.exists(), "run all targets of the package, or `cargo build -p tfplugin --examples` first");
    built
}

fn terraform() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).map(|folder| folder.join("terraform")).find(|file| file.is_file());
    assert!(found.is_some(), "terraform is not on the PATH: https://developer.hashicorp.com/terraform/install");
    found
}

impl Bench {
    /// A bench whose Terraform starts the provider; `None` where there is no Terraform.
    pub(crate) fn new() -> Option<Self> {
        terraform()?;
        let root = tempfile::tempdir().unwrap();
        for folder in ["home", "plugins", "world", "work", "tmp"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        let plugins = root.path().join("plugins");
        // The same program is another provider too, from whose resources ours take over.
        for name in ["terraform-provider-trial", "terraform-provider-where"] {
            std::os::unix::fs::symlink(provider(), plugins.join(name)).unwrap();
        }
        let settings = format!(
            "provider_installation {{\n  dev_overrides {{\n    \"hashicorp/trial\" = {plugins:?}\n    \"else/where\" = {plugins:?}\n  }}\n  direct {{}}\n}}\n"
        );
        fs::write(root.path().join("terraform.rc"), settings).unwrap();
        let mut environment = BTreeMap::new();
        let path = |name: &str| root.path().join(name).display().to_string();
        environment.insert("HOME".to_owned(), path("home"));
        environment.insert("TMPDIR".to_owned(), path("tmp"));
        environment.insert("TF_CLI_CONFIG_FILE".to_owned(), path("terraform.rc"));
        environment.insert("CHECKPOINT_DISABLE".to_owned(), "1".to_owned());
        environment.insert("TF_IN_AUTOMATION".to_owned(), "1".to_owned());
        environment.insert("PATH".to_owned(), "/usr/bin:/bin".to_owned());
        Some(Self { root, environment })
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Starts the trial provider for a Terraform that does not start it itself; gives the process, and what TF_REATTACH_PROVIDERS is.
    pub(crate) fn start_debugged(&self) -> (Child, String) {
        let mut provider = Command::new(self.path("plugins/terraform-provider-trial"))
            .arg("-debug")
            .env_clear()
            .env("TMPDIR", self.path("tmp"))
            .current_dir(self.path("work"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(provider.stdout.take().unwrap()).lines();
        let reattach = lines.find_map(|line| {
            let line = line.unwrap();
            Some(line.trim().strip_prefix("TF_REATTACH_PROVIDERS='")?.strip_suffix('\'')?.to_owned())
        });
        (provider, reattach.unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes the configuration: the provider, and what is given.
    pub(crate) fn config(&self, body: &str) {
        let head = format!(
            "terraform {{\n  required_providers {{\n    trial = {{ source = \"hashicorp/trial\" }}\n  }}\n}}\n\nprovider \"trial\" {{\n  world = {:?}\n}}\n\n",
            self.path("world")
        );
        fs::write(self.path("work/main.tf"), head + body).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(terraform().unwrap());
        command.args(arguments).current_dir(self.path("work")).env_clear().envs(&self.environment);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments).output().unwrap())
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    pub(crate) fn apply(&self, body: &str) -> Ran {
        self.config(body);
        self.run(&["apply", "-auto-approve", "-no-color"])
    }

    pub(crate) fn destroy(&self) -> Ran {
        self.run(&["destroy", "-auto-approve", "-no-color"])
    }

    /// A plan has nothing to do, with a refresh and without.
    #[track_caller]
    pub(crate) fn settled(&self) {
        for refresh in ["-refresh=false", "-refresh=true"] {
            let plan = self.run(&["plan", "-no-color", "-detailed-exitcode", refresh]);
            assert_eq!(plan.code, Some(0), "the plan with {refresh} is not empty:\n{}\n{}", plan.out, plan.err);
        }
    }

    /// The planned actions, by address.
    #[track_caller]
    pub(crate) fn plan(&self, body: &str) -> BTreeMap<String, Vec<String>> {
        self.config(body);
        self.run(&["plan", "-no-color", "-out=planned"]).succeeds();
        let plan = self.json(&["show", "-json", "planned"]);
        let changes = plan["resource_changes"].as_array().cloned().unwrap_or_default();
        let actions = |change: &Json| -> Vec<String> {
            change["change"]["actions"].as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
        };
        changes.iter().map(|change| (change["address"].as_str().unwrap().to_owned(), actions(change))).collect()
    }

    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Json {
        serde_json::from_str(&self.run(arguments).succeeds().out).unwrap()
    }

    /// The attributes of an object in the state; the whole instance with `None`.
    #[track_caller]
    pub(crate) fn instance(&self, kind: &str) -> Json {
        let state: Json = serde_json::from_str(&self.state()).unwrap();
        let resources = state["resources"].as_array().unwrap();
        let found = resources.iter().find(|it| it["type"] == kind && it["mode"] == "managed");
        found.unwrap_or_else(|| panic!("there is no {kind} in the state:\n{state:#}"))["instances"][0].clone()
    }

    pub(crate) fn state(&self) -> String {
        fs::read_to_string(self.path("work/terraform.tfstate")).unwrap_or_default()
    }

    /// What was asked of the world, line by line.
    pub(crate) fn log(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("world/log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The files of the world's objects.
    pub(crate) fn objects(&self) -> Vec<PathBuf> {
        files(&self.path("world")).into_iter().filter(|path| path.extension().is_some_and(|it| it == "json")).collect()
    }

    /// The entries of the journal of creates.
    pub(crate) fn journal(&self) -> Vec<PathBuf> {
        let all = files(&self.path("work/.terraform/provider-journal"));
        all.into_iter().filter(|path| path.extension().is_some_and(|it| it == "json")).collect()
    }

    /// Waits until the world was asked for something.
    #[track_caller]
    pub(crate) fn wait_for(&self, line: &str) {
        let begun = Instant::now();
        while !self.log().iter().any(|it| it == line) {
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "the world was never asked for {line:?}: {:?}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Changes a text in the one file of the world.
    pub(crate) fn tamper(&self, from: &str, to: &str) {
        let objects = self.objects();
        let text = fs::read_to_string(&objects[0]).unwrap();
        assert!(text.contains(from), "{text}");
        fs::File::create(&objects[0]).unwrap().write_all(text.replace(from, to).as_bytes()).unwrap();
    }
}

pub(crate) fn ran(output: Output) -> Ran {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// The provider processes that a Terraform started.
pub(crate) fn children(of: u32) -> Vec<i32> {
    let tasks = fs::read_dir(format!("/proc/{of}/task")).unwrap();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<i32>>()).collect()
}

/// Sends a signal to one process.
pub(crate) fn signal(pid: i64, name: &str) {
    let done = Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().unwrap();
    assert!(done.success());
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}
