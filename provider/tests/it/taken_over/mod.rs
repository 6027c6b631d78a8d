//! States of other providers that ours takes over: many in one run of terraform, each in all its variations.
//!
//! A run of terraform costs a second, whatever it plans. So each state is a module with its own configuration, and each of its
//! variations an instance of that module: `module.cluster-more[3]`.

pub mod variations;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::bench::Bench;
use variations::{Subject, VARIATIONS};

/// A state of another provider, with its configuration for ours.
#[derive(Debug, Clone)]
pub struct State {
    /// Its name, which a module can have.
    pub name: String,
    /// Without provider blocks.
    pub configuration: String,
    /// Files that it reads.
    pub files: Vec<PathBuf>,
    /// `resources` of the state file.
    pub resources: Vec<Value>,
    /// What its kinds have: the type of each path, in the words of the official table.
    pub types: BTreeMap<String, BTreeMap<String, String>>,
    /// The workspace that its objects stand in, for states that have objects of a workspace.
    pub workspace_id: Option<String>,
    /// Whether its own provider plans something for it.
    pub plans: bool,
    /// Whether its own provider has got sensitive attributes since, which Terraform notes anew, and shows as an update without a change.
    pub notes: bool,
}

/// Writes the configurations as modules, each with `count` instances.
pub fn modules(bench: &Bench, states: &[State], count: usize) {
    let mut root = String::new();
    for State { name, configuration, files, .. } in states {
        let folder = bench.dir.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        writeln!(root, "module \"{name}\" {{\n  source = \"./{name}\"\n  count  = {count}\n}}\n").unwrap();
        std::fs::write(folder.join("main.tf"), configuration).unwrap();
        for file in files {
            std::fs::copy(file, folder.join(file.file_name().unwrap())).unwrap();
        }
    }
    bench.write(&root);
    for State { name, .. } in states {
        std::fs::copy(bench.dir.path().join("required.tf"), bench.dir.path().join(name).join("required.tf")).unwrap();
    }
    bench.run(&["get", "-no-color"]).succeeded();
}

/// Writes a state file that has every state in every variation; `changed` has the last word on each resource.
pub fn varied(bench: &Bench, states: &[State], changed: impl Fn(&State, Value) -> Value) {
    let mut resources = Vec::new();
    for state in states {
        for (at, variation) in VARIATIONS.iter().enumerate() {
            for resource in &state.resources {
                let mut resource = resource.clone();
                resource["module"] = json!(format!("module.{}[{at}]", state.name));
                let none = BTreeMap::new();
                let types = state.types.get(resource["type"].as_str().unwrap()).unwrap_or(&none);
                let subject =
                    Subject { types, configuration: &state.configuration, workspace_id: state.workspace_id.as_deref() };
                for instance in resource["instances"].as_array_mut().unwrap() {
                    instance.as_object_mut().unwrap().remove("dependencies");
                    (variation.apply)(&subject, instance);
                }
                resources.push(changed(state, resource));
            }
        }
    }
    let file = json!({
        "version": 4,
        "terraform_version": "1.11.4",
        "serial": 1,
        "lineage": "00000000-0000-4000-8000-0000000000ff",
        "outputs": {},
        "resources": resources,
    });
    std::fs::write(bench.dir.path().join("terraform.tfstate"), file.to_string()).unwrap();
}

/// Plans with these arguments: what is planned for any of the states, or why nothing can be. `moved`: objects come by
/// `moved` blocks, with which terraform forgets what was sensitive.
pub fn problems(bench: &Bench, states: &[State], arguments: &[&str], moved: bool) -> Vec<String> {
    let run = bench.run(&[&["plan", "-no-color", "-input=false", "-out=plan"], arguments].concat());
    if run.code != 0 {
        return vec![format!("terraform plan ended with {}\n{}", run.code, named(&run.stderr))];
    }
    let shown = bench.shown("plan");
    let instances = |state: &State| -> Vec<_> {
        let starts = VARIATIONS.iter().enumerate();
        starts
            .map(|(at, of)| (format!("module.{}[{at}].", state.name), (state.plans, moved || of.marks || state.notes)))
            .collect()
    };
    let expected: BTreeMap<String, (bool, bool)> = states.iter().flat_map(instances).collect();
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for resource in shown["resource_changes"].as_array().unwrap() {
        let address = resource["address"].as_str().unwrap();
        let own = expected.iter().find(|(start, _)| address.starts_with(start.as_str()));
        let (start, (plans, marks)) = own.unwrap_or_else(|| panic!("{address} is of no state"));
        seen.insert(start);
        let change = &resource["change"];
        if change["actions"] == json!(["no-op"]) || *plans || *marks && is_the_same(change) {
            continue;
        }
        problems.push(named(&format!("{address}: {} {}", change["actions"], differences(change))));
    }
    let unseen = expected.keys().filter(|start| !seen.contains(start));
    problems.extend(unseen.map(|start| format!("{start}: nothing of it is in the plan")));
    problems
}

/// Whether an object is after the plan what it was before: an update only of terraform's notes of what is sensitive.
fn is_the_same(change: &Value) -> bool {
    change["actions"] == json!(["update"])
        && change["before"] == change["after"]
        && !is_any_true(&change["after_unknown"])
}

fn is_any_true(value: &Value) -> bool {
    match value {
        Value::Bool(it) => *it,
        Value::Array(all) => all.iter().any(is_any_true),
        Value::Object(all) => all.values().any(is_any_true),
        _ => false,
    }
}

/// The attributes that a plan changes.
fn differences(change: &Value) -> String {
    let none = serde_json::Map::new();
    let members = |name: &str| change[name].as_object().unwrap_or(&none).clone();
    let (before, after, unknown) = (members("before"), members("after"), members("after_unknown"));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).chain(unknown.keys()).collect();
    let mut text = String::new();
    for name in names {
        let (old, new) = (before.get(name).unwrap_or(&Value::Null), after.get(name).unwrap_or(&Value::Null));
        if unknown.get(name).is_some_and(is_any_true) {
            write!(text, "\n    {name}: {old} becomes unknown").unwrap();
        } else if old != new {
            write!(text, "\n    {name}: {old} becomes {new}").unwrap();
        }
    }
    text
}

/// A text in which the instances of modules have the names of their variations beside their numbers.
fn named(text: &str) -> String {
    let mut text = text.to_owned();
    for (at, variation) in VARIATIONS.iter().enumerate() {
        text = text.replace(&format!("[{at}].databricks"), &format!("[{at}: {}].databricks", variation.name));
    }
    text
}

/// The type and the name of every block with such a head: `resource "databricks_token" "this" {`.
pub fn blocks(configuration: &str, head: &str) -> Vec<(String, String)> {
    let lines = configuration.lines().filter_map(|line| line.strip_prefix(head)?.strip_prefix(" \""));
    lines
        .filter_map(|rest| {
            let (kind, rest) = rest.split_once("\" \"")?;
            Some((kind.to_owned(), rest.split('"').next()?.to_owned()))
        })
        .collect()
}

/// `text` with the reference `from` as `to`, but not where it is the beginning or the end of a longer name.
pub fn renamed(text: &str, from: &str, to: &str) -> String {
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    let mut renamed = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, found) = rest.split_at(at);
        let after = &found[from.len()..];
        let goes_on = after.starts_with(is_name) || before.ends_with(|letter| is_name(letter) || letter == '.');
        renamed.push_str(before);
        renamed.push_str(if goes_on { from } else { to });
        rest = after;
    }
    renamed + rest
}
