//! Which run of Terraform a process belongs to, and whether a run is over.

use std::fs;

/// A run of Terraform: the boot of the machine, the process, and when that process started. All instances of the provider
/// that one Terraform starts have the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run(String);

impl Run {
    /// The run of the Terraform that started this process; to be asked before that can have ended. `None` where the system
    /// does not tell (it has no `/proc`): whether a run is over is then told by its locks alone.
    pub(crate) fn of_parent() -> Option<Self> {
        Self::of(std::os::unix::process::parent_id())
    }

    pub(super) fn of(process: u32) -> Option<Self> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        // A part of the boot's id is enough to tell it from others, and is short enough for a mark.
        let boot = boot.trim().get(..8)?;
        Some(Self(format!("{boot}:{process}:{}", started(process)?)))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the run that bears this name is over. A process of an earlier boot is, and so is one whose number another
    /// process has now.
    pub(crate) fn is_over(name: &str) -> bool {
        let process = name.split(':').nth(1).and_then(|process| process.parse().ok());
        process.and_then(Self::of).is_none_or(|run| run.0 != name)
    }
}

/// When a process started, in clock ticks since the boot: field 22 of `/proc/PID/stat` (proc_pid_stat(5)). `None` for a
/// process that has ended, and for one that only its parent still has to take note of.
fn started(process: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is the program's name in parentheses, and may hold both blanks and parentheses.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    let is_alive = fields.next().is_some_and(|state| !matches!(state, "Z" | "X"));
    fields.nth(18)?.parse().ok().filter(|_| is_alive)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::Run;

    #[test]
    fn a_run_is_over_when_its_process_has_ended() {
        let mut child = Command::new("sleep").arg("60").stdin(Stdio::null()).spawn().unwrap();
        let run = Run::of(child.id()).unwrap();
        assert!(!Run::is_over(run.as_str()));
        let (boot, rest) = run.as_str().split_once(':').unwrap();
        assert!(Run::is_over(&format!("{boot}x:{rest}")), "of another boot");
        assert!(Run::is_over(&format!("{run}1", run = run.as_str())), "another process with this number");
        child.kill().unwrap();
        while !Run::is_over(run.as_str()) {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        child.wait().unwrap();
        assert!(Run::is_over(run.as_str()));
        assert!(!Run::is_over(Run::of_parent().unwrap().as_str()));
        assert!(Run::is_over("") && Run::is_over("a:b:c"));
    }
}
