//! Attributes and blocks of every nesting, unknown values, and numbers.

use serde_json::json;

use crate::bench::Bench;

#[test]
fn attributes_and_blocks_of_every_nesting_come_back_as_they_went() {
    let Some(bench) = Bench::new() else { return };
    let config = r#"
resource "trial_shapes" "s" {
  one   = { name = "o", weight = 0.1 }
  many  = [{ name = "m1" }, { name = "m2", weight = 2 }]
  some  = [{ name = "b", words = ["x", "y"] }, { name = "a" }]
  named = { k = { name = "n" } }
  words = ["z", "y", "z"]
  lines = ["z", "y", "z"]
  anything = { list = [1, "two", { three = 3.5 }], none = null }
  shelf {
    inner {
      name  = "i"
      words = []
    }
  }
  row {
    width = 10
  }
  row {
    inner {
      name = "r"
    }
  }
  bag {
    name = "b2"
  }
  bag {
    name = "b1"
  }
  drawer "left" {
    width = 1
  }
  drawer "right" {}
}
"#;
    bench.apply(config).succeeds();
    let attributes = bench.instance("trial_shapes")["attributes"].clone();
    assert_eq!(attributes["one"], json!({ "name": "o", "note": null, "weight": 0.1, "serial": "serial of o" }));
    assert_eq!(attributes["many"][1], json!({ "name": "m2", "note": null, "weight": 2, "serial": "serial of m2" }));
    assert_eq!(attributes["named"]["k"]["serial"], "serial of n");
    assert_eq!(attributes["words"], json!(["y", "z"]));
    assert_eq!(attributes["lines"], json!(["z", "y", "z"]));
    assert_eq!(attributes["shelf"], json!([{ "width": 80, "inner": [{ "name": "i", "policy": null, "words": [] }] }]));
    assert_eq!(attributes["row"][0]["width"], 10);
    assert_eq!(attributes["row"][1]["inner"][0]["name"], "r");
    assert_eq!(attributes["bag"].as_array().unwrap().len(), 2);
    assert_eq!(attributes["drawer"]["right"]["width"], 80);
    assert_eq!(attributes["anything"]["value"]["list"], json!([1, "two", { "three": 3.5 }]));
    bench.settled();

    let changed = config.replace("\"m1\"", "\"m0\"").replace("drawer \"left\"", "drawer \"middle\"");
    assert_eq!(bench.plan(&changed)["trial_shapes.s"], ["update"]);
    bench.apply(&changed).succeeds();
    assert_eq!(bench.instance("trial_shapes")["attributes"]["many"][0]["serial"], "serial of m0");
    bench.settled();
    bench.apply("resource \"trial_shapes\" \"s\" {}\n").succeeds();
    let attributes = bench.instance("trial_shapes")["attributes"].clone();
    assert!(attributes["one"].is_null());
    for (name, none) in [("shelf", json!([])), ("row", json!([])), ("drawer", json!({}))] {
        assert_eq!(attributes[name], none, "{name}");
    }
    bench.settled();
}

#[test]
fn unknown_values_pass_refined_and_several_in_one_set() {
    let Some(bench) = Bench::new() else { return };
    let config = r#"
resource "terraform_data" "x" {}

resource "terraform_data" "y" {}

resource "trial_shapes" "s" {
  words = ["p-${terraform_data.x.id}", "q-${terraform_data.y.id}"]
  lines = ["a", "line-${terraform_data.x.id}"]
  some  = [{ name = terraform_data.x.id }, { name = terraform_data.y.id, words = [terraform_data.x.id] }]
  one   = { name = "one-${terraform_data.x.id}" }
  named = { for key in ["k"] : key => { name = terraform_data.x.id } }
  anything = [terraform_data.x.id, { id = terraform_data.y.id }]
  row {
    inner {
      name = terraform_data.x.id
    }
  }
  dynamic "bag" {
    for_each = [terraform_data.x.id, terraform_data.y.id]
    content {
      name = bag.value
    }
  }
  dynamic "drawer" {
    for_each = toset(["d"])
    labels   = [drawer.value]
    content {}
  }
}

resource "trial_thing" "t" {
  name = substr("t-${terraform_data.x.id}", 0, 20)
  note = length(trial_shapes.s.words) == 2 ? "two" : "not two"
}
"#;
    bench.apply(config).succeeds();
    let attributes = bench.instance("trial_shapes")["attributes"].clone();
    assert_eq!(attributes["words"].as_array().unwrap().len(), 2);
    assert_eq!(attributes["bag"].as_array().unwrap().len(), 2);
    assert_eq!(bench.instance("trial_thing")["attributes"]["note"], "two");
    bench.settled();
}

