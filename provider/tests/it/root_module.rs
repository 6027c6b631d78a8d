//! The deployment itself, with its own tfvars, in a cloud of its own: apply, empty plan, new tokens, sleep and wake,
//! destroy. What a newcomer does with scripts/demo.sh, less the build.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::bench::{Bench, Run, binaries, terraform};
use crate::cloud::{Cloud, root};
use crate::{encryption, foreign, secrets};

pub const TESTS: &[(&str, fn())] = &[
    ("the_root_module_is_applied_slept_woken_and_destroyed", the_root_module),
    ("the_readme_s_commands_run_as_they_stand", the_readme),
];

pub const FILE: &str = "-var-file=vars/databricks.tfvars";

fn the_root_module() {
    let cloud = Cloud::start();
    let mut bench = Bench::new(&cloud.account);
    copy_deployment(bench.dir.path());
    let rc = mirror(bench.dir.path());
    bench.set("TF_CLI_CONFIG_FILE", Some(&rc));
    let path = std::env::var("PATH").unwrap_or_default();
    bench.set("PATH", Some(&format!("{}:{path}", binaries().display())));
    let said = refused_script(&bench, "scripts/reset_tokens.sh");
    assert!(said.contains("nothing is deployed here yet"), "{said}");

    bench.run(&["init", "-no-color", "-input=false"]).succeeded();
    let watch = secrets::Watch::begin(&mut bench);
    apply(&bench, &[]);
    empty_plan(&bench);
    let output: Value = serde_json::from_str(&bench.run(&["output", "-json"]).succeeded().stdout).unwrap();
    let endpoint = output["ssh_endpoint"]["value"].clone();
    assert_eq!(output["ssh_endpoint"]["sensitive"], false);
    let endpoint: ssh_endpoint::SshEndpoint = serde_json::from_value(endpoint).unwrap();
    assert!(endpoint.server_host_key.starts_with("ssh-ed25519 "), "{endpoint:?}");

    holds_no_secret(&bench);
    let said = script(&bench, "scripts/reset_tokens.sh");
    assert!(said.contains("store_tokens is not set"), "{said}");

    let file = bench.dir.path().join("vars/databricks.tfvars");
    let choices = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{choices}\nstore_tokens = true\n")).unwrap();
    apply(&bench, &[]);
    empty_plan(&bench);
    foreign::deployment(&bench, &cloud, &[FILE], &SWITCHED);
    encryption::deployment(&bench, &cloud);
    tokens_and_nothing_else(&bench);
    watch.end();
    // As after their last day, or after somebody revoked them: Terraform itself signs in without them.
    revoke_tokens(&bench, &cloud);
    let planned: Vec<_> = bench.plan(&[FILE]).into_iter().map(|change| (change.address, change.actions)).collect();
    assert_eq!(planned, TOKENS.map(|address| (address.to_owned(), vec!["create".to_owned()])));
    sleep_and_wake(&bench, &cloud, &TOKENS);
    revoke_tokens(&bench, &cloud);
    while_another_holds_the_lock(&bench, |bench| {
        let said = refused_script(bench, "scripts/reset_tokens.sh");
        assert!(said.contains("another Terraform holds the lock"), "{said}");
    });
    data_goes_when_it_is_said_so(&bench);

    bench.run(&["destroy", "-auto-approve", "-no-color", "-input=false", FILE]).succeeded();
    assert_eq!(cloud.objects(), Vec::<String>::new(), "what is left after the destroy");
    cloud.stop();
}

/// What is made only by a switch: `switches.rs` has them.
const SWITCHED: [&str; 2] = ["databricks_aws_flow_log", "databricks_mws_vpc_endpoint"];

const SLEEP: &str = "scripts/sleep_network_infrastructure.sh";
const WAKE: &str = "scripts/wake_network_infrastructure.sh";

/// What is issued to be handed on.
const TOKENS: [&str; 2] = [
    "module.databricks_provisioning.databricks_service_principal_secret.management[0]",
    "module.databricks_provisioning.databricks_token.management[0]",
];

