//! databricks_ssh_job through real terraform, the real program `tunnel`, and a real sshd behind a local cloud's endpoint.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::Test;
use crate::bench::Bench;
use crate::cloud::Cloud;
use crate::kill::kill_children;

pub const TESTS: &[Test] = &[
    ("a_job_runs_once_and_again_when_its_triggers_change", a_job_runs_once_and_again_when_its_triggers_change),
    ("a_failed_job_fails_the_apply_and_runs_again", a_failed_job_fails_the_apply_and_runs_again),
    ("a_jobs_secrets_are_in_no_state_plan_or_argument_list", a_jobs_secrets_are_in_no_state_plan_or_argument_list),
    ("a_killed_provider_runs_no_job_twice", a_killed_provider_runs_no_job_twice),
    (
        "an_interrupted_apply_leaves_a_job_that_the_next_one_ends",
        an_interrupted_apply_leaves_a_job_that_the_next_one_ends,
    ),
];

const JOB: &str = "databricks_ssh_job.example";

/// A cluster with an endpoint, and a terraform that has them.
struct Place {
    bench: Bench,
    endpoint: String,
}

impl Place {
    fn new(cloud: &Cloud, name: &str) -> Self {
        let mut bench = Bench::new(cloud.workspace());
        bench.set("TF_VAR_password", Some("hunter22-of-the-job"));
        let endpoint = format!(
            r#"
variable "password" {{
  type      = string
  ephemeral = true
}}

resource "databricks_cluster" "example" {{
  cluster_name       = "{name}"
  spark_version      = "17.3.x-scala2.13"
  node_type_id       = "m6gd.large"
  kind               = "CLASSIC_PREVIEW"
  is_single_node     = true
  data_security_mode = "SINGLE_USER"
}}

resource "databricks_ssh_endpoint" "example" {{
  name       = "{name}"
  cluster_id = databricks_cluster.example.id
}}
"#
        );
        let place = Self { bench, endpoint };
        place.bench.write(&place.endpoint);
        place.bench.apply();
        place
    }

    /// Writes the configuration with a job whose command is this script.
    fn job(&self, script: &str, attributes: &str) {
        let script = script.replace('\\', "\\\\").replace('"', "\\\"");
        let job = format!(
            "\nresource \"databricks_ssh_job\" \"example\" {{\n  endpoint = databricks_ssh_endpoint.example.endpoint\n  \
             command = [\"sh\", \"-c\", \"{script}\"]\n{attributes}\n}}\n"
        );
        self.bench.write(&format!("{}{job}", self.endpoint));
    }

