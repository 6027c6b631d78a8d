//! What arrives, and how often.

use std::process::Stdio;

use tunnel::jobs::id::JobId;

use super::machine::{Machine, Who};

/// Words that a shell would like to read.
const WORDS: &[&str] = &[
    "plain",
    "",
    " two  words ",
    "it's",
    "\"q\"",
    "$HOME `id` $(id)",
    "a\nb\n",
    "\\",
    "\\n",
    "*",
    "~",
    "-e",
    "--",
    "!x",
    "ä€😀",
    "a;b&c|d>e<f",
    "#",
    "%s%n",
    "\u{1b}[0m",
    "=x",
    "{a,b}",
    "\t",
];

#[tokio::test]
async fn words_variables_and_folders_arrive_as_they_were() {
    let machine = Machine::start(Who::Own).await;
    let folder = machine.folder.path().join("it's a $dir\nä");
    std::fs::create_dir(&folder).unwrap();
    let value = WORDS.join("\u{1}");
    let mut words = vec!["submit", "--dir", folder.to_str().unwrap(), "--name", "it's\n\"me\""];
    let variable = format!("VALUE={value}");
    words.extend(["--env", &variable, "--", "sh", "-c"]);
    words.push("printf '%s\\0' \"$@\" && printf '%s\\0' \"$VALUE\" && pwd");
    words.push("sh");
    words.extend(WORDS);
    let id = machine.text(&words).await;
    let job = machine.ended(id.trim()).await;
    assert_eq!((&job["state"], &job["exit_code"]), (&"exited".into(), &0.into()), "{job}");
    assert_eq!(job["name"], "it's\n\"me\"");
    let log = std::fs::read_to_string(machine.file(id.trim(), "stdout")).unwrap();
    let expected: String = WORDS.iter().map(|word| format!("{word}\0")).collect();
    assert_eq!(log, format!("{expected}{value}\0{}\n", folder.display()));
}

#[tokio::test]
async fn a_job_gets_its_files_its_stdin_and_what_it_should_see() {
    let machine = Machine::start(Who::Own).await;
    let here = machine.folder.path();
    let big: Vec<u8> = (0..300_001_u32).map(|n| (n % 251) as u8).collect();
    std::fs::write(here.join("in put"), &big).unwrap();
    std::fs::write(here.join("empty"), b"").unwrap();
    std::fs::write(
        here.join("run me.sh"),
        "#!/bin/sh\ncat\nls -l empty >&2\nprintf '%s\\n' \"$JOB_ID\" >\"$STATUS_FILE\"\n",
    )
    .unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(here.join("run me.sh"), mode).unwrap();
    let at = |name: &str| here.join(name).display().to_string();
    let (stdin, script, empty) = (at("in put"), at("run me.sh"), at("empty"));
    let words = ["submit", "--stdin", &stdin, "--upload", &script, "--upload", &empty, "--", "./run me.sh"];
    let id = machine.text(&words).await.trim().to_owned();
    let job = machine.ended(&id).await;
    assert_eq!(job["exit_code"], 0, "{job}");
    assert_eq!(job["status"], id.as_str());
    assert!(std::fs::read(machine.file(&id, "stdout")).unwrap() == big);
    assert!(std::fs::read_to_string(machine.file(&id, "stderr")).unwrap().starts_with("-rw------- 1 "));
}

