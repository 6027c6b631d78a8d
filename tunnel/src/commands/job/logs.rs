//! `tunnel job logs`: a job's logs from any byte on, followed over connections that come and go without a byte lost or said twice.

use std::io::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::Serialize;

use super::destination::JobDestination;
use super::rows;
use crate::completion;
use crate::error::{Context, Result};
use crate::jobs::channel::{Channel, Trouble};
use crate::jobs::copies;
use crate::jobs::destination::Start;
use crate::jobs::follow::{self, Conversation, Pace, Question};
use crate::jobs::id::JobId;
use crate::jobs::job::Job;
use crate::jobs::reference::{JobReference, resolve_one};
use crate::jobs::report::{Reader, Report};
use crate::jobs::script::Script;
use crate::print;
use crate::progress::Progress;
use crate::say;

/// How much is read, and said in one piece, at a time.
const CHUNK: usize = 64 * 1024;

/// Which logs.
#[derive(Debug, Args)]
#[command(
    after_help = "With -f the last line on stderr says how the job ended; the code is 0, as long as its logs are shown: that of the job is wait's. When an endpoint's cluster is gone, the last 64 KiB of each log are left.

Examples:
  tunnel job logs ID
  tunnel job logs -f ID
  tunnel job logs --stream stderr --since-offset 4096 ID"
)]
pub struct LogsArgs {
    /// Job: its id, the beginning of it, its key, or its name.
    #[arg(value_name = "JOB", add = completion::jobs())]
    pub job: JobReference,
    /// Go on until the job has ended.
    #[arg(short, long)]
    pub follow: bool,
    /// Byte of the log to begin with: of stdout's, or of the one that is chosen.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub since_offset: u64,
    /// Only this log, on stdout. Else both go where the job wrote them: stdout and stderr.
    #[arg(long, value_enum)]
    pub stream: Option<Stream>,
    /// Print a JSON object a line: pieces of the logs with their offsets, and at last the job.
    #[arg(long)]
    pub json: bool,
}

/// One of a job's logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stream {
    /// What it wrote to stdout.
    Stdout,
    /// What it wrote to stderr.
    Stderr,
}

/// Where the logs stand, and where they go.
struct Sink {
    stdout: Option<u64>,
    stderr: Option<u64>,
    is_one: bool,
    json: bool,
}

impl Sink {
    fn of(args: &LogsArgs) -> Self {
        let wants = |stream| args.stream.is_none_or(|one| one == stream);
        let from = |stream, first| wants(stream).then_some(if first { args.since_offset } else { 0 });
        Self {
            stdout: from(Stream::Stdout, true),
            stderr: from(Stream::Stderr, args.stream.is_some()),
            is_one: args.stream.is_some(),
            json: args.json,
        }
    }

    fn offset(&mut self, stream: Stream) -> &mut Option<u64> {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }

    /// Writes bytes, and remembers that they are written.
    fn take(&mut self, stream: Stream, bytes: &[u8]) -> Result<()> {
        let offset = self.offset(stream).unwrap_or_default();
        let next = offset + u64::try_from(bytes.len()).unwrap_or_default();
        if self.json {
            let name = match stream {
                Stream::Stdout => "stdout",
                Stream::Stderr => "stderr",
            };
            let text = std::str::from_utf8(bytes).ok();
            let base64 = text.is_none().then(|| BASE64_STANDARD.encode(bytes));
            print::json_line(&LogLine::Piece { stream: name, offset, next_offset: next, text, base64 })?;
        } else if stream == Stream::Stdout || self.is_one {
            print::bytes(bytes)?;
        } else {
            let mut stderr = std::io::stderr().lock();
            stderr.write_all(bytes).and_then(|()| stderr.flush()).context(|| "cannot write to stderr".to_owned())?;
        }
        *self.offset(stream) = Some(next);
        Ok(())
    }
}

/// A line of JSON.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(untagged)]
pub enum LogLine<'a> {
    /// Bytes of a log.
    Piece {
        /// `stdout` or `stderr`.
        stream: &'a str,
        /// Where they begin in the log.
        offset: u64,
        /// Where they end.
        next_offset: u64,
        /// What they say,
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<&'a str>,
        /// or, where that is no UTF-8, the bytes.
        #[serde(skip_serializing_if = "Option::is_none")]
        base64: Option<String>,
    },
    /// The last line.
    End {
        /// The job.
        job: &'a Job,
    },
}

