//! databricks_ssh_job, with a stand-in for the program `tunnel` (`tests/fake_tunnel.sh`).

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use databricks::{Client, Config, Environment};
use jiff::Timestamp;
use ssh_endpoint::SshEndpoint as Endpoint;
use tempfile::TempDir;
use tfplugin::{Attr, Call, Marker, Planning, Resource};
use tokio_util::sync::CancellationToken;

use super::ssh_job::SshJob;
use crate::clients::Workspace;
use crate::testing::{assert_same, call, create};

const HOST: &str = "https://dbc-1.cloud.databricks.com";

/// A folder with the stand-in.
struct Machine(TempDir);

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fake_tunnel.sh");
        symlink(program, folder.path().join("tunnel")).unwrap();
        Self(folder)
    }

    fn job(&self, command: &[&str]) -> SshJob {
        SshJob {
            endpoint: endpoint("example").into(),
            command: command.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>().into(),
            tunnel_program: self.0.path().join("tunnel").display().to_string().into(),
            allow_failure: false.into(),
            ..SshJob::default()
        }
    }

    fn shell(&self, script: &str) -> SshJob {
        self.job(&["sh", "-c", script])
    }

    fn set(&self, file: &str, text: &str) {
        std::fs::write(self.0.path().join(file), text).unwrap();
    }

    fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.0.path().join(file)).unwrap_or_default()
    }

    fn jobs(&self) -> usize {
        std::fs::read_dir(self.0.path().join("jobs")).map_or(0, Iterator::count)
    }

    fn calls(&self, verb: &str) -> usize {
        self.text("calls").lines().filter(|line| line.split(' ').nth(3) == Some(verb)).count()
    }
}

fn endpoint(name: &str) -> Endpoint {
    Endpoint {
        schema_version: 1,
        host: HOST.into(),
        workspace_id: "1".into(),
        cluster_id: "c".into(),
        serverless: None,
        name: name.into(),
        remote_user: "root".into(),
        server_host_key: "ssh-ed25519 AAAA".into(),
        secret_scope: "ssh-tunnel-example".into(),
        directory: "/Workspace/Users/ada/.databricks/ssh-tunnel/endpoints/example".into(),
        binary_path: "/Workspace/Users/ada/.databricks/ssh-tunnel/bin/00/tunnel".into(),
        binary_sha256: "00".into(),
        binary_processor: Some("x86_64".into()),
        max_clients: 10,
        shutdown_delay_seconds: 600,
        auto_start: true,
        official: None,
    }
}

fn client(host: &str) -> Workspace {
    let config = Config { host: Some(host.into()), token: Some("dapi-provider".into()), ..Config::default() };
    Client::with_environment(config, &Environment::default()).unwrap().into()
}

fn here() -> Call<Workspace> {
    call(client(HOST))
}

/// What a failed create says.
async fn fails(plan: SshJob) -> String {
    let cx = here();
    match SshJob::create(&cx, plan).await {
        Ok(made) => SshJob::ready(&cx, made).await.unwrap_err().to_string(),
        Err(failed) => failed.error.to_string(),
    }
}

#[tokio::test]
async fn a_command_runs_and_its_result_stays_as_it_was() {
    let machine = Machine::new();
    let plan = SshJob {
        environment: BTreeMap::from([("NAME".to_owned(), "it's \"ä\"".to_owned())]).into(),
        stdin: "from stdin\n".into(),
        ..machine.shell("echo \"$NAME\"; cat; echo noise >&2; echo done >\"$STATUS_FILE\"")
    };
    let made = create(&here(), plan).await;
    assert_eq!(made.stdout_tail.text(), "it's \"ä\"\nfrom stdin\n");
    assert_eq!((made.stderr_tail.text(), made.status.text(), made.state.text()), ("noise\n", "done", "exited"));
    assert_eq!((made.exit_code.known(), made.duration_seconds.known()), (Some(&0), Some(&1.5)));
    assert_eq!(made.started_at.text(), "2026-11-27T05:00:00Z");
    let outputs: Endpoint = serde_json::from_str(&machine.text("outputs")).unwrap();
    assert_eq!(outputs, endpoint("example"));

    // Nobody is asked for what is known, whatever became of the job's files or of the program.
    let before = machine.text("calls");
    machine.set("refuse", "the cluster is gone");
    let read = SshJob::read(&here(), made.clone()).await.unwrap().unwrap();
    assert_same("read", &read, &made);
    assert_eq!(machine.text("calls"), before);
}

