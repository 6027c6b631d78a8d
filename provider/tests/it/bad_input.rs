//! Bad input says what is wrong, where, and what to do, and changes nothing.

use crate::Test;
use crate::bench::Bench;
use crate::cloud::Cloud;

pub const TESTS: &[Test] = &[
    ("an_unknown_region_is_named_with_its_line", an_unknown_region_is_named_with_its_line),
    ("a_subnet_outside_its_vpc_points_at_the_range", a_subnet_outside_its_vpc_points_at_the_range),
    ("a_missing_credential_says_which_variable_to_set", a_missing_credential_says_which_variable_to_set),
    ("a_workspace_host_is_refused_for_account_objects", a_workspace_host_is_refused_for_account_objects),
    ("a_stopped_local_cloud_is_named", a_stopped_local_cloud_is_named),
    ("a_wrong_secret_is_an_authentication_error_without_the_secret", a_wrong_secret_is_an_authentication_error),
    ("what_databricks_refuses_stops_the_first_plan_before_anything_is_made", the_first_plan_is_stopped),
    ("a_workspace_that_may_be_made_first_stops_no_plan", a_workspace_may_be_made_first),
    ("values_that_cannot_work_are_refused_in_one_plan", values_that_cannot_work),
    ("a_range_that_is_none_points_at_its_attribute", a_range_that_is_none_points_at_its_attribute),
    ("all_that_cannot_work_is_said_at_once_with_its_line", all_that_cannot_work),
];

