//! Ending processes: a group, and all that carry a mark in their environment or descend from one that does. The mark finds what
//! left the group (a server in a session of its own); the descent finds what dropped its environment (a login over SSH).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

/// The environment variable by which the processes of a run are known.
pub(super) const MARK: &str = "LOCALCLOUD_DRIVER";
/// How long processes have to end by themselves.
const GRACE: Duration = Duration::from_secs(5);

/// The mark of the processes of this local cloud, which others on the machine do not have.
pub(crate) fn mark_of(dir: &Path) -> String {
    format!("{MARK}={}|", dir.display())
}

/// A program by its path or by its name, which the PATH has.
///
/// # Errors
/// Where there is none.
pub(super) fn program(name: &Path) -> std::io::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // A name with a folder is a path already.
    let folders =
        if name.components().count() > 1 { vec![PathBuf::new()] } else { std::env::split_paths(&path).collect() };
    let missing = || {
        let message = format!("{} is not there: install it, or name it with an option", name.display());
        std::io::Error::new(std::io::ErrorKind::NotFound, message)
    };
    folders.into_iter().map(|folder| folder.join(name)).find(|path| path.is_file()).ok_or_else(missing)
}

/// Ends a process group and everything that is marked: politely, then by force.
pub(crate) async fn end_group(group: Option<u32>, mark: &str) {
    let group = group.and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    let deadline = Instant::now() + GRACE;
    let mut signal = Signal::SIGTERM;
    let mut signalled = BTreeSet::new();
    let mut known: BTreeMap<i32, u64> = BTreeMap::new();
    loop {
        known.retain(|id, started| is_alive(*id, *started));
        // Who was a descendant stays one of ours when what linked it to us has ended.
        known.extend(marked(mark).into_iter().filter_map(|id| Some((id, start_time(id)?))));
        let rest: Vec<i32> = known.keys().copied().collect();
        let in_group = group.is_some_and(has_members);
        if rest.is_empty() && !in_group {
            return;
        }
        if Instant::now() > deadline + GRACE {
            tracing::error!(?rest, "processes of a driver cannot be ended");
            return;
        }
        if Instant::now() > deadline {
            signal = Signal::SIGKILL;
        }
        // A process that died in the meantime is what we want.
        if let Some(group) = group.filter(|group| signal == Signal::SIGKILL || signalled.insert(-group.as_raw())) {
            let _ = killpg(group, signal);
        }
        for id in rest {
            if signal == Signal::SIGKILL || signalled.insert(id) {
                let _ = kill(Pid::from_raw(id), signal);
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The processes whose environment has `mark` (`NAME=beginning of the value`), and their descendants.
pub(crate) fn marked(mark: &str) -> Vec<i32> {
    let parents = parents();
    let mut found: BTreeSet<i32> = BTreeSet::new();
    for id in parents.keys() {
        let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        if environment.split(|byte| *byte == 0).any(|entry| entry.starts_with(mark.as_bytes())) {
            found.insert(*id);
        }
    }
    extend_with_children(&mut found, &parents);
    found.remove(&i32::try_from(std::process::id()).unwrap_or_default());
    found.into_iter().collect()
}

fn process_ids() -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").map(|entries| entries.collect::<Vec<_>>()).unwrap_or_default();
    entries.into_iter().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// Ends all descendants of this process: orphans of drivers among them, if this process adopts them.
pub(crate) async fn end_descendants() {
    let deadline = Instant::now() + GRACE;
    let mut signalled = BTreeSet::new();
    loop {
        let rest = descendants(std::process::id());
        if rest.is_empty() || Instant::now() > deadline + GRACE {
            return;
        }
        let force = Instant::now() > deadline;
        for id in rest {
            if force || signalled.insert(id) {
                let _ = kill(Pid::from_raw(id), if force { Signal::SIGKILL } else { Signal::SIGTERM });
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Takes adopted processes that ended out of the process table, for as long as it is not dropped. Children of our own are waited for
/// where they were started, within moments: what is still a zombie at a second look has nobody.
pub(crate) async fn reap_orphans() {
    let mut seen: BTreeSet<i32> = BTreeSet::new();
    let own = i32::try_from(std::process::id()).unwrap_or_default();
    loop {
        let zombies: BTreeSet<i32> = process_ids()
            .into_iter()
            .filter(|id| status(*id).is_some_and(|(state, parent, _)| state == 'Z' && parent == own))
            .collect();
        for id in zombies.intersection(&seen) {
            let _ = nix::sys::wait::waitpid(Pid::from_raw(*id), Some(nix::sys::wait::WaitPidFlag::WNOHANG));
        }
        seen = zombies;
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

/// The living descendants of a process.
fn descendants(ancestor: u32) -> Vec<i32> {
    let ancestor = i32::try_from(ancestor).unwrap_or_default();
    let parents = parents();
    let mut found = BTreeSet::from([ancestor]);
    extend_with_children(&mut found, &parents);
    found.remove(&ancestor);
    found.into_iter().collect()
}

/// The parents of all living processes. A zombie has ended: it only waits for its parent.
fn parents() -> BTreeMap<i32, i32> {
    let living = process_ids().into_iter().filter_map(|id| Some((id, status(id)?)));
    living.filter(|(_, (state, ..))| *state != 'Z').map(|(id, (_, parent, _))| (id, parent)).collect()
}

fn extend_with_children(found: &mut BTreeSet<i32>, parents: &BTreeMap<i32, i32>) {
    loop {
        let more: Vec<i32> = parents
            .iter()
            .filter(|(id, parent)| !found.contains(id) && found.contains(parent))
            .map(|(id, _)| *id)
            .collect();
        if more.is_empty() {
            return;
        }
        found.extend(more);
    }
}

/// When a process started, in ticks since the machine did: with its id, the name of one process for ever.
pub(crate) fn start_time(id: i32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    rest.split(' ').nth(19)?.parse().ok()
}

/// Whether a process that started then has not ended. (A zombie only waits for its parent.)
pub(crate) fn is_alive(id: i32, started: u64) -> bool {
    start_time(id) == Some(started) && status(id).is_some_and(|(state, ..)| state != 'Z')
}

/// Whether a group has a process that has not ended. (`killpg` finds zombies too, which only wait for us.)
fn has_members(group: Pid) -> bool {
    process_ids().into_iter().filter_map(status).any(|(state, _, of)| of == group.as_raw() && state != 'Z')
}

/// State, parent and group of a process: the third, fourth and fifth field of /proc/PID/stat, after a name that may hold anything.
fn status(id: i32) -> Option<(char, i32, i32)> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_marked_process_and_its_descendants_end_even_outside_their_group() {
        let mark = format!("LOCALCLOUD_TEST={}", uuid::Uuid::new_v4());
        let (name, value) = mark.split_once('=').unwrap();
        // A shell that leaves its group with a child that has dropped its environment.
        let mut child = std::process::Command::new("setsid")
            .args(["sh", "-c", "env -i sleep 600 & sleep 600 & wait"])
            .env(name, value)
            .spawn()
            .unwrap();
        while marked(&mark).len() < 3 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let reaper = std::thread::spawn(move || child.wait().unwrap());
        end_group(None, &mark).await;
        assert_eq!(marked(&mark), Vec::<i32>::new());
        reaper.join().unwrap();
    }
}
