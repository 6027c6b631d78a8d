//! Which file is the program for a driver: `tunnel-x86_64` or `tunnel-aarch64`, as `scripts/build_tunnel.sh` makes them and a release
//! has them, or a `tunnel` that is for Linux and the driver's processors. On a Mac that one is the client, and is passed over.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::program::{header, is_program, processor};

/// Name of the program that people run, which is for one kind of machine.
pub const PROGRAM: &str = "tunnel";

/// Name of the program for drivers with these processors.
pub fn program_name(processor: &str) -> String {
    format!("{PROGRAM}-{processor}")
}

/// The first of `candidates` that is a program for Linux and these processors: the header of each says so, whatever its name is.
///
/// # Errors
/// [`NoProgram`] where none is.
pub fn choose(wanted: &str, candidates: &[PathBuf]) -> Result<PathBuf, NoProgram> {
    let mut unfit = Vec::new();
    for path in candidates.iter().filter(|path| path.is_file()) {
        match header(path) {
            Ok(header) if processor(&header) == Some(wanted) => return Ok(path.clone()),
            Ok(header) if !is_program(&header) => unfit.push(format!("{} is no program for Linux", path.display())),
            Ok(header) => {
                let other = processor(&header).unwrap_or("other processors");
                unfit.push(format!("{} is for {other}", path.display()));
            }
            Err(error) => unfit.push(format!("{} cannot be read: {error}", path.display())),
        }
    }
    Err(NoProgram { wanted: wanted.to_owned(), looked_for: candidates.to_vec(), unfit })
}

/// No program for the driver is where one is looked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no {PROGRAM} for {wanted}, which the driver is")]
pub struct NoProgram {
    /// The driver's processors.
    pub wanted: String,
    looked_for: Vec<PathBuf>,
    unfit: Vec<String>,
}

impl NoProgram {
    /// What was looked for, and what was found and does not fit.
    pub fn details(&self) -> impl fmt::Display {
        let names = distinct(self.looked_for.iter().filter_map(|path| path.file_name()).map(Path::new));
        let folders = distinct(self.looked_for.iter().filter_map(|path| path.parent()));
        let unfit: String = self.unfit.iter().map(|words| format!(" {words}.")).collect();
        format!("Looked for {} in {}.{unfit}", names.join(" and "), folders.join(", "))
    }

    /// The command that builds one.
    pub fn command(&self) -> String {
        format!("scripts/build_tunnel.sh {}", self.wanted)
    }
}

fn distinct<'a>(paths: impl Iterator<Item = &'a Path>) -> Vec<String> {
    let mut found = Vec::new();
    for path in paths.map(|path| path.display().to_string()) {
        if !found.contains(&path) {
            found.push(path);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(machine: u8) -> Vec<u8> {
        [b"\x7fELF".as_slice(), &[0; 14], &[machine, 0]].concat()
    }

    #[test]
    fn the_first_file_that_is_for_the_driver_is_chosen() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("x86"), program(0x3e)).unwrap();
        std::fs::write(path("arm"), program(0xb7)).unwrap();
        std::fs::write(path("mac"), [0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1]).unwrap();
        std::fs::write(path("empty"), "").unwrap();
        std::fs::create_dir(path("folder")).unwrap();
        let check = |wanted: &str, names: &[&str], expected: Result<&str, &str>| {
            let candidates: Vec<PathBuf> = names.iter().map(|name| path(name)).collect();
            let found = choose(wanted, &candidates);
            match (&found, expected) {
                (Ok(found), Ok(name)) => assert_eq!(*found, path(name)),
                (Err(error), Err(words)) => {
                    let details = error.details().to_string();
                    assert!(details.contains(words), "{details}");
                    assert_eq!(error.command(), format!("scripts/build_tunnel.sh {wanted}"));
                }
                _ => panic!("{wanted} {names:?} {found:?}"),
            }
        };
        check("aarch64", &["x86", "arm"], Ok("arm"));
        check("x86_64", &["x86", "arm"], Ok("x86"));
        check("x86_64", &["gone", "folder", "mac", "empty", "x86"], Ok("x86"));
        check("aarch64", &["mac"], Err("mac is no program for Linux."));
        check("aarch64", &["gone", "x86"], Err("x86 is for x86_64."));
        check("aarch64", &["gone"], Err("Looked for gone in "));
        check("riscv64", &["x86", "arm"], Err("arm is for aarch64."));
    }

    #[test]
    fn a_name_and_a_folder_are_said_once() {
        let candidates = ["/a/tunnel-x86_64", "/b/tunnel-x86_64", "/a/tunnel", "/b/tunnel"].map(PathBuf::from);
        let error = choose("x86_64", &candidates).unwrap_err();
        assert_eq!(error.details().to_string(), "Looked for tunnel-x86_64 and tunnel in /a, /b.");
        assert_eq!(error.to_string(), "there is no tunnel for x86_64, which the driver is");
    }
}
