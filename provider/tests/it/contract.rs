//! The contract that every resource keeps, through real terraform, driven by the registry: create, empty plan (with and
//! without refresh), import with verify, update in place, changed outside, removed outside, forced replacement, destroy.
//!
//! "Outside" is a second directory that has imported the same objects (or, of a kind that cannot be imported, has a copy of
//! the state) and changes or removes them.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::Value;
use terraform_provider_databricks::Databricks;
use terraform_provider_databricks::context::Context;
use tfplugin::{Provider, Removal, ResourceEntry};

use crate::Env;
use crate::bench::{Bench, Change};
use crate::cloud::{Cloud, Shared};

/// A resource's line in the registry, and what reaches the cloud that it is made in.
pub struct Case {
    pub entry: &'static ResourceEntry<Context>,
    pub env: Env,
}

/// One test for each resource of the registry, at each level that it exists at.
pub fn trials(shared: &Arc<Shared>) -> Vec<Trial> {
    let resources = Databricks::registry().resources();
    let trial = |entry: &'static ResourceEntry<Context>| {
        let shared = Arc::clone(shared);
        Trial::test(format!("the_contract_holds_for_{}", entry.name), move || {
            let cloud = shared.cloud();
            for (_, env) in levels(cloud, entry.name) {
                cloud.alone(entry.name, || holds(&Case { entry, env }));
            }
            Ok(())
        })
    };
    resources.map(trial).collect()
}

/// The levels that a resource, data source or ephemeral resource exists at, each with the environment that reaches it.
pub fn levels(cloud: &Cloud, name: &str) -> Vec<(&'static str, Env)> {
    let registry = Databricks::registry();
    let levels = registry.resources().map(|entry| (entry.name, entry.level));
    let levels = levels.chain(registry.data_sources().map(|entry| (entry.name, entry.level)));
    let mut levels = levels.chain(registry.ephemerals().map(|entry| (entry.name, entry.level)));
    let level = levels.find(|(known, _)| *known == name).map_or("none", |(_, level)| level);
    match level {
        "aws" | "account" | "none" => vec![("account", cloud.account.clone())],
        "workspace" => vec![("workspace", cloud.workspace().clone())],
        "either" => vec![("account", cloud.account.clone()), ("workspace", cloud.workspace().clone())],
        level => panic!("{name}: no environment for the level {level:?}"),
    }
}

/// Whether objects of a type can be imported, so that a second directory can take over what an example stands on.
pub fn importable(kind: &str) -> bool {
    Databricks::registry().resources().any(|entry| entry.name == kind && entry.import_id.is_some())
}

fn edited(example: &str, edit: (&str, &str)) -> String {
    assert!(example.contains(edit.0), "the example has no {:?} to edit", edit.0);
    example.replacen(edit.0, edit.1, 1)
}

fn actions(changes: &[Change], address: &str) -> Vec<String> {
    changes.iter().find(|change| change.address == address).map(|change| change.actions.clone()).unwrap_or_default()
}

/// Runs the whole contract.
pub fn holds(case: &Case) {
    let address = format!("{}.example", case.entry.name);
    let here = Bench::new(&case.env);
    here.write(case.entry.example);
    here.apply();
    here.plan_is_empty("after the create");
    let mut configuration = case.entry.example.to_owned();

    let outside = if case.entry.import_id.is_some() { imported(case, &here, &address) } else { copied(case, &here) };
    if let Some(edit) = case.entry.example_update {
        configuration = updates_in_place(&here, case, edit, &address);
        // What the service does not have (when to rotate, what a destroy runs) nobody else can change.
        let unknown_to_it = case.entry.import_ignores();
        let is_told = |(name, is_updated): &(String, bool)| *is_updated && !unknown_to_it.contains(name);
        if case.entry.import_id.is_some() || configured(case.entry).iter().any(is_told) {
            changed_outside(&here, &outside, case, &address);
        }
    }
    outside.destroy(&["-target", &address]);
    removed_outside(&here, case, &address);

    if let Some(edit) = case.entry.example_replace {
        here.write(&edited(&configuration, edit));
        let changes = here.plan(&[]);
        assert_eq!(actions(&changes, &address), ["delete", "create"], "replacement: {changes:?}");
        here.apply();
        here.plan_is_empty("after the replacement");
    }
    here.destroy(&[]);
    assert_eq!(here.resources().len(), 0, "after the destroy");
}

/// A second directory that has imported everything of the first. What was imported is as it was made, before the apply that
/// follows could mend it.
fn imported(case: &Case, here: &Bench, address: &str) -> Bench {
    let outside = Bench::new(&case.env);
    let mut configuration = case.entry.example.to_owned();
    for (address, kind, attributes) in here.resources() {
        if importable(&kind) {
            let id = attributes["id"].as_str().unwrap_or_else(|| panic!("{address} has an id"));
            configuration.push_str(&format!("\nimport {{\n  to = {address}\n  id = \"{id}\"\n}}\n"));
        }
    }
    outside.write(&configuration);
    verify_import(case, &here.attributes(address), &outside.before(address), address);
    outside.apply();
    outside
}

