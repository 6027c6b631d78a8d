//! Connections and clients that are killed at every step, at moments that a seed chooses. `JOB_CUTS` says how many jobs.

use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::machine::{Machine, Who};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// The client is killed with -9.
    Client,
    /// The connection's sshd is.
    Connection,
}

#[tokio::test(flavor = "multi_thread")]
async fn each_job_runs_once_and_no_byte_is_lost_whatever_is_killed_when() {
    let count: u64 = std::env::var("JOB_CUTS").ok().map_or(24, |count| count.parse().unwrap());
    let seed: u64 = std::env::var("JOB_SEED").ok().map_or(1, |seed| seed.parse().unwrap());
    let faults: usize =
        stream::iter(seed..seed + count).map(one).buffer_unordered(4).collect::<Vec<_>>().await.iter().sum();
    eprintln!("{count} jobs, {faults} faults");
    assert!(faults as u64 > count);
}

/// One job on a machine of its own; answers how many faults there were.
async fn one(seed: u64) -> usize {
    let mut rng = StdRng::seed_from_u64(seed);
    // Every other one by an ordinary user.
    let who = if seed.is_multiple_of(2) { Who::ordinary() } else { Who::Own };
    let machine = Machine::start(who).await;
    let (key, ran) = (format!("key-{seed}"), machine.folder.path().join("home/ran"));
    let script = format!(
        "echo ran >>'{}'; n=0; while [ $n -lt 40 ]; do echo \"line $n of {seed}\"; echo \"error $n\" >&2; n=$((n+1)); sleep 0.03; done; exit 9",
        ran.display()
    );
    let expected: String = (0..40).map(|n| format!("line {n} of {seed}\n")).collect();
    let mut faults = 0;

    // Whoever does not hear an answer asks again, with the key.
    let id = loop {
        let mut submit = machine.job(&["submit", "--key", &key, "--shell", "--", &script]);
        let (fault, output) = with_fault(&machine, &mut submit, &mut rng, faults < 3).await;
        faults += usize::from(fault.is_some());
        if let Some(output) = output.filter(|output| output.status.success()) {
            break String::from_utf8(output.stdout).unwrap().trim().to_owned();
        }
        assert!(fault.is_some(), "seed {seed}: an answer without a fault");
    };

    // Logs: who was killed goes on where the bytes ended.
    let mut log = Vec::new();
    let mut logs_faults = 0;
    loop {
        let offset = log.len().to_string();
        let mut logs = machine.job(&["logs", "-f", "--stream", "stdout", "--since-offset", &offset, &id]);
        let (fault, output) = with_fault(&machine, &mut logs, &mut rng, logs_faults < 3).await;
        logs_faults += usize::from(fault.is_some());
        let output = output.unwrap();
        log.extend(&output.stdout);
        if output.status.success() {
            break;
        }
        assert!(fault.is_some(), "seed {seed}: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(String::from_utf8(log).unwrap(), expected, "seed {seed}");

    let mut wait_faults = 0;
    let code = loop {
        let (fault, output) = with_fault(&machine, &mut machine.job(&["wait", &id]), &mut rng, wait_faults < 2).await;
        wait_faults += usize::from(fault.is_some());
        match output.and_then(|output| output.status.code()) {
            Some(code) => break code,
            None => assert!(fault.is_some()),
        }
    };
    assert_eq!(code, 9, "seed {seed}");
    assert_eq!(std::fs::read_to_string(&ran).unwrap(), "ran\n", "seed {seed}");
    faults + logs_faults + wait_faults
}

/// Runs a command to its end, with perhaps a fault on the way; answers that, and its output as far as it got.
async fn with_fault(
    machine: &Machine,
    command: &mut Command,
    rng: &mut StdRng,
    wanted: bool,
) -> (Option<Fault>, Option<std::process::Output>) {
    let fault = match rng.random_range(0..4) {
        _ if !wanted => None,
        0 => None,
        1 => Some(Fault::Client),
        _ => Some(Fault::Connection),
    };
    let delay = Duration::from_millis(rng.random_range(0..600));
    let mut child = command.spawn().unwrap();
    let id = child.id();
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let killing = async {
        sleep(delay).await;
        match fault {
            Some(Fault::Client) => {
                let id = nix::unistd::Pid::from_raw(id.unwrap() as i32);
                let _ = nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGKILL);
            }
            Some(Fault::Connection) => machine.cut(),
            None => {}
        }
    };
    let running = async {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        // ssh may outlive its killed parent with the pipe of stderr in its hand.
        let reading = async { tokio::io::copy(&mut stdout, &mut out).await };
        let words = async { timeout(Duration::from_secs(60), tokio::io::copy(&mut stderr, &mut err)).await };
        let (status, _, _) = tokio::join!(child.wait(), reading, words);
        std::process::Output { status: status.unwrap(), stdout: out, stderr: err }
    };
    let (output, ()) = tokio::join!(timeout(Duration::from_secs(120), running), killing);
    (fault, Some(output.expect("a command hangs")))
}
