//! Commands and shells.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Child;

use super::{client, start};
use crate::bench::text;
use crate::cloud::until;

#[tokio::test(flavor = "multi_thread")]
async fn a_commands_output_and_exit_code_arrive() {
    let bench = start().await;
    let output = bench.ssh(&["sh", "-c", "echo out; echo err >&2; exit 7"]).output().await.unwrap();
    assert_eq!(text(&output), (7, "out\n".to_owned(), "err\n".to_owned()), "{}", bench.log.text());
    let output = bench.ssh(&["printf", "%s|", "a b", "$HOME", "it's", ""]).output().await.unwrap();
    assert_eq!(text(&output), (0, "a b|$HOME|it's||".to_owned(), String::new()));
    let output = bench.ssh(&["printenv", "GREETING"]).output().await.unwrap();
    assert_eq!(text(&output), (0, "hello \"you\"\n".to_owned(), String::new()));
    for code in [0, 1, 254, 255] {
        let output = client(&bench, "ssh", &["demo", &format!("exit {code}")]).output().await.unwrap();
        assert_eq!(text(&output).0, code);
    }
    let log = bench.log.clone();
    bench.end().await;
    assert_eq!(log.text(), "", "a session that goes well leaves no warning");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_a_signal_ended_says_which() {
    let bench = start().await;
    for (signal, sent) in [("TERM", "exit-signal"), ("KILL", "exit-signal"), ("0", "exit-status")] {
        let output = client(&bench, "ssh", &["-v", "demo", &format!("kill -{signal} $$")]).output().await.unwrap();
        let (code, _, words) = text(&output);
        assert_eq!(code, if sent == "exit-signal" { 255 } else { 0 }, "{signal}");
        assert!(words.contains(&format!("rtype {sent}")), "{signal}: {words}");
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn output_of_commands_that_end_at_once_is_never_lost() {
    let bench = start().await;
    for _ in 0..10 {
        let runs = (0..5).map(|number| {
            let word = number.to_string();
            let mut ssh = bench.ssh(&["echo", &word]);
            async move { (text(&ssh.output().await.unwrap()), word) }
        });
        for (output, word) in futures_util::future::join_all(runs).await {
            assert_eq!((output.0, output.1), (0, format!("{word}\n")), "{}", output.2);
        }
    }
    // More than a window, from a program that is gone long before its output has left.
    let output = client(&bench, "ssh", &["demo", "head -c 10000000 /dev/zero; exit 3"]).output().await.unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(3), 10_000_000));
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_login_is_sshds() {
    let bench = start().await;
    let home = nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap().dir;
    let output = client(&bench, "ssh", &["demo", "pwd; echo $USER $HOME; echo ${SSH_CONNECTION:+ssh}"]).output();
    let home = home.display();
    let expected = format!("{home}\n{} {home}\nssh\n", crate::bench::user());
    assert_eq!(text(&output.await.unwrap()).1, expected);

    // Without a command it is a login shell, which reads its lines from stdin.
    let mut shell = client(&bench, "ssh", &["demo"]).stdin(Stdio::piped()).spawn().unwrap();
    shell.stdin.take().unwrap().write_all(b"echo shell $0\nexit 4\n").await.unwrap();
    let (code, out, words) = text(&shell.wait_with_output().await.unwrap());
    assert_eq!(code, 4, "{words}");
    assert!(out.contains("shell -"), "{out}");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_sends_its_language_but_not_its_path() {
    let bench = start().await;
    let variables = ["SetEnv=LC_TEST=x COLORTERM=truecolor LD_PRELOAD=/x GREETING=mine"];
    let command = "echo $LC_TEST $COLORTERM $LD_PRELOAD $GREETING";
    let output = client(&bench, "ssh", &["-o", variables[0], "demo", command]).output().await.unwrap();
    assert_eq!(text(&output).1, "x truecolor hello \"you\"\n");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_stdin_arrives_and_late_output_too() {
    let bench = start().await;
    let mut ssh = client(&bench, "ssh", &["demo", "cat; echo end; exec 2>&-; sleep 0.2; echo late"]);
    let mut ssh = ssh.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = ssh.stdin.take().unwrap();
    stdin.write_all(b"in\n").await.unwrap();
    drop(stdin);
    assert_eq!(text(&ssh.wait_with_output().await.unwrap()).1, "in\nend\nlate\n");
    // A program that does not read its input ends all the same.
    let mut ssh = client(&bench, "ssh", &["demo", "exec 0<&-; echo closed"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = ssh.stdin.take().unwrap();
    let writing = tokio::spawn(async move { while stdin.write_all(&[1; 65536]).await.is_ok() {} });
    assert_eq!(text(&ssh.wait_with_output().await.unwrap()).1, "closed\n");
    writing.await.unwrap();
    bench.end().await;
}

fn is_alive(group: i32) -> bool {
    nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), None).is_ok()
}

/// The process group that a program says it is, behind whatever else a login shell's own configuration writes to its terminal.
async fn group_of(ssh: &mut Child) -> i32 {
    let mut lines = BufReader::new(ssh.stdout.take().unwrap()).lines();
    let mut seen = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some(group) = line.trim().strip_prefix("group ") {
            return group.parse().unwrap();
        }
        seen.push(line);
    }
    panic!("no group in {seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_are_gone_after_their_connection_was_cut() {
    let bench = start().await;
    for terminal in ["-T", "-tt"] {
        let mut ssh = client(&bench, "ssh", &[terminal, "demo", "echo group $$; sleep 1000 & sleep 1000"]);
        let mut ssh = ssh.stdin(Stdio::piped()).spawn().unwrap();
        let group = group_of(&mut ssh).await;
        assert!(is_alive(group));
        // Its proxy goes with it, and says that the session is over.
        ssh.start_kill().unwrap();
        until("the process group is gone", async || !is_alive(group)).await;
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_are_gone_after_their_server() {
    let bench = start().await;
    let mut ssh = client(&bench, "ssh", &["demo", "trap '' HUP TERM; echo group $$; sleep 1000 & wait"]);
    let mut ssh = ssh.stdin(Stdio::piped()).spawn().unwrap();
    let group = group_of(&mut ssh).await;
    assert!(is_alive(group));
    bench.end().await;
    until("the process group is gone", async || !is_alive(group)).await;
    ssh.wait().await.unwrap();
}
