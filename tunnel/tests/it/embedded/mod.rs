//! The built-in SSH server with OpenSSH's own clients, through proxy, relay and server.

mod files;
mod flow;
mod forwards;
mod logins;
mod programs;
mod signals;
mod terminals;

use std::path::PathBuf;
use std::process::{Output, Stdio};

use tokio::process::Command;
use tunnel::server::ssh_server::Choice;
use tunnel::ssh::options;
use tunnel::{known_hosts, ssh_config};

use crate::bench::{Bench, Options, program};

fn text(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

async fn start() -> Bench {
    Bench::start(Options { ssh_server: Choice::Embedded, ..Options::default() }).await
}

/// The arguments with which OpenSSH's programs reach the host `demo`.
fn configuration(bench: &Bench) -> [String; 2] {
    let known_hosts = bench.folder.path().join("known_hosts");
    std::fs::write(&known_hosts, known_hosts::text(&bench.endpoint).unwrap()).unwrap();
    let options = options(&bench.endpoint, &bench.proxy(), &bench.key.private, &known_hosts);
    let file = bench.folder.path().join("ssh_config");
    std::fs::write(&file, ssh_config::host("demo", &options)).unwrap();
    ["-F".to_owned(), file.display().to_string()]
}

/// ssh, scp or sftp with these arguments. What is said on its stderr is kept.
fn client(bench: &Bench, name: &str, arguments: &[&str]) -> Command {
    let mut command = program(name, bench.folder.path());
    command.args(configuration(bench)).args(arguments);
    command
}

/// A file below the bench's folder.
fn file(bench: &Bench, name: &str) -> PathBuf {
    bench.folder.path().join(name)
}

/// Bytes with every value, and no repetition that would hide a lost or doubled block.
fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut data = Vec::with_capacity(size + 8);
    while data.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        data.extend_from_slice(&state.to_le_bytes());
    }
    data.truncate(size);
    data
}

/// Whether a program is here; a test that needs it says so and ends.
fn has(name: &str) -> bool {
    let found = std::process::Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_err() {
        eprintln!("skipped: there is no {name}");
    }
    found.is_ok()
}
