//! Data sources, ephemeral resources, write-only values, functions, and validation.

use crate::bench::Bench;

#[test]
fn a_data_source_reads_what_a_resource_made() {
    let Some(bench) = Bench::new() else { return };
    let config = "resource \"trial_thing\" \"a\" {\n  name = \"a\"\n}\n\ndata \"trial_lookup\" \"a\" {\n  name = trial_thing.a.name\n  depends_on = [trial_thing.a]\n}\n\noutput \"same\" {\n  value = data.trial_lookup.a.id == trial_thing.a.id\n}\n";
    bench.apply(config).succeeds();
    assert_eq!(bench.json(&["output", "-json", "same"]), true);
    bench.settled();
    bench.config("data \"trial_lookup\" \"a\" {\n  name = \"nobody\"\n}\n");
    bench.run(&["plan", "-no-color"]).fails_with(&["There is no thing named \"nobody\"", "name = \"nobody\""]);
}

#[test]
fn a_data_source_warns_of_what_it_has_read_and_reads_on() {
    let Some(bench) = Bench::new() else { return };
    let config = "resource \"trial_thing\" \"a\" {\n  name = \"old a\"\n}\n\ndata \"trial_lookup\" \"a\" {\n  name = trial_thing.a.name\n  depends_on = [trial_thing.a]\n}\n";
    bench.apply(config).succeeds();
    let plan = bench.run(&["plan", "-no-color"]).succeeds();
    assert!(plan.out.contains("Warning: The thing is old") && plan.out.contains("No changes"), "{}", plan.out);
}

#[test]
fn what_is_read_and_opened_has_a_limit_of_its_own() {
    let Some(bench) = Bench::new() else { return };
    for (config, said) in [
        ("data \"trial_lookup\" \"a\" {\n  name = \"slow\"\n}\n", "Waited 2 s for the world to answer"),
        ("ephemeral \"trial_session\" \"s\" {\n  user = \"slow\"\n}\n", "Waited 3 s for the world to answer"),
    ] {
        bench.config(config);
        bench.run(&["plan", "-no-color"]).fails_with(&[said]);
    }
}

#[test]
fn an_ephemeral_resource_is_opened_renewed_and_closed_and_leaves_no_trace() {
    let Some(bench) = Bench::new() else { return };
    let config = "ephemeral \"trial_session\" \"s\" {\n  user  = \"ann\"\n  short = true\n}\n\nresource \"trial_keeper\" \"k\" {\n  value_wo         = ephemeral.trial_session.s.token\n  value_wo_version = 1\n}\n";
    bench.config(config);
    bench.run(&["plan", "-no-color", "-out=planned"]).succeeds();
    assert_eq!(bench.log().iter().filter(|line| *line == "close ann").count(), 1);
    bench.run(&["apply", "-no-color", "planned"]).succeeds();
    let count = |what: &str| bench.log().iter().filter(|line| *line == what).count();
    assert_eq!((count("open ann"), count("close ann")), (2, 2), "{:?}", bench.log());

    let attributes = bench.instance("trial_keeper")["attributes"].clone();
    assert_eq!(attributes["length"], "token-of-the-session".len());
    assert!(attributes["value_wo"].is_null());
    assert_eq!(attributes["receipt"], "receipt-20");
    let plan = std::fs::read(bench.path("work/planned")).unwrap();
    for bytes in [plan, bench.state().into_bytes()] {
        assert!(!String::from_utf8_lossy(&bytes).contains("token-of-the-session"));
    }
    let shown = bench.run(&["show", "-no-color"]).succeeds();
    assert!(shown.out.contains("receipt          = (sensitive value)"), "{}", shown.out);
    bench.settled();
    let next = config.replace("version = 1", "version = 2");
    assert_eq!(bench.plan(&next)["trial_keeper.k"], ["delete", "create"]);
}

