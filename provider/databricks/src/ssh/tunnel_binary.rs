//! The program `tunnel` that is uploaded for the driver: where it is found, and its hash.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

use ssh_endpoint::{NoProgram, PROGRAM, choose, header, is_program, processor, program_name, sha256_hex};
use tfplugin::{Attr, Error, Result};

use crate::environment;

/// A program that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binary(PathBuf);

/// A file as it was when it was hashed: its path, size and time of change.
type Version = (PathBuf, u64, Option<SystemTime>);

/// The hashes that this process has computed: a plan asks several times.
static HASHES: LazyLock<Mutex<HashMap<Version, String>>> = LazyLock::new(Mutex::default);

/// Where the program may stand.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    /// The file that `TUNNEL_BINARY` names.
    pub(super) variable: Option<PathBuf>,
    /// The folder of the provider, then those of `PATH`.
    pub(super) folders: Vec<PathBuf>,
}

impl Places {
    /// Those of this process.
    pub(super) fn here() -> Self {
        let provider = std::env::current_exe().ok().and_then(|path| path.parent().map(Path::to_owned));
        Self {
            variable: environment::tunnel_binary(),
            folders: provider.into_iter().chain(environment::search_path()).collect(),
        }
    }

    /// The file that the configuration names, or the environment; `None` where neither does.
    pub(super) fn named(&self, configured: &Attr<String>) -> Result<Option<Binary>> {
        let Some(path) = configured.known().map(PathBuf::from).or_else(|| self.variable.clone()) else {
            return Ok(None);
        };
        if path.is_file() {
            return Ok(Some(Binary(path)));
        }
        Err(Error::new(format!("There is no file {}", path.display()))
            .detail(
                "tunnel_binary, or the environment variable TUNNEL_BINARY, names the program that is uploaded for the \
                 cluster.",
            )
            .at("tunnel_binary"))
    }

    /// The program for a driver of these processors; of a driver that is not known, for those of this machine.
    pub(super) fn choose(&self, driver: Option<&str>) -> Result<Binary> {
        let driver = driver.unwrap_or(std::env::consts::ARCH);
        choose(driver, &self.candidates(driver)).map(Binary).map_err(|none| missing(&none))
    }

    /// The programs that were built for certain processors come before what may be for any.
    fn candidates(&self, driver: &str) -> Vec<PathBuf> {
        let names = [program_name(driver), PROGRAM.to_owned()];
        names.iter().flat_map(|name| self.folders.iter().map(move |folder| folder.join(name))).collect()
    }
}

/// The error where no program fits.
fn missing(none: &NoProgram) -> Error {
    Error::new(none.to_string())
        .detail(format!(
            "{} {} builds one: put it beside the provider, or name it with tunnel_binary or the environment variable \
             TUNNEL_BINARY.",
            none.details(),
            none.command(),
        ))
        .at("tunnel_binary")
}

impl Binary {
    /// Refuses what no driver can run: the first bytes say so.
    pub(super) fn check(&self) -> Result<()> {
        if is_program(&self.header()?) {
            return Ok(());
        }
        Err(Error::new(format!("{self} is no program for Linux, which the drivers of clusters run"))
            .detail(
                "Set tunnel_binary, or the environment variable TUNNEL_BINARY, to a tunnel that was built for Linux and the cluster's \
                 processors: scripts/build_tunnel.sh builds one.",
            )
            .at("tunnel_binary"))
    }

    /// The processors that it is for; `None` where its header names others than drivers have.
    pub(super) fn processor(&self) -> Result<Option<&'static str>> {
        Ok(processor(&self.header()?))
    }

    /// Its first bytes.
    pub(super) fn header(&self) -> Result<Vec<u8>> {
        header(&self.0).map_err(|error| self.unreadable(&error))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn named(path: &Path) -> Result<Binary> {
        Ok(Places::default().named(&path.display().to_string().into())?.unwrap())
    }

    #[test]
    fn what_is_named_is_the_only_place() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        std::fs::write(&one, "").unwrap();
        let check = |configured: Option<&Path>, variable: Option<&Path>, expected: Result<Option<&Path>, &str>| {
            let places = Places { variable: variable.map(Path::to_owned), folders: vec![folder.path().to_owned()] };
            let configured: Attr<String> = configured.map(|path| path.display().to_string()).into();
            match (places.named(&configured), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected.map(|path| Binary(path.to_owned()))),
                (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
                (found, _) => panic!("{configured:?} {variable:?} {found:?}"),
            }
        };
        check(None, None, Ok(None));
        check(None, Some(&one), Ok(Some(&one)));
        check(Some(&one), Some(&other), Ok(Some(&one)));
        check(Some(&other), Some(&one), Err("There is no file"));
        check(None, Some(&other), Err("There is no file"));
    }

    #[test]
    fn the_program_for_the_driver_comes_before_a_plain_one_in_each_folder() {
        let places = Places { variable: None, folders: vec!["/a".into(), "/usr/bin".into()] };
        let expected = ["/a/tunnel-aarch64", "/usr/bin/tunnel-aarch64", "/a/tunnel", "/usr/bin/tunnel"];
        assert_eq!(places.candidates("aarch64"), expected.map(PathBuf::from));
        let error = places.choose(Some("aarch64")).unwrap_err();
        assert_eq!(error.diagnostic().path, Some("tunnel_binary".into()));
        let words = error.to_string();
        for part in ["Looked for tunnel-aarch64 and tunnel in /a, /usr/bin.", "scripts/build_tunnel.sh aarch64"] {
            assert!(words.contains(part), "{words}");
        }
    }

    #[test]
    fn what_no_driver_runs_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tunnel");
        let check = |bytes: &[u8], expected: bool| {
            std::fs::write(&path, bytes).unwrap();
            let checked = named(&path).unwrap().check();
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
        let binary = named(&path).unwrap();
        let hash = binary.sha256().unwrap();
        assert_eq!(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        std::fs::write(&path, "abcd").unwrap();
        assert_ne!(binary.sha256().unwrap(), hash);
    }
}
