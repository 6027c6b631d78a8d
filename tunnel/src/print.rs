//! What was asked for goes to stdout: text, JSON for programs, tables for people. Words about it go to stderr.

use std::io::{ErrorKind, IsTerminal, Write};
use std::time::SystemTime;

use anstream::{AutoStream, ColorChoice};
use serde::Serialize;

use crate::error::{Context, Error, Result};
use crate::table::{self, Cell, Surface, Tint};
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

/// Writes one JSON value in a line.
///
/// # Errors
/// When stdout cannot be written.
pub fn json_line(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string(value).context(|| "cannot write JSON".to_owned())?;
    bytes(format!("{text}\n").as_bytes())
}

/// A JSON array that is written as its members come: memory holds one of them.
pub struct JsonArray {
    is_empty: bool,
}

impl JsonArray {
    /// Begins one. Nothing is written before the first member.
    pub fn begin() -> Self {
        Self { is_empty: true }
    }

    /// Writes a member, indented.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn add(&mut self, member: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string_pretty(member).context(|| "cannot write JSON".to_owned())?;
        let start = if self.is_empty { "[\n  " } else { ",\n  " };
        self.is_empty = false;
        bytes(format!("{start}{}", text.replace('\n', "\n  ")).as_bytes())
    }

    /// Ends it.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn end(self) -> Result<()> {
        bytes(if self.is_empty { b"[]\n" } else { b"\n]\n" })
    }
}

/// Writes a table: columns by their headings, without lines. On a terminal it is as wide as that.
///
/// # Errors
/// When stdout cannot be written.
pub fn table<const N: usize>(headings: [&str; N], rows: Vec<[Cell; N]>) -> Result<()> {
    bytes(table::text(headings, rows, surface()).as_bytes())
}

/// What stdout is to a table.
pub fn surface() -> Surface {
    let width = is_for_people().then(|| rustix::termios::tcgetwinsize(std::io::stdout()).ok()).flatten();
    let width = width.map(|size| usize::from(size.ws_col)).filter(|width| *width > 0);
    Surface { width, colours: has_colours() }
}

/// Whether stdout is a terminal.
pub fn is_for_people() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether stdout has colours: a terminal that knows them, and neither NO_COLOR nor CLICOLOR=0 is set; CLICOLOR_FORCE has the last word.
fn has_colours() -> bool {
    AutoStream::choice(&std::io::stdout()) != ColorChoice::Never
}

/// These words in this colour, where there are colours.
pub fn painted(tint: Tint, text: &str) -> String {
    if has_colours() { tint.paint(text) } else { text.to_owned() }
}

/// The same on stderr.
pub fn painted_on_stderr(tint: Tint, text: &str) -> String {
    let has_colours = AutoStream::choice(&std::io::stderr()) != ColorChoice::Never;
    if has_colours { tint.paint(text) } else { text.to_owned() }
}

/// A time: how long ago it was, and for programs as RFC 3339 has it.
pub fn time(time: SystemTime) -> String {
    if is_for_people() {
        table::ago(time, SystemTime::now())
    } else {
        humantime::format_rfc3339_seconds(time).to_string()
    }
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
