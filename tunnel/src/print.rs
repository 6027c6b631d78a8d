//! What was asked for goes to stdout: text, JSON for programs, tables for people. Words about it go to stderr.

use std::io::{ErrorKind, Write};

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use crate::error::{Context, Error, Result};
use crate::words;

/// Writes bytes as they are, at once.
///
/// # Errors
/// When stdout cannot be written.
pub fn bytes(bytes: &[u8]) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Error::unread()),
        written => written.context(|| "cannot write to stdout".to_owned()),
    }
}

/// Writes one JSON value, indented, with a line end.
///
/// # Errors
/// When stdout cannot be written.
pub fn json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value).context(|| "cannot write JSON".to_owned())?;
    bytes(format!("{text}\n").as_bytes())
}

/// Writes a table: columns by their headings, without lines.
///
/// # Errors
/// When stdout cannot be written.
pub fn table<const N: usize>(headings: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> Result<()> {
    bytes(table_text(headings, rows).as_bytes())
}

/// Writes names and values, one pair a line.
///
/// # Errors
/// When stdout cannot be written.
pub fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> Result<()> {
    let rows: Vec<(&str, String)> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    bytes(
        rows.iter()
            .map(|(name, value)| format!("{name:width$}  {}\n", words::in_one_line(value)))
            .collect::<String>()
            .as_bytes(),
    )
}

fn table_text<const N: usize>(headings: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING);
    table.set_header(headings);
    // A name from elsewhere must not speak to the terminal, or begin a line.
    table.add_rows(rows.into_iter().map(|row| row.map(|cell| words::in_one_line(&cell))));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2)).set_cell_alignment(CellAlignment::Left);
    }
    table.to_string().lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_headings_and_no_control_character_passes() {
        let rows = [["a".to_owned(), "long value".to_owned()], ["longer\nname".to_owned(), "\u{1b}[31mred".to_owned()]];
        assert_eq!(
            table_text(["NAME", "VALUE"], rows),
            "NAME         VALUE\na            long value\nlonger name  [31mred\n"
        );
    }
}