#[tokio::test]
async fn a_variable_can_stay_out_of_the_argument_list() {
    let machine = Machine::start(Who::Own).await;
    let mut submit = machine.job(&["submit", "--env", "A_SECRET", "--shell", "--", "echo \"$A_SECRET\""]);
    let output = submit.env("A_SECRET", "of mine").output().await.unwrap();
    let id = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    machine.ended(&id).await;
    assert_eq!(machine.text(&["logs", &id]).await, "of mine\n");
    assert!(!machine.file(&id, "input/run").exists(), "it has the secret, and is needed no more");
    let output = machine.job(&["submit", "--env", "NOT_SET_HERE", "--", "true"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test]
async fn one_key_is_one_job_whoever_asks_and_however_often_at_once() {
    let machine = Machine::start(Who::Own).await;
    let script = format!("echo ran >>'{}/ran'; sleep 1", machine.folder.path().display());
    let asked = (0..20).map(|number| {
        let home = format!("client{}", number % 3);
        let mut submit = machine.job_of(&home, &["submit", "--json", "--key", "nightly", "--shell", "--", &script]);
        async move { submit.output().await.unwrap() }
    });
    let answers = futures_util::future::join_all(asked).await;
    let answers: Vec<serde_json::Value> = answers
        .iter()
        .map(|output| serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}")))
        .collect();
    assert_eq!(answers.iter().filter(|answer| answer["created"] == true).count(), 1);
    let id = answers[0]["id"].as_str().unwrap();
    assert!(answers.iter().all(|answer| answer["id"] == id));
    machine.ended(id).await;
    assert_eq!(std::fs::read_to_string(machine.folder.path().join("ran")).unwrap(), "ran\n");
    // It is the same when it has ended, and it is no other command's.
    let again = machine.json(&["submit", "--json", "--key", "nightly", "--shell", "--", &script]).await;
    assert_eq!((&again["id"], &again["created"]), (&id.into(), &false.into()));
    let other = machine.job(&["submit", "--key", "nightly", "--", "true"]).output().await.unwrap();
    assert_eq!(other.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&other.stderr).contains("belongs to another command"), "{other:?}");
}

#[tokio::test]
async fn a_claim_is_given_back_where_nothing_could_run() {
    let machine = Machine::start(Who::Own).await;
    // A file that the supervisor writes after its claim cannot be written.
    let in_the_way = machine.file(JobId::of_key("k").as_str(), "started");
    std::fs::create_dir_all(in_the_way.join("x")).unwrap();
    let words = ["submit", "--json", "--key", "k", "--shell", "--", "echo ran"];
    let output = machine.job(&words).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("the job could not be started"), "{output:?}");
    assert_eq!(machine.json(&["list", "--json"]).await, serde_json::json!([]));
    let again = machine.json(&words).await;
    assert_eq!(again["created"], true);
    let id = again["id"].as_str().unwrap();
    machine.ended(id).await;
    assert_eq!(machine.text(&["logs", id]).await, "ran\n");
}

#[tokio::test]
async fn an_ordinary_user_has_jobs_that_nobody_else_can_read() {
    let machine = Machine::start(Who::ordinary()).await;
    let id = machine.submit(&[], "id -u; umask; pwd").await;
    let job = machine.ended(&id).await;
    assert_eq!(job["exit_code"], 0, "{job}");
    let home = machine.folder.path().join("home");
    assert_eq!(machine.text(&["logs", &id]).await, format!("{}\n0022\n{}\n", Who::ordinary().uid(), home.display()));
    use std::os::unix::fs::PermissionsExt;
    let modes = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    for folder in [machine.jobs(), machine.file(&id, ""), machine.file(&id, "input")] {
        assert_eq!(modes(&folder), 0o700, "{}", folder.display());
    }
    for file in ["stdout", "stderr", "status", "end", "supervisor", "leader", "input/spec"] {
        assert_eq!(modes(&machine.file(&id, file)) & 0o077, 0, "{file}");
    }
}

#[tokio::test]
async fn what_is_no_id_goes_nowhere_near_a_shell() {
    let machine = Machine::start(Who::Own).await;
    let touched = machine.folder.path().join("touched");
    let nasty = format!("$(touch {0}) `touch {0}`; touch {0}", touched.display());
    for reference in ["../x", "a b", nasty.as_str(), "A", "-f", "*"] {
        for command in ["status", "logs", "wait", "cancel", "clean"] {
            let output = machine.job(&[command, "--", reference]).output().await.unwrap();
            let expected = if command == "wait" { 125 } else { 1 };
            assert_eq!(output.status.code(), Some(expected), "{command} {reference}");
            assert!(String::from_utf8_lossy(&output.stderr).contains("there is no job \""), "{output:?}");
        }
    }
    assert!(!touched.exists());
    let missing = JobId::random().to_string();
    let output = machine.job(&["status", &missing]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&format!("there is no job {missing}")), "{output:?}");
    assert_eq!(machine.job(&["wait", &missing]).output().await.unwrap().status.code(), Some(125));
}

