//! `tunnel job clean`: removes the files of jobs that have ended.

use std::time::{Duration, SystemTime};

use clap::Args;

use super::destination::JobDestination;
use crate::error::Result;
use crate::jobs::channel::{Channel, Trouble};
use crate::jobs::copies;
use crate::jobs::destination::Start;
use crate::jobs::follow::{self, Question, ask};
use crate::jobs::id::JobId;
use crate::jobs::job::Job;
use crate::jobs::script::Script;
use crate::print;
use crate::progress::Progress;

/// Which jobs.
#[derive(Debug, Args)]
#[command(after_help = "A running job's files are never removed.

Examples:
  tunnel job clean
  tunnel job clean --older-than 0s ID")]
pub struct CleanArgs {
    /// Time since the end.
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = humantime::parse_duration)]
    pub older_than: Duration,
    /// Only these jobs.
    #[arg(value_name = "ID")]
    pub ids: Vec<JobId>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Removes them, and prints their ids.
///
/// # Errors
/// When the host cannot be reached, or refuses.
pub async fn run(destination: &JobDestination, args: CleanArgs) -> Result<u8> {
    let progress = Progress::default();
    let ids = Some(args.ids.as_slice()).filter(|ids| !ids.is_empty());
    let mut cleaning = Cleaning { script: Script::clean(ids, args.older_than.as_secs()), removed: Vec::new() };
    let is_there = ask(destination, Start::No, &progress, &mut cleaning).await?.is_some();
    let mut removed = cleaning.removed;
    // What its machine has, has a copy as well; a job of a machine that is gone has nothing else.
    let kept = if is_there { follow::report(destination, Script::report(None, false), &progress).await? } else { None };
    let kept = kept.unwrap_or_default();
    let copied = copies::complete(destination, None, ids).await?;
    let is_old = |job: &Job| age_of(job).is_none_or(|age| age >= args.older_than);
    let is_gone = |job: &Job| !kept.jobs.iter().any(|kept| kept.id == job.id);
    for job in copied.jobs.iter().filter(|job| is_gone(job) && is_old(job)) {
        copies::remove(destination, &job.id).await?;
        if !removed.contains(&job.id) {
            removed.push(job.id.clone());
        }
    }
    if args.json {
        print::json(&removed)?;
    } else {
        print::bytes(removed.iter().map(|id| format!("{id}\n")).collect::<String>().as_bytes())?;
    }
    Ok(0)
}

/// How long ago it ended, or it was last heard that it had started.
fn age_of(job: &Job) -> Option<Duration> {
    job.ended_at.or(job.started_at).and_then(|time| SystemTime::now().duration_since(time).ok())
}

struct Cleaning {
    script: Script,
    /// Over a cut connection the answer comes in pieces.
    removed: Vec<JobId>,
}

impl Question for Cleaning {
    type Reply = ();

    fn script(&self) -> Script {
        self.script.clone()
    }

    async fn read(&mut self, channel: &mut Channel) -> Result<(), Trouble> {
        while let Some(line) = channel.line().await? {
            match line.split_once(' ') {
                Some(("removed", id)) => self.removed.extend(id.parse::<JobId>()),
                _ if line == "." => return Ok(()),
                _ => {}
            }
        }
        Err(channel.cut())
    }
}
