//! Objects of hashicorp/aws that `moved` blocks bring to `databricks_aws_*`: nothing is planned for any of them.
//!
//! `provider/tests/hashicorp` has a configuration of all kinds and its state twice, as hashicorp/aws 5.100 wrote it: right after the
//! apply, and after a refresh. Beside what the configuration has, the objects had rules, policies and versions by resources of
//! their own (`aws_s3_bucket_policy`, say), which stay with hashicorp/aws.

use std::fmt::Write as _;

use crate::Env;
use crate::bench::Bench;
use crate::cloud::root;

pub const TESTS: &[(&str, fn())] = &[("objects_of_hashicorp_aws_are_moved_and_nothing_is_planned", moved)];

fn moved() {
    let folder = root().join("provider/tests/hashicorp");
    let theirs = std::fs::read_to_string(folder.join("main.tf")).unwrap();
    let resources = theirs.find("resource \"").unwrap();
    let mut ours = theirs[resources..].replace("\"aws_", "\"databricks_aws_").replace("aws_", "databricks_aws_");
    ours = ours.replace("databricks_databricks_", "databricks_");
    for line in theirs.lines().filter(|line| line.starts_with("resource ")) {
        let mut words = line.split('"').skip(1).step_by(2);
        let (kind, name) = (words.next().unwrap(), words.next().unwrap());
        writeln!(ours, "\nmoved {{\n  from = {kind}.{name}\n  to   = databricks_{kind}.{name}\n}}").unwrap();
    }
    for state in ["fresh", "refreshed"] {
        let mut env = Env::new();
        env.insert("AWS_REGION".into(), "eu-west-1".into());
        let bench = Bench::new(&env);
        bench.write(&ours);
        std::fs::copy(folder.join(format!("{state}.tfstate.json")), bench.dir.path().join("terraform.tfstate"))
            .unwrap();
        // Terraform wants the provider of what the state has, although all of it moves on: any will do.
        bench.also("hashicorp/aws", "terraform-provider-aws");
        assert_eq!(bench.plan(&["-refresh=false"]), [], "{state} state");
    }
}
