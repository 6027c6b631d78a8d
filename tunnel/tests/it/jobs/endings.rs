//! How jobs end, and what is said of it.

use std::time::{Duration, Instant};

use tunnel::jobs::id::JobId;

use super::machine::{Machine, Who, is_alive, until};
use crate::schema::fits;

#[tokio::test]
async fn wait_ends_with_the_jobs_code_and_says_what_a_code_does_not() {
    let machine = Machine::start(Who::Own).await;
    let check = async |script: &str, options: &[&str], expected: i32, state: &str| {
        let id = machine.submit(options, script).await;
        let output = machine.job(&["wait", &id]).output().await.unwrap();
        assert_eq!(output.status.code(), Some(expected), "{script}: {output:?}");
        let jobs = machine.json(&["status", "--json", &id]).await;
        assert_eq!(jobs[0]["state"], state, "{jobs}");
    };
    check("exit 0", &[], 0, "exited").await;
    check("echo before; exit 3", &[], 3, "exited").await;
    check("exit 255", &[], 255, "exited").await;
    // A shell cannot tell a signal from a code, and both are the same code for whoever waits.
    check("kill -KILL $$", &[], 137, "exited").await;
    check("sleep 30", &["--timeout", "1s"], 124, "timed_out").await;
    check("echo first; echo second # note", &[], 0, "exited").await;
    check("no_such_program_here", &[], 127, "exited").await;
    check("true", &["--dir", "/no such folder"], 126, "exited").await;
}

#[tokio::test]
async fn several_jobs_end_with_the_code_of_the_first_that_failed() {
    let machine = Machine::start(Who::Own).await;
    let a = machine.submit(&[], "exit 0").await;
    let b = machine.submit(&[], "sleep 0.5; exit 4").await;
    let c = machine.submit(&[], "exit 5").await;
    assert_eq!(machine.job(&["wait", &a, &b, &c]).output().await.unwrap().status.code(), Some(4));
}

#[tokio::test]
async fn a_job_that_ignores_term_is_killed_with_all_that_it_started() {
    let machine = Machine::start(Who::Own).await;
    let pids = machine.folder.path().join("pids");
    let script =
        format!("trap '' TERM; sleep 300 & echo $! >'{0}'; echo $$ >>'{0}'; while :; do sleep 1; done", pids.display());
    let id = machine.submit(&[], &script).await;
    until("it runs", || std::fs::read_to_string(&pids).is_ok_and(|text| text.lines().count() == 2)).await;
    let started = Instant::now();
    let job = machine.json(&["cancel", "--json", "--grace", "1s", &id]).await;
    assert_eq!((&job["state"], &job["exit_code"]), (&"cancelled".into(), &137.into()), "{job}");
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    for pid in std::fs::read_to_string(&pids).unwrap().lines() {
        assert!(!is_alive(pid), "{pid}");
    }
    // Again is no error, and changes nothing.
    assert_eq!(machine.json(&["cancel", "--json", &id]).await["state"], "cancelled");
    assert_eq!(machine.job(&["wait", &id]).output().await.unwrap().status.code(), Some(137));
}

#[tokio::test]
async fn what_left_its_group_ends_with_a_job_that_is_cancelled_or_late() {
    let machine = Machine::start(Who::Own).await;
    let script =
        "setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' & echo $!; setsid sleep 300 & echo $!; sleep 300";
    for options in [&[][..], &["--timeout", "2s"]] {
        let id = machine.submit(options, script).await;
        let log = || std::fs::read_to_string(machine.file(&id, "stdout")).unwrap_or_default();
        until("it runs", || log().lines().count() == 2).await;
        assert!(log().lines().all(is_alive));
        if options.is_empty() {
            let output = machine.job(&["cancel", "--grace", "1s", &id]).output().await.unwrap();
            assert!(output.status.success(), "{output:?}");
        } else {
            assert_eq!(machine.ended(&id).await["state"], "timed_out");
        }
        assert!(!log().lines().any(is_alive), "{options:?}: {}", log());
        until("no process of it is there", || !processes_of(&id)).await;
    }
    // What a job that ends by itself leaves in a session of its own, stays.
    let id = machine.submit(&[], "setsid sleep 300 & echo $!; sleep 1").await;
    machine.ended(&id).await;
    let pid = machine.text(&["logs", &id]).await;
    assert!(is_alive(&pid));
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid.trim().parse().unwrap()), nix::sys::signal::Signal::SIGKILL)
        .unwrap();
}

