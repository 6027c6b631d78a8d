//! The built-in SSH server with OpenSSH's own clients, through proxy, relay and server.

mod files;
mod flow;
mod forwards;
mod ignored;
mod logins;
mod programs;
mod signals;
mod terminals;

use std::path::PathBuf;

use tokio::process::Command;
use tunnel::server::ssh_server::Choice;
use tunnel::ssh::options;
use tunnel::{known_hosts, ssh_config};

use crate::bench::{Bench, Options, program, put};

async fn start() -> Bench {
    Bench::start(Options { ssh_server: Choice::Embedded, ..Options::default() }).await
}

/// The arguments with which OpenSSH's programs reach the host `demo`.
fn configuration(bench: &Bench) -> [String; 2] {
    let known_hosts = bench.folder.path().join("known_hosts");
    put(&known_hosts, known_hosts::text(&bench.endpoint).unwrap().as_bytes());
    let options = options(&bench.endpoint, &bench.proxy(), &bench.key.private, &known_hosts);
    let file = bench.folder.path().join("ssh_config");
    put(&file, ssh_config::host("demo", &options).as_bytes());
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
