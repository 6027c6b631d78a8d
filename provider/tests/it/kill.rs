//! A kill of the provider with -9 at any moment of an apply leaves no object that the next apply does not know.

use std::process::Stdio;
use std::time::{Duration, Instant};

use localcloud::{Fault, FaultEffect};

use crate::Test;
use crate::bench::Bench;
use crate::cloud::Cloud;

pub const TESTS: &[Test] = &[
    ("a_killed_provider_leaves_no_orphan", a_killed_provider_leaves_no_orphan),
    ("a_killed_apply_with_its_state_in_s3_leaves_no_orphan", a_killed_apply_with_its_state_in_s3_leaves_no_orphan),
    (
        "an_apply_that_was_killed_on_another_machine_is_taken_over",
        an_apply_that_was_killed_on_another_machine_is_taken_over,
    ),
    ("a_create_that_was_refused_is_not_looked_for", a_create_that_was_refused_is_not_looked_for),
    ("what_bears_no_mark_is_taken_over_by_its_import_block", what_bears_no_mark_is_taken_over_by_its_import_block),
    ("equal_objects_whose_answers_are_lost_stay_two", equal_objects_whose_answers_are_lost_stay_two),
];

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

/// A bucket for states, which no state has.
const STATES: &str = "killed-states";

/// A state in S3, as the local cloud has it; the endpoint comes from the environment.
const BACKEND: &str = r#"
terraform {
  backend "s3" {
    bucket                      = "killed-states"
    key                         = "terraform.tfstate"
    region                      = "eu-west-2"
    use_path_style              = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
  }
}

provider "databricks" {
  alias = "account"
}
"#;

fn a_killed_provider_leaves_no_orphan(_: &Cloud) {
    // A cloud of its own: what is left over is counted.
    let cloud = Cloud::start();
    let bench = Bench::new(&cloud.account);
    bench.write(CONFIGURATION);
    killed(&cloud, &bench, &Kills { all: false, elsewhere: false, options: &[] });
    cloud.stop();
}

/// Terraform writes such a state rarely, and ends the account's instance of the provider long before AWS's.
fn a_killed_apply_with_its_state_in_s3_leaves_no_orphan(_: &Cloud) {
    killed_with_remote_state(false);
}

/// Each apply runs where there is no journal of the one before: on a runner that is new, or after `rm -rf .terraform`.
fn an_apply_that_was_killed_on_another_machine_is_taken_over(_: &Cloud) {
    killed_with_remote_state(true);
}

fn killed_with_remote_state(elsewhere: bool) {
    let cloud = Cloud::start();
    let bench = Bench::new(&cloud.account);
    states(&cloud, "create_bucket", r"CreateBucketConfiguration={'LocationConstraint': 'eu-west-2'}");
    let of_account = CONFIGURATION.replace(
        "  display_name             = \"killed\"\n",
        "  provider                 = databricks.account\n  display_name             = \"killed\"\n",
    );
    let of_account = of_account.replace(
        "  service_principal_id = databricks",
        "  provider             = databricks.account\n  service_principal_id = databricks",
    );
    // Of two equal objects that no state has, nobody can tell which one others were made for (decision 2).
    let (one, twin) = of_account.split_once("\"twin\"").unwrap();
    let different = format!("{one}\"twin\"{}", twin.replacen("10.9.0.0", "10.19.0.0", 1));
    bench.write(&(BACKEND.to_owned() + &different));
    // With dev_overrides the initialization cannot ask for the provider; the backend is set up all the same.
    bench.run(&["init", "-no-color", "-input=false"]);
    killed(&cloud, &bench, &Kills { all: true, elsewhere, options: &["-lock=false"] });
    states(&cloud, "delete_object", "Key='terraform.tfstate'");
    states(&cloud, "delete_object", "Key='terraform.tfstate.tflock'");
    states(&cloud, "delete_bucket", "");
    assert_eq!(cloud.objects(), Vec::<String>::new());
    cloud.stop();
}

/// One creation of each client that ends in one request: of EC2, of IAM, of S3, of a description, and of resources with calls of their own.
const REFUSED: &str = r#"
provider "databricks" {
  aws {
    region = "eu-west-2"
  }
}

resource "databricks_aws_vpc" "refused" {
  cidr_block = "10.9.0.0/16"
}

resource "databricks_aws_iam_role" "refused" {
  name               = "refused"
  assume_role_policy = provider::databricks::aws_assume_role_policy("00000000-0000-0000-0000-000000000000")
}

resource "databricks_aws_s3_bucket" "refused" {
  bucket = "refused-one"
}