/// Neither the state nor a plan of the deployment as it stands has a token or an OAuth secret.
fn holds_no_secret(bench: &Bench) {
    bench.run(&["plan", "-out=planned", "-no-color", "-input=false", FILE]).succeeded();
    for shown in [&["state", "pull"][..], &["show", "-json", "planned"], &["output", "-json"]] {
        let text = bench.run(shown).succeeded().stdout;
        assert_eq!(secrets::within(&text), None, "terraform {shown:?} shows a secret");
    }
}

/// Revokes every token and secret that the deployment has issued, by a client that is not ours.
fn revoke_tokens(bench: &Bench, cloud: &Cloud) {
    let script = "import os
from databricks.sdk import AccountClient, WorkspaceClient
workspace = WorkspaceClient(host=os.environ['WORKSPACE'])
tokens = list(workspace.tokens.list())
for token in tokens: workspace.tokens.delete(token.token_id)
account = AccountClient()
principals = [one for one in account.service_principals.list() if one.display_name.endswith('-management')]
secrets = [(int(one.id), secret.id) for one in principals for secret in account.service_principal_secrets.list(int(one.id))]
for principal, secret in secrets: account.service_principal_secrets.delete(principal, secret)
assert len(tokens) == 1 and len(secrets) == 1, (tokens, secrets)
";
    let output: Value = serde_json::from_str(&bench.run(&["output", "-json"]).succeeded().stdout).unwrap();
    let revoked = Command::new(crate::cloud::venv().join("bin/python"))
        .args(["-c", script])
        .env_clear()
        .envs(cloud.foreign())
        .env("WORKSPACE", output["workspace_url"]["value"].as_str().unwrap())
        .env("HOME", bench.dir.path())
        .output()
        .unwrap();
    assert!(revoked.status.success(), "{}", String::from_utf8_lossy(&revoked.stderr));
}

