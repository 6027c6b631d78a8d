//! The switches of the root module's network: each alone on a living deployment, all of them from nothing, in a network that is
//! there already, and what cannot work.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::bench::Bench;
use crate::cloud::{Cloud, root, venv};
use crate::foreign;
use crate::root_module::{FILE, copy_deployment, ids, mirror, script};

pub const TESTS: &[(&str, fn())] = &[
    ("each_switch_of_the_network_goes_on_and_off_on_a_living_deployment", each),
    ("all_switches_of_the_network_go_on_from_nothing_beside_another_deployment", all),
    ("an_existing_network_takes_the_place_of_one_that_is_made", existing),
    ("a_network_that_cannot_work_is_refused_with_its_variable", refused),
];

/// A clone of the deployment, ready for a plan.
fn deployment(cloud: &Cloud) -> Bench {
    let mut bench = Bench::new(&cloud.account);
    copy_deployment(bench.dir.path());
    let rc = mirror(bench.dir.path());
    bench.set("TF_CLI_CONFIG_FILE", Some(&rc));
    bench.run(&["init", "-no-color", "-input=false"]).succeeded();
    // S3 tells the logs bucket of every call, so that no bucket is empty at the end.
    choose(&bench, "destroy_data_with_deployment = true");
    bench
}

/// Adds lines to the deployment's tfvars.
fn choose(bench: &Bench, more: &str) {
    let file = bench.dir.path().join("vars/databricks.tfvars");
    let choices = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{choices}\n{more}\n")).unwrap();
}

/// Applies with these variables; the second plan is empty.
fn apply(bench: &Bench, variables: &[&str]) {
    let variables = with_file(variables);
    let variables: Vec<&str> = variables.iter().map(String::as_str).collect();
    bench.run(&[&["apply", "-auto-approve", "-no-color", "-input=false"], &variables[..]].concat()).succeeded();
    assert_eq!(bench.plan(&variables), [], "the second plan with {variables:?}");
}

fn with_file(variables: &[&str]) -> Vec<String> {
    std::iter::once(FILE.to_owned()).chain(variables.iter().map(|one| format!("-var={one}"))).collect()
}

