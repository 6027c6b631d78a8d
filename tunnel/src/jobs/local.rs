//! The jobs of this machine, read from their files: for the server, which keeps them company.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::id::JobId;
use super::identity::{Life, ProcessIdentity};
use super::job::Job;
use super::report::Reader;
use super::supervisor;

/// A folder with jobs.
#[derive(Debug, Clone)]
pub struct Jobs {
    base: PathBuf,
}

impl Jobs {
    /// The jobs in this folder, which need not be there.
    pub fn new(base: PathBuf) -> Self {
        Self { base }
    }

    /// A file of a job.
    pub fn file(&self, id: &JobId, name: &str) -> PathBuf {
        self.base.join(id.as_str()).join(name)
    }

    /// The ids of all that were claimed.
    pub fn ids(&self) -> Vec<JobId> {
        let entries = fs::read_dir(&self.base).into_iter().flatten().flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.filter(|id| self.file(id, "supervisor").exists()).collect()
    }

    /// How many of them run.
    pub fn running(&self) -> usize {
        let runs = |id: &JobId| {
            !self.file(id, "end").exists() && ProcessIdentity::look(&self.file(id, "supervisor")) == Life::Alive
        };
        self.ids().iter().filter(|id| runs(id)).count()
    }

    /// A job, as the script would report it.
    pub fn look(&self, id: &JobId) -> Option<Job> {
        let text = |name: &str| fs::read_to_string(self.file(id, name)).unwrap_or_default();
        let first = |name: &str| text(name).lines().next().unwrap_or_default().to_owned();
        let end = || text("end").lines().take(2).map(str::to_owned).collect::<Vec<_>>();
        // It writes how the job ended before it ends itself: in this order nothing is missed.
        let life = ProcessIdentity::look(&self.file(id, "supervisor"));
        let size = |name: &str| fs::metadata(self.file(id, name)).map_or(0, |metadata| metadata.len());
        let mut lines = vec![
            format!("now {} {}", supervisor::now().0, supervisor::now().1),
            format!("job {id}"),
            format!("spec {}", first("input/spec")),
            format!("started {}", first("started")),
        ];
        match end().as_slice() {
            [end, status] => lines.extend([format!("end {end}"), format!("status {status}")]),
            _ => lines.push(format!("status {}", supervisor::last_line(&self.file(id, "status")))),
        }
        match life {
            Life::Alive => lines.push("alive".to_owned()),
            Life::Elsewhere { node } => lines.push(format!("elsewhere {node}")),
            Life::Dead => {}
        }
        lines.extend(["stdout", "stderr"].map(|log| format!("{} {id}/{log}", size(log))));
        lines.push(".".to_owned());
        let mut reader = Reader::default();
        lines.iter().find_map(|line| reader.line(line))?.jobs.pop()
    }

    /// The end of a log: from which byte, and the bytes, no more than these many.
    pub fn tail(&self, id: &JobId, log: &str, most: u64) -> (u64, Vec<u8>) {
        let read = || -> std::io::Result<(u64, Vec<u8>)> {
            let mut file = File::open(self.file(id, log))?;
            let from = file.metadata()?.len().saturating_sub(most);
            file.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            file.take(most).read_to_end(&mut bytes)?;
            Ok((from, bytes))
        };
        read().unwrap_or_default()
    }
}

/// Where a person's jobs are: as `remote/common.sh` has it.
pub fn base(set: Option<&OsStr>, home: &Path) -> PathBuf {
    match set.filter(|set| !set.is_empty()) {
        Some(set) => home.join(set),
        None => home.join(".tunnel").join("jobs"),
    }
}
