//! Many jobs, and much in their logs.

use std::sync::atomic::Ordering;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::stream::{self, StreamExt};
use serde_json::Value;

use super::machine::{Machine, Who};
use crate::bench::{installed, noise};
use crate::schema::fits;

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_jobs_run_at_once_and_all_are_one_question() {
    let machine = Machine::start(Who::Own).await;
    let gate = machine.folder.path().join("gate");
    let script = format!("until [ -e '{}' ]; do sleep 0.5; done; echo \"$N\"; exit \"$((N % 3))\"", gate.display());
    let (at, script) = (&machine, script.as_str());
    let ids: Vec<(usize, String)> = stream::iter(0..200)
        .map(|number| async move {
            let variable = format!("N={number}");
            (number, at.submit(&["--env", &variable], script).await)
        })
        .buffer_unordered(8)
        .collect()
        .await;
    let words: Vec<&str> = ["status", "--json"].into_iter().chain(ids.iter().map(|(_, id)| id.as_str())).collect();
    machine.cut();
    let before = machine.connections.load(Ordering::Relaxed);
    let jobs = machine.json(&words).await;
    assert_eq!(machine.connections.load(Ordering::Relaxed) - before, 1);
    assert!(jobs.as_array().unwrap().iter().all(|job| job["state"] == "running"), "{jobs}");
    std::fs::write(&gate, "").unwrap();
    let words: Vec<&str> = ["wait", "--json"].into_iter().chain(ids.iter().map(|(_, id)| id.as_str())).collect();
    let output = machine.job(&words).output().await.unwrap();
    let jobs: Value = serde_json::from_slice(&output.stdout).unwrap();
    for ((number, id), job) in ids.iter().zip(jobs.as_array().unwrap()) {
        assert_eq!((job["id"].as_str(), job["exit_code"].as_u64()), (Some(id.as_str()), Some((number % 3) as u64)));
        assert_eq!(std::fs::read_to_string(machine.file(id, "stdout")).unwrap(), format!("{number}\n"));
    }
}

#[tokio::test]
async fn lines_of_a_megabyte_and_any_bytes_arrive_as_they_were() {
    let machine = Machine::start(Who::Own).await;
    let (binary, errors) = (noise(1, 3_000_001), noise(2, 200_003));
    let mut text = "ä€x".repeat(175_000).into_bytes();
    text.push(b'\n');
    let here = machine.folder.path();
    for (name, bytes) in [("binary", &binary), ("text", &text), ("errors", &errors)] {
        std::fs::write(here.join(name), bytes).unwrap();
    }
    let script =
        format!("cd '{}'; cat text; sleep 0.5; cat binary; cat errors >&2; sleep 0.5; cat text", here.display());
    let id = machine.submit(&[], &script).await;
    let output = machine.job(&["logs", "-f", &id]).output().await.unwrap();
    let expected = [text.clone(), binary.clone(), text.clone()].concat();
    assert!(output.stdout == expected, "{} of {}", output.stdout.len(), expected.len());
    // Behind the log stands how it ended.
    let (log, ending) = output.stderr.split_at(errors.len());
    assert!(log == errors, "{} of {}", output.stderr.len(), errors.len());
    assert!(ending.starts_with(format!("tunnel: job {id} exited after").as_bytes()), "{ending:?}");

    let from = expected.len() - 12_345;
    let offset = from.to_string();
    let output = machine.job(&["logs", "--stream", "stdout", "--since-offset", &offset, &id]).output().await.unwrap();
    assert!(output.stdout == expected[from..]);
    let output = machine.job(&["logs", "--stream", "stderr", &id]).output().await.unwrap();
    assert!(output.stdout == errors);

    // Whoever reads only the beginning hears nothing of it.
    let mut logs = machine.job(&["logs", "--stream", "stdout", &id]).spawn().unwrap();
    let mut first = [0; 5];
    tokio::io::AsyncReadExt::read_exact(&mut logs.stdout.take().unwrap(), &mut first).await.unwrap();
    let output = logs.wait_with_output().await.unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(141), b"".as_slice()), "{output:?}");

    // In JSON, a piece for a piece.
    let lines = machine.text(&["logs", "--json", &id]).await;
    fits(&lines.lines().map(|line| ("job logs", line)).collect::<Vec<_>>());
    let mut logs = [Vec::new(), Vec::new()];
    let mut job = Value::Null;
    for line in lines.lines() {
        let piece: Value = serde_json::from_str(line).unwrap();
        if let Some(found) = piece.get("job") {
            job = found.clone();
            continue;
        }
        let log = &mut logs[usize::from(piece["stream"] == "stderr")];
        assert_eq!(piece["offset"], log.len());
        match piece["text"].as_str() {
            Some(text) => log.extend(text.as_bytes()),
            None => log.extend(BASE64_STANDARD.decode(piece["base64"].as_str().unwrap()).unwrap()),
        }
        assert_eq!(piece["next_offset"], log.len());
    }
    assert!(logs[0] == expected && logs[1] == errors);
    assert_eq!(job["stdout_bytes"], expected.len());
}

/// The shells beside a machine's own, and every way there is to leave a session.
#[tokio::test]
async fn dash_bash_busybox_and_mksh_will_do() {
    let bind = |over: &str, at: &str| format!("mount --bind {over} {at}\n");
    installed("perl");
    let mut machines = vec![
        ("perl", bind("/dev/null", "$(command -v setsid)")),
        ("python3", bind("/dev/null", "$(command -v setsid)") + &bind("/dev/null", "$(command -v perl)")),
    ];
    for shell in ["bash", "busybox", "mksh"] {
        let file = installed(shell).display().to_string();
        machines.push((shell, bind(&file, "$(readlink -f /bin/sh)")));
    }
    for (name, mounts) in machines {
        let machine = Machine::with_disk(&mounts).await;
        let id = machine
            .text(&["submit", "--env", "A=it's\n$x", "--key", name, "--", "sh", "-c", "printf %s \"$A\"; exit 3"])
            .await;
        let job = machine.ended(id.trim()).await;
        assert_eq!((&job["state"], &job["exit_code"]), (&"exited".into(), &3.into()), "{name}: {job}");
        assert_eq!(machine.text(&["logs", "-f", id.trim()]).await, "it's\n$x", "{name}");
        let again = machine.job(&["submit", "--key", name, "--", "true"]).output().await.unwrap();
        assert_eq!(again.status.code(), Some(1), "{name}");
        let id = machine.submit(&["--timeout", "60s"], "sleep 300 & echo $!; wait").await;
        let job = machine.json(&["cancel", "--json", "--grace", "1s", &id]).await;
        assert_eq!(job["state"], "cancelled", "{name}: {job}");
        assert_eq!(machine.text(&["clean", "--older-than", "0s"]).await.lines().count(), 2, "{name}");
    }
}
