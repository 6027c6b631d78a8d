//! What our provider made, as the official Python SDK and boto3 see it: each attribute of the state is what the service tells them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::bench::Bench;
use crate::cloud::{Cloud, root, venv};

/// Types that no service knows.
const NOT_AT_A_SERVICE: &[&str] = &["databricks_ssh_job"];

/// Reads everything that is in the state back, through clients that know nothing of ours.
pub fn read_back(bench: &Bench, cloud: &Cloud, variables: &str) {
    // What a later object changed in an earlier one (a network's user) comes into the state with a refresh.
    bench.run(&["apply", "-refresh-only", "-auto-approve", "-no-color", "-input=false", variables]).succeeded();
    let state = bench.run(&["show", "-json"]).succeeded().stdout;
    let python = venv().join("bin/python");
    let import = Command::new(&python).args(["-c", "import boto3, databricks.sdk"]).output();
    let way_out =
        "scripts/lib.sh's ensure_venv installs provider/tests/requirements.txt; LOCALCLOUD_VENV names the environment";
    match import {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!("{}: {}\n{way_out}", python.display(), String::from_utf8_lossy(&output.stderr)),
        Err(error) => panic!("{} cannot be started: {error}\n{way_out}", python.display()),
    }
    let mut script = Command::new(&python)
        .arg(root().join("provider/tests/foreign/read_back.py"))
        .env_clear()
        .envs(cloud.foreign())
        .env("HOME", bench.dir.path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    script.stdin.take().unwrap().write_all(state.as_bytes()).unwrap();
    let output = script.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "what other clients see is not what the state has:\n{said}");
    let read: Vec<String> = serde_json::from_slice(&output.stdout).unwrap();
    let pages = std::fs::read_dir(root().join("modules")).unwrap().flatten();
    let used: Vec<String> = pages.flat_map(|module| types_of(&module.path())).collect();
    for kind in used.iter().filter(|kind| !NOT_AT_A_SERVICE.contains(&kind.as_str())) {
        assert!(read.contains(kind), "{kind} was not read back: {read:?}");
    }
}

/// The types of the resources that a module's files have.
fn types_of(module: &std::path::Path) -> Vec<String> {
    let files = std::fs::read_dir(module).unwrap().flatten().map(|file| file.path());
    let texts = files
        .filter(|file| file.extension().is_some_and(|kind| kind == "tf"))
        .map(|file| std::fs::read_to_string(file).unwrap());
    texts
        .flat_map(|text| {
            let words = text.split("\nresource \"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()));
            words.collect::<Vec<_>>()
        })
        .collect()
}
