//! How rows are written: CSV, JSON, JSON lines.

use databricks::api::statements::Column;
use serde_json::value::RawValue;

use super::row::Row;

/// What rows are written as.
pub trait Writer {
    /// What stands before the rows.
    fn begin(&mut self, into: &mut Vec<u8>);
    /// One row.
    fn row(&mut self, row: &Row, into: &mut Vec<u8>);
    /// What stands after them.
    fn end(&mut self, into: &mut Vec<u8>);
}

/// CSV (RFC 4180, with the line ends of Unix) with a line of names. Null is nothing at all, and an empty text is `""`: they stay apart.
pub struct Csv {
    names: Vec<String>,
}

impl Csv {
    /// Of a result with these columns.
    pub fn new(columns: &[Column]) -> Self {
        Self { names: columns.iter().map(|column| column.name.clone()).collect() }
    }

    fn field(value: &[u8], into: &mut Vec<u8>) {
        let is_plain = |byte: &u8| !matches!(byte, b'"' | b',' | b'\n' | b'\r');
        if !value.is_empty() && value.iter().all(is_plain) {
            into.extend_from_slice(value);
            return;
        }
        into.push(b'"');
        for (number, part) in value.split(|byte| *byte == b'"').enumerate() {
            if number > 0 {
                into.extend_from_slice(b"\"\"");
            }
            into.extend_from_slice(part);
        }
        into.push(b'"');
    }
}

impl Writer for Csv {
    fn begin(&mut self, into: &mut Vec<u8>) {
        // A statement without a result has no names either.
        if self.names.is_empty() {
            return;
        }
        for (number, name) in self.names.iter().enumerate() {
            if number > 0 {
                into.push(b',');
            }
            Self::field(name.as_bytes(), into);
        }
        into.push(b'\n');
    }

    fn row(&mut self, row: &Row, into: &mut Vec<u8>) {
        for (number, value) in row.values().enumerate() {
            if number > 0 {
                into.push(b',');
            }
            if let Some(value) = value {
                Self::field(value, into);
            }
        }
        into.push(b'\n');
    }

    fn end(&mut self, _: &mut Vec<u8>) {}
}

/// What a value is in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A number or a truth: as the service writes it, digit for digit.
    Bare,
    /// An array, a map or a struct: JSON already.
    Nested,
    Text,
}

impl Kind {
    /// <https://docs.databricks.com/api/workspace/statementexecution>: `type_name`.
    fn of(column: &Column) -> Self {
        match column.type_name.as_str() {
            "BYTE" | "SHORT" | "INT" | "LONG" | "FLOAT" | "DOUBLE" | "DECIMAL" | "BOOLEAN" => Self::Bare,
            "ARRAY" | "MAP" | "STRUCT" => Self::Nested,
            _ => Self::Text,
        }
    }
}

/// An object a row. Numbers keep their digits, however many.
pub struct Json {
    /// `"name":`, and what its values are.
    columns: Vec<(String, Kind)>,
    /// Whether the objects are the members of an array, or stand in lines of their own.
    is_array: bool,
    is_first: bool,
}

impl Json {
    /// An array of a result with these columns.
    pub fn array(columns: &[Column]) -> Self {
        Self { is_array: true, ..Self::lines(columns) }
    }

    /// A line a row.
    pub fn lines(columns: &[Column]) -> Self {
        let names = super::result::distinct_names(columns);
        let label = |name: &String| format!("{}:", serde_json::to_string(name).unwrap_or_default());
        let columns = names.iter().map(label).zip(columns.iter().map(Kind::of)).collect();
        Self { columns, is_array: false, is_first: true }
    }
}

impl Writer for Json {
    fn begin(&mut self, into: &mut Vec<u8>) {
        if self.is_array {
            into.push(b'[');
        }
    }

