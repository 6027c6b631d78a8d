//! States that the official provider wrote, taken over by ours: whatever way they come, the plan is empty.
//!
//! Three ways: `terraform state replace-provider`, the same local name with our source, and `moved` to another name. A
//! state of a kind that is not served yet is left out, and joins by itself when the kind is registered.

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use terraform_provider_databricks::Databricks;
use tfplugin::Provider;

use super::{file, rows};
use crate::Env;
use crate::bench::{Bench, Run};

const OFFICIAL: &str = "registry.terraform.io/databricks/databricks";
const OURS: &str = "registry.terraform.io/databricks-aws/databricks";

/// A state of the corpus.
#[derive(Debug, Clone)]
struct State {
    name: String,
    /// Whether it is of the account.
    account: bool,
    /// What the official provider itself plans, where that is not nothing.
    official_plans: bool,
    configuration: String,
    json: String,
}

/// How a state comes to us.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    ReplaceProvider,
    Source,
    Moved,
}

/// One test for each state of kinds that we serve, and one that they are there.
pub fn trials() -> Vec<Trial> {
    let states: Vec<State> = rows("states.tsv").iter().map(|row| read(row)).collect();
    let served: Vec<State> = states.into_iter().filter(is_served).collect();
    let count = served.len();
    let mut trials: Vec<Trial> = served
        .into_iter()
        .map(|state| {
            Trial::test(format!("an_official_state_plans_nothing_{}", state.name), move || {
                let found: Vec<String> = [Way::ReplaceProvider, Way::Source, Way::Moved]
                    .iter()
                    .filter_map(|way| problem(&state, *way))
                    .collect();
                if found.is_empty() { Ok(()) } else { Err(found.join("\n").into()) }
            })
        })
        .collect();
    trials.push(Trial::test("there_are_official_states_of_our_kinds", move || {
        assert!(count >= 10, "only {count} states are of kinds that we serve");
        Ok(())
    }));
    trials
}

fn read(row: &[String]) -> State {
    let [name, level, _, second_plan] = row else { panic!("states.tsv: {row:?}") };
    let read = |end: &str| std::fs::read_to_string(file(&format!("states/{name}.{end}"))).unwrap();
    State {
        name: name.clone(),
        account: level == "a",
        official_plans: second_plan != "empty",
        configuration: read("tf"),
        json: read("tfstate.json"),
    }
}

/// The type and the name of every block with such a head: `resource "databricks_token" "this" {`.
fn blocks(configuration: &str, head: &str) -> Vec<(String, String)> {
    let lines = configuration.lines().filter_map(|line| line.strip_prefix(head)?.strip_prefix(" \""));
    lines
        .filter_map(|rest| {
            let (kind, rest) = rest.split_once("\" \"")?;
            Some((kind.to_owned(), rest.split('"').next()?.to_owned()))
        })
        .collect()
}

fn is_served(state: &State) -> bool {
    let registry = Databricks::registry();
    let resources: BTreeSet<&str> = registry.resources().map(|entry| entry.name).collect();
    let data: BTreeSet<&str> = registry.data_sources().map(|entry| entry.name).collect();
    let serves = |known: &BTreeSet<&str>, head: &str| {
        let used = blocks(&state.configuration, head);
        used.iter().filter(|(kind, _)| kind.starts_with("databricks_")).all(|(kind, _)| known.contains(kind.as_str()))
    };
    serves(&resources, "resource") && serves(&data, "data")
}

fn problem(state: &State, way: Way) -> Option<String> {
    let bench = Bench::new(&environment(state.account));
    for name in ["app.json", "first.sh", "report.sql"] {
        std::fs::copy(file(&format!("states/{name}")), bench.dir.path().join(name)).unwrap();
    }
    let (configuration, json) = match way {
        Way::ReplaceProvider => (state.configuration.clone(), state.json.replace(OFFICIAL, OURS)),
        Way::Source => (state.configuration.clone(), state.json.clone()),
        Way::Moved => (moved(&state.configuration), state.json.clone()),
    };
    bench.write(&configuration);
    std::fs::write(bench.dir.path().join("terraform.tfstate"), json).unwrap();
    let run = bench.run(&["plan", "-refresh=false", "-detailed-exitcode", "-no-color", "-input=false", "-out=plan"]);
    let nothing = match run.code {
        0 => true,
        2 => state.official_plans || way == Way::Moved && only_moves(&bench),
        _ => false,
    };
    (!nothing).then(|| format!("{} by {way:?}:\n{}", state.name, said(&run)))
}

/// Whether every object of the plan is after it what it was before. Terraform itself forgets which values are sensitive
/// when an object moves between providers, and shows an update without a change where there is one.
fn only_moves(bench: &Bench) -> bool {
    let shown: Value = serde_json::from_str(&bench.run(&["show", "-json", "plan"]).succeeded().stdout).unwrap();
    let changes = shown["resource_changes"].as_array().unwrap();
    changes.iter().map(|one| &one["change"]).all(|change| {
        change["actions"] == json!(["no-op"])
            || change["actions"] == json!(["update"])
                && change["before"] == change["after"]
                && !is_any_true(&change["after_unknown"])
    })
}

fn is_any_true(value: &Value) -> bool {
    match value {
        Value::Bool(it) => *it,
        Value::Array(all) => all.iter().any(is_any_true),
        Value::Object(all) => all.values().any(is_any_true),
        _ => false,
    }
}

fn said(run: &Run) -> String {
    format!("exit {}\n{}\n{}", run.code, run.stdout, run.stderr)
}

/// The configuration with every resource under another name, and the blocks that say so.
fn moved(configuration: &str) -> String {
    let mut text = configuration.to_owned();
    for (kind, name) in blocks(configuration, "resource") {
        let new = format!("{name}_taken_over");
        text = text.replace(&format!("resource \"{kind}\" \"{name}\""), &format!("resource \"{kind}\" \"{new}\""));
        text = renamed(&text, &format!("{kind}.{name}"), &format!("{kind}.{new}"));
        text.push_str(&format!("\nmoved {{\n  from = {kind}.{name}\n  to   = {kind}.{new}\n}}\n"));
    }
    text
}

/// `text` with the reference `from` as `to`, but not where it is the beginning of a longer name.
fn renamed(text: &str, from: &str, to: &str) -> String {
    let mut parts = text.split(from);
    let mut renamed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let goes_on = part.chars().next().is_some_and(|next| next.is_alphanumeric() || next == '_' || next == '-');
        renamed.push_str(if goes_on { from } else { to });
        renamed.push_str(part);
    }
    renamed
}

/// Whatever the states' provider blocks said, for a provider that is never to ask anybody.
fn environment(account: bool) -> Env {
    let pairs: &[(&str, &str)] = if account {
        &[
            ("DATABRICKS_HOST", "https://accounts.cloud.databricks.com"),
            ("DATABRICKS_ACCOUNT_ID", "00000000-0000-4000-8000-000000000001"),
            ("DATABRICKS_CLIENT_ID", "00000000-0000-4000-8000-0000000000c1"),
            ("DATABRICKS_CLIENT_SECRET", "not-a-secret"),
        ]
    } else {
        &[("DATABRICKS_HOST", "https://example.cloud.databricks.com"), ("DATABRICKS_TOKEN", "not-a-token")]
    };
    let mut env: Env = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    env.insert("AWS_REGION".into(), "eu-west-1".into());
    env
}