#[test]
fn a_collection_that_is_unknown_as_a_whole_is_planned() {
    let Some(bench) = Bench::new() else { return };
    let config = r#"
resource "terraform_data" "x" {
  input = ["a", "b"]
}

resource "trial_shapes" "s" {
  words = terraform_data.x.output
  many  = [for name in terraform_data.x.output : { name = name }]
  dynamic "row" {
    for_each = terraform_data.x.output
    content {
      inner {
        name = row.value
      }
    }
  }
  dynamic "bag" {
    for_each = toset(terraform_data.x.output)
    content {
      name = bag.value
    }
  }
}
"#;
    bench.apply(config).succeeds();
    assert_eq!(bench.instance("trial_shapes")["attributes"]["row"][1]["inner"][0]["name"], "b");
    bench.settled();
}

#[test]
fn a_block_that_may_stand_once_is_a_list_of_one_in_expressions() {
    let Some(bench) = Bench::new() else { return };
    let config = r#"
resource "trial_shapes" "s" {
  shelf {
    width = 7
  }
}

output "width" {
  value = trial_shapes.s.shelf[0].width
}
"#;
    bench.apply(config).succeeds();
    assert_eq!(bench.json(&["output", "-json", "width"]), json!(7));
    // As an older version of this provider, and as others, wrote it.
    let list = "\"shelf\": [\n              {\n                \"inner\": [],\n                \"width\": 7\n              }\n            ]";
    let state = bench.state();
    assert!(state.contains(list), "{state}");
    std::fs::write(bench.path("work/terraform.tfstate"), state.replace(list, "\"shelf\": {\"width\": 7}")).unwrap();
    bench.settled();
    for (width, actions) in [("8", vec!["update"]), ("6", vec!["delete", "create"])] {
        let changed = config.replace("width = 7", &format!("width = {width}"));
        assert_eq!(bench.plan(&changed)["trial_shapes.s"], actions, "{width}");
    }
    let twice = config.replace("output", "resource \"trial_shapes\" \"t\" {\n  shelf {}\n  shelf {}\n}\n\noutput");
    bench.config(&twice);
    bench.run(&["validate", "-no-color"]).fails_with(&["No more than 1 \"shelf\" blocks are allowed"]);
    bench.config(&config.replace("width = 7", "width = 7000"));
    bench.run(&["validate", "-no-color"]).fails_with(&["The shelf is too wide", "width = 7000"]);
}

#[test]
fn a_dynamic_block_whose_number_is_known_late_may_turn_out_empty() {
    let Some(bench) = Bench::new() else { return };
    let config = |input: &str, blocks: &str| {
        format!(
            r#"
resource "terraform_data" "x" {{
  input = "{input}"
}}

resource "trial_shapes" "s" {{
  dynamic "shelf" {{
    for_each = terraform_data.x.output == "one" ? [1] : []
    content {{
      width = 7
    }}
  }}
  {blocks}
}}
"#
        )
    };
    bench.apply(&config("none", "")).succeeds();
    assert_eq!(bench.instance("trial_shapes")["attributes"]["shelf"], json!([]));
    bench.settled();
    // On update: from none to one, to one, to none, each unknown while it is planned.
    for (input, expected) in [
        ("one", json!([{ "inner": [], "width": 7 }])),
        ("none", json!([])),
        ("other", json!([])),
        ("one", json!([{ "inner": [], "width": 7 }])),
    ] {
        bench.apply(&config(input, "")).succeeds();
        assert_eq!(bench.instance("trial_shapes")["attributes"]["shelf"], expected, "{input}");
        bench.settled();
    }
}

#[test]
fn numbers_keep_every_digit_that_their_type_can_hold() {
    let Some(bench) = Bench::new() else { return };
    let config = r#"
resource "trial_shapes" "s" {
  float    = 0.1
  whole    = 9223372036854775808
  number   = 12345678901234567890123
  anything = [0.1, 9223372036854775808, 12345678901234567890123, -1.5, 1e3]
}

output "same" {
  value = [
    trial_shapes.s.float == 0.1,
    trial_shapes.s.whole == 9223372036854775808,
    trial_shapes.s.number == 12345678901234567890123,
    trial_shapes.s.anything[2] == 12345678901234567890123,
    trial_shapes.s.anything[0] == 0.1,
  ]
}
"#;
    bench.apply(config).succeeds();
    assert_eq!(bench.json(&["output", "-json", "same"]), json!([true, true, true, true, true]));
    assert!(bench.state().contains("12345678901234567890123"));
    bench.settled();
    bench.apply("resource \"trial_shapes\" \"s\" {\n  whole = -1\n}\n").fails_with(&["whole"]);
    bench.apply("resource \"trial_shapes\" \"s\" {\n  whole = 18446744073709551616\n}\n").fails_with(&["whole"]);
}
