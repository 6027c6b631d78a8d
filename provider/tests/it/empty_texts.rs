//! Every optional text that a resource's example leaves out, set to `""`: the object is made, and nothing is planned
//! afterwards. Modules pass such texts on for what their users do not set.

use std::sync::Arc;

use libtest_mimic::Trial;
use terraform_provider_databricks::Databricks;
use terraform_provider_databricks::context::Context;
use tfplugin::types::{Shape, Type};
use tfplugin::{Provider, ResourceEntry};

use crate::bench::Bench;
use crate::cloud::{Cloud, Shared};
use crate::contract::levels;

/// One test for each resource that has such texts.
pub fn trials(shared: &Arc<Shared>) -> Vec<Trial> {
    let resources = Databricks::registry().resources().filter(|entry| !texts(entry).is_empty());
    let trial = |entry: &'static ResourceEntry<Context>| {
        let shared = Arc::clone(shared);
        Trial::test(format!("an_empty_text_is_none_for_{}", entry.name), move || {
            shared.cloud().alone(entry.name, || converges(shared.cloud(), entry));
            Ok(())
        })
    };
    resources.map(trial).collect()
}

/// The optional texts that the example does not set.
fn texts(entry: &ResourceEntry<Context>) -> Vec<String> {
    let schema = (entry.schema)();
    let set = |name: &str| entry.example.lines().any(|line| line.trim_start().split([' ', '=']).next() == Some(name));
    let texts = schema.body.attributes.into_iter().filter(|attribute| {
        attribute.flags.optional && !attribute.flags.write_only && attribute.shape == Shape::Type(Type::String)
    });
    texts.map(|attribute| attribute.name).filter(|name| !set(name)).collect()
}

fn converges(cloud: &Cloud, entry: &ResourceEntry<Context>) {
    let head = format!("resource \"{}\" \"example\" {{\n", entry.name);
    let texts: String = texts(entry).iter().map(|name| format!("  {name} = \"\"\n")).collect();
    let configuration = entry.example.replacen(&head, &format!("{head}{texts}"), 1);
    assert_ne!(configuration, entry.example);
    let bench = Bench::new(&levels(cloud, entry.name).remove(0).1);
    bench.write(&configuration);
    bench.apply();
    bench.plan_is_empty("with empty texts");
    // The same object without a word of them, and back.
    bench.write(entry.example);
    bench.plan_is_empty("when the empty texts are left out");
    bench.destroy(&[]);
}
