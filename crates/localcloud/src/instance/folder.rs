//! The folder's lock and its note of who runs.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use secret::Secret;
use serde::{Deserialize, Serialize};

/// Who runs in a folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Note {
    /// Process id.
    pub pid: u32,
    /// Port of the control plane.
    pub port: u16,
    /// The Databricks account.
    pub account_id: String,
    /// Address of AWS, if it has one.
    pub aws_endpoint: Option<String>,
    /// What lets its own commands steer it.
    pub secret: Secret<String>,
}

/// The exclusive right to run in a folder; it ends with the process, however that ends.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code, reason = "held, not read")] Flock<File>);

/// A folder of a local cloud.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// A folder, made if it is not there, with a `.gitignore` that keeps all of it out of repositories.
    ///
    /// # Errors
    /// The system's, when it cannot be made.
    pub fn create(path: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(path)?;
        let folder = Self(path.canonicalize()?);
        std::fs::write(folder.path(".gitignore"), "*\n")?;
        Ok(folder)
    }

    /// A folder that may not be there.
    pub fn existing(path: &Path) -> Self {
        Self(path.canonicalize().unwrap_or_else(|_| path.to_owned()))
    }

    /// A file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// Takes the lock; nothing if somebody else has it.
    ///
    /// # Errors
    /// The system's, when there can be no lock file.
    pub fn lock(&self) -> std::io::Result<Option<Lock>> {
        let file = File::options().create(true).truncate(false).write(true).open(self.path("lock"))?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(Some(Lock(lock))),
            Err((_, nix::errno::Errno::EWOULDBLOCK)) => Ok(None),
            Err((_, errno)) => Err(errno.into()),
        }
    }

    /// Whether somebody holds the lock.
    pub fn is_locked(&self) -> bool {
        self.path("lock").exists() && matches!(self.lock(), Ok(None))
    }

    /// Who runs, if it wrote its note already.
    pub fn note(&self) -> Option<Note> {
        serde_json::from_slice(&std::fs::read(self.path("instance.json")).ok()?).ok()
    }

    /// Writes a file that only its owner can read, whole or not at all.
    ///
    /// # Errors
    /// The system's.
    pub fn write_private(&self, name: &str, content: &str) -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
        file.write_all(content.as_bytes())?;
        file.persist(self.path(name)).map_err(|error| error.error)?;
        Ok(())
    }

    /// Takes away what says that somebody runs here.
    pub fn forget(&self) {
        for name in ["instance.json", "env", "env-proxy", "authorities.pem"] {
            // What is not there need not be removed.
            let _ = std::fs::remove_file(self.path(name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time_runs_in_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::create(&dir.path().join("x")).unwrap();
        assert!(!folder.is_locked());
        let lock = folder.lock().unwrap();
        assert!(lock.is_some() && folder.is_locked());
        assert!(folder.lock().unwrap().is_none());
        drop(lock);
        assert!(!folder.is_locked());
    }
}
