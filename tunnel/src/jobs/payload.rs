//! The files that go with a job: its stdin, and what is uploaded. They follow the script on the same connection.

use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::error::{Context, Error, Result};

/// One file, as the job's machine is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Path below the job's folder `input`.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Permissions, in octal.
    pub mode: &'static str,
    /// What tells it from another file.
    pub digest: String,
}

/// The files, open.
#[derive(Debug, Default)]
pub struct Payload {
    parts: Vec<Part>,
    files: Vec<File>,
}

impl Payload {
    /// What follows the script.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// What the files are, for the job's digest.
    pub fn digests(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|part| part.digest.as_str())
    }

    /// Adds the job's stdin; `-` is this program's own. What is no file (a pipe) is kept in one until it is sent.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn stdin(&mut self, path: &Path) -> Result<()> {
        let cannot = || format!("cannot read {}", path.display());
        let file = if path == Path::new("-") {
            spooled(&mut std::io::stdin().lock()).context(|| "cannot keep stdin in a file".to_owned())?
        } else {
            let mut file = open(path)?;
            let kind = file.metadata().context(cannot)?.file_type();
            if kind.is_fifo() || kind.is_char_device() { spooled(&mut file).context(cannot)? } else { file }
        };
        self.add("stdin".to_owned(), file, path)
    }

    /// Adds a file under its own name.
    ///
    /// # Errors
    /// When it cannot be read, or another one has its name.
    pub fn upload(&mut self, path: &Path) -> Result<()> {
        let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
            Error::new(format!("{} has no name that another machine could give it", path.display()))
                .way_out("Rename it: UTF-8.")
        })?;
        let name = format!("files/{name}");
        if self.parts.iter().any(|part| part.name == name) {
            return Err(Error::new(format!("two files to upload are called {}", path.display()))
                .way_out("They arrive in one folder: rename one, or upload an archive."));
        }
        self.add(name, open(path)?, path)
    }

    fn add(&mut self, name: String, mut file: File, path: &Path) -> Result<()> {
        let cannot = || format!("cannot read {}", path.display());
        let metadata = file.metadata().context(cannot)?;
        if !metadata.is_file() {
            return Err(Error::new(format!("{} is no file", path.display())).way_out("Upload an archive of a folder."));
        }
        let mode = if metadata.permissions().mode() & 0o111 == 0 { "600" } else { "700" };
        let (size, hash) = sha256(&mut file).context(cannot)?;
        file.rewind().context(cannot)?;
        let digest = format!("{name} {mode} {hash}");
        self.parts.push(Part { name, size, mode, digest });
        self.files.push(file);
        Ok(())
    }

    /// Sends the bytes. A file that became shorter leaves the other side waiting, which then takes nothing.
    ///
    /// # Errors
    /// When a file cannot be read, or the other side takes no more.
    pub async fn send(&self, to: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
        for (part, file) in self.parts.iter().zip(&self.files) {
            let mut file = file.try_clone()?;
            file.rewind()?;
            let mut reader = tokio::fs::File::from_std(file).take(part.size);
            if tokio::io::copy(&mut reader, to).await? < part.size {
                return Err(std::io::Error::other(format!("{} became shorter", part.name)));
            }
        }
        to.flush().await
    }
}

fn spooled(from: &mut impl Read) -> std::io::Result<File> {
    let mut file = tempfile::tempfile()?;
    std::io::copy(from, &mut file)?;
    file.rewind()?;
    Ok(file)
}

fn open(path: &Path) -> Result<File> {
    File::open(path).context(|| format!("cannot read {}", path.display()))
}

fn sha256(file: &mut File) -> std::io::Result<(u64, String)> {
    let (mut hash, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 128 * 1024]);
    loop {
        let read = file.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        hash.update(bytes);
        size += u64::try_from(read).unwrap_or_default();
    }
    Ok((size, hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}
