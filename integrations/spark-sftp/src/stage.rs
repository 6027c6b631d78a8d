//! One attempt of one task: rows come in, files stand in the attempt's folder, and nothing is seen by anybody yet.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::SchemaRef;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::encode::{Encoder, Encoding};
use crate::failure::{Failure, Result};
use crate::folders::Folders;
use crate::job::{Job, Staged};
use crate::options::Options;
use crate::remote::{Remote, touch};
use crate::upload::Upload;

/// How often a task says that its job is not lost.
const ALIVE: Duration = Duration::from_secs(30);
/// Files that are open at once: rows of more folders than these close the file that was written to longest ago.
const OPEN: usize = 8;
/// Rows that are encoded between two looks at the size of a file.
const ROWS: usize = 8192;

/// Where files end and others begin.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How rows become files.
    pub encoding: Encoding,
    most_bytes: Option<u64>,
    most_rows: Option<u64>,
    partition_by: Vec<String>,
}

impl Plan {
    /// Reads what the options say.
    ///
    /// # Errors
    /// Where an option is wrong.
    pub fn new(options: &Options) -> Result<Self> {
        let columns = options.text("partition_by").unwrap_or_default().split(',').map(|name| name.trim().to_owned());
        let most_rows = options.number("maxrecordsperfile")?.filter(|rows| *rows > 0);
        let most_bytes = options.size("max_file_size")?;
        if options.flag("single_file", false)? && (most_rows.is_some() || most_bytes.is_some()) {
            return Err(Failure::value("single_file excludes max_file_size and maxRecordsPerFile: there is one file"));
        }
        Ok(Self {
            encoding: Encoding::new(options)?,
            most_bytes,
            most_rows,
            partition_by: columns.filter(|name| !name.is_empty()).collect(),
        })
    }

    /// Whether rows of this schema can be written.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, schema: &SchemaRef) -> Result<()> {
        self.encoding.check(&Folders::new(&self.partition_by, schema)?.schema)
    }
}

/// An attempt.
pub struct Attempt {
    remote: Remote,
    runtime: Handle,
    plan: Plan,
    job: Job,
    folder: PathBuf,
    partition: u32,
    folders: Folders,
    open: Vec<File>,
    /// How many files each folder has.
    numbers: BTreeMap<PathBuf, u32>,
    done: Vec<Staged>,
    alive: JoinHandle<()>,
}

struct File {
    folder: PathBuf,
    name: PathBuf,
    encoder: Encoder,
    rows: u64,
}

impl Attempt {
    /// Begins: its folder is made.
    ///
    /// # Errors
    /// What the server says, or columns that cannot be written.
    pub fn new(
        runtime: Handle,
        remote: Remote,
        plan: Plan,
        job: Job,
        (partition, attempt): (u32, u64),
        schema: &SchemaRef,
    ) -> Result<Self> {
        let folders = Folders::new(&plan.partition_by, schema)?;
        let folder = job.attempt(partition, attempt);
        runtime.block_on(remote.make_all(&folder))?;
        let (sftp, beat) = (remote.sftp.clone(), job.folder().join("alive"));
        let alive = runtime.spawn(async move {
            // When the server refuses it, the rows will be refused too.
            while touch(&sftp, &beat).await.is_ok() {
                tokio::time::sleep(ALIVE).await;
            }
        });
        let (open, numbers, done) = (Vec::new(), BTreeMap::new(), Vec::new());
        Ok(Self { remote, runtime, plan, job, folder, partition, folders, open, numbers, done, alive })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// What the server says, or values that the format cannot hold.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        for (folder, rows) in self.folders.split(batch)? {
            for start in (0..rows.num_rows()).step_by(ROWS) {
                let most = self.plan.most_rows.and_then(|rows| usize::try_from(rows).ok()).unwrap_or(ROWS);
                let mut slice = rows.slice(start, ROWS.min(rows.num_rows() - start));
                while slice.num_rows() > 0 {
                    let file = self.file(&folder)?;
                    let room = most.saturating_sub(usize::try_from(file.rows).unwrap_or(most)).max(1);
                    let length =
                        if self.plan.most_rows.is_some() { room.min(slice.num_rows()) } else { slice.num_rows() };
                    self.add(&folder, &slice.slice(0, length))?;
                    slice = slice.slice(length, slice.num_rows() - length);
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, folder: &Path, rows: &RecordBatch) -> Result<()> {
        let (most_rows, most_bytes) = (self.plan.most_rows, self.plan.most_bytes);
        let file = self.file(folder)?;
        file.encoder.write(rows)?;
        file.rows += rows.num_rows() as u64;
        let is_full = most_rows.is_some_and(|most| file.rows >= most)
            || most_bytes.is_some_and(|most| file.encoder.bytes() >= most);
        if is_full { self.close(self.open.len() - 1) } else { Ok(()) }
    }

    /// The file that rows of a folder go to: the last of those that are open.
    fn file(&mut self, folder: &Path) -> Result<&mut File> {
        if let Some(found) = self.open.iter().position(|file| file.folder == folder) {
            let file = self.open.remove(found);
            self.open.push(file);
        } else {
            if self.open.len() == OPEN {
                self.close(0)?;
            }
            let file = self.begin(folder)?;
            self.open.push(file);
        }
        self.open.last_mut().ok_or_else(|| Failure::value("no file is open"))
    }

    fn begin(&mut self, folder: &Path) -> Result<File> {
        let number = self.numbers.entry(folder.to_owned()).or_default();
        let ending = self.plan.encoding.ending();
        let name = folder.join(format!("part-{:05}-{}-c{number:03}{ending}", self.partition, self.job.id));
        let place = self.folder.join(&name);
        if *number == 0 && !folder.as_os_str().is_empty() {
            self.runtime.block_on(self.remote.make_all(&self.folder.join(folder)))?;
        }
        *number += 1;
        let upload = Upload::new(self.runtime.clone(), self.remote.sftp.clone(), place);
        let encoder = self.plan.encoding.begin(&self.folders.schema, upload)?;
        Ok(File { folder: folder.to_owned(), name, encoder, rows: 0 })
    }

    fn close(&mut self, number: usize) -> Result<()> {
        let file = self.open.remove(number);
        let uploaded = file.encoder.finish()?.finish()?;
        let path = self.folder.join(&file.name);
        self.done.push(Staged { path, name: file.name, rows: file.rows, bytes: uploaded.bytes, head: uploaded.head });
        Ok(())
    }

    /// Ends it: all files are there. The first partition has a file even without rows, so that somebody sees its columns.
    ///
    /// # Errors
    /// What the server says.
    pub fn finish(mut self) -> Result<Vec<Staged>> {
        if self.partition == 0 && self.done.is_empty() && self.open.is_empty() && self.plan.partition_by.is_empty() {
            self.file(Path::new(""))?;
        }
        while !self.open.is_empty() {
            self.close(0)?;
        }
        self.alive.abort();
        Ok(std::mem::take(&mut self.done))
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.alive.abort();
    }
}

/// The rows of a batch at these places.
///
/// # Errors
/// Where Arrow cannot do it.
pub(crate) fn rows(batch: &RecordBatch, places: Vec<u32>) -> Result<RecordBatch> {
    Ok(take_record_batch(batch, &UInt32Array::from(places))?)
}
