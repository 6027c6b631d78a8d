//! Servers that were started to ignore signals: their programs do not.

use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;
use tunnel::server::ssh_server::Choice;

use super::{client, start};
use crate::bench::{Bench, Options, text};
use crate::ignoring;

#[tokio::test]
async fn programs_ignore_nothing_that_their_server_was_started_to() {
    ignoring::passes("embedded::ignored::programs_of_a_server_that_ignores_signals").await;
}

#[tokio::test]
async fn a_server_under_nohup_ends_programs_with_their_connection_and_hands_keys_on() {
    ignoring::passes("embedded::programs::programs_are_gone_after_their_connection_was_cut").await;
    ignoring::passes("embedded::terminals::a_terminal_has_its_name_its_size_and_its_keys").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "programs_ignore_nothing_that_their_server_was_started_to runs it"]
async fn programs_of_a_server_that_ignores_signals() {
    assert_eq!(ignoring::own() & ignoring::HUP_INT_QUIT_TSTP, ignoring::HUP_INT_QUIT_TSTP);
    for ssh_server in [Choice::Embedded, Choice::Openssh] {
        let bench = Bench::start(Options { ssh_server, ..Options::default() }).await;
        for terminal in ["-T", "-tt"] {
            let output = client(&bench, "ssh", &[terminal, "demo", "grep SigIgn /proc/self/status"]).output().await;
            let (code, out, words) = text(&output.unwrap());
            assert_eq!(code, 0, "{words}");
            assert_eq!(ignoring::mask(&out), 0, "{ssh_server:?} {terminal}: {out}");
        }
        bench.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_under_nohup_goes_on_when_its_terminal_is_closed() {
    let bench = start().await;
    let ssh = client(&bench, "ssh", &["demo", "cat"]);
    let ssh = ssh.as_std();
    let mut nohup = Command::new("sh");
    nohup.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(ssh.get_program()).args(ssh.get_args());
    nohup.env_clear().envs(ssh.get_envs().filter_map(|(name, value)| Some((name, value?)))).process_group(0);
    nohup.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut ssh = nohup.spawn().unwrap();
    let group = Pid::from_raw(ssh.id().unwrap() as i32);
    let mut stdin = ssh.stdin.take().unwrap();
    let mut lines = BufReader::new(ssh.stdout.take().unwrap()).lines();
    for word in ["before", "after", "later"] {
        stdin.write_all(format!("{word}\n").as_bytes()).await.unwrap();
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some(word));
        // Its proxy is of the same group, and its child.
        killpg(group, Signal::SIGHUP).unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    drop(stdin);
    assert_eq!(text(&ssh.wait_with_output().await.unwrap()), (0, String::new(), String::new()));
    bench.end().await;
}
