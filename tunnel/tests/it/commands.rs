//! The commands around a connection, against a local cloud, with the real ssh, scp, sftp and rsync.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::bench::{another_host_key, text};
use crate::cloud::{Cloud, until};
use crate::schema::fits;

/// Runs a command of the tunnel with this endpoint, and answers its exit code, output and words.
async fn run(cloud: &Cloud, words: &[&str]) -> (i32, String, String) {
    text(&tunnel(cloud, words).output().await.unwrap())
}

fn tunnel(cloud: &Cloud, words: &[&str]) -> Command {
    let mut tunnel = cloud.tunnel("ada");
    tunnel.args(words).arg("--outputs").arg(cloud.outputs());
    tunnel
}

fn json_of(out: &str) -> Value {
    serde_json::from_str(out).unwrap_or_else(|error| panic!("{error}: {out:?}"))
}

/// A session that lasts until it is dropped.
async fn session(cloud: &Cloud) -> Child {
    let mut child = cloud.connect("ada", &["sh", "-c", "echo ready; exec sleep 600"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("ready"));
    child
}

/// One of OpenSSH's programs, or rsync, with the configuration that `setup` wrote and nothing else.
fn openssh(cloud: &Cloud, name: &str, arguments: &[&str]) -> Command {
    let config = cloud.folder.path().join(".ssh/config");
    let mut command = Command::new(name);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", cloud.folder.path());
    command.envs(cloud.cloud.env()).stdin(Stdio::null()).kill_on_drop(true);
    match name {
        "rsync" => command.env("RSYNC_RSH", format!("ssh -F {}", config.display())),
        _ => command.arg("-F").arg(&config),
    };
    command.args(arguments);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn setup_lets_ssh_scp_sftp_and_rsync_work_by_themselves() {
    let cloud = Cloud::start().await;
    let home = cloud.folder.path();
    let config = home.join(".ssh/config");
    fs::create_dir(home.join(".ssh")).unwrap();
    fs::write(&config, "Host mine\n  User somebody\n").unwrap();

    let (code, out, words) = run(&cloud, &["setup", "work", "--print"]).await;
    assert!(code == 0 && out.contains("\nHost work\n") && out.contains("StrictHostKeyChecking yes"), "{out}{words}");
    assert_eq!(fs::read_to_string(&config).unwrap(), "Host mine\n  User somebody\n", "--print writes nothing");
    let (code, _, words) = run(&cloud, &["setup", "mine"]).await;
    assert!(code == 1 && words.contains("has a Host mine of its own"), "{words}");

    for _ in 0..2 {
        let (code, _, words) = run(&cloud, &["setup", "work"]).await;
        assert_eq!(code, 0, "{words}");
    }
    let written = fs::read_to_string(&config).unwrap();
    assert_eq!(written.matches("Include").count(), 1, "{written}");
    assert!(written.ends_with("Host mine\n  User somebody\n"), "{written}");

    let (code, out, words) = text(&openssh(&cloud, "ssh", &["work", "echo hi; exit 3"]).output().await.unwrap());
    assert_eq!((code, out.as_str()), (3, "hi\n"), "{words}");

    let data: Vec<u8> = (0..3_000_000_u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let file = |name: &str| home.join(name);
    fs::write(file("a b"), &data).unwrap();
    let path = |name: &str| file(name).display().to_string();
    let copy = |program: &'static str, from: String, to: String| {
        let output = openssh(&cloud, program, &[&from, &to]).output();
        async move {
            let (code, _, words) = text(&output.await.unwrap());
            assert_eq!(code, 0, "{program}: {words}");
        }
    };
    copy("scp", path("a b"), format!("work:{}", path("scp up"))).await;
    copy("scp", format!("work:{}", path("scp up")), path("scp down")).await;
    assert!(fs::read(file("scp down")).unwrap() == data);
    copy("sftp", format!("work:{}", path("scp up").replace(' ', "\\ ")), path("sftp-down")).await;
    assert!(fs::read(file("sftp-down")).unwrap() == data);
    copy("rsync", path("a b"), format!("work:{}", path("rsync-up"))).await;
    assert!(fs::read(file("rsync-up")).unwrap() == data);

    let (_, out, words) = run(&cloud, &["list", "--json"]).await;
    assert_eq!(json_of(&out)[0]["ssh_hosts"], json!(["work"]), "{words}");
    assert_eq!(json_of(&out)[0]["server"], "running");
    fits(&[("list", &out)]);
    let removed = cloud.tunnel("ada").args(["setup", "--remove", "work"]).output().await.unwrap();
    assert_eq!(removed.status.code(), Some(0));
    let (code, _, words) = text(&openssh(&cloud, "ssh", &["work", "true"]).output().await.unwrap());
    assert!(code == 255 && words.contains("resolve hostname work"), "{words}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_just_ending_does_not_keep_the_server() {
    let cloud = Cloud::start().await;
    let mut child = cloud.connect("ada", &["sh", "-c", "echo ready; sleep 2"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("ready"));
    let (code, _, words) = run(&cloud, &["stop"]).await;
    assert!(code == 0 && words.contains("has ended"), "{words}");
    assert_eq!(child.wait().await.unwrap().code(), Some(0), "it was not cut off");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_was_met_is_called_by_its_name_until_it_is_forgotten() {
    let cloud = Cloud::start().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let by_name = async |words: &[&str]| {
        let mut tunnel = cloud.tunnel("ada");
        text(&tunnel.current_dir(elsewhere.path()).args(words).output().await.unwrap())
    };
    let (code, _, words) = by_name(&["connect", "demo", "--", "true"]).await;
    assert!(code == 1 && words.contains("no endpoint is known here"), "{words}");
    assert_eq!(cloud.connect("ada", &["true"]).output().await.unwrap().status.code(), Some(0));
    for words in [&["connect", "demo"][..], &["connect"], &["connect", "--endpoint", "demo"]] {
        let words = [words, &["--", "echo", "hi"]].concat();
        let (code, out, errors) = by_name(&words).await;
        assert_eq!((code, out.as_str()), (0, "hi\n"), "{words:?}: {errors}");
    }
    assert_eq!(by_name(&["status", "demo"]).await.0, 0);
    let (code, _, words) = by_name(&["job", "list", "--endpoint", "demo"]).await;
    assert_eq!(code, 0, "{words}");
    let (code, _, words) = by_name(&["connect", "dem", "--", "true"]).await;
    assert!(code == 1 && words.contains("There is: demo."), "{words}");
    // In a configuration that has no such endpoint, what is known of the name counts, and so does that it is not one.
    fs::write(elsewhere.path().join("main.tf"), "").unwrap();
    assert_eq!(by_name(&["status", "demo"]).await.0, 0);
    let mut twin = serde_json::to_value(&cloud.endpoint).unwrap();
    twin["workspace_id"] = json!("7");
    let file = cloud.home("ada").join("twin.json");
    fs::write(&file, twin.to_string()).unwrap();
    let (code, _, words) = by_name(&["status", "demo"]).await;
    assert!(code == 1 && words.contains("several endpoints are named demo"), "{words}");
    fs::remove_file(file).unwrap();
    fs::remove_file(elsewhere.path().join("main.tf")).unwrap();
    let mut with_variable = cloud.tunnel("grace");
    with_variable.current_dir(elsewhere.path()).env("TUNNEL_OUTPUTS", cloud.outputs()).args(["keys", "list", "--json"]);
    let (code, out, words) = text(&with_variable.output().await.unwrap());
    assert!(code == 0 && out.contains("fingerprint"), "{words}");

    assert_eq!(run(&cloud, &["setup", "work"]).await.0, 0);
    let (code, _, words) = by_name(&["forget", "demo", "none"]).await;
    assert!(code == 1 && words.contains("none"), "{words}");
    let (code, _, words) = by_name(&["forget", "demo"]).await;
    assert!(code == 0 && words.contains("ssh work") && words.contains("is forgotten"), "{words}");
    assert_eq!(by_name(&["list", "--json"]).await.1, "[]\n");
    let left: Vec<_> = fs::read_dir(cloud.home("ada")).unwrap().flatten().map(|it| it.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("demo")), "{left:?}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_says_why_a_server_is_not_known() {
    let cloud = Cloud::start().await;
    assert_eq!(cloud.connect("ada", &["true"]).output().await.unwrap().status.code(), Some(0));
    let mut tunnel = cloud.tunnel("ada");
    tunnel.env("DATABRICKS_CLIENT_SECRET", "wrong").current_dir(cloud.home("ada"));
    let (code, out, words) = text(&tunnel.args(["list"]).output().await.unwrap());
    assert!(code == 0 && out.contains("unknown") && words.contains("invalid_client"), "{out}{words}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn setup_changes_nothing_where_ssh_would_not_follow() {
    let cloud = Cloud::start().await;
    let home = cloud.folder.path();
    fs::create_dir(home.join(".ssh")).unwrap();
    let config = home.join(".ssh/config");
    let hosts = cloud.home("ada").join("ssh_config.d");
    // Another file's host of that name stands above all.
    fs::write(home.join("theirs"), "Host work\n  HostKeyAlias theirs\n").unwrap();
    let include = format!("Include \"{}/*\"", hosts.display());
    let theirs = format!("Include {}\n{include}\n", home.join("theirs").display());
    fs::write(&config, &theirs).unwrap();
    let (code, _, words) = run(&cloud, &["setup", "work"]).await;
    assert!(code == 1 && words.contains("comes first"), "{words}");
    assert!(!hosts.join("work").exists() && fs::read_to_string(&config).unwrap() == theirs);
    // The line that counts for one host alone is put above it; bytes in another encoding stay as they are.
    fs::write(&config, [b"# caf\xe9\nHost x\n  User y\n", include.as_bytes(), b"\n"].concat()).unwrap();
    let (code, _, words) = run(&cloud, &["setup", "work"]).await;
    assert!(code == 0 && words.contains("now goes to"), "{words}");
    let written = fs::read(&config).unwrap();
    assert!(written.starts_with(include.as_bytes()) && written.windows(6).any(|six| six == b"# caf\xe9"));
    // What its owner protected is said, with the line to add.
    fs::remove_file(&config).unwrap();
    fs::create_dir(&config).unwrap();
    fs::remove_file(hosts.join("work")).unwrap();
    let (code, _, words) = run(&cloud, &["setup", "work"]).await;
    assert!(code == 1 && words.contains("config"), "{words}");
    assert!(!hosts.join("work").exists(), "nothing was set up");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn setup_remembers_the_profile_that_was_asked_for_by_a_variable() {
    let cloud = Cloud::start().await;
    let file = cloud.folder.path().join("profiles");
    let secret = cloud.cloud.client_secret().expose().clone();
    let (host, id) = (&cloud.endpoint.host, cloud.cloud.client_id());
    fs::write(&file, format!("[prod]\nhost = {host}\nclient_id = {id}\nclient_secret = {secret}\n")).unwrap();
    let mut tunnel = cloud.tunnel("ada");
    for name in ["DATABRICKS_HOST", "DATABRICKS_ACCOUNT_ID", "DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET"] {
        tunnel.env_remove(name);
    }
    tunnel.env("DATABRICKS_CONFIG_FILE", &file).env("DATABRICKS_CONFIG_PROFILE", "prod");
    let (code, _, words) = text(&tunnel.args(["setup", "--outputs"]).arg(cloud.outputs()).output().await.unwrap());
    assert_eq!(code, 0, "{words}");
    // As an editor starts ssh: with a home and a path.
    let mut ssh = tokio::process::Command::new("ssh");
    ssh.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", cloud.folder.path());
    ssh.env("DATABRICKS_TUNNEL_HOME", cloud.home("ada"));
    ssh.arg("-F").arg(cloud.folder.path().join(".ssh/config")).args(["demo", "echo", "hi"]);
    let (code, out, words) = text(&ssh.output().await.unwrap());
    assert_eq!((code, out.as_str()), (0, "hi\n"), "{words}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_for_editors_that_probe_starts_nothing() {
    let cloud = Cloud::start().await;
    let (code, _, words) = run(&cloud, &["setup", "--no-start"]).await;
    assert_eq!(code, 0, "{words}");
    let (code, _, words) = text(&openssh(&cloud, "ssh", &["demo", "true"]).output().await.unwrap());
    assert!(code == 255 && words.contains("--no-start"), "{code} {words}");
    assert_eq!(cloud.runs().await.len(), 0);
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_looked_at_and_ended() {
    let cloud = Cloud::start().await;
    let (code, out, _) = run(&cloud, &["status"]).await;
    assert!(code == 3 && out.contains("not running"), "{out}");
    let (code, _, words) = run(&cloud, &["logs"]).await;
    assert!(code == 1 && words.contains("tunnel connect starts one"), "{words}");
    let (code, _, words) = run(&cloud, &["stop"]).await;
    assert!(code == 0 && words.contains("no server runs"), "{words}");

    let open = session(&cloud).await;
    let (code, out, words) = run(&cloud, &["status", "--json"]).await;
    let report = json_of(&out);
    assert_eq!((code, &report["running"], &report["server"]["sessions"]), (0, &json!(true), &json!(1)), "{out}{words}");
    fits(&[("status", &out)]);
    let (_, out, _) = run(&cloud, &["status"]).await;
    assert!(out.contains("1 of 20"), "{out}");
    let (code, _, words) = run(&cloud, &["stop"]).await;
    assert!(code == 1 && words.contains("1 session is connected") && words.contains("--force"), "{words}");
    let (code, _, words) = run(&cloud, &["stop", "--force"]).await;
    assert_eq!(code, 0, "{words}");
    assert_eq!(run(&cloud, &["status"]).await.0, 3);
    until("the server took back where it was", async || cloud.metadata().await.is_none()).await;
    drop(open);
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_followed_until_the_server_ends() {
    let binary = fs::read(crate::bench::tunnel_program()).unwrap();
    let cloud = Cloud::with(binary, "SINGLE_USER", |wanted| wanted.max_clients = 1).await;
    let open = session(&cloud).await;
    let mut follow = tunnel(&cloud, &["logs", "-f"]).spawn().unwrap();
    let mut lines = BufReader::new(follow.stdout.take().unwrap()).lines();
    let (code, _, words) = text(&cloud.connect("ada", &["true"]).output().await.unwrap());
    assert!(code == 255 && words.contains("Maximum clients reached"), "{words}");
    let line = lines.next_line().await.unwrap().unwrap();
    assert!(line.contains("a connection was refused: Maximum clients reached (1)"), "{line}");
    assert_eq!(run(&cloud, &["stop", "--force"]).await.0, 0);
    assert!(follow.wait().await.unwrap().success());
    drop(open);
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_copied_and_ports_forwarded() {
    let cloud = Cloud::start().await;
    let there = cloud.folder.path().join("there: a b");
    let here = cloud.folder.path().join("here:c");
    fs::write(&here, "hello").unwrap();
    let place = format!(":{}", there.display());
    let (code, _, words) = run(&cloud, &["cp", "--quiet", here.to_str().unwrap(), &place]).await;
    assert_eq!((code, fs::read_to_string(&there).unwrap().as_str()), (0, "hello"), "{words}");
    let back = cloud.folder.path().join("back");
    let (code, _, words) = run(&cloud, &["cp", &place, back.to_str().unwrap()]).await;
    assert_eq!((code, fs::read_to_string(&back).unwrap().as_str()), (0, "hello"), "{words}");
    // A name is bytes: this one is of an old file server, in Latin-1.
    let old = OsStr::from_bytes(b"caf\xe9");
    let mut there = OsString::from(":");
    there.push(cloud.folder.path().join(old));
    let mut copy = tunnel(&cloud, &["cp", "--quiet"]);
    let copied = copy.arg(&here).arg(there).output().await.unwrap();
    assert_eq!(fs::read_to_string(cloud.folder.path().join(old)).unwrap(), "hello", "{copied:?}");
    let (code, _, words) = run(&cloud, &["cp", "a", "b"]).await;
    assert!(code == 1 && words.contains("colon"), "{words}");

    let service = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = service.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = service.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                tokio::io::copy(&mut read, &mut write).await
            });
        }
    });
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let mut forward =
        tunnel(&cloud, &["forward", "-L", &format!("{port}:127.0.0.1:{}", target.port())]).spawn().unwrap();
    until("the port is forwarded", async || TcpStream::connect(("127.0.0.1", port)).await.is_ok()).await;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(b"echo").await.unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"echo");
    forward.kill().await.unwrap();
    let (code, _, words) = run(&cloud, &["forward"]).await;
    assert!(code == 1 && words.contains("-L, -R or -D"), "{words}");
    // What cannot be forwarded at first is an end, not something to try for ever.
    let (code, _, words) = run(&cloud, &["forward", "-L", "1:nonsense"]).await;
    assert_eq!(code, 255, "{words}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_rotated_and_removed() {
    let cloud = Cloud::start().await;
    assert_eq!(text(&cloud.connect("ada", &["true"]).output().await.unwrap()).0, 0);
    assert_eq!(text(&cloud.connect("grace", &["true"]).output().await.unwrap()).0, 0);
    let keys = async || json_of(&run(&cloud, &["keys", "list", "--json"]).await.1);
    let before = keys().await;
    fits(&[("keys list", &before.to_string())]);
    let ours = |keys: &Value| {
        let all = keys.as_array().unwrap();
        let found: Vec<&Value> = all.iter().filter(|key| key["this_machine"] == true).collect();
        assert_eq!((all.len(), found.len()), (2, 1), "{keys}");
        found[0]["fingerprint"].as_str().unwrap().to_owned()
    };
    let old = ours(&before);
    let old_key = fs::read(cloud.home("ada").join("id_ed25519")).unwrap();
    let (code, _, words) = run(&cloud, &["keys", "rotate"]).await;
    assert_eq!(code, 0, "{words}");
    assert_ne!(ours(&keys().await), old);
    assert_eq!(text(&cloud.connect("ada", &["true"]).output().await.unwrap()).0, 0);
    // The old key is worth nothing any more, although its owner still has it.
    let stale = cloud.folder.path().join("old");
    fs::write(&stale, old_key).unwrap();
    fs::set_permissions(&stale, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(run(&cloud, &["setup"]).await.0, 0);
    let host = cloud.home("ada").join("ssh_config.d/demo");
    let config = fs::read_to_string(&host).unwrap();
    let key = cloud.home("ada").join("id_ed25519").display().to_string();
    fs::write(&host, config.replace(&key, &stale.display().to_string())).unwrap();
    let (code, _, words) = text(&openssh(&cloud, "ssh", &["demo", "true"]).output().await.unwrap());
    assert!(code == 255 && words.contains("Permission denied (publickey)"), "{code} {words}");

    let (code, _, words) = run(&cloud, &["keys", "remove", &old]).await;
    assert!(code == 1 && words.contains("tunnel keys list"), "{words}");
    let all = keys().await;
    let other = all.as_array().unwrap().iter().find(|key| key["this_machine"] == false).unwrap();
    let (code, _, words) = run(&cloud, &["keys", "remove", other["fingerprint"].as_str().unwrap()]).await;
    assert_eq!(code, 0, "{words}");
    assert_eq!(keys().await.as_array().unwrap().len(), 1);
    cloud.cloud.stop().await;
}

fn script(folder: &Path, name: &str, text: &str) {
    let bin = folder.join("bin");
    fs::create_dir_all(&bin).unwrap();
    fs::write(bin.join(name), format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_measured_and_examined() {
    let cloud = Cloud::start().await;
    let (code, out, words) = run(&cloud, &["doctor"]).await;
    assert!(code == 0 && out.contains("the server: not running") && out.contains("skipped  a login"), "{out}{words}");
    assert_eq!(cloud.runs().await.len(), 0, "nothing is started");
    assert!(out.contains("this machine's key: none yet") && out.ends_with("\nall is well\n"), "{out}");
    assert!(!cloud.home("ada").exists(), "nothing is written");
    // Somebody else's server runs: who was never there still changes nothing.
    assert_eq!(cloud.connect("grace", &["true"]).output().await.unwrap().status.code(), Some(0));
    cloud.cloud.clear_requests();
    let (code, out, words) = run(&cloud, &["doctor"]).await;
    assert!(code == 0 && out.contains("answers on port") && out.contains("skipped  a login"), "{out}{words}");
    let changes: Vec<String> = cloud.cloud.requests().into_iter().map(|entry| entry.path).collect();
    assert!(!changes.iter().any(|path| path.contains("secrets/put") || path.contains("import")), "{changes:?}");
    assert!(!cloud.home("ada").exists(), "nothing is written");
    let (code, out, words) = run(&cloud, &["doctor", "--start", "--json"]).await;
    let findings = json_of(&out);
    assert!(code == 0 && findings.as_array().unwrap().iter().all(|found| found["outcome"] == "ok"), "{out}{words}");

    fits(&[("doctor", &out)]);

    let (code, out, words) = run(&cloud, &["speedtest", "--duration", "300ms", "--json"]).await;
    let measured = json_of(&out);
    fits(&[("speedtest", &out)]);
    assert_eq!(code, 0, "{words}");
    for name in ["download_bytes_per_second", "upload_bytes_per_second"] {
        assert!(measured[name].as_u64().unwrap() > 1_000_000, "{out}");
    }
    assert!(measured["round_trip_median_milliseconds"].as_f64().unwrap() > 0.0, "{out}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_what_is_wrong() {
    let mut cloud = Cloud::start().await;
    let check = async |cloud: &Cloud, change: &[(&str, &str)], stage: &str, words: &str| {
        let mut doctor = tunnel(cloud, &["doctor", "--json"]);
        doctor.envs(change.iter().copied());
        let (code, out, _) = text(&doctor.output().await.unwrap());
        let findings = json_of(&out);
        let problem = findings.as_array().unwrap().iter().find(|found| found["outcome"] == "problem").unwrap();
        assert_eq!((code, problem["stage"].as_str()), (1, Some(stage)), "{out}");
        assert!(problem["words"].as_str().unwrap().contains(words), "{out}");
    };
    check(&cloud, &[("PATH", "/nonexistent")], "ssh on this machine", "openssh-client").await;
    let secrets = ["DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET", "DATABRICKS_TOKEN", "DATABRICKS_AUTH_TYPE"];
    let wrong = secrets.map(|name| (name, if name == "DATABRICKS_TOKEN" { "wrong" } else { "" }));
    check(&cloud, &wrong, "signing in", "").await;
    let good = cloud.endpoint.clone();
    cloud.endpoint.server_host_key = another_host_key();
    check(&cloud, &[], "the host key", "another host key").await;
    cloud.endpoint = good.clone();
    cloud.endpoint.binary_path += "x";
    check(&cloud, &[], "the program for the cluster", "Apply the configuration again").await;
    // The cluster got another instance type since the program was uploaded.
    cloud.endpoint = good.clone();
    cloud.endpoint.binary_processor = Some("s390x".to_owned());
    let words = format!("scripts/build_tunnel.sh {}", std::env::consts::ARCH);
    check(&cloud, &[], "the program for the cluster", &words).await;
    cloud.endpoint = good.clone();
    cloud.endpoint.cluster_id = "0000-000000-nothing".to_owned();
    check(&cloud, &[], "the cluster", "").await;
    cloud.endpoint.host = "http://127.0.0.1:1".to_owned();
    check(&cloud, &[], "the way to the workspace", "HTTPS_PROXY").await;
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_editor_is_opened_on_the_cluster() {
    let cloud = Cloud::start().await;
    let home = cloud.folder.path();
    let log = home.join("log");
    let installed = home.join("installed");
    let text_of_code = format!(
        "echo \"$*\" >>{log}; case $1 in --list-extensions) cat {installed} 2>/dev/null; exit 0;; \
         --install-extension) echo \"$2@9.9.9\" >{installed};; esac",
        log = log.display(),
        installed = installed.display()
    );
    script(home, "code", &text_of_code);
    let path = format!("{}:{}", home.join("bin").display(), std::env::var("PATH").unwrap());
    let code = async |words: &[&str]| text(&tunnel(&cloud, words).env("PATH", &path).output().await.unwrap());
    let (status, _, words) = code(&["code"]).await;
    assert!(status == 1 && words.contains("ms-vscode-remote.remote-ssh"), "{words}");
    let (status, _, words) = code(&["code", "--auto-approve", "/Workspace/x"]).await;
    assert_eq!(status, 0, "{words}");
    let log = fs::read_to_string(log).unwrap();
    assert!(log.ends_with("--remote ssh-remote+demo /Workspace/x\n"), "{log}");
    let (status, out, words) = text(&openssh(&cloud, "ssh", &["demo", "echo hi"]).output().await.unwrap());
    assert_eq!((status, out.as_str()), (0, "hi\n"), "{words}");
    let (status, _, words) = code(&["cursor"]).await;
    assert!(status == 1 && words.contains("there is no cursor on the PATH"), "{words}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agents_key_logs_in_and_stays_in_the_agent() {
    let cloud = Cloud::start().await;
    let home = cloud.folder.path();
    let socket = home.join("agent");
    let mut agent = Command::new("ssh-agent")
        .arg("-D")
        .arg("-a")
        .arg(&socket)
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    until("the agent listens", async || socket.exists()).await;
    let file = home.join("held");
    let made =
        Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&file).status().await.unwrap();
    assert!(made.success());
    let added = Command::new("ssh-add").arg("-q").arg(&file).env("SSH_AUTH_SOCK", &socket).status().await.unwrap();
    assert!(added.success());
    fs::remove_file(&file).unwrap();
    let public = home.join("held.pub");
    let mut connect = tunnel(&cloud, &["connect", "--identity", public.to_str().unwrap()]);
    connect.env("SSH_AUTH_SOCK", &socket).args(["--", "echo", "in"]);
    let (code, out, words) =
        text(&tokio::time::timeout(Duration::from_secs(60), connect.output()).await.unwrap().unwrap());
    assert_eq!((code, out.as_str()), (0, "in\n"), "{words}");
    agent.kill().await.unwrap();
    cloud.cloud.stop().await;
}
