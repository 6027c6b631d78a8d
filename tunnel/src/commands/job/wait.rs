//! `tunnel job wait`: stays until jobs have ended, over connections that come and go.

use clap::Args;

use super::destination::JobDestination;
use super::rows;
use crate::completion;
use crate::error::{Error, Result};
use crate::jobs::copies;
use crate::jobs::destination::Start;
use crate::jobs::follow::{self, Conversation, Look, Pace};
use crate::jobs::id::JobId;
use crate::jobs::job::{Job, JobState};
use crate::jobs::reference::{JobReference, resolve};
use crate::jobs::report::Report;
use crate::jobs::script::Script;
use crate::progress::Progress;
use crate::say;
use crate::words::in_one_line;

/// Which jobs.
#[derive(Debug, Args)]
#[command(
    after_help = "Exits with the job's own code, and of several jobs with that of the first that failed; 128 and its number for a \
signal, 124 when the job's time was up, 125 when it is not known how it ended.

Examples:
  tunnel job wait ID
  tunnel job wait --json ID nightly-2026-11-27"
)]
pub struct WaitArgs {
    /// Jobs: an id, the beginning of one, a key, or a name.
    #[arg(required = true, value_name = "JOB", add = completion::jobs())]
    pub jobs: Vec<JobReference>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Waits, and answers the job's code.
///
/// # Errors
/// When a job is not there, or its machine cannot be reached.
pub async fn run(destination: &JobDestination, args: WaitArgs) -> Result<u8> {
    let progress = Progress::default();
    let ids = resolve(destination, &args.jobs, &progress).await?;
    let reported = until_all_have_ended(destination, &ids, &progress).await?;
    progress.done();
    let report = copies::complete(destination, reported, Some(&ids)).await?;
    if args.json {
        rows::print(&report.jobs, true)?;
    }
    if let Some(error) = follow::missing(&report) {
        return Err(error);
    }
    for job in &report.jobs {
        say(job, args.json);
    }
    Ok(report.jobs.iter().map(Job::wait_code).find(|code| *code != 0).unwrap_or(0))
}

/// Asks now and then. `None` where an endpoint's server does not run (any more).
async fn until_all_have_ended(
    destination: &JobDestination,
    ids: &[JobId],
    progress: &Progress,
) -> Result<Option<Report>> {
    // Nobody else can know a job that is not there.
    let is_host = matches!(destination, JobDestination::Host(_));
    let mut conversation = Conversation::new(destination, Start::No, progress);
    let mut pace = Pace::begin();
    let mut told = None;
    loop {
        let Some(report) = conversation.ask(&mut Look(Script::report(Some(ids)))).await? else { return Ok(None) };
        let running: Vec<&Job> = report.jobs.iter().filter(|job| !job.has_ended()).collect();
        match running.as_slice() {
            [] => return Ok(Some(report)),
            _ if is_host && !report.missing.is_empty() => return Ok(Some(report)),
            [job] => progress.stage_on_terminal(words(job)),
            jobs => progress.stage_on_terminal(format!("{} jobs run", jobs.len())),
        }
        let elsewhere = running.iter().find_map(|job| job.elsewhere.as_ref().map(|node| (&job.id, node)));
        if let (Some((id, node)), None) = (elsewhere, &told) {
            say!(
                "tunnel: job {id} runs on {node}: it is waited for here, but would not be missed if that machine went away"
            );
            told = Some(());
        }
        pace.pause().await;
    }
}

fn words(job: &Job) -> String {
    let name = job.name.as_deref().unwrap_or(job.id.as_str());
    let status = job.status.as_deref().map(|status| format!(": {}", in_one_line(status))).unwrap_or_default();
    format!("{} {}{status}", in_one_line(name), rows::state(job))
}

/// Says how it ended; to programs only what a code alone does not say.
fn say(job: &Job, is_program: bool) {
    match job.state {
        JobState::Exited if job.exit_code == Some(0) && is_program => {}
        JobState::Lost => {
            let error = Error::new(format!("job {} {}", job.id, rows::ending(job)))
                .way_out("Its supervisor was killed, or its machine restarted. tunnel job logs shows what it wrote.");
            say!("tunnel: {error}");
        }
        _ => say!("tunnel: job {} {}", job.id, rows::ending(job)),
    }
}
