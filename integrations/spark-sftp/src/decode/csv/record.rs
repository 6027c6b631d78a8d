//! Records of a CSV file.

use std::io::Read;

use super::Dialect;
use crate::failure::{Failure, Result};

/// Bytes that are read at once.
const READ: usize = 256 * 1024;
/// The longest record. A quote that never ends would take the whole file.
const LONGEST: usize = 64 * 1024 * 1024;

/// Reads one record after the other.
pub(crate) struct Reader<R> {
    bytes: R,
    dialect: Dialect,
    buffer: Vec<u8>,
    start: usize,
    is_over: bool,
    values: Values,
}

/// The values of a record.
#[derive(Debug, Default)]
pub(crate) struct Values {
    text: String,
    /// Where each ends, and whether it is one.
    ends: Vec<(usize, bool)>,
}

impl Values {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// One of them; `None` where there is none, or no value.
    pub(crate) fn get(&self, number: usize) -> Option<&str> {
        let (end, is_value) = *self.ends.get(number)?;
        let start = number.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |(end, _)| *end);
        if is_value { self.text.get(start..end) } else { None }
    }
}

/// How a look at the buffer ended.
enum Seen {
    /// A record, of so many bytes.
    Record(usize),
    /// So many bytes that are none: an empty line, or a comment.
    Nothing(usize),
    /// Not to its end yet.
    Incomplete,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(bytes: R, dialect: Dialect) -> Self {
        Self { bytes, dialect, buffer: Vec::new(), start: 0, is_over: false, values: Values::default() }
    }

    /// The next record.
    pub(crate) fn next(&mut self) -> Result<Option<&Values>> {
        loop {
            match self.look()? {
                Seen::Record(length) => {
                    self.start += length;
                    return Ok(Some(&self.values));
                }
                Seen::Nothing(length) => self.start += length,
                Seen::Incomplete if self.is_over => return Ok(None),
                Seen::Incomplete => self.fill()?,
            }
        }
    }

    fn fill(&mut self) -> Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let held = self.buffer.len();
        if held > LONGEST {
            return Err(Failure::value(
                "a row has more than 64 MiB: a quote may be missing, or quote is another letter",
            ));
        }
        // What is long is looked at again from its beginning: seldom, when more comes at once.
        self.buffer.resize(held + READ.max(held), 0);
        let mut filled = held;
        while let Some(rest) = self.buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.bytes.read(rest).map_err(|error| super::super::failure(&error))? {
                0 => {
                    self.is_over = true;
                    break;
                }
                read => filled += read,
            }
        }
        self.buffer.truncate(filled);
        Ok(())
    }

    /// Looks at the first record of the buffer.
    fn look(&mut self) -> Result<Seen> {
        let Self { dialect, values, is_over, .. } = self;
        let bytes = self.buffer.get(self.start..).unwrap_or_default();
        values.text.clear();
        values.ends.clear();
        match bytes {
            [] => return Ok(Seen::Incomplete),
            [b'\n', ..] => return Ok(Seen::Nothing(1)),
            [b'\r', b'\n', ..] => return Ok(Seen::Nothing(2)),
            [first, ..] if Some(*first) == dialect.comment => {
                return Ok(match bytes.iter().position(|byte| *byte == b'\n') {
                    Some(end) => Seen::Nothing(end + 1),
                    None if *is_over => Seen::Nothing(bytes.len()),
                    None => Seen::Incomplete,
                });
            }
            _ => {}
        }
        let mut at = 0;
        loop {
            let Some(value) = dialect.value(bytes, at, *is_over)? else { return Ok(Seen::Incomplete) };
            let text = std::str::from_utf8(value.bytes(bytes)).map_err(|_| Failure::value("it is no UTF-8"))?;
            if value.is_escaped {
                dialect.unescape(text, &mut values.text);
            } else {
                values.text.push_str(text);
            }
            values.ends.push((values.text.len(), value.is_quoted || text != dialect.null));
            at = value.next;
            if value.is_last {
                return Ok(Seen::Record(at));
            }
        }
    }
}

/// One value in a buffer.
struct Value {
    from: usize,
    until: usize,
    next: usize,
    is_quoted: bool,
    is_escaped: bool,
    is_last: bool,
}

impl Value {
    fn bytes<'a>(&self, buffer: &'a [u8]) -> &'a [u8] {
        buffer.get(self.from..self.until).unwrap_or_default()
    }
}

