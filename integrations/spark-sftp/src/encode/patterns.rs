//! Dates and times in the letters of Java's `DateTimeFormatter`, which Spark's options use.

use arrow::util::display::FormatOptions;

use crate::failure::Result;
use crate::options::Options;

/// How dates and times are written and read: `strftime`'s letters. What is `None` is ISO 8601, with as many digits as are needed.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    /// `dateFormat`.
    pub date: Option<String>,
    /// `timestampFormat`: points in time.
    pub timestamp: Option<String>,
    /// `timestampNTZFormat`: what a clock shows.
    pub timestamp_ntz: Option<String>,
}

impl Patterns {
    /// Reads what the options say.
    ///
    /// # Errors
    /// Where a pattern has a letter that is not known.
    pub fn new(options: &Options) -> Result<Self> {
        let pattern = |name: &str| {
            let refused = |letters| {
                options.refused(name, &format!("has {letters}, which is not known: yyyy MM dd HH mm ss SSS a XXX are"))
            };
            options.text(name).map(|text| strftime(text).map_err(refused)).transpose()
        };
        Ok(Self {
            date: pattern("dateformat")?,
            timestamp: pattern("timestampformat")?,
            timestamp_ntz: pattern("timestampntzformat")?,
        })
    }

    /// The same for Arrow.
    pub fn options(&self) -> FormatOptions<'_> {
        FormatOptions::default()
            .with_date_format(self.date.as_deref())
            .with_timestamp_tz_format(self.timestamp.as_deref())
            .with_timestamp_format(self.timestamp_ntz.as_deref())
    }
}

/// The same pattern in the letters of `strftime`. What is optional (`[…]`) is always written.
///
/// # Errors
/// The letters that are not known.
pub fn strftime(pattern: &str) -> std::result::Result<String, String> {
    let mut out = String::new();
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            // Two quotes are one, in what is quoted too.
            '\'' if letters.next_if_eq(&'\'').is_some() => out.push('\''),
            '\'' => {
                while let Some(letter) = letters.next() {
                    match letter {
                        '\'' if letters.next_if_eq(&'\'').is_none() => break,
                        '%' => out.push_str("%%"),
                        letter => out.push(letter),
                    }
                }
            }
            '[' | ']' => {}
            '%' => out.push_str("%%"),
            letter if letter.is_ascii_alphabetic() => {
                let mut length = 1;
                while letters.next_if_eq(&letter).is_some() {
                    length += 1;
                }
                out.push_str(match (letter, length) {
                    ('y' | 'u', 4 | 1) => "%Y",
                    ('y' | 'u', 2) => "%y",
                    ('M' | 'L', 2) => "%m",
                    ('M' | 'L', 1) => "%-m",
                    ('M' | 'L', 3) => "%b",
                    ('M' | 'L', 4) => "%B",
                    ('d', 2) => "%d",
                    ('d', 1) => "%-d",
                    ('D', 3) => "%j",
                    ('E', 1..=3) => "%a",
                    ('E', 4) => "%A",
                    ('H', 2) => "%H",
                    ('H', 1) => "%-H",
                    ('h', 2) => "%I",
                    ('h', 1) => "%-I",
                    ('a', 1) => "%p",
                    ('m', 2) => "%M",
                    ('s', 2) => "%S",
                    // A point in front belongs to what chrono calls a fraction, without it to digits alone.
                    ('S', 3) => "%3f",
                    ('S', 6) => "%6f",
                    ('S', 9) => "%9f",
                    ('X' | 'x', 3) => "%:z",
                    ('Z', 1..=3) | ('X' | 'x', 2) => "%z",
                    ('V', 2) => "%Z",
                    (letter, length) => return Err(letter.to_string().repeat(length)),
                });
            }
            other => out.push(other),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_say_the_same() {
        let same = |java: &str, ours: &str| assert_eq!(strftime(java).as_deref(), Ok(ours), "{java}");
        same("yyyy-MM-dd", "%Y-%m-%d");
        same("dd.MM.yy", "%d.%m.%y");
        same("yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]", "%Y-%m-%dT%H:%M:%S.%3f%:z");
        same("h:mm a 'o''clock' 100%", "%-I:%M %p o'clock 100%%");
        assert_eq!(strftime("yyyyy"), Err("yyyyy".to_owned()));
        assert_eq!(strftime("GG"), Err("GG".to_owned()));
    }
}
