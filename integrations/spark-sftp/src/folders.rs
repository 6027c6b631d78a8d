//! Rows by the values of some columns, each into a folder as Hive names them: `year=2026/city=New%20York`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::failure::{Failure, Result};

/// The folder of rows without a value.
pub const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// How rows go into folders.
pub struct Folders {
    /// The columns that stand in the files.
    pub schema: SchemaRef,
    by: Vec<(String, usize)>,
    rest: Vec<usize>,
}

impl Folders {
    /// By these columns, in this order.
    ///
    /// # Errors
    /// Where one is not there, or no other is left.
    pub fn new(by: &[String], schema: &SchemaRef) -> Result<Self> {
        let place = |name: &String| {
            let found = schema.fields().iter().position(|field| field.name().eq_ignore_ascii_case(name));
            let names = || schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>().join(", ");
            found.map(|place| (name.clone(), place)).ok_or_else(|| {
                Failure::value(format!("the option partition_by names {name}, and the columns are {}", names()))
            })
        };
        let by = by.iter().map(place).collect::<Result<Vec<_>>>()?;
        let is_left = |place: &usize| by.iter().all(|(_, taken)| taken != place);
        let rest: Vec<usize> = (0..schema.fields().len()).filter(is_left).collect();
        if rest.is_empty() {
            return Err(Failure::value("the option partition_by names all columns: none is left for the files"));
        }
        let schema = if by.is_empty() { Arc::clone(schema) } else { Arc::new(Schema::project(schema, &rest)?) };
        Ok(Self { schema, by, rest })
    }

    /// The rows of each folder, in their order.
    ///
    /// # Errors
    /// Where a value has no text.
    pub fn split(&self, batch: &RecordBatch) -> Result<Vec<(PathBuf, RecordBatch)>> {
        if self.by.is_empty() {
            return Ok(vec![(PathBuf::new(), batch.clone())]);
        }
        let options = FormatOptions::default();
        let columns =
            self.by.iter().filter_map(|(name, place)| batch.columns().get(*place).map(|column| (name, column)));
        let columns =
            columns.map(|(name, column)| Ok((escape(name), column, ArrayFormatter::try_new(column, &options)?)));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let mut rows: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        let mut folder = String::new();
        for row in 0..batch.num_rows() {
            folder.clear();
            for (name, column, formatter) in &columns {
                let value = if column.is_null(row) { String::new() } else { formatter.value(row).try_to_string()? };
                let value = if value.is_empty() { NULL.to_owned() } else { escape(&value) };
                let _ = write!(folder, "{name}={value}/");
            }
            let row = u32::try_from(row).map_err(|_| Failure::value("a batch of too many rows"))?;
            match rows.get_mut(&folder) {
                Some(rows) => rows.push(row),
                None => drop(rows.insert(folder.clone(), vec![row])),
            }
        }
        let files = batch.project(&self.rest)?;
        let of_folder =
            |(folder, places): (String, Vec<u32>)| Ok((PathBuf::from(folder), crate::stage::rows(&files, places)?));
        rows.into_iter().map(of_folder).collect()
    }
}

/// A name or value as part of a path: what has a meaning in paths, patterns or Hive becomes `%XX`.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii_control() || "\"#%'*/:=?\\{[]^".contains(letter) {
            let _ = write!(out, "%{:02X}", u32::from(letter));
        } else {
            out.push(letter);
        }
    }
    out
}

/// The text of what [`escape`] made.
pub fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        let code = match (first, more) {
            (b'%', [high, low, ..]) => {
                std::str::from_utf8(&[*high, *low]).ok().and_then(|code| u8::from_str_radix(code, 16).ok())
            }
            _ => None,
        };
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { more.get(2..).unwrap_or_default() } else { more };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int32Array, StringArray};
    use arrow::datatypes::{DataType, Field};

    use super::*;

    #[test]
    fn rows_go_into_folders_and_their_column_out_of_the_files() {
        let schema =
            Schema::new(vec![Field::new("n", DataType::Int32, false), Field::new("city", DataType::Utf8, true)]);
        let cities = StringArray::from(vec![Some("a/b"), None, Some("a/b"), Some("ü")]);
        let batch = RecordBatch::try_new(
            Arc::new(schema),
            vec![Arc::new(Int32Array::from(vec![1, 2, 3, 4])), Arc::new(cities)],
        )
        .unwrap();
        let folders = Folders::new(&["city".to_owned()], &batch.schema()).unwrap();
        let split = folders.split(&batch).unwrap();
        let names: Vec<_> = split
            .iter()
            .map(|(folder, rows)| (folder.to_str().unwrap(), rows.num_rows(), rows.num_columns()))
            .collect();
        assert_eq!(names, [("city=__HIVE_DEFAULT_PARTITION__/", 1, 1), ("city=a%2Fb/", 2, 1), ("city=ü/", 1, 1)]);
        assert!(Folders::new(&["town".to_owned()], &batch.schema()).is_err());
        assert!(Folders::new(&["n".to_owned(), "city".to_owned()], &batch.schema()).is_err());
    }

    #[test]
    fn what_is_escaped_comes_back() {
        for text in ["a/b:c=d", "100%", "%2", "ü%41", "line\nend", ""] {
            assert_eq!(unescape(&escape(text)), text);
        }
    }
}
