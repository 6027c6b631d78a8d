//! What a configuration leaves out is nobody's: an update that is planned from an old state does not put it back.
//!
//! Two directories have the same objects. One says nothing of a group's rules, a role's policies, a bucket's versions and rules and a key's
//! policy; the other one manages them, and changes them after the first has refreshed its state.

use crate::Test;
use crate::bench::Bench;
use crate::cloud::Cloud;

pub const TESTS: &[Test] = &[("what_a_configuration_leaves_out_is_not_put_back", is_not_put_back)];

/// The objects, with tags of that name; `{group}`, `{role}`, `{bucket}` and `{key}` are what stands in them.
const OBJECTS: &str = r#"
resource "databricks_aws_vpc" "one" {
  cidr_block = "10.77.0.0/24"
}

resource "databricks_aws_security_group" "one" {
  name   = "left-out"
  vpc_id = databricks_aws_vpc.one.id
  tags   = { Name = "{tag}" }
  {group}
}

resource "databricks_aws_iam_role" "one" {
  name               = "left-out"
  assume_role_policy = provider::databricks::aws_assume_role_policy("00000000-0000-0000-0000-000000000000")
  tags               = { Name = "{tag}" }
  {role}
}

resource "databricks_aws_s3_bucket" "one" {
  bucket = "left-out-one"
  tags   = { Name = "{tag}" }
  {bucket}
}

resource "databricks_aws_kms_key" "one" {
  description = "left out"
  tags        = { Name = "{tag}" }
  {key}
}
"#;

fn objects(tag: &str, inside: [String; 4]) -> String {
    let [group, role, bucket, key] = inside;
    let text = OBJECTS.replace("{tag}", tag).replace("{group}", &group).replace("{role}", &role);
    text.replace("{bucket}", &bucket).replace("{key}", &key)
}

fn managed(tag: &str, port: u16, policy: &str, versioning: bool) -> String {
    let statement = |action: &str| {
        format!(
            "jsonencode({{ Version = \"2012-10-17\", Statement = [{{ Sid = \"{policy}\", Effect = \"Allow\", Action = \"{action}\", \
             Resource = \"*\"{} }}] }})",
            if action == "kms:*" { ", Principal = { AWS = \"*\" }" } else { "" }
        )
    };
    objects(
        tag,
        [
            format!(
                "ingress {{\n from_port = {port}\n to_port = {port}\n protocol = \"tcp\"\n cidr_blocks = [\"10.0.0.0/8\"]\n }}"
            ),
            format!("inline_policy {{\n name = \"{policy}\"\n policy = {}\n }}", statement("s3:ListBucket")),
            format!(
                "versioning {{\n enabled = {versioning}\n }}\n lifecycle_rule {{\n id = \"{policy}\"\n status = \"Enabled\"\n expiration \
                 {{\n days = {port}\n }}\n }}"
            ),
            format!("policy = {}", statement("kms:*")),
        ],
    )
}

fn is_not_put_back(cloud: &Cloud) {
    let here = Bench::new(&cloud.account);
    here.write(&objects("one", Default::default()));
    here.apply();
    let other = Bench::new(&cloud.account);
    std::fs::copy(here.dir.path().join("terraform.tfstate"), other.dir.path().join("terraform.tfstate")).unwrap();
    other.write(&managed("one", 443, "First", true));
    other.apply();
    // Now the state has what the configuration has not.
    here.apply();
    other.write(&managed("two", 8443, "Second", false));
    other.apply();
    here.write(&objects("two", Default::default()));
    here.run(&["apply", "-auto-approve", "-no-color", "-input=false", "-refresh=false"]).succeeded();
    other.plan_is_empty("after an update that leaves it out");
    here.plan_is_empty("after the update");
    here.destroy(&[]);
}
