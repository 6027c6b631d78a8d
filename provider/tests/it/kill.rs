//! A kill of the provider with -9 at any moment of an apply leaves no object that the next apply does not know.

use std::process::Stdio;
use std::time::{Duration, Instant};

use localcloud::{Fault, FaultEffect};

use crate::Test;
use crate::bench::Bench;
use crate::cloud::Cloud;

pub const TESTS: &[Test] = &[("a_killed_provider_leaves_no_orphan", a_killed_provider_leaves_no_orphan)];

/// One of each kind of create: with a client token, with tags only, with a natural name, without either.
const CONFIGURATION: &str = r#"
provider "databricks" {
  aws {
    region = "eu-west-2"
  }
}

resource "databricks_aws_vpc" "one" {
  cidr_block           = "10.9.0.0/16"
  enable_dns_hostnames = true
}

resource "databricks_aws_vpc" "twin" {
  cidr_block           = "10.9.0.0/16"
  enable_dns_hostnames = true
}

resource "databricks_aws_subnet" "one" {
  vpc_id     = databricks_aws_vpc.one.id
  cidr_block = "10.9.1.0/24"
}

resource "databricks_aws_internet_gateway" "one" {
  vpc_id = databricks_aws_vpc.one.id
}

resource "databricks_aws_eip" "one" {}

resource "databricks_aws_nat_gateway" "one" {
  subnet_id     = databricks_aws_subnet.one.id
  allocation_id = databricks_aws_eip.one.id
}

resource "databricks_aws_security_group" "one" {
  name        = "killed"
  description = "killed"
  vpc_id      = databricks_aws_vpc.one.id
}

resource "databricks_aws_vpc_endpoint" "one" {
  vpc_id              = databricks_aws_vpc.one.id
  service_name        = "com.amazonaws.eu-west-2.sts"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [databricks_aws_subnet.one.id]
  security_group_ids  = [databricks_aws_security_group.one.id]
}

resource "databricks_aws_route_table" "one" {
  vpc_id = databricks_aws_vpc.one.id
}

resource "databricks_aws_kms_key" "one" {
  description = "killed"
}

resource "databricks_aws_s3_bucket" "one" {
  bucket = "killed-one"
}

resource "databricks_aws_iam_role" "one" {
  name               = "killed-one"
  assume_role_policy = provider::databricks::aws_assume_role_policy("00000000-0000-0000-0000-000000000000")
}

resource "databricks_mws_credentials" "one" {
  credentials_name = "killed"
  role_arn         = databricks_aws_iam_role.one.arn
}

resource "databricks_service_principal" "one" {
  display_name             = "killed"
  disable_as_user_deletion = false
}

resource "databricks_service_principal_secret" "one" {
  service_principal_id = databricks_service_principal.one.id
}
"#;

fn a_killed_provider_leaves_no_orphan(_: &Cloud) {
    // A cloud of its own: what is left over is counted.
    let cloud = Cloud::start();
    let bench = Bench::new(&cloud.account);
    bench.write(CONFIGURATION);
    // Slow answers, so that a kill meets creates whose request took effect and whose answer is still on its way.
    for matches in ["ec2:Create*", "ec2:Allocate*", "kms:Create*", "iam:Create*", "s3:*", "POST *"] {
        cloud.fault(Fault {
            status: None,
            delay_ms: Some(250),
            times: 100_000,
            effect: FaultEffect::After,
            ..Fault::once(matches, 200, "")
        });
    }
    for round in 0..8 {
        let mut apply = bench
            .command(&["apply", "-auto-approve", "-no-color", "-input=false"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let end = Instant::now() + Duration::from_millis(900 + 330 * round);
        while Instant::now() < end && apply.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(10));
        }
        kill_children(apply.id());
        apply.wait().unwrap();
    }
    cloud.clear_faults();
    bench.apply();
    bench.plan_is_empty("after the kills");
    let known = bench.resources().len();
    assert_eq!(known, CONFIGURATION.matches("\nresource ").count());
    bench.destroy(&[]);
    assert_eq!(cloud.objects(), Vec::<String>::new(), "after the destroy: what no state knew is still there");
    cloud.stop();
}

/// Kills the provider processes of a terraform with SIGKILL.
pub fn kill_children(terraform: u32) {
    let children = std::fs::read_to_string(format!("/proc/{terraform}/task/{terraform}/children")).unwrap_or_default();
    let mut all: Vec<String> = children.split_whitespace().map(str::to_owned).collect();
    // Terraform starts plugins from any of its threads.
    if let Ok(tasks) = std::fs::read_dir(format!("/proc/{terraform}/task")) {
        for task in tasks.flatten() {
            let text = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            all.extend(text.split_whitespace().map(str::to_owned));
        }
    }
    for child in all {
        let _ = std::process::Command::new("kill").args(["-9", &child]).status();
    }
}
