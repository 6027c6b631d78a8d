//! What a client has open.

use std::collections::HashMap;
use std::fs::File;
use std::io;

use bytes::Bytes;

use super::answer::Failure;
use super::listing::Listing;

/// Files and folders that may be open at a time.
pub(super) const MOST: usize = 1000;

#[derive(Debug)]
pub(super) enum Open {
    File(File),
    Folder(Listing),
}

#[derive(Debug, Default)]
pub(super) struct Handles {
    open: HashMap<Bytes, Open>,
    next: u32,
}

impl Handles {
    /// Keeps what was opened, and answers its name.
    pub(super) fn insert(&mut self, open: Open) -> Result<Bytes, Failure> {
        if self.open.len() >= MOST {
            return Err(Failure::System(io::Error::from(nix::errno::Errno::EMFILE)));
        }
        self.next = self.next.wrapping_add(1);
        let name = Bytes::copy_from_slice(&self.next.to_be_bytes());
        self.open.insert(name.clone(), open);
        Ok(name)
    }

    pub(super) fn file(&self, name: &Bytes) -> Result<&File, Failure> {
        match self.open.get(name) {
            Some(Open::File(file)) => Ok(file),
            _ => Err(nix::errno::Errno::EBADF.into()),
        }
    }

    pub(super) fn folder(&mut self, name: &Bytes) -> Result<&mut Listing, Failure> {
        match self.open.get_mut(name) {
            Some(Open::Folder(folder)) => Ok(folder),
            _ => Err(nix::errno::Errno::EBADF.into()),
        }
    }

    pub(super) fn close(&mut self, name: &Bytes) -> Result<(), Failure> {
        self.open.remove(name).map(drop).ok_or_else(|| nix::errno::Errno::EBADF.into())
    }
}