/// A second directory with a copy of the first one's state.
fn copied(case: &Case, here: &Bench) -> Bench {
    let outside = Bench::new(&case.env);
    outside.write(case.entry.example);
    std::fs::copy(here.dir.path().join("terraform.tfstate"), outside.dir.path().join("terraform.tfstate")).unwrap();
    outside
}

fn verify_import(case: &Case, ours: &Value, theirs: &Value, address: &str) {
    let names: Vec<&String> = ours.as_object().unwrap().keys().collect();
    let ignored = case.entry.import_ignores();
    for name in names.into_iter().filter(|name| !ignored.contains(name) && *name != "timeouts") {
        assert_eq!(sorted(&theirs[name]), sorted(&ours[name]), "{address}: attribute {name} after an import");
    }
}

/// A value with its arrays sorted: the order of a set says nothing.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(elements) => {
            let mut elements: Vec<Value> = elements.iter().map(sorted).collect();
            elements.sort_by_key(Value::to_string);
            Value::Array(elements)
        }
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), sorted(value))).collect(),
        other => other.clone(),
    }
}

/// The attributes and blocks that a resource's example sets, each with whether the example of an update changes it.
pub fn configured(entry: &ResourceEntry<Context>) -> Vec<(String, bool)> {
    let block = |text: &str| -> Vec<String> {
        let head = format!("resource \"{}\" \"example\" {{", entry.name);
        let block = text.split_once(&head).expect("an example").1;
        block.lines().skip(1).take_while(|line| *line != "}").map(str::to_owned).collect()
    };
    let own = block(entry.example);
    let updated = entry.example_update.map(|(old, new)| block(&entry.example.replacen(old, new, 1)));
    let mut found: Vec<(String, bool)> = Vec::new();
    for (index, line) in own.iter().enumerate() {
        let name = line.strip_prefix("  ").filter(|line| line.starts_with(char::is_alphabetic));
        if let Some(name) = name.and_then(|line| line.split_whitespace().next()) {
            found.push((name.to_owned(), false));
        }
        let differs = updated.as_ref().is_some_and(|updated| updated.get(index) != Some(line));
        if let (true, Some(last)) = (differs && !found.iter().any(|(_, is_updated)| *is_updated), found.last_mut()) {
            last.1 = true;
        }
    }
    found.retain(|(name, _)| !matches!(name.as_str(), "depends_on" | "lifecycle" | "timeouts"));
    // Of blocks that repeat, any may be the one that is changed.
    found.dedup_by(|later, kept| {
        let is_same = later.0 == kept.0;
        kept.1 |= is_same && later.1;
        is_same
    });
    found
}

fn updates_in_place(here: &Bench, case: &Case, edit: (&str, &str), address: &str) -> String {
    let before = here.attributes(address);
    let configuration = edited(case.entry.example, edit);
    here.write(&configuration);
    let changes = here.plan(&[]);
    assert_eq!(actions(&changes, address), ["update"], "update in place: {changes:?}");
    here.apply();
    here.plan_is_empty("after the update");
    // AWS gives a changed association another id; the plan says so.
    let keeps_id = !changes.iter().any(|change| change.address == address && change.id_is_unknown);
    if keeps_id {
        assert_eq!(here.attributes(address)["id"], before["id"], "{address} is the same object after an update");
    }
    configuration
}

/// The next apply makes it again, or takes the removal back where the service keeps what is removed.
fn removed_outside(here: &Bench, case: &Case, address: &str) {
    let changes = here.plan(&[]);
    match case.entry.removal {
        Removal::Gone => assert_eq!(actions(&changes, address), ["create"], "removed outside: {changes:?}"),
        Removal::Reversible => assert_eq!(actions(&changes, address), ["update"], "removed outside: {changes:?}"),
        Removal::History => assert_eq!(actions(&changes, address), [""; 0], "removed outside: {changes:?}"),
        // A setting's destroy puts back what was before: nothing to be seen, or a change to take back.
        Removal::Setting => assert!(actions(&changes, address).len() < 2, "removed outside: {changes:?}"),
    }
    here.apply();
    here.plan_is_empty("after it was removed outside and made again");
}

/// The second directory still has the first configuration: applying it changes the object behind the first one's back.
fn changed_outside(here: &Bench, outside: &Bench, case: &Case, address: &str) {
    outside.apply();
    let changes = here.plan(&[]);
    assert_eq!(actions(&changes, address), ["update"], "{} was changed outside: {changes:?}", case.entry.name);
    here.apply();
    here.plan_is_empty("after the outside change was taken back");
}
