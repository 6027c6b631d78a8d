//! A server for people: what a connection tester asks.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use pyo3::exceptions::PyConnectionError;
use pyo3::prelude::*;

use super::Given;
use crate::remote::Remote;
use crate::runtime;

/// A connection to a server.
#[pyclass(module = "pyspark_sftp._core")]
pub struct Server(Mutex<Option<Remote>>);

/// An entry of a folder: name, whether it is a folder, bytes, seconds since 1970.
type Entry = (String, bool, Option<u64>, Option<u32>);

impl Server {
    fn with<T>(&self, work: impl FnOnce(&Remote) -> crate::failure::Result<T>) -> PyResult<T> {
        let remote = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let remote = remote.as_ref().ok_or_else(|| PyConnectionError::new_err("the connection is closed"))?;
        Ok(work(remote)?)
    }
}

#[pymethods]
impl Server {
    /// Connects, checks the server's key, and logs in.
    #[new]
    fn new(py: Python<'_>, options: Given) -> PyResult<Self> {
        let (_, access) = super::read(options)?;
        let remote = py.detach(|| runtime::wait(Remote::connect(&access)))?;
        Ok(Self(Mutex::new(Some(remote))))
    }

    /// The server's key, as ssh-keygen -l shows it.
    fn fingerprint(&self) -> PyResult<String> {
        self.with(|remote| Ok(remote.fingerprint()))
    }

    /// The entries of a folder, by name.
    fn list(&self, py: Python<'_>, folder: PathBuf) -> PyResult<Vec<Entry>> {
        py.detach(|| {
            self.with(|remote| {
                let entries = runtime::wait(remote.list(&folder))?;
                let entry = |entry: sftp::client::Entry| {
                    let attributes = entry.attributes;
                    let modified = attributes.times.map(|(_, modified)| modified);
                    (entry.name.to_string_lossy().into_owned(), attributes.is_directory(), attributes.size, modified)
                };
                let mut entries: Vec<Entry> = entries.into_iter().map(entry).collect();
                entries.sort_unstable();
                Ok(entries)
            })
        })
    }

    /// A small file's bytes; None where there is none.
    fn read(&self, py: Python<'_>, path: PathBuf) -> PyResult<Option<Vec<u8>>> {
        py.detach(|| self.with(|remote| runtime::wait(remote.get(&path))))
    }

    /// Removes files, of which some may not be there.
    fn remove(&self, py: Python<'_>, paths: Vec<PathBuf>) -> PyResult<()> {
        py.detach(|| self.with(|remote| runtime::wait(remote.remove_all(paths))))
    }

    /// Moves a file, into folders that are made where they are not there. False where there is no such file.
    fn rename(&self, py: Python<'_>, from: PathBuf, to: PathBuf) -> PyResult<bool> {
        py.detach(|| {
            self.with(|remote| {
                runtime::wait(async {
                    if remote.stat(&from).await?.is_none() {
                        return Ok(false);
                    }
                    remote.make_all(to.parent().unwrap_or(Path::new("."))).await?;
                    remote.rename_all([(from, to)]).await?;
                    Ok(true)
                })
            })
        })
    }

    /// Ends the connection.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let remote = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        py.detach(|| {
            runtime::wait(async {
                if let Some(remote) = remote {
                    remote.close().await;
                }
                Ok(())
            })
        })?;
        Ok(())
    }
}