/// The network of the deployment's workspace, as other clients see it.
fn seen(bench: &Bench, cloud: &Cloud) -> Map<String, Value> {
    let outputs: Value = serde_json::from_str(&bench.run(&["output", "-json"]).succeeded().stdout).unwrap();
    let told = Command::new(venv().join("bin/python"))
        .arg(root().join("provider/tests/foreign/network.py"))
        .arg(outputs["workspace_id"]["value"].to_string())
        .env_clear()
        .envs(cloud.foreign())
        .env("HOME", bench.dir.path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    serde_json::from_slice(&told.stdout).unwrap()
}

/// The network as the deployment has it with no switch on, in a clone of these ranges.
fn plain() -> Map<String, Value> {
    let Value::Object(plain) = json!({
        "zones": ["a", "b"],
        "ranges": ["10.4.16.0/20", "10.4.32.0/20"],
        "gateways": 1,
        "routes": ["2"],
        "addresses": 1,
        "services": ["kinesis-streams", "s3", "sts"],
        "restricted": [],
        "private_link": 0,
        "private_link_stands": true,
        "public_access": true,
        "allowed": [],
        "level": "ACCOUNT",
        "networks": 1,
        "flow_logs": 0,
    }) else {
        panic!("an object")
    };
    plain
}

/// The same, but for what these switches change.
fn but(changes: Value) -> Map<String, Value> {
    let mut network = plain();
    let Value::Object(changes) = changes else { panic!("an object") };
    network.extend(changes);
    network
}

/// The other side of the range.
const OTHER_SIDE: [&str; 2] = ["10.4.112.0/20", "10.4.128.0/20"];

fn each() {
    let cloud = Cloud::for_the_deployment("lakehouse");
    let bench = deployment(&cloud);
    apply(&bench, &[]);
    assert_eq!(seen(&bench, &cloud), plain());
    let made = ids(&bench);
    let office = "front_end_vpc_endpoints={ office = \"vpce-0123456789abcdef0\" }";
    let private = "back_end_private_link=true";
    let behind = json!({ "ranges": OTHER_SIDE, "private_link": 2 });
    let closed = json!({
        "ranges": OTHER_SIDE, "private_link": 2, "public_access": false, "level": "ENDPOINT",
        "allowed": ["vpce-0123456789abcdef0"],
    });
    let alone = json!({ "ranges": OTHER_SIDE, "private_link": 2, "gateways": 0, "routes": [], "addresses": 0 });
    let three = json!({
        "zones": ["a", "b", "c"], "ranges": ["10.4.112.0/20", "10.4.128.0/20", "10.4.144.0/20"], "routes": ["3"],
    });
    let steps: [(&[&[&str]], &[Value]); 8] = [
        (&[&["flow_logs=true"]], &[json!({ "flow_logs": 1 })]),
        (&[&["nat_gateways=per_zone"]], &[json!({ "gateways": 2, "routes": ["1", "1"], "addresses": 2 })]),
        (&[&["restrict_endpoints=true"]], &[json!({ "restricted": ["kinesis-streams", "s3", "sts"] })]),
        (&[&["vpc_endpoints=false"]], &[json!({ "services": [] })]),
        (&[&["zone_count=3"]], &[three]),
        (
            &[&["zones=[\"eu-west-1b\", \"eu-west-1c\"]", "network_generation=2"]],
            &[json!({ "zones": ["b", "c"], "ranges": OTHER_SIDE })],
        ),
        // Of these each but the first needs the one before.
        (&[&[private], &[private, "front_end_private_link=true", office]], &[behind, closed]),
        (&[&[private, "nat_gateways=none"]], &[alone]),
    ];
    for (switches, networks) in steps {
        for (switches, network) in switches.iter().zip(networks) {
            apply(&bench, switches);
            assert_eq!(seen(&bench, &cloud), but(network.clone()), "with {switches:?}");
        }
        apply(&bench, &[]);
        assert_eq!(seen(&bench, &cloud), plain(), "after {switches:?}");
    }
    let workspace = "module.databricks_provisioning.databricks_mws_workspaces.this";
    let settled = ids(&bench);
    assert_eq!(settled[workspace], made[workspace], "the workspace has moved and is the same");
    assert_eq!(settled.keys().collect::<Vec<_>>(), made.keys().collect::<Vec<_>>());
    bench.destroy(&[FILE]);
    assert_eq!(cloud.objects(), Vec::<String>::new(), "what is left after the destroy");
    assert_eq!(cloud.not_needed("lakehouse"), Vec::<String>::new(), "what the documented policy allows for nothing");
    cloud.stop();
}

/// Every switch that can be on together.
const ALL: &str = r#"
nat_gateways            = "per_zone"
restrict_endpoints      = true
further_buckets         = ["acme-lake"]
flow_logs               = true
flow_log_bucket_arn     = "arn:aws:s3:::acme-logs/lakehouse"
store_tokens            = true
back_end_private_link   = true
front_end_private_link  = true
front_end_vpc_endpoints = { office = "vpce-0123456789abcdef0" }
"#;

fn all() {
    let cloud = Cloud::start();
    let (logs, bench, other) = (Bench::new(&cloud.account), deployment(&cloud), deployment(&cloud));
    logs.write(LOGS);
    logs.apply();
    choose(&bench, ALL);
    choose(&other, "vpc_endpoints = false");
    let renamed = ["name=other"];
    apply(&bench, &[]);
    apply(&other, &renamed);
    let awake = seen(&bench, &cloud);
    let expected = json!({
        "ranges": OTHER_SIDE, "gateways": 2, "routes": ["1", "1"], "addresses": 3,
        "restricted": ["kinesis-streams", "s3", "sts"], "private_link": 2, "public_access": false, "level": "ENDPOINT",
        "allowed": ["vpce-0123456789abcdef0"], "flow_logs": 1,
    });
    assert_eq!(awake, but(expected));
    foreign::deployment(&bench, &cloud, &[FILE], &[]);
    let made = ids(&bench);

    script(&bench, "scripts/sleep_network_infrastructure.sh");
    let asleep = seen(&bench, &cloud);
    let differs: BTreeMap<&str, &Value> =
        asleep.iter().filter(|(what, seen)| awake[*what] != **seen).map(|(what, seen)| (what.as_str(), seen)).collect();
    let expected =
        [("gateways", json!(0)), ("restricted", json!(["s3"])), ("routes", json!([])), ("services", json!(["s3"]))];
    assert_eq!(differs, expected.iter().map(|(what, seen)| (*what, seen)).collect(), "asleep");
    let stayed = ids(&bench);
    assert!(stayed.iter().all(|(address, id)| made[address] == *id), "what stays is the same");
    assert!(bench.plan(&[FILE]).iter().all(|change| change.actions == ["create"]));
    apply(&bench, &[]);
    assert_eq!(seen(&bench, &cloud), awake, "awake again");

    let of_other = with_file(&renamed);
    let of_other: Vec<&str> = of_other.iter().map(String::as_str).collect();
    assert_eq!(bench.plan(&[FILE]), []);
    bench.destroy(&[FILE]);
    assert_eq!(other.plan(&of_other), [], "the other deployment is whole");
    other.destroy(&of_other);
    logs.destroy(&[]);
    assert_eq!(cloud.objects(), Vec::<String>::new(), "what is left after the destroys");
    cloud.stop();
}

/// A bucket that AWS's log delivery writes into.
const LOGS: &str = r#"
resource "databricks_aws_s3_bucket" "logs" {
  bucket = "acme-logs"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Action    = "s3:PutObject"
        Resource  = "arn:aws:s3:::acme-logs/*"
        Principal = { Service = "delivery.logs.amazonaws.com" }
      },
      {
        Effect    = "Allow"
        Action    = "s3:GetBucketAcl"
        Resource  = "arn:aws:s3:::acme-logs"
        Principal = { Service = "delivery.logs.amazonaws.com" }
      },
    ]
  })
}
"#;

