//! What says nothing (`""`, `[]`, `{}`, null elements) means null, in every spelling, under Terraform's own checks; and what
//! a configuration cannot say. The table: docs/decisions/0006-nothing-is-nothing.md.

use serde_json::{Value as Json, json};

use crate::bench::Bench;

const LEFT_OUT: &str = r#"
resource "trial_thing" "a" {
  name = "a"
}

resource "trial_shapes" "s" {
  one = { name = "o" }
  bag {
    name = "b"
  }
  shelf {
    inner {
      name = "i"
    }
  }
}
"#;

const EMPTY: &str = r#"
resource "trial_thing" "a" {
  name   = "a"
  zone   = ""
  note   = ""
  label  = ""
  policy = ""
  word   = ""
  fault  = ""
  tags   = {}
  timeouts {}
}

resource "trial_shapes" "s" {
  one   = { name = "o", note = "" }
  many  = []
  some  = []
  named = {}
  words = []
  lines = []
  bag {
    name   = "b"
    words  = []
    policy = ""
  }
  shelf {
    inner {
      name  = "i"
      words = [null]
    }
  }
}
"#;

/// Changes the attributes of an object in the state file.
fn edit(bench: &Bench, kind: &str, change: impl Fn(&mut Json)) {
    let mut state: Json = serde_json::from_str(&bench.state()).unwrap();
    let resources = state["resources"].as_array_mut().unwrap();
    let resource = resources.iter_mut().find(|it| it["type"] == kind).unwrap();
    change(&mut resource["instances"][0]["attributes"]);
    std::fs::write(bench.path("work/terraform.tfstate"), state.to_string()).unwrap();
}

fn spell(bench: &Bench, empty: bool) {
    let either = |spelling: Json| if empty { spelling } else { Json::Null };
    edit(bench, "trial_thing", |attributes| {
        for name in ["zone", "note", "policy", "word"] {
            attributes[name] = either(json!(""));
        }
        attributes["tags"] = either(json!({}));
        attributes["timeouts"] = either(json!({ "create": null, "update": null, "delete": null }));
    });
    edit(bench, "trial_shapes", |attributes| {
        for name in ["many", "some", "words", "lines"] {
            attributes[name] = either(json!([]));
        }
        attributes["named"] = either(json!({}));
        attributes["one"]["note"] = either(json!(""));
        attributes["bag"][0]["words"] = either(json!([]));
        attributes["bag"][0]["policy"] = either(json!(""));
        attributes["shelf"][0]["inner"][0]["words"] = either(json!([]));
    });
}

#[test]
fn no_spelling_of_nothing_is_a_change_for_any_other() {
    let Some(bench) = Bench::new() else { return };
    for first in [LEFT_OUT, EMPTY] {
        bench.apply(first).succeeds();
        for empty in [false, true] {
            for config in [LEFT_OUT, EMPTY] {
                spell(&bench, empty);
                bench.config(config);
                bench.settled();
            }
        }
        bench.destroy().succeeds();
    }
}

#[test]
fn the_configured_spelling_stays_and_the_service_gets_null() {
    let Some(bench) = Bench::new() else { return };
    bench.apply(EMPTY).succeeds();
    let thing = bench.instance("trial_thing")["attributes"].clone();
    assert_eq!((&thing["note"], &thing["tags"]), (&json!(""), &json!({})));
    assert_eq!(thing["label"], "label of a", "what is left to the provider");
    let world: Vec<String> = bench.objects().iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert!(world.iter().all(|object| !object.contains("\"\"")), "{world:?}");
    bench.settled();
}

#[test]
fn another_change_keeps_the_spelling_and_replaces_nothing() {
    let Some(bench) = Bench::new() else { return };
    bench.apply(LEFT_OUT).succeeds();
    spell(&bench, true);
    let changed = LEFT_OUT.replace("name = \"a\"", "name = \"a\"\n  note = \"new\"");
    let changed = changed.replace("name = \"b\"", "name = \"c\"");
    let plan = bench.plan(&changed);
    assert_eq!(
        (&plan["trial_thing.a"], &plan["trial_shapes.s"]),
        (&vec!["update".to_owned()], &vec!["update".to_owned()])
    );
    bench.apply(&changed).succeeds();
    assert_eq!(bench.instance("trial_thing")["attributes"]["zone"], "");
    bench.settled();
    let something = changed.replace("name = \"a\"", "name = \"a\"\n  zone = \"z\"");
    assert_eq!(bench.plan(&something)["trial_thing.a"], ["delete", "create"]);
    // From something to nothing, too.
    bench.apply(&something).succeeds();
    assert_eq!(
        bench.plan(&changed.replace("name = \"a\"", "name = \"a\"\n  zone = \"\""))["trial_thing.a"],
        ["delete", "create"]
    );
}

