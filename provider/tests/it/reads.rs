//! Data sources, ephemeral resources and functions: their examples apply, what they answer is known, and nothing is planned
//! afterwards. A data source whose example looks for an object finds that of the resource of its own name.

use std::sync::Arc;

use libtest_mimic::Trial;
use terraform_provider_databricks::Databricks;
use tfplugin::Provider;

use crate::bench::Bench;
use crate::cloud::{Cloud, Shared};
use crate::contract::levels;

/// One test for each of them.
pub fn trials(shared: &Arc<Shared>) -> Vec<Trial> {
    let registry = Databricks::registry();
    let mut trials = Vec::new();
    let mut add = |kind: &str, name: &'static str, run: Box<dyn Fn(&Cloud) + Send>| {
        let shared = Arc::clone(shared);
        trials.push(Trial::test(format!("{kind}_answers_{name}"), move || {
            shared.cloud().alone(name, || run(shared.cloud()));
            Ok(())
        }));
    };
    for entry in registry.data_sources() {
        add("data", entry.name, Box::new(|cloud| data_source(cloud, entry.name, entry.example)));
    }
    for entry in registry.ephemerals() {
        add("ephemeral", entry.name, Box::new(|cloud| ephemeral(cloud, entry.name, entry.example)));
    }
    for entry in registry.functions {
        add("function", entry.name, Box::new(|cloud| function(cloud, entry.example)));
    }
    trials
}

fn data_source(cloud: &Cloud, name: &str, example: &str) {
    let object = Databricks::registry().resources().find(|entry| entry.name == name);
    for (_, env) in levels(cloud, name) {
        let bench = Bench::new(&env);
        let mut configuration = String::new();
        if let Some(entry) = object.filter(|_| !example.contains("resource \"")) {
            let resources = entry.example.split("\noutput \"").next().unwrap();
            configuration = format!("{resources}\n");
            bench.write(&configuration);
            bench.apply();
        }
        bench.write(&format!("{configuration}{example}"));
        bench.apply();
        let found = bench.data(&format!("data.{name}.example"));
        let configured =
            |attribute: &str| example.lines().any(|line| line.trim_start().split([' ', '=']).next() == Some(attribute));
        let told = found.as_object().unwrap().iter().filter(|(attribute, value)| {
            !configured(attribute) && !value.is_null() && value.as_str() != Some("") && *attribute != "id"
        });
        assert!(told.count() > 0, "{name} says nothing: {found}");
        bench.plan_is_empty("after it was read");
        bench.destroy(&[]);
    }
}

fn ephemeral(cloud: &Cloud, name: &str, example: &str) {
    for (_, env) in levels(cloud, name) {
        let bench = Bench::new(&env);
        // A check may look at an ephemeral value, which nothing else may keep.
        bench.write(&format!("{example}\ncheck \"it_is_open\" {{\n  assert {{\n    condition     = length(jsonencode(ephemeral.{name}.example)) > 2\n    error_message = \"It is not open.\"\n  }}\n}}\n"));
        let run = bench.apply();
        assert!(!run.stdout.contains("It is not open."), "{}", run.stdout);
    }
}

fn function(cloud: &Cloud, example: &str) {
    let bench = Bench::new(&cloud.account);
    bench.write(example);
    bench.apply();
    let outputs = bench.run(&["output", "-json"]).succeeded().stdout;
    let outputs: serde_json::Value = serde_json::from_str(&outputs).unwrap();
    let value = &outputs["example"]["value"];
    assert!(value.as_str().is_some_and(|text| !text.is_empty()) || value.is_object(), "{outputs}");
    bench.plan_is_empty("after the function was called");
}