/// A network of others, with two pairs of private subnets.
const THEIRS: &str = r#"
resource "databricks_aws_vpc" "theirs" {
  cidr_block           = "10.8.0.0/16"
  enable_dns_hostnames = true
}

resource "databricks_aws_subnet" "theirs" {
  for_each = { a1 = 1, b1 = 2, a2 = 3, b2 = 4 }

  vpc_id            = databricks_aws_vpc.theirs.id
  cidr_block        = "10.8.${each.value}.0/24"
  availability_zone = "eu-west-1${substr(each.key, 0, 1)}"
}

resource "databricks_aws_route_table" "theirs" {
  vpc_id = databricks_aws_vpc.theirs.id
}

resource "databricks_aws_route_table_association" "theirs" {
  for_each = databricks_aws_subnet.theirs

  subnet_id      = each.value.id
  route_table_id = databricks_aws_route_table.theirs.id
}

output "first" {
  value = jsonencode({
    vpc_id             = databricks_aws_vpc.theirs.id
    private_subnet_ids = [for name in ["a1", "b1"] : databricks_aws_subnet.theirs[name].id]
    route_table_ids    = [databricks_aws_route_table.theirs.id]
  })
}

output "second" {
  value = jsonencode({
    vpc_id             = databricks_aws_vpc.theirs.id
    private_subnet_ids = [for name in ["a2", "b2"] : databricks_aws_subnet.theirs[name].id]
    route_table_ids    = [databricks_aws_route_table.theirs.id]
  })
}
"#;

fn existing() {
    let cloud = Cloud::start();
    let theirs = Bench::new(&cloud.account);
    theirs.write(THEIRS);
    theirs.apply();
    let network = |output: &str| {
        let told = theirs.run(&["output", "-raw", output]).succeeded().stdout;
        format!("existing_network={}", told.trim())
    };
    let bench = deployment(&cloud);
    let file = bench.dir.path().join("vars/databricks.tfvars");
    let choices = std::fs::read_to_string(&file).unwrap().replace("\nvpc_cidr ", "\n# vpc_cidr ");
    std::fs::write(&file, choices).unwrap();

    apply(&bench, &[&network("first")]);
    let expected = |changes: Value| {
        let mut network = but(json!({ "gateways": 0, "routes": [], "addresses": 0 }));
        network.extend(changes.as_object().unwrap().clone());
        network
    };
    assert_eq!(seen(&bench, &cloud), expected(json!({ "ranges": ["10.8.1.0/24", "10.8.2.0/24"] })));
    assert!(ids(&bench).keys().all(|address| !address.contains("subnet") && !address.contains("vpc.")));
    apply(&bench, &[&network("second"), "back_end_private_link=true"]);
    let moved = json!({ "ranges": ["10.8.3.0/24", "10.8.4.0/24"], "private_link": 2 });
    assert_eq!(seen(&bench, &cloud), expected(moved));
    let last = with_file(&[&network("second"), "back_end_private_link=true"]);
    bench.destroy(&last.iter().map(String::as_str).collect::<Vec<_>>());
    theirs.plan_is_empty("after the deployment in it has gone");
    theirs.destroy(&[]);
    assert_eq!(cloud.objects(), Vec::<String>::new(), "what is left after the destroys");
    cloud.stop();
}

