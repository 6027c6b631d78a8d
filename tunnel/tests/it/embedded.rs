//! The built-in SSH server with OpenSSH's own clients, through proxy, relay and server.

use std::process::Output;

use tunnel::server::ssh_server::Choice;

use crate::bench::{Bench, Options};

#[track_caller]
fn text(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

async fn start() -> Bench {
    Bench::start(Options { ssh_server: Choice::Embedded, ..Options::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commands_output_and_exit_code_arrive() {
    let bench = start().await;
    let output = bench.ssh(&["sh", "-c", "echo out; echo err >&2; exit 7"]).output().await.unwrap();
    assert_eq!(text(&output), (7, "out\n".to_owned(), "err\n".to_owned()), "{}", bench.log.text());
    let output = bench.ssh(&["printf", "%s|", "a b", "$HOME", "it's", ""]).output().await.unwrap();
    assert_eq!(text(&output), (0, "a b|$HOME|it's||".to_owned(), String::new()));
    let output = bench.ssh(&["printenv", "GREETING"]).output().await.unwrap();
    assert_eq!(text(&output), (0, "hello \"you\"\n".to_owned(), String::new()));
    assert_eq!(bench.log.text(), "");
    bench.end().await;
}
