//! What came of a statement: its columns, and its rows as they come.

use std::collections::BTreeSet;

use databricks::Client;
use databricks::api::statements::{self, Column, ResultData, Statement};

use super::chunks::{Chunks, Piece};
use super::row::{Row, RowError, Rows};
use crate::error::{Error, Result};
use crate::workspace::refused;

impl From<RowError> for Error {
    fn from(error: RowError) -> Self {
        Self::new("the result cannot be read").caused_by(error)
    }
}

/// The columns of a result.
pub fn columns(statement: &Statement) -> &[Column] {
    let schema = statement.manifest.as_ref().and_then(|manifest| manifest.schema.as_ref());
    schema.map_or(&[], |schema| &schema.columns)
}

/// Names of columns, of which no two are the same: a second `n` is `n_2`.
pub fn distinct_names(columns: &[Column]) -> Vec<String> {
    let all: BTreeSet<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let mut taken = BTreeSet::new();
    let distinct = |column: &Column| {
        let others =
            (2..).map(|number| format!("{}_{number}", column.name)).filter(|name| !all.contains(name.as_str()));
        let name = std::iter::once(column.name.clone()).chain(others).find(|name| !taken.contains(name));
        let name = name.unwrap_or_default();
        taken.insert(name.clone());
        name
    };
    columns.iter().map(distinct).collect()
}

/// Whether the service has cut the result off at a limit.
pub fn is_truncated(statement: &Statement) -> bool {
    statement.manifest.as_ref().and_then(|manifest| manifest.truncated) == Some(true)
}

/// Where rows go.
pub trait Sink {
    /// Takes a row.
    ///
    /// # Errors
    /// When it is not wanted.
    fn row(&mut self, row: &Row) -> Result<()>;

    /// Makes room: it is called every few rows. Whoever collects a few needs none.
    ///
    /// # Errors
    /// When they cannot be written.
    fn flush(&mut self) -> impl Future<Output = Result<()>> {
        std::future::ready(Ok(()))
    }
}

/// Rows of an inline chunk between two calls of [`Sink::flush`].
const ROWS: usize = 1024;

/// What is counted as it comes.
struct Count<'a, S> {
    rows: u64,
    columns: usize,
    sink: &'a mut S,
}

impl<S: Sink> Count<'_, S> {
    fn add(&mut self, row: &Row) -> Result<()> {
        if row.len() != self.columns {
            let (found, expected) = (row.len(), self.columns);
            return Err(Error::new(format!("the service sent a row of {found} values for {expected} columns")));
        }
        self.rows += 1;
        self.sink.row(row)
    }

    async fn inline(&mut self, client: &Client, id: &str, first: ResultData, total: usize) -> Result<()> {
        let mut row = Row::default();
        let mut data = first;
        for index in 0..total {
            if index > 0 {
                let chunk = statements::chunk(client, id, index).await;
                data = chunk.map_err(|error| refused(error, "cannot ask for a part of the result"))?;
            }
            for rows in data.data_array.chunks(ROWS) {
                for values in rows {
                    row.clear();
                    values.iter().for_each(|value| row.push(value.as_deref().map(str::as_bytes)));
                    self.add(&row)?;
                }
                self.sink.flush().await?;
            }
        }
        Ok(())
    }

    async fn linked(&mut self, client: &Client, id: &str, first: ResultData, total: usize) -> Result<()> {
        let mut chunks = Chunks::new(client, id, first.external_links, total);
        let mut rows = Rows::default();
        while let Some(piece) = chunks.next().await? {
            match piece {
                Piece::Bytes(bytes) => rows.read(&bytes, |row| self.add(row))?,
                Piece::End => rows.end()?,
            }
            self.sink.flush().await?;
        }
        Ok(())
    }
}

/// Hands on each row, in order. Memory holds a few pieces of chunks.
///
/// # Errors
/// When a chunk cannot be had, is none, or rows are missing; and what the sink says.
pub async fn each_row(client: &Client, mut statement: Statement, sink: &mut impl Sink) -> Result<()> {
    let manifest = statement.manifest.take().unwrap_or_default();
    let columns = manifest.schema.as_ref().map_or(0, |schema| schema.columns.len());
    let first = statement.result.take();
    let total = manifest.total_chunk_count.unwrap_or(usize::from(first.is_some()));
    let (first, id) = (first.unwrap_or_default(), &statement.statement_id);
    let mut count = Count { rows: 0, columns, sink };
    if first.external_links.is_empty() {
        count.inline(client, id, first, total).await?;
    } else {
        count.linked(client, id, first, total).await?;
    }
    match manifest.total_row_count {
        Some(expected) if expected != count.rows => {
            Err(Error::new(format!("{} of {expected} rows came: the result is not whole", count.rows)))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use databricks::api::statements::{Manifest, ResultSchema};
    use databricks::{Config, Environment};

    use super::*;

    /// Rows as texts.
    #[derive(Default)]
    struct Collected(Vec<String>);

    impl Sink for Collected {
        fn row(&mut self, row: &Row) -> Result<()> {
            let text = |value: Option<&[u8]>| {
                value.map_or("null".to_owned(), |value| String::from_utf8(value.to_vec()).unwrap())
            };
            self.0.push(row.values().map(text).collect::<Vec<_>>().join(","));
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_result_is_whole_or_an_error() {
        let host = Some("http://127.0.0.1:1".to_owned());
        let config = Config { host, token: Some("dapi-secret".to_owned().into()), ..Config::default() };
        let client = Client::with_environment(config, &Environment::default()).unwrap();
        let read = async |rows: &[&[Option<&str>]], total: Option<u64>| {
            let columns = ["a", "b"].map(|name| Column { name: name.to_owned(), ..Column::default() }).to_vec();
            let schema = ResultSchema { column_count: Some(2), columns };
            let manifest = Manifest { schema: Some(schema), total_row_count: total, ..Manifest::default() };
            let row = |row: &&[Option<&str>]| row.iter().map(|value| value.map(str::to_owned)).collect();
            let result = ResultData { data_array: rows.iter().map(row).collect(), ..ResultData::default() };
            let statement = Statement { manifest: Some(manifest), result: Some(result), ..Statement::default() };
            let mut collected = Collected::default();
            each_row(&client, statement, &mut collected).await.map(|()| collected.0).map_err(|error| error.to_string())
        };
        let rows: [&[Option<&str>]; 2] = [&[Some("1"), None], &[Some(""), Some("x")]];
        let both = vec!["1,null".to_owned(), ",x".to_owned()];
        assert_eq!(read(&rows, Some(2)).await, Ok(both.clone()));
        assert_eq!(read(&rows, None).await, Ok(both));
        assert_eq!(read(&[], Some(0)).await, Ok(vec![]));
        assert!(read(&rows, Some(3)).await.unwrap_err().contains("2 of 3 rows came"));
        assert!(read(&[&[Some("1")]], Some(1)).await.unwrap_err().contains("a row of 1 values for 2 columns"));
    }

    #[test]
    fn no_two_columns_have_one_name() {
        let names = |names: &[&str]| {
            let column = |name: &&str| Column { name: (*name).to_owned(), ..Column::default() };
            distinct_names(&names.iter().map(column).collect::<Vec<_>>())
        };
        assert_eq!(names(&["a", "b"]), ["a", "b"]);
        assert_eq!(names(&["a", "a", "a_2", "a"]), ["a", "a_3", "a_2", "a_4"]);
    }
}
