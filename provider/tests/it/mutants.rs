//! Whether the tests of every resource notice that it is broken: `scripts/mutants.sh`, on a provider that breaks one operation
//! of one resource when it is told to (`tfplugin/src/mutant.rs`).
//!
//! Each resource has a cloud of its own for each of its mutants. A mutant is caught when the contract or the crash test fails, or,
//! for jobs, one of their own tests.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

use libtest_mimic::Trial;
use terraform_provider_databricks::Databricks;
use terraform_provider_databricks::context::Context;
use tfplugin::{Provider, Removal, ResourceEntry};

use crate::bench::MUTANT;
use crate::cloud::Cloud;
use crate::contract::{self, Case, configured, levels};
use crate::crashes;

/// Mutants that are the same as what they were made of, and why.
const SAME: &[(&str, &str)] = &[
    (
        "databricks_aws_s3_bucket unsent server_side_encryption",
        "S3 encrypts with AES256 by itself; a unit test sends a key",
    ),
    ("databricks_aws_route find", "a route is its own key: a second create takes the one that is there"),
    ("databricks_aws_route_table_association find", "what is associated is its own key, as with routes"),
    ("databricks_mws_permission_assignment find", "an assignment is its own key: a second create is the same PUT"),
    ("databricks_file find", "a path is its own key: a second upload is the same file"),
    ("databricks_notebook find", "a path is its own key, as with files"),
    ("databricks_grants find", "privileges are their own key: a second change is the same"),
    ("databricks_grant find", "privileges are their own key, as with all of them"),
    (
        "databricks_environments_workspace_base_environment find",
        "its id is the caller's, and a create with the same request id is the same create",
    ),
    ("databricks_secret find", "a secret is its own key: a second put is the same secret"),
    ("databricks_secret_acl find", "scope and principal are its key: a second put is the same permission"),
    ("databricks_token unsent lifetime_seconds", "no answer tells it: a unit test holds the request"),
    ("databricks_service_principal_secret unsent lifetime", "no answer tells it: a unit test holds the request"),
    ("databricks_ssh_job gone", "a command that has run is history: nobody looks for it"),
    ("databricks_sql_statement gone", "a statement that has run is history too"),
    (
        "databricks_aws_kms_key gone",
        "a deleted key can be read for its window of 7 to 30 days, and a unit test has it gone",
    ),
];

/// One test for each resource: each of its mutants is caught.
pub fn trials() -> Vec<Trial> {
    let trial = |entry: &'static ResourceEntry<Context>| {
        Trial::test(format!("every_mutant_is_caught_of_{}", entry.name), move || {
            // What a caught mutant says is shown in one line.
            std::panic::set_hook(Box::new(|_| {}));
            let jobs = || (entry.removal == Removal::History).then(|| jobs_notice(entry.name, "nothing")).flatten();
            if let Some(said) = noticed(entry, "nothing", false).or_else(jobs) {
                return Err(format!("the tests fail although nothing is broken: {said}").into());
            }
            let survivors: Vec<String> = mutants(entry).into_iter().filter(|mutant| survives(entry, mutant)).collect();
            if survivors.is_empty() { Ok(()) } else { Err(survivors.join("\n").into()) }
        })
    };
    Databricks::registry().resources().map(trial).collect()
}

/// How a resource is broken: each of its operations, and the attribute that its update changes (with `MUTANTS=all`, each
/// attribute of its example). What no answer of the service tells cannot be missed here: unit tests hold the requests.
fn mutants(entry: &ResourceEntry<Context>) -> Vec<String> {
    // A setting is its own key, is always there, and stays when it is no longer managed.
    let operations: &[&str] = if entry.removal == Removal::Setting { &[] } else { &["delete", "find", "gone"] };
    let mut mutants: Vec<String> = operations.iter().copied().map(str::to_owned).collect();
    let untold = entry.import_ignores();
    let mut attributes = configured(entry);
    attributes.retain(|(name, _)| !untold.contains(name));
    if std::env::var("MUTANTS").as_deref() != Ok("all") {
        let updated = attributes.iter().position(|(_, is_updated)| *is_updated).unwrap_or_default();
        attributes = attributes.drain(updated..).take(1).collect();
    }
    for (name, _) in attributes {
        // What is not read stays as it was: only an import begins with nothing.
        if entry.import_id.is_some() {
            mutants.push(format!("unread {name}"));
        }
        mutants.push(format!("unsent {name}"));
    }
    mutants
}

fn survives(entry: &'static ResourceEntry<Context>, mutant: &str) -> bool {
    // Only a creation that was cut off looks for what it made.
    let order = if mutant == "find" { [true, false] } else { [false, true] };
    let said = order.into_iter().find_map(|cut| noticed(entry, mutant, cut));
    let jobs = || (entry.removal == Removal::History).then(|| jobs_notice(entry.name, mutant)).flatten();
    let said = said.or_else(jobs);
    let name = format!("{} {mutant}", entry.name);
    let same = SAME.iter().find(|(known, _)| *known == name).map(|(_, why)| *why);
    match (&said, same) {
        (Some(said), _) => println!("{name}: caught: {said}"),
        (None, Some(why)) => println!("{name}: the same: {why}"),
        (None, None) => println!("{name}: NOT CAUGHT"),
    }
    said.is_none() && same.is_none()
}

/// What a job does on its machine is no call of an API: its own tests notice, with the mutant in their environment.
fn jobs_notice(name: &str, mutant: &str) -> Option<String> {
    let tests = std::env::current_exe().unwrap();
    let arguments = ["job", "--skip", "every_mutant", "--test-threads", "1"];
    let ended = Command::new(tests).args(arguments).env(MUTANT, format!("{name} {mutant}")).output().unwrap();
    (!ended.status.success()).then(|| "the tests of jobs".to_owned())
}

/// What the contract, or the crash test, says of a broken resource; `None` if it passes.
fn noticed(entry: &'static ResourceEntry<Context>, mutant: &str, cut: bool) -> Option<String> {
    let cloud = Cloud::start();
    let mut env = levels(&cloud, entry.name).remove(0).1;
    env.insert(MUTANT.into(), format!("{} {mutant}", entry.name));
    let test = || match cut {
        true => crashes::leaves_one(&cloud, entry, &env, true),
        false => contract::holds(&Case { entry, env: env.clone() }),
    };
    let failed = catch_unwind(AssertUnwindSafe(test)).err();
    cloud.stop();
    let said = failed.map(|panic| match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic.downcast::<&str>().map_or_else(|_| "something".to_owned(), |text| (*text).to_owned()),
    });
    said.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect())
}
