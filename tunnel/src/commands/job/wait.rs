//! `tunnel job wait`: stays until jobs have ended, over connections that come and go.

use clap::Args;

use super::destination::JobDestination;
use super::rows;
use crate::error::{Error, Result};
use crate::jobs::channel::{Channel, Trouble};
use crate::jobs::copies;
use crate::jobs::destination::Start;
use crate::jobs::follow::{self, Question, ask, read_report};
use crate::jobs::id::JobId;
use crate::jobs::job::{Job, JobState};
use crate::jobs::report::Report;
use crate::jobs::script::Script;
use crate::progress::Progress;
use crate::say;

/// Which jobs.
#[derive(Debug, Args)]
#[command(
    after_help = "Exits with the job's own code, and of several jobs with that of the first that failed; 128 and its number for a \
signal, 124 when the job's time was up, 125 when it is not known how it ended.

Examples:
  tunnel job wait ID
  tunnel job wait --json ID ID"
)]
pub struct WaitArgs {
    /// Ids of jobs.
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<JobId>,
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
    let is_host = matches!(destination, JobDestination::Host(_));
    let mut waiting = Waiting { script: Script::report(Some(&args.ids), true), progress: &progress, is_host };
    let reported = ask(destination, Start::No, &progress, &mut waiting).await?.map(|(report, _)| report);
    let report = copies::complete(destination, reported, Some(&args.ids)).await?;
    if args.json {
        rows::print(&report.jobs, true)?;
    }
    if let Some(error) = follow::missing(&report) {
        return Err(error);
    }
    for job in &report.jobs {
        say(job);
    }
    Ok(report.jobs.iter().map(Job::wait_code).find(|code| *code != 0).unwrap_or(0))
}

struct Waiting<'a> {
    script: Script,
    progress: &'a Progress,
    /// Whether nobody else can know a job that is not there.
    is_host: bool,
}

impl Question for Waiting<'_> {
    type Reply = Report;

    fn script(&self) -> Script {
        self.script.clone()
    }

    async fn read(&mut self, channel: &mut Channel) -> Result<Report, Trouble> {
        loop {
            let report = read_report(channel).await?;
            let running: Vec<&Job> = report.jobs.iter().filter(|job| !job.has_ended()).collect();
            match running.as_slice() {
                [] => return Ok(report),
                _ if self.is_host && !report.missing.is_empty() => return Ok(report),
                [job] => self.progress.stage_on_terminal(words(job)),
                jobs => self.progress.stage_on_terminal(format!("{} jobs run", jobs.len())),
            }
        }
    }
}

fn words(job: &Job) -> String {
    let name = job.name.as_deref().unwrap_or(job.id.as_str());
    let status = job.status.as_deref().map(|status| format!(": {}", clean(status))).unwrap_or_default();
    format!("{} {}{status}", clean(name), job.state.word())
}

/// Says what a code alone does not.
fn say(job: &Job) {
    let duration =
        job.duration_seconds.map(|seconds| format!(" after {}", rows::duration(seconds))).unwrap_or_default();
    match job.state {
        JobState::Exited if job.exit_code == Some(0) => {}
        JobState::Lost => {
            let error = Error::new(format!("job {} is lost: nobody knows how it ended", job.id))
                .way_out("Its supervisor was killed, or its machine restarted. tunnel job logs shows what it wrote.");
            say!("tunnel: {error}");
        }
        _ => say!("tunnel: job {} {}{duration}: {}", job.id, job.state.word(), rows::code(job)),
    }
}

fn clean(text: &str) -> String {
    text.replace(|c: char| c.is_control(), "?")
}
