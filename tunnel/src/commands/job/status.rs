//! `tunnel job status`: what became of jobs, all of them in one question.

use clap::Args;

use super::destination::JobDestination;
use super::rows;
use crate::error::Result;
use crate::jobs::copies;
use crate::jobs::follow;
use crate::jobs::id::JobId;
use crate::jobs::script::Script;
use crate::progress::Progress;

/// Which jobs.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tunnel job status ID
  tunnel job status ID ID --json | jq -r '.[] | select(.state == \"running\").id'")]
pub struct StatusArgs {
    /// Ids of jobs.
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<JobId>,
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
    let reported = follow::report(destination, Script::report(Some(&args.ids), false), &progress).await?;
    let report = copies::complete(destination, reported, Some(&args.ids)).await?;
    rows::print(&report.jobs, args.json)?;
    match follow::missing(&report) {
        Some(error) => Err(error),
        None => Ok(0),
    }
}
