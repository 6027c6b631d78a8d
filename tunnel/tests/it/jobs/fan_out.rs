//! Many calls at once, against an sshd that turns some away, and an endpoint with few places. `JOB_FAN_OUT` says how many.

use std::collections::BTreeSet;
use std::process::Output;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use nix::unistd::geteuid;
use tokio::process::Command;

use super::endpoint;
use super::machine::{Machine, Who};

fn count(default: usize) -> usize {
    std::env::var("JOB_FAN_OUT").ok().map_or(default, |count| count.parse().unwrap())
}

/// Runs them all at once; answers the ids that they printed, all of them.
async fn ids(commands: Vec<Command>) -> BTreeSet<String> {
    let started = Instant::now();
    let outputs =
        join_all(commands.into_iter().map(|mut command| async move { command.output().await.unwrap() })).await;
    let failed: Vec<&Output> = outputs.iter().filter(|output| !output.status.success()).collect();
    assert!(failed.is_empty(), "{} of {}: {:?}", failed.len(), outputs.len(), failed.first());
    eprintln!("{} at once: {:?}", outputs.len(), started.elapsed());
    let ids = outputs.iter().map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).collect();
    assert!(outputs.iter().all(|output| !output.stdout.is_empty()));
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn submissions_at_once_of_one_person_are_one_connection_and_each_runs_once() {
    let machine = Machine::start(Who::Own).await;
    let ran = machine.folder.path().join("ran");
    let script = format!("echo $N >>'{}'", ran.display());
    let count = count(60);
    let submit = |number: usize| {
        let variable = format!("N={number}");
        machine.job(&["submit", "--env", &variable, "--shell", "--", &script])
    };
    let ids = ids((0..count).map(submit).collect()).await;
    assert_eq!(ids.len(), count);
    let words: Vec<&str> = ["wait"].into_iter().chain(ids.iter().map(String::as_str)).collect();
    assert!(machine.job(&words).output().await.unwrap().status.success());
    let mut all: Vec<usize> =
        std::fs::read_to_string(&ran).unwrap().lines().map(|line| line.parse().unwrap()).collect();
    all.sort_unstable();
    assert_eq!(all, (0..count).collect::<Vec<_>>());
    let connections = machine.connections.load(std::sync::atomic::Ordering::Relaxed);
    assert!(connections <= 3, "{connections}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_sshd_that_turns_people_away_is_asked_again_until_it_takes_them() {
    if !geteuid().is_root() {
        eprintln!("an sshd that listens is in a pid namespace: as root only");
        return;
    }
    let mut machine = Machine::start(Who::Own).await;
    // Of those who are on their way in, hardly any.
    machine.listen("1:80:3").await;
    let ran = machine.folder.path().join("ran");
    let script = format!("echo ran >>'{}'", ran.display());
    let count = count(20);
    // Each is another person, with a connection of its own.
    let submit = |number: usize| {
        let home = format!("client{number}");
        machine.job_of(&home, &["-o", "ControlPath=none", "submit", "--shell", "--", &script])
    };
    assert_eq!(ids((0..count).map(submit).collect()).await.len(), count);
    super::machine::until("all ran", || std::fs::read_to_string(&ran).is_ok_and(|text| text == "ran\n".repeat(count)))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_wait_and_follow_leave_room_for_others() {
    let machine = Machine::start(Who::Own).await;
    let gate = machine.folder.path().join("gate");
    let id =
        machine.submit(&[], &format!("until [ -e '{}' ]; do sleep 0.1; done; echo over; exit 3", gate.display())).await;
    let count = count(24);
    let waiting: Vec<_> = (0..count)
        .map(|number| {
            let words: &[&str] = if number % 2 == 0 { &["wait", &id] } else { &["logs", "-f", &id] };
            tokio::spawn(machine.job(words).output())
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let started = Instant::now();
    assert_eq!(machine.json(&["status", "--json", &id]).await[0]["state"], "running");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    std::fs::write(&gate, "").unwrap();
    for (number, waiting) in waiting.into_iter().enumerate() {
        let output = waiting.await.unwrap().unwrap();
        if number % 2 == 0 {
            assert_eq!(output.status.code(), Some(3), "{output:?}");
        } else {
            assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), b"over\n".as_slice()), "{output:?}");
        }
    }
    assert!(machine.connections.load(std::sync::atomic::Ordering::Relaxed) <= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_with_few_places_takes_many_jobs_at_once() {
    let cloud = endpoint::with(|wanted| wanted.max_clients = 2).await;
    let ran = cloud.folder.path().join("ran");
    let script = format!("echo $N >>'{}'", ran.display());
    let count = count(20);
    // Two people, each with the calls of a whole team of schedulers.
    let submit = |number: usize| {
        let variable = format!("N={number}");
        let person = if number.is_multiple_of(2) { "ada" } else { "grace" };
        endpoint::job_of(&cloud, person, &["submit", "--env", &variable, "--shell", "--", &script])
    };
    let ids = ids((0..count).map(submit).collect()).await;
    assert_eq!(ids.len(), count);
    let words: Vec<&str> = ["wait"].into_iter().chain(ids.iter().map(String::as_str)).collect();
    let waited = endpoint::said(&cloud, &words).await;
    assert!(waited.status.success(), "{waited:?}");
    let lines = std::fs::read_to_string(&ran).unwrap();
    assert_eq!(lines.lines().collect::<BTreeSet<_>>().len(), count, "{lines}");
    assert_eq!(lines.lines().count(), count, "{lines}");
    cloud.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_job_takes_no_sessions_place() {
    let cloud = endpoint::with(|wanted| wanted.max_clients = 1).await;
    let gate = cloud.folder.path().join("gate");
    let script = format!("until [ -e '{}' ]; do sleep 0.1; done", gate.display());
    let id = endpoint::submit(&cloud, &script).await;
    let people = ["ada", "grace", "hedy"];
    let waiting: Vec<_> = people
        .map(|person| tokio::spawn(endpoint::job_of(&cloud, person, &["wait", &id]).output()))
        .into_iter()
        .collect();
    let calls = async || {
        let status = cloud.tunnel("linus").args(["status", "--json", "--outputs"]).arg(cloud.outputs()).output().await;
        serde_json::from_slice::<serde_json::Value>(&status.unwrap().stdout).unwrap()["server"].clone()
    };
    crate::cloud::until("all wait", async || calls().await["job_calls"] == 3).await;
    assert_eq!(calls().await["sessions"], 0);
    // The only place is free for a session, and who has it keeps no job out.
    let output = cloud.connect("linus", &["echo", "here"]).output().await.unwrap();
    assert_eq!(output.stdout, b"here\n", "{output:?}");
    let mut session = cloud.connect("linus", &["sh", "-c", "echo ready; exec sleep 60"]).spawn().unwrap();
    crate::cloud::until("the session is there", async || calls().await["sessions"] == 1).await;
    endpoint::submit(&cloud, "true").await;
    std::fs::write(&gate, "").unwrap();
    for waiting in waiting {
        let output = waiting.await.unwrap().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    session.kill().await.unwrap();
    cloud.cloud.stop().await;
}
