//! Copies of the driver's jobs in the endpoint's folder: a driver's disk goes with its cluster, and people want to know what
//! their job last said.

use std::collections::HashMap;
use std::time::Duration;

use databricks::Client;
use databricks::api::workspace;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

use crate::jobs::copies::{self, JobCopy, Logs, TAIL, Tail};
use crate::jobs::id::JobId;
use crate::jobs::job::Job;
use crate::jobs::local::Jobs;
use crate::server::log_ring::LogRing;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(5);
/// How long the last copies may take when the server ends.
const LAST: Duration = Duration::from_secs(5);

/// Keeps the copies.
pub struct JobCopies {
    client: Client,
    /// The endpoint's folder in the workspace.
    folder: String,
    jobs: Jobs,
    log: LogRing,
    /// What was copied, as it was.
    copied: Mutex<HashMap<JobId, Job>>,
}

impl JobCopies {
    /// Nothing is copied yet.
    pub fn new(client: Client, folder: String, jobs: Jobs, log: LogRing) -> Self {
        Self { client, folder, jobs, log, copied: Mutex::default() }
    }

    /// Copies what changes, until it is dropped.
    pub async fn keep(&self) {
        loop {
            self.copy().await;
            sleep(LOOK).await;
        }
    }

    /// Copies what has changed since, for the last time.
    pub async fn finish(&self) {
        let _ = timeout(LAST, self.copy()).await;
    }

    async fn copy(&self) {
        let mut copied = self.copied.lock().await;
        let ids = self.jobs.ids();
        for id in &ids {
            let Some(job) = self.jobs.look(id) else { continue };
            // A duration grows by itself.
            let seen = |job: &Job| Job { duration_seconds: None, ..job.clone() };
            if copied.get(id).is_some_and(|old| seen(old) == seen(&job)) {
                continue;
            }
            if let Err(error) = self.put(&job).await {
                self.log.warn(format!("job {id} is not copied to the workspace: {error}"));
                return;
            }
            copied.insert(id.clone(), job);
        }
        let gone: Vec<JobId> = copied.keys().filter(|id| !ids.contains(id)).cloned().collect();
        for id in gone {
            if workspace::remove_file(&self.client, &copies::file(&self.folder, &id)).await.is_ok() {
                copied.remove(&id);
            }
        }
    }

    async fn put(&self, job: &Job) -> Result<(), databricks::Error> {
        let tail = |log| {
            let (offset, bytes) = self.jobs.tail(&job.id, log, TAIL);
            Tail { offset, bytes }
        };
        let copy = JobCopy { job: job.clone(), logs: Logs { stdout: tail("stdout"), stderr: tail("stderr") } };
        let bytes = serde_json::to_vec(&copy).unwrap_or_default();
        workspace::write_file(&self.client, &copies::file(&self.folder, &job.id), bytes).await
    }
}
