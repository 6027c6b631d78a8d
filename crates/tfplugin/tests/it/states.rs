//! Stored states: large ones, old ones, and the journal's private bytes.

use crate::bench::Bench;

#[test]
fn a_state_of_six_megabytes_is_written_and_read_again() {
    let Some(bench) = Bench::new() else { return };
    std::fs::write(bench.path("work/large"), "0123456789abcdef".repeat(6 * 65536)).unwrap();
    let config = "resource \"trial_thing\" \"a\" {\n  name = \"a\"\n  note = file(\"large\")\n}\n";
    bench.apply(config).succeeds();
    assert!(bench.state().len() > 6 << 20);
    bench.settled();
    bench.destroy().succeeds();
}

#[test]
fn an_older_state_is_brought_to_the_present_shape() {
    let Some(bench) = Bench::new() else { return };
    bench.config("resource \"trial_versioned\" \"v\" {\n  title = \"old\"\n}\n");
    let state = |version: u32, attributes: &str| {
        format!(
            r#"{{"version":4,"terraform_version":"1.11.0","serial":1,"lineage":"l","outputs":{{}},"resources":[{{"mode":"managed","type":"trial_versioned","name":"v","provider":"provider[\"registry.terraform.io/hashicorp/trial\"]","instances":[{{"schema_version":{version},"attributes":{attributes}}}]}}]}}"#
        )
    };
    let write = |text: String| std::fs::write(bench.path("work/terraform.tfstate"), text).unwrap();
    write(state(0, r#"{"id":"old","caption":"old","gone":[1,{"x":2}]}"#));
    bench.settled();
    bench.run(&["apply", "-auto-approve", "-refresh-only", "-no-color"]).succeeds();
    // The same version, with an attribute that is no more and one that is new.
    write(state(1, r#"{"id":"old","title":"old","gone":true}"#));
    bench.settled();
    write(state(2, r#"{"id":"old","title":"old"}"#));
    bench.run(&["plan", "-no-color"]).fails_with(&["Resource instance managed by newer provider version"]);
    write(state(1, r#"{"id":"old","title":["wrong"]}"#));
    bench.run(&["plan", "-no-color"]).fails_with(&["title"]);
}
