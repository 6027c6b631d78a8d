//! `tunnel job status`: what became of jobs, all of them in one question.

use clap::Args;

use super::destination::JobDestination;
use super::rows;
use crate::completion;
use crate::error::Result;
use crate::jobs::copies;
use crate::jobs::follow;
use crate::jobs::reference::{JobReference, resolve};
use crate::jobs::script::Script;
use crate::progress::Progress;

/// Which jobs.
#[derive(Debug, Args)]
#[command(
    after_help = "A job that runs on another machine with the same home is \"running on\" that: only there it can be seen whether
it still does.

Examples:
  tunnel job status ID
  tunnel job status nightly-2026-11-27
  tunnel job status ID ID --json | jq -r '.[] | select(.state == \"running\").id'"
)]
pub struct StatusArgs {
    /// Jobs: an id, the beginning of one, a key, or a name.
    #[arg(required = true, value_name = "JOB", add = completion::jobs())]
    pub jobs: Vec<JobReference>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Prints them.
///
/// # Errors
/// When one is not there, or its machine cannot be reached.
pub async fn run(destination: &JobDestination, args: StatusArgs) -> Result<u8> {
    let progress = Progress::default();
    let ids = resolve(destination, &args.jobs, &progress).await?;
    let reported = follow::report(destination, Script::report(Some(&ids)), &progress).await?;
    let report = copies::complete(destination, reported, Some(&ids)).await?;
    rows::print(&report.jobs, args.json)?;
    match follow::missing(&report) {
        Some(error) => Err(error),
        None => Ok(0),
    }
}
