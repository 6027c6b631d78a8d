//! The rows of a chunk in the service's form `JSON_ARRAY`: `[["a",null],["b","1"]]`, read as its bytes come.
//!
//! Values are text or null (<https://docs.databricks.com/api/workspace/statementexecution>): a reader of all of JSON would build what
//! nobody asks for, and a result has millions of rows.

use memchr::memchr2;

/// One row: the text of its values one after the other, and where each ends.
#[derive(Debug, Default)]
pub struct Row {
    text: Vec<u8>,
    ends: Vec<(usize, bool)>,
}

impl Row {
    /// Its values; `None` is null.
    pub fn values(&self) -> impl Iterator<Item = Option<&[u8]>> {
        let mut from = 0;
        self.ends.iter().map(move |(end, is_null)| {
            let value = self.text.get(from..*end).unwrap_or_default();
            from = *end;
            (!is_null).then_some(value)
        })
    }

    /// How many values it has.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Adds a value.
    pub fn push(&mut self, value: Option<&[u8]>) {
        self.text.extend_from_slice(value.unwrap_or_default());
        self.ends.push((self.text.len(), value.is_none()));
    }

    /// Takes all values away.
    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// How much room it takes, in bytes.
    pub fn size(&self) -> usize {
        self.text.len() + self.ends.len() * size_of::<(usize, bool)>()
    }
}

/// Why bytes are no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// Something else than a row or a value stands there.
    #[error("the service sent something else than rows")]
    Unexpected,
    /// The bytes ended within a row.
    #[error("the rows ended too soon")]
    CutOff,
}

/// Where the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    /// Before a row; whether it may be the end instead.
    Row(bool),
    /// Before a value; whether it may be the row's end instead.
    Value(bool),
    Text,
    Escape,
    /// Within `\uXXXX`: digits so far, and their value.
    Unicode(u8, u16),
    /// Within `null`: letters so far.
    Null(u8),
    /// After a value.
    Comma,
    /// After a row.
    RowComma,
    End,
}

/// Reads rows out of pieces of bytes.
#[derive(Debug)]
pub struct Rows {
    at: At,
    row: Row,
    /// The first half of a character that takes two escapes (RFC 8259 section 7).
    high: Option<u16>,
}

impl Default for Rows {
    fn default() -> Self {
        Self { at: At::Start, row: Row::default(), high: None }
    }
}

impl Rows {
    /// Reads a piece, and hands each row on that it completes.
    ///
    /// # Errors
    /// [`RowError::Unexpected`], or what `each` says.
    pub fn read<E: From<RowError>>(
        &mut self,
        piece: &[u8],
        mut each: impl FnMut(&Row) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rest = piece;
        while let Some((&byte, after)) = rest.split_first() {
            if self.at == At::Text {
                rest = self.text(rest);
                continue;
            }
            rest = after;
            self.at = match (self.at, byte) {
                (At::Escape, _) => self.escaped(byte)?,
                (At::Unicode(count, value), _) => self.digit(count, value, byte)?,
                (At::Null(count), _) => self.letter(count, byte)?,
                (at, b' ' | b'\t' | b'\n' | b'\r') => at,
                (At::Start, b'[') => At::Row(true),
                (At::Row(_), b'[') => At::Value(true),
                (At::Row(true) | At::RowComma, b']') => At::End,
                (At::Value(_), b'"') => At::Text,
                (At::Value(_), b'n') => At::Null(1),
                (At::Comma, b',') => At::Value(false),
                (At::RowComma, b',') => At::Row(false),
                (At::Value(true) | At::Comma, b']') => {
                    each(&self.row)?;
                    self.row.clear();
                    At::RowComma
                }
                _ => return Err(RowError::Unexpected.into()),
            };
        }
        Ok(())
    }

    /// Ends the chunk.
    ///
    /// # Errors
    /// [`RowError::CutOff`] within it.
    pub fn end(&mut self) -> Result<(), RowError> {
        if self.at == At::End {
            *self = Self::default();
            return Ok(());
        }
        Err(RowError::CutOff)
    }