#[tokio::test]
async fn a_job_is_asked_for_by_its_key_its_name_or_the_beginning_of_its_id() {
    let machine = Machine::start(Who::Own).await;
    let id = machine.submit(&["--key", "nightly 1", "--name", "train\nit"], "echo hello; exit 3").await;
    let submit = machine.job(&["submit", "--key", "nightly 1", "--name", "x", "--shell", "--", "echo hello; exit 3"]);
    machine.ended(&id).await;
    for reference in ["nightly 1", "train\nit", &id[..8], &id] {
        assert_eq!(machine.text(&["logs", reference]).await, "hello\n", "{reference}");
        assert_eq!(machine.json(&["status", "--json", reference]).await[0]["id"], id.as_str());
        assert_eq!(machine.json(&["cancel", "--json", reference]).await["id"], id.as_str());
        assert_eq!(machine.job(&["wait", reference]).output().await.unwrap().status.code(), Some(3));
    }
    // A name with a line's end is one row, and a list shows what was asked for.
    let list = machine.text(&["list"]).await;
    assert_eq!(list.lines().count(), 2, "{list}");
    for word in ["train it", "nightly 1", "echo hello"] {
        assert!(list.contains(word), "{list}");
    }
    // A key that gives back a job says so, and what became of it.
    let output = { submit }.output().await.unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), id);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let age = [" ago", "just now"].iter().any(|age| error.trim_end().ends_with(age));
    assert!(error.contains("nothing was started: it exited after") && age, "{error}");
    let followed = machine.job(&["logs", "-f", "nightly 1"]).output().await.unwrap();
    let error = String::from_utf8_lossy(&followed.stderr).into_owned();
    assert_eq!(followed.status.code(), Some(0));
    assert!(error.starts_with(&format!("tunnel: job {id} exited after ")) && error.ends_with(": 3\n"), "{error}");
    assert_eq!(machine.text(&["clean", "nightly 1"]).await.trim(), id);
}

#[tokio::test]
async fn stdin_may_be_a_pipe_and_a_limit_of_the_login_has_a_reason() {
    let machine = Machine::start(Who::Own).await;
    let here = machine.folder.path().join("pipe");
    nix::unistd::mkfifo(&here, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let path = here.clone();
    let writing = tokio::task::spawn_blocking(move || std::fs::write(path, "through a pipe").unwrap());
    let id = machine.text(&["submit", "--stdin", here.to_str().unwrap(), "--", "cat"]).await;
    writing.await.unwrap();
    machine.ended(id.trim()).await;
    assert_eq!(machine.text(&["logs", id.trim()]).await, "through a pipe");
    machine.cut();
    machine.set_sshd("ForceCommand ulimit -f 0; eval \"$SSH_ORIGINAL_COMMAND\"");
    let output = machine.job(&["submit", "--", "true"]).output().await.unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("box: ") && error.contains("cannot be written"), "{error}");
}

#[tokio::test]
async fn a_machine_that_cannot_be_reached_or_has_no_shell_is_an_error_at_once() {
    let machine = Machine::start(Who::Own).await;
    machine.job(&["list"]).output().await.unwrap();
    let config = machine.folder.path().join("ssh_config");
    let text = std::fs::read_to_string(&config).unwrap();
    machine.cut();
    std::fs::write(&config, text.replace("Host box\n", "Host box\n  ProxyCommand sh -c 'echo no way >&2; exit 1'\n"))
        .unwrap();
    let started = std::time::Instant::now();
    let output = machine.job_of("other", &["status", "a"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(started.elapsed() < std::time::Duration::from_secs(30), "{:?}", started.elapsed());
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("no connection to box: no way"), "{error}");
    let output = machine.job_of("other", &["wait", "a"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(125));
}

#[tokio::test]
async fn a_submission_from_a_pipe_waits_for_all_of_it() {
    use tokio::io::AsyncWriteExt;
    let machine = Machine::start(Who::Own).await;
    let mut submit = machine.job(&["submit", "--stdin", "-", "--", "wc", "-c"]);
    let mut child = submit.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for _ in 0..10 {
        stdin.write_all(&[b'x'; 1000]).await.unwrap();
    }
    drop(stdin);
    let id = String::from_utf8(child.wait_with_output().await.unwrap().stdout).unwrap();
    machine.ended(id.trim()).await;
    assert_eq!(machine.text(&["logs", id.trim()]).await.trim(), "10000");
}

#[tokio::test]
async fn jobs_are_where_the_call_says() {
    let machine = Machine::start(Who::Own).await;
    let folder = machine.folder.path().join("other jobs");
    let folder = folder.to_str().unwrap();
    let id = machine.text(&["submit", "--jobs-dir", folder, "--", "sh", "-c", "exit 5"]).await.trim().to_owned();
    assert!(std::path::Path::new(folder).join(&id).is_dir());
    let waited = machine.job(&["wait", "--jobs-dir", folder, &id]).output().await.unwrap();
    assert_eq!(waited.status.code(), Some(5));
    assert_eq!(machine.json(&["list", "--json"]).await, serde_json::json!([]));
    assert_eq!(machine.json(&["list", "--json", "--jobs-dir", folder]).await[0]["id"], id.as_str());
    let refused = machine.job(&["list", "--jobs-dir", "jobs"]).output().await.unwrap();
    assert!(refused.status.code() == Some(1) && String::from_utf8_lossy(&refused.stderr).contains("no absolute path"));
}
