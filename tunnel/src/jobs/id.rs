//! A job's id: a folder's name on the machine that runs it, and a word in a script. Nothing else gets there.

use std::fmt;
use std::str::FromStr;

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// An id: 1 to 64 lower-case letters and digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct JobId(String);

/// Why a text is no id.
#[derive(Debug, thiserror::Error)]
#[error("a job's id has 1 to 64 lower-case letters and digits")]
pub struct NoJobId;

/// Letters of an id that is random, and of one that is a key's.
const RANDOM: usize = 24;
const OF_KEY: usize = 30;
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

impl JobId {
    /// An id that nobody guesses: 120 random bits.
    pub fn random() -> Self {
        let mut rng = rand::rng();
        Self::spell((0..RANDOM).map(|_| rng.random::<u8>()))
    }

    /// The id of a key: the same on every client, so that who asks again finds the job.
    pub fn of_key(key: &str) -> Self {
        Self::spell(Sha256::digest(format!("tunnel job\0{key}")).into_iter().take(OF_KEY))
    }

    fn spell(bytes: impl Iterator<Item = u8>) -> Self {
        Self(
            bytes
                .filter_map(|byte| LETTERS.get(usize::from(byte) % LETTERS.len()))
                .map(|byte| char::from(*byte))
                .collect(),
        )
    }

    /// Whether it is as long as those that are made here: no beginning of one.
    pub fn is_whole(&self) -> bool {
        [RANDOM, OF_KEY].contains(&self.0.len())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for JobId {
    type Err = NoJobId;

    fn from_str(text: &str) -> Result<Self, NoJobId> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if (1..=64).contains(&text.len()) && text.chars().all(plain) { Ok(Self(text.to_owned())) } else { Err(NoJobId) }
    }
}

impl TryFrom<String> for JobId {
    type Error = NoJobId;

    fn try_from(text: String) -> Result<Self, NoJobId> {
        text.parse()
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_letters_and_digits_become_an_id() {
        let check = |text: &str, expected: bool| assert_eq!(text.parse::<JobId>().is_ok(), expected, "{text}");
        check("a1", true);
        check(&"a".repeat(64), true);
        check(&"a".repeat(65), false);
        for text in ["", "A", "a b", "../a", "a;b", "$(a)", ".a", "a\n", "ä", "all jobs", "-a"] {
            check(text, false);
        }
    }

    #[test]
    fn ids_are_ids_and_a_key_has_one_of_its_own() {
        let ids = [JobId::random(), JobId::random(), JobId::of_key("a"), JobId::of_key("b"), JobId::of_key("")];
        for (index, id) in ids.iter().enumerate() {
            assert!(id.as_str().parse::<JobId>().is_ok() && id.as_str().len() >= 24, "{id}");
            assert!(!ids.iter().skip(index + 1).any(|other| other == id), "{id}");
        }
        assert_eq!(JobId::of_key("a"), JobId::of_key("a"));
    }
}
