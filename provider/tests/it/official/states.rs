//! States that the official provider wrote, taken over by ours: whatever way they come, the plan is empty, without a refresh and
//! with one.
//!
//! Three ways: `terraform state replace-provider`, the same local name with our source, and `moved` to another name. Every
//! state comes in all its variations. What a state has of kinds that are not served yet is left out, with its value in the
//! place of each reference to it, and joins by itself when the kind is registered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use terraform_provider_databricks::Databricks;
use tfplugin::Provider;

use super::refreshed::Objects;
use super::{file, rows};
use crate::Env;
use crate::bench::Bench;
use crate::cloud::Shared;
use crate::taken_over::{self, State, blocks, renamed};

const OFFICIAL: &str = "registry.terraform.io/databricks/databricks";
const OURS: &str = "registry.terraform.io/databricks-aws/databricks";

/// The account of all states.
pub const ACCOUNT: &str = "00000000-0000-4000-8000-000000000001";
/// The workspace of those that are of one.
pub const WORKSPACE: &str = "1234567890123456";

/// Files that configurations of the corpus read.
const FILES: [&str; 3] = ["app.json", "first.sh", "report.sql"];

/// States whose configurations change the object, for which a provider that reaches nobody cannot ask.
const CHANGES: [&str; 1] = ["ip_access_list-more"];

/// The part of the corpus whose objects one provider block reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Account,
    Workspace,
}

/// How a state comes to us.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    ReplaceProvider,
    Source,
    Moved,
}

const WAYS: [Way; 3] = [Way::ReplaceProvider, Way::Source, Way::Moved];

/// A test for each level and way, one for each level with objects to refresh from, and one that the states are there.
/// The clouds are used by nothing else: their account is that of the states.
pub fn trials(clouds: &[Arc<Shared>; 2]) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (level, cloud) in [Level::Account, Level::Workspace].into_iter().zip(clouds) {
        let of = format!("{level:?}").to_lowercase();
        for way in WAYS {
            trials.push(Trial::test(format!("official_states_of_the_{of}_plan_nothing_by_{way:?}"), move || {
                let (bench, mut states) = (Bench::new(&environment(level)), corpus(level));
                states.retain(|state| !CHANGES.contains(&state.name.as_str()));
                verdict(&planned(&bench, &states, way, &["-refresh=false"], |_, resource| resource))
            }));
        }
        let cloud = Arc::clone(cloud);
        trials.push(Trial::test(format!("official_states_of_the_{of}_plan_nothing_with_a_refresh"), move || {
            let states = Objects::of(corpus(level));
            let objects = Objects::make(cloud.of_account(ACCOUNT), level, &states);
            let mut problems = Vec::new();
            for way in WAYS {
                let bench = Bench::new(objects.env());
                let states = objects.states(&states);
                problems.extend(planned(&bench, &states, way, &[], |state, resource| objects.found(state, resource)));
            }
            objects.destroy();
            verdict(&problems)
        }));
    }
    trials.push(Trial::test("there_are_official_states_of_our_kinds", move || {
        let count = corpus(Level::Account).len() + corpus(Level::Workspace).len();
        assert!(count >= 30, "only {count} states have objects of kinds that we serve");
        Ok(())
    }));
    trials
}

