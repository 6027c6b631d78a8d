//! A server's folders: the few things that a commit is made of.

use std::path::{Path, PathBuf};

use futures_util::{StreamExt, TryStreamExt, stream};
use sftp::client::{Entry, Error, Mode, Sftp, Status};
use sftp::ssh::Connection;
use sftp::transfer::Lanes;
use sftp::wire::attributes::Attributes;

use crate::connect::Access;
use crate::failure::{Failure, Kind, Result};
use crate::upload::put;

/// Requests about paths that are on the way at once.
const AT_ONCE: usize = 64;
/// The longest file that is read whole: a list of a commit's files.
const LONGEST: u64 = 256 * 1024 * 1024;

/// A connection and its first channel.
pub struct Remote {
    /// The channel.
    pub sftp: Sftp,
    connection: Connection,
}

/// A file of a tree.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its path.
    pub path: PathBuf,
    /// What it is like; of a link, what it points to.
    pub attributes: Attributes,
}

impl Remote {
    /// Connects.
    ///
    /// # Errors
    /// Which step failed.
    pub async fn connect(access: &Access) -> Result<Self> {
        let connection = access.connect().await?;
        Ok(Self { sftp: connection.sftp().await?, connection })
    }

    /// The server's key, as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> String {
        self.connection.server_key().fingerprint(russh::keys::HashAlg::Sha256).to_string()
    }

    /// What is there, if there is anything.
    ///
    /// # Errors
    /// What else the server says.
    pub async fn stat(&self, path: &Path) -> Result<Option<Attributes>> {
        match self.sftp.stat(path).await {
            Ok(attributes) => Ok(Some(attributes)),
            Err(error) if error.is(Status::NoSuchFile) => Ok(None),
            Err(error) => Err(Failure::at(path)(error)),
        }
    }

    /// Makes a folder, and those above it that are not there.
    ///
    /// # Errors
    /// What the server says.
    pub async fn make_all(&self, path: &Path) -> Result<()> {
        let mut missing = Vec::new();
        for folder in path.ancestors().filter(|folder| !folder.as_os_str().is_empty()) {
            match self.stat(folder).await? {
                Some(found) if found.is_file() => {
                    return Err(Failure::exists(format!("{} is a file, and not a folder", folder.display())));
                }
                Some(_) => break,
                None => missing.push(folder),
            }
        }
        for folder in missing.into_iter().rev() {
            if let Err(error) = self.sftp.make_folder(folder, &Attributes::default()).await {
                // Another task may have made it meanwhile.
                if self.stat(folder).await?.is_none_or(|found| found.is_file()) {
                    return Err(Failure::at(folder)(error));
                }
            }
        }
        Ok(())
    }

    /// The entries of a folder.
    ///
    /// # Errors
    /// What the server says.
    pub async fn list(&self, folder: &Path) -> Result<Vec<Entry>> {
        let at = Failure::at(folder);
        let handle = self.sftp.open_folder(folder).await.map_err(&at)?;
        let mut all = Vec::new();
        let listed = loop {
            match self.sftp.entries(&handle).await {
                Ok(Some(entries)) => all.extend(entries),
                Ok(None) => break Ok(()),
                Err(error) => break Err(at(error)),
            }
        };
        let closed = self.sftp.close(&handle).await;
        listed?;
        closed.map_err(&at)?;
        Ok(all)
    }

    /// Renames all of these at once; none of the new names is there yet.
    ///
    /// # Errors
    /// The first that is refused; of the others, some may be renamed.
    pub async fn rename_all(&self, moves: impl IntoIterator<Item = (PathBuf, PathBuf)>) -> Result<()> {
        let rename = |(from, to): (PathBuf, PathBuf)| async move {
            self.sftp.rename(&from, &to).await.map_err(|error| Failure::at(&to)(error))
        };
        stream::iter(moves).map(rename).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Removes files, of which some may not be there.
    ///
    /// # Errors
    /// What else the server says of one that it refuses. All others are removed then.
    pub async fn remove_all(&self, paths: impl IntoIterator<Item = PathBuf>) -> Result<()> {
        let remove = |path: PathBuf| async move {
            match self.sftp.remove(&path).await {
                Err(error) if !error.is(Status::NoSuchFile) => Err(Failure::at(&path)(error)),
                _ => Ok(()),
            }
        };
        let removed: Vec<Result<()>> = stream::iter(paths).map(remove).buffer_unordered(AT_ONCE).collect().await;
        removed.into_iter().collect()
    }

    /// Those of these paths of which the server says more than that it shows nobody what is there.
    ///
    /// # Errors
    /// What else the server says of one.
    pub async fn shown(&self, paths: impl IntoIterator<Item = PathBuf>) -> Result<Vec<PathBuf>> {
        let look = |path: PathBuf| async move {
            match self.stat(&path).await {
                Err(failure) if failure.kind == Kind::Permission => Ok(None),
                found => found.map(|_| Some(path)),
            }
        };
        let shown: Vec<_> = stream::iter(paths).map(look).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(shown.into_iter().flatten().collect())
    }

    /// Removes a folder with all that is in it. One that is not there is content with that.
    ///
    /// # Errors
    /// What the server says.
    pub async fn remove_tree(&self, folder: &Path) -> Result<()> {
        let mut folders = vec![folder.to_owned()];
        let mut next = 0;
        while let Some(folder) = folders.get(next).cloned() {
            next += 1;
            let entries = match self.list(&folder).await {
                Err(failure) if failure.kind == Kind::Missing => continue,
                entries => entries?,
            };
            let (below, files): (Vec<_>, Vec<_>) =
                entries.into_iter().partition(|entry| entry.attributes.is_directory());
            folders.extend(below.into_iter().map(|entry| folder.join(entry.name)));
            self.remove_all(files.into_iter().map(|entry| folder.join(entry.name))).await?;
        }
        for folder in folders.into_iter().rev() {
            match self.sftp.remove_folder(&folder).await {
                Err(error) if !error.is(Status::NoSuchFile) => return Err(Failure::at(&folder)(error)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Puts a small file, whole or not at all.
    ///
    /// # Errors
    /// What the server says.
    pub async fn put(&self, path: &Path, mut bytes: &[u8]) -> Result<()> {
        put(&self.sftp, &mut bytes, path).await.map(|_| ())
    }

    /// A small file's bytes; `None` where there is none.
    ///
    /// # Errors
    /// What the server says, or a file that is too long.
    pub async fn get(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        let handle = match self.sftp.open(path, Mode::Read, &Attributes::default()).await {
            Err(error) if error.is(Status::NoSuchFile) => return Ok(None),
            handle => handle.map_err(Failure::at(path))?,
        };
        let size = self.sftp.fstat(&handle).await.map_err(Failure::at(path))?.size;
        if size.is_some_and(|size| size > LONGEST) {
            return Err(Failure::value(format!("{} is too long to be what it should be", path.display())));
        }
        let lanes = Lanes::new((self.sftp.clone(), handle), []);
        let mut bytes = Vec::new();
        lanes.download((0, size), &mut bytes, |_| {}).await?;
        lanes.close().await.map_err(Failure::at(path))?;
        Ok(Some(bytes))
    }

    /// Writes an empty file over what is there: its time is the server's then.
    ///
    /// # Errors
    /// What the server says.
    pub async fn touch(&self, path: &Path) -> Result<()> {
        touch(&self.sftp, path).await.map_err(Failure::at(path))
    }

    /// Seconds since 1970 at which a path was changed, by the server's clock.
    ///
    /// # Errors
    /// What the server says.
    pub async fn changed(&self, path: &Path) -> Result<Option<u32>> {
        Ok(self.stat(path).await?.and_then(|found| found.times).map(|(_, modified)| modified))
    }

    /// Ends it in good order.
    pub async fn close(self) {
        self.connection.close().await;
    }
}

/// Writes an empty file over what is there.
///
/// # Errors
/// What the server says.
pub async fn touch(sftp: &Sftp, path: &Path) -> std::result::Result<(), Error> {
    let handle = sftp.open(path, Mode::Replace, &Attributes::default()).await?;
    // A file that stays empty keeps its time on some servers.
    sftp.write(&handle, 0, b"\n").await?;
    sftp.close(&handle).await
}