#[test]
fn null_elements_are_none() {
    let Some(bench) = Bench::new() else { return };
    let config = |gone: &str| {
        format!(
            r#"
resource "trial_thing" "a" {{
  name = "a"
  tags = {{ team = "data", gone = {gone} }}
}}

resource "trial_shapes" "s" {{
  words = ["x", {gone}]
  lines = ["y", {gone}, "z"]
  bag {{
    name  = "b"
    words = [{gone}, "w"]
  }}
}}
"#
        )
    };
    bench.apply(&config("null")).succeeds();
    assert_eq!(bench.instance("trial_thing")["attributes"]["tags"], json!({ "team": "data", "gone": null }));
    assert_eq!(bench.instance("trial_shapes")["attributes"]["lines"], json!(["y", null, "z"]));
    bench.settled();
    edit(&bench, "trial_thing", |attributes| attributes["tags"] = json!({ "team": "data" }));
    edit(&bench, "trial_shapes", |attributes| attributes["lines"] = json!(["y", "z"]));
    bench.settled();
    bench.apply(&config("\"here\"")).succeeds();
    bench.settled();
    bench.apply(&config("null")).succeeds();
    bench.settled();
}

#[test]
fn what_is_read_only_cannot_be_configured() {
    let Some(bench) = Bench::new() else { return };
    for (config, texts) in [
        (
            "resource \"trial_thing\" \"a\" {\n  name = \"a\"\n  id = \"77\"\n}\n",
            ["id cannot be configured", "id = \"77\""],
        ),
        (
            "resource \"trial_shapes\" \"a\" {\n  many = [{ name = \"a\" }, { name = \"b\", serial = \"77\" }]\n}\n",
            ["many[1].serial cannot be configured", "it is read-only"],
        ),
        (
            "data \"trial_lookup\" \"a\" {\n  name = \"a\"\n  id = \"77\"\n}\n",
            ["id cannot be configured", "id = \"77\""],
        ),
    ] {
        bench.config(config);
        bench.run(&["validate", "-no-color"]).fails_with(&texts);
    }
}

#[test]
fn the_order_of_members_in_a_document_is_no_change_in_a_set_and_after_an_import() {
    let Some(bench) = Bench::new() else { return };
    let config = |policy: &str| {
        format!("resource \"trial_shapes\" \"s\" {{\n  bag {{\n    name = \"b\"\n    policy = {policy}\n  }}\n}}\n")
    };
    let encoded = config("jsonencode({ b = [1, \"<x>\"], a = 2 })");
    bench.apply(&encoded).succeeds();
    bench.settled();
    bench.config(&config(r#""{ \"b\": [1, \"<x>\"], \"a\": 2.0 }""#));
    bench.settled();
    bench.config(&encoded);
    let id = bench.instance("trial_shapes")["attributes"]["id"].as_str().unwrap().to_owned();
    bench.run(&["state", "rm", "trial_shapes.s"]).succeeds();
    bench.run(&["import", "-no-color", "trial_shapes.s", &id]).succeeds();
    bench.settled();
    assert_eq!(bench.plan(&config("jsonencode({ b = [1], a = 2 })"))["trial_shapes.s"], ["update"]);
}

#[test]
fn a_computed_block_is_the_providers_where_none_is_configured() {
    let Some(bench) = Bench::new() else { return };
    let config = |inside: &str| format!("resource \"trial_shapes\" \"s\" {{\n  {inside}\n}}\n");
    let width = || bench.instance("trial_shapes")["attributes"]["lid"][0]["width"].clone();
    bench.apply(&config("")).succeeds();
    assert_eq!(width(), 33);
    bench.settled();
    bench.apply(&config("words = [\"x\"]")).succeeds();
    assert_eq!(width(), 33);
    bench.apply(&config("lid {\n    width = 5\n  }")).succeeds();
    assert_eq!(width(), 5);
    bench.settled();
    bench.apply(&config("words = [\"y\"]")).succeeds();
    assert_eq!(width(), 5, "it stays as it was");
    bench.settled();
}

#[test]
fn a_generated_configuration_plans_empty() {
    let Some(bench) = Bench::new() else { return };
    bench.apply(&(EMPTY.to_owned() + "resource \"trial_thing\" \"full\" {\n  name = \"f\"\n  zone = \"z\"\n  word = \"w\"\n  policy = \"{}\"\n  tags = { a = \"b\" }\n}\n")).succeeds();
    let state: Json = serde_json::from_str(&bench.state()).unwrap();
    let mut blocks = String::new();
    for resource in state["resources"].as_array().unwrap() {
        let (kind, name) = (resource["type"].as_str().unwrap(), resource["name"].as_str().unwrap());
        let id = &resource["instances"][0]["attributes"]["id"];
        blocks += &format!("import {{\n  to = {kind}.{name}\n  id = {id}\n}}\n\n");
    }
    std::fs::remove_file(bench.path("work/terraform.tfstate")).unwrap();
    bench.config(&blocks);
    bench.run(&["plan", "-no-color", "-generate-config-out=generated.tf", "-out=planned"]).succeeds();
    let plan = bench.json(&["show", "-json", "planned"]);
    let changes = plan["resource_changes"].as_array().unwrap();
    assert_eq!(changes.len(), 3);
    for change in changes {
        assert_eq!(change["change"]["actions"], json!(["no-op"]), "{change:#}");
    }
    bench.run(&["apply", "-auto-approve", "-no-color"]).succeeds();
    bench.settled();
}
