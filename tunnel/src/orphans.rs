//! What sessions and jobs leave running when they end (`nohup`, `tmux`): the server and the supervisor adopt it, since a driver opens workspace files only
//! to descendants of a notebook, takes its dead out of the process table, and ends it when it ends itself. prctl(2),
//! PR_SET_CHILD_SUBREAPER; proc(5).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use tokio::time::{Instant, sleep};

/// Between two looks at the process table. Children that somebody waits for are gone long before the second.
const LOOK: Duration = Duration::from_secs(5);
/// How long processes have to end by themselves.
const GRACE: Duration = Duration::from_secs(3);

/// Makes this process the parent of what its descendants leave behind. Elsewhere than on Linux there is no such thing.
pub fn adopt() {
    #[cfg(target_os = "linux")]
    if let Err(error) = nix::sys::prctl::set_child_subreaper(true) {
        crate::say!("tunnel: what sessions leave running cannot be adopted: {error}");
    }
}

/// Takes adopted processes that ended out of the process table, until it is dropped.
pub async fn reap() {
    let mut seen = BTreeSet::new();
    loop {
        let zombies: BTreeSet<i32> = table()
            .into_iter()
            .filter(|(_, process)| process.is_zombie && process.parent == own())
            .map(|(id, _)| id)
            .collect();
        for id in zombies.intersection(&seen) {
            let _ = waitpid(Pid::from_raw(*id), Some(WaitPidFlag::WNOHANG));
        }
        seen = zombies;
        sleep(LOOK).await;
    }
}

/// Ends all descendants of this process: politely, and then by force.
pub async fn end() {
    let force_at = Instant::now() + GRACE;
    let mut told = BTreeSet::new();
    loop {
        let rest = descendants(own(), &table());
        let is_late = Instant::now() > force_at;
        // The server's own children have been waited for by now: whoever has ended is nobody else's.
        while waitpid(None, Some(WaitPidFlag::WNOHANG)).is_ok_and(|status| status.pid().is_some()) {}
        if rest.is_empty() || Instant::now() > force_at + GRACE {
            return;
        }
        for id in rest {
            if is_late || told.insert(id) {
                // One that ended in the meantime is what is wanted.
                let _ = kill(Pid::from_raw(id), if is_late { Signal::SIGKILL } else { Signal::SIGTERM });
            }
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// When a living process started, in ticks since the machine did: with its id, what tells it from every other.
pub fn start_of(id: u32) -> Option<u64> {
    let process = parse(&std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?)?;
    (!process.is_zombie).then_some(process.start)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    parent: i32,
    is_zombie: bool,
    start: u64,
}

fn own() -> i32 {
    nix::unistd::getpid().as_raw()
}

fn table() -> BTreeMap<i32, Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter_map(|id: i32| Some((id, parse(&std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?)?))).collect()
}

/// State, parent and start: the third, fourth and 22nd field of `/proc/PID/stat`, behind a name that may hold anything.
fn parse(stat: &str) -> Option<Process> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    Some(Process { is_zombie: matches!(state, "Z" | "X"), parent, start: fields.nth(17)?.parse().ok()? })
}

/// The living descendants of a process.
fn descendants(ancestor: i32, table: &BTreeMap<i32, Process>) -> Vec<i32> {
    let mut found = BTreeSet::from([ancestor]);
    loop {
        let is_child = |(id, process): &(&i32, &Process)| !found.contains(*id) && found.contains(&process.parent);
        let more: Vec<i32> = table.iter().filter(is_child).map(|(id, _)| *id).collect();
        if more.is_empty() {
            found.remove(&ancestor);
            return found.into_iter().filter(|id| table.get(id).is_some_and(|process| !process.is_zombie)).collect();
        }
        found.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_process_table_is_read_whatever_the_name() {
        let check = |line: &str, expected: Option<(i32, bool)>| {
            assert_eq!(parse(line).map(|process| (process.parent, process.is_zombie)), expected, "{line}");
        };
        let rest = "7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 815 2 3";
        check(&format!("7 (sh) S 3 {rest}"), Some((3, false)));
        check(&format!("7 (a) Z (b) 9) Z 3 {rest}"), Some((3, true)));
        assert_eq!(parse(&format!("7 (sh) S 3 {rest}")).map(|process| process.start), Some(815));
        check("7 (sh", None);
        check("", None);
    }

    #[test]
    fn children_of_children_are_found_and_the_dead_are_not() {
        let process = |parent, is_zombie| Process { parent, is_zombie, start: 0 };
        let table = BTreeMap::from([
            (2, process(1, false)),
            (3, process(2, false)),
            (4, process(3, true)),
            (5, process(1, false)),
        ]);
        assert_eq!(descendants(2, &table), [3]);
        assert_eq!(descendants(1, &table), [2, 3, 5]);
    }
}
