//! A file of one tree to its place in another.

use std::future::Future;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::{Here, There};
use crate::client::Entry;
use crate::file::{self, Carried, Failed, Options, Source, get_small, put_small};

/// How a file comes from one tree into another.
pub trait Copy {
    /// Carries the file of this path, which is an entry of the first tree.
    ///
    /// # Errors
    /// [`Failed`]: in the other tree is what was there before.
    fn copy(&self, file: &Path, entry: &Entry) -> impl Future<Output = Result<Carried, Failed>>;
}

/// From this machine to a server.
pub struct Up<'a, F> {
    /// The tree here.
    pub here: &'a Here,
    /// The tree there.
    pub there: &'a There,
    /// How.
    pub options: Options,
    /// Is told each number of bytes that has arrived.
    pub carried: Mutex<F>,
}

/// From a server to this machine.
pub struct Down<'a, F> {
    /// The tree there.
    pub there: &'a There,
    /// The tree here.
    pub here: &'a Here,
    /// How.
    pub options: Options,
    /// Is told each number of bytes that has arrived.
    pub carried: Mutex<F>,
}

/// Whether a file of this size goes in one packet, with nothing to look for or to read back.
fn is_small(options: Options, size: Option<u64>, most: u32) -> bool {
    !options.resume && !options.checksum && size.is_some_and(|size| size <= most.into())
}

fn tell(carried: &Mutex<impl FnMut(u64)>, more: u64) {
    (carried.lock().unwrap_or_else(PoisonError::into_inner))(more);
}

impl<F: FnMut(u64) + Send> Copy for Up<'_, F> {
    async fn copy(&self, file: &Path, entry: &Entry) -> Result<Carried, Failed> {
        let (here, there) = (self.here.path(file), self.there.path(file));
        let sftp = self.there.channel();
        if is_small(self.options, entry.attributes.size, sftp.features().limits.write)
            && let Some(carried) = put_small(sftp, &here, &there, self.options).await?
        {
            tell(&self.carried, carried.bytes);
            return Ok(carried);
        }
        let told = |more: u64| tell(&self.carried, more);
        file::put(self.there.channels(), Source::File(&here), &there, self.options, told).await
    }
}

impl<F: FnMut(u64) + Send> Copy for Down<'_, F> {
    async fn copy(&self, file: &Path, entry: &Entry) -> Result<Carried, Failed> {
        let (here, there) = (self.here.path(file), self.there.path(file));
        let sftp = self.there.channel();
        let size = entry.attributes.size;
        if is_small(self.options, size, sftp.features().limits.read)
            && let Some(carried) = get_small(sftp, (&there, size.unwrap_or_default()), &here, self.options).await?
        {
            tell(&self.carried, carried.bytes);
            return Ok(carried);
        }
        let told = |more: u64| tell(&self.carried, more);
        file::get(self.there.channels(), &there, &here, self.options, told).await
    }
}
