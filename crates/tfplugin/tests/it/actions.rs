//! Actions, as Terraform 1.14 asks for them; and an older Terraform, which does not.

use crate::bench::Bench;
use crate::newer_core::{Act, Config, Core, Empty, Said, Schemas, object};

fn shout(text: Config<'_>, forever: bool) -> Act {
    let config = object(&[("text", text), ("forever", Config::Bool(forever)), ("timeouts", Config::Null)]);
    Act { kind: "trial_shout".to_owned(), config }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_action_is_known_validated_planned_and_invoked() {
    let Some(bench) = Bench::new() else { return };
    let core = Core::start(&bench).await;
    let schemas: Schemas = core.unary("GetProviderSchema", Empty {}).await;
    let block = schemas.actions["trial_shout"].schema.clone().unwrap().block.unwrap();
    assert_eq!(block.attributes.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["text", "forever"]);

    for method in ["ValidateActionConfig", "PlanAction"] {
        let said: Said = core.unary(method, shout(Config::Unknown, false)).await;
        assert_eq!(said.diagnostics, []);
        let said: Said = core.unary(method, shout(Config::Text(""), false)).await;
        assert!(said.diagnostics[0].summary.contains("text"), "{method}: {said:?}");
    }
    assert_eq!(bench.log(), Vec::<String>::new(), "nobody was asked");

    let mut run = core.invoke(shout(Config::Text("hello"), false)).await;
    assert_eq!(run.says().await, "hello!");
    assert_eq!(run.ends().await, []);
    assert_eq!(bench.log(), ["shout hello"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interruption_ends_all_that_run_and_their_streams_are_whole() {
    let Some(bench) = Bench::new() else { return };
    let core = Core::start(&bench).await;
    let mut runs =
        [core.invoke(shout(Config::Text("one"), true)).await, core.invoke(shout(Config::Text("two"), true)).await];
    for (run, text) in runs.iter_mut().zip(["one!", "two!"]) {
        assert_eq!(run.says().await, text, "it is heard while it runs");
    }
    let _: Empty = core.unary("StopProvider", Empty {}).await;
    for run in &mut runs {
        let said = run.ends().await;
        assert_eq!(said[0].summary, "Cannot invoke trial_shout: It was hushed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_action_ends_when_nobody_listens_anymore() {
    let Some(bench) = Bench::new() else { return };
    let core = Core::start(&bench).await;
    let mut run = core.invoke(shout(Config::Text("one"), true)).await;
    assert_eq!(run.says().await, "one!");
    // The one call is given up; the connection stays.
    assert!(!bench.log().iter().any(|line| line == "hush one"));
    drop(run);
    bench.wait_for("hush one");
    let mut run = core.invoke(shout(Config::Text("two"), false)).await;
    assert_eq!(run.says().await, "two!");
    assert_eq!(run.ends().await, []);
}

/// Terraform 1.11 knows no actions. That there are some is nothing to it.
#[test]
fn a_terraform_without_actions_works_with_a_provider_that_has_some() {
    let Some(bench) = Bench::new() else { return };
    bench.apply("resource \"trial_thing\" \"a\" {\n  name = \"a\"\n}\n").succeeds();
    bench.settled();
    let schemas = bench.json(&["providers", "schema", "-json"]);
    let trial = &schemas["provider_schemas"]["registry.terraform.io/hashicorp/trial"];
    assert!(trial["resource_schemas"]["trial_thing"].is_object());
    assert!(trial["resource_schemas"]["trial_shout"].is_null());
    bench.destroy().succeeds();
}
