//! `tunnel job clean`: removes the files of jobs that have ended.

use std::time::{Duration, SystemTime};

use clap::Args;

use super::destination::JobDestination;
use super::rows;
use crate::completion;
use crate::error::{Error, Result};
use crate::jobs::channel::{Channel, Trouble};
use crate::jobs::copies;
use crate::jobs::destination::Start;
use crate::jobs::follow::{self, Question, ask};
use crate::jobs::id::JobId;
use crate::jobs::job::Job;
use crate::jobs::recent;
use crate::jobs::reference::{JobReference, resolve};
use crate::jobs::script::Script;
use crate::print;
use crate::progress::Progress;
use crate::say;
use crate::words::in_one_line;

/// The age of what is removed where no job is named.
const OLD: Duration = Duration::from_secs(7 * 86_400);

/// Which jobs.
#[derive(Debug, Args)]
#[command(
    after_help = "A running job's files are never removed, wherever it runs. What is not removed is said, and of a job that is named \
it is an error.

Examples:
  tunnel job clean
  tunnel job clean ID
  tunnel job clean --older-than 0s"
)]
pub struct CleanArgs {
    /// Time since the end: 7 days, or none where jobs are named.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub older_than: Option<Duration>,
    /// Only these jobs: an id, the beginning of one, a key, or a name.
    #[arg(value_name = "JOB", add = completion::jobs())]
    pub jobs: Vec<JobReference>,
    /// Jobs that are not there are no error.
    #[arg(long)]
    pub ignore_missing: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Removes them, prints their ids, and says which stay.
///
/// # Errors
/// When the host cannot be reached, or refuses, or a job that is named stays.
pub async fn run(destination: &JobDestination, args: CleanArgs) -> Result<u8> {
    let progress = Progress::default();
    let named = resolve(destination, &args.jobs, &progress).await?;
    let ids = Some(named.as_slice()).filter(|ids| !ids.is_empty());
    let age = args.older_than.unwrap_or(if ids.is_some() { Duration::ZERO } else { OLD });
    let mut cleaning = Cleaning { script: Script::clean(ids, age.as_secs()), removed: Vec::new(), kept: Vec::new() };
    let is_there = ask(destination, Start::No, &progress, &mut cleaning).await?.is_some();
    let Cleaning { mut removed, mut kept, .. } = cleaning;
    // What its machine has, has a copy as well; a job of a machine that is gone has nothing else.
    let there = if is_there { follow::report(destination, Script::report(None), &progress).await? } else { None };
    let there = there.unwrap_or_default();
    let copied = copies::complete(destination, None, ids).await?;
    for job in copied.jobs.iter().filter(|job| !there.jobs.iter().any(|there| there.id == job.id)) {
        kept.retain(|(id, _)| *id != job.id);
        if age_of(job).is_none_or(|found| found >= age) {
            copies::remove(destination, &job.id).await?;
            if !removed.contains(&job.id) {
                removed.push(job.id.clone());
            }
        } else {
            kept.push((job.id.clone(), Kept::Young));
        }
    }
    // Over a cut connection it was removed in one answer, and missing in the next.
    kept.retain(|(id, _)| !removed.contains(id));
    destination.remember(|home, label| recent::removed(home, label, &removed));
    if args.ignore_missing {
        kept.retain(|(_, why)| *why != Kept::Missing);
    }
    if args.json {
        print::json(&removed)?;
    } else {
        print::bytes(removed.iter().map(|id| format!("{id}\n")).collect::<String>().as_bytes())?;
    }
    if ids.is_some() {
        return if kept.is_empty() { Ok(0) } else { Err(refusal(&kept, age)) };
    }
    let count = |is: fn(&Kept) -> bool| kept.iter().filter(|(_, kept)| is(kept)).count();
    let young = count(|kept| matches!(kept, Kept::Young));
    say!(
        "tunnel: {} removed; {} run, and {young} ended less than {} ago",
        removed.len(),
        count(|kept| matches!(kept, Kept::Runs | Kept::Elsewhere(_))),
        rows::duration(age.as_secs_f64())
    );
    Ok(0)
}

/// Why a job's files stay.
#[derive(Debug, PartialEq)]
enum Kept {
    Runs,
    Elsewhere(String),
    Young,
    Missing,
}

fn refusal(kept: &[(JobId, Kept)], age: Duration) -> Error {
    let why = kept.iter().map(|(id, kept)| match kept {
        Kept::Runs => format!("job {id} runs"),
        Kept::Elsewhere(node) => format!("job {id} runs on {node}, as far as can be seen from here"),
        Kept::Young => format!("job {id} ended less than {} ago", rows::duration(age.as_secs_f64())),
        Kept::Missing => format!("there is no job {id} there"),
    });
    let error = Error::new(why.collect::<Vec<_>>().join("; "));
    let has = |is: fn(&Kept) -> bool| kept.iter().any(|(_, kept)| is(kept));
    if has(|kept| matches!(kept, Kept::Elsewhere(_))) {
        error.way_out("Clean it there. If that machine is gone for good, remove the job's folder in ~/.tunnel/jobs.")
    } else if has(|kept| *kept == Kept::Runs) {
        error.way_out("tunnel job cancel ends it first.")
    } else {
        error.way_out(follow::WHERE_JOBS_ARE)
    }
}

/// How long ago it ended, or it was last heard that it had started.
fn age_of(job: &Job) -> Option<Duration> {
    job.ended_at.or(job.started_at).and_then(|time| SystemTime::now().duration_since(time).ok())
}

struct Cleaning {
    script: Script,
    /// Over a cut connection the answer comes in pieces.
    removed: Vec<JobId>,
    kept: Vec<(JobId, Kept)>,
}

impl Question for Cleaning {
    type Reply = ();

    fn script(&self) -> Script {
        self.script.clone()
    }

    async fn read(&mut self, channel: &mut Channel) -> Result<(), Trouble> {
        self.kept.clear();
        while let Some(line) = channel.line().await? {
            if line == "." {
                return Ok(());
            }
            let mut words = line.split(' ');
            let (Some(word), Some(Ok(id))) = (words.next(), words.next().map(str::parse::<JobId>)) else { continue };
            match word {
                "removed" => self.removed.push(id),
                "runs" => self.kept.push((id, Kept::Runs)),
                "elsewhere" => self.kept.push((id, Kept::Elsewhere(in_one_line(words.next().unwrap_or_default())))),
                "young" => self.kept.push((id, Kept::Young)),
                "missing" => self.kept.push((id, Kept::Missing)),
                _ => {}
            }
        }
        Err(channel.cut())
    }
}
