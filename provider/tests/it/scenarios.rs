//! The complete scenarios in `examples/`: each is applied as it stands, with the variables that it asks for, plans nothing afterwards,
//! and leaves nothing when it is destroyed. A secret of theirs stands in no plan and no state.

use std::path::Path;

use crate::Test;
use crate::bench::Bench;
use crate::cloud::{Cloud, root};

pub const TESTS: &[Test] = &[("the_sftp_scenario_applies", sftp)];

/// A key that is none.
const KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\nbm90LWEta2V5\n-----END OPENSSH PRIVATE KEY-----\n";

fn sftp(cloud: &Cloud) {
    let mut bench = Bench::new(cloud.workspace());
    copy(&root().join("examples/sftp"), bench.dir.path());
    let wheel = bench.dir.path().join("pyspark_sftp-0.1.0-py3-none-any.whl");
    std::fs::write(&wheel, b"PK").unwrap();
    let server = r#"{"host":"sftp.example.com","port":2222,"username":"jo","key_fingerprint":"SHA256:AAAA"}"#;
    for (name, value) in [
        ("TF_VAR_source_server", server),
        ("TF_VAR_target_server", server),
        ("TF_VAR_ssh_private_key", KEY),
        ("TF_VAR_wheel", wheel.to_str().unwrap()),
    ] {
        bench.set(name, Some(value));
    }
    bench.run(&["validate", "-no-color"]).succeeded();
    bench.apply();
    bench.plan_is_empty("after the apply");
    // The wheel in another folder is the same wheel, and a new key is sent.
    let moved = bench.dir.path().join("dist").join(wheel.file_name().unwrap());
    std::fs::create_dir(moved.parent().unwrap()).unwrap();
    std::fs::rename(&wheel, &moved).unwrap();
    bench.set("TF_VAR_wheel", moved.to_str());
    bench.plan_is_empty("after the wheel has moved");
    bench.set("TF_VAR_ssh_private_key_version", Some("2"));
    let changed: Vec<String> = bench.plan(&[]).into_iter().map(|change| change.address).collect();
    assert_eq!(changed, ["databricks_connection.source", "databricks_secret.private_key"]);
    bench.apply();
    bench.plan_is_empty("after the key has changed");
    let state = std::fs::read_to_string(bench.dir.path().join("terraform.tfstate")).unwrap();
    assert!(!state.contains("bm90LWEta2V5"), "the key stands in the state");
    let outputs = bench.run(&["output", "-json", "notebooks"]).succeeded().stdout;
    assert!(outputs.contains("/#workspace/Shared/sftp/01_servers"), "{outputs}");
    bench.destroy(&[]);
}

/// Copies the files of a scenario.
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else if entry.file_name() != "README.md" {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
