//! An object's life: create, no change, update, replacement, drift, import, move, timeouts.

use serde_json::json;

use crate::bench::Bench;

#[test]
fn an_object_is_created_changed_replaced_and_destroyed() {
    let Some(bench) = Bench::new() else { return };
    bench.apply("resource \"trial_thing\" \"a\" {\n  name = \"a\"\n}\n").succeeds();
    let attributes = bench.instance("trial_thing")["attributes"].clone();
    let id = attributes["id"].clone();
    assert_eq!(attributes["size"], 10, "the default");
    assert_eq!(attributes["label"], "label of a", "what the world makes up");
    bench.settled();
    assert!(bench.journal().is_empty(), "{:?}", bench.journal());

    let update = "resource \"trial_thing\" \"a\" {\n  name = \"a\"\n  note = \"new\"\n}\n";
    assert_eq!(bench.plan(update)["trial_thing.a"], ["update"]);
    bench.apply(update).succeeds();
    let attributes = bench.instance("trial_thing")["attributes"].clone();
    assert_eq!((&attributes["id"], &attributes["revision"]), (&id, &json!(2)));
    bench.settled();

    for replacement in ["zone = \"b\"", "note = \"new\"\n  size = 5"] {
        let config = format!("resource \"trial_thing\" \"a\" {{\n  name = \"a\"\n  {replacement}\n}}\n");
        assert_eq!(bench.plan(&config)["trial_thing.a"], ["delete", "create"], "{replacement}");
        bench.apply(&config).succeeds();
        bench.settled();
    }
    assert_ne!(bench.instance("trial_thing")["attributes"]["id"], id);
    bench.destroy().succeeds();
    assert!(bench.objects().is_empty());
}

#[test]
fn the_spelling_of_the_world_is_no_change() {
    let Some(bench) = Bench::new() else { return };
    let config = |policy: &str, word: &str| {
        format!("resource \"trial_thing\" \"a\" {{\n  name = \"a\"\n  policy = {policy:?}\n  word = {word:?}\n}}\n")
    };
    bench.apply(&config(r#"{"b":1,"a":[2]}"#, "Word")).succeeds();
    assert_eq!(bench.instance("trial_thing")["attributes"]["word"], "Word");
    bench.settled();
    assert_eq!(bench.plan(&config(r#"{ "a": [2], "b": 1 }"#, "wORD"))["trial_thing.a"], ["no-op"]);
    assert_eq!(bench.plan(&config(r#"{"b":1,"a":[3]}"#, "Word"))["trial_thing.a"], ["update"]);
}

#[test]
fn what_changed_or_went_outside_is_put_right() {
    let Some(bench) = Bench::new() else { return };
    let config = "resource \"trial_thing\" \"a\" {\n  name = \"a\"\n  note = \"mine\"\n}\n";
    bench.apply(config).succeeds();
    bench.tamper("\"mine\"", "\"theirs\"");
    assert_eq!(bench.plan(config)["trial_thing.a"], ["update"]);
    bench.apply(config).succeeds();
    bench.settled();
    std::fs::remove_file(&bench.objects()[0]).unwrap();
    assert_eq!(bench.plan(config)["trial_thing.a"], ["create"]);
    bench.apply(config).succeeds();
    bench.settled();
}

#[test]
fn an_object_is_imported_by_its_id() {
    let Some(bench) = Bench::new() else { return };
    let config = "resource \"trial_thing\" \"a\" {\n  name = \"a\"\n  tags = { x = \"y\" }\n}\n";
    bench.apply(config).succeeds();
    let before = bench.instance("trial_thing")["attributes"].clone();
    let id = before["id"].as_str().unwrap().to_owned();
    bench.run(&["state", "rm", "trial_thing.a"]).succeeds();
    bench.run(&["import", "-no-color", "trial_thing.a", &id]).succeeds();
    assert_eq!(bench.instance("trial_thing")["attributes"], before);
    bench.settled();
    bench.run(&["state", "rm", "trial_thing.a"]).succeeds();
    bench
        .run(&["import", "-no-color", "trial_thing.a", "nothing"])
        .fails_with(&["Cannot import non-existent remote object"]);

    let keeper = "resource \"trial_keeper\" \"k\" {\n  value_wo = \"x\"\n}\n";
    bench.config(keeper);
    bench.run(&["import", "-no-color", "trial_keeper.k", "1"]).fails_with(&["trial_keeper cannot be imported"]);
}

#[test]
fn the_timeouts_block_limits_an_operation_and_changes_no_object() {
    let Some(bench) = Bench::new() else { return };
    let config = |inside: &str| format!("resource \"trial_thing\" \"a\" {{\n  name = \"a\"\n  {inside}\n}}\n");
    let slow = config("ready_after = 60000\n  timeouts {\n    create = \"300ms\"\n  }");
    bench.apply(&slow).fails_with(&["Waited 300 ms for the thing", "Its last state was ASSEMBLING"]);
    assert_eq!(bench.instance("trial_thing")["status"], "tainted");
    bench.destroy().succeeds();

    bench.apply(&config("timeouts {\n    create = \"1h30m\"\n  }")).succeeds();
    assert_eq!(bench.instance("trial_thing")["attributes"]["timeouts"]["create"], "1h30m");
    bench.settled();
    bench.apply(&config("timeouts {\n    delete = \"5m\"\n  }")).succeeds();
    let attributes = bench.instance("trial_thing")["attributes"].clone();
    assert_eq!((&attributes["timeouts"]["delete"], &attributes["revision"]), (&json!("5m"), &json!(1)));
    bench.settled();
    bench.apply(&config("timeouts {\n    create = \"soon\"\n  }")).fails_with(&["soon", "create = \"soon\""]);
}

#[test]
fn an_object_of_another_provider_moves_here() {
    let Some(bench) = Bench::new() else { return };
    bench.apply("resource \"trial_thing\" \"a\" {\n  name = \"a\"\n}\n").succeeds();
    let id = bench.instance("trial_thing")["attributes"]["id"].as_str().unwrap().to_owned();
    // As if it had been made by a provider whose resource is called `thing`, and differs in some attributes.
    let state = bench.state().replace("\"type\": \"trial_thing\"", "\"type\": \"thing\"");
    let state = state.replace("\"tags\": null", "\"tags\": \"of another type\",\n            \"own\": 1");
    let state = state.replace("registry.terraform.io/hashicorp/trial", "registry.terraform.io/else/where");
    // And it spells nothing, and ids, in its own way.
    let state = state.replace("\"zone\": null", "\"zone\": \"\"").replace(&id, &format!("where/{id}"));
    assert!(state.contains("\"zone\": \"\""), "{state}");
    std::fs::write(bench.path("work/terraform.tfstate"), state).unwrap();
    let moved =
        "resource \"trial_thing\" \"b\" {\n  name = \"a\"\n}\n\nmoved {\n  from = thing.a\n  to   = trial_thing.b\n}\n";
    assert_eq!(bench.plan(moved)["trial_thing.b"], ["no-op"]);
    bench.apply(moved).succeeds();
    assert_eq!(bench.instance("trial_thing")["attributes"]["id"], id.as_str());
    bench.settled();

    let state = bench.state().replace("\"type\": \"trial_thing\"", "\"type\": \"other\"");
    std::fs::write(bench.path("work/terraform.tfstate"), state).unwrap();
    let config =
        moved.replace("thing.a\n", "other.b\n").replace("trial_thing.b\n", "trial_thing.c\n").replace("\"b\"", "\"c\"");
    bench.config(&config);
    bench.run(&["plan", "-no-color"]).fails_with(&["A other cannot become a trial_thing"]);
}