fn refused() {
    let cloud = Cloud::start();
    let bench = deployment(&cloud);
    let check = |variables: &[&str], words: &[&str]| {
        let arguments = with_file(variables);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let said = bench.run(&[&["plan", "-no-color", "-input=false"], &arguments[..]].concat()).failed();
        assert_eq!(said.matches("Error: ").count(), 1, "{variables:?} is refused once: {said}");
        for word in words {
            assert!(said.contains(word), "{word:?} of {variables:?} is missing in: {said}");
        }
    };
    let existing = "existing_network={ vpc_id = \"vpc-1\", private_subnet_ids = [\"subnet-1\", \"subnet-2\"] }";
    check(&["nat_gateways=none"], &["nat_gateways = \"none\"", "back_end_private_link and AWS by vpc_endpoints"]);
    check(&["nat_gateways=none", "back_end_private_link=true", "vpc_endpoints=false"], &["nat_gateways = \"none\""]);
    check(&["nat_gateways=two"], &["nat_gateways: one, per_zone or none"]);
    check(&["zone_count=4"], &["zones or zone_count: the zones of eu-west-1 are eu-west-1a, eu-west-1b, eu-west-1c"]);
    check(&["zone_count=1"], &["zone_count: clusters stand in 2 to 6"]);
    check(&["zones=[\"eu-west-1a\", \"eu-west-1z\"]"], &["zones or zone_count: the zones of eu-west-1 are"]);
    check(&["zones=[\"eu-west-1a\", \"eu-west-1a\"]"], &["zones: two availability zones at least"]);
    check(&["vpc_cidr=10.4.0.0/23", "zone_count=3"], &["zone_count or zones: this network has 3", "room for 2 to 2"]);
    check(&["nodes=2046"], &["nodes: 2046 nodes do not fit", "2045 do"]);
    check(&["vpc_cidr=10.4.0.0/23", "nodes=30"], &["nodes: 30 nodes do not fit", "29 do"]);
    check(&["vpc_cidr=10.4.0.0/24"], &["vpc_cidr: the range is /16 to /23"]);
    check(&["vpc_cidr=10.4.0.0/15"], &["vpc_cidr: the range is /16 to /23"]);
    check(&["vpc_cidr=10.4.1.0/16"], &["vpc_cidr: the range is written like 10.4.0.0/16"]);
    check(&["vpc_cidr=wide"], &["vpc_cidr: the range is written like 10.4.0.0/16"]);
    check(&[existing, "vpc_endpoints=false"], &["vpc_cidr and existing_network: "]);
    check(&["network_generation=0"], &["network_generation: a whole number"]);
    check(&["restrict_endpoints=true", "vpc_endpoints=false"], &["restrict_endpoints: there are no endpoints"]);
    check(&["back_end_private_link=true", "pricing_tier=PREMIUM"], &["back_end_private_link: PrivateLink needs"]);
    check(&["front_end_private_link=true"], &["front_end_private_link: ", "Set that to true"]);
    check(&["front_end_vpc_endpoints={ office = \"office\" }"], &["front_end_vpc_endpoints: ", "vpce-"]);

    // Without a range of its own.
    let file = bench.dir.path().join("vars/databricks.tfvars");
    let choices = std::fs::read_to_string(&file).unwrap().replace("\nvpc_cidr ", "\n# vpc_cidr ");
    std::fs::write(&file, &choices).unwrap();
    check(&[], &["vpc_cidr and existing_network: ", "Set one of the two"]);
    check(&[existing], &["existing_network.route_table_ids: the endpoint to S3"]);
    check(&[existing, "vpc_endpoints=false", "nodes=10"], &["nodes: how large the subnets of existing_network are"]);
    let one = existing.replace(", \"subnet-2\"", "");
    check(&[&one, "vpc_endpoints=false"], &["existing_network.private_subnet_ids: "]);
    let grouped = existing.replace(" }", ", security_group_ids = [] }");
    check(&[&grouped, "vpc_endpoints=false"], &["existing_network.security_group_ids: "]);
    cloud.stop();
}
