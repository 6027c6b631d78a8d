//! How a result is shown.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use databricks::Client;
use databricks::api::statements::Statement;

use crate::error::{Error, Result};
use crate::pager::Pager;
use crate::sql::arrow::Joined;
use crate::sql::chunks::{Chunks, Piece};
use crate::sql::output::{Output, Written};
use crate::sql::result::{self, Sink, columns, each_row};
use crate::sql::row::Row;
use crate::sql::statement::{ARROW, ROWS};
use crate::sql::writers::{Csv, Json, Writer};
use crate::table::{self, Cell, Surface, Tint};
use crate::{print, say};

/// How a result is shown, and where.
#[derive(Debug, Args)]
pub(super) struct ShownArgs {
    /// How the result is written.
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "table")]
    output: Format,
    /// Print JSON: --output json.
    #[arg(long, conflicts_with = "output")]
    json: bool,
    /// File to write the result to, with access for you alone.
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
}

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Table,
    /// Comma-separated values, with a line of names.
    Csv,
    /// An array of objects.
    Json,
    /// A line with an object each.
    Jsonl,
    /// An Arrow IPC stream.
    Arrow,
}

impl ShownArgs {
    fn format(&self) -> Format {
        if self.json { Format::Json } else { self.output }
    }

    /// What the service is to send.
    pub(super) fn wire_format(&self) -> &'static str {
        if self.format() == Format::Arrow { ARROW } else { ROWS }
    }

    /// Refuses bytes for a terminal, which would take them for its own.
    ///
    /// # Errors
    /// When that is what is asked for.
    pub(super) fn check(&self) -> Result<()> {
        if self.format() == Format::Arrow && self.output_file.is_none() && print::is_for_people() {
            return Err(Error::new("an Arrow stream is nothing for a terminal")
                .way_out("Give a file: --output-file FILE, or a pipe."));
        }
        Ok(())
    }

    /// Shows the result of a statement that has succeeded.
    ///
    /// # Errors
    /// When it cannot be had whole, or not be written.
    pub(super) async fn show(&self, client: &Client, statement: Statement) -> Result<()> {
        let output = Output::open(self.output_file.as_deref()).await?;
        self.show_in(client, statement, output).await
    }

    /// The same, in the person's pager where it goes to a terminal.
    ///
    /// # Errors
    /// As [`Self::show`].
    pub(super) async fn show_paged(&self, client: &Client, statement: Statement) -> Result<()> {
        let has_rows = statement.manifest.as_ref().and_then(|manifest| manifest.total_row_count) != Some(0);
        let mut pager =
            if has_rows && self.output_file.is_none() && print::is_for_people() { Pager::start() } else { None };
        let Some(input) = pager.as_mut().and_then(Pager::input) else { return self.show(client, statement).await };
        let shown = self.show_in(client, statement, Output::to(input)).await;
        if let Some(pager) = pager {
            pager.end().await;
        }
        shown
    }

    async fn show_in(&self, client: &Client, statement: Statement, output: Output) -> Result<()> {
        let is_truncated = result::is_truncated(&statement);
        let sent = statement.manifest.as_ref().map(|manifest| manifest.format.clone()).unwrap_or_default();
        if !sent.is_empty() && sent != self.wire_format() {
            return Err(Error::new(format!("the statement's result is {sent}"))
                .way_out("Its form was chosen when it was run: --output arrow, or another one."));
        }
        let columns = columns(&statement).to_vec();
        match self.format() {
            Format::Table => table_of(client, statement, output, self.output_file.is_none()).await?,
            Format::Csv => written(client, statement, Csv::new(&columns), output).await?,
            Format::Json => written(client, statement, Json::array(&columns), output).await?,
            Format::Jsonl => written(client, statement, Json::lines(&columns), output).await?,
            Format::Arrow => arrow(client, statement, output).await?,
        }
        if is_truncated {
            say!("tunnel: the result is cut off at a limit");
        }
        Ok(())
    }
}

async fn written(client: &Client, statement: Statement, writer: impl Writer, output: Output) -> Result<()> {
    let mut written = Written::begin(writer, output);
    each_row(client, statement, &mut written).await?;
    written.end().await
}

/// Hands on the service's own bytes.
async fn arrow(client: &Client, statement: Statement, mut output: Output) -> Result<()> {
    let not_arrow = |error| Error::new("the result cannot be read").caused_by(error);
    let total = statement.manifest.and_then(|manifest| manifest.total_chunk_count);
    let first = statement.result.unwrap_or_default();
    let total = total.unwrap_or(usize::from(!first.external_links.is_empty()));
    let mut chunks = Chunks::new(client, &statement.statement_id, first.external_links, total);
    let mut joined = Joined::default();
    while let Some(piece) = chunks.next().await? {
        match piece {
            Piece::Bytes(bytes) => joined.read(&bytes, output.buffer()).map_err(not_arrow)?,
            Piece::End => joined.end_of_chunk().map_err(not_arrow)?,
        }
        output.flush().await?;
    }
    if total > 0 {
        joined.end(output.buffer());
    }
    output.end().await
}

async fn table_of(client: &Client, statement: Statement, output: Output, is_stdout: bool) -> Result<()> {
    let headings: Vec<String> = columns(&statement).iter().map(|column| column.name.clone()).collect();
    if headings.is_empty() {
        return Ok(());
    }
    let surface = if is_stdout { print::surface() } else { Surface::default() };
    let mut shown = Table { headings, rows: Vec::new(), size: 0, is_first: true, surface, output };
    each_row(client, statement, &mut shown).await?;
    if !shown.rows.is_empty() || shown.is_first {
        shown.write();
    }
    shown.output.end().await
}

/// Rows of a block: its columns stand below each other.
const BLOCK: usize = 1_000;
/// What the rows of a block may take, in bytes.
const BLOCK_SIZE: usize = 4 * 1024 * 1024;

/// Rows as a table; a long one in blocks, since its widths are known only at its end.
struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<Cell>>,
    size: usize,
    is_first: bool,
    surface: Surface,
    output: Output,
}

impl Table {
    fn write(&mut self) {
        let text = table::rows(self.headings.clone(), std::mem::take(&mut self.rows), self.surface);
        let start: &[u8] = if self.is_first { b"" } else { b"\n" };
        (self.is_first, self.size) = (false, 0);
        let buffer = self.output.buffer();
        buffer.extend_from_slice(start);
        buffer.extend_from_slice(text.as_bytes());
    }
}

impl Sink for Table {
    fn row(&mut self, row: &Row) -> Result<()> {
        let cell = |value: Option<&[u8]>| match value {
            None => Tint::Faint.cell("null"),
            Some(value) => String::from_utf8_lossy(value).into_owned().into(),
        };
        self.rows.push(row.values().map(cell).collect());
        self.size += row.size();
        if self.rows.len() >= BLOCK || self.size >= BLOCK_SIZE {
            self.write();
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        self.output.flush().await
    }
}
