//! Much data, in both directions, and readers that are slower than writers.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::ChildStdin;
use tokio::time::timeout;

use super::{client, file, start};
use crate::bench::sha256;
use crate::bench::{noise, text};

const MEBIBYTE: usize = 1024 * 1024;
/// The cipher that is quick in a build without optimisation, too.
const GCM: &str = "aes128-gcm@openssh.com";

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_mebibytes_arrive_unchanged_in_both_directions_and_over_new_keys() {
    let bench = start().await;
    let data = noise(1, 100 * MEBIBYTE);
    let expected = sha256(&data);
    let there = file(&bench, "data");
    let command = format!("tee '{}' | sha256sum", there.display());
    let mut up = client(&bench, "ssh", &["-o", "RekeyLimit=16M", "-c", GCM, "demo", &command])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = up.stdin.take().unwrap();
    let sending = tokio::spawn(async move {
        stdin.write_all(&data).await.unwrap();
        drop(stdin);
    });
    let output = up.wait_with_output().await.unwrap();
    sending.await.unwrap();
    assert_eq!(text(&output), (0, format!("{expected}  -\n"), String::new()));

    let command = format!("cat '{}'", there.display());
    let output = client(&bench, "ssh", &["-o", "RekeyLimit=16M", "-c", GCM, "demo", &command]).output().await.unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 100 * MEBIBYTE));
    assert_eq!(sha256(&output.stdout), expected);
    bench.end().await;
}

/// Writes until nothing moves any more, and answers how much was written.
async fn fill(stdin: &mut ChildStdin, data: &[u8]) -> usize {
    let mut written = 0;
    while written < data.len() {
        match timeout(Duration::from_secs(1), stdin.write(&data[written..])).await {
            Ok(Ok(count)) => written += count,
            Ok(Err(error)) => panic!("{error}"),
            Err(_) => break,
        }
    }
    written
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_whose_output_nobody_reads_slows_its_input_down_and_loses_nothing() {
    let bench = start().await;
    let data = noise(1, 100 * MEBIBYTE);
    let expected = sha256(&data);
    let mut ssh = client(&bench, "ssh", &["-c", GCM, "demo", "cat"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = ssh.stdin.take().unwrap();
    let written = fill(&mut stdin, &data).await;
    assert!(written < 60 * MEBIBYTE, "{written} bytes are in memory somewhere");
    let rest = tokio::spawn(async move {
        stdin.write_all(&data[written..]).await.unwrap();
        drop(stdin);
    });
    let mut back = Vec::new();
    ssh.stdout.take().unwrap().read_to_end(&mut back).await.unwrap();
    rest.await.unwrap();
    assert_eq!((ssh.wait().await.unwrap().code(), back.len()), (Some(0), 100 * MEBIBYTE));
    assert_eq!(sha256(&back), expected);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_does_not_read_leaves_the_connections_others_alone() {
    let bench = start().await;
    let control = file(&bench, "control");
    let shared = [format!("ControlPath={}", control.display()), "ControlMaster=auto".to_owned()];
    let shared = ["-o", &shared[0], "-o", &shared[1]];
    let mut first = client(&bench, "ssh", &[&shared[..], &["demo", "echo up; sleep 1000"]].concat());
    let mut first = first.stdin(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(first.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("up"));
    let data = noise(1, 64 * MEBIBYTE);
    let mut stdin = first.stdin.take().unwrap();
    let written = fill(&mut stdin, &data).await;
    assert!(written < 32 * MEBIBYTE, "{written} bytes are in memory somewhere");

    let mut second = client(&bench, "ssh", &[&shared[..], &["demo", "head -c 10000000 /dev/zero; cat"]].concat());
    let mut second = second.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = second.stdin.take().unwrap();
    stdin.write_all(b"hello").await.unwrap();
    drop(stdin);
    let output = timeout(Duration::from_secs(30), second.wait_with_output()).await.unwrap().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 10_000_005));
    first.start_kill().unwrap();
    bench.end().await;
}
