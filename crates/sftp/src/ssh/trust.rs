//! Whose key a server may have: a pin of one's own, or what known_hosts files say (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).

use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use russh::keys::ssh_key::known_hosts::{HostPatterns, Marker};
use russh::keys::{Algorithm, HashAlg, PublicKey};
use sha1::Sha1;

/// What a server's key is compared with.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Keys that are the server's. Where there is any, no file is asked.
    pub pins: Vec<Pin>,
    /// Files of known hosts. One that is not there knows nobody.
    pub files: Vec<PathBuf>,
}

/// A key that somebody vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pin {
    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    Fingerprint(String),
    /// The key itself.
    Key(Box<PublicKey>),
}

/// What is no pin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is neither a fingerprint (SHA256:…) nor a public key (ssh-ed25519 AAAA…)")]
pub struct NoPin;

impl std::str::FromStr for Pin {
    type Err = NoPin;

    fn from_str(text: &str) -> Result<Self, NoPin> {
        let text = text.trim();
        if let Some(digest) = text.strip_prefix("SHA256:") {
            // 32 bytes in base64, with or without its padding.
            let digest = digest.trim_end_matches('=');
            let is_digest =
                digest.len() == 43 && digest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte));
            return if is_digest { Ok(Self::Fingerprint(format!("SHA256:{digest}"))) } else { Err(NoPin) };
        }
        // Of a line of ssh-keyscan, the host in front is left out.
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let keys = fields.windows(2).filter_map(|pair| PublicKey::from_openssh(&pair.join(" ")).ok());
        keys.map(|key| Self::Key(Box::new(key))).next().ok_or(NoPin)
    }
}

/// Why a server's key is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// Nobody vouches for it.
    #[error("the host key of {host} is not known: it is {algorithm} {fingerprint}")]
    Unknown {
        /// The server, as files write it.
        host: String,
        /// The kind of its key.
        algorithm: String,
        /// What its owner can compare.
        fingerprint: String,
    },
    /// Another one was known.
    #[error("the host key of {host} is another one than is known ({place}): it is {algorithm} {fingerprint}")]
    Changed {
        /// The server, as files write it.
        host: String,
        /// The kind of its key.
        algorithm: String,
        /// What its owner can compare.
        fingerprint: String,
        /// Where the other one stands.
        place: String,
    },
    /// It is marked as lost to somebody else.
    #[error("the host key of {host} is revoked ({place})")]
    Revoked {
        /// The server, as files write it.
        host: String,
        /// Where that stands.
        place: String,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// One line of a file that is about a host.
struct Known {
    marker: Option<Marker>,
    key: PublicKey,
    place: String,
}

impl Trust {
    /// Whether this key is the server's.
    ///
    /// # Errors
    /// [`Distrust`].
    pub fn check(&self, host: &str, port: u16, key: &PublicKey) -> Result<(), Distrust> {
        let host = name(host, port);
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        let algorithm = key.algorithm().to_string();
        if !self.pins.is_empty() {
            let is_pinned = self.pins.iter().any(|pin| match pin {
                Pin::Fingerprint(pinned) => *pinned == fingerprint,
                Pin::Key(pinned) => pinned.key_data() == key.key_data(),
            });
            let place = "the one that was given".to_owned();
            return if is_pinned { Ok(()) } else { Err(Distrust::Changed { host, algorithm, fingerprint, place }) };
        }
        let known = self.known(&host)?;
        let same = |known: &&Known| known.key.key_data() == key.key_data();
        if let Some(revoked) = known.iter().filter(same).find(|known| known.marker == Some(Marker::Revoked)) {
            return Err(Distrust::Revoked { host, place: revoked.place.clone() });
        }
        let mut plain = known.iter().filter(|known| known.marker.is_none());
        if plain.clone().any(|known| same(&known)) {
            return Ok(());
        }
        match plain.find(|known| known.key.algorithm() == key.algorithm()) {
            Some(other) => Err(Distrust::Changed { host, algorithm, fingerprint, place: other.place.clone() }),
            None => Err(Distrust::Unknown { host, algorithm, fingerprint }),
        }
    }

    /// The kinds of keys that are known of a server: it is asked for one of these first, as it may have several.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn algorithms(&self, host: &str, port: u16) -> Result<Vec<Algorithm>, Distrust> {
        let pinned = self.pins.iter().filter_map(|pin| match pin {
            Pin::Key(key) => Some(key.algorithm()),
            Pin::Fingerprint(_) => None,
        });
        if !self.pins.is_empty() {
            return Ok(pinned.collect());
        }
        let known = self.known(&name(host, port))?;
        Ok(known.into_iter().filter(|known| known.marker.is_none()).map(|known| known.key.algorithm()).collect())
    }

    fn known(&self, host: &str) -> Result<Vec<Known>, Distrust> {
        let mut all = Vec::new();
        for path in &self.files {
            let text = match std::fs::read(path) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(Distrust::File { path: path.clone(), reason: error.to_string() }),
            };
            let lines = text.lines().enumerate();
            all.extend(lines.filter_map(|(number, line)| known(line, host, path, number + 1)));
        }
        Ok(all)
    }
}

