//! With which key this machine logs in.

use std::path::PathBuf;

use crate::error::Result;
use crate::home::{comment, home};
use crate::keys::{self, ClientKey};

/// With which key to log in.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// A private key, or the public half of one that an agent or a security key holds; without one, the key that the tunnel makes.
    pub file: Option<PathBuf>,
}

impl Identity {
    /// The key.
    ///
    /// # Errors
    /// When its file is none, or this machine's own can be neither read nor made.
    pub fn key(&self) -> Result<ClientKey> {
        match &self.file {
            Some(file) => keys::given(file),
            None => keys::ensure(&home()?, &comment()),
        }
    }

    /// The key, where there is one: none is made.
    ///
    /// # Errors
    /// When its file is none, or there is no home.
    pub fn existing(&self) -> Result<Option<ClientKey>> {
        match &self.file {
            Some(file) => keys::given(file).map(Some),
            None => Ok(keys::read(&home()?)),
        }
    }
}
