//! The command `orphans` lists what bears a mark and is in no state, and nothing else.

use std::io::Write;
use std::process::Stdio;

use localcloud::Fault;
use serde_json::Value;

use crate::Test;
use crate::bench::{Bench, Run, binaries, terraform};
use crate::cloud::{Cloud, root};

pub const TESTS: &[Test] = &[("what_no_state_has_is_listed_and_nothing_else", what_no_state_has_is_listed)];

/// The local cloud makes buckets without tags: they have a test of their own.
const OF_ACCOUNT: &str = r#"
provider "databricks" {
  aws {
    region = "eu-west-1"
  }
}

resource "databricks_aws_vpc" "one" {
  cidr_block = "10.9.0.0/16"
}

resource "databricks_aws_vpc" "other" {
  cidr_block = "10.19.0.0/16"
}

resource "databricks_aws_kms_key" "one" {
  description = "orphans"
}

resource "databricks_aws_iam_role" "one" {
  name               = "orphans-one"
  assume_role_policy = provider::databricks::aws_assume_role_policy("00000000-0000-0000-0000-000000000000")
}

resource "databricks_aws_iam_instance_profile" "one" {
  name = "orphans-one"
  role = databricks_aws_iam_role.one.name
}

resource "databricks_aws_s3_bucket" "flows" {
  bucket = "orphans-flows"
}

resource "databricks_aws_flow_log" "one" {
  vpc_id               = databricks_aws_vpc.other.id
  log_destination_type = "s3"
  log_destination      = databricks_aws_s3_bucket.flows.arn
}

resource "databricks_service_principal" "one" {
  display_name             = "orphans"
  disable_as_user_deletion = false
}

resource "databricks_service_principal" "other" {
  display_name             = "orphans-other"
  disable_as_user_deletion = false
}
"#;

const OF_WORKSPACE: &str = r#"
resource "databricks_cluster" "one" {
  cluster_name       = "orphans"
  spark_version      = "17.3.x-scala2.13"
  node_type_id       = "m5d.large"
  kind               = "CLASSIC_PREVIEW"
  is_single_node     = true
  data_security_mode = "SINGLE_USER"
}

resource "databricks_token" "one" {
  comment = "orphans"
}

resource "databricks_ssh_endpoint" "one" {
  name       = "orphans"
  cluster_id = databricks_cluster.one.id
}
"#;

fn what_no_state_has_is_listed(_: &Cloud) {
    let cloud = Cloud::start();
    let bench = Bench::new(&cloud.account);
    bench.write(OF_ACCOUNT);
    assert!(orphans(&bench, &[]).stderr.contains("Nothing was found"), "before the first apply");
    bench.apply();
    let before = orphans(&bench, &[]);
    assert_eq!((before.code, &*before.stdout), (0, ""), "{}", before.stderr);
    for part in [
        "EC2 objects in eu-west-1",
        "KMS keys",
        "IAM roles",
        "IAM instance profiles",
        "S3 buckets",
        "service principals of the account",
    ] {
        assert!(before.stderr.contains(part), "{part:?} in {}", before.stderr);
    }

    let removed = [
        "databricks_aws_flow_log.one",
        "databricks_aws_iam_instance_profile.one",
        "databricks_aws_vpc.one",
        "databricks_service_principal.one",
    ];
    let mut ids = removed.map(|address| bench.attributes(address)["id"].as_str().unwrap().to_owned());
    bench.run(&[&["state", "rm"], &removed[..]].concat()).succeeded();
    let found = orphans(&bench, &[]);
    assert_eq!(found.code, 3, "{}", found.stderr);
    let rows: Vec<Vec<&str>> = found.stdout.lines().map(|row| row.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["SERVICE", "ID", "MADE", "DEPLOYMENT", "MARK"]);
    let mut listed: Vec<String> = rows[1..].iter().map(|row| row[1].to_owned()).collect();
    ids.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, ids, "{}", found.stdout);
    assert!(rows[1..].iter().all(|row| row[3] == "this" && row[2].starts_with("20")), "{}", found.stdout);
    let block =
        format!("to = databricks_aws_vpc.NAME\n  id = {:?}", ids.iter().find(|id| id.starts_with("vpc-")).unwrap());
    assert!(found.stderr.contains(&block), "{}", found.stderr);

    // Another deployment sees them only where it asks.
    let elsewhere = Bench::new(&cloud.account);
    let other = orphans(&elsewhere, &[]);
    assert_eq!((other.code, &*other.stdout), (0, ""), "{}", other.stderr);
    assert!(other.stderr.contains("of other deployments"), "{}", other.stderr);
    let all = orphans(&elsewhere, &["--all", "--json"]);
    let json: Value = serde_json::from_str(&all.stdout).unwrap();
    assert_eq!(all.code, 3);
    assert_eq!(json["orphans"].as_array().unwrap().len(), 8, "{json:#}");

    // What may not be read is no failure, and a service that fails is one.
    cloud.fault(Fault { times: 100, ..Fault::once("iam:ListRoles", 403, "AccessDenied") });
    let refused = orphans(&bench, &[]);
    assert!(
        refused.code == 3 && refused.stderr.contains("Not looked at: IAM roles: AccessDenied"),
        "{}",
        refused.stderr
    );
    cloud.clear_faults();
    cloud.fault(Fault { times: 100, ..Fault::once("iam:ListRoles", 400, "ValidationError") });
    let failed = orphans(&bench, &[]);
    assert!(failed.code == 1 && failed.stdout == found.stdout, "{} {}", failed.code, failed.stderr);
    cloud.clear_faults();
    assert_eq!(pulled(&bench, "no state", &[]).code, 1);

    script(&bench, &found);
    of_a_workspace(&cloud);
    cloud.stop();
}