/// Runs `inside` while the state is locked, as a long apply does it: by a POSIX lock of the file.
fn while_another_holds_the_lock(bench: &Bench, inside: impl Fn(&Bench)) {
    let script = "import fcntl, sys
state = open('terraform.tfstate', 'r+')
fcntl.lockf(state, fcntl.LOCK_EX)
print('held', flush=True)
sys.stdin.read()
";
    let mut holder = Command::new(crate::cloud::venv().join("bin/python"))
        .args(["-c", script])
        .current_dir(bench.dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut held = [0; 4];
    holder.stdout.as_mut().unwrap().read_exact(&mut held).unwrap();
    inside(bench);
    drop(holder.stdin.take());
    assert!(holder.wait().unwrap().success());
}

/// A root bucket with data stops the destroy, and the README's step lets the next one go on from there.
fn data_goes_when_it_is_said_so(bench: &Bench) {
    let script = "import boto3, os
client = boto3.client('s3', endpoint_url=os.environ['AWS_ENDPOINT_URL'], region_name='eu-west-1')
[bucket] = [one['Name'] for one in client.list_buckets()['Buckets'] if '-root-' in one['Name']]
client.put_object(Bucket=bucket, Key='data', Body=b'data')
";
    let environment = bench.command(&[]);
    let environment = environment.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let python = crate::cloud::venv().join("bin/python");
    let put = Command::new(python).args(["-c", script]).env_clear().envs(environment).output().unwrap();
    assert!(put.status.success(), "{}", String::from_utf8_lossy(&put.stderr));
    let said = bench.run(&["destroy", "-auto-approve", "-no-color", "-input=false", FILE]).failed();
    assert!(said.contains("not empty") || said.contains("BucketNotEmpty"), "{said}");
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let step =
        readme.lines().find(|line| line.starts_with("terraform ") && line.contains("destroy_data_with_deployment"));
    let words: Vec<&str> = step.expect("the README has the step").split_whitespace().skip(1).collect();
    bench.run(&[&words[..], &["-auto-approve", "-no-color", "-input=false"]].concat()).succeeded();
}

/// The block of the README that deploys by hand, in a shell that stops at the first failure. What it builds is built.
fn the_readme() {
    let built = binaries();
    for program in ["localcloud", "tunnel"] {
        assert!(built.join(program).is_file(), "{program} is not built beside the provider: cargo build --workspace");
    }
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let block = readme.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let block = block.filter(|block| block.contains("localcloud up")).collect::<Vec<_>>();
    let [commands] = block.as_slice() else { panic!("one block of the README starts the local cloud: {block:?}") };
    let commands: String =
        commands.lines().filter(|line| !line.starts_with("cargo ")).map(|l| format!("{l}\n")).collect();
    let bench = Bench::new(&crate::Env::new());
    let here = bench.dir.path();
    copy_deployment(here);
    std::fs::remove_file(here.join("backend_override.tf")).unwrap();
    std::fs::create_dir(here.join("target")).unwrap();
    std::os::unix::fs::symlink(&built, here.join("target/release")).unwrap();
    // What the commands started is stopped, wherever they fail.
    let script = format!("trap 'target/release/localcloud down >/dev/null 2>&1' EXIT\n{commands}");
    let output = Command::new("sh")
        .args(["-ec", &script])
        .current_dir(here)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", here)
        .env("LOCALCLOUD_VENV", crate::cloud::venv())
        .env("TF_CLI_ARGS_apply", "-auto-approve -no-color")
        .env("TF_CLI_ARGS_destroy", "-auto-approve -no-color")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (said(&output.stdout), said(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    for words in ["Apply complete!", "\nLinux ", "\nGNU/Linux\n", "Destroy complete!"] {
        assert!(stdout.contains(words), "{words:?} is missing in: {stdout}\n{stderr}");
    }
    assert!(!here.join("terraform.tfstate").exists(), "the state is in its bucket");
    let mode = std::fs::metadata(here.join(".terraform/terraform.tfstate")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "what terraform notes is for its owner alone");
}

pub fn apply(bench: &Bench, more: &[&str]) -> Run {
    bench.run(&[&["apply", "-auto-approve", "-no-color", "-input=false", FILE], more].concat()).succeeded()
}

fn empty_plan(bench: &Bench) {
    empty_plan_with(bench, &[]);
}

pub fn empty_plan_with(bench: &Bench, more: &[&str]) {
    assert_eq!(bench.plan(&[&[FILE], more].concat()), [], "the second plan");
}

fn tokens_and_nothing_else(bench: &Bench) {
    let before = ids(bench);
    script(bench, "scripts/reset_tokens.sh");
    let after = ids(bench);
    let changed: Vec<&String> = before.iter().filter(|(at, id)| after.get(*at) != Some(id)).map(|(at, _)| at).collect();
    assert_eq!(changed, TOKENS);
    assert_eq!(before.len(), after.len());
    empty_plan(bench);
}

/// Sleeps and wakes; what is `missing` beforehand comes back with the waking.
fn sleep_and_wake(bench: &Bench, cloud: &Cloud, missing: &[&str]) {
    let awake = ids(bench);
    let said = script(bench, SLEEP);
    assert!(said.contains("runs and goes on costing (-stop-compute stops it): lakehouse"), "{said}");
    // One NAT gateway, and two endpoints in two subnets; its address is kept.
    assert!(said.contains("Asleep it saves about 67.16 USD a month"), "{said}");
    assert!(script(bench, SLEEP).contains("the network sleeps already"));
    assert!(!cloud.objects().iter().any(|object| object.starts_with("nat gateway ")), "no NAT gateway while asleep");
    assert!(!cloud.interface_endpoints(), "no interface endpoint while asleep");
    let added: Vec<(String, Vec<String>)> = bench.plan(&[FILE]).into_iter().map(|c| (c.address, c.actions)).collect();
    let asleep = ids(bench);
    let is_back = |address: &str| !asleep.contains_key(address) || missing.contains(&address);
    let expected: Vec<&String> = awake.keys().filter(|address| is_back(address)).collect();
    assert_eq!(added.iter().map(|(address, _)| address).collect::<Vec<_>>(), expected, "what wakes");
    assert!(added.iter().all(|(_, actions)| actions == &["create"]), "{added:?}");
    apply(bench, &[]);
    empty_plan(bench);
    assert_eq!(ids(bench).keys().collect::<Vec<_>>(), awake.keys().collect::<Vec<_>>());

    let (has_succeeded, said) = run_script_of(bench, SLEEP, "-stop-compute");
    assert!(has_succeeded && said.contains("Stopping the cluster") && said.contains("is TERMINATED"), "{said}");
    assert!(script(bench, WAKE).contains("Awake"));
    assert!(script(bench, WAKE).contains("the network is awake already"));
    empty_plan(bench);
}

/// Runs a script that must succeed; what it says is its own, and clean in a pipe.
pub fn script(bench: &Bench, script: &str) -> String {
    let (has_succeeded, said) = run_script(bench, script);
    assert!(has_succeeded, "{script}: {said}");
    for words in ["\u{1b}", "Resource targeting", "may be incomplete", "Outputs:"] {
        assert!(!said.contains(words), "{words:?} in: {said}");
    }
    said
}

/// Runs a script that must fail.
fn refused_script(bench: &Bench, script: &str) -> String {
    let (has_succeeded, said) = run_script(bench, script);
    assert!(!has_succeeded && !said.contains('\u{1b}'), "{script}: {said}");
    said
}

fn run_script(bench: &Bench, script: &str) -> (bool, String) {
    run_script_of(bench, script, "vars/databricks.tfvars")
}

/// Whether a script has succeeded with that file of choices, and what it said.
pub fn run_script_of(bench: &Bench, script: &str, choices: &str) -> (bool, String) {
    let environment = bench.command(&[]);
    let output = Command::new(bench.dir.path().join(script))
        .current_dir(bench.dir.path())
        .env_clear()
        .envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("TERRAFORM", terraform().unwrap())
        .args(["-auto-approve", choices])
        .output()
        .unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), format!("{}\n{}", said(&output.stdout), said(&output.stderr)))
}

/// The id of every managed object, by address.
pub fn ids(bench: &Bench) -> BTreeMap<String, String> {
    fn collect(module: &Value, into: &mut BTreeMap<String, String>) {
        for resource in module["resources"].as_array().into_iter().flatten() {
            if resource["mode"] == "managed" {
                into.insert(resource["address"].as_str().unwrap().into(), resource["values"]["id"].to_string());
            }
        }
        for child in module["child_modules"].as_array().into_iter().flatten() {
            collect(child, into);
        }
    }
    let shown: Value = serde_json::from_str(&bench.show(&[]).succeeded().stdout).unwrap();
    let mut ids = BTreeMap::new();
    collect(&shown["values"]["root_module"], &mut ids);
    ids
}

/// The root module in a folder, with a state in a file there.
pub fn copy_deployment(to: &Path) {
    std::fs::write(to.join("backend_override.tf"), "terraform {\n  backend \"local\" {}\n}\n").unwrap();
    for entry in std::fs::read_dir(root()).unwrap().flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "tf") {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
    for folder in ["modules", "vars", "scripts"] {
        let status = Command::new("cp").arg("-r").arg(root().join(folder)).arg(to).status().unwrap();
        assert!(status.success());
    }
}

/// A filesystem mirror with our provider, as `localcloud up` makes one: modules need an init, which dev_overrides cannot serve.
pub fn mirror(home: &Path) -> String {
    let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let version = env!("CARGO_PKG_VERSION");
    let mirror = home.join("mirror");
    for registry in ["registry.terraform.io", "registry.opentofu.org"] {
        let folder: PathBuf = mirror.join(format!("{registry}/databricks-aws/databricks/{version}/linux_{machine}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::copy(
            env!("CARGO_BIN_EXE_terraform-provider-databricks"),
            folder.join(format!("terraform-provider-databricks_v{version}")),
        )
        .unwrap();
    }
    let rc = home.join("terraformrc");
    let text =
        format!("provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n", mirror.display());
    std::fs::write(&rc, text).unwrap();
    rc.display().to_string()
}
