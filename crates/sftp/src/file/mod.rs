//! Whole files, put and got: nobody ever sees half of one under its name, and what was cut off goes on where it ended.
//!
//! A file is written beside its place, under a name of its own that begins with a dot and ends in [`PART`], and is renamed when all
//! of it is there.

mod get;
mod incoming;
mod put;
mod same;
mod small;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use futures_util::future::{join, join_all};

use crate::client::{Error, Handle, Mode, Sftp};
use crate::transfer::{self, Lanes};
use crate::wire::attributes::Attributes;

pub use self::get::get;
pub use self::incoming::Incoming;
pub use self::put::{Source, put};
pub use self::small::{get_small, put_small};

/// How the name of an unfinished file ends.
pub const PART: &str = ".part";
/// The longest name of a file that is taken everywhere.
const NAME_MAX: usize = 255;

/// How a file is carried.
#[derive(Debug, Clone, Copy, Default)]
#[allow(clippy::struct_excessive_bools)]
pub struct Options {
    /// To go on with what an earlier try left, where both ends are what they were.
    pub resume: bool,
    /// To keep times and modes.
    pub preserve: bool,
    /// To read back what was written, and compare it.
    pub checksum: bool,
    /// Not to wait until the bytes are on a disk: for many small files, which a machine that fails costs a second copy and not the
    /// only one.
    pub unsynced: bool,
}

impl Options {
    /// Whether a part stays after this: it can be gone on with only where it is looked for, and where its source is still what it was.
    fn keeps_part(self, failed: &Failed) -> bool {
        match failed {
            Failed::Unnamed { .. } => true,
            Failed::Changed { .. } | Failed::Differs { .. } => false,
            _ => self.resume,
        }
    }
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried {
    /// Its size.
    pub bytes: u64,
    /// How much of it was there from an earlier try.
    pub resumed: u64,
    /// Whether its name was free for a moment: a server that cannot rename over a file had it removed first.
    pub was_absent: bool,
}

/// Why a file was not carried. Nothing has changed under its name.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The server refused something, or is away.
    #[error("{}: {error}", place.display())]
    There {
        /// The path there.
        place: PathBuf,
        /// What it said.
        error: Error,
    },
    /// This machine refused something.
    #[error("{}: {error}", place.display())]
    Here {
        /// The path here.
        place: PathBuf,
        /// What it said.
        error: io::Error,
    },
    /// It changed while it was read.
    #[error("{} changed while it was read: {what}", place.display())]
    Changed {
        /// The path of what was read.
        place: PathBuf,
        /// How.
        what: String,
    },
    /// What was read back is not what was sent.
    #[error("{} has other bytes than were sent", place.display())]
    Differs {
        /// The path of what was written.
        place: PathBuf,
    },
    /// All of it is there, and not under its name: the server cannot rename over a file, and did not rename when the old one was
    /// removed either.
    #[error("{} was removed for the new file, which is whole and still called {}: {error}", place.display(), part.display())]
    Unnamed {
        /// The path that it should have.
        place: PathBuf,
        /// The path that it has.
        part: PathBuf,
        /// What the server said.
        error: Error,
    },
    /// All was to stop.
    #[error("{}: stopped{}", place.display(), stays(kept.as_deref()))]
    Stopped {
        /// The path of what was written.
        place: PathBuf,
        /// Where the beginning of it is that can be gone on with.
        kept: Option<PathBuf>,
    },
}

fn stays(kept: Option<&Path>) -> String {
    kept.map(|part| format!("; what has arrived stays for --resume: {}", part.display())).unwrap_or_default()
}

