//! The ends of a copy: what has files, once it has been reached, and what is asked of it before anything is done.

use std::path::{Path, PathBuf};

use databricks::Client;
use sftp::client::{Error as SftpError, Sftp, Status};
use sftp::file::Failed;
use sftp::ssh::Connection;
use sftp::tree::{Here, There, is_pattern, matching};
use sftp::wire::attributes::Attributes;
use tokio_util::sync::CancellationToken;

use super::place::{Address, At, Place, asked};
use super::reach::{LoadArgs, ReachArgs, code};
use super::tree::Tree;
use super::volume::Volume;
use crate::error::{Error, Result, exit};

/// What has files.
pub(super) enum End {
    /// This machine.
    Here,
    /// A server that somebody is logged in to.
    There(Box<Reached>),
    /// The volumes of a workspace, of which nothing more is asked once that is cancelled.
    Volumes(Client, CancellationToken),
}

/// A server that somebody is logged in to.
pub(super) struct Reached {
    connection: Connection,
    /// Its channels.
    channels: Vec<Sftp>,
    /// The first of them.
    pub(super) sftp: Sftp,
}

impl Reached {
    /// Reaches it.
    pub(super) async fn new(reach: &ReachArgs, address: &Address, load: &LoadArgs) -> Result<Self> {
        let connection = reach.connection(address).await?;
        let channels = load.channels(&connection).await?;
        let sftp = channels.first().cloned().ok_or_else(|| Error::new(format!("{address} offers no channel")))?;
        Ok(Self { connection, channels, sftp })
    }

    /// Ends the connection in good order.
    pub(super) async fn close(self) {
        drop((self.channels, self.sftp));
        self.connection.close().await;
    }
}

impl End {
    /// Reaches it. A workspace is reached when it is asked something.
    pub(super) async fn reach(reach: &ReachArgs, at: &At, load: &LoadArgs) -> Result<Self> {
        Ok(match at {
            At::Here => Self::Here,
            At::There(address) => Self::There(Box::new(Reached::new(reach, address, load).await?)),
            At::Volumes => Self::Volumes(reach.endpoint.workspace.client()?, CancellationToken::new()),
        })
    }

    /// The same end, of which nothing more is asked once `stop` is cancelled.
    pub(super) fn until(self, stop: &CancellationToken) -> Self {
        match self {
            Self::Here => Self::Here,
            Self::There(mut reached) => {
                let channels = std::mem::take(&mut reached.channels).into_iter();
                reached.channels = channels.map(|channel| channel.until(stop.clone())).collect();
                Self::There(reached)
            }
            Self::Volumes(client, _) => Self::Volumes(client, stop.clone()),
        }
    }

    /// The tree below a path.
    pub(super) fn tree(&self, root: &Path) -> Result<Tree> {
        Ok(match self {
            Self::Here => Tree::Here(Here::new(root)),
            Self::There(reached) => {
                let tree = There::new(reached.channels.clone(), asked(root));
                Tree::There(tree.ok_or_else(|| Error::new("there is no channel"))?)
            }
            Self::Volumes(client, stop) => {
                Tree::Volume(Volume { client: client.clone(), root: root.to_owned(), stop: stop.clone() })
            }
        })
    }

    /// What a path is like; `None` where nothing is there. A link is followed, or is one.
    pub(super) async fn like(&self, path: &Path, follow: bool) -> Result<Option<Attributes>> {
        self.tree(path)?.like(follow).await.map_err(|failed| failure(&failed))
    }

    /// What a path means: itself where it is there, else what it matches as a pattern. Links are followed, or are what they are.
    pub(super) async fn meant(&self, path: &Path, follow: bool) -> Result<Vec<(PathBuf, Attributes)>> {
        // Patterns of this machine are its shell's.
        let is_pattern = is_pattern(path) && !matches!(self, Self::Here);
        match self.like(path, follow).await {
            Ok(Some(like)) => return Ok(vec![(asked(path).to_owned(), like)]),
            Ok(None) if !is_pattern => return Err(not_there(asked(path))),
            Err(error) if !is_pattern => return Err(error),
            Ok(None) | Err(_) => {}
        }
        let found = matching(&self.tree(Path::new(""))?, path).await;
        let found = found.map_err(|error| Error::new(error.to_string()))?.map_err(|failed| failure(&failed))?;
        if found.is_empty() {
            let place = if self.has_modes() { "on the server" } else { "in the volume" };
            let what = format!("nothing {place} is meant by {}", path.display());
            return Err(Error::new(what).exits_with(exit::NOT_THERE));
        }
        // What a link points to counts, as for a path that is said in full.
        let mut meant = Vec::new();
        for (path, like) in found {
            let target = if follow && like.is_link() { self.like(&path, true).await.ok().flatten() } else { None };
            meant.push((path, target.unwrap_or(like)));
        }
        Ok(meant)
    }

    /// Whether files have modes there, and owners.
    pub(super) fn has_modes(&self) -> bool {
        !matches!(self, Self::Volumes(..))
    }

    /// Ends it in good order.
    pub(super) async fn close(self) {
        if let Self::There(reached) = self {
            reached.close().await;
        }
    }
}

/// The one end of these places.
pub(super) fn one_end(places: Vec<Place>) -> Result<(At, Vec<PathBuf>)> {
    let mut end: Option<At> = None;
    let mut paths = Vec::new();
    for Place { at, path } in places {
        match &end {
            None => end = Some(at),
            Some(end) if *end == at => {}
            Some(At::There(_)) if matches!(at, At::There(_)) => {
                return Err(Error::new("the places are on several servers").way_out("Name those of one at a time."));
            }
            Some(_) => {
                let what = "the places are partly on this machine, on a server or in a volume";
                return Err(Error::new(what).way_out("Name those of one at a time."));
            }
        }
        paths.push(path);
    }
    let end = end.ok_or_else(|| Error::new("no place is named"))?;
    Ok((end, paths))
}

/// The one end of these places, which is none of this machine.
pub(super) fn one_far_end(places: Vec<Place>) -> Result<(At, Vec<PathBuf>)> {
    let (at, paths) = one_end(places)?;
    if at == At::Here {
        let path = paths.first().map(|path| path.display().to_string()).unwrap_or_default();
        let what = format!("{path} is no path of a server or of a volume, and one is needed");
        return Err(
            Error::new(what).way_out("sftp://user@host/path, ENDPOINT:path, or /Volumes/CATALOG/SCHEMA/VOLUME/path")
        );
    }
    Ok((at, paths))
}

/// What is not there.
pub(super) fn not_there(path: &Path) -> Error {
    Error::new(format!("{}: {}", path.display(), Status::NoSuchFile)).exits_with(exit::NOT_THERE)
}

/// What a server says about a path.
pub(super) fn refused(path: &Path, error: &SftpError) -> Error {
    Error::new(format!("{}: {error}", path.display())).exits_with(code(error))
}

/// Why something was not done with a file or a folder.
pub(super) fn failure(failed: &Failed) -> Error {
    let code = match failed {
        Failed::There { error, .. } => code(error),
        Failed::Here { error, .. } => match error.kind() {
            std::io::ErrorKind::NotFound => exit::NOT_THERE,
            std::io::ErrorKind::PermissionDenied => exit::DENIED,
            _ => exit::FAILED,
        },
        Failed::Stopped { .. } => exit::INTERRUPTED,
        _ => exit::FAILED,
    };
    Error::new(failed.to_string()).exits_with(code)
}
