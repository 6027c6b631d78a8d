//! A job as people and programs see it.

use std::time::{Duration, SystemTime};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::id::JobId;

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Claimed, and about to start.
    Pending,
    /// It runs.
    Running,
    /// It ended by itself, with a code. Where a shell supervises, a signal is a code of 128 and more.
    Exited,
    /// A signal ended it, which nobody here sent.
    Signaled,
    /// It was cancelled.
    Cancelled,
    /// Its time was up.
    TimedOut,
    /// Nobody knows how it ended: its supervisor was killed, or its machine went away.
    Lost,
}

impl JobState {
    /// The word for it, in the files, in tables and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Exited => "exited",
            Self::Signaled => "signaled",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::Lost => "lost",
        }
    }

    /// The state in which a job has ended, by its word.
    pub fn of_end(word: &str) -> Option<Self> {
        [Self::Exited, Self::Signaled, Self::Cancelled, Self::TimedOut].into_iter().find(|state| state.word() == word)
    }
}

/// A job.
#[derive(Debug, Clone, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// The name that it was given.
    pub name: Option<String>,
    /// The key that it was submitted with.
    pub key: Option<String>,
    /// What runs: a program and its arguments. A very long one is cut.
    pub command: Vec<String>,
    /// What became of it.
    pub state: JobState,
    /// Name of the machine that it runs on, where that is another one that has its files as well: what becomes of it there
    /// cannot be seen before it has ended.
    #[serde(default)]
    pub elsewhere: Option<String>,
    /// The code that its first process ended with.
    pub exit_code: Option<u8>,
    /// The signal that ended its first process.
    pub signal: Option<u8>,
    /// When it started, by its machine's clock.
    #[serde(serialize_with = "time", deserialize_with = "of_time")]
    #[schemars(with = "Option<String>")]
    pub started_at: Option<SystemTime>,
    /// When it ended, by the same.
    #[serde(serialize_with = "time", deserialize_with = "of_time")]
    #[schemars(with = "Option<String>")]
    pub ended_at: Option<SystemTime>,
    /// How long it ran, or has run so far, whatever became of the clock.
    pub duration_seconds: Option<f64>,
    /// The last line that it wrote to STATUS_FILE.
    pub status: Option<String>,
    /// Bytes in its stdout log.
    pub stdout_bytes: u64,
    /// Bytes in its stderr log.
    pub stderr_bytes: u64,
}

impl Job {
    /// Whether it has ended, as far as anybody will ever know.
    pub fn has_ended(&self) -> bool {
        !matches!(self.state, JobState::Pending | JobState::Running)
    }

    /// The code that `wait` ends with: the job's own, 128 and a signal's number, 124 for a time-out, 125 where it is not known.
    /// What was cancelled is no success, whatever code it ended with.
    pub fn wait_code(&self) -> u8 {
        let own = || self.exit_code.or_else(|| self.signal.map(|signal| signal.saturating_add(128)));
        match self.state {
            JobState::Exited | JobState::Signaled => own().unwrap_or(UNKNOWN),
            JobState::Cancelled => own().filter(|code| *code != 0).unwrap_or(143),
            JobState::TimedOut => 124,
            JobState::Pending | JobState::Running | JobState::Lost => UNKNOWN,
        }
    }
}

/// What `wait` ends with when it cannot say how a job ended, as with timeout(1) and docker.
pub const UNKNOWN: u8 = 125;

fn time<S: Serializer>(time: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| humantime::format_rfc3339_seconds(time).to_string()).serialize(serializer)
}

fn of_time<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<SystemTime>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    text.map(|text| humantime::parse_rfc3339_weak(&text).map_err(serde::de::Error::custom)).transpose()
}

/// A time of a machine's clock.
pub fn at(seconds: u64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).filter(|time| {
        // What RFC 3339 can spell.
        *time < SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_800)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(state: JobState, exit_code: Option<u8>, signal: Option<u8>) -> Job {
        Job {
            id: JobId::of_key("a"),
            name: None,
            key: None,
            command: Vec::new(),
            state,
            elsewhere: None,
            exit_code,
            signal,
            started_at: at(1_700_000_000),
            ended_at: None,
            duration_seconds: None,
            status: None,
            stdout_bytes: 0,
            stderr_bytes: 0,
        }
    }

    #[test]
    fn wait_ends_with_the_jobs_own_code() {
        let check = |state, code, signal, expected| assert_eq!(ended(state, code, signal).wait_code(), expected);
        check(JobState::Exited, Some(0), None, 0);
        check(JobState::Exited, Some(123), None, 123);
        check(JobState::Signaled, None, Some(9), 137);
        check(JobState::Cancelled, None, Some(15), 143);
        check(JobState::Cancelled, Some(0), None, 143);
        check(JobState::Cancelled, Some(7), None, 7);
        check(JobState::TimedOut, Some(0), None, 124);
        check(JobState::Lost, None, None, 125);
    }

    #[test]
    fn a_job_comes_back_from_its_json() {
        let job = ended(JobState::TimedOut, Some(1), None);
        let text = serde_json::to_string(&job).unwrap();
        assert!(text.contains(r#""state":"timed_out""#) && text.contains(r#""started_at":"2023-11-14T22:13:20Z""#));
        assert_eq!(serde_json::from_str::<Job>(&text).unwrap(), job);
    }
}