/// How files name a server.
fn name(host: &str, port: u16) -> String {
    let host = host.to_ascii_lowercase();
    if port == 22 { host } else { format!("[{host}]:{port}") }
}

/// What a line says about a host. What cannot be read is passed over, as ssh does.
fn known(line: &str, host: &str, path: &Path, number: usize) -> Option<Known> {
    let mut fields = line.split_ascii_whitespace().peekable();
    let marker = match fields.peek()? {
        field if field.starts_with('#') => return None,
        field if field.starts_with('@') => Some(fields.next()?.parse().ok()?),
        _ => None,
    };
    let hosts: HostPatterns = fields.next()?.parse().ok()?;
    if !is_of(&hosts, host) {
        return None;
    }
    let key = PublicKey::from_openssh(&format!("{} {}", fields.next()?, fields.next()?)).ok()?;
    Some(Known { marker, key, place: format!("{}:{number}", path.display()) })
}

fn is_of(hosts: &HostPatterns, host: &str) -> bool {
    match hosts {
        HostPatterns::HashedName { salt, hash } => {
            let Ok(mac) = Hmac::<Sha1>::new_from_slice(salt) else { return false };
            mac.chain_update(host).verify_slice(hash).is_ok()
        }
        HostPatterns::Patterns(patterns) => {
            let mut found = false;
            for pattern in patterns {
                match pattern.strip_prefix('!') {
                    Some(pattern) if matches(pattern.as_bytes(), host.as_bytes()) => return false,
                    Some(_) => {}
                    None => found |= matches(pattern.as_bytes(), host.as_bytes()),
                }
            }
            found
        }
    }
}

