//! What is printed with --json fits the schema that `tunnel schema` prints.

use std::io::Write;
use std::process::{Command, Stdio};

use clap::CommandFactory;
use serde_json::{Value, json};
use tunnel::cli::Cli;

use crate::bench::tunnel_program;
use crate::cloud::venv;

/// Of each line of the input, whether its `value` fits the schema of its `command`: a validator that is not ours.
const VALIDATE: &str = "
import json, sys
import jsonschema
schema = json.loads(sys.stdin.readline())
jsonschema.Draft202012Validator.check_schema(schema)
for line in sys.stdin:
    told = json.loads(line)
    one = {**schema['properties'][told['command']], '$defs': schema.get('$defs', {})}
    for error in jsonschema.Draft202012Validator(one).iter_errors(told['value']):
        sys.exit(f\"{told['command']}: {error.json_path}: {error.message}\")
";

fn schema(words: &[&str]) -> Value {
    let output = Command::new(tunnel_program()).arg("schema").args(words).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What does not fit, if something does not.
fn misfit(printed: &[(&str, &str)]) -> Option<String> {
    let mut python = Command::new(venv().join("bin/python"))
        .args(["-c", VALIDATE])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = format!("{}\n", schema(&[]));
    for (command, text) in printed {
        let value: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{command}: {error}: {text}"));
        lines.push_str(&format!("{}\n", json!({ "command": command, "value": value })));
    }
    python.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The commands that take --json, by their words.
fn printing_json(command: &clap::Command, path: &str, found: &mut Vec<String>) {
    if command.get_arguments().any(|argument| argument.get_long() == Some("json")) {
        found.push(path.to_owned());
    }
    for one in command.get_subcommands().filter(|one| !one.is_hide_set()) {
        printing_json(one, format!("{path} {}", one.get_name()).trim_start(), found);
    }
}

/// Each command's output fits its schema.
#[track_caller]
pub fn fits(printed: &[(&str, &str)]) {
    assert_eq!(misfit(printed), None, "{printed:?}");
}

#[test]
fn every_command_that_prints_json_has_a_schema_and_each_is_one_of_something() {
    let outputs = schema(&[]);
    for (name, member) in outputs["properties"].as_object().unwrap() {
        assert!(member.get("$ref").or(member.get("type")).is_some(), "{name}: {member}");
        let words: Vec<&str> = name.split(' ').collect();
        let takes_json = Command::new(tunnel_program()).args(&words).arg("--help").output().unwrap();
        assert!(String::from_utf8_lossy(&takes_json.stdout).contains("--json"), "tunnel {name} --help");
    }
    let named: Vec<&str> = outputs["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    let mut printing = Vec::new();
    printing_json(&Cli::command(), "", &mut printing);
    let without: Vec<_> = printing.iter().filter(|one| !named.contains(&one.as_str())).collect();
    assert!(without.is_empty() && printing.len() > 20, "{without:?} of {printing:?}");
    assert_eq!(schema(&["endpoint"])["title"], "SshEndpoint");
    // The validator sees what does not fit.
    let wrong = misfit(&[("context status", r#"{"id": 1, "status": "Running"}"#)]).unwrap();
    assert!(wrong.contains("context status: $.id"), "{wrong}");
    assert!(misfit(&[("list", "[{}]")]).unwrap().contains("required"));
}