#[tokio::test]
async fn a_failed_command_fails_the_apply_with_the_end_of_its_log() {
    let machine = Machine::new();
    let plan = machine.shell("echo step 2 >\"$STATUS_FILE\"; echo out; echo no room >&2; exit 3");
    let text = fails(plan.clone()).await;
    for words in ["exited with code 3", "Its last status: step 2", "standard error:\nno room"] {
        assert!(text.contains(words), "{words} is missing in {text}");
    }
    let accepted = create(&here(), SshJob { allow_failure: true.into(), ..plan }).await;
    assert_eq!((accepted.exit_code.known(), accepted.stderr_tail.text()), (Some(&3), "no room\n"));

    machine.set("lost", "");
    let lost = SshJob { allow_failure: true.into(), ..machine.shell("true") };
    assert!(fails(lost).await.contains("nobody knows how it ended"));
}

#[tokio::test]
async fn a_wait_that_is_turned_away_is_tried_again() {
    let machine = Machine::new();
    machine.set("busy", "");
    let made = create(&here(), machine.job(&["true"])).await;
    assert_eq!((made.state.text(), machine.calls("wait"), machine.calls("submit")), ("exited", 2, 1));
}

#[tokio::test]
async fn secrets_are_in_no_argument_and_in_nothing_that_is_kept() {
    let machine = Machine::new();
    let secrets = [("DATABRICKS_TOKEN", "dapi-of-the-job"), ("PASSWORD", "hunter22")];
    let plan = SshJob {
        environment_wo: secrets
            .map(|(name, value)| (name.to_owned(), value.into()))
            .into_iter()
            .collect::<BTreeMap<_, _>>()
            .into(),
        ..machine.shell("echo $DATABRICKS_TOKEN; echo $PASSWORD | tee \"$STATUS_FILE\" >&2; env | grep -c SSH_JOB_SECRET; test $PASSWORD = hunter$((20 + 2))")
    };
    let made = create(&here(), plan.clone()).await;
    assert_eq!((made.stdout_tail.text(), made.stderr_tail.text()), ("[redacted]\n0\n", "[redacted]\n"));
    assert_eq!(made.status.text(), "[redacted]");
    let failed =
        SshJob { command: vec!["sh".to_owned(), "-c".to_owned(), "echo $PASSWORD; exit 1".to_owned()].into(), ..plan };
    let text = fails(failed).await;
    assert!(text.contains("[redacted]") && !text.contains("hunter22"), "{text}");
    for (_, secret) in secrets {
        assert!(!machine.text("calls").contains(secret), "{}", machine.text("calls"));
        assert!(!machine.text("outputs").contains(secret));
    }
    assert!(!machine.text("calls").contains("dapi-provider"), "{}", machine.text("calls"));
    let environment = machine.text("environment");
    assert!(
        environment.contains("DATABRICKS_TOKEN=dapi-provider\n") && environment.contains(HOST),
        "the program signs in"
    );
    assert!(!environment.contains("DATABRICKS_TOKEN=dapi-of-the-job\n"), "as the provider");
}

