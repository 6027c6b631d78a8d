//! `tunnel job cancel`: ends a job, politely and then by force, and says how it ended.

use std::time::Duration;

use clap::Args;

use super::destination::JobDestination;
use super::rows;
use crate::error::{Error, Result};
use crate::jobs::copies;
use crate::jobs::follow;
use crate::jobs::id::JobId;
use crate::jobs::script::Script;
use crate::print;
use crate::progress::Progress;

/// Which job.
#[derive(Debug, Args)]
#[command(after_help = "A job that has ended already stays as it is.

Examples:
  tunnel job cancel ID
  tunnel job cancel --grace 2m ID")]
pub struct CancelArgs {
    /// Id of the job.
    #[arg(value_name = "ID")]
    pub id: JobId,
    /// Time between TERM, to all that the job has started, and KILL.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    pub grace: Duration,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Cancels it, and prints what became of it.
///
/// # Errors
/// When it is not there, its machine cannot be reached, or it does not end.
pub async fn run(destination: &JobDestination, args: CancelArgs) -> Result<u8> {
    let progress = Progress::default();
    progress.stage_on_terminal(format!("ending {}", args.id));
    let grace = args.grace.as_secs_f64().ceil() as u64;
    let reported = follow::report(destination, Script::cancel(&args.id, grace), &progress).await?;
    let report = copies::complete(destination, reported, Some(std::slice::from_ref(&args.id))).await?;
    if let Some(error) = follow::missing(&report) {
        return Err(error);
    }
    let Some(job) = report.jobs.first() else { return Err(Error::new("nothing was said about the job")) };
    if args.json {
        print::json(job)?;
    } else {
        rows::print(&report.jobs, false)?;
    }
    if job.has_ended() { Ok(0) } else { Err(Error::new(format!("job {} has not ended", args.id))) }
}
