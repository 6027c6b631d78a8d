//! The policies' data sources under real terraform: with a provider that is configured for nothing, and with inputs that are known late.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::bench::Bench;

pub const TESTS: &[(&str, fn())] = &[
    ("policies_are_read_without_any_configuration_of_the_provider", without_configuration),
    ("a_policy_of_what_is_unknown_is_read_when_it_is_known", of_what_is_unknown),
    ("a_policy_of_what_is_wrong_is_refused_at_its_line", of_what_is_wrong),
];

const ALL: &str = r#"
data "databricks_aws_assume_role_policy" "this" {
  external_id = "abc-123"
}

data "databricks_aws_bucket_policy" "this" {
  bucket                   = "acme-root"
  databricks_e2_account_id = "abc-123"
}

data "databricks_aws_crossaccount_policy" "this" {
  pass_roles = ["arn:aws:iam::123456789012:role/data-access"]
}

data "databricks_aws_unity_catalog_assume_role_policy" "this" {
  aws_account_id = "123456789012"
  role_name      = "catalog"
  external_id    = "abc-123"
}

data "databricks_aws_unity_catalog_policy" "this" {
  aws_account_id = "123456789012"
  bucket_name    = "acme-data"
  role_name      = "catalog"
  kms_name       = "arn:aws:kms:eu-west-1:123456789012:key/k"
}

output "same" {
  value = {
    assume_role = data.databricks_aws_assume_role_policy.this.json == provider::databricks::aws_assume_role_policy("abc-123")
    bucket      = data.databricks_aws_bucket_policy.this.json == provider::databricks::aws_bucket_policy("acme-root", "abc-123")
    crossaccount = data.databricks_aws_crossaccount_policy.this.json == provider::databricks::aws_crossaccount_policy("managed", {
      pass_roles = ["arn:aws:iam::123456789012:role/data-access"]
    })
    trust = data.databricks_aws_unity_catalog_assume_role_policy.this.json == provider::databricks::aws_unity_catalog_assume_role_policy("123456789012", "catalog", "abc-123")
    catalog = data.databricks_aws_unity_catalog_policy.this.json == provider::databricks::aws_unity_catalog_policy("123456789012", "acme-data", "catalog", {
      kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/k"
    })
  }
}
"#;

fn output(bench: &Bench, name: &str) -> Value {
    serde_json::from_str(&bench.run(&["output", "-json", name]).succeeded().stdout).unwrap()
}

fn without_configuration() {
    let bench = Bench::new(&BTreeMap::new());
    bench.write(ALL);
    bench.apply();
    let same = output(&bench, "same");
    let documents = same.as_object().unwrap();
    assert!(documents.len() == 5 && documents.values().all(|one| one == true), "{same}");
    bench.plan_is_empty("after the apply");
}

fn of_what_is_unknown() {
    let bench = Bench::new(&BTreeMap::new());
    bench.write(
        r#"
resource "terraform_data" "later" {
  input = "acme-root"
}

provider "databricks" {
  host  = "https://${terraform_data.later.output}.cloud.databricks.com"
  token = terraform_data.later.output
}

data "databricks_aws_bucket_policy" "this" {
  bucket = terraform_data.later.output
}

output "id" {
  value = data.databricks_aws_bucket_policy.this.id
}
"#,
    );
    bench.apply();
    assert_eq!(output(&bench, "id"), "acme-root");
    bench.plan_is_empty("after the apply");
}

fn of_what_is_wrong() {
    let bench = Bench::new(&BTreeMap::new());
    bench.write(
        r#"
data "databricks_aws_bucket_policy" "this" {
  bucket           = "acme-root"
  full_access_role = "not an arn"
}
"#,
    );
    let said = bench.run(&["validate", "-no-color"]).failed();
    assert!(said.contains("which is no ARN") && said.contains("main.tf line 4"), "{said}");
}