#[tokio::test]
async fn a_create_that_was_cut_off_finds_its_job_or_runs_it_and_never_twice() {
    let machine = Machine::new();
    let runs = machine.0.path().join("runs");
    let plan = machine.shell(&format!("echo run >>{}", runs.display()));
    let cx = here();
    SshJob::create(&cx, plan.clone()).await.unwrap();
    let found = SshJob::find(&cx, &plan, cx.marker()).await.unwrap().unwrap();
    let done = SshJob::ready(&cx, found).await.unwrap();
    assert_eq!((done.state.text(), machine.text("runs").as_str(), machine.calls("submit")), ("exited", "run\n", 1));

    // The request of the other create had not arrived: whichever is first, both are one.
    let other = Marker::new("another", Timestamp::now());
    let found = SshJob::find(&cx, &plan, &other).await.unwrap().unwrap();
    let again = SshJob::find(&cx, &plan, &other).await.unwrap().unwrap();
    assert_eq!((found.id, machine.text("runs").as_str()), (again.id, "run\nrun\n"));
}

#[tokio::test]
async fn a_destroy_runs_its_command_and_leaves_nothing() {
    let machine = Machine::new();
    let gone = machine.0.path().join("gone");
    let plan = SshJob {
        on_destroy: vec!["sh".to_owned(), "-c".to_owned(), "echo $NAME; test -f \"$GONE\"".to_owned()].into(),
        environment: BTreeMap::from([
            ("NAME".to_owned(), "farewell".to_owned()),
            ("GONE".to_owned(), gone.display().to_string()),
        ])
        .into(),
        ..machine.job(&["true"])
    };
    let made = create(&here(), plan).await;
    let text = SshJob::delete(&here(), made.clone()).await.unwrap_err().to_string();
    assert!(text.contains("exited with code 1") && text.contains("farewell") && text.contains("on_destroy"), "{text}");
    assert_eq!(machine.jobs(), 1, "the job is kept, the failed command is not");

    machine.set("gone", "");
    SshJob::delete(&here(), made.clone()).await.unwrap();
    assert_eq!((machine.jobs(), machine.calls("submit")), (0, 3));
    let quiet = SshJob { on_destroy: Attr::Null, ..made };
    SshJob::delete(&here(), quiet).await.unwrap();
    assert_eq!((machine.calls("submit"), machine.calls("cancel")), (3, 0), "without a command nothing is started");
}

#[tokio::test]
async fn an_interruption_ends_the_wait_and_says_that_the_job_goes_on() {
    let machine = Machine::new();
    machine.set("slow", "");
    let made = SshJob::create(&here(), machine.job(&["true"])).await.unwrap();
    let cancel = CancellationToken::new();
    let marker = Marker::new("m", Timestamp::now());
    let cx = Call::new(Arc::new(client(HOST)), cancel.clone(), Duration::from_secs(60), marker.clone());
    let begun = Instant::now();
    let stop = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        cancel.cancel();
    };
    let (waited, ()) = tokio::join!(SshJob::ready(&cx, made.clone()), stop);
    let text = waited.unwrap_err().to_string();
    assert!(
        text.starts_with("Interrupted") && text.contains(&format!("tunnel job cancel {}", made.id.text())),
        "{text}"
    );
    let cx = Call::new(Arc::new(client(HOST)), CancellationToken::new(), Duration::from_millis(300), marker);
    let text = SshJob::ready(&cx, made.clone()).await.unwrap_err().to_string();
    assert!(text.starts_with("The time limit") && text.contains("timeouts"), "{text}");
    assert!(begun.elapsed() < Duration::from_secs(20));

    // What a refresh finds of such a job: how it ended, and nothing that it wrote.
    let read = SshJob::read(&here(), made.clone()).await.unwrap().unwrap();
    assert_eq!((read.state.text(), read.exit_code.known(), &read.stdout_tail), ("exited", Some(&0), &Attr::Null));
    SshJob::delete(&here(), made.clone()).await.unwrap();
    // What nobody knows any more has run nevertheless.
    let read = SshJob::read(&here(), made.clone()).await.unwrap().unwrap();
    assert_same("a job that is gone", &read, &made);
}

