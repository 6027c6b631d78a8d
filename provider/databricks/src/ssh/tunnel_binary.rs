//! The program `tunnel` that is uploaded for the driver: where it is found, and its hash.

use std::collections::HashMap;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

use ssh_endpoint::{is_program, sha256_hex};
use tfplugin::{Attr, Error, Result};

use crate::environment;

/// A program that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binary(PathBuf);

/// A file as it was when it was hashed: its path, size and time of change.
type Version = (PathBuf, u64, Option<SystemTime>);

/// The hashes that this process has computed: a plan asks several times.
static HASHES: LazyLock<Mutex<HashMap<Version, String>>> = LazyLock::new(Mutex::default);

impl Binary {
    /// The configured file, or the first of those that [`candidates`] names.
    pub(super) fn find(configured: &Attr<String>) -> Result<Self> {
        if let Some(path) = configured.known() {
            let path = PathBuf::from(path);
            if path.is_file() {
                return Ok(Self(path));
            }
            return Err(Error::new(format!("There is no file {}", path.display()))
                .detail("tunnel_binary names the program that is uploaded for the cluster.")
                .at("tunnel_binary"));
        }
        let candidates = candidates(
            environment::tunnel_binary(),
            std::env::current_exe().ok().as_deref(),
            &environment::search_path(),
        );
        candidates.iter().find(|path| path.is_file()).cloned().map(Self).ok_or_else(|| {
            let looked: Vec<String> = candidates.iter().map(|path| path.display().to_string()).collect();
            Error::new("The program tunnel was not found")
                .detail(format!(
                    "It is uploaded for the cluster. Set tunnel_binary, or the environment variable TUNNEL_BINARY, to its file. Looked for {}.",
                    looked.join(", ")
                ))
                .at("tunnel_binary")
        })
    }

    /// Refuses what no driver can run: the first bytes say so.
    pub(super) fn check(&self) -> Result<()> {
        let mut start = Vec::new();
        let read = std::fs::File::open(&self.0).and_then(|file| file.take(20).read_to_end(&mut start));
        read.map_err(|error| self.unreadable(&error))?;
        if is_program(&start) {
            return Ok(());
        }
        Err(Error::new(format!("{self} is no program for Linux, which the drivers of clusters run"))
            .detail(
                "Set tunnel_binary, or the environment variable TUNNEL_BINARY, to a tunnel that was built for Linux and the cluster's \
                 processors: scripts/build_tunnel.sh builds one.",
            )
            .at("tunnel_binary"))
    }

    /// The program's SHA-256, in hexadecimal digits.
    pub(super) fn sha256(&self) -> Result<String> {
        let version = self.version()?;
        let mut hashes = HASHES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hash) = hashes.get(&version) {
            return Ok(hash.clone());
        }
        let hash = sha256_hex(&self.bytes()?);
        hashes.insert(version, hash.clone());
        Ok(hash)
    }

    /// The program.
    pub(super) fn bytes(&self) -> Result<Vec<u8>> {
        std::fs::read(&self.0).map_err(|error| self.unreadable(&error))
    }

    fn version(&self) -> Result<Version> {
        let metadata = std::fs::metadata(&self.0).map_err(|error| self.unreadable(&error))?;
        Ok((self.0.clone(), metadata.len(), metadata.modified().ok()))
    }

    fn unreadable(&self, error: &std::io::Error) -> Error {
        Error::new(format!("Cannot read {}", self.0.display())).detail(error.to_string()).at("tunnel_binary")
    }
}

impl fmt::Display for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

/// Where the program may stand, the best place first.
pub(super) fn candidates(variable: Option<PathBuf>, provider: Option<&Path>, search_path: &[PathBuf]) -> Vec<PathBuf> {
    if let Some(path) = variable {
        return vec![path];
    }
    let beside = provider.and_then(Path::parent).map(|folder| folder.join("tunnel"));
    beside.into_iter().chain(search_path.iter().map(|folder| folder.join("tunnel"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_is_the_only_place_if_it_is_set() {
        let check = |variable: Option<&str>, provider: Option<&str>, expected: &[&str]| {
            let path = [PathBuf::from("/usr/bin")];
            let found = candidates(variable.map(PathBuf::from), provider.map(Path::new), &path);
            assert_eq!(found, expected.iter().map(PathBuf::from).collect::<Vec<_>>());
        };
        check(Some("/opt/tunnel"), Some("/a/provider"), &["/opt/tunnel"]);
        check(None, Some("/a/provider"), &["/a/tunnel", "/usr/bin/tunnel"]);
        check(None, None, &["/usr/bin/tunnel"]);
    }

    #[test]
    fn what_no_driver_runs_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tunnel");
        let check = |bytes: &[u8], expected: bool| {
            std::fs::write(&path, bytes).unwrap();
            let checked = Binary::find(&path.display().to_string().into()).unwrap().check();
            assert_eq!(checked.is_ok(), expected, "{bytes:?}");
            if let Err(error) = checked {
                assert_eq!(error.diagnostic().path, Some("tunnel_binary".into()));
            }
        };
        check(&std::fs::read(std::env::current_exe().unwrap()).unwrap(), true);
        // A program of macOS (Mach-O), of Windows, and none at all.
        check(&[0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1], false);
        check(b"MZ\x90", false);
        check(b"", false);
    }

    #[test]
    fn the_hash_follows_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tunnel");
        std::fs::write(&path, "abc").unwrap();
        let binary = Binary::find(&path.display().to_string().into()).unwrap();
        let hash = binary.sha256().unwrap();
        assert_eq!(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        std::fs::write(&path, "abcd").unwrap();
        assert_ne!(binary.sha256().unwrap(), hash);
        std::fs::remove_file(&path).unwrap();
        assert!(Binary::find(&path.display().to_string().into()).unwrap_err().to_string().contains("There is no file"));
    }
}