/// A provider whose world is known only after an apply, with a session and an object of it.
fn of_a_late_world(bench: &Bench, version: u8) -> String {
    format!(
        r#"resource "terraform_data" "world" {{
  input            = {:?}
  triggers_replace = {version}
}}

provider "trial" {{
  alias = "late"
  world = terraform_data.world.output
}}

ephemeral "trial_session" "s" {{
  provider = trial.late
  user     = "ann"
}}

resource "trial_thing" "a" {{
  provider = trial.late
  name     = "a"
}}

resource "trial_thing" "b" {{
  provider = trial.late
  name     = "b"
}}

resource "trial_keeper" "k" {{
  value_wo         = ephemeral.trial_session.s.token
  value_wo_version = 1
}}
"#,
        bench.path("world")
    )
}

#[test]
fn what_is_reached_by_a_provider_that_is_known_late_is_made_and_renewed_in_one_apply() {
    let Some(bench) = Bench::new() else { return };
    bench.config(&of_a_late_world(&bench, 1));
    bench.run(&["plan", "-no-color"]).succeeds();
    assert!(!bench.log().iter().any(|line| line.starts_with("open") || line.starts_with("close")), "{:?}", bench.log());
    bench.apply(&of_a_late_world(&bench, 1)).succeeds();
    assert_eq!(bench.instance("trial_keeper")["attributes"]["length"], "token-of-the-session".len());
    let made = bench.objects();
    bench.settled();

    // What the provider is reached by is made anew: nothing of it can be read, and nothing of it changes.
    bench.config(&of_a_late_world(&bench, 2));
    let planned = bench.run(&["plan", "-no-color"]).succeeds().out;
    assert!(planned.contains("Plan: 1 to add, 0 to change, 1 to destroy."), "{planned}");
    assert_eq!(planned.matches("as they were last known").count(), 1, "{planned}");
    assert!(planned.contains("The provider's world is known only after"), "{planned}");
    bench.apply(&of_a_late_world(&bench, 2)).succeeds();
    assert_eq!(bench.objects(), made);
    bench.settled();
    bench.destroy().succeeds();
}

#[test]
fn functions_answer_and_name_the_argument_that_is_wrong() {
    let Some(bench) = Bench::new() else { return };
    bench
        .apply("output \"x\" {\n  value = [provider::trial::join(\"-\", \"a\", \"b\"), provider::trial::join(\"-\"), provider::trial::half(8)]\n}\n")
        .succeeds();
    let expected = serde_json::json!(["a-b", "", { "half": 4, "words": ["8", "halved"] }]);
    assert_eq!(bench.json(&["output", "-json", "x"]), expected);
    for (call, texts) in [
        ("half(3)", &["Invalid value for \"number\" parameter: 3 is odd"][..]),
        ("half(102)", &["Invalid value for \"number\" parameter", "102"]),
        ("half(0.5)", &["Invalid value for \"number\" parameter"]),
        ("join(\"-\", \"a\", \"\")", &["Invalid value for \"texts\" parameter: a text is empty"]),
    ] {
        bench.config(&format!("output \"x\" {{\n  value = provider::trial::{call}\n}}\n"));
        bench.run(&["plan", "-no-color"]).fails_with(texts);
    }
}

#[test]
fn bad_input_is_named_with_its_place() {
    let Some(bench) = Bench::new() else { return };
    for (inside, texts) in [
        ("name = \"\"", &["name", "main.tf line 12"][..]),
        ("name = \"a name of more than twenty letters\"", &["name", "20"]),
        ("name = \"a\"\n  size = 101", &["size", "101", "100"]),
        ("name = \"a\"\n  size = 1.5", &["size", "1.5"]),
        ("name = \"a\"\n  fault = \"none\"", &["fault", "none", "before"]),
        ("name = \"a\"\n  note = \"a\"", &["The note repeats the name", "Leave it out"]),
    ] {
        bench.config(&format!("resource \"trial_thing\" \"a\" {{\n  {inside}\n}}\n"));
        bench.run(&["validate", "-no-color"]).fails_with(texts);
    }
}
