//! A write, in the steps in which Spark calls them, each in a process of its own: prepared by the driver, attempts by executors, commit or
//! abort by the driver.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow_pyarrow::PyArrowType;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::{Given, read};
use crate::commit::{self as commits, Batch, Outcome};
use crate::failure::{Failure, Kind, Result};
use crate::job::{Job, Staged};
use crate::options::Options;
use crate::remote::Remote;
use crate::runtime;
use crate::stage::{self, Plan};

/// Looks at everything that can be looked at before the first row: options, columns, the server, the path. Answers false where
/// `if_exists` says that nothing is to be written.
#[pyfunction]
pub(super) fn prepare(
    py: Python<'_>,
    options: Given,
    job: String,
    overwrite: bool,
    schema: PyArrowType<Schema>,
) -> PyResult<bool> {
    let (options, access) = read(options)?;
    let job = Job::new(&options, job, overwrite)?;
    Plan::new(&options)?.check(&Arc::new(schema.0))?;
    let is_wanted = py.detach(|| {
        runtime::wait(async {
            let remote = Remote::connect(&access).await?;
            commits::heal(&remote, &job).await?;
            let is_wanted = is_wanted(&remote, &job, &options).await?;
            remote.close().await;
            Ok(is_wanted)
        })
    })?;
    Ok(is_wanted)
}

async fn is_wanted(remote: &Remote, job: &Job, options: &Options) -> Result<bool> {
    let found = remote.stat(&job.path).await?;
    let if_exists = options.text("if_exists").map(str::to_ascii_lowercase);
    match (if_exists.as_deref(), found) {
        (None | Some("error" | "ignore" | "append" | "overwrite"), None) => Ok(true),
        (Some("ignore"), Some(_)) => Ok(false),
        (Some("error"), Some(_)) => {
            Err(Failure::exists(format!("{} is there, and if_exists is error", job.path.display())))
        }
        (None | Some("append" | "overwrite"), Some(found)) => {
            if found.is_file() && !job.overwrite {
                let text = format!(
                    "{} is a file: it is replaced with mode(\"overwrite\"), and not added to",
                    job.path.display()
                );
                return Err(Failure::exists(text));
            }
            Ok(true)
        }
        (Some(_), _) => Err(options.refused("if_exists", "is neither error nor ignore")),
    }
}

/// One attempt of one task.
#[pyclass(module = "pyspark_sftp._core")]
pub struct Attempt(Mutex<Option<stage::Attempt>>);

#[pymethods]
impl Attempt {
    /// Connects, and makes the attempt's folder. `task` is the partition and the number of the attempt.
    #[new]
    fn new(
        py: Python<'_>,
        options: Given,
        job: String,
        overwrite: bool,
        task: (u32, u64),
        schema: PyArrowType<Schema>,
    ) -> PyResult<Self> {
        let (options, access) = read(options)?;
        let (job, plan) = (Job::new(&options, job, overwrite)?, Plan::new(&options)?);
        let schema = Arc::new(schema.0);
        let attempt = py.detach(|| {
            let remote = runtime::wait(Remote::connect(&access))?;
            stage::Attempt::new(runtime::handle()?, remote, plan, job, task, &schema)
        })?;
        Ok(Self(Mutex::new(Some(attempt))))
    }

    /// Adds rows. After a failure, what was written is removed.
    fn write(&self, py: Python<'_>, batch: PyArrowType<RecordBatch>) -> PyResult<()> {
        py.detach(|| {
            let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let attempt = slot.as_mut().ok_or_else(ended)?;
            attempt.write(&batch.0).map_err(|failure| {
                *slot = None;
                PyErr::from(failure)
            })
        })
    }

    /// Ends it. Answers its files, each as a text for `commit`.
    fn finish(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        py.detach(|| {
            let attempt = self.0.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or_else(ended)?;
            let text = |staged: &Staged| {
                serde_json::to_string(staged).map_err(|error| PyValueError::new_err(error.to_string()))
            };
            attempt.finish()?.iter().map(text).collect()
        })
    }

    /// Gives it up: what was written is removed, as far as the connection allows.
    fn abandon(&self, py: Python<'_>) {
        py.detach(|| drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take()));
    }
}

fn ended() -> PyErr {
    PyValueError::new_err("the attempt has ended")
}

/// Makes all files of the attempts seen, or none. `batch` is a query of streams and the number of its batch. Answers false where that
/// batch was there already.
#[pyfunction]
#[pyo3(signature = (options, job, overwrite, files, batch = None))]
pub(super) fn commit(
    py: Python<'_>,
    options: Given,
    job: String,
    overwrite: bool,
    files: Vec<String>,
    batch: Option<(String, u64)>,
) -> PyResult<bool> {
    let (options, access) = read(options)?;
    let (job, plan) = (Job::new(&options, job, overwrite)?, Plan::new(&options)?);
    let staged = files.iter().map(|text| serde_json::from_str(text).map_err(|error| Failure::value(error.to_string())));
    let staged: Vec<Staged> = staged.collect::<Result<_>>()?;
    let batch = batch.map(|(query, number)| Batch { query, number });
    let is_new = py.detach(|| {
        runtime::wait(async {
            let remote = Remote::connect(&access).await?;
            match commits::commit(&remote, &job, &plan.encoding, &staged, batch.as_ref()).await? {
                Outcome::Done(is_new) => {
                    remote.close().await;
                    Ok(is_new)
                }
                Outcome::Unsure(failure) if failure.kind == Kind::Connection => {
                    let remote = Remote::connect(&access).await?;
                    if commits::settle(&remote, &job).await? { Ok(true) } else { Err(failure) }
                }
                Outcome::Unsure(failure) => Err(failure),
            }
        })
    })?;
    Ok(is_new)
}

/// Removes what a job has written, and what lost ones left.
#[pyfunction]
pub(super) fn abort(py: Python<'_>, options: Given, job: String, overwrite: bool) -> PyResult<()> {
    let (options, access) = read(options)?;
    let job = Job::new(&options, job, overwrite)?;
    py.detach(|| {
        runtime::wait(async {
            let remote = Remote::connect(&access).await?;
            commits::abort(&remote, &job).await?;
            remote.close().await;
            Ok(())
        })
    })?;
    Ok(())
}
