//! `tunnel job submit`: starts a job once, however often it is asked to with one key.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::destination::JobDestination;
use super::rows;
use crate::environment;
use crate::error::{Error, Result};
use crate::jobs::channel::{Channel, Trouble};
use crate::jobs::destination::Start;
use crate::jobs::follow::{self, Question, ask};
use crate::jobs::id::JobId;
use crate::jobs::job::Job;
use crate::jobs::payload::Payload;
use crate::jobs::recent::{self, RecentJob};
use crate::jobs::script::Script;
use crate::jobs::spec::NewJob;
use crate::print;
use crate::progress::Progress;
use crate::say;
use crate::table;

/// What to run.
#[derive(Debug, Args)]
#[command(
    after_help = "The job sees LOG_FILE, STATUS_FILE, PID_FILE and JOB_ID. What it writes to STATUS_FILE, status shows: the last line.

Examples:
  tunnel job submit -- python3 train.py --epochs 3
  tunnel job submit --key nightly-2026-11-27 --env RUN=7 --dir /data --timeout 2h -- make all
  tunnel job submit --upload work_script.sh -- bash work_script.sh
  tunnel job submit --shell -- 'make && make install'"
)]
pub struct SubmitArgs {
    /// Name for people.
    #[arg(long)]
    pub name: Option<String>,
    /// Key: submitting again with it gives the same job, and never runs the command twice, until the job is cleaned away.
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub key: Option<String>,
    /// Variable of the job. Without a value it has the one that it has here, which then stands in no argument list.
    #[arg(long = "env", value_name = "NAME[=VALUE]", value_parser = variable)]
    pub environment: Vec<(String, String)>,
    /// Folder to run in; by default the login's, or the one with what is uploaded.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<String>,
    /// Time after which the job is ended: TERM, and ten seconds later KILL.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub timeout: Option<Duration>,
    /// File that the job reads as its stdin; `-` is this program's own.
    #[arg(long, value_name = "FILE")]
    pub stdin: Option<PathBuf>,
    /// File to take along, into a folder of the job's own, which is gone with `clean`. May be given several times.
    #[arg(long, value_name = "FILE")]
    pub upload: Vec<PathBuf>,
    /// The command is one argument, a script for sh.
    #[arg(long)]
    pub shell: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Program to run, with its arguments as they are.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

#[derive(Debug, JsonSchema, Serialize)]
pub(in crate::commands) struct Submitted<'a> {
    id: &'a JobId,
    created: bool,
    host: &'a str,
}

/// Submits, and prints the id.
///
/// # Errors
/// When the job's machine cannot be reached or has no room, a file cannot be read, or the key belongs to another command.
pub async fn run(destination: &JobDestination, args: SubmitArgs) -> Result<u8> {
    let json = args.json;
    let (wanted, payload) = wanted(args)?;
    let (id, digest) = (wanted.id(), wanted.digest(payload.digests()));
    let progress = Progress::default();
    progress.stage_on_terminal("submitting");
    let mut submission = Submission { id, digest, wanted, payload: Arc::new(payload), may_have_begun: false };
    let answer = ask(destination, Start::Yes, &progress, &mut submission).await;
    let Submission { id, wanted, may_have_begun, .. } = submission;
    let (answer, host) = match answer {
        Ok(Some(answer)) => answer,
        Ok(None) => return Err(Error::new("the endpoint's server does not run")),
        Err(error) if may_have_begun => return Err(unknown(&id, wanted.key.as_deref(), error)),
        Err(error) => return Err(error),
    };
    let created = match answer {
        Claimed::Started => true,
        // With an id of its own it is this very job, sent before the connection was cut.
        Claimed::Exists => wanted.key.is_none(),
        Claimed::Other => return Err(other(&id, wanted.key.as_deref())),
    };
    let job = RecentJob { id: id.clone(), name: wanted.name.clone().or_else(|| wanted.key.clone()) };
    destination.remember(|home, label| recent::submitted(home, label, job));
    if json {
        print::json(&Submitted { id: &id, created, host: &host })?;
    } else {
        print::bytes(format!("{id}\n").as_bytes())?;
    }
    if !created && !json {
        say_existing(destination, &id, &progress).await;
    }
    Ok(0)
}