    /// Text up to its end or to an escape; answers what comes after.
    fn text<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let at = memchr2(b'"', b'\\', bytes);
        let (text, rest) = bytes.split_at_checked(at.unwrap_or(bytes.len())).unwrap_or((bytes, &[]));
        if !text.is_empty() {
            self.half_is_alone();
            self.row.text.extend_from_slice(text);
        }
        match rest.split_first() {
            Some((b'"', after)) => {
                self.half_is_alone();
                self.row.ends.push((self.row.text.len(), false));
                self.at = At::Comma;
                after
            }
            Some((_, after)) => {
                self.at = At::Escape;
                after
            }
            None => rest,
        }
    }

    fn escaped(&mut self, byte: u8) -> Result<At, RowError> {
        let byte = match byte {
            b'u' => return Ok(At::Unicode(0, 0)),
            b'"' | b'\\' | b'/' => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            _ => return Err(RowError::Unexpected),
        };
        self.half_is_alone();
        self.row.text.push(byte);
        Ok(At::Text)
    }

    fn digit(&mut self, count: u8, value: u16, byte: u8) -> Result<At, RowError> {
        let digit = char::from(byte).to_digit(16).and_then(|digit| u16::try_from(digit).ok());
        let value = value << 4 | digit.ok_or(RowError::Unexpected)?;
        if count < 3 {
            return Ok(At::Unicode(count + 1, value));
        }
        match (self.high.take(), value) {
            (Some(high), 0xDC00..=0xDFFF) => self.push(char::decode_utf16([high, value]).next().and_then(Result::ok)),
            (None, 0xD800..=0xDBFF) => self.high = Some(value),
            (Some(_), 0xD800..=0xDBFF) => {
                self.push(None);
                self.high = Some(value);
            }
            (half, _) => {
                if half.is_some() {
                    self.push(None);
                }
                self.push(char::from_u32(value.into()));
            }
        }
        Ok(At::Text)
    }

    fn letter(&mut self, count: u8, byte: u8) -> Result<At, RowError> {
        if b"null".get(usize::from(count)) != Some(&byte) {
            return Err(RowError::Unexpected);
        }
        if count < 3 {
            return Ok(At::Null(count + 1));
        }
        self.row.push(None);
        Ok(At::Comma)
    }

    /// A half of a character that the other half does not follow is none.
    fn half_is_alone(&mut self) {
        if self.high.take().is_some() {
            self.push(None);
        }
    }

    fn push(&mut self, c: Option<char>) {
        let mut buffer = [0; 4];
        let text = c.unwrap_or(char::REPLACEMENT_CHARACTER).encode_utf8(&mut buffer);
        self.row.text.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Values = Vec<Vec<Option<String>>>;

    /// The rows in a text that comes in pieces of this length.
    fn read(text: &str, length: usize) -> Result<Values, RowError> {
        let (mut rows, mut all) = (Rows::default(), Vec::new());
        for piece in text.as_bytes().chunks(length) {
            rows.read(piece, |row| {
                let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
                all.push(row.values().map(|value| value.map(text)).collect());
                Ok::<(), RowError>(())
            })?;
        }
        rows.end().map(|()| all)
    }

    #[test]
    fn what_is_no_row_is_an_error_and_never_fewer_rows() {
        for bad in [
            "[[1]]",
            "[[true]]",
            "{}",
            "[[\"a\"] [\"b\"]]",
            "[[\"a\",]]",
            "[[\"a\"],]",
            "[[nul]]",
            "[[\"\\x\"]]",
            "[]]",
            "[[\"\\u12g4\"]]",
        ] {
            assert_eq!(read(bad, 3), Err(RowError::Unexpected), "{bad}");
        }
        for cut in ["", "[", "[[", "[[\"a", "[[\"a\"", "[[\"a\"]", "[[\"a\"],", "[[null]", "[[\"\\u00"] {
            assert_eq!(read(cut, 2), Err(RowError::CutOff), "{cut}");
        }
    }

    #[test]
    fn halves_of_characters_are_put_together_or_replaced() {
        let text = r#"[["\ud83d\ude00","a\ud83db","\ude00","\ud83d","\ud83d\ud83d\ude00","\ud83d\n"]]"#;
        let expected = ["😀", "a\u{fffd}b", "\u{fffd}", "\u{fffd}", "\u{fffd}😀", "\u{fffd}\n"];
        let expected: Vec<Option<String>> = expected.iter().map(|text| Some((*text).to_owned())).collect();
        for length in [1, 2, 5, 1000] {
            assert_eq!(read(text, length).unwrap(), std::slice::from_ref(&expected));
        }
    }

    proptest! {
        #[test]
        fn rows_are_those_that_were_written(
            values in prop::collection::vec(prop::collection::vec(prop::option::of(any::<String>()), 0..4), 0..6),
            length in 1..40_usize,
        ) {
            let compact = serde_json::to_string(&values).unwrap();
            prop_assert_eq!(read(&compact, length).unwrap(), values.clone());
            let spaced = serde_json::to_string_pretty(&values).unwrap();
            prop_assert_eq!(read(&spaced, length).unwrap(), values);
        }
    }
}
