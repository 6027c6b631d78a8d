//! Paths of volumes: what they may be, and which part of one is the volume itself.

use std::path::{Component, Path};

use sftp::tree::is_pattern;

/// Names that lead to a volume: Volumes, its catalog's, its schema's, and its own.
const NAMES: usize = 4;

/// Whether a path is one of a volume.
pub(in crate::commands::sftp) fn is_of_volume(path: &[u8]) -> bool {
    path.starts_with(b"/Volumes/")
}

/// Whether a path is a volume, and not something in one.
pub(in crate::commands::sftp) fn is_volume(path: &Path) -> bool {
    names(path).count() <= NAMES
}

/// Refuses a path that means nothing in a volume, or something outside of it.
pub(in crate::commands::sftp) fn check(path: &Path) -> Result<(), String> {
    if path.to_str().is_none() {
        return Err(NO_UTF8.to_owned());
    }
    // On its way to the service an address loses its dots, and what is before them.
    if path.components().any(|part| part == Component::ParentDir) {
        return Err("a path of a volume has no ..".to_owned());
    }
    let lead: Vec<&Path> = names(path).take(NAMES).collect();
    if lead.len() < NAMES || lead.iter().any(|name| is_pattern(name)) {
        return Err("a volume is named in full: /Volumes/CATALOG/SCHEMA/VOLUME/path".to_owned());
    }
    Ok(())
}

/// Why a name of bytes is none of a volume.
pub(super) const NO_UTF8: &str = "its name is no UTF-8, and a volume has no other names";

fn names(path: &Path) -> impl Iterator<Item = &Path> {
    path.components().filter(|part| matches!(part, Component::Normal(_))).map(|part| Path::new(part.as_os_str()))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn a_volume_is_named_in_full_and_nothing_above_it_is_meant() {
        for (path, is_whole) in [
            ("/Volumes/main/sales/in", true),
            ("/Volumes/main/sales/in/", true),
            ("/Volumes/main/sales//in/.", true),
            ("/Volumes/main/sales/in/x", false),
            ("/Volumes/main/sales/in/*.csv", false),
        ] {
            assert_eq!((check(Path::new(path)), is_volume(Path::new(path))), (Ok(()), is_whole), "{path}");
        }
        for (path, why) in [
            ("/Volumes/main/sales", "in full"),
            ("/Volumes/main/*/in/x", "in full"),
            ("/Volumes/main/sales/in/x/../..", "no .."),
        ] {
            assert!(check(Path::new(path)).unwrap_err().contains(why), "{path}");
        }
        assert_eq!(check(Path::new(OsStr::from_bytes(b"/Volumes/a/b/c/\xe9"))), Err(NO_UTF8.to_owned()));
    }
}
