//! Writing files of the workspace: one, or those of a zip archive, which the real service expands where it is put.

use std::io::{Cursor, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// How the names of files that are being written begin.
pub(super) const PARTIAL: &str = ".localcloud-";
/// Bytes that an archive may expand to.
const LARGEST: u64 = 2 * 1024 * 1024 * 1024;

/// Why an archive cannot be expanded.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// A file of it is there already.
    #[error("{0} already exists")]
    Exists(String),
    /// It is no archive, or names a file outside of its folder.
    #[error("it is not a sound zip archive: {0}")]
    Broken(String),
    /// The files cannot be written.
    #[error("its files cannot be written: {0}")]
    Io(#[from] std::io::Error),
}

/// Writes a file under its name once it is whole. Workspace files can be executed.
pub(super) fn write_whole(folder: &Path, target: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(PARTIAL).tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o755))?;
    file.persist(target).map_err(|error| error.error)?;
    Ok(())
}

/// Expands an archive into a folder, and says how many files it had.
pub(super) fn expand(archive: &[u8], folder: &Path, overwrite: bool) -> Result<usize, Error> {
    let broken = |error: zip::result::ZipError| Error::Broken(error.to_string());
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).map_err(broken)?;
    let mut left = LARGEST;
    let mut files = 0;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(broken)?;
        let name = entry.enclosed_name().ok_or_else(|| Error::Broken("a file of it leads outside".to_owned()))?;
        let target = folder.join(&name);
        if entry.is_dir() {
            std::fs::create_dir_all(&target)?;
            continue;
        }
        if target.exists() && !overwrite {
            return Err(Error::Exists(name.display().to_string()));
        }
        let parent = target.parent().unwrap_or(folder).to_owned();
        std::fs::create_dir_all(&parent)?;
        let mut content = Vec::new();
        let read = entry.by_ref().take(left).read_to_end(&mut content)?;
        left = left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
        if left == 0 {
            return Err(Error::Broken(format!("it expands to more than {LARGEST} bytes")));
        }
        write_whole(&parent, &target, &content)?;
        files += 1;
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(name: &str, content: &[u8]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn archives_expand_in_their_folder_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(expand(&archive("bin/tunnel", b"x"), folder.path(), false).unwrap(), 1);
        let file = folder.path().join("bin/tunnel");
        assert_eq!(std::fs::read(&file).unwrap(), b"x");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o111, 0o111);
        assert!(matches!(expand(&archive("bin/tunnel", b"y"), folder.path(), false), Err(Error::Exists(_))));
        expand(&archive("bin/tunnel", b"y"), folder.path(), true).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"y");
        assert!(matches!(expand(&archive("../escaped", b"x"), folder.path(), true), Err(Error::Broken(_))));
        assert!(matches!(expand(b"no zip", folder.path(), true), Err(Error::Broken(_))));
    }
}