    fn file(&self, name: &str) -> PathBuf {
        self.bench.dir.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    fn spawn(&self) -> Child {
        let mut apply = self.bench.command(&["apply", "-auto-approve", "-no-color", "-input=false"]);
        apply.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn fails(&self) -> String {
        self.bench.run(&["apply", "-auto-approve", "-no-color", "-input=false"]).failed()
    }
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(120);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn append(file: &Path) -> String {
    format!("echo run >>{}", file.display())
}

fn a_job_runs_once_and_again_when_its_triggers_change(cloud: &Cloud) {
    let place = Place::new(cloud, "job-triggers");
    let run = format!("{}; echo \"hello $NAME\"; cat; echo step 1 >\"$STATUS_FILE\"", append(&place.file("runs")));
    let with = |version: u8| {
        let farewell = format!("on_destroy = [\"sh\", \"-c\", \"echo $NAME >>{}\"]", place.file("gone").display());
        let environment =
            "environment = { NAME = \"ä 'b'\" }\n  stdin = \"input\\n\"\n  name = \"hello\"\n  timeout = \"1m30s\"";
        place.job(&run, &format!("  {farewell}\n  {environment}\n  triggers = {{ version = \"{version}\" }}"));
    };
    with(1);
    place.bench.apply();
    let first = place.bench.attributes(JOB);
    assert_eq!(
        (&first["state"], &first["exit_code"], &first["status"]),
        (&"exited".into(), &0.into(), &"step 1".into())
    );
    assert_eq!(first["stdout_tail"], "hello ä 'b'\ninput\n");
    assert!(first["duration_seconds"].as_f64().is_some() && first["started_at"].as_str().is_some(), "{first}");
    place.bench.plan_is_empty("after the run");

    with(2);
    let changes = place.bench.plan(&[]);
    assert_eq!(
        (changes.len(), changes[0].actions.as_slice()),
        (1, ["delete".to_owned(), "create".to_owned()].as_slice())
    );
    place.bench.apply();
    assert_eq!((place.text("runs").as_str(), place.text("gone").as_str()), ("run\nrun\n", "ä 'b'\n"));
    assert_ne!(place.bench.attributes(JOB)["id"], first["id"]);
    place.bench.plan_is_empty("after the second run");

    // The endpoint's description changes: nothing runs.
    let endpoint = place
        .endpoint
        .replace("databricks_cluster.example.id\n", "databricks_cluster.example.id\n  max_clients = 20\n");
    let other = Place { bench: place.bench, endpoint };
    let configuration = std::fs::read_to_string(other.file("main.tf")).unwrap();
    other.bench.write(&configuration.replace(&place.endpoint, &other.endpoint));
    other.bench.apply();
    other.bench.plan_is_empty("after the endpoint's update");
    assert_eq!(other.text("runs"), "run\nrun\n");
    other.bench.destroy(&[]);
    assert_eq!(other.text("gone"), "ä 'b'\nä 'b'\n");
}

fn a_failed_job_fails_the_apply_and_runs_again(cloud: &Cloud) {
    let place = Place::new(cloud, "job-fails");
    let script = format!(
        "{}; echo step 2 >\"$STATUS_FILE\"; echo no room >&2; test -f {} || exit 7",
        append(&place.file("runs")),
        place.file("room").display()
    );
    place.job(&script, "");
    let said = place.fails();
    for words in ["exited with code 7", "Its last status: step 2", "no room", "allow_failure"] {
        assert!(said.contains(words), "{words:?} is missing in: {said}");
    }
    place.job(&script, "  allow_failure = true");
    place.bench.apply();
    let accepted = place.bench.attributes(JOB);
    assert_eq!((&accepted["exit_code"], &accepted["stderr_tail"]), (&7.into(), &"no room\n".into()));
    place.bench.plan_is_empty("after an accepted failure");
    assert_eq!(place.text("runs"), "run\nrun\n", "the failed one was tainted");

    let killed = "kill -9 $$".to_owned();
    place.job(&killed, "");
    let said = place.fails();
    assert!(said.contains("was ended by signal 9"), "{said}");
    place.job("sleep 60", "  timeout = \"1s\"");
    let said = place.fails();
    assert!(said.contains("its time was up"), "{said}");

    std::fs::write(place.file("room"), "").unwrap();
    place.job(&script, "  on_destroy = [\"sh\", \"-c\", \"echo not yet; exit 9\"]");
    place.bench.apply();
    let said = place.bench.run(&["destroy", "-auto-approve", "-no-color", "-input=false"]).failed();
    assert!(said.contains("exited with code 9") && said.contains("not yet"), "{said}");
    place.job(&script, "");
    place.bench.apply();
    place.bench.destroy(&[]);
}

fn a_jobs_secrets_are_in_no_state_plan_or_argument_list(cloud: &Cloud) {
    const SECRET: &str = "hunter22-of-the-job";
    let place = Place::new(cloud, "job-secrets");
    let (started, end) = (place.file("started"), place.file("end"));
    let script = format!(
        "test \"$PASSWORD\" = {SECRET_IN_PARTS} && echo \"$PASSWORD\" && echo \"$PASSWORD\" >&2; touch {}; while [ ! -f {} ]; do sleep 0.1; done",
        started.display(),
        end.display(),
        SECRET_IN_PARTS = "hunter22-\"\"of-the-job"
    );
    place.job(&script, "  environment_wo = { PASSWORD = var.password }\n  environment_wo_version = 1");
    let planned = place.bench.shown_plan(&[]).to_string();
    assert!(!planned.contains(SECRET), "{planned}");
    let mut apply = place.spawn();
    until("it runs", || started.exists() || apply.try_wait().unwrap().is_some());
    assert!(started.exists(), "the apply ended early");
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let arguments = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let arguments = String::from_utf8_lossy(&arguments);
        assert!(!arguments.contains(SECRET), "{arguments}");
    }
    std::fs::write(&end, "").unwrap();
    assert!(apply.wait().unwrap().success());
    let job = place.bench.attributes(JOB);
    assert_eq!((&job["stdout_tail"], &job["stderr_tail"]), (&"[redacted]\n".into(), &"[redacted]\n".into()));
    let state = place.text("terraform.tfstate");
    assert!(state.contains("environment_wo_version") && !state.contains(SECRET), "{state}");
    place.bench.plan_is_empty("with a write-only value");
    place.bench.destroy(&[]);
}

fn a_killed_provider_runs_no_job_twice(cloud: &Cloud) {
    let place = Place::new(cloud, "job-killed");
    let script = format!("{}; sleep 3; echo done", append(&place.file("runs")));
    place.job(&script, "");
    for round in 0..6 {
        let mut apply = place.spawn();
        let end = Instant::now() + Duration::from_millis(500 + 500 * round);
        while Instant::now() < end && apply.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(10));
        }
        kill_children(apply.id());
        apply.wait().unwrap();
    }
    place.bench.apply();
    assert_eq!(place.text("runs"), "run\n");
    assert_eq!(place.bench.attributes(JOB)["stdout_tail"], "done\n");
    place.bench.plan_is_empty("after the kills");
    place.bench.destroy(&[]);
}

fn an_interrupted_apply_leaves_a_job_that_the_next_one_ends(cloud: &Cloud) {
    let place = Place::new(cloud, "job-interrupted");
    let pid = place.file("pid");
    place.job(&format!("echo $$ >{}; sleep 300", pid.display()), "");
    let mut apply = place.bench.command(&["apply", "-auto-approve", "-no-color", "-input=false"]);
    let apply = apply.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("it runs", || pid.exists() && !place.text("pid").is_empty());
    // Long enough to be waiting for it.
    std::thread::sleep(Duration::from_secs(2));
    let interrupted = Instant::now();
    assert!(std::process::Command::new("kill").args(["-INT", &apply.id().to_string()]).status().unwrap().success());
    let output = apply.wait_with_output().unwrap();
    assert!(interrupted.elapsed() < Duration::from_secs(20), "{:?}", interrupted.elapsed());
    let said = String::from_utf8_lossy(&output.stderr).replace(['│', '\n'], " ");
    assert!(said.contains("goes on") && said.contains("tunnel job cancel"), "{said}");
    let process = format!("/proc/{}", place.text("pid").trim());
    assert!(Path::new(&process).exists(), "the job goes on");

    place.job("echo quick", "");
    place.bench.apply();
    assert!(!Path::new(&process).exists(), "the next apply has ended it");
    assert_eq!(place.bench.attributes(JOB)["stdout_tail"], "quick\n");
    place.bench.destroy(&[]);
}
