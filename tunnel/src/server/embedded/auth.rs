//! Who may log in: the keys of an `authorized_keys` text. Reference: sshd(8), AUTHORIZED_KEYS FILE FORMAT; options in front
//! of a key are not supported, and a line that has some lets nobody in.

use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Algorithm, HashAlg, PublicKey};

use crate::server::log_ring::LogRing;

/// Bits from which on an RSA key counts as safe.
const RSA_BITS: u32 = 2048;

#[derive(Debug)]
pub(super) struct Keys(Vec<KeyData>);

impl Keys {
    pub(super) fn parse(text: &str, log: &LogRing) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let parsed = lines.filter_map(|line| match PublicKey::from_openssh(line) {
            Ok(key) if is_weak(key.key_data()) => {
                log.warn(format!("ssh: {} is shorter than {RSA_BITS} bits and does not count", name(&key)));
                None
            }
            Ok(key) => Some(key.key_data().clone()),
            Err(error) => {
                log.warn(format!("ssh: a line of the authorized keys is no public key and does not count: {error}"));
                None
            }
        });
        Self(parsed.collect())
    }

    /// Whether a signature of this algorithm with this key lets its owner in.
    pub(super) fn permit(&self, key: &PublicKey, algorithm: &Algorithm) -> bool {
        // The same RSA key can sign with SHA-1.
        !matches!(algorithm, Algorithm::Rsa { hash: None } | Algorithm::Dsa) && self.0.contains(key.key_data())
    }
}

/// A key as people compare it.
pub(super) fn name(key: &PublicKey) -> String {
    format!("{} {}", key.algorithm(), key.fingerprint(HashAlg::Sha256))
}

fn is_weak(key: &KeyData) -> bool {
    key.rsa().is_some_and(|key| key.key_size() < RSA_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBVPdlpYI8XSd8pxFGcKHIzEbdvdIzIHFvKgXYgg+nQ2";

    #[test]
    fn keys_without_options_let_their_owners_in() {
        let key = PublicKey::from_openssh(ED25519).unwrap();
        let check = |text: &str, expected: bool, words: &str| {
            let log = LogRing::default();
            assert_eq!(Keys::parse(text, &log).permit(&key, &Algorithm::Ed25519), expected, "{text}");
            assert!(log.text().contains(words) && log.text().is_empty() == words.is_empty(), "{}", log.text());
        };
        check(ED25519, true, "");
        check(&format!("# a comment\n\n  {ED25519} someone@somewhere\n"), true, "");
        check(&format!("command=\"true\" {ED25519}"), false, "does not count");
        check("", false, "");
    }

    #[test]
    fn sha1_signatures_let_nobody_in() {
        let key = PublicKey::from_openssh(ED25519).unwrap();
        let keys = Keys::parse(ED25519, &LogRing::default());
        assert!(!keys.permit(&key, &Algorithm::Rsa { hash: None }));
    }
}