fn verdict(problems: &[String]) -> Result<(), Failed> {
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

/// What is planned for states that come in this way. `changed` has the last word on what the state file has.
fn planned(
    bench: &Bench,
    states: &[State],
    way: Way,
    arguments: &[&str],
    changed: impl Fn(&State, Value) -> Value,
) -> Vec<String> {
    let states: Vec<State> = match way {
        Way::Moved => states.iter().map(|state| State { configuration: moved(state), ..state.clone() }).collect(),
        _ => states.to_vec(),
    };
    taken_over::modules(bench, &states, taken_over::variations::VARIATIONS.len());
    taken_over::varied(bench, &states, |state, resource| {
        let mut resource = changed(state, resource);
        if way == Way::ReplaceProvider {
            resource["provider"] = resource["provider"].as_str().unwrap().replace(OFFICIAL, OURS).into();
        }
        resource
    });
    let problems = taken_over::problems(bench, &states, arguments, way == Way::Moved);
    problems.iter().map(|problem| format!("by {way:?}: {problem}")).collect()
}

/// The states of a level that have objects of kinds that we serve, and of each what is of these kinds.
fn corpus(level: Level) -> Vec<State> {
    let registry = Databricks::registry();
    let served: BTreeSet<&str> = registry.resources().map(|entry| entry.name).collect();
    let mut types: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut noted = BTreeSet::new();
    for row in rows("schemas.tsv").into_iter().filter(|row| row[0] == "resource") {
        if row[9] == "sensitive" && row.iter().any(|cell| cell.contains("new by")) {
            noted.insert(format!("databricks_{}", row[1]));
        }
        types.entry(format!("databricks_{}", row[1])).or_default().insert(row[2].clone(), row[3].clone());
    }
    let of_level = |row: &Vec<String>| (row[1] == "a") == (level == Level::Account);
    rows("states.tsv")
        .iter()
        .filter(|row| of_level(row))
        .filter_map(|row| read(row, level, &served, &types, &noted))
        .collect()
}

fn read(
    row: &[String],
    level: Level,
    served: &BTreeSet<&str>,
    types: &BTreeMap<String, BTreeMap<String, String>>,
    noted: &BTreeSet<String>,
) -> Option<State> {
    let [name, _, _, second_plan] = row else { panic!("states.tsv: {row:?}") };
    let read = |end: &str| std::fs::read_to_string(file(&format!("states/{name}.{end}"))).unwrap();
    let state: Value = serde_json::from_str(&read("tfstate.json")).unwrap();
    let is_ours = |of: &Value| of["mode"] == "managed" && served.contains(of["type"].as_str().unwrap());
    let (ours, others): (Vec<Value>, Vec<Value>) = state["resources"].as_array()?.iter().cloned().partition(is_ours);
    if ours.is_empty() {
        return None;
    }
    let is_noted = |of: &Value| noted.contains(of["type"].as_str().unwrap());
    let notes = ours.iter().any(is_noted);
    let configuration = others.iter().fold(read("tf"), |text, other| left_out(&text, other));
    Some(State {
        name: name.clone(),
        files: FILES
            .iter()
            .filter(|name| configuration.contains(**name))
            .map(|name| file(&format!("states/{name}")))
            .collect(),
        configuration,
        resources: ours,
        types: types.clone(),
        workspace_id: (level == Level::Workspace).then(|| WORKSPACE.to_owned()),
        plans: second_plan != "empty",
        notes,
    })
}

/// The configuration without the block of an object, and with the object's values instead of references to it.
fn left_out(configuration: &str, object: &Value) -> String {
    let text = |name: &str| object[name].as_str().unwrap();
    let (word, prefix) = if text("mode") == "data" { ("data", "data.") } else { ("resource", "") };
    let head = format!("{word} \"{}\" \"{}\" {{", text("type"), text("name"));
    let mut inside = false;
    let mut kept = String::new();
    for line in configuration.lines() {
        inside |= line.starts_with(&head);
        if !inside {
            kept.push_str(line);
            kept.push('\n');
        }
        // `terraform fmt` has written it: what closes a block stands at the left.
        inside &= line != "}" && !(line.starts_with(&head) && line.ends_with('}'));
    }
    let attributes = object["instances"][0]["attributes"].as_object().unwrap();
    attributes.iter().filter(|(_, value)| !value.is_object() && !value.is_array()).fold(kept, |text, (name, value)| {
        let from = format!("{prefix}{}.{}.{name}", object["type"].as_str().unwrap(), object["name"].as_str().unwrap());
        renamed(&text, &from, &value.to_string())
    })
}

/// The configuration with every resource under another name, and the blocks that say so.
fn moved(state: &State) -> String {
    let mut text = state.configuration.clone();
    for (kind, name) in blocks(&state.configuration, "resource") {
        let new = format!("{name}_taken_over");
        text = text.replace(&format!("resource \"{kind}\" \"{name}\""), &format!("resource \"{kind}\" \"{new}\""));
        text = renamed(&text, &format!("{kind}.{name}"), &format!("{kind}.{new}"));
        text.push_str(&format!("\nmoved {{\n  from = {kind}.{name}\n  to   = {kind}.{new}\n}}\n"));
    }
    text
}

/// Whatever the states' provider blocks said, for a provider that is never to ask anybody.
fn environment(level: Level) -> Env {
    let pairs: &[(&str, &str)] = match level {
        Level::Account => &[
            ("DATABRICKS_HOST", "https://accounts.cloud.databricks.com"),
            ("DATABRICKS_ACCOUNT_ID", ACCOUNT),
            ("DATABRICKS_CLIENT_ID", "00000000-0000-4000-8000-0000000000c1"),
            ("DATABRICKS_CLIENT_SECRET", "not-a-secret"),
        ],
        Level::Workspace => {
            &[("DATABRICKS_HOST", "https://example.cloud.databricks.com"), ("DATABRICKS_TOKEN", "not-a-token")]
        }
    };
    let mut env: Env = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    env.insert("AWS_REGION".into(), "eu-west-1".into());
    env
}
