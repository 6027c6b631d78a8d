//! Programs with a terminal.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{client, configuration, start};
use crate::bench::text;

/// Reads until the words are there.
async fn expect(pty: &mut pty_process::Pty, words: &str) -> String {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = tokio::time::timeout(std::time::Duration::from_secs(20), pty.read(&mut buffer)).await;
        let so_far = String::from_utf8_lossy(&seen).into_owned();
        let read = read.unwrap_or_else(|_| panic!("no {words:?} in {so_far:?}"));
        let read = read.unwrap_or_else(|error| panic!("{error}: no {words:?} in {so_far:?}"));
        seen.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&seen).into_owned();
        if text.contains(words) {
            return text;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_has_its_name_its_size_and_its_keys() {
    let bench = start().await;
    let (mut pty, pts) = pty_process::open().unwrap();
    pty.resize(pty_process::Size::new(33, 99)).unwrap();
    let command = "tty; stty size; echo $TERM $SSH_TTY; trap 'stty size' WINCH; trap 'echo interrupted; exit 5' INT; \
                   echo ready; while :; do sleep 0.05; done";
    let ssh = pty_process::Command::new("ssh").env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    let ssh =
        ssh.env("HOME", bench.folder.path()).env("TERM", "vt220").env(tunnel::ssh::TOKEN_VARIABLE, crate::bench::TOKEN);
    let ssh = ssh.args(configuration(&bench)).args(["-tt", "demo", command]);
    let mut ssh = ssh.kill_on_drop(true).spawn(pts).unwrap();
    let seen = expect(&mut pty, "ready").await;
    assert!(seen.contains("/dev/pts/"), "{seen:?}");
    assert!(seen.contains("33 99\r\n"), "{seen:?}");
    assert!(seen.contains("vt220 /dev/pts/"), "{seen:?}");
    pty.resize(pty_process::Size::new(44, 111)).unwrap();
    expect(&mut pty, "44 111").await;
    pty.write_all(b"\x03").await.unwrap();
    expect(&mut pty, "interrupted").await;
    assert_eq!(ssh.wait().await.unwrap().code(), Some(5));
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminals_last_output_is_not_lost() {
    let bench = start().await;
    for number in 0..20 {
        let command = format!("seq 1 2000; echo last {number}");
        let output = client(&bench, "ssh", &["-tt", "demo", &command]).output().await.unwrap();
        let (code, out, words) = text(&output);
        assert_eq!(code, 0, "{words}");
        assert!(out.ends_with(&format!("\r\n2000\r\nlast {number}\r\n")), "{out:?}");
    }
    // Without a terminal there is none.
    assert_eq!(text(&client(&bench, "ssh", &["demo", "tty"]).output().await.unwrap()).1, "not a tty\n");
    bench.end().await;
}
