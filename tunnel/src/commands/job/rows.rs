//! Jobs as people read them.

use std::time::Duration;

use crate::error::Result;
use crate::jobs::job::{Job, JobState};
use crate::print;
use crate::quote;
use crate::table::{Cell, Tint};

/// Letters of an id on a terminal: enough of it to tell a job from others, and to ask for it.
const SHORT: usize = 12;

/// Prints jobs: a table, or JSON.
///
/// # Errors
/// When stdout cannot be written.
pub fn print(jobs: &[Job], json: bool) -> Result<()> {
    if json {
        return print::json(&jobs);
    }
    let headings = ["ID", "NAME", "STATE", "CODE", "STARTED", "DURATION", "STATUS", "KEY", "COMMAND"];
    print::table(headings, jobs.iter().map(row).collect())
}

fn row(job: &Job) -> [Cell; 9] {
    let letters = if print::is_for_people() { SHORT } else { usize::MAX };
    let id: String = job.id.as_str().chars().take(letters).collect();
    let tint = tint(job);
    [
        id.into(),
        job.name.as_deref().unwrap_or_default().into(),
        tint.cell(&state(job)),
        tint.cell(&code(job)),
        job.started_at.map(print::time).unwrap_or_default().into(),
        job.duration_seconds.map(duration).unwrap_or_default().into(),
        job.status.as_deref().unwrap_or_default().into(),
        job.key.as_deref().unwrap_or_default().into(),
        quote::line(&job.command).into(),
    ]
}

fn tint(job: &Job) -> Tint {
    match job.state {
        JobState::Pending | JobState::Running => Tint::Active,
        JobState::Exited if job.exit_code == Some(0) => Tint::Good,
        JobState::Cancelled => Tint::Faint,
        JobState::Exited | JobState::Signaled | JobState::TimedOut | JobState::Lost => Tint::Bad,
    }
}

/// What became of it, and where it runs if that is not here.
pub fn state(job: &Job) -> String {
    let word = job.state.word();
    job.elsewhere.as_ref().map_or_else(|| word.to_owned(), |node| format!("{word} on {node}"))
}

/// How a job ended, in a few words: `exited after 3s: 0`.
pub fn ending(job: &Job) -> String {
    let after = job.duration_seconds.map(|seconds| format!(" after {}", duration(seconds))).unwrap_or_default();
    match job.state {
        JobState::Lost => "is lost: nobody knows how it ended".to_owned(),
        _ if !job.has_ended() => format!("{}{}", state(job), after.replace("after", "for")),
        _ => format!("{}{after}: {}", state(job), code(job)),
    }
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
