//! The program: up, status, logs, env, fault, down.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_localcloud"));
    command.args(["--dir", dir.to_str().unwrap()]).args(arguments).env_remove("LOCALCLOUD_VENV");
    command
}

fn localcloud(dir: &Path, arguments: &[&str]) -> Output {
    command(dir, arguments).output().unwrap()
}

/// One that is stopped when the test ends, however it ends.
struct Up(tempfile::TempDir);

impl Up {
    fn new() -> Self {
        let up = Self(tempfile::tempdir().unwrap());
        ok(localcloud(&up.dir(), &["up", "--detach", "--no-aws", "--provisioning", "10ms"]));
        up
    }

    fn dir(&self) -> std::path::PathBuf {
        self.0.path().join(".localcloud")
    }

    fn status(&self) -> serde_json::Value {
        serde_json::from_str(&ok(localcloud(&self.dir(), &["status", "--json"]))).unwrap()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        localcloud(&self.dir(), &["down"]);
    }
}

/// The lines that a process prints, each of which comes soon.
struct Lines(std::sync::mpsc::Receiver<String>);

impl Lines {
    fn of(out: std::process::ChildStdout) -> Self {
        let (send, receive) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            BufReader::new(out).lines().map_while(Result::ok).try_for_each(|line| send.send(line))
        });
        Self(receive)
    }

    fn next(&self) -> String {
        self.0.recv_timeout(Duration::from_secs(20)).expect("another line")
    }
}

/// How a process ends, which it does soon.
fn ended(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
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
    let first: serde_json::Value = serde_json::from_str(&ok(localcloud(&dir, &["status", "--json"]))).unwrap();
    let again = localcloud(&dir, &up);
    assert!(String::from_utf8_lossy(&again.stderr).contains("already up"));
    ok(again);
    let second: serde_json::Value = serde_json::from_str(&ok(localcloud(&dir, &["status", "--json"]))).unwrap();
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
    for arguments in [&["status"][..], &["status", "--json"]] {
        let status = localcloud(&dir, arguments);
        let words = String::from_utf8_lossy(&status.stderr).into_owned();
        assert!(words.contains("localcloud up --detach") && words.lines().count() == 1, "{words}");
        assert!(!status.status.success() && status.stdout.is_empty());
    }
}