impl Failed {
    /// Whether nothing else will succeed: the connection is lost, or all is to stop.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::There { error: Error::Lost(_) | Error::Protocol(_), .. } | Self::Stopped { .. })
    }

    /// What the server said of a path.
    pub fn there(place: &Path) -> impl Fn(Error) -> Self + '_ {
        |error| match error {
            Error::Stopped => Self::stopped(place),
            error => Self::There { place: place.to_owned(), error },
        }
    }

    /// What this machine said of a path. An interruption is one of all that is done.
    pub fn here(place: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |error| match error.kind() {
            io::ErrorKind::Interrupted => Self::stopped(place),
            _ => Self::Here { place: place.to_owned(), error },
        }
    }

    /// All was to stop, and nothing is left of this.
    pub fn stopped(place: &Path) -> Self {
        Self::Stopped { place: place.to_owned(), kept: None }
    }

    /// The same failure where the part stays.
    fn keeping(self, part: &Path) -> Self {
        match self {
            Self::Stopped { place, .. } => Self::Stopped { place, kept: Some(part.to_owned()) },
            other => other,
        }
    }

    /// What a transfer came to, between these two.
    pub fn of(there: &Path, here: &Path, failure: transfer::Failure) -> Self {
        match failure {
            transfer::Failure::There(error) => Self::there(there)(error),
            transfer::Failure::Here(error) => Self::here(here)(error),
            transfer::Failure::Shorter(size) => {
                Self::Changed { place: there.to_owned(), what: format!("it ends at {size}") }
            }
        }
    }
}

/// The name of an unfinished file: of the same place, and of the same beginning for whoever looks for it. `mark` tells it from
/// those of others.
pub fn part(path: &Path, mark: &str) -> PathBuf {
    let name = path.file_name().unwrap_or(OsStr::new("file")).as_bytes();
    let room = NAME_MAX.saturating_sub(mark.len() + PART.len() + 2);
    let name = name.get(..room).unwrap_or(name);
    path.with_file_name(OsString::from_vec([b".", name, b".", mark.as_bytes(), PART.as_bytes()].concat()))
}

/// Letters that no other try has.
fn random() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

/// A mark that another try on the same two ends finds again.
fn mark_of(size: u64, seconds: u64) -> String {
    format!("{size:x}-{seconds:x}")
}

/// A file that is open to be read, on as many of the channels as open it.
///
/// # Errors
/// What the server says.
pub async fn reader(channels: &[Sftp], path: &Path) -> Result<Lanes, Failed> {
    let (first, others) = split(channels, path)?;
    let like = Attributes::default();
    let (handle, others) = join(first.open(path, Mode::Read, &like), opened(others, path, Mode::Read)).await;
    match handle {
        Ok(handle) => Ok(Lanes::new((first.clone(), handle), others)),
        Err(error) => {
            join_all(others.iter().map(|(sftp, handle)| sftp.close(handle))).await;
            Err(Failed::there(path)(error))
        }
    }
}

/// The first channel, and the others.
fn split<'a>(channels: &'a [Sftp], path: &Path) -> Result<(&'a Sftp, &'a [Sftp]), Failed> {
    channels.split_first().ok_or_else(|| Failed::there(path)(Error::Lost("there is no channel".to_owned())))
}

/// A file on those of the channels that open it: some servers do so once.
async fn opened(channels: &[Sftp], path: &Path, mode: Mode) -> Vec<(Sftp, Handle)> {
    let like = Attributes::default();
    let opening = channels.iter().map(|sftp| async { Some((sftp.clone(), sftp.open(path, mode, &like).await.ok()?)) });
    join_all(opening).await.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_hidden_beside_their_file_and_never_too_long() {
        assert_eq!(part(Path::new("/a/b.csv"), "1-2"), Path::new("/a/.b.csv.1-2.part"));
        let long = OsString::from_vec(vec![0xe9; 255]);
        let name = part(&Path::new("/a").join(&long), &mark_of(u64::MAX, u64::MAX));
        assert!(name.file_name().unwrap().len() <= NAME_MAX);
        assert_ne!(part(Path::new("a"), "1"), part(Path::new("a"), "2"));
    }
}
