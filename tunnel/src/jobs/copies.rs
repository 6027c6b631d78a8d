//! What stays of an endpoint's jobs when their machine is gone: the server keeps a copy of each in the endpoint's folder in the
//! workspace, with the ends of its logs. Reads them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use databricks::api::workspace;
use serde::{Deserialize, Serialize};

use super::destination::{Copies, Destination};
use super::id::JobId;
use super::job::{Job, JobState};
use super::report::Report;
use crate::error::Result;
use crate::workspace::explain;

/// The most that is kept of a log.
pub const TAIL: u64 = 64 * 1024;

/// A job's copy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JobCopy {
    /// The job, as it was.
    pub job: Job,
    /// The ends of its logs.
    pub logs: Logs,
}

/// The ends of a job's logs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Logs {
    /// Of its stdout.
    pub stdout: Tail,
    /// Of its stderr.
    pub stderr: Tail,
}

/// The end of a log.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Tail {
    /// Its first byte's place in the log.
    pub offset: u64,
    /// The bytes.
    #[serde(with = "as_base64")]
    pub bytes: Vec<u8>,
}

mod as_base64 {
    use super::{BASE64_STANDARD, Deserialize, Engine};

    pub(super) fn serialize<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        BASE64_STANDARD.decode(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// The folder of the copies.
pub fn folder(endpoint_folder: &str) -> String {
    format!("{endpoint_folder}/jobs")
}

/// A copy's file.
pub fn file(endpoint_folder: &str, id: &JobId) -> String {
    format!("{}/{id}.json", folder(endpoint_folder))
}

/// What is known of these jobs, in their order, or of all: what their machine reports, where there was somebody to ask, and of
/// those that it lacks the copies. An earlier machine of the endpoint may have had them.
///
/// # Errors
/// When the workspace refuses.
pub async fn complete(
    destination: &impl Destination,
    reported: Option<Report>,
    ids: Option<&[JobId]>,
) -> Result<Report> {
    let mut report = match reported {
        Some(report) if ids.is_some() && report.missing.is_empty() => return Ok(report),
        reported => reported.unwrap_or_default(),
    };
    let Some(copies) = destination.copies().await? else { return Ok(report) };
    let mut wanted = match ids {
        Some(ids) => ids.to_vec(),
        None => all(&copies).await?,
    };
    wanted.retain(|id| !report.jobs.iter().any(|job| job.id == *id));
    report.missing.clear();
    for id in wanted {
        match read(&copies, &id).await? {
            Some(copy) => report.jobs.push(copy.job),
            None => report.missing.push(id),
        }
    }
    if let Some(ids) = ids {
        report.jobs.sort_by_key(|job| ids.iter().position(|id| *id == job.id));
    }
    Ok(report)
}

/// The end of a job's logs.
///
/// # Errors
/// As [`complete`].
pub async fn logs(destination: &impl Destination, id: &JobId) -> Result<(Report, Logs)> {
    let missing = Report { jobs: Vec::new(), missing: vec![id.clone()] };
    let Some(copies) = destination.copies().await? else { return Ok((missing, Logs::default())) };
    Ok(match read(&copies, id).await? {
        Some(copy) => (Report { jobs: vec![copy.job], missing: Vec::new() }, copy.logs),
        None => (missing, Logs::default()),
    })
}

/// Removes a copy, if there is one.
///
/// # Errors
/// As [`complete`].
pub async fn remove(destination: &impl Destination, id: &JobId) -> Result<()> {
    let Some(copies) = destination.copies().await? else { return Ok(()) };
    let removed = workspace::remove_file(&copies.client, &file(&copies.endpoint_folder, id)).await;
    removed.map_err(|error| explain(error, "a job's copy cannot be removed"))
}

async fn all(copies: &Copies) -> Result<Vec<JobId>> {
    let paths = workspace::list(&copies.client, &folder(&copies.endpoint_folder)).await;
    let paths = paths.map_err(|error| explain(error, "the endpoint's jobs cannot be listed"))?;
    let id = |path: &String| path.rsplit('/').next()?.strip_suffix(".json")?.parse().ok();
    Ok(paths.iter().filter_map(id).collect())
}

/// A copy. Its machine is gone, or has it no more: what had not ended then, nobody knows the end of.
async fn read(copies: &Copies, id: &JobId) -> Result<Option<JobCopy>> {
    let found = workspace::read_file(&copies.client, &file(&copies.endpoint_folder, id)).await;
    let bytes = found.map_err(|error| explain(error, "a job's copy cannot be read"))?;
    let Some(mut copy) = bytes.and_then(|bytes| serde_json::from_slice::<JobCopy>(&bytes).ok()) else {
        return Ok(None);
    };
    if !copy.job.has_ended() {
        copy.job.state = JobState::Lost;
    }
    Ok(Some(copy))
}
