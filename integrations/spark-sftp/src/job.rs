//! A write: what it replaces or adds to, and where its files are until it is committed.
//!
//! ```text
//! append:     PATH/.spark-sftp/             overwrite, single file:   PARENT/.NAME.spark-sftp/
//!   JOB/alive           written every half minute by each task: the job is not lost
//!   JOB/PARTITION-ATTEMPT/…  files of one attempt of a task, whole
//!   commit/             exists while somebody commits: one at a time
//!   commit/alive        written every few seconds meanwhile
//!   commit/journal      what is being done, for whoever finds it undone
//!   streams/QUERY       the last batch of a stream that is there
//! ```
//!
//! Names that begin with a dot are read by no Spark. Clocks are compared with the server's alone.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Result};
use crate::options::Options;

/// How long somebody who commits may say nothing before he counts as dead.
const DEAD_AFTER: Duration = Duration::from_secs(20);
/// How long a job of others may say nothing before it counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(600);

/// A write.
#[derive(Debug, Clone)]
pub struct Job {
    /// The folder, or with `single_file` the file.
    pub path: PathBuf,
    /// Letters that no other write has.
    pub id: String,
    /// Whether what is there is replaced.
    pub overwrite: bool,
    /// Whether exactly one file is written.
    pub single_file: bool,
    /// How long a job of others may say nothing before its files are removed.
    pub lost_after: Duration,
    /// How long somebody who commits may say nothing before what he does is taken back.
    pub dead_after: Duration,
}

/// A file of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    /// Where it is.
    pub path: PathBuf,
    /// Its name when it is committed, below the job's path.
    pub name: PathBuf,
    /// Its rows.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// How many bytes are a beginning that only the first of joined files has.
    pub head: u64,
}

impl Job {
    /// Reads what the options say.
    ///
    /// # Errors
    /// Where there is no path, or one that cannot be replaced.
    pub fn new(options: &Options, id: String, overwrite: bool) -> Result<Self> {
        let path = path(options)?;
        let single_file = options.flag("single_file", false)?;
        if (overwrite || single_file) && path.file_name().is_none() {
            return Err(options.refused("path", "has no name of its own to be replaced: name a folder below it"));
        }
        if single_file && options.text("partition_by").is_some() {
            return Err(Failure::value("single_file and partition_by exclude each other: one file has no folders"));
        }
        let lost_after = options.duration("sweep_after", LOST_AFTER)?;
        let dead_after = options.duration("dead_after", DEAD_AFTER)?;
        Ok(Self { path, id, overwrite, single_file, lost_after, dead_after })
    }

    /// For a reader, who writes nothing but may find something half done.
    ///
    /// # Errors
    /// As [`Job::new`].
    pub fn of_reader(options: &Options) -> Result<Self> {
        let letters = RandomState::new().build_hasher().finish();
        let job = Self::new(options, format!("reader-{letters:016x}"), false)?;
        Ok(Self { overwrite: job.path.file_name().is_some(), ..job })
    }

    /// The folder of all jobs on this path.
    pub fn base(&self) -> PathBuf {
        if self.overwrite || self.single_file { beside(&self.path) } else { self.path.join(".spark-sftp") }
    }

    /// This job's own folder.
    pub fn folder(&self) -> PathBuf {
        self.base().join(&self.id)
    }

    /// The folder of one attempt of one task.
    pub fn attempt(&self, partition: u32, attempt: u64) -> PathBuf {
        self.folder().join(format!("{partition:05}-{attempt}"))
    }
}

/// The folder beside a path that has what replaces it.
pub fn beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".spark-sftp");
    path.with_file_name(name)
}

/// The option `path`, without slashes at its end.
///
/// # Errors
/// Where there is none.
pub fn path(options: &Options) -> Result<PathBuf> {
    let text = options.needed("path")?;
    if text.contains('\0') {
        return Err(options.refused("path", "is no path"));
    }
    let path: PathBuf = Path::new(text).components().collect();
    if path.components().any(|part| part == std::path::Component::ParentDir) {
        return Err(options.refused("path", "has .. in it: write where it leads to"));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(path: &str, overwrite: bool) -> Result<Job> {
        let options = Options::new([("path".to_owned(), path.to_owned())])?;
        Job::new(&options, "7".to_owned(), overwrite)
    }

    #[test]
    fn what_replaces_stands_beside_and_what_is_added_within() {
        assert_eq!(job("/in/a.csv/", false).unwrap().attempt(3, 1), Path::new("/in/a.csv/.spark-sftp/7/00003-1"));
        assert_eq!(job("/in/a.csv", true).unwrap().folder(), Path::new("/in/.a.csv.spark-sftp/7"));
        assert_eq!(job("a", true).unwrap().base(), Path::new(".a.spark-sftp"));
        assert_eq!(job("/", false).unwrap().base(), Path::new("/.spark-sftp"));
        for (path, overwrite) in [("/", true), ("", false), ("/a/../b", false)] {
            assert!(job(path, overwrite).is_err(), "{path}");
        }
    }
}
