//! The trees of this machine and of a server.

use std::fs::{self, FileTimes, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use futures_util::future::join_all;
use tokio::task::spawn_blocking;

use super::Side;
use crate::client::{Entry, Sftp, Status};
use crate::file::Failed;
use crate::wire::attributes::Attributes;

/// Small files that may be on the way through one channel: a server keeps each of them open for a while.
const ON_A_CHANNEL: usize = 64;

/// Answers of one folder's names that may be on the way.
const ANSWERS: usize = 16;

/// A tree of this machine.
#[derive(Debug, Clone)]
pub struct Here {
    root: PathBuf,
}

/// A tree of a server, which is seen through several channels.
#[derive(Debug)]
pub struct There {
    channels: Vec<Sftp>,
    first: Sftp,
    root: PathBuf,
    turn: AtomicUsize,
}

impl Here {
    /// The tree that begins at this folder, whether or not it is there.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// A path of the tree, as one of this machine.
    pub fn path(&self, below: &Path) -> PathBuf {
        join(&self.root, below)
    }

    /// What the root is like, in the words of a server; `None` where nothing is there. A link is followed, or is one.
    ///
    /// # Errors
    /// What this machine says.
    pub async fn like(&self, follow: bool) -> Result<Option<Attributes>, Failed> {
        let like = move |path: &Path| {
            let found = if follow { fs::metadata(path) } else { fs::symlink_metadata(path) };
            match found {
                Ok(found) => Ok(Some(attributes(&found))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        };
        self.work(Path::new(""), like).await
    }

    async fn work<T: Send + 'static>(
        &self,
        below: &Path,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Failed> {
        let path = self.path(below);
        let place = path.clone();
        let done = spawn_blocking(move || work(&path)).await.unwrap_or_else(|error| Err(io::Error::other(error)));
        done.map_err(Failed::here(&place))
    }
}

/// Nothing below a root is the root itself, and not a folder in it without a name.
fn join(root: &Path, below: &Path) -> PathBuf {
    if below.as_os_str().is_empty() { root.to_owned() } else { root.join(below) }
}

impl Side for Here {
    async fn list(&self, folder: &Path) -> Result<Option<Vec<Entry>>, Failed> {
        let list = |folder: &Path| {
            let found = match fs::read_dir(folder) {
                Ok(found) => found,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            };
            let mut entries = Vec::new();
            for entry in found {
                let entry = entry?;
                match entry.metadata() {
                    Ok(like) => entries.push(Entry { name: entry.file_name().into(), attributes: attributes(&like) }),
                    // Removed since it was listed.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(Some(entries))
        };
        self.work(folder, list).await
    }

    async fn make_folder(&self, folder: &Path) -> Result<(), Failed> {
        self.work(folder, |folder| fs::create_dir(folder)).await
    }

    async fn settle_folder(&self, folder: &Path, like: &Attributes) -> Result<(), Failed> {
        let like = *like;
        let settle = move |folder: &Path| {
            if let Some(mode) = like.permissions {
                fs::set_permissions(folder, Permissions::from_mode(mode & 0o777))?;
            }
            let Some((_, modified)) = like.times else { return Ok(()) };
            let time = UNIX_EPOCH + Duration::from_secs(modified.into());
            fs::File::open(folder)?.set_times(FileTimes::new().set_modified(time))
        };
        self.work(folder, settle).await
    }

    async fn remove(&self, file: &Path) -> Result<(), Failed> {
        self.work(file, |file| fs::remove_file(file)).await
    }

    async fn remove_folder(&self, folder: &Path) -> Result<(), Failed> {
        self.work(folder, |folder| fs::remove_dir(folder)).await
    }

    /// As many as the other tree takes.
    fn at_a_time(&self) -> usize {
        usize::MAX
    }
}

/// What a file here is like, in the words of a server.
pub(super) fn attributes(metadata: &Metadata) -> Attributes {
    let seconds = |seconds: i64| u32::try_from(seconds.max(0)).unwrap_or(u32::MAX);
    Attributes {
        size: Some(metadata.len()),
        owner: Some((metadata.uid(), metadata.gid())),
        permissions: Some(metadata.mode()),
        times: Some((seconds(metadata.atime()), seconds(metadata.mtime()))),
    }
}

impl There {
    /// The tree that begins at this folder, whether or not it is there; `None` without a channel.
    pub fn new(channels: Vec<Sftp>, root: impl Into<PathBuf>) -> Option<Self> {
        let first = channels.first()?.clone();
        Some(Self { channels, first, root: root.into(), turn: AtomicUsize::new(0) })
    }

    /// A path of the tree, as one of the server.
    pub fn path(&self, below: &Path) -> PathBuf {
        join(&self.root, below)
    }

    /// All channels.
    pub fn channels(&self) -> &[Sftp] {
        &self.channels
    }

    /// The channel whose turn it is.
    pub fn channel(&self) -> &Sftp {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        self.channels.get(turn % self.channels.len()).unwrap_or(&self.first)
    }
}

impl Side for There {
    async fn list(&self, folder: &Path) -> Result<Option<Vec<Entry>>, Failed> {
        let path = self.path(folder);
        let (sftp, there) = (self.channel(), Failed::there(&path));
        let handle = match sftp.open_folder(&path).await {
            Ok(handle) => handle,
            Err(error) if error.is(Status::NoSuchFile) => return Ok(None),
            Err(error) => return Err(there(error)),
        };
        let mut entries = Vec::new();
        // A long folder comes in many answers of a hundred names: where the first was not all, more are asked for together.
        let most = if sftp.features().tells_limits() { ANSWERS } else { 1 };
        let mut wanted = 1;
        let listed = 'listed: loop {
            for answer in join_all((0..wanted).map(|_| sftp.entries(&handle))).await {
                match answer {
                    Ok(Some(more)) => entries.extend(more),
                    Ok(None) => break 'listed Ok(()),
                    Err(error) => break 'listed Err(error),
                }
            }
            wanted = (wanted * 2).min(most);
        };
        sftp.close(&handle).await.map_err(&there)?;
        match listed {
            Ok(()) => Ok(Some(entries)),
            // asyncssh opens folders that are not there.
            Err(error) if error.is(Status::NoSuchFile) => Ok(None),
            Err(error) => Err(there(error)),
        }
    }

    async fn make_folder(&self, folder: &Path) -> Result<(), Failed> {
        let path = self.path(folder);
        self.channel().make_folder(&path, &Attributes::default()).await.map_err(Failed::there(&path))
    }

    async fn settle_folder(&self, folder: &Path, like: &Attributes) -> Result<(), Failed> {
        let path = self.path(folder);
        let permissions = like.permissions.map(|mode| mode & 0o777);
        let like = Attributes { permissions, times: like.times, ..Attributes::default() };
        self.channel().set(&path, &like).await.map_err(Failed::there(&path))
    }

    async fn remove(&self, file: &Path) -> Result<(), Failed> {
        let path = self.path(file);
        self.channel().remove(&path).await.map_err(Failed::there(&path))
    }

    async fn remove_folder(&self, folder: &Path) -> Result<(), Failed> {
        let path = self.path(folder);
        self.channel().remove_folder(&path).await.map_err(Failed::there(&path))
    }

    fn at_a_time(&self) -> usize {
        ON_A_CHANNEL * self.channels.len().max(2)
    }
}
