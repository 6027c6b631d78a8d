//! The person's own `~/.ssh/config`: read, and given one line at its top.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::{Context, Error, Result};
use crate::{environment, keys, ssh_config};

/// The file as it is.
pub struct SshConfigFile {
    /// The file itself, where `~/.ssh/config` is a link to it.
    path: PathBuf,
    /// What stands in it, in whatever encoding.
    bytes: Vec<u8>,
}

impl SshConfigFile {
    /// Reads it; where there is none it counts as empty.
    ///
    /// # Errors
    /// When there is no home, or the file cannot be read.
    pub fn open() -> Result<Self> {
        let home = environment::user_home().ok_or_else(|| Error::new("there is no home directory"))?;
        let folder = home.join(".ssh");
        let link = folder.join("config");
        let path = fs::canonicalize(&link).unwrap_or(link);
        match fs::read(&path) {
            Ok(bytes) => Ok(Self { path, bytes }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self { path, bytes: Vec::new() }),
            Err(error) => Err(Error::new(format!("cannot read {}", path.display())).caused_by(error)),
        }
    }

    /// What stands in it.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether ssh reads it without being told to: ssh asks the system for the home, and not the environment.
    pub fn is_read_by_ssh(&self) -> bool {
        let user = nix::unistd::User::from_uid(nix::unistd::Uid::current()).ok().flatten();
        let config = user.map(|user| user.dir.join(".ssh").join("config"));
        config.is_none_or(|config| fs::canonicalize(&config).unwrap_or(config) == self.path)
    }

    /// That it has no Host of this name.
    ///
    /// # Errors
    /// When it has.
    pub fn must_not_have(&self, name: &str) -> Result<()> {
        if ssh_config::has_host(&self.text(), name) {
            return Err(Error::new(format!("{} has a Host {name} of its own", self.path.display()))
                .way_out("Choose another name: tunnel setup NAME"));
        }
        Ok(())
    }

    /// Makes ssh read the Hosts of a folder, before everything else.
    ///
    /// # Errors
    /// When the file cannot be written: then with the line that is to be added by hand.
    pub fn include(&self, folder: &Path) -> Result<()> {
        let line = ssh_config::include(folder);
        let Some(top) = ssh_config::top(&String::from_utf8_lossy(&self.bytes), &line) else { return Ok(()) };
        let mode = fs::metadata(&self.path).map_or(0o600, |metadata| metadata.permissions().mode() & 0o777);
        let write = || -> Result<()> {
            if let Some(folder) = self.path.parent() {
                let mut builder = fs::DirBuilder::new();
                builder
                    .recursive(true)
                    .mode(0o700)
                    .create(folder)
                    .context(|| "its folder cannot be made".to_owned())?;
            }
            // A file that its owner protected is not replaced either.
            if self.path.exists() {
                fs::OpenOptions::new().append(true).open(&self.path).context(|| "it cannot be written".to_owned())?;
            }
            keys::write_atomically(&self.path, &[top.as_bytes(), &self.bytes].concat(), mode)
        };
        write().map_err(|error| {
            Error::new(format!("{} could not be changed", self.path.display())).caused_by(error).way_out(format!(
                "Add this line to it yourself, before any Host and Match, and run tunnel setup again:\n\n  {line}\n"
            ))
        })
    }
}
