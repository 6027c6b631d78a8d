//! A server that has been reached, and what is asked of it before anything is done.

use std::path::{Path, PathBuf};

use sftp::client::{Error as SftpError, Sftp};
use sftp::file::Failed;
use sftp::ssh::Connection;
use sftp::tree::{There, is_pattern, matching};
use sftp::wire::attributes::Attributes;

use super::place::{Address, Place, asked};
use super::reach::{LoadArgs, ReachArgs, code};
use crate::error::{Error, Result, exit};

/// A server that somebody is logged in to.
pub(super) struct Reached {
    connection: Connection,
    /// Its channels.
    pub(super) channels: Vec<Sftp>,
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

    /// The tree below a path.
    pub(super) fn tree(&self, root: &Path) -> Result<There> {
        There::new(self.channels.clone(), asked(root)).ok_or_else(|| Error::new("there is no channel"))
    }

    /// What a path means: itself where it is there, else what it matches as a pattern.
    pub(super) async fn meant(&self, path: &Path) -> Result<Vec<(PathBuf, Attributes)>> {
        match self.sftp.stat(asked(path)).await {
            Ok(like) => return Ok(vec![(asked(path).to_owned(), like)]),
            Err(error) if !is_pattern(path) => return Err(refused(asked(path), &error)),
            Err(_) => {}
        }
        let found = matching(&self.tree(Path::new(""))?, path).await;
        let found = found.map_err(|error| Error::new(error.to_string()))?.map_err(|failed| failure(&failed))?;
        if found.is_empty() {
            let what = format!("nothing on the server is meant by {}", path.display());
            return Err(Error::new(what).exits_with(exit::NOT_THERE));
        }
        // What a link points to counts, as for a path that is said in full.
        let mut meant = Vec::new();
        for (path, like) in found {
            let like = if like.is_link() { self.sftp.stat(&path).await.unwrap_or(like) } else { like };
            meant.push((path, like));
        }
        Ok(meant)
    }

    /// Ends the connection in good order.
    pub(super) async fn close(self) {
        drop((self.channels, self.sftp));
        self.connection.close().await;
    }
}

/// The one server of these places, each of which is on it.
pub(super) fn one_server(places: Vec<Place>) -> Result<(Address, Vec<PathBuf>)> {
    let mut server: Option<Address> = None;
    let mut paths = Vec::new();
    for place in places {
        match place {
            Place::There(address, path) if server.as_ref().is_none_or(|server| *server == address) => {
                server = Some(address);
                paths.push(path);
            }
            Place::There(..) => {
                return Err(Error::new("the places are on several servers").way_out("Name those of one at a time."));
            }
            Place::Here(path) | Place::Volume(path) => {
                let what = format!("{} is no path of a server, and one is needed", path.display());
                return Err(Error::new(what).way_out("sftp://user@host/path, or ENDPOINT:path"));
            }
        }
    }
    let server = server.ok_or_else(|| Error::new("no server is named"))?;
    Ok((server, paths))
}

/// What a server says about a path.
pub(super) fn refused(path: &Path, error: &SftpError) -> Error {
    Error::new(format!("{}: {error}", path.display())).exits_with(code(error))
}

/// Why a file was not carried.
pub(super) fn failure(failed: &Failed) -> Error {
    let code = match failed {
        Failed::There { error, .. } => code(error),
        Failed::Here { error, .. } => match error.kind() {
            std::io::ErrorKind::NotFound => exit::NOT_THERE,
            std::io::ErrorKind::PermissionDenied => exit::DENIED,
            _ => exit::FAILED,
        },
        _ => exit::FAILED,
    };
    Error::new(failed.to_string()).exits_with(code)
}
