//! Who a process is: pid, start and boot, as `remote/common.sh` has it. A number that was used again, or a machine that was
//! restarted, is not taken for a process that is there.

use std::fs;
use std::path::Path;

use crate::orphans;

/// Who a process is, whatever other process gets its number later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessIdentity {
    pid: u32,
    start: u64,
    boot: String,
}

impl ProcessIdentity {
    /// Of a process that is there.
    pub fn of(pid: u32) -> Option<Self> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned();
        Some(Self { pid, start: orphans::start_of(pid)?, boot })
    }

    /// As it stands in a file.
    pub fn text(&self) -> String {
        format!("{} {} {}", self.pid, self.start, self.boot)
    }

    /// Whether the process that a file names is there.
    pub fn is_alive(file: &Path) -> bool {
        let text = fs::read_to_string(file).unwrap_or_default();
        let mut words = text.split_whitespace();
        let (Some(pid), Some(start), Some(boot)) = (words.next(), words.next(), words.next()) else { return false };
        let found = pid.parse().ok().and_then(Self::of);
        found.is_some_and(|found| found.start.to_string() == start && found.boot == boot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_start_and_its_boot() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("supervisor");
        let own = ProcessIdentity::of(std::process::id()).unwrap();
        let check = |text: String, expected: bool| {
            fs::write(&file, text).unwrap();
            assert_eq!(ProcessIdentity::is_alive(&file), expected);
        };
        check(format!("{} 00ff\n", own.text()), true);
        check(format!("{} {} another-boot\n", own.pid, own.start), false);
        check(format!("{} {} {}\n", own.pid, own.start + 1, own.boot), false);
        check("4294967 1 x".to_owned(), false);
        check(String::new(), false);
        assert!(!ProcessIdentity::is_alive(&folder.path().join("nothing")));
    }
}
