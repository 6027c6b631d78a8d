//! The measurements.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::peers::{Peer, Process, Tunnel};
use crate::pump::Kind;

/// A throughput with what it cost.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// Megabytes per second.
    pub rate: f64,
    /// Seconds of processor time per gigabyte.
    pub client_cpu: f64,
    pub server_cpu: f64,
}

pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Processor time of a process until now, in seconds: proc(5), /proc/pid/stat, fields 14 and 15.
fn cpu(process: &Process) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{}/stat", process.0.id())).unwrap_or_default();
    let fields: Vec<&str> = text.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

fn status(process: &Process, name: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{}/status", process.0.id())).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<f64>().ok()).unwrap_or(0.0) / 1e3
}

/// Carries this many bytes one way.
pub fn throughput(peer: &dyn Peer, kind: Kind, bytes: u64) -> Figure {
    let mut connection = peer.connect(kind, bytes);
    let mut input = connection.client.0.stdin.take().unwrap();
    let mut output = connection.client.0.stdout.take().unwrap();
    let mut block = vec![0; 256 * 1024];
    if kind == Kind::Up {
        output.read_exact(&mut [0]).unwrap();
    }
    let started = Instant::now();
    if kind == Kind::Down {
        input.write_all(b"!").unwrap();
        let mut left = bytes;
        while left > 0 {
            let read = output.read(&mut block).unwrap();
            assert!(read > 0, "{} ended {left} bytes too early", peer.name());
            left = left.saturating_sub(read as u64);
        }
    } else {
        let mut left = bytes;
        while left > 0 {
            let part = left.min(block.len() as u64) as usize;
            input.write_all(&block[..part]).unwrap();
            left -= part as u64;
        }
        output.read_exact(&mut [0]).unwrap();
    }
    let seconds = started.elapsed().as_secs_f64();
    let gigabytes = bytes as f64 / 1e9;
    Figure {
        rate: bytes as f64 / 1e6 / seconds,
        client_cpu: cpu(&connection.client) / gigabytes,
        server_cpu: cpu(&connection.server) / gigabytes,
    }
}

/// The times of small questions and answers.
pub fn echo(peer: &dyn Peer, times: usize) -> Vec<Duration> {
    let mut connection = peer.connect(Kind::Echo, 0);
    let mut input = connection.client.0.stdin.take().unwrap();
    let mut output = connection.client.0.stdout.take().unwrap();
    let mut answer = [0; 36];
    let mut ask = || {
        let started = Instant::now();
        input.write_all(&[7; 36]).unwrap();
        output.read_exact(&mut answer).unwrap();
        started.elapsed()
    };
    for _ in 0..500 {
        ask();
    }
    (0..times).map(|_| ask()).collect()
}

/// The time of one command over ssh.
pub fn run_ssh(proxy_command: &str, tunnel: &Tunnel, command: &str) -> Duration {
    let started = Instant::now();
    let status = Command::new("ssh")
        .args(["-F", "/dev/null", "-o", &format!("ProxyCommand={proxy_command}"), "-o", "StrictHostKeyChecking=no"])
        .args(["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", "-i"])
        .arg(tunnel.folder().join("id"))
        .args(["bench", command])
        .env(tunnel::ssh::TOKEN_VARIABLE, "t")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{command}");
    started.elapsed()
}

/// Starts of the proxy, each until the first byte is back; and the most memory that one took, in megabytes.
pub fn starts(tunnel: &Tunnel, times: usize) -> (Vec<Duration>, f64) {
    let served = tunnel.pump(Kind::Up, 1);
    let mut memory: f64 = 0.0;
    let times = (0..times).map(|_| {
        let started = Instant::now();
        let mut client = tunnel.client_of(&served);
        client.0.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let elapsed = started.elapsed();
        memory = memory.max(status(&client, "VmHWM:"));
        elapsed
    });
    (times.collect(), memory)
}

/// The server's memory with this many sessions at once, in megabytes.
pub fn sessions(tunnel: &Tunnel, sessions: usize) -> f64 {
    let served = tunnel.pump(Kind::Echo, 0);
    let mut clients: Vec<Process> = (0..sessions).map(|_| tunnel.client_of(&served)).collect();
    let block = vec![7; 50_000];
    for client in &mut clients {
        let mut input = client.0.stdin.take().unwrap();
        let output = client.0.stdout.as_mut().unwrap();
        let mut answer = vec![0; block.len()];
        for _ in 0..20 {
            input.write_all(&block).unwrap();
            output.read_exact(&mut answer).unwrap();
        }
        client.0.stdin = Some(input);
    }
    status(&served.process, "VmRSS:")
}
