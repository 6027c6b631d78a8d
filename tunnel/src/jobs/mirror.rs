//! What stays of an endpoint's jobs when their machine is gone: the server keeps a copy of each in the endpoint's folder in the
//! workspace, with the ends of its logs. Reads them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use databricks::api::workspace::{Delete, ListObjects};
use databricks::ssh_endpoint::SshEndpoint;
use databricks::{Client, Request};
use serde::{Deserialize, Serialize};

use super::destination::Destination;
use super::id::JobId;
use super::job::{Job, State};
use super::report::Report;
use crate::commands::ready;
use crate::endpoint::direct::Purpose;
use crate::endpoint::start::explain;
use crate::error::Result;

/// The most that is kept of a log.
pub const TAIL: u64 = 64 * 1024;

/// A job's copy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Copy {
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

/// What the copies say of these jobs, or of all.
///
/// # Errors
/// When the workspace refuses.
pub async fn report(destination: &Destination, ids: Option<&[JobId]>) -> Result<Report> {
    let mut report = Report::default();
    let Some((client, endpoint)) = place(destination).await? else { return Ok(report) };
    let ids = match ids {
        Some(ids) => ids.to_vec(),
        None => all(&client, &endpoint).await?,
    };
    for id in ids {
        match read(&client, &endpoint, &id).await? {
            Some(copy) => report.jobs.push(copy.job),
            None => report.missing.push(id),
        }
    }
    Ok(report)
}

/// The same for the jobs that a machine's own report lacks: an earlier machine of the endpoint may have had them.
///
/// # Errors
/// As [`report`].
pub async fn complete(destination: &Destination, mut found: Report) -> Result<Report> {
    if found.missing.is_empty() || matches!(destination, Destination::Host(_)) {
        return Ok(found);
    }
    let copies = report(destination, Some(&found.missing)).await?;
    found.jobs.extend(copies.jobs);
    found.missing = copies.missing;
    Ok(found)
}

/// The copies of jobs that a machine's own report of all its jobs does not have.
///
/// # Errors
/// As [`report`].
pub async fn others(destination: &Destination, found: &mut Report) -> Result<()> {
    let Some((client, endpoint)) = place(destination).await? else { return Ok(()) };
    for id in all(&client, &endpoint).await? {
        if !found.jobs.iter().any(|job| job.id == id)
            && let Some(copy) = read(&client, &endpoint, &id).await?
        {
            found.jobs.push(copy.job);
        }
    }
    Ok(())
}

/// The end of a job's logs.
///
/// # Errors
/// As [`report`].
pub async fn logs(destination: &Destination, id: &JobId) -> Result<(Report, Logs)> {
    let missing = Report { jobs: Vec::new(), missing: vec![id.clone()] };
    let Some((client, endpoint)) = place(destination).await? else { return Ok((missing, Logs::default())) };
    Ok(match read(&client, &endpoint, id).await? {
        Some(copy) => (Report { jobs: vec![copy.job], missing: Vec::new() }, copy.logs),
        None => (missing, Logs::default()),
    })
}

/// Removes a copy, if there is one.
///
/// # Errors
/// As [`report`].
pub async fn remove(destination: &Destination, id: &JobId) -> Result<()> {
    let Some((client, endpoint)) = place(destination).await? else { return Ok(()) };
    delete(&client, &file(&endpoint.directory, id))
        .await
        .map_err(|error| explain(error, "a job's copy cannot be removed"))
}

/// Removes a copy's file, if there is one.
///
/// # Errors
/// When the workspace refuses.
pub async fn delete(client: &Client, path: &str) -> Result<(), databricks::Error> {
    let body = Delete { path: path.to_owned(), recursive: Some(false) };
    match client.send::<()>(Request::post("/api/2.0/workspace/delete").json(&body)?).await {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

async fn place(destination: &Destination) -> Result<Option<(Client, SshEndpoint)>> {
    let Destination::Endpoint(selection, _) = destination else { return Ok(None) };
    let selected = selection.find(Purpose::Look).await?;
    let client = match selected.client {
        Some(client) => client,
        None => ready::client(&selected.endpoint)?,
    };
    Ok(Some((client, selected.endpoint)))
}

async fn all(client: &Client, endpoint: &SshEndpoint) -> Result<Vec<JobId>> {
    let request = Request::get("/api/2.0/workspace/list").query("path", folder(&endpoint.directory));
    let found: ListObjects = match client.send(request).await {
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        found => found.map_err(|error| explain(error, "the endpoint's jobs cannot be listed"))?,
    };
    let id = |path: &str| path.rsplit('/').next()?.strip_suffix(".json")?.parse().ok();
    Ok(found.objects.iter().filter_map(|object| id(&object.path)).collect())
}

/// A copy. Its machine is gone, or has it no more: what had not ended then, nobody knows the end of.
async fn read(client: &Client, endpoint: &SshEndpoint, id: &JobId) -> Result<Option<Copy>> {
    let path = file(&endpoint.directory, id);
    let request = Request::get("/api/2.0/workspace/export").query("path", path).query("direct_download", "true");
    let bytes = match client.send_bytes(request).await {
        Err(error) if error.is_not_found() => return Ok(None),
        found => found.map_err(|error| explain(error, "a job's copy cannot be read"))?,
    };
    let Ok(mut copy) = serde_json::from_slice::<Copy>(&bytes) else { return Ok(None) };
    if !copy.job.has_ended() {
        copy.job.state = State::Lost;
    }
    Ok(Some(copy))
}
