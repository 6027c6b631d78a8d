//! What our provider made, as the official Python SDK and boto3 see it: each attribute of the state is what the service tells them.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;

use libtest_mimic::Trial;
use terraform_provider_databricks::Databricks;
use terraform_provider_databricks::context::Context;
use tfplugin::{Provider, ResourceEntry};

use crate::bench::Bench;
use crate::cloud::{Cloud, Shared, root, venv};
use crate::contract::levels;

const WAY_OUT: &str =
    "scripts/lib.sh's ensure_venv installs provider/tests/requirements.txt; LOCALCLOUD_VENV names the environment";

/// Types that no service knows.
const NOT_AT_A_SERVICE: [&str; 1] = ["databricks_ssh_job"];

/// Types that the deployment has with a switch alone that is off by default.
const WITH_A_SWITCH: [&str; 4] = [
    "databricks_external_location",
    "databricks_metastore_assignment",
    "databricks_mws_log_delivery",
    "databricks_storage_credential",
];

/// Types whose example has more than the modules do.
const BEYOND_MODULES: [&str; 1] = ["databricks_aws_s3_bucket"];

/// One test for the example of each resource of the registry that no module has, or not all of.
pub fn trials(shared: &Arc<Shared>) -> Vec<Trial> {
    let mut elsewhere: Vec<String> = in_modules().into_iter().chain(NOT_AT_A_SERVICE.map(str::to_owned)).collect();
    elsewhere.retain(|kind| !BEYOND_MODULES.contains(&kind.as_str()));
    let trial = |entry: &'static ResourceEntry<Context>| {
        let shared = Arc::clone(shared);
        Trial::test(format!("other_clients_read_the_example_of_{}", entry.name), move || {
            shared.cloud().alone(entry.name, || example(shared.cloud(), entry));
            Ok(())
        })
    };
    let left = Databricks::registry().resources().filter(|entry| !elsewhere.iter().any(|kind| kind == entry.name));
    left.map(trial).collect()
}

/// Every object of the deployment that the root module makes; of the types, all but those `without` which it is.
pub fn deployment(bench: &Bench, cloud: &Cloud, variables: &[&str], without: &[&str]) {
    let read = read_back(bench, cloud, variables, None);
    for kind in in_modules() {
        assert_ne!(read.contains(&kind), without.contains(&kind.as_str()), "{kind} was read back, or not: {read:?}");
    }
}

fn example(cloud: &Cloud, entry: &ResourceEntry<Context>) {
    let (_, env) = levels(cloud, entry.name).remove(0);
    let bench = Bench::new(&env);
    bench.write(entry.example);
    bench.apply();
    let read = read_back(&bench, cloud, &[], Some(&cloud.workspace()["DATABRICKS_HOST"]));
    assert!(read.iter().any(|kind| kind == entry.name), "{} was not read back: {read:?}", entry.name);
    bench.destroy(&[]);
}

/// Reads everything that is in the state back, through clients that know nothing of ours, and answers the types.
fn read_back(bench: &Bench, cloud: &Cloud, variables: &[&str], workspace: Option<&str>) -> Vec<String> {
    // What a later object changed in an earlier one (a network's user) comes into the state with a refresh.
    let refresh = ["apply", "-refresh-only", "-auto-approve", "-no-color", "-input=false"];
    bench.run(&[&refresh[..], variables].concat()).succeeded();
    let state = bench.show(&[]).succeeded().stdout;
    serde_json::from_str(&script("read_back.py", bench, cloud, workspace, &state)).unwrap()
}

/// What a script of other clients answers to `input`; it says what is not as it should be, and fails.
pub fn script(name: &str, bench: &Bench, cloud: &Cloud, workspace: Option<&str>, input: &str) -> String {
    let code = std::fs::read_to_string(root().join("provider/tests/foreign").join(name)).unwrap();
    code_of(name, &code, bench, cloud, workspace, input)
}

/// What Python code answers to `input`.
pub fn code(text: &str, bench: &Bench, cloud: &Cloud, workspace: Option<&str>, input: &str) -> String {
    code_of("code", text, bench, cloud, workspace, input)
}

fn code_of(name: &str, text: &str, bench: &Bench, cloud: &Cloud, workspace: Option<&str>, input: &str) -> String {
    let python = venv().join("bin/python");
    let mut script = Command::new(&python)
        .args(["-c", text])
        .env_clear()
        .envs(cloud.foreign())
        .envs(workspace.map(|host| ("WORKSPACE", host)))
        .env("HOME", bench.dir.path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{} cannot be started: {error}\n{WAY_OUT}", python.display()));
    // A script without its packages ends before it has read.
    let _ = script.stdin.take().unwrap().write_all(input.as_bytes());
    let output = script.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("ModuleNotFoundError"), "{said}\n{WAY_OUT}");
    assert!(output.status.success(), "what other clients see is not as it should be ({name}):\n{said}");
    String::from_utf8(output.stdout).unwrap()
}

/// The types of the resources that the deployment has as it stands.
fn in_modules() -> Vec<String> {
    let modules = std::fs::read_dir(root().join("modules")).unwrap().flatten();
    let types = modules.flat_map(|module| types_of(&module.path()));
    types.filter(|kind| !WITH_A_SWITCH.contains(&kind.as_str())).collect()
}

/// The types of the resources that a module's files have.
fn types_of(module: &std::path::Path) -> Vec<String> {
    let files = std::fs::read_dir(module).unwrap().flatten().map(|file| file.path());
    let texts = files
        .filter(|file| file.extension().is_some_and(|kind| kind == "tf"))
        .map(|file| std::fs::read_to_string(file).unwrap());
    texts
        .flat_map(|text| {
            let words = text.split("\nresource \"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()));
            words.collect::<Vec<_>>()
        })
        .collect()
}