#[tokio::test]
async fn what_tunnel_refuses_is_told_in_its_own_words() {
    let machine = Machine::new();
    machine.set("refuse", "the cluster has no room\nAsk for less.");
    let text = fails(machine.job(&["true"])).await;
    assert_eq!(text, "Cannot start the job at the endpoint \"example\": the cluster has no room\nAsk for less.");
    let gone = SshJob { tunnel_program: "/nowhere/tunnel".into(), ..machine.job(&["true"]) };
    assert!(fails(gone).await.contains("Looked for /nowhere/tunnel"));
}

#[tokio::test]
async fn the_providers_token_goes_to_its_own_workspace_alone() {
    let machine = Machine::new();
    let cx = call(client("https://dbc-2.cloud.databricks.com"));
    let text = SshJob::create(&cx, machine.job(&["true"])).await.unwrap_err().error.to_string();
    assert!(
        text.contains("belongs to the workspace https://dbc-1") && text.contains("configured for https://dbc-2"),
        "{text}"
    );
    assert_eq!(machine.text("calls"), "", "the program is not even started");
}

#[tokio::test]
async fn an_update_runs_nothing_and_a_job_is_not_moved() {
    let machine = Machine::new();
    let prior = create(&here(), machine.job(&["true"])).await;
    for next in [Attr::Unknown, endpoint("example").into(), endpoint("another").into()] {
        let mut planned = SshJob { endpoint: next, signal: Attr::Unknown, ..prior.clone() };
        let config = planned.clone();
        let mut replaces = Vec::new();
        SshJob::plan(&mut Planning {
            prior: Some(&prior),
            config: &config,
            planned: &mut planned,
            replaces: &mut replaces,
            warnings: &mut Vec::new(),
            client: None,
            now: Timestamp::now(),
        })
        .unwrap();
        assert_eq!((replaces.len(), planned.signal), (0, Attr::Null));
    }
    let described = Endpoint { max_clients: 20, binary_sha256: "01".into(), ..endpoint("example") };
    let plan = SshJob { endpoint: described.into(), name: "new".into(), exit_code: Attr::Unknown, ..prior.clone() };
    let updated = SshJob::update(&here(), prior.clone(), plan.clone()).await.unwrap();
    assert_same("updated", &updated, &SshJob { exit_code: 0.into(), ..plan });

    let plan = SshJob { endpoint: endpoint("another").into(), ..prior.clone() };
    let failed = SshJob::update(&here(), prior.clone(), plan).await.unwrap_err();
    assert!(failed.error.to_string().contains("triggers"), "{}", failed.error);
    assert_same("the state keeps its endpoint", failed.partial.unwrap().as_ref(), &prior);
    assert_eq!(machine.calls("submit"), 1);
}

#[test]
fn what_makes_no_sense_is_refused_where_it_stands() {
    let machine = Machine::new();
    let check = |config: SshJob, expected: &[&str]| {
        let found = SshJob::validate(&config);
        let paths: Vec<_> = found.iter().filter_map(|one| one.path.clone()).collect();
        assert_eq!(paths, expected.iter().map(|name| (*name).into()).collect::<Vec<_>>());
    };
    let environment = |name: &str| BTreeMap::from([(name.to_owned(), String::new())]);
    let plain = || machine.job(&["true"]);
    check(plain(), &[]);
    check(machine.job(&["-c", "x"]), &["command"]);
    check(machine.job(&[""]), &["command"]);
    check(SshJob { command: Attr::Unknown, ..plain() }, &[]);
    check(SshJob { on_destroy: vec!["--json".to_owned()].into(), ..plain() }, &["on_destroy"]);
    check(SshJob { environment: environment("A-B").into(), ..plain() }, &["environment"]);
    let twice = BTreeMap::from([("A".to_owned(), "secret".into())]);
    check(SshJob { environment: environment("A").into(), environment_wo: twice.into(), ..plain() }, &["environment"]);
}
