//! Configurations as people write them, after what public repositories use most (`provider/tests/configurations`): each
//! one validates, applies, plans nothing afterwards, and leaves nothing when it is destroyed.
//!
//! `account/` runs at the account, `workspace/` in a workspace.

use std::path::PathBuf;
use std::sync::Arc;

use libtest_mimic::Trial;

use crate::bench::Bench;
use crate::cloud::{Shared, root};

/// One test for each configuration.
pub fn trials(shared: &Arc<Shared>) -> Vec<Trial> {
    let mut trials = Vec::new();
    for level in ["account", "workspace"] {
        let folder = root().join("provider/tests/configurations").join(level);
        let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        files.sort();
        for file in files {
            let shared = Arc::clone(shared);
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            trials.push(Trial::test(format!("a_configuration_applies_{level}_{name}"), move || {
                let cloud = shared.cloud();
                let env = if level == "account" { &cloud.account } else { cloud.workspace() };
                applies(&Bench::new(env), &std::fs::read_to_string(&file).unwrap());
                Ok(())
            }));
        }
    }
    assert!(trials.len() >= 30, "the configurations were found: {}", trials.len());
    trials
}

fn applies(bench: &Bench, configuration: &str) {
    bench.write(configuration);
    bench.run(&["validate", "-no-color"]).succeeded();
    bench.apply();
    bench.plan_is_empty("after the apply");
    bench.destroy(&[]);
}