resource "databricks_mws_storage_configurations" "refused" {
  storage_configuration_name = "refused"
  bucket_name                = "refused-one"
}

resource "databricks_service_principal" "refused" {
  display_name             = "refused"
  disable_as_user_deletion = false
}
"#;

/// Nothing was made, so that no later create may take another's object for it, and nothing is said of it. What fails in the service may
/// have been made: it is looked for.
fn a_create_that_was_refused_is_not_looked_for(_: &Cloud) {
    let cloud = Cloud::start();
    let bench = Bench::new(&cloud.account);
    bench.write(REFUSED);
    let entries = || {
        let all = std::fs::read_dir(bench.dir.path().join(".terraform/provider-journal")).unwrap().flatten();
        all.filter(|entry| entry.path().extension().is_some_and(|kind| kind == "json")).count()
    };
    let calls = ["ec2:CreateVpc", "iam:CreateRole", "s3:CreateBucket", "POST /api/*"];
    let apply = ["apply", "-auto-approve", "-no-color", "-input=false"];
    let fails = |status, effect| {
        for call in calls {
            cloud.fault(Fault { times: 100, effect, ..Fault::once(call, status, "Refused") });
        }
        let ran = bench.run(&apply);
        cloud.clear_faults();
        ran
    };
    for (status, left) in [(403, 0), (500, 5)] {
        fails(status, FaultEffect::Before).failed();
        assert_eq!(entries(), left, "after {status}");
    }
    fails(500, FaultEffect::After).succeeded();
    bench.plan_is_empty("after the failures");
    bench.destroy(&[]);
    assert_eq!(cloud.objects(), Vec::<String>::new());
    cloud.stop();
}

/// A key, which has neither a name nor tags, and something that has a mark.
const UNMARKED: &str = r#"
resource "databricks_service_principal" "one" {
  display_name             = "cut off"
  disable_as_user_deletion = false
}

resource "databricks_mws_customer_managed_keys" "one" {
  use_cases  = ["STORAGE"]
  depends_on = [databricks_service_principal.one]

  aws_key_info {
    key_arn = "arn:aws:kms:eu-west-2:123456789012:key/0a1b2c3d-0000-4000-8000-000000000001"
  }
}
"#;

/// Nobody is stopped by an equal object unless the deployment was cut off; then what was made since is named, and not made again.
fn what_bears_no_mark_is_taken_over_by_its_import_block(_: &Cloud) {
    let cloud = Cloud::start();
    let other = Bench::new(&cloud.account);
    other.write(UNMARKED);
    other.apply();
    // By more than the clocks of the service's parts may differ.
    std::thread::sleep(Duration::from_secs(6));
    let bench = Bench::new(&cloud.account);
    bench.write(UNMARKED);
    bench.apply();
    let whole = cloud.census();

    // On another machine, of a deployment whose state was never written.
    let forget = || {
        let _ = std::fs::remove_file(bench.dir.path().join("terraform.tfstate"));
        let _ = std::fs::remove_file(bench.dir.path().join("terraform.tfstate.backup"));
    };
    forget();
    let journal = bench.dir.path().join(".terraform/provider-journal");
    for entry in std::fs::read_dir(&journal).unwrap().flatten() {
        if entry.path().extension().is_some_and(|kind| kind == "json") {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    let apply = ["apply", "-auto-approve", "-no-color", "-input=false", "-parallelism=1"];
    let said = bench.run(&apply).failed();
    assert!(said.contains("may be the object that is to be made here") && said.contains("cut off elsewhere"), "{said}");
    assert_eq!(cloud.census(), whole, "nothing was made");
    forget();
    import_what_is_in_the_way(&bench, &apply);
    bench.plan_is_empty("after the imports");
    assert_eq!(cloud.census(), whole, "what there was is what there is");
    bench.destroy(&[]);
    other.destroy(&[]);
    assert_eq!(cloud.objects(), Vec::<String>::new());
    cloud.stop();
}

/// Two keys of equal values: no answer but that of their create tells which is whose.
const EQUAL: &str = r#"
resource "databricks_mws_customer_managed_keys" "equal" {
  count     = 2
  use_cases = ["STORAGE"]

  aws_key_info {
    key_arn = "arn:aws:kms:eu-west-2:123456789012:key/0a1b2c3d-0000-4000-8000-000000000001"
  }
}
"#;

/// Whichever of the answers is lost, and both.
fn equal_objects_whose_answers_are_lost_stay_two(_: &Cloud) {
    let cloud = Cloud::start();
    let bench = Bench::new(&cloud.account);
    bench.write(EQUAL);
    let call = "POST /api/2.0/accounts/*/customer-managed-keys";
    for (times, skip, parallelism) in [(1, 0, "1"), (1, 1, "1"), (2, 0, "1"), (2, 0, "2")] {
        cloud.fault(Fault { times, skip, ..Fault::lost_answer(call) });
        let parallelism = format!("-parallelism={parallelism}");
        bench.run(&["apply", "-auto-approve", "-no-color", "-input=false", &parallelism]).succeeded();
        let ids = [0, 1]
            .map(|at| bench.attributes(&format!("databricks_mws_customer_managed_keys.equal[{at}]"))["id"].clone());
        assert_ne!(ids[0], ids[1], "{times} answers after {skip}");
        assert_eq!(cloud.objects(), ["customer_managed_keys 2"], "{times} answers after {skip}");
        bench.plan_is_empty("after lost answers");
        bench.destroy(&[]);
        assert_eq!(cloud.objects(), Vec::<String>::new());
    }
    cloud.stop();
}

/// A call of S3 on the bucket of states, by a client that is not ours.
fn states(cloud: &Cloud, call: &str, arguments: &str) {
    let script =
        format!("import boto3\nboto3.client('s3', region_name='eu-west-2').{call}(Bucket={STATES:?}, {arguments})");
    let called = std::process::Command::new(crate::cloud::venv().join("bin/python"))
        .args(["-c", &script])
        .env_clear()
        .envs(cloud.foreign())
        .output()
        .unwrap();
    assert!(called.status.success(), "{}", String::from_utf8_lossy(&called.stderr));
}

/// How applies are killed.
struct Kills<'a> {
    /// All of it, not the provider alone.
    all: bool,
    /// Each in a working directory without a journal.
    elsewhere: bool,
    options: &'a [&'a str],
}

