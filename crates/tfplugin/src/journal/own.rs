//! The name of a deployment that nothing else tells: a random one, which is kept in the journal's folder. Without that folder nothing
//! finds its objects again by it, and no other deployment takes them.

use std::fs;
use std::io;
use std::path::Path;

use super::entry;
use crate::deployment;

const FILE: &str = "deployment";

/// The name that the folder gives, if it has given one.
pub(crate) fn given(folder: &Path) -> Option<String> {
    fs::read_to_string(folder.join(FILE)).ok().filter(|name| deployment::is_name(name))
}

/// The name that the folder gives from now on. One that cannot be kept is this process's alone.
pub(super) fn name(folder: Option<&Path>) -> String {
    let random = deployment::random();
    let Some(folder) = folder else { return random };
    if let Some(given) = given(folder) {
        return given;
    }
    match entry::name_when_whole(folder, &folder.join(FILE), random.as_bytes(), |_| Ok(())) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => given(folder).unwrap_or(random),
        Err(error) => {
            tracing::warn!(%error, "the name of the deployment cannot be kept");
            random
        }
        Ok(_) => random,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_one_name_for_good_and_another_one_gives_another() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        assert_eq!(given(one.path()), None);
        let names: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| name(Some(one.path())))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
        assert_eq!(given(one.path()).as_ref(), Some(&names[0]));
        assert_ne!(name(Some(other.path())), names[0]);
        assert_ne!(name(None), name(None));
    }
}