#[tokio::test]
async fn a_job_that_was_cancelled_is_no_success_whatever_it_says() {
    let machine = Machine::start(Who::Own).await;
    let id = machine.submit(&[], "trap 'echo tidied up; exit 0' TERM; echo ready; while :; do sleep 0.1; done").await;
    until("it runs", || std::fs::read(machine.file(&id, "stdout")).is_ok_and(|log| log == b"ready\n")).await;
    let job = machine.json(&["cancel", "--json", &id]).await;
    assert_eq!((&job["state"], &job["exit_code"]), (&"cancelled".into(), &0.into()));
    assert_eq!(machine.job(&["wait", &id]).output().await.unwrap().status.code(), Some(143));
    assert_eq!(machine.text(&["logs", &id]).await, "ready\ntidied up\n");
}

#[tokio::test]
async fn a_time_out_needs_nobody_to_be_connected() {
    let machine = Machine::start(Who::Own).await;
    let id = machine.submit(&["--timeout", "1s"], "sleep 300").await;
    machine.cut();
    until("it has ended", || machine.file(&id, "end").exists()).await;
    let jobs = machine.json(&["status", "--json", &id]).await;
    assert_eq!(jobs[0]["state"], "timed_out", "{jobs}");
    // Nothing waits for a time that is over.
    until("no process of it is there", || !processes_of(&id)).await;
}

/// Whether a process is there that has the job's folder in its command line or as its own.
fn processes_of(id: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let folder = std::fs::read_link(entry.path().join("cwd")).unwrap_or_default();
        String::from_utf8_lossy(&command).contains(id) || folder.to_string_lossy().contains(id)
    })
}

#[tokio::test]
async fn what_a_job_leaves_behind_ends_with_it() {
    let machine = Machine::start(Who::Own).await;
    let id = machine.submit(&[], "sleep 300 & echo $!").await;
    machine.ended(&id).await;
    let pid = machine.text(&["logs", &id]).await;
    assert!(!is_alive(&pid), "{pid}");
    until("no process of it is there", || !processes_of(&id)).await;
}

#[tokio::test]
async fn a_job_whose_supervisor_was_killed_is_lost_and_its_files_stay_while_it_runs() {
    let machine = Machine::start(Who::Own).await;
    let id = machine.submit(&["--timeout", "60s"], "echo $$; sleep 300").await;
    until("it runs", || std::fs::metadata(machine.file(&id, "stdout")).is_ok_and(|log| log.len() > 0)).await;
    let leader = std::fs::read_to_string(machine.file(&id, "stdout")).unwrap();
    let supervisor = std::fs::read_to_string(machine.file(&id, "supervisor")).unwrap();
    let supervisor = supervisor.split(' ').next().unwrap().parse().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(supervisor), nix::sys::signal::Signal::SIGKILL).unwrap();
    assert_eq!(machine.ended(&id).await["state"], "lost");
    assert_eq!(machine.job(&["wait", &id]).output().await.unwrap().status.code(), Some(125));
    assert_eq!(machine.text(&["clean", "--older-than", "0s"]).await, "");
    assert!(is_alive(&leader));
    // It can still be ended.
    machine.job(&["cancel", &id]).output().await.unwrap();
    until("it has ended", || !is_alive(&leader)).await;
    assert_eq!(machine.text(&["clean", "--older-than", "0s"]).await.trim(), id);
}

#[tokio::test]
async fn a_machine_that_restarted_in_the_middle_has_lost_its_jobs() {
    let machine = Machine::start(Who::Own).await;
    let id = machine.submit(&[], "sleep 300").await;
    let file = machine.file(&id, "supervisor");
    let text = std::fs::read_to_string(&file).unwrap();
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    // The same pid and the same start, in another boot.
    std::fs::write(&file, text.replace(boot.trim(), "00000000-0000-0000-0000-000000000000")).unwrap();
    assert_eq!(machine.json(&["status", "--json", &id]).await[0]["state"], "lost");
    // A result that the disk lost half of is none.
    std::fs::write(machine.file(&id, "end"), "0".repeat(1024)).unwrap();
    assert_eq!(machine.json(&["status", "--json", &id]).await[0]["state"], "lost");
    std::fs::remove_file(machine.file(&id, "end")).unwrap();
    std::fs::write(&file, text).unwrap();
    assert_eq!(machine.json(&["status", "--json", &id]).await[0]["state"], "running");
    machine.job(&["cancel", &id]).output().await.unwrap();
}

