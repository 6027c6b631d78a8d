//! How people name a job: by its id, the beginning of it, its key, or its name. Which job that is, is decided here, from a list of
//! jobs: nothing that a person types gets into a script.

use std::str::FromStr;

use super::copies;
use super::destination::Destination;
use super::follow;
use super::id::JobId;
use super::job::Job;
use super::script::Script;
use crate::error::{Error, Result};
use crate::progress::Progress;

/// What somebody calls a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobReference(String);

impl FromStr for JobReference {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() { Err("a job has a name that is not empty") } else { Ok(Self(text.to_owned())) }
    }
}

impl JobReference {
    /// The id, where it is one of those that are given here, whole: then nobody needs to be asked.
    fn whole(&self) -> Option<JobId> {
        self.0.parse().ok().filter(JobId::is_whole)
    }

    /// The job that is meant.
    ///
    /// # Errors
    /// When there is none, or several.
    fn find(&self, jobs: &[Job]) -> Result<JobId> {
        let text = self.0.as_str();
        let by: [fn(&Job, &str) -> bool; 4] = [
            |job, text| job.id.as_str() == text,
            |job, text| job.key.as_deref() == Some(text),
            |job, text| job.name.as_deref() == Some(text),
            |job, text| job.id.as_str().starts_with(text),
        ];
        let found = by.iter().map(|is| jobs.iter().filter(|job| is(job, text)).collect::<Vec<_>>());
        match found.into_iter().find(|found| !found.is_empty()).as_deref() {
            None | Some([]) => {
                Err(Error::new(format!("there is no job {text:?} there")).way_out(follow::WHERE_JOBS_ARE))
            }
            Some([job]) => Ok(job.id.clone()),
            Some(several) => {
                let ids: Vec<String> =
                    several.iter().take(10).map(|job| format!("{} ({})", job.id, job.state.word())).collect();
                Err(Error::new(format!("{} jobs there are {text:?}: {}", several.len(), ids.join(", ")))
                    .way_out("Give the id of one, or more of it."))
            }
        }
    }
}

/// The ids of these jobs.
///
/// # Errors
/// When one of them is not there, or several are meant.
pub async fn resolve(
    destination: &impl Destination,
    references: &[JobReference],
    progress: &Progress,
) -> Result<Vec<JobId>> {
    let whole: Vec<JobId> = references.iter().filter_map(JobReference::whole).collect();
    if whole.len() == references.len() {
        return Ok(whole);
    }
    let reported = follow::report(destination, Script::report(None), progress).await?;
    let jobs = copies::complete(destination, reported, None).await?.jobs;
    let find = |reference: &JobReference| reference.whole().map_or_else(|| reference.find(&jobs), Ok);
    references.iter().map(find).collect()
}

/// The id of one job.
///
/// # Errors
/// As [`resolve`].
pub async fn resolve_one(
    destination: &impl Destination,
    reference: &JobReference,
    progress: &Progress,
) -> Result<JobId> {
    let ids = resolve(destination, std::slice::from_ref(reference), progress).await?;
    ids.into_iter().next().ok_or_else(|| Error::new("no job is named"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(id: &str, name: Option<&str>, key: Option<&str>) -> Job {
        let text = serde_json::json!({
            "id": id, "name": name, "key": key, "command": [], "state": "running", "exit_code": null, "signal": null,
            "started_at": null, "ended_at": null, "duration_seconds": null, "status": null, "stdout_bytes": 0, "stderr_bytes": 0,
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn a_job_is_found_by_its_id_its_key_its_name_and_the_beginning_of_its_id() {
        let jobs = [
            job("abcd", Some("train"), None),
            job("abce", Some("train"), Some("nightly")),
            job("f", Some("nightly"), None),
            job("g", Some("it's one"), Some("abcd")),
        ];
        let check = |text: &str, expected: Result<&str, &str>| {
            let found = text.parse::<JobReference>().unwrap().find(&jobs);
            match (found, expected) {
                (Ok(id), Ok(expected)) => assert_eq!(id.as_str(), expected, "{text}"),
                (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
                (found, expected) => panic!("{text}: {found:?}, not {expected:?}"),
            }
        };
        check("abcd", Ok("abcd"));
        check("nightly", Ok("abce"));
        check("it's one", Ok("g"));
        check("abce", Ok("abce"));
        check("f", Ok("f"));
        check("train", Err("2 jobs there are \"train\": abcd (running), abce (running)"));
        check("abc", Err("2 jobs there are \"abc\""));
        check("$(x)", Err("there is no job \"$(x)\" there"));
    }
}
