//! Configurations that Terraform generates from what is there (`-generate-config-out`).

use terraform_provider_databricks::Databricks;
use tfplugin::Provider;

use crate::bench::Bench;
use crate::cloud::Cloud;
use crate::contract::importable;

pub const TESTS: &[(&str, fn())] =
    &[("what_terraform_generates_from_an_aws_object_plans_nothing", what_terraform_generates)];

/// The example of every importable kind of AWS, with all that stands beside it.
fn what_terraform_generates() {
    let cloud = Cloud::start();
    let kinds = Databricks::registry().resources().filter(|entry| entry.name.starts_with("databricks_aws_"));
    for entry in kinds.filter(|entry| entry.import_id.is_some()) {
        let here = Bench::new(&cloud.account);
        here.write(entry.example);
        here.apply();
        let there = Bench::new(&cloud.account);
        let blocks: String = here
            .resources()
            .iter()
            .filter(|(_, kind, _)| importable(kind))
            .map(|(address, _, values)| format!("import {{\n  to = {address}\n  id = {}\n}}\n", values["id"]))
            .collect();
        there.write(&blocks);
        let changes = there.plan(&["-generate-config-out=generated.tf"]);
        let generated = std::fs::read_to_string(there.dir.path().join("generated.tf")).unwrap();
        assert_eq!(changes, [], "{generated}");
        here.destroy(&[]);
    }
    cloud.stop();
}
