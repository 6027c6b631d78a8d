//! Trees of files: what a pattern means, what two trees differ in, and what makes them the same.
//!
//! Folders are looked into many at a time, and files carried many at a time. Nobody holds a whole tree: memory has the folders that
//! are still to be seen, the entries of those that are being seen, and as many files as wait for their turn.

mod copy;
mod glob;
mod sides;
mod sync;

use std::future::Future;
use std::path::Path;

pub use self::copy::{Copy, Down, Up};
pub use self::glob::{BadPattern, is_pattern, matching};
pub use self::sides::{Here, There};
pub use self::sync::{Done, Options, Step, remove_all, sync};
use crate::client::Entry;
use crate::file::Failed;
use crate::wire::attributes::Attributes;

/// A tree, on this machine, on a server, or wherever else. Paths are those below its root.
///
/// # Errors
/// Each call fails as [`Failed`] says.
#[allow(clippy::missing_errors_doc)]
pub trait Side {
    /// What is in a folder, links as links; `None` when there is no such folder.
    fn list(&self, folder: &Path) -> impl Future<Output = Result<Option<Vec<Entry>>, Failed>>;
    /// Makes a folder, whose own folder is there.
    fn make_folder(&self, folder: &Path) -> impl Future<Output = Result<(), Failed>>;
    /// Has a folder be like this.
    fn settle_folder(&self, folder: &Path, like: &Attributes) -> impl Future<Output = Result<(), Failed>>;
    /// Removes a file, or a link.
    fn remove(&self, file: &Path) -> impl Future<Output = Result<(), Failed>>;
    /// Removes an empty folder.
    fn remove_folder(&self, folder: &Path) -> impl Future<Output = Result<(), Failed>>;
    /// How many files may be on the way there, or from there, at a time.
    fn at_a_time(&self) -> usize {
        128
    }
}
