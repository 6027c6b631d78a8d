//! Tests in a process that was started to ignore signals, as `nohup` and a script's `&` start one: CI may be started so, and servers are.

use std::process::Stdio;

use tokio::process::Command;

/// Runs one test of this program again, where HUP, INT, QUIT and TSTP are ignored.
pub async fn passes(test: &str) {
    let program = std::env::current_exe().unwrap();
    let script = "trap '' HUP INT QUIT TSTP; exec \"$0\" --include-ignored --exact \"$1\"";
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(program).arg(test).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{test}: {text}\n{words}");
}

/// The ordinary signals of a line `SigIgn:` as a program prints it; glibc ignores two of the others for itself.
pub fn mask(line: &str) -> u32 {
    let mask = line.trim().strip_prefix("SigIgn:").unwrap_or_else(|| panic!("{line:?}"));
    (u64::from_str_radix(mask.trim(), 16).unwrap() & 0x7fff_ffff) as u32
}

/// What this process ignores itself: the tests here are run by others.
pub fn own() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    mask(status.lines().find(|line| line.starts_with("SigIgn:")).unwrap())
}

pub const TSTP: u32 = 1 << 19;
pub const HUP_INT_QUIT_TSTP: u32 = 0b111 | TSTP;
