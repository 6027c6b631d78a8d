//! The end of a job's log as it may be shown and stored: without the secrets that the job was given, whole characters, and
//! not too long. Pure.

/// The most that is kept of a log, in bytes.
pub(super) const BOUND: usize = 4096;

/// What stands in place of a secret.
const REDACTED: &str = "[redacted]";

/// What is shorter is no secret, and would be found everywhere.
const LEAST: usize = 4;

/// Secrets that no text is to hold: each line of each value, the longest first.
#[derive(Debug, Default)]
pub(super) struct Redaction<'a>(Vec<&'a str>);

impl<'a> Redaction<'a> {
    pub(super) fn new(secrets: impl IntoIterator<Item = &'a String>) -> Self {
        let lines = secrets.into_iter().flat_map(|value| value.lines()).map(str::trim);
        let mut lines: Vec<&str> = lines.filter(|line| line.len() >= LEAST).collect();
        lines.sort_by_key(|line| std::cmp::Reverse(line.len()));
        Self(lines)
    }

    /// How much of a log is to be read, so that a secret is seen whole at the place where the log is cut.
    pub(super) fn bytes_to_read(&self) -> u64 {
        let longest = self.0.first().map_or(0, |line| line.len());
        u64::try_from(BOUND + longest).unwrap_or(u64::MAX)
    }

    /// The text without the secrets.
    pub(super) fn of(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, REDACTED))
    }

    /// The last bytes of a log, which may begin inside of a character.
    pub(super) fn tail(&self, bytes: &[u8]) -> String {
        let start = bytes.iter().take(3).take_while(|byte| **byte & 0xC0 == 0x80).count();
        let text = self.of(&String::from_utf8_lossy(bytes.get(start..).unwrap_or_default()));
        end(&text, BOUND).to_owned()
    }
}

/// The last `most` bytes of a text, or fewer where a character would be cut.
fn end(text: &str, most: usize) -> &str {
    let from = text.len().saturating_sub(most);
    (from..=text.len()).find_map(|from| text.get(from..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(secrets: &[&str], text: &str, expected: &str) {
        let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        assert_eq!(Redaction::new(&secrets).of(text), expected);
    }

    #[test]
    fn secrets_are_replaced_and_short_words_are_none() {
        check(&["hunter22"], "password=hunter22 hunter22\n", "password=[redacted] [redacted]\n");
        check(&["abcd", "abcdef"], "abcdef abcd", "[redacted] [redacted]");
        check(&["1", ""], "1 step of 1", "1 step of 1");
        check(&["-----BEGIN KEY-----\nMIIabc\n"], "+ echo MIIabc", "+ echo [redacted]");
        check(&[], "plain", "plain");
    }

    #[test]
    fn a_tail_is_bounded_and_has_whole_characters() {
        let long = "ä".repeat(BOUND);
        let tail = Redaction::default().tail(&long.as_bytes()[1..]);
        assert!(tail.len() <= BOUND && tail.chars().all(|c| c == 'ä'), "{}", tail.len());
        assert_eq!(Redaction::default().tail(b"\x80\x80a\xffb"), "a\u{fffd}b");
        assert_eq!(Redaction::default().tail(b""), "");
    }

    #[test]
    fn a_secret_at_the_cut_is_read_whole() {
        let secret = "s3cr3t".repeat(10);
        let redaction = Redaction::new([&secret]);
        let log = format!("{secret}{}", "x".repeat(BOUND - 5));
        let read = usize::try_from(redaction.bytes_to_read()).unwrap();
        let tail = redaction.tail(&log.as_bytes()[log.len().saturating_sub(read)..]);
        assert!(!tail.contains("s3cr3t") && tail.len() <= BOUND, "{tail}");
    }
}