/// Prints them.
///
/// # Errors
/// When the job is not there, its machine cannot be reached, or the logs cannot be written here.
pub async fn run(destination: &JobDestination, args: LogsArgs) -> Result<u8> {
    let progress = Progress::default();
    let id = resolve_one(destination, &args.job, &progress).await?;
    let mut reading = Reading { id, sink: Sink::of(&args), report: Report::default() };
    let mut conversation = Conversation::new(destination, Start::No, &progress);
    let mut pace = Pace::begin();
    let report = loop {
        match conversation.ask(&mut reading).await? {
            Some(report) if report.missing.is_empty() => {
                if !args.follow || report.jobs.iter().all(Job::has_ended) {
                    break report;
                }
            }
            _ => break from_copy(destination, &reading.id, &mut reading.sink).await?,
        }
        pace.pause().await;
    };
    progress.done();
    if let Some(error) = follow::missing(&report) {
        return Err(error);
    }
    if let Some(job) = report.jobs.first() {
        if args.json {
            print::json_line(&LogLine::End { job })?;
        } else if args.follow {
            say!("tunnel: job {} {}", job.id, rows::ending(job));
        }
    }
    Ok(0)
}

struct Reading {
    id: JobId,
    sink: Sink,
    report: Report,
}

impl Question for Reading {
    type Reply = Report;

    fn script(&self) -> Script {
        Script::logs(&self.id, self.sink.stdout, self.sink.stderr)
    }

    async fn read(&mut self, channel: &mut Channel) -> Result<Report, Trouble> {
        let mut reader = Reader::default();
        while let Some(line) = channel.line().await? {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["data", name, offset, size] => {
                    let (Some(stream), Ok(offset), Ok(size)) = (stream(name), offset.parse::<u64>(), size.parse())
                    else {
                        return Err(channel.cut());
                    };
                    if *self.sink.offset(stream) != Some(offset) {
                        return Err(channel.cut());
                    }
                    data(channel, &mut self.sink, stream, size).await?;
                }
                ["shrunk", name, size] => {
                    if let (Some(stream), Ok(size)) = (stream(name), size.parse()) {
                        *self.sink.offset(stream) = Some(size);
                        say!("tunnel: the job cut its {name} log to {size} bytes");
                    }
                }
                ["all"] => return Ok(std::mem::take(&mut self.report)),
                _ => {
                    if let Some(report) = reader.line(&line) {
                        if !report.missing.is_empty() {
                            return Ok(report);
                        }
                        self.report = report;
                    }
                }
            }
        }
        Err(channel.cut())
    }
}

async fn data(channel: &mut Channel, sink: &mut Sink, stream: Stream, mut size: usize) -> Result<(), Trouble> {
    let mut buffer = vec![0; CHUNK.min(size)];
    let mut kept = 0;
    while size > 0 {
        let room = buffer.len().min(size + kept);
        let Some(free) = buffer.get_mut(kept..room) else { break };
        let read = channel.bytes(free).await?;
        size -= read;
        kept += read;
        let Some(filled) = buffer.get(..kept) else { break };
        // A piece of JSON does not end inside of a character, if another piece follows.
        let whole = if sink.json && size > 0 { whole_characters(filled) } else { kept };
        let (said, rest) = filled.split_at_checked(whole).unwrap_or((filled, &[]));
        sink.take(stream, said).map_err(Trouble::Refused)?;
        let rest = rest.to_vec();
        kept = rest.len();
        if let Some(start) = buffer.get_mut(..kept) {
            start.copy_from_slice(&rest);
        }
    }
    match channel.line().await? {
        Some(line) if line.is_empty() => Ok(()),
        // The log became shorter while it was read: what follows is not what was announced.
        _ => Err(channel.cut()),
    }
}

/// How many bytes there are without a character that is not complete; all of them, where they are no UTF-8.
fn whole_characters(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => error.valid_up_to(),
        _ => bytes.len(),
    }
}

fn stream(name: &str) -> Option<Stream> {
    Stream::from_str(name, false).ok()
}

async fn from_copy(destination: &JobDestination, id: &JobId, sink: &mut Sink) -> Result<Report> {
    let (report, logs) = copies::logs(destination, id).await?;
    for (stream, tail) in [(Stream::Stdout, logs.stdout), (Stream::Stderr, logs.stderr)] {
        let Some(from) = *sink.offset(stream) else { continue };
        if from < tail.offset {
            say!("tunnel: the machine is gone: of this log there is what follows byte {}", tail.offset);
        }
        let skip = usize::try_from(from.saturating_sub(tail.offset)).unwrap_or(usize::MAX);
        *sink.offset(stream) = Some(from.max(tail.offset));
        sink.take(stream, tail.bytes.get(skip..).unwrap_or_default())?;
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_ends_with_a_whole_character() {
        let check = |bytes: &[u8], expected: usize| assert_eq!(whole_characters(bytes), expected, "{bytes:?}");
        check("aä".as_bytes(), 3);
        check(&"aä".as_bytes()[..2], 1);
        check(&[0xff, 0xfe], 2);
        check(&[0xc3], 1);
        check(b"", 0);
    }
}