/// Applies and kills, again and again. Then one apply leads to one object of each.
fn killed(cloud: &Cloud, bench: &Bench, kills: &Kills<'_>) {
    let options = kills.options;
    let with = |command: &[&str]| -> Vec<String> { command.iter().chain(options).map(|it| (*it).to_owned()).collect() };
    let apply = with(&["apply", "-auto-approve", "-no-color", "-input=false"]);
    let apply: Vec<&str> = apply.iter().map(String::as_str).collect();
    let before = cloud.objects();
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
        let mut apply = bench.command(&apply).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let end = Instant::now() + Duration::from_millis(900 + 330 * round);
        while Instant::now() < end && apply.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(10));
        }
        if kills.all {
            // All at once: it is not to see its providers die, and to write what it knows.
            let _ = std::process::Command::new("kill").args(["-STOP", &apply.id().to_string()]).status();
        }
        kill_children(apply.id());
        if kills.all {
            let _ = apply.kill();
        }
        apply.wait().unwrap();
        if kills.elsewhere {
            std::fs::remove_dir_all(bench.dir.path().join(".terraform")).unwrap();
            bench.run(&["init", "-no-color", "-input=false"]);
        }
    }
    cloud.clear_faults();
    if kills.elsewhere {
        import_what_is_in_the_way(bench, &apply);
    }
    bench.run(&apply).succeeded();
    bench.plan_is_empty("after the kills");
    let known = bench.resources().len();
    assert_eq!(known, CONFIGURATION.matches("\nresource ").count());
    bench.destroy(options);
    assert_eq!(cloud.objects(), before, "after the destroy: what no state knew is still there");
}

/// Follows the advice of an apply that found the name of an object without a mark taken: one block of each, and another apply. No
/// apply fails twice in the same way.
fn import_what_is_in_the_way(bench: &Bench, apply: &[&str]) {
    let mut blocks = Vec::new();
    let configuration = std::fs::read_to_string(bench.dir.path().join("main.tf")).unwrap();
    for _ in 0..3 {
        let ran = bench.run(apply);
        if ran.code == 0 {
            return;
        }
        let words = ran.stderr.replace('│', " ");
        for part in words.split("Error: ").skip(1) {
            let id =
                part.split_once("id = \"").unwrap_or_else(|| panic!("no block in {part}")).1.split('"').next().unwrap();
            let at = part.lines().find_map(|line| line.trim().strip_prefix("with databricks_"));
            let address = format!("databricks_{}", at.unwrap().split(',').next().unwrap());
            let block = format!("\nimport {{\n  to = {address}\n  id = \"{id}\"\n}}\n");
            assert!(!blocks.contains(&block), "it failed in this way before: {part}");
            blocks.push(block);
        }
        bench.write(&(configuration.clone() + &blocks.concat()));
    }
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