/// `*` is any letters, `?` is one: ssh_config(5), PATTERNS. In time that grows with the product of both lengths.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    // Whether the pattern so far is each beginning of the text.
    let mut reached: Vec<bool> = std::iter::once(true).chain(text.iter().map(|_| false)).collect();
    for letter in pattern {
        let mut before = false;
        if *letter == b'*' {
            for place in &mut reached {
                before |= *place;
                *place = before;
            }
            continue;
        }
        for (place, here) in reached.iter_mut().zip(std::iter::once(None).chain(text.iter().map(Some))) {
            let is_next = before && here.is_some_and(|here| *letter == b'?' || letter.eq_ignore_ascii_case(here));
            before = std::mem::replace(place, is_next);
        }
    }
    reached.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
    const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB2kUvB4lSzC4rzyYKK1LrBqoEwYyMDlVvSVX2VvjlbC";
    const ECDSA: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHwf2HMM5TRXvo2SQJjsNkiDD5KqiiNjrGVv3UUh+mMT5RHxiRtOnlqvjhQtBq0VpmpCV/PwUdhOig4vkbqAcEc=";

    fn key(text: &str) -> PublicKey {
        PublicKey::from_openssh(text).unwrap()
    }

    fn trust(text: &str) -> (tempfile::NamedTempFile, Trust) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let trust = Trust { files: vec!["/nowhere/known_hosts".into(), file.path().to_owned()], ..Trust::default() };
        (file, trust)
    }

    #[test]
    fn a_known_key_is_taken_and_a_changed_or_revoked_one_is_not() {
        let text = format!("# a comment\nnonsense\n\nhost.example\t{ED25519} me@here\n[other]:2222 {OTHER}\n");
        let (_file, known) = trust(&text);
        assert_eq!(known.check("HOST.example", 22, &key(ED25519)), Ok(()));
        assert_eq!(known.check("other", 2222, &key(OTHER)), Ok(()));
        let changed = known.check("host.example", 22, &key(OTHER)).unwrap_err().to_string();
        assert!(changed.contains("another one than is known") && changed.contains(":4)"), "{changed}");
        assert!(changed.contains(&key(OTHER).fingerprint(HashAlg::Sha256).to_string()), "{changed}");
        for (host, port) in [("other", 22), ("host.example", 2222), ("host", 22)] {
            assert!(matches!(known.check(host, port, &key(OTHER)), Err(Distrust::Unknown { .. })), "{host}");
        }
        // A key of another kind is no change, and is not known either.
        assert!(matches!(known.check("host.example", 22, &key(ECDSA)), Err(Distrust::Unknown { .. })));
        assert_eq!(known.algorithms("host.example", 22), Ok(vec![Algorithm::Ed25519]));
        let (_file, revoked) = trust(&format!("@revoked * {ED25519}\nhost {ED25519}\n"));
        assert!(matches!(revoked.check("host", 22, &key(ED25519)), Err(Distrust::Revoked { .. })));
        let (_file, authority) = trust(&format!("@cert-authority * {ED25519}\n"));
        assert!(matches!(authority.check("host", 22, &key(ED25519)), Err(Distrust::Unknown { .. })));
    }

    #[test]
    fn hosts_are_hashed_listed_or_patterns() {
        // ssh-keygen -H of the line "hashed.example ssh-ed25519 …".
        let (file, _) = trust(&format!("hashed.example {ED25519}\n"));
        let hashed = std::process::Command::new("ssh-keygen").args(["-H", "-f"]).arg(file.path()).output().unwrap();
        assert!(hashed.status.success());
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert!(text.starts_with("|1|"), "{text}");
        let (_file, known) = trust(&text);
        assert_eq!(known.check("hashed.example", 22, &key(ED25519)), Ok(()));
        assert!(known.check("hashed", 22, &key(ED25519)).is_err());
        let (_file, known) = trust(&format!("a,*.b.example,!no.b.example,10.0.0.? {ED25519}\n"));
        let is_known = |host: &str| known.check(host, 22, &key(ED25519)).is_ok();
        for host in ["a", "x.b.example", ".b.example", "10.0.0.7"] {
            assert!(is_known(host), "{host}");
        }
        for host in ["aa", "b.example", "no.b.example", "10.0.0.77"] {
            assert!(!is_known(host), "{host}");
        }
        assert!(matches(b"*a*b*", b"xaxxbx") && !matches(b"*a*b", b"xaxxbx") && matches(b"", b""));
    }

    #[test]
    fn a_pin_is_the_only_judge() {
        let (_file, mut known) = trust(&format!("host {ED25519}\n"));
        let fingerprint = key(OTHER).fingerprint(HashAlg::Sha256).to_string();
        for pin in [fingerprint.clone(), format!("{fingerprint}="), OTHER.to_owned(), format!("host {OTHER} comment")] {
            known.pins = vec![pin.parse().unwrap()];
            assert_eq!(known.check("host", 22, &key(OTHER)), Ok(()), "{pin}");
            assert!(matches!(known.check("host", 22, &key(ED25519)), Err(Distrust::Changed { .. })));
        }
        for text in ["", "MD5:aa", "SHA256:short", "ssh-ed25519", "ssh-ed25519 nonsense"] {
            assert_eq!(text.parse::<Pin>(), Err(NoPin), "{text}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_no_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let trust = Trust { files: vec![folder.path().to_owned()], ..Trust::default() };
        assert!(matches!(trust.check("host", 22, &key(ED25519)), Err(Distrust::File { .. })));
    }
}