    fn row(&mut self, row: &Row, into: &mut Vec<u8>) {
        if self.is_array {
            into.extend_from_slice(if self.is_first { b"\n  " } else { b",\n  " });
        }
        self.is_first = false;
        into.push(b'{');
        for (number, ((label, kind), value)) in self.columns.iter().zip(row.values()).enumerate() {
            if number > 0 {
                into.push(b',');
            }
            into.extend_from_slice(label.as_bytes());
            json_value(value, *kind, into);
        }
        into.push(b'}');
        if !self.is_array {
            into.push(b'\n');
        }
    }

    fn end(&mut self, into: &mut Vec<u8>) {
        if self.is_array {
            into.extend_from_slice(if self.is_first { b"]\n" } else { b"\n]\n" });
        }
    }
}

fn json_value(value: Option<&[u8]>, kind: Kind, into: &mut Vec<u8>) {
    let Some(value) = value else {
        into.extend_from_slice(b"null");
        return;
    };
    let text = String::from_utf8_lossy(value);
    // What is no JSON after all, as NaN, is text.
    let is_json = match kind {
        Kind::Text => false,
        Kind::Bare => is_number(&text) || matches!(text.as_ref(), "true" | "false"),
        Kind::Nested => serde_json::from_str::<&RawValue>(&text).is_ok(),
    };
    if is_json {
        into.extend_from_slice(value);
    } else if let Ok(quoted) = serde_json::to_vec(&text) {
        into.extend_from_slice(&quoted);
    }
}

/// Whether a text is a number of JSON (RFC 8259 section 6).
fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) && serde_json::from_str::<&RawValue>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(of: &[(&str, &str)]) -> Vec<Column> {
        let column = |(name, kind): &(&str, &str)| Column {
            name: (*name).to_owned(),
            type_name: (*kind).to_owned(),
            ..Column::default()
        };
        of.iter().map(column).collect()
    }

    fn written(mut writer: impl Writer, rows: &[&[Option<&str>]]) -> String {
        let mut bytes = Vec::new();
        writer.begin(&mut bytes);
        for values in rows {
            let mut row = Row::default();
            values.iter().for_each(|value| row.push(value.map(str::as_bytes)));
            writer.row(&row, &mut bytes);
        }
        writer.end(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn csv_quotes_what_must_be_quoted_and_tells_null_from_nothing() {
        let columns = columns(&[("a", "STRING"), ("b,c", "INT")]);
        let rows: [&[Option<&str>]; 4] =
            [&[Some("x"), Some("1")], &[Some("a\"b"), None], &[Some(""), Some("l\nm")], &[None, Some("é,\r")]];
        assert_eq!(written(Csv::new(&columns), &rows), "a,\"b,c\"\nx,1\n\"a\"\"b\",\n\"\",\"l\nm\"\n,\"é,\r\"\n");
        assert_eq!(written(Csv::new(&columns), &[]), "a,\"b,c\"\n");
        assert_eq!(written(Csv::new(&[]), &[]), "");
    }

    #[test]
    fn json_keeps_every_digit_and_what_is_no_number_is_text() {
        let columns = columns(&[("n", "LONG"), ("d", "DOUBLE"), ("s", "STRING"), ("j", "STRUCT"), ("n", "BOOLEAN")]);
        let rows: [&[Option<&str>]; 2] = [
            &[Some("9223372036854775807"), Some("NaN"), Some("1"), Some("{\"a\":[1]}"), Some("true")],
            &[None, Some("1.10E-3"), Some("\"\u{1}"), Some("{a}"), Some("maybe")],
        ];
        let lines = concat!(
            r#"{"n":9223372036854775807,"d":"NaN","s":"1","j":{"a":[1]},"n_2":true}"#,
            "\n",
            r#"{"n":null,"d":1.10E-3,"s":"\"\u0001","j":"{a}","n_2":"maybe"}"#,
            "\n"
        );
        assert_eq!(written(Json::lines(&columns), &rows), lines);
        let array: Vec<serde_json::Value> = serde_json::from_str(&written(Json::array(&columns), &rows)).unwrap();
        assert_eq!(array.len(), 2);
        assert_eq!(written(Json::array(&columns), &[]), "[]\n");
    }
}
