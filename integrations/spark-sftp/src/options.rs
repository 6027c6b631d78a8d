//! Options as Spark hands them over: texts under names whose case does not count. What cannot be used is refused by its name.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::failure::{Failure, Result};

/// Every name that is known, in lower case. What is no name here is a slip of the pen, and is refused.
const KNOWN: &[&str] = &[
    // The connection.
    "host",
    "port",
    "username",
    "password",
    "private_key_content",
    "private_key_path",
    "private_key_passphrase",
    "key_fingerprint",
    "known_hosts",
    "known_hosts_content",
    "retries",
    // What is written or read.
    "path",
    "format",
    "single_file",
    "if_exists",
    "partition_by",
    "max_file_size",
    "maxrecordsperfile",
    "sweep_after",
    "dead_after",
    "compression",
    "codec",
    // Formats, under Spark's own names.
    "header",
    "sep",
    "delimiter",
    "quote",
    "escape",
    "quoteall",
    "nullvalue",
    "emptyvalue",
    "linesep",
    "encoding",
    "charset",
    "comment",
    "dateformat",
    "timestampformat",
    "timestampntzformat",
    "ignorenullfields",
    "multiline",
    "parquet.block.size",
    "wholetext",
    "inferschema",
    "mode",
    // Reading.
    "pathglobfilter",
    "modifiedbefore",
    "modifiedafter",
    "recursivefilelookup",
    "maxpartitionbytes",
    "push_filters",
    "basepath",
    "include_metadata",
    "ignoremissingfiles",
    // Streams.
    "state_location",
    "maxfilespertrigger",
    "clean_source",
    "archive_path",
    "checkpointlocation",
];

/// Options.
#[derive(Debug, Clone, Default)]
pub struct Options(BTreeMap<String, String>);

impl Options {
    /// Takes them as they come.
    ///
    /// # Errors
    /// Where a name is not known.
    pub fn new(given: impl IntoIterator<Item = (String, String)>) -> Result<Self> {
        let mut options = BTreeMap::new();
        for (name, value) in given {
            let lower = name.to_ascii_lowercase();
            // Platforms add words of their own.
            if lower.starts_with("__") || lower.starts_with("spark.") {
                continue;
            }
            if !KNOWN.contains(&lower.as_str()) {
                return Err(Failure::value(format!("the option {name} is not known{}", like(&lower))));
            }
            options.insert(lower, value);
        }
        Ok(Self(options))
    }

    /// A text. An empty one is one that was not given.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A text that may be empty.
    pub fn any_text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// Where it is not.
    pub fn needed(&self, name: &str) -> Result<&str> {
        self.text(name).ok_or_else(|| Failure::value(format!("the option {name} is missing: .option(\"{name}\", …)")))
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// Where it is another word.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool> {
        match self.text(name).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(default),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(_) => Err(self.refused(name, "is neither true nor false")),
        }
    }

    /// A number.
    ///
    /// # Errors
    /// Where it is none, or too large.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>> {
        self.text(name).map(|text| text.trim().parse().map_err(|_| self.refused(name, "is no such number"))).transpose()
    }

    /// Bytes, as Spark writes them: `64m` are 64 MiB.
    ///
    /// # Errors
    /// Where it is another text, or nothing.
    pub fn size(&self, name: &str) -> Result<Option<u64>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let lower = text.trim().to_ascii_lowercase();
        let digits = lower.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let shift = match lower.get(digits.len()..).unwrap_or_default() {
            "" | "b" => 0,
            "k" | "kb" => 10,
            "m" | "mb" => 20,
            "g" | "gb" => 30,
            "t" | "tb" => 40,
            _ => 64,
        };
        let bytes = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(1_u64.checked_shl(shift)?));
        match bytes {
            Some(bytes) if bytes > 0 => Ok(Some(bytes)),
            _ => Err(self.refused(name, "is no number of bytes (1048576, 64m, 1g)")),
        }
    }

    /// A time, as `90`, `90s`, `10m`, `2h`.
    ///
    /// # Errors
    /// Where it is another text.
    pub fn duration(&self, name: &str, default: Duration) -> Result<Duration> {
        let Some(text) = self.text(name) else { return Ok(default) };
        let text = text.trim();
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let unit = match text.get(digits.len()..).unwrap_or_default() {
            "" | "s" => Some(1),
            "m" => Some(60),
            "h" => Some(3600),
            _ => None,
        };
        let seconds = digits.parse::<u64>().ok().zip(unit).and_then(|(number, unit)| number.checked_mul(unit));
        seconds.map(Duration::from_secs).ok_or_else(|| self.refused(name, "is no time (30s, 10m, 2h)"))
    }

    /// One letter.
    ///
    /// # Errors
    /// Where there are more, or it is not ASCII.
    pub fn letter(&self, name: &str) -> Result<Option<u8>> {
        match self.text(name) {
            None => Ok(None),
            Some("\\t") => Ok(Some(b'\t')),
            Some(text) => match text.as_bytes() {
                [letter] => Ok(Some(*letter)),
                _ => Err(self.refused(name, "is not one ASCII letter")),
            },
        }
    }

    /// What is wrong with an option's value. Secrets are asked for by [`Options::text`] alone, so that no value of theirs is shown.
    pub fn refused(&self, name: &str, why: &str) -> Failure {
        Failure::value(format!("the option {name} = {:?} {why}", self.any_text(name).unwrap_or_default()))
    }
}

