//! `tunnel job cancel`: ends a job, politely and then by force, and says how it ended.

use std::time::Duration;

use clap::Args;

use super::destination::JobDestination;
use super::rows;
use crate::completion;
use crate::error::{Error, Result};
use crate::jobs::channel::{Channel, Trouble};
use crate::jobs::copies;
use crate::jobs::destination::Start;
use crate::jobs::follow::{self, Question, ask};
use crate::jobs::reference::{JobReference, resolve_one};
use crate::jobs::report::{Reader, Report};
use crate::jobs::script::Script;
use crate::print;
use crate::progress::Progress;
use crate::say;

/// Which job.
#[derive(Debug, Args)]
#[command(
    after_help = "Ends the job's process group, and what left that (setsid, a daemon), which is found by the job's id in its \
environment: on Linux, and where the job has not emptied the environment or become another user. On an endpoint it is all \
that the job started. A job that has ended already stays as it is; one that runs on another machine with the same home is ended \
from there.

Examples:
  tunnel job cancel ID
  tunnel job cancel --grace 2m nightly-2026-11-27"
)]
pub struct CancelArgs {
    /// Job: its id, the beginning of it, its key, or its name.
    #[arg(value_name = "JOB", add = completion::jobs())]
    pub job: JobReference,
    /// Time between TERM and KILL.
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
    let id = resolve_one(destination, &args.job, &progress).await?;
    progress.stage_on_terminal(format!("ending {id}"));
    let grace = args.grace.as_secs_f64().ceil() as u64;
    let mut ending = Ending { script: Script::cancel(&id, grace), is_group_only: false };
    let reported = ask(destination, Start::No, &progress, &mut ending).await?.map(|(report, _)| report);
    let report = copies::complete(destination, reported, Some(std::slice::from_ref(&id))).await?;
    if let Some(error) = follow::missing(&report) {
        return Err(error);
    }
    let Some(job) = report.jobs.first() else { return Err(Error::new("nothing was said about the job")) };
    if args.json {
        print::json(job)?;
    } else {
        rows::print(&report.jobs, false)?;
    }
    if ending.is_group_only {
        say!("tunnel: what left the job's process group (setsid, a daemon) is not found on its system, and may go on");
    }
    match &job.elsewhere {
        Some(node) => Err(Error::new(format!("job {id} runs on {node}, and cannot be ended from here"))
            .way_out(format!("Cancel it there: tunnel job --host {node} cancel {id}"))),
        None if job.has_ended() => Ok(0),
        None => Err(Error::new(format!("job {id} has not ended"))),
    }
}

struct Ending {
    script: Script,
    /// Whether nothing else than the process group could be looked for.
    is_group_only: bool,
}

impl Question for Ending {
    type Reply = Report;

    fn script(&self) -> Script {
        self.script.clone()
    }

    async fn read(&mut self, channel: &mut Channel) -> Result<Report, Trouble> {
        let mut reader = Reader::default();
        while let Some(line) = channel.line().await? {
            self.is_group_only |= line == "group";
            if let Some(report) = reader.line(&line) {
                return Ok(report);
            }
        }
        Err(channel.cut())
    }
}
