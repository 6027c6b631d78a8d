//! A read: which files, which columns, and their rows.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayData, RecordBatch, make_array};
use arrow::datatypes::{Schema, SchemaRef};
use arrow_pyarrow::PyArrowType;
use pyo3::prelude::*;

use super::{Given, read};
use crate::commit;
use crate::decode::{Batches, Decoding, Filter};
use crate::download::Remotely;
use crate::failure::{Failure, Kind, Result};
use crate::job::Job;
use crate::remote::Remote;
use crate::runtime;
use crate::scan::{Found, Scan};

/// How many files without rows are looked at for columns.
const LOOKED_AT: usize = 100;

/// A file: its path, bytes, and seconds since 1970 of its last change.
type File = (PathBuf, u64, u32);

/// A part of a file: the file, and from which byte to which.
type Part = (File, u64, u64);

/// A filter: the column, the word for what is asked of it, and the values that it is compared with.
type Asked = (String, String, PyArrowType<ArrayData>);

/// How many bytes of a file a task reads where `maxPartitionBytes` says nothing: Spark's own figure (spark.sql.files.maxPartitionBytes).
const PART: u64 = 128 << 20;

/// The files that the options name, in the order of their paths.
#[pyfunction]
pub(super) fn scan(py: Python<'_>, options: Given) -> PyResult<Vec<File>> {
    let (options, access) = read(options)?;
    let scan = Scan::new(&options)?;
    let files = py.detach(|| {
        runtime::wait(async {
            let remote = Remote::connect(&access).await?;
            let files = match scan.files(&remote).await {
                Err(failure) if failure.kind == Kind::Missing && !scan.is_pattern() => {
                    // A folder may be away because whoever replaced it died at that.
                    let job = Job::of_reader(&options)?;
                    commit::heal(&remote, &job).await.map_err(|_| failure)?;
                    scan.files(&remote).await
                }
                files => files,
            }?;
            remote.close().await;
            Ok(files)
        })
    })?;
    let file = |Found { path, size, modified }| (path, size, modified);
    Ok(files.into_iter().map(file).collect())
}

/// Where folders with `name=value` begin.
#[pyfunction]
pub(super) fn root(options: Given) -> PyResult<PathBuf> {
    let (options, _) = read(options)?;
    Ok(Scan::new(&options)?.root())
}

/// The columns of the first of these files that has rows to tell their types by.
#[pyfunction]
pub(super) fn infer(py: Python<'_>, options: Given, files: Vec<File>) -> PyResult<PyArrowType<Schema>> {
    let (options, access) = read(options)?;
    let decoding = Decoding::new(&options)?;
    let schema = py.detach(|| {
        let remote = runtime::wait(Remote::connect(&access))?;
        let mut known = None;
        for (path, size, _) in files.into_iter().take(LOOKED_AT) {
            let found = decoding.infer(&Remotely::new(runtime::handle()?, remote.sftp.clone(), &path, size));
            let (schema, has_rows) = found.map_err(|failure| failure.while_doing(&path.display().to_string()))?;
            known = if has_rows { schema } else { known.or(schema) };
            if has_rows {
                break;
            }
        }
        known.ok_or_else(|| Failure::value("no file has a line to find columns by: give .schema(…)"))
    })?;
    Ok(PyArrowType(schema))
}

/// Bytes of a task.
#[pyfunction]
pub(super) fn part_size(options: Given) -> PyResult<u64> {
    let (options, _) = read(options)?;
    Ok(options.size("maxpartitionbytes")?.unwrap_or(PART))
}

/// Whether a file of this name can be read in parts.
#[pyfunction]
pub(super) fn can_split(options: Given, name: &str) -> PyResult<bool> {
    let (options, _) = read(options)?;
    Ok(Decoding::new(&options)?.can_split(name))
}

/// The rows of parts of files, batch by batch.
#[pyclass(module = "pyspark_sftp._core")]
pub struct Rows(Mutex<State>);

struct State {
    remote: Remote,
    decoding: Decoding,
    parts: std::iter::Enumerate<std::vec::IntoIter<Part>>,
    schema: SchemaRef,
    filters: Vec<Filter>,
    ignores_missing: bool,
    current: Option<(usize, PathBuf, Batches)>,
}

#[pymethods]
impl Rows {
    /// Connects. Rows that filters exclude need not come.
    #[new]
    fn new(
        py: Python<'_>,
        options: Given,
        parts: Vec<Part>,
        schema: PyArrowType<Schema>,
        filters: Vec<Asked>,
    ) -> PyResult<Self> {
        let (options, access) = read(options)?;
        let decoding = Decoding::new(&options)?;
        let ignores_missing = options.flag("ignoremissingfiles", false)?;
        let filter = |(column, word, values): Asked| Filter::new(column, &word, make_array(values.0));
        let filters = filters.into_iter().map(filter).collect::<Result<_>>()?;
        let remote = py.detach(|| runtime::wait(Remote::connect(&access)))?;
        let (schema, parts) = (Arc::new(schema.0), parts.into_iter().enumerate());
        Ok(Self(Mutex::new(State { remote, decoding, parts, schema, filters, ignores_missing, current: None })))
    }

    /// The next batch, and which part it is of.
    fn next(&self, py: Python<'_>) -> PyResult<Option<(usize, PyArrowType<RecordBatch>)>> {
        let batch = py.detach(|| self.0.lock().unwrap_or_else(PoisonError::into_inner).next())?;
        Ok(batch.map(|(part, batch)| (part, PyArrowType(batch))))
    }
}

impl State {
    fn next(&mut self) -> Result<Option<(usize, RecordBatch)>> {
        loop {
            if let Some((number, path, batches)) = &mut self.current {
                match batches.next() {
                    Some(Ok(batch)) => return Ok(Some((*number, batch))),
                    Some(Err(failure)) if !(self.ignores_missing && failure.kind == Kind::Missing) => {
                        return Err(failure.while_doing(&path.display().to_string()));
                    }
                    Some(Err(_)) | None => self.current = None,
                }
                continue;
            }
            let Some((number, part)) = self.parts.next() else { return Ok(None) };
            let path = part.0.0.clone();
            match self.begin(part) {
                Ok(batches) => self.current = Some((number, path, batches)),
                Err(failure) if self.ignores_missing && failure.kind == Kind::Missing => {}
                Err(failure) => return Err(failure.while_doing(&path.display().to_string())),
            }
        }
    }

    fn begin(&self, ((path, size, modified), from, until): Part) -> Result<Batches> {
        let file = Remotely::new(runtime::handle()?, self.remote.sftp.clone(), Path::new(&path), size);
        self.decoding.read(&file, (from, until), modified, &self.schema, &self.filters)
    }
}
