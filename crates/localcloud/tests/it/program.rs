//! The program: up, status, env, fault, down.

use std::path::Path;
use std::process::{Command, Output};

fn localcloud(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_localcloud"))
        .args(["--dir", dir.to_str().unwrap()])
        .args(arguments)
        .env_remove("LOCALCLOUD_VENV")
        .output()
        .unwrap()
}

fn ok(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn up_is_safe_to_repeat_and_down_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join(".localcloud");
    let up = ["up", "--detach", "--no-aws", "--provisioning", "10ms"];
    assert!(!localcloud(&dir, &["status"]).status.success());
    ok(localcloud(&dir, &up));
    let first: serde_json::Value = serde_json::from_str(&ok(localcloud(&dir, &["status"]))).unwrap();
    let again = localcloud(&dir, &up);
    assert!(String::from_utf8_lossy(&again.stderr).contains("already up"));
    ok(again);
    let second: serde_json::Value = serde_json::from_str(&ok(localcloud(&dir, &["status"]))).unwrap();
    assert_eq!(first["pid"], second["pid"]);

    let env = ok(localcloud(&dir, &["env"]));
    assert!(env.contains(&format!("DATABRICKS_HOST='http://accounts.localhost:{}'", first["port"])));
    let proxy = ok(localcloud(&dir, &["env", "--proxy"]));
    assert!(proxy.contains(&format!("export HTTPS_PROXY='http://127.0.0.1:{}'", first["port"])), "{proxy}");
    // Nothing that was kept from a proxy before is kept from this one.
    assert!(proxy.contains("export NO_PROXY='127.0.0.1'\n"), "{proxy}");
    assert!(first.get("secret").is_none(), "{first}");
    use std::os::unix::fs::PermissionsExt as _;
    for file in ["env", "env-proxy", "instance.json"] {
        assert_eq!(std::fs::metadata(dir.join(file)).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
    // What a shell that sourced it can do: log in.
    let script = r#". "$1/env"; printf '%s\n' "$DATABRICKS_ACCOUNT_ID" "$TF_CLI_CONFIG_FILE""#;
    let sourced = Command::new("sh").args(["-c", script, "sh", dir.to_str().unwrap()]).output().unwrap();
    let sourced = String::from_utf8(sourced.stdout).unwrap();
    assert_eq!(sourced.lines().next(), first["account_id"].as_str());
    assert!(Path::new(sourced.lines().nth(1).unwrap()).is_file());

    ok(localcloud(&dir, &["fault", "add", r#"{"match":"GET /x","status":500}"#]));
    assert!(ok(localcloud(&dir, &["fault", "list"])).contains("GET /x"));
    ok(localcloud(&dir, &["fault", "clear"]));
    assert!(!ok(localcloud(&dir, &["fault", "list"])).contains("GET /x"));
    let bad = localcloud(&dir, &["fault", "add", r#"{"matches":"x"}"#]);
    assert!(String::from_utf8_lossy(&bad.stderr).contains("unknown field"));

    ok(localcloud(&dir, &["down"]));
    assert!(!dir.join("env").exists());
    let pid = first["pid"].to_string();
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    assert!(stat.is_empty() || stat.contains(") Z"), "{stat}");
    ok(localcloud(&dir, &["down"]));
    let status = localcloud(&dir, &["status"]);
    assert!(String::from_utf8_lossy(&status.stderr).contains("localcloud up --detach"));
}

#[test]
fn a_start_that_fails_says_why() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join(".localcloud");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let failed = localcloud(&dir, &["up", "--detach", "--no-aws", "--port", &port]);
    assert!(!failed.status.success());
    let words = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(words.contains("cannot listen on"), "{words}");
}
