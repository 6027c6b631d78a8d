//! Who a process is: pid, start and place, as `remote/common.sh` has it. A number that was used again, or a machine that was
//! restarted, is not taken for a process that is there, and another machine's process not for one that is gone.

use std::fs;
use std::path::Path;

use crate::orphans;

/// Who a process is, whatever other process gets its number later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessIdentity {
    pid: u32,
    start: u64,
    /// The machine's boot, and the start of the first process that can be seen from here.
    boot: String,
    /// The machine's name.
    node: String,
}

/// What became of a process that a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Life {
    /// It is there.
    Alive,
    /// It is gone.
    Dead,
    /// It is on another machine that has the file as well, or in another container of this one.
    Elsewhere {
        /// That machine's name.
        node: String,
    },
}

impl ProcessIdentity {
    /// Of a process that is there.
    pub fn of(pid: u32) -> Option<Self> {
        let read = |name: &str| Some(fs::read_to_string(format!("/proc/sys/kernel/{name}")).ok()?.trim().to_owned());
        let first = orphans::start_of(1).map_or_else(|| "-".to_owned(), |start| start.to_string());
        let boot = format!("{}:{first}", read("random/boot_id")?);
        Some(Self { pid, start: orphans::start_of(pid)?, boot, node: read("hostname")? })
    }

    /// As it stands in a file, with a word between its place and its machine's name.
    pub fn text(&self, between: &str) -> String {
        format!("{} {} {} {between} {}", self.pid, self.start, self.boot, self.node)
    }

    /// What became of the process that a file names.
    pub fn look(file: &Path) -> Life {
        let text = fs::read_to_string(file).unwrap_or_default();
        let mut words = text.split_whitespace();
        let (Some(pid), Some(start), Some(boot)) = (words.next(), words.next(), words.next()) else {
            return Life::Dead;
        };
        let node = words.nth(1).unwrap_or_default();
        let Some(here) = Self::of(std::process::id()) else { return Life::Dead };
        let boot_of = |boot: &str| boot.rsplit_once(':').map(|(boot, _)| boot.to_owned());
        if boot == here.boot {
            let found = pid.parse().ok().and_then(orphans::start_of);
            if found.is_some_and(|found| found.to_string() == start) { Life::Alive } else { Life::Dead }
        } else if node != here.node || boot_of(boot) == boot_of(&here.boot) {
            Life::Elsewhere { node: node.to_owned() }
        } else {
            Life::Dead
        }
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
        let check = |text: String, expected: Life| {
            fs::write(&file, &text).unwrap();
            assert_eq!(ProcessIdentity::look(&file), expected, "{text}");
        };
        let ProcessIdentity { pid, start, boot, node } = own.clone();
        let elsewhere = |node: &str| Life::Elsewhere { node: node.to_owned() };
        check(format!("{}\n", own.text("00ff")), Life::Alive);
        check(format!("{pid} {} {boot} 00ff {node}\n", start + 1), Life::Dead);
        check(format!("{pid} {start} another-boot:7 00ff {node}\n"), Life::Dead);
        check(format!("{pid} {start} another-boot:7 00ff login2\n"), elsewhere("login2"));
        // A laptop that got another name, and another container of this machine.
        check(format!("{pid} {start} {boot} 00ff login2\n"), Life::Alive);
        check(format!("{pid} {start} {boot}9 00ff {node}\n"), elsewhere(&node));
        check("4294967 1 x".to_owned(), elsewhere(""));
        check(String::new(), Life::Dead);
        assert_eq!(ProcessIdentity::look(&folder.path().join("nothing")), Life::Dead);
    }
}
