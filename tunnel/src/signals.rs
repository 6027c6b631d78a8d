//! What this process was started to ignore, by `nohup` or by a script's `&`. execve(2) hands it on: a program that inherits it is
//! not ended with its connection, and ^C does nothing to it. References: signal(7), proc(5) on SigIgn, POSIX on trap.

use std::io;
use std::sync::OnceLock;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::{Context, Result};

/// Keeps what this process was started to ignore from the programs that it starts: they begin as after a login. This process goes on
/// not caring about these signals. Signals that it does not ignore are left alone.
///
/// A handler becomes the default in a program that is started, and tokio's handlers stay; what tokio refuses nobody can ignore, or it
/// is a fault of the processor. SIGPIPE std takes care of itself.
pub fn keep_from_programs() {
    let ignored = from_the_start();
    for number in (1..=64).filter(|number| has(ignored, *number) && *number != SIGPIPE) {
        let _ = signal(SignalKind::from_raw(number));
    }
}

const SIGPIPE: i32 = 13;

/// Whether a process ignores SIGHUP, as `nohup` makes it.
pub fn ignores_hang_up(process: u32) -> bool {
    has(ignored_by(&process.to_string()), SignalKind::hangup().as_raw_value())
}

/// SIGHUP, but for a process that was started to ignore it: then it goes on to.
pub struct HangUp(Option<Signal>);

impl HangUp {
    /// Begins to wait for it.
    ///
    /// # Errors
    /// When there is no room for a handler.
    pub fn new() -> io::Result<Self> {
        let is_ignored = has(from_the_start(), SignalKind::hangup().as_raw_value());
        Ok(Self(if is_ignored { None } else { Some(signal(SignalKind::hangup())?) }))
    }

    /// Waits for the next one.
    pub async fn recv(&mut self) {
        std::future::poll_fn(|cx| if self.poll(cx) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending })
            .await;
    }

    /// Whether one has come.
    pub fn poll(&mut self, cx: &mut std::task::Context<'_>) -> bool {
        self.0.as_mut().is_some_and(|signal| signal.poll_recv(cx).is_ready())
    }
}

/// That the person or the system wants an end: SIGINT, SIGTERM, SIGHUP.
pub struct Interruption {
    interrupt: Signal,
    terminate: Signal,
    hang_up: HangUp,
}

impl Interruption {
    /// Begins to wait for it: from now on these signals end nothing by themselves.
    ///
    /// # Errors
    /// When there is no room for handlers.
    pub fn new() -> Result<Self> {
        let new = || -> io::Result<Self> {
            Ok(Self {
                hang_up: HangUp::new()?,
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
            })
        };
        new().context(|| "cannot wait for signals".to_owned())
    }

    /// Waits for the next one.
    pub async fn recv(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = self.hang_up.recv() => {}
        }
    }
}

fn has(mask: u64, signal: i32) -> bool {
    u32::try_from(signal - 1).is_ok_and(|bit| mask.checked_shr(bit).is_some_and(|rest| rest & 1 == 1))
}

/// What this process ignored when it was asked for first, before any handler of its own.
fn from_the_start() -> u64 {
    static IGNORED: OnceLock<u64> = OnceLock::new();
    *IGNORED.get_or_init(|| ignored_by("self"))
}

/// The signals that a process ignores. Elsewhere than on Linux nobody says, and it is none.
fn ignored_by(process: &str) -> u64 {
    parse(&std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default())
}

fn parse(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn the_mask_has_a_bit_for_each_signal() {
        let check = |status: &str, expected: &[i32]| {
            let mask = parse(status);
            assert_eq!((1..=64).filter(|number| has(mask, *number)).collect::<Vec<_>>(), expected, "{status}");
        };
        check("Name:\tsh\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000080007\nSigCgt:\t0\n", &[1, 2, 3, 20]);
        check("SigIgn:\t8000000000000000", &[64]);
        check("SigIgn:\tx", &[]);
        check("", &[]);
        assert!(!has(u64::MAX, 0) && !has(u64::MAX, -1) && !has(u64::MAX, 65));
    }

    #[tokio::test]
    async fn a_program_under_nohup_goes_on_and_others_do_not() {
        // However the tests are started: each of these begins without an ignored signal.
        keep_from_programs();
        let check = |script: &str, expected: bool| {
            let mut command = Command::new("sh");
            let mut child = command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            // It has come as far as its first word.
            child.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
            assert_eq!(ignores_hang_up(child.id()), expected, "{script}");
            drop(child.stdin.take());
            child.wait().unwrap();
        };
        check("trap '' HUP; echo; read x", true);
        check("trap 'exit' HUP; echo; read x", false);
        check("echo; read x", false);
    }
}
