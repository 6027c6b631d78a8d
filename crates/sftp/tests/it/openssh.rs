//! OpenSSH's server over its pipes, and bytes to send it.

use std::path::Path;
use std::process::Stdio;

use sftp::client::Sftp;
use tokio::process::{Child, Command};

/// A channel of a server, which ends with it.
pub async fn openssh() -> (Sftp, Child) {
    let programs = ["/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/libexec/sftp-server"];
    let program = programs.iter().find(|path| Path::new(path).exists()).expect("OpenSSH's sftp-server");
    let mut server =
        Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let (stdin, stdout) = (server.stdin.take().unwrap(), server.stdout.take().unwrap());
    (Sftp::start(stdout, stdin).await.unwrap(), server)
}

/// So many times four bytes, of which no two pieces are the same.
pub fn data(length: u32) -> Vec<u8> {
    (0..length).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}