#[test]
fn status_is_a_table_for_people_and_json_for_programs() {
    let up = Up::new();
    ok(localcloud(&up.dir(), &["fault", "add", r#"{"match":"GET /never","times":3,"status":503,"code":"BUSY"}"#]));
    let status = up.status();
    for field in
        ["pid", "port", "account_id", "aws_endpoint", "holds", "folder", "since", "addresses", "workspaces", "faults"]
    {
        assert!(status.get(field).is_some(), "{field} in {status}");
    }
    assert_eq!((&status["holds"]["networks"], &status["faults"][0]["times"]), (&0.into(), &3.into()));
    let secret = std::fs::read_to_string(up.dir().join("instance.json")).unwrap();
    let secret: serde_json::Value = serde_json::from_str(&secret).unwrap();
    assert!(!status.to_string().contains(secret["secret"].as_str().unwrap()), "{status}");
    let text = ok(localcloud(&up.dir(), &["status"]));
    let has = |words: &[&str]| {
        text.lines().any(|line| {
            words.iter().eq(line.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect::<Vec<_>>().iter())
        })
    };
    let port = status["port"].to_string();
    assert!(text.starts_with("The local cloud is up for "), "{text}");
    assert!(has(&["Page", &format!("http://127.0.0.1:{port}/")]), "{text}");
    assert!(has(&["AWS", "none"]), "{text}");
    assert!(has(&["FAULT", "STRIKES LEFT", "WHAT HAPPENS"]), "{text}");
    assert!(has(&["GET /never", "3", "503 BUSY, without effect"]), "{text}");
    assert!(text.contains("It holds no objects yet."), "{text}");
}

#[test]
fn what_env_sets_is_unset_again_even_when_it_is_down() {
    let up = Up::new();
    let undo = |proxy: &[&str]| ok(localcloud(&up.dir(), &[&["env", "--unset"], proxy].concat()));
    let set = |proxy: &[&str]| ok(localcloud(&up.dir(), &[&["env"], proxy].concat()));
    let names = |text: &str| -> BTreeSet<String> {
        let script = format!("{text}\nenv");
        let mut sh = Command::new("sh");
        let said =
            sh.args(["-c", &script]).env_clear().envs([("PATH", "/usr/bin:/bin"), ("MINE", "1")]).output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        said.lines().filter_map(|line| Some(line.split_once('=')?.0.to_owned())).collect()
    };
    let nothing = names("");
    let whole: Vec<(&[&str], String)> = [&[][..], &["--proxy"]].into_iter().map(|proxy| (proxy, set(proxy))).collect();
    let of_up: Vec<String> = whole.iter().map(|(proxy, _)| undo(proxy)).collect();
    ok(localcloud(&up.dir(), &["down"]));
    assert!(!localcloud(&up.dir(), &["env"]).status.success());
    for ((proxy, set), of_up) in whole.iter().zip(of_up) {
        assert!(names(set).contains("DATABRICKS_CLIENT_SECRET"), "{set}");
        let undo = undo(proxy);
        assert_eq!(undo, of_up);
        assert_eq!(names(&format!("{set}\n{undo}")), nothing, "{undo}");
        // Nothing of AWS's was set, so nothing of it is taken away.
        assert!(!undo.contains("AWS"), "{undo}");
    }
    let never = tempfile::tempdir().unwrap();
    assert!(!localcloud(never.path(), &["env", "--unset"]).status.success());
}

#[test]
fn logs_that_are_followed_end_with_the_local_cloud_with_an_interrupt_and_with_their_reader() {
    let up = Up::new();
    let follow = |arguments: &[&str]| {
        let mut child =
            command(&up.dir(), &[&["logs", "-f"], arguments].concat()).stdout(Stdio::piped()).spawn().unwrap();
        let out = child.stdout.take().unwrap();
        (child, Lines::of(out))
    };
    let ask = |path: &str| {
        let script = format!(
            "printf 'GET {path} HTTP/1.1\\r\\nHost: accounts.localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3; cat <&3"
        );
        let connect = format!("exec 3<>/dev/tcp/127.0.0.1/{}; {script}", up.status()["port"]);
        assert!(Command::new("bash").args(["-c", &connect]).output().unwrap().status.success());
    };
    ask("/first");
    ask("/second");
    assert_eq!(ok(localcloud(&up.dir(), &["logs", "--requests"])).lines().count(), 2);
    let last = ok(localcloud(&up.dir(), &["logs", "--requests", "-n", "1"]));
    assert!(last.lines().count() == 1 && last.contains("/second"), "{last}");

    let (mut followed, lines) = follow(&["--requests", "-n", "1"]);
    assert!(lines.next().contains("/second"));
    ask("/third");
    assert!(lines.next().contains("/third"));
    // Somebody empties the log: what is written then is all there is in it.
    std::fs::File::create(up.dir().join("requests.log")).unwrap();
    ask("/4");
    assert!(lines.next().contains("/4"));
    assert!(!std::fs::read(up.dir().join("requests.log")).unwrap().contains(&0));

    let (mut interrupted, of_log) = follow(&[]);
    of_log.next();
    let interrupt = Command::new("kill").args(["-INT", &interrupted.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    assert!(ended(&mut interrupted).success());

    // A reader that leaves ends it, though nothing more is written.
    let mut unread = command(&up.dir(), &["logs", "-f", "-n", "1"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(unread.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(ended(&mut unread).success() && !first.is_empty());
    for arguments in [&["logs"][..], &["status"], &["env"]] {
        let mut child = command(&up.dir(), arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        assert!(ended(&mut child).success(), "{arguments:?}");
    }

    ok(localcloud(&up.dir(), &["down"]));
    assert!(ended(&mut followed).success());
    // What it wrote at last is told.
    let (mut over, lines) = follow(&[]);
    assert!(lines.0.iter().any(|line| line.contains("stopping")));
    assert!(ended(&mut over).success());
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
