//! Objects of hashicorp/aws that `moved` blocks bring to `databricks_aws_*`: nothing is planned for any of them.
//!
//! `provider/tests/hashicorp` has a configuration of all kinds and its state twice, as hashicorp/aws 5.100 wrote it: right after the
//! apply, and after a refresh; here both come in all their variations. Beside what the configuration has, the objects had rules,
//! policies and versions by resources of their own (`aws_s3_bucket_policy`, say), which stay with hashicorp/aws.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use terraform_provider_databricks::Databricks;
use tfplugin::Provider;

use crate::Env;
use crate::bench::Bench;
use crate::cloud::root;
use crate::official::shape;
use crate::taken_over::variations::VARIATIONS;
use crate::taken_over::{self, State, blocks};

pub const TESTS: &[(&str, fn())] = &[
    ("objects_of_hashicorp_aws_are_moved_and_nothing_is_planned", moved),
    ("an_older_state_is_brought_to_the_present_shape_when_it_moves", older),
];

/// A workspace as the official provider stored it in version 2, when its key had another name.
fn older() {
    let text =
        std::fs::read_to_string(root().join("provider/tests/official/states/mws_workspaces.tfstate.json")).unwrap();
    let mut state: Value = serde_json::from_str(&text).unwrap();
    let resources = state["resources"].as_array_mut().unwrap();
    resources.retain(|resource| resource["type"] == "databricks_mws_workspaces");
    let instance = &mut resources[0]["instances"][0];
    instance["schema_version"] = 2.into();
    instance["dependencies"] = serde_json::json!([]);
    instance["attributes"]["customer_managed_key_id"] = "10000000-0000-4000-8000-0000000000ff".into();
    instance["attributes"]["managed_services_customer_managed_key_id"] = Value::Null;
    let (name, of) =
        (resources[0]["name"].as_str().unwrap().to_owned(), resources[0]["instances"][0]["attributes"].clone());
    let mut configuration = "resource \"databricks_mws_workspaces\" \"moved\" {\n".to_owned();
    writeln!(configuration, "  managed_services_customer_managed_key_id = \"10000000-0000-4000-8000-0000000000ff\"")
        .unwrap();
    for attribute in [
        "account_id",
        "workspace_name",
        "aws_region",
        "credentials_id",
        "storage_configuration_id",
        "network_id",
        "deployment_name",
    ] {
        if let Some(value) = of[attribute].as_str().filter(|value| !value.is_empty()) {
            writeln!(configuration, "  {attribute} = \"{value}\"").unwrap();
        }
    }
    writeln!(
        configuration,
        "}}\nmoved {{\n  from = databricks_mws_workspaces.{name}\n  to   = databricks_mws_workspaces.moved\n}}"
    )
    .unwrap();
    let env = Env::from([
        ("DATABRICKS_HOST".into(), "https://accounts.cloud.databricks.com".into()),
        ("DATABRICKS_ACCOUNT_ID".into(), of["account_id"].as_str().unwrap().into()),
        ("DATABRICKS_CLIENT_ID".into(), "00000000-0000-4000-8000-0000000000c1".into()),
        ("DATABRICKS_CLIENT_SECRET".into(), "not-a-secret".into()),
    ]);
    let bench = Bench::new(&env);
    bench.write(&configuration);
    std::fs::write(bench.dir.path().join("terraform.tfstate"), state.to_string()).unwrap();
    let changes = bench.shown_plan(&["-refresh=false"])["resource_changes"].clone();
    let change = &changes[0]["change"];
    assert_eq!(change["after"]["managed_services_customer_managed_key_id"], "10000000-0000-4000-8000-0000000000ff");
    // Terraform forgets which values are sensitive when an object moves, and may show an update without a change.
    assert_eq!(change["before"], change["after"], "{change:#}");
}

fn moved() {
    let folder = root().join("provider/tests/hashicorp");
    let theirs = std::fs::read_to_string(folder.join("main.tf")).unwrap();
    let theirs = &theirs[theirs.find("resource \"").unwrap()..];
    let mut ours = theirs.replace("\"aws_", "\"databricks_aws_").replace("aws_", "databricks_aws_");
    ours = ours.replace("databricks_databricks_", "databricks_");
    for (kind, name) in blocks(theirs, "resource") {
        writeln!(ours, "\nmoved {{\n  from = {kind}.{name}\n  to   = databricks_{kind}.{name}\n}}").unwrap();
    }
    let states: Vec<State> = ["fresh", "refreshed"]
        .iter()
        .map(|name| {
            let text = std::fs::read_to_string(folder.join(format!("{name}.tfstate.json"))).unwrap();
            let mut state: Value = serde_json::from_str(&text).unwrap();
            let mut resources: Vec<Value> = std::mem::take(state["resources"].as_array_mut().unwrap());
            resources.retain(|resource| resource["mode"] == "managed");
            State {
                name: (*name).to_owned(),
                configuration: ours.clone(),
                files: Vec::new(),
                resources,
                types: types(),
                workspace_id: None,
                plans: false,
                notes: false,
            }
        })
        .collect();
    let mut env = Env::new();
    env.insert("AWS_REGION".into(), "eu-west-1".into());
    let bench = Bench::new(&env);
    // Terraform wants the provider of what the state has, although all of it moves on: any will do.
    bench.also("hashicorp/aws", "terraform-provider-aws");
    taken_over::modules(&bench, &states, VARIATIONS.len());
    taken_over::varied(&bench, &states, |_, resource| resource);
    let problems = taken_over::problems(&bench, &states, &["-refresh=false"], true);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The types of what may stand otherwise in their states: not what they alone compute (`tags_all` is `{}` where there are none), nor 0
/// and false where neither means the default.
fn types() -> BTreeMap<String, BTreeMap<String, String>> {
    let ours = Databricks::registry().resources();
    ours.filter_map(|entry| {
        let theirs = entry.name.strip_prefix("databricks_").filter(|name| name.starts_with("aws_"))?;
        let rows = shape::rows(&(entry.schema)().body);
        let varies = |row: &shape::Row| {
            row.mode != "computed" && (row.default.is_empty() || !["bool", "number"].contains(&row.of.as_str()))
        };
        let rows = rows.into_iter().filter(|(_, row)| varies(row));
        Some((theirs.to_owned(), rows.map(|(path, row)| (path, row.of)).collect()))
    })
    .collect()
}
