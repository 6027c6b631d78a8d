//! The client's key: Ed25519, made once per home, never sent anywhere. Its public half is what the server is told.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, LineEnding, PrivateKey, PublicKey};

use crate::error::{Context, Result};

/// A key pair on disk.
#[derive(Debug, Clone)]
pub struct ClientKey {
    /// File of the private key, 0600.
    pub private: PathBuf,
    /// The public key as an OpenSSH line without its end.
    pub public_line: String,
}

/// The home's key pair; it is made where there is none. Several processes may ask at once: they get the same one.
///
/// # Errors
/// When the files cannot be read or written, or are no keys.
pub fn ensure(home: &Path, comment: &str) -> Result<ClientKey> {
    let private = home.join("id_ed25519");
    let public = home.join("id_ed25519.pub");
    create_home(home)?;
    let _only_one = lock(&home.join("id_ed25519.lock"))?;
    if !private.exists() {
        let mut key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).context(|| "cannot make a key".to_owned())?;
        key.set_comment(comment);
        let text = key.to_openssh(LineEnding::LF).context(|| "cannot write a key".to_owned())?;
        write_atomically(&private, text.as_bytes(), 0o600)?;
    }
    // The private key decides: a public key that is lost or wrong is written again.
    let text = fs::read_to_string(&private).context(|| format!("cannot read {}", private.display()))?;
    let key = PrivateKey::from_openssh(&text).context(|| format!("{} is no OpenSSH key", private.display()))?;
    let public_line = line(key.public_key())?;
    if fs::read_to_string(&public).ok().as_deref().map(str::trim) != Some(public_line.as_str()) {
        write_atomically(&public, format!("{public_line}\n").as_bytes(), 0o644)?;
    }
    Ok(ClientKey { private, public_line })
}

fn line(key: &PublicKey) -> Result<String> {
    Ok(key.to_openssh().context(|| "cannot write a public key".to_owned())?.trim().to_owned())
}

/// Makes the tunnel's folder, for its owner alone.
///
/// # Errors
/// When it cannot be made.
pub fn create_home(home: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(home).context(|| format!("cannot create {}", home.display()))
}

/// Waits until no other process holds this file, and holds it until the answer is dropped.
///
/// # Errors
/// When the file cannot be made or locked.
pub fn lock(path: &Path) -> Result<File> {
    let open = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
    let file = open.context(|| format!("cannot create {}", path.display()))?;
    file.lock().context(|| format!("cannot lock {}", path.display()))?;
    Ok(file)
}

/// Writes a file so that others see the old text or the new one, and nothing between. Nothing happens where it is as wanted.
///
/// # Errors
/// When it cannot be written.
pub fn write_atomically(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let temporary = path.with_file_name(format!(".{name}.{}", uuid::Uuid::new_v4().simple()));
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    let written = write().context(|| format!("cannot write {}", path.display()));
    if written.is_err() {
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != ErrorKind::NotFound => tracing::debug!(%error, "a temporary file stays"),
            _ => {}
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_home_has_one_key_however_many_ask_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("a/b");
        let lines: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| ensure(&home, "ada").unwrap().public_line)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(lines.iter().all(|line| line == &lines[0]), "{lines:?}");
        assert!(lines[0].starts_with("ssh-ed25519 ") && lines[0].ends_with(" ada"), "{lines:?}");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&home), 0o700);
        assert_eq!(mode(&home.join("id_ed25519")), 0o600);
    }

    #[test]
    fn a_lost_public_key_is_written_again() {
        let home = tempfile::tempdir().unwrap();
        let first = ensure(home.path(), "ada").unwrap();
        fs::remove_file(home.path().join("id_ed25519.pub")).unwrap();
        assert_eq!(ensure(home.path(), "other").unwrap().public_line, first.public_line);
        assert!(home.path().join("id_ed25519.pub").exists());
    }
}
