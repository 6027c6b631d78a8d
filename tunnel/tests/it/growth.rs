//! What must not grow with the number of handovers: sockets, tasks and memory.

use std::process::Stdio;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::bench::{Bench, Options, program};

const HANDOVERS: usize = 10_000;

/// Descriptors and memory of a process, in kilobytes: proc(5).
fn held(process: u32) -> (usize, u64) {
    let descriptors = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().count();
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    (descriptors, line.trim().trim_end_matches(" kB").parse().unwrap())
}

async fn ten_thousand_handovers(arguments: &[&str]) {
    let bench = Bench::start(Options { sshd: Some("exec cat".to_owned()), ..Options::default() }).await;
    let proxy = bench.proxy();
    let mut child = program(&proxy[0], bench.folder.path());
    child.args(&proxy[1..]).args(["--renew-every=1ms", "--instance-id=instance"]).args(arguments);
    let mut child = child.stdin(Stdio::piped()).spawn().unwrap();
    let process = child.id().unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let mut first = None;
    let mut sent = 0_u64;
    while bench.relay.connections.load(Ordering::Relaxed) < HANDOVERS {
        // Bytes are on the way in each of them.
        let message = sent.to_le_bytes().repeat(64);
        stdin.write_all(&message).await.unwrap();
        let mut back = vec![0; message.len()];
        stdout.read_exact(&mut back).await.unwrap();
        assert_eq!(back, message);
        sent += 1;
        if first.is_none() && bench.relay.connections.load(Ordering::Relaxed) > 200 {
            first = Some((held(process), tasks()));
        }
    }
    let ((descriptors, memory), tasks_before) = first.unwrap();
    let ((descriptors_now, memory_now), tasks_now) = (held(process), tasks());
    // One handover may be under way.
    assert!(descriptors_now <= descriptors + 3, "{descriptors} descriptors became {descriptors_now}");
    assert!(tasks_now <= tasks_before + 8, "{tasks_before} tasks became {tasks_now}");
    assert!(memory_now <= memory + 2048, "{memory} kB became {memory_now} kB");
    drop(stdin);
    assert!(child.wait().await.unwrap().success());
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_session_does_not_grow_over_ten_thousand_handovers() {
    ten_thousand_handovers(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resumable_session_does_not_grow_over_ten_thousand_handovers() {
    ten_thousand_handovers(&["--resume-version=2"]).await;
}