#[tokio::test]
async fn finished_jobs_are_removed_by_age_and_running_ones_never() {
    let machine = Machine::start(Who::Own).await;
    let done = machine.submit(&[], "true").await;
    let other = machine.submit(&[], "true").await;
    let runs = machine.submit(&[], "sleep 300").await;
    machine.ended(&done).await;
    machine.ended(&other).await;
    assert_eq!(machine.text(&["clean"]).await, "");
    // A job that is named is old enough, and what stays is an error.
    let output = machine.job(&["clean", &done, &runs, &JobId::random().to_string()]).output().await.unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stdout).trim()), (Some(1), done.as_str()));
    assert!(error.contains(&format!("job {runs} runs; there is no job ")), "{error}");
    assert_eq!(machine.text(&["clean", "--ignore-missing", JobId::random().as_str()]).await, "");
    let output = machine.job(&["clean", "--older-than", "1h", &other]).output().await.unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("ended less than 1h ago"), "{output:?}");
    let output = machine.job(&["clean"]).output().await.unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("0 removed; 1 run, and 1 ended less than 7days ago"));
    let cleaned = machine.text(&["clean", "--json", "--older-than", "0s"]).await;
    assert_eq!(cleaned, format!("[\n  \"{other}\"\n]\n"));
    let list = machine.text(&["list", "--json"]).await;
    let left: serde_json::Value = serde_json::from_str(&list).unwrap();
    let wait = machine.text(&["submit", "--json", "--", "true"]).await;
    let submitted: serde_json::Value = serde_json::from_str(&wait).unwrap();
    let id = submitted["id"].as_str().unwrap();
    let waited = machine.text(&["wait", "--json", id]).await;
    let ended = machine.text(&["cancel", "--json", id]).await;
    fits(&[
        ("job clean", &cleaned),
        ("job list", &list),
        ("job submit", &wait),
        ("job wait", &waited),
        ("job status", &waited),
        ("job cancel", &ended),
    ]);
    machine.text(&["clean", "--older-than", "0s", id]).await;
    assert_eq!((left.as_array().unwrap().len(), &left[0]["id"]), (1, &runs.as_str().into()));
    // A submission that somebody gave up leaves a folder, for a day.
    std::fs::create_dir_all(machine.jobs().join("abandoned/new.x")).unwrap();
    assert_eq!(machine.text(&["clean", "--older-than", "0s"]).await, "");
    assert!(machine.jobs().join("abandoned").exists());
    let old = std::time::SystemTime::now() - Duration::from_secs(3 * 86_400);
    std::fs::File::open(machine.jobs().join("abandoned")).unwrap().set_modified(old).unwrap();
    machine.text(&["clean"]).await;
    assert!(!machine.jobs().join("abandoned").exists());
    machine.job(&["cancel", &runs]).output().await.unwrap();
}

#[tokio::test]
async fn the_seeds_work_script_shows_its_steps_and_ends_in_123() {
    let machine = Machine::start(Who::Own).await;
    let script = machine.folder.path().join("work_script.sh");
    let text = "#!/usr/bin/env bash\necho \"running cmd with\nLOG_FILE=$LOG_FILE\nSTATUS_FILE=$STATUS_FILE\nPID_FILE=$PID_FILE\n\"\n\
                for i in $(seq 1 10); do\n  echo $i\n  echo \"running step $i\" >$STATUS_FILE\n  sleep 1\ndone\nexit 123\n";
    std::fs::write(&script, text).unwrap();
    let id = machine.text(&["submit", "--upload", script.to_str().unwrap(), "--", "bash", "work_script.sh"]).await;
    let id = id.trim();
    let mut steps = Vec::new();
    loop {
        let job = machine.json(&["status", "--json", id]).await[0].clone();
        steps.extend(job["status"].as_str().map(str::to_owned));
        if job["state"] != "running" {
            break;
        }
    }
    steps.dedup();
    assert!(steps.len() > 3 && steps.iter().all(|step| step.starts_with("running step ")), "{steps:?}");
    assert_eq!(steps.last().unwrap(), "running step 10");
    assert_eq!(machine.job(&["wait", id]).output().await.unwrap().status.code(), Some(123));
    let log = machine.text(&["logs", id]).await;
    let pid_file = machine.file(id, "pid");
    assert!(log.contains(&format!("PID_FILE={}\n", pid_file.display())), "{log}");
    assert!(log.ends_with("8\n9\n10\n"), "{log}");
}
