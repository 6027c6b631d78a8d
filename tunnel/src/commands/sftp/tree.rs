//! A tree of files, wherever it is, and how a file comes from one into another: the verbs are the same for all of them.

use std::io;
use std::path::Path;
use std::sync::Mutex;

use sftp::client::{Entry, Status};
use sftp::file::{self, Carried, Failed, Incoming, Options};
use sftp::tree::{Copy, Down, Here, Side, There, Up};
use sftp::wire::attributes::Attributes;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::meter::Meter;
use super::volume::{self, Volume};

/// A tree of files.
pub(super) enum Tree {
    /// Of this machine.
    Here(Here),
    /// Of a server.
    There(There),
    /// Of a volume.
    Volume(Volume),
}

macro_rules! whichever {
    ($tree:expr, $is:ident => $done:expr) => {
        match $tree {
            Tree::Here($is) => $done,
            Tree::There($is) => $done,
            Tree::Volume($is) => $done,
        }
    };
}

impl Side for Tree {
    async fn list(&self, folder: &Path) -> Result<Option<Vec<Entry>>, Failed> {
        whichever!(self, tree => tree.list(folder).await)
    }

    async fn make_folder(&self, folder: &Path) -> Result<(), Failed> {
        whichever!(self, tree => tree.make_folder(folder).await)
    }

    async fn settle_folder(&self, folder: &Path, like: &Attributes) -> Result<(), Failed> {
        whichever!(self, tree => tree.settle_folder(folder, like).await)
    }

    async fn remove(&self, file: &Path) -> Result<(), Failed> {
        whichever!(self, tree => tree.remove(file).await)
    }

    async fn remove_folder(&self, folder: &Path) -> Result<(), Failed> {
        whichever!(self, tree => tree.remove_folder(folder).await)
    }

    fn at_a_time(&self) -> usize {
        whichever!(self, tree => tree.at_a_time())
    }
}

impl Tree {
    /// What its root is like; `None` where nothing is there. A link is followed, or is one.
    pub(super) async fn like(&self, follow: bool) -> Result<Option<Attributes>, Failed> {
        let root = Path::new("");
        match self {
            Self::Here(here) => here.like(follow).await,
            Self::There(there) => {
                let (sftp, path) = (there.channel(), there.path(root));
                let like = if follow { sftp.stat(&path).await } else { sftp.lstat(&path).await };
                match like {
                    Ok(like) => Ok(Some(like)),
                    Err(error) if error.is(Status::NoSuchFile) => Ok(None),
                    Err(error) => Err(Failed::there(&path)(error)),
                }
            }
            Self::Volume(volume) => volume.like(root).await,
        }
    }

    /// Writes the file that is its root, which is like this. `place` says in errors where to.
    pub(super) async fn pour(
        &self,
        like: &Attributes,
        into: &mut (impl AsyncWrite + Unpin),
        place: &Path,
        meter: &Meter,
    ) -> Result<u64, Failed> {
        let root = Path::new("");
        match self {
            Self::Here(here) => Err(not_carried(&here.path(root))),
            Self::There(there) => {
                let path = there.path(root);
                let lanes = file::reader(there.channels(), &path).await?;
                let end = lanes.download((0, like.size), into, |more| meter.carried(more)).await;
                let end = end.map_err(|failure| Failed::of(&path, place, failure))?;
                // A stream hands its bytes to a thread of its own, which nobody waits for at the end of the program.
                into.flush().await.map_err(Failed::here(place))?;
                lanes.close().await.map_err(Failed::there(&path))?;
                Ok(end)
            }
            Self::Volume(volume) => {
                let incoming: Incoming<_> = volume.incoming(root, like.size).await?;
                incoming.pour(into, place, |more| meter.carried(more)).await
            }
        }
    }
}

/// How files come from one tree into another.
pub(super) struct Carry<'a> {
    pub(super) from: &'a Tree,
    pub(super) to: &'a Tree,
    pub(super) options: Options,
    pub(super) meter: &'a Meter,
}

impl Copy for Carry<'_> {
    async fn copy(&self, file: &Path, entry: &Entry) -> Result<Carried, Failed> {
        let Self { from, to, options, meter } = *self;
        let told = |more| meter.carried(more);
        match (from, to) {
            (Tree::Here(here), Tree::There(there)) => {
                Up { here, there, options, carried: Mutex::new(told) }.copy(file, entry).await
            }
            (Tree::There(there), Tree::Here(here)) => {
                Down { there, here, options, carried: Mutex::new(told) }.copy(file, entry).await
            }
            (Tree::Here(here), Tree::Volume(volume)) => volume::from_here(here, volume, file, told).await,
            (Tree::There(there), Tree::Volume(volume)) => volume::from_server(there, volume, file, told).await,
            (Tree::Volume(volume), Tree::Here(here)) => {
                volume::to_here(volume, here, (file, entry), options, told).await
            }
            (Tree::Volume(volume), Tree::There(there)) => {
                volume::to_server(volume, there, (file, entry), options, told).await
            }
            (Tree::Volume(from), Tree::Volume(to)) => volume::across(from, to, (file, entry), told).await,
            (Tree::Here(here), Tree::Here(_)) => Err(not_carried(&here.path(file))),
            (Tree::There(from), Tree::There(_)) => Err(not_carried(&from.path(file))),
        }
    }
}

/// What is refused before anything is asked, should it come to it.
fn not_carried(place: &Path) -> Failed {
    let error = io::Error::new(io::ErrorKind::Unsupported, "both places are on one side");
    Failed::Here { place: place.to_owned(), error }
}
