//! The columns of files that do not say their types.

use std::io::{BufReader, Read};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::json::reader::infer_json_schema;

use super::csv::Dialect;
use crate::failure::Result;

/// Bytes of a file that are looked at.
pub(super) const SAMPLE: u64 = 1024 * 1024;
/// Rows that are looked at.
const ROWS: usize = 1000;

/// By the first line of a CSV file, and with `infers` by the values of the first rows: without, all are texts, as in Spark.
pub(super) fn csv(bytes: Box<dyn Read + Send>, dialect: &Dialect, infers: bool) -> Result<(Option<Schema>, bool)> {
    let mut records = dialect.records(bytes);
    let Some(first) = records.next()? else { return Ok((None, false)) };
    let width = first.len();
    let name = |number: usize| match first.get(number) {
        Some(name) if dialect.header => name.to_owned(),
        _ => format!("_c{number}"),
    };
    let names: Vec<String> = (0..width).map(name).collect();
    let mut values: Vec<Vec<Option<String>>> = vec![Vec::new(); width];
    let row = |values: &mut Vec<Vec<Option<String>>>, record: &dyn Fn(usize) -> Option<String>| {
        for (number, column) in values.iter_mut().enumerate() {
            column.push(record(number));
        }
    };
    if !dialect.header {
        row(&mut values, &|number| first.get(number).map(str::to_owned));
    }
    for _ in 0..if infers { ROWS } else { 0 } {
        let Some(record) = records.next()? else { break };
        row(&mut values, &|number| record.get(number).map(str::to_owned));
    }
    let has_rows = !infers || values.iter().any(|column| !column.is_empty());
    let fields = names.into_iter().zip(values).map(|(name, values)| {
        let data_type = if infers { of(&(Arc::new(StringArray::from(values)) as ArrayRef)) } else { DataType::Utf8 };
        Field::new(name, data_type, true)
    });
    Ok((Some(Schema::new(fields.collect::<Vec<_>>())), has_rows))
}

/// The first type that all texts are values of.
fn of(texts: &ArrayRef) -> DataType {
    let types = [
        DataType::Int32,
        DataType::Int64,
        DataType::Float64,
        DataType::Boolean,
        DataType::Date32,
        DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
    ];
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    // A time would be taken for its day.
    let is_short = texts.as_string::<i32>().iter().flatten().all(|text| text.len() == "2026-11-30".len());
    let fits = |data_type: &DataType| {
        (*data_type != DataType::Date32 || is_short) && cast_with_options(texts, data_type, &strict).is_ok()
    };
    let found = if texts.null_count() == texts.len() { None } else { types.into_iter().find(fits) };
    found.unwrap_or(DataType::Utf8)
}

/// By the first objects of a JSON file.
pub(super) fn json(bytes: Box<dyn Read + Send>) -> Result<(Option<Schema>, bool)> {
    let (schema, rows) =
        infer_json_schema(BufReader::new(bytes), Some(ROWS)).map_err(|error| super::failure(&error))?;
    Ok(if rows == 0 { (None, false) } else { (Some(schema), true) })
}