/// Says what became of the job that a key gave back.
async fn say_existing(destination: &JobDestination, id: &JobId, progress: &Progress) {
    let report = follow::report(destination, Script::report(Some(std::slice::from_ref(id))), progress).await;
    let job = report.ok().flatten().and_then(|report| report.jobs.into_iter().next());
    let ending = job.as_ref().map(|job| format!(": it {}{}", rows::ending(job), ago(job))).unwrap_or_default();
    say!("tunnel: the key has a job already, and nothing was started{ending}");
}

fn ago(job: &Job) -> String {
    job.ended_at.map(|at| format!(", {}", table::ago(at, SystemTime::now()))).unwrap_or_default()
}

/// What became of a claim.
enum Claimed {
    Started,
    Exists,
    Other,
}

struct Submission {
    id: JobId,
    digest: String,
    wanted: NewJob,
    payload: Arc<Payload>,
    /// Whether the script was sent, whatever was heard of it.
    may_have_begun: bool,
}

impl Question for Submission {
    type Reply = Claimed;

    fn script(&self) -> Script {
        Script::submit(&self.id, &self.wanted, &self.digest, self.payload.parts())
    }

    fn payload(&self) -> Option<Arc<Payload>> {
        Some(self.payload.clone())
    }

    async fn read(&mut self, channel: &mut Channel) -> Result<Claimed, Trouble> {
        self.may_have_begun = true;
        let claimed = claimed(channel).await;
        // The other side's own words: it has begun nothing.
        if matches!(claimed, Err(Trouble::Refused(_))) {
            self.may_have_begun = false;
        }
        claimed
    }
}

async fn claimed(channel: &mut Channel) -> Result<Claimed, Trouble> {
    while let Some(line) = channel.line().await? {
        match line.as_str() {
            "started" => return Ok(Claimed::Started),
            "exists" => return Ok(Claimed::Exists),
            "other" => return Ok(Claimed::Other),
            _ => {}
        }
    }
    Err(channel.cut())
}

fn wanted(args: SubmitArgs) -> Result<(NewJob, Payload)> {
    let mut payload = Payload::default();
    if let Some(stdin) = &args.stdin {
        payload.stdin(stdin)?;
    }
    for file in &args.upload {
        payload.upload(file)?;
    }
    let command = match (args.shell, args.command.as_slice()) {
        (false, _) => args.command,
        (true, [script]) => vec!["sh".to_owned(), "-c".to_owned(), script.clone()],
        (true, _) => {
            return Err(Error::new("--shell takes one argument, a script")
                .way_out("Quote it: tunnel job submit --shell -- 'make && make install'"));
        }
    };
    if command.first().is_some_and(|program| program.is_empty() || program.starts_with('-')) {
        return Err(
            Error::new("the command begins with an option, or with nothing").way_out("Begin it with a program.")
        );
    }
    let wanted = NewJob {
        name: args.name,
        key: args.key,
        command,
        environment: args.environment,
        folder: args.dir,
        timeout: args.timeout,
        has_files: !args.upload.is_empty(),
    };
    Ok((wanted, payload))
}

fn other(id: &JobId, key: Option<&str>) -> Error {
    Error::new(format!("the key {:?} belongs to another command: job {id}", key.unwrap_or_default()))
        .way_out("Use another key, or the command, variables and files that it was first used with.")
}

/// The way out never runs it a second time.
fn unknown(id: &JobId, key: Option<&str>, error: Error) -> Error {
    let way_out = match key {
        Some(_) => "Submit it again with its key: that never runs it twice.".to_owned(),
        None => format!("Ask before you submit it again: tunnel job status {id}"),
    };
    Error::new(format!("it is not known whether job {id} was started")).caused_by(error).way_out(way_out)
}

/// `NAME=VALUE`, or `NAME` for the value that it has here.
fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, value.to_owned()),
        None => {
            let value = environment::value(text).ok_or_else(|| format!("{text} is not set here, or is no text"))?;
            (text, value)
        }
    };
    if environment::is_name(name) {
        Ok((name.to_owned(), value))
    } else {
        Err(format!("{name:?} is no name of a variable: letters, digits and _"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_has_a_name_and_any_value() {
        let check = |text: &str, expected: Option<(&str, &str)>| {
            let found = variable(text).ok();
            assert_eq!(found.as_ref().map(|(name, value)| (name.as_str(), value.as_str())), expected, "{text}");
        };
        check("A=b=c\n'", Some(("A", "b=c\n'")));
        check("_a1=", Some(("_a1", "")));
        check("1A=b", None);
        check("A-B=c", None);
        check("=c", None);
        check("A;rm=c", None);
        check("NO_SUCH_VARIABLE_IS_SET", None);
    }
}
