//! `tunnel job list`: the jobs of a host.

use std::cmp::Reverse;

use clap::Args;

use super::destination::JobDestination;
use super::rows;
use crate::error::Result;
use crate::jobs::copies;
use crate::jobs::follow;
use crate::jobs::recent;
use crate::jobs::script::Script;
use crate::progress::Progress;
use crate::say;

/// How to list.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tunnel job list
  tunnel job --host build@ci.example.com list --json")]
pub struct ListArgs {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Prints them, the newest first.
///
/// # Errors
/// When the host cannot be reached.
pub async fn run(destination: &JobDestination, args: ListArgs) -> Result<u8> {
    let progress = Progress::default();
    let reported = follow::report(destination, Script::report(None), &progress).await?;
    let mut report = copies::complete(destination, reported, None).await?;
    report.jobs.sort_by_key(|job| Reverse(job.started_at));
    destination.remember(|home, label| recent::listed(home, label, &report.jobs));
    if report.jobs.is_empty() && !args.json {
        say!("tunnel: there are no jobs");
        return Ok(0);
    }
    rows::print(&report.jobs, args.json)?;
    Ok(0)
}