/// Which known name somebody may have meant.
fn like(name: &str) -> String {
    let plain = |text: &str| text.replace(['_', '-', '.'], "");
    let wanted = plain(name);
    let near = KNOWN.iter().find(|known| {
        let known = plain(known);
        known == wanted || known.starts_with(&wanted) || wanted.starts_with(&known) || differ_by_one(&known, &wanted)
    });
    near.map_or_else(|| ": the README lists those that are".to_owned(), |near| format!(": do you mean {near}?"))
}

fn differ_by_one(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let same = short.bytes().zip(long.bytes()).take_while(|(one, other)| one == other).count();
    let rest = |text: &str, from: usize| text.as_bytes().get(from..).unwrap_or_default().to_vec();
    match long.len() - short.len() {
        0 => rest(short, same + 1) == rest(long, same + 1),
        1 => rest(short, same) == rest(long, same + 1),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(given: &[(&str, &str)]) -> Result<Options> {
        Options::new(given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn values_are_read_or_refused_by_name() {
        let given = options(&[
            ("HOST", "h"),
            ("max_file_size", "64m"),
            ("header", "maybe"),
            ("sweep_after", "2h"),
            ("sep", "\\t"),
        ]);
        let given = given.unwrap();
        assert_eq!(given.needed("host").unwrap(), "h");
        assert_eq!(given.size("max_file_size").unwrap(), Some(64 << 20));
        assert_eq!(given.duration("sweep_after", Duration::ZERO).unwrap(), Duration::from_secs(7200));
        assert_eq!(given.letter("sep").unwrap(), Some(b'\t'));
        assert_eq!(
            given.flag("header", true).unwrap_err().text,
            "the option header = \"maybe\" is neither true nor false"
        );
        assert_eq!(given.needed("path").unwrap_err().text, "the option path is missing: .option(\"path\", …)");
        for wrong in ["0", "many", "1q", "99999999999t"] {
            assert!(options(&[("max_file_size", wrong)]).unwrap().size("max_file_size").is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_told() {
        for (wrong, meant) in
            [("known_host", "known_hosts"), ("keyFingerprint", "key_fingerprint"), ("usrname", "username")]
        {
            let text = options(&[(wrong, "x")]).unwrap_err().text;
            assert_eq!(text, format!("the option {wrong} is not known: do you mean {meant}?"));
        }
        assert!(options(&[("whatever", "x")]).unwrap_err().text.ends_with("the README lists those that are"));
        assert!(options(&[("__provider", "x")]).is_ok());
    }
}
