//! Jobs as people read them.

use std::time::Duration;

use crate::error::Result;
use crate::jobs::job::Job;
use crate::print;

/// Prints jobs: a table, or JSON.
///
/// # Errors
/// When stdout cannot be written.
pub fn print(jobs: &[Job], json: bool) -> Result<()> {
    if json {
        return print::json(&jobs);
    }
    let rows = jobs.iter().map(|job| {
        [
            job.id.to_string(),
            job.name.clone().unwrap_or_default(),
            job.state.word().to_owned(),
            code(job),
            job.started_at.map(|time| humantime::format_rfc3339_seconds(time).to_string()).unwrap_or_default(),
            job.duration_seconds.map(duration).unwrap_or_default(),
            job.status.clone().unwrap_or_default(),
        ]
    });
    print::table(["ID", "NAME", "STATE", "CODE", "STARTED", "DURATION", "STATUS"], rows)
}

/// The code, or the signal's name.
pub fn code(job: &Job) -> String {
    let signal = |number: u8| match nix::sys::signal::Signal::try_from(i32::from(number)) {
        Ok(signal) => signal.as_str().to_owned(),
        Err(_) => format!("signal {number}"),
    };
    job.exit_code.map(|code| code.to_string()).or_else(|| job.signal.map(signal)).unwrap_or_default()
}

/// A time in whole seconds.
pub fn duration(seconds: f64) -> String {
    humantime::format_duration(Duration::from_secs(seconds as u64)).to_string()
}