/// The configuration fails, with all of these words; nothing stands in the state.
fn fails(bench: &Bench, configuration: &str, words: &[&str]) {
    bench.write(configuration);
    let said = bench.run(&["apply", "-auto-approve", "-no-color", "-input=false"]).failed();
    for word in words {
        assert!(said.contains(word), "{word:?} is missing in: {said}");
    }
    assert!(!said.contains("bug of the provider"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

const VPC: &str = "resource \"databricks_aws_vpc\" \"example\" {\n  cidr_block = \"10.1.0.0/16\"\n}\n";
const NETWORK: &str = "resource \"databricks_mws_credentials\" \"example\" {\n  credentials_name = \"faulty\"\n  role_arn         = \"arn:aws:iam::123456789012:role/bad\"\n}\n";

fn an_unknown_region_is_named_with_its_line(cloud: &Cloud) {
    let bench = Bench::new(&cloud.account);
    let provider = "provider \"databricks\" {\n  aws {\n    region = \"eu-wets-1\"\n  }\n}\n";
    fails(&bench, &format!("{provider}{VPC}"), &["eu-wets-1", "eu-west-1", "main.tf line 3"]);
    assert!(bench.resources().is_empty());
}

fn a_subnet_outside_its_vpc_points_at_the_range(cloud: &Cloud) {
    let bench = Bench::new(&cloud.account);
    let subnet = "resource \"databricks_aws_subnet\" \"example\" {\n  vpc_id     = databricks_aws_vpc.example.id\n  cidr_block = \"192.168.0.0/24\"\n}\n";
    fails(&bench, &format!("{VPC}{subnet}"), &["192.168.0.0/24", "cidr_block", "main.tf line 6"]);
    let known: Vec<String> = bench.resources().into_iter().map(|(address, ..)| address).collect();
    assert_eq!(known, ["databricks_aws_vpc.example"], "what was made stands in the state");
    bench.destroy(&[]);
}

fn a_missing_credential_says_which_variable_to_set(cloud: &Cloud) {
    let mut bench = Bench::new(&cloud.account);
    for name in ["DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET"] {
        bench.set(name, None);
    }
    fails(&bench, NETWORK, &["DATABRICKS_CLIENT_ID"]);

    let mut bench = Bench::new(&cloud.account);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        bench.set(name, None);
    }
    fails(&bench, VPC, &["AWS", "credentials"]);
}

fn a_workspace_host_is_refused_for_account_objects(cloud: &Cloud) {
    let bench = Bench::new(cloud.workspace());
    fails(&bench, NETWORK, &["accounts", "host"]);
}

fn a_stopped_local_cloud_is_named(cloud: &Cloud) {
    let mut bench = Bench::new(&cloud.account);
    // Port 9 (discard) is not served on loopback: as after `localcloud down`.
    bench.set("DATABRICKS_HOST", Some("http://accounts.localhost:9"));
    bench.set("AWS_ENDPOINT_URL", Some("http://127.0.0.1:9"));
    fails(&bench, NETWORK, &["localcloud"]);
    fails(&bench, VPC, &["localcloud"]);
}

fn a_wrong_secret_is_an_authentication_error(cloud: &Cloud) {
    let mut bench = Bench::new(&cloud.account);
    bench.set("DATABRICKS_CLIENT_SECRET", Some("dose-wrong-secret"));
    bench.write(NETWORK);
    let said = bench.run(&["apply", "-auto-approve", "-no-color", "-input=false"]).failed();
    assert!(said.contains("Check the client id and secret"), "{said}");
    assert!(!said.contains("dose-wrong-secret"), "the secret is not repeated: {said}");
}

/// Wrong credentials, account and host, and a host of the other level, beside AWS objects that the plan does not depend on.
fn the_first_plan_is_stopped(cloud: &Cloud) {
    let wrong: &[(&str, &str, &[&str])] = &[
        ("DATABRICKS_CLIENT_SECRET", "dose-wrong-secret", &["Check the client id and secret", "oauth-m2m"]),
        ("DATABRICKS_ACCOUNT_ID", "00000000-0000-4000-8000-000000000000", &["DATABRICKS_ACCOUNT_ID"]),
        ("DATABRICKS_HOST", "http://accounts.localhost:9", &["Databricks cannot be reached", "DATABRICKS_HOST"]),
        ("DATABRICKS_HOST", cloud.workspace()["DATABRICKS_HOST"].as_str(), &["belongs to an account"]),
    ];
    for (name, value, words) in wrong {
        let mut bench = Bench::new(&cloud.account);
        bench.set(name, Some(value));
        let more = NETWORK.replace("example", "another").replace("faulty", "faulty-too");
        bench.write(&format!("{VPC}{NETWORK}{more}"));
        let said = bench.run(&["plan", "-no-color", "-input=false"]).failed();
        for word in *words {
            assert!(said.contains(word), "{word:?} is missing in: {said}");
        }
        assert!(!said.contains("dose-wrong-secret"), "the secret is not repeated: {said}");
        assert!(said.matches("Databricks does not take").count() <= 1, "it is said once: {said}");
        bench.run(&["apply", "-auto-approve", "-no-color", "-input=false"]).failed();
        assert!(bench.resources().is_empty(), "nothing is made, in AWS neither");
        bench.run(&["validate", "-no-color"]).succeeded();
    }
}

fn a_workspace_may_be_made_first(cloud: &Cloud) {
    let mut bench = Bench::new(&cloud.account);
    bench.set("DATABRICKS_HOST", Some("http://dbc-not-yet.localhost:9"));
    bench.write("resource \"databricks_token\" \"example\" {\n}\n");
    let said = bench.run(&["plan", "-no-color", "-input=false"]).succeeded().stdout;
    assert!(said.contains("Plan: 1 to add") && said.contains("Warning: Databricks cannot be reached"), "{said}");
}

fn values_that_cannot_work(cloud: &Cloud) {
    let bench = Bench::new(&cloud.account);
    bench.write(
        r#"resource "databricks_mws_workspaces" "example" {
  workspace_name           = "example"
  aws_region               = "eu-west-1a"
  pricing_tier             = "GOLD"
  credentials_id           = "c"
  storage_configuration_id = "s"
}

resource "databricks_cluster" "example" {
  spark_version      = "17.3"
  node_type_id       = "m5d.large"
  data_security_mode = "SINGLE_USR"
  autoscale {
    min_workers = 8
    max_workers = 2
  }
  custom_tags = { "aws:foo" = "bar" }
}
"#,
    );
    let said = bench.run(&["plan", "-no-color", "-input=false"]).failed();
    for words in [
        "\"eu-west-1a\"",
        "line 3",
        "\"GOLD\"",
        "line 4",
        "line 10",
        "Write SINGLE_USER",
        "line 12",
        "line 14",
        "\"aws:foo\"",
        "line 17",
    ] {
        assert!(said.contains(words), "{words:?} is missing in: {said}");
    }
}

fn a_range_that_is_none_points_at_its_attribute(cloud: &Cloud) {
    let bench = Bench::new(&cloud.account);
    let vpc = "resource \"databricks_aws_vpc\" \"example\" {\n  cidr_block = \"10.1.0.0\"\n}\n";
    fails(&bench, vpc, &["10.1.0.0", "main.tf line 2"]);
    assert!(bench.resources().is_empty());
}

fn all_that_cannot_work(cloud: &Cloud) {
    let bench = Bench::new(&cloud.account);
    let provider = "provider \"databricks\" {\n  aws {\n    default_tags = { \"aws:team\" = \"data\" }\n  }\n}\n";
    let group = r#"resource "databricks_aws_security_group" "example" {
  vpc_id = "vpc-0123456789abcdef0"
  ingress {
    protocol    = "tpc"
    from_port   = 443
    to_port     = 70000
    cidr_blocks = ["10.0.0.0/8", "10.0.0.1/16"]
  }
  egress {
    protocol    = "tcp"
    from_port   = 443
    to_port     = 80
    cidr_blocks = ["0.0.0.0/0"]
  }
  tags = { "aws:foo" = "x" }
  timeouts {
    create = "30 minutes"
  }
}
"#;
    let bucket = r#"resource "databricks_aws_s3_bucket" "example" {
  bucket           = "My_Bucket"
  object_ownership = "bucketownerenforced"
}
"#;
    // Where the provider's block is wrong Terraform says no more.
    let place = "with provider[\"registry.terraform.io/databricks-aws/databricks\"], on main.tf line 3";
    fails(&bench, &format!("{provider}{VPC}"), &[&format!("The tag \"aws:team\" cannot be set {place}")]);
    fails(
        &bench,
        &format!("{group}{bucket}"),
        &[
            "There is no protocol \"tpc\" with databricks_aws_security_group.example, on main.tf line 4",
            "ingress.to_port cannot be 70000 with databricks_aws_security_group.example, on main.tf line 6",
            "\"10.0.0.1/16\" is no address range that can be used with databricks_aws_security_group.example, on main.tf line 7",
            "from_port 443 above to_port 80 with databricks_aws_security_group.example, on main.tf line 11",
            "The tag \"aws:foo\" cannot be set with databricks_aws_security_group.example, on main.tf line 15",
            "timeouts.create cannot be \"30 minutes\" with databricks_aws_security_group.example, on main.tf line 17",
            "It must be a duration like 30m, 1h30m or 45s.",
            "It must be 3 to 63 small letters, digits, hyphens and dots",
            "Letter case matters: did you mean \"BucketOwnerEnforced\"?",
        ],
    );
    assert!(bench.resources().is_empty());
}
