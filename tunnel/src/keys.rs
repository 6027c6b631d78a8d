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

/// The home's key pair, where there is one.
pub fn read(home: &Path) -> Option<ClientKey> {
    let private = home.join("id_ed25519");
    let key = PrivateKey::from_openssh(fs::read_to_string(&private).ok()?).ok()?;
    Some(ClientKey { private, public_line: line(key.public_key()).ok()? })
}

/// A key of the person's own: the file of a private key, or of the public half of one that an agent or a security key holds.
///
/// # Errors
/// When the file is neither.
pub fn given(file: &Path) -> Result<ClientKey> {
    let private = std::path::absolute(file).context(|| format!("{} is no file", file.display()))?;
    let text = fs::read_to_string(&private).context(|| format!("cannot read {}", file.display()))?;
    // The public half stands in clear in a private key's file, whatever its passphrase.
    let public = match PublicKey::from_openssh(text.trim()) {
        Ok(key) => key,
        Err(_) => PrivateKey::from_openssh(&text)
            .map(|key| key.public_key().clone())
            .context(|| format!("{} is no OpenSSH key", file.display()))?,
    };
    Ok(ClientKey { private, public_line: line(&public)? })
}

/// A change of the home's key. The new one is made beside the old one and takes its place at the end; one that was begun before
/// is gone on with, since it may be registered already.
#[derive(Debug)]
pub struct Rotation {
    home: PathBuf,
    new: ClientKey,
    _only_one: File,
}

impl Rotation {
    /// Makes the new key.
    ///
    /// # Errors
    /// When the files cannot be read or written.
    pub fn begin(home: &Path, comment: &str) -> Result<Self> {
        create_home(home)?;
        let only_one = lock(&home.join("rotation.lock"))?;
        let new = ensure(&home.join("next"), comment)?;
        Ok(Self { home: home.to_owned(), new, _only_one: only_one })
    }

    /// The new public key.
    pub fn new_line(&self) -> &str {
        &self.new.public_line
    }

    /// Puts the new key in place, and answers the old one's public line, if there was one.
    ///
    /// # Errors
    /// When the files cannot be renamed.
    pub fn finish(self) -> Result<Option<String>> {
        let _only_one = lock(&self.home.join("id_ed25519.lock"))?;
        let old = read(&self.home).map(|key| key.public_line);
        let public = format!("{}\n", self.new.public_line);
        fs::rename(&self.new.private, self.home.join("id_ed25519"))
            .context(|| format!("cannot replace {}", self.home.join("id_ed25519").display()))?;
        write_atomically(&self.home.join("id_ed25519.pub"), public.as_bytes(), 0o644)?;
        // The new key is in use: what is left of its folder is no harm.
        let _ = fs::remove_dir_all(self.home.join("next"));
        Ok(old)
    }
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
    fn a_rotation_that_was_cut_off_goes_on_with_the_same_key() {
        let home = tempfile::tempdir().unwrap();
        let old = ensure(home.path(), "ada").unwrap().public_line;
        let begun = Rotation::begin(home.path(), "ada").unwrap().new_line().to_owned();
        assert_eq!(ensure(home.path(), "ada").unwrap().public_line, old, "until the end the old key counts");
        let rotation = Rotation::begin(home.path(), "ada").unwrap();
        assert_eq!(rotation.new_line(), begun);
        assert_eq!(rotation.finish().unwrap(), Some(old));
        assert_eq!(ensure(home.path(), "ada").unwrap().public_line, begun);
        assert!(!home.path().join("next").exists());
    }

    #[test]
    fn a_persons_own_key_is_taken_from_either_half() {
        let home = tempfile::tempdir().unwrap();
        let key = ensure(home.path(), "ada").unwrap();
        for file in ["id_ed25519", "id_ed25519.pub"] {
            assert_eq!(given(&home.path().join(file)).unwrap().public_line, key.public_line);
        }
        fs::write(home.path().join("other"), "hello").unwrap();
        assert!(given(&home.path().join("other")).is_err_and(|error| error.to_string().contains("no OpenSSH key")));
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