impl Dialect {
    /// The value that begins at an offset; `None` where its end has not come yet.
    fn value(&self, bytes: &[u8], from: usize, is_over: bool) -> Result<Option<Value>> {
        let rest = bytes.get(from..).unwrap_or_default();
        if rest.first() != Some(&self.quote) {
            let end = rest.iter().position(|byte| *byte == self.separator || *byte == b'\n');
            return Ok(match end {
                Some(end) => Some(self.plain(bytes, from, from + end, from + end + 1)),
                None if is_over => Some(self.plain(bytes, from, bytes.len(), bytes.len())),
                None => None,
            });
        }
        let (mut at, mut is_escaped) = (from + 1, false);
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(found) = rest.iter().position(|byte| *byte == self.quote || *byte == self.escape) else {
                return if is_over { Err(unended()) } else { Ok(None) };
            };
            at += found;
            let (this, next) = (bytes.get(at), bytes.get(at + 1));
            let is_escape =
                this == Some(&self.escape) && next.is_some_and(|next| *next == self.quote || *next == self.escape);
            match next {
                _ if is_escape => {
                    is_escaped = true;
                    at += 2;
                }
                None if !is_over => return Ok(None),
                // An escape in front of another letter is itself.
                _ if this != Some(&self.quote) => at += 1,
                _ => break,
            }
        }
        let (until, mut next) = (at, at + 1);
        if bytes.get(next) == Some(&b'\r') {
            match bytes.get(next + 1) {
                Some(b'\n') => next += 1,
                None if !is_over => return Ok(None),
                _ => {}
            }
        }
        let is_last = match bytes.get(next) {
            Some(letter) if *letter == self.separator => false,
            Some(b'\n') | None => true,
            Some(_) => {
                return Err(Failure::value("letters follow a closing quote: quote or escape may be another letter"));
            }
        };
        let next = (next + 1).min(bytes.len());
        Ok(Some(Value { from: from + 1, until, next, is_quoted: true, is_escaped, is_last }))
    }

    fn plain(&self, bytes: &[u8], from: usize, until: usize, next: usize) -> Value {
        let is_last = bytes.get(until).is_none_or(|end| *end != self.separator);
        let has_return = is_last && until > from && bytes.get(until - 1) == Some(&b'\r');
        Value {
            from,
            until: if has_return { until - 1 } else { until },
            next,
            is_quoted: false,
            is_escaped: false,
            is_last,
        }
    }

    fn unescape(&self, text: &str, into: &mut String) {
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            let is_pair = letter == char::from(self.escape)
                && letters
                    .peek()
                    .is_some_and(|next| *next == char::from(self.quote) || *next == char::from(self.escape));
            into.push(if is_pair { letters.next().unwrap_or(letter) } else { letter });
        }
    }
}

fn unended() -> Failure {
    Failure::value("the file ends within a quoted value: it was cut off, or quote or escape is another letter")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    /// Hands out so many bytes at once.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let length = self.1.min(self.0.len()).min(into.len());
            let (now, later) = self.0.split_at(length);
            into[..length].copy_from_slice(now);
            self.0 = later;
            Ok(length)
        }
    }

    fn records(text: &str, options: &[(&str, &str)]) -> Vec<Vec<Option<String>>> {
        let given = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let dialect = Dialect::new(&Options::new(given).unwrap()).unwrap();
        let mut reader = Reader::new(Drops(text.as_bytes(), 3), dialect);
        let mut all = Vec::new();
        while let Some(values) = reader.next().unwrap() {
            all.push((0..values.len()).map(|number| values.get(number).map(str::to_owned)).collect());
        }
        all
    }

    fn check(text: &str, options: &[(&str, &str)], expected: &[&[Option<&str>]]) {
        let expected: Vec<Vec<Option<String>>> =
            expected.iter().map(|row| row.iter().map(|value| value.map(str::to_owned)).collect()).collect();
        assert_eq!(records(text, options), expected, "{text:?}");
    }

    #[test]
    fn records_of_all_kinds() {
        check("a,b\n1,\n", &[], &[&[Some("a"), Some("b")], &[Some("1"), None]]);
        check("a,\"\",c", &[], &[&[Some("a"), Some(""), Some("c")]]);
        check("\"x\ny\",\"say \"\"hi\"\"\"\r\nz,\r\n", &[], &[&[Some("x\ny"), Some("say \"hi\"")], &[Some("z"), None]]);
        check("\n\n1;2\n#no\n", &[("sep", ";"), ("comment", "#")], &[&[Some("1"), Some("2")]]);
        check("\"a\\\"b\\\\\",\"c\\d\"\n", &[("escape", "\\")], &[&[Some("a\"b\\"), Some("c\\d")]]);
        check("NULL,\"NULL\",\n", &[("nullValue", "NULL")], &[&[None, Some("NULL"), Some("")]]);
        check("", &[], &[]);
    }

    #[test]
    fn what_is_cut_off_is_said() {
        let dialect = Dialect::new(&Options::default()).unwrap();
        for (text, said) in [("a,\"b", "ends within a quoted"), ("\"a\"b,c\n", "letters follow")] {
            let failure = Reader::new(text.as_bytes(), dialect.clone()).next().err().unwrap();
            assert!(failure.text.contains(said), "{failure}");
        }
    }
}
