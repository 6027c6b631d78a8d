//! The programs that are measured: each is started anew for each copy.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Measured;
use crate::sshd::Sshd;

pub trait Peer {
    fn name(&self) -> &'static str;
    /// Connects, logs in and asks for one thing.
    fn connect(&self, sshd: &Sshd, port: u16) -> Measured;
    fn copy(&self, what: &str, from: &Path, to: &Path, sshd: &Sshd, port: u16) -> Measured;
    fn copy_tree(&self, what: &str, from: &Path, to: &Path, sshd: &Sshd, port: u16) -> Measured;
}

/// Runs it to its end. What it prints is the most memory that it had, in KiB.
fn timed(mut command: Command) -> Measured {
    let began = Instant::now();
    let output = command.stdin(Stdio::null()).output().unwrap();
    let seconds = began.elapsed().as_secs_f64();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let memory = String::from_utf8_lossy(&output.stdout).trim().parse::<u64>().ok().map(|kibibytes| kibibytes / 1024);
    Measured { seconds, memory }
}

pub struct Ours;

impl Ours {
    fn run(what: &str, from: &Path, to: &Path, sshd: &Sshd, port: u16) -> Measured {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["ours", what]).args([from, to]).arg(port.to_string()).args([sshd.key(), sshd.host_key()]);
        timed(command)
    }
}

impl Peer for Ours {
    fn name(&self) -> &'static str {
        "ours"
    }

    fn connect(&self, sshd: &Sshd, port: u16) -> Measured {
        Self::run("connect", Path::new("."), Path::new("."), sshd, port)
    }

    fn copy(&self, what: &str, from: &Path, to: &Path, sshd: &Sshd, port: u16) -> Measured {
        Self::run(what, from, to, sshd, port)
    }

    fn copy_tree(&self, what: &str, from: &Path, to: &Path, sshd: &Sshd, port: u16) -> Measured {
        Self::run(&format!("{what}-tree"), from, to, sshd, port)
    }
}

pub struct OpenSsh;

impl OpenSsh {
    fn run(line: &str, sshd: &Sshd, port: u16) -> Measured {
        let batch = sshd.folder.path().join("batch");
        std::fs::write(&batch, line).unwrap();
        let mut command = Command::new("sftp");
        // The quickest cipher of both, which is what ours takes.
        command.args(["-q", "-F", "/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]);
        command
            .args(["-o", "LogLevel=ERROR", "-c", "aes128-gcm@openssh.com", "-P", &port.to_string(), "-i"])
            .arg(sshd.key());
        command.arg("-b").arg(&batch).arg("127.0.0.1").stdout(Stdio::null());
        timed(command)
    }
}

impl Peer for OpenSsh {
    fn name(&self) -> &'static str {
        "OpenSSH"
    }

    fn connect(&self, sshd: &Sshd, port: u16) -> Measured {
        Self::run("pwd\n", sshd, port)
    }

    fn copy(&self, what: &str, from: &Path, to: &Path, sshd: &Sshd, port: u16) -> Measured {
        Self::run(&format!("{what} {} {}\n", from.display(), to.display()), sshd, port)
    }

    fn copy_tree(&self, what: &str, from: &Path, to: &Path, sshd: &Sshd, port: u16) -> Measured {
        Self::run(&format!("{what} -r {} {}\n", from.display(), to.display()), sshd, port)
    }
}

/// Paramiko as people use it.
pub struct Paramiko(OsString);

const PARAMIKO: &str = "
import os, sys, paramiko
what, source, target, port, key = sys.argv[1:]
client = paramiko.SSHClient()
client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
import pwd
client.connect('127.0.0.1', int(port), pwd.getpwuid(os.geteuid()).pw_name, key_filename=key, allow_agent=False, look_for_keys=False)
sftp = client.open_sftp()
if what == 'connect': sftp.stat(source)
elif what == 'put': sftp.put(source, target)
elif what == 'get': sftp.get(source, target)
elif what == 'put-tree':
    sftp.mkdir(target)
    for name in os.listdir(source): sftp.put(f'{source}/{name}', f'{target}/{name}')
else:
    os.mkdir(target)
    for name in sftp.listdir(source): sftp.get(f'{source}/{name}', f'{target}/{name}')
client.close()
";

impl Paramiko {
    pub fn new(python: OsString) -> Self {
        Self(python)
    }

    fn run(&self, what: &str, from: &Path, to: &Path, sshd: &Sshd, port: u16) -> Measured {
        let mut command = Command::new(&self.0);
        command.args(["-c", PARAMIKO, what]).args([from, to]).arg(port.to_string()).arg(sshd.key());
        timed(command)
    }
}

impl Peer for Paramiko {
    fn name(&self) -> &'static str {
        "Paramiko"
    }

    fn connect(&self, sshd: &Sshd, port: u16) -> Measured {
        self.run("connect", Path::new("."), Path::new("."), sshd, port)
    }

    fn copy(&self, what: &str, from: &Path, to: &Path, sshd: &Sshd, port: u16) -> Measured {
        self.run(what, from, to, sshd, port)
    }

    fn copy_tree(&self, what: &str, from: &Path, to: &Path, sshd: &Sshd, port: u16) -> Measured {
        self.run(&format!("{what}-tree"), from, to, sshd, port)
    }
}