/// The script says the same.
fn script(bench: &Bench, found: &Run) {
    let program = root().join("scripts/orphans.sh");
    let run = |arguments: &[&str]| {
        let mut command = bench.program(&program);
        command.args(arguments).env("PROVIDER", binaries().join("terraform-provider-databricks"));
        ran("orphans.sh", command.env("TERRAFORM", terraform().unwrap()).output().unwrap())
    };
    let folder = format!("-chdir={}", bench.dir.path().display());
    let said = run(&[&folder]);
    assert_eq!((said.code, &said.stdout), (3, &found.stdout), "{}", said.stderr);
    let json: Value = serde_json::from_str(&run(&[&folder, "--json"]).stdout).unwrap();
    assert_eq!(json["orphans"].as_array().unwrap().len(), 4);
    assert_eq!(run(&["--help"]).code, 0);
    assert_eq!((run(&["--al"]).code, run(&["-chdir=/nonexistent"]).code), (1, 1));
}

fn of_a_workspace(cloud: &Cloud) {
    let bench = Bench::new(cloud.workspace());
    bench.write(OF_WORKSPACE);
    bench.apply();
    let before = orphans(&bench, &[]);
    assert_eq!((before.code, &*before.stdout), (0, ""), "{}", before.stderr);
    let removed = ["databricks_ssh_endpoint.one", "databricks_token.one", "databricks_cluster.one"];
    let mut ids = removed.map(|address| bench.attributes(address)["id"].as_str().unwrap().to_owned());
    bench.run(&[&["state", "rm"], &removed[..]].concat()).succeeded();
    // The marks say whose they are, also without the journal.
    let found = orphans(&bench, &[]);
    let mut listed: Vec<&str> = found.stdout.lines().skip(1).filter_map(|row| row.split_whitespace().nth(1)).collect();
    listed.sort_unstable();
    ids.sort_unstable();
    assert_eq!((found.code, listed), (3, ids.iter().map(String::as_str).collect()), "{}{}", found.stdout, found.stderr);
    assert!(found.stdout.contains("databricks:token ") && found.stderr.contains(": delete it.\n"), "{}", found.stderr);
    std::fs::remove_dir_all(bench.dir.path().join(".terraform/provider-journal")).unwrap();
    assert_eq!(orphans(&bench, &[]).stdout, found.stdout);
}

/// Runs the command in the folder of the bench, with its state.
fn orphans(bench: &Bench, arguments: &[&str]) -> Run {
    let state = bench.run(&["state", "pull"]).succeeded().stdout;
    pulled(bench, &state, arguments)
}

fn pulled(bench: &Bench, state: &str, arguments: &[&str]) -> Run {
    let mut command = bench.program(&binaries().join("terraform-provider-databricks"));
    command.arg("orphans").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(state.as_bytes()).unwrap();
    ran("orphans", child.wait_with_output().unwrap())
}

fn ran(what: &str, output: std::process::Output) -> Run {
    Run {
        what: what.to_owned(),
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
