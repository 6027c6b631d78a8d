//! The jobs that a person saw last, by where they are: what a shell completes. It is a memory and no truth, so nothing fails for it.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::id::JobId;
use super::job::Job;
use crate::error::{Context, Result};
use crate::keys;

/// The file, in the tunnel's folder.
const FILE: &str = "recent-jobs";
/// What the label of a destination of ssh begins with; its name follows.
pub const OF_HOST: &str = "host ";
/// Jobs that are remembered of each destination, and destinations.
const JOBS: usize = 50;
const DESTINATIONS: usize = 50;

/// A job that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentJob {
    /// Its id.
    pub id: JobId,
    /// The name or the key that it was given.
    pub name: Option<String>,
}

/// What was seen at one destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentDestination {
    /// What it is called.
    pub label: String,
    /// Its jobs, the newest first.
    pub jobs: Vec<RecentJob>,
}

/// What is remembered, the destination that was used last first.
pub fn read(home: &Path) -> Vec<RecentDestination> {
    let text = fs::read(home.join(FILE)).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Remembers a job that was submitted.
pub fn submitted(home: &Path, destination: &str, job: RecentJob) {
    change(home, destination, |jobs| {
        jobs.retain(|other| other.id != job.id);
        jobs.insert(0, job);
    });
}

/// Remembers all the jobs that are there, and forgets those that are not.
pub fn listed(home: &Path, destination: &str, all: &[Job]) {
    let seen = |job: &Job| RecentJob { id: job.id.clone(), name: job.name.clone().or_else(|| job.key.clone()) };
    change(home, destination, |jobs| *jobs = all.iter().map(seen).collect());
}

/// Forgets jobs that were cleaned away.
pub fn removed(home: &Path, destination: &str, ids: &[JobId]) {
    change(home, destination, |jobs| jobs.retain(|job| !ids.contains(&job.id)));
}

/// Two that write at once may forget each other's.
fn change(home: &Path, destination: &str, how: impl FnOnce(&mut Vec<RecentJob>)) {
    let mut all = read(home);
    let known = all.iter().position(|other| other.label == destination);
    let mut jobs = known.map(|index| all.remove(index).jobs).unwrap_or_default();
    how(&mut jobs);
    jobs.truncate(JOBS);
    if !jobs.is_empty() {
        all.insert(0, RecentDestination { label: destination.to_owned(), jobs });
    }
    all.truncate(DESTINATIONS);
    let written = || -> Result<()> {
        keys::create_home(home)?;
        let text = serde_json::to_vec(&all).context(|| "cannot write the recent jobs".to_owned())?;
        keys::write_atomically(&home.join(FILE), &text, 0o600)
    };
    if let Err(error) = written() {
        tracing::debug!(%error, "the job is not remembered for completions");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_jobs_are_remembered_until_they_are_gone() {
        let home = tempfile::tempdir().unwrap();
        let job = |id: &str| RecentJob { id: id.parse().unwrap(), name: Some(format!("the {id}")) };
        let ids = |destination: &str| {
            let found = read(home.path()).into_iter().find(|other| other.label == destination);
            found.map(|it| it.jobs.iter().map(|job| job.id.as_str().to_owned()).collect::<Vec<_>>())
        };
        for id in ["a", "b", "a"] {
            submitted(home.path(), "host", job(id));
        }
        submitted(home.path(), "other", job("c"));
        assert_eq!(ids("host").unwrap(), ["a", "b"]);
        removed(home.path(), "host", &["a".parse().unwrap(), "c".parse().unwrap()]);
        assert_eq!((ids("host").unwrap(), ids("other").unwrap()), (vec!["b".to_owned()], vec!["c".to_owned()]));
        for number in 0..60 {
            submitted(home.path(), "host", job(&format!("j{number}")));
            submitted(home.path(), &format!("host{number}"), job("x"));
        }
        assert_eq!(ids("host").map(|ids| (ids.len(), ids[0].clone())), Some((50, "j59".to_owned())));
        assert_eq!((read(home.path()).len(), ids("host0")), (50, None));
        listed(home.path(), "host", &[]);
        assert_eq!(ids("host"), None);
        // What cannot be read is nothing, and what cannot be written neither.
        fs::write(home.path().join(FILE), "{").unwrap();
        assert_eq!(read(home.path()), []);
        submitted(&home.path().join(FILE), "host", job("a"));
    }
}
