//! Jobs at an SSH endpoint, as `tunnel job … --json` shows them: one function for each thing that is done with one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use ssh_endpoint::SshEndpoint;
use tfplugin::{Call, Error, Result};

use super::log_tail::Redaction;
use super::secret_environment::{Secrets, carriers, wrapped};
use super::tunnel_program::{Ask, Ending, Said, TunnelProgram};
use crate::clients::Workspace;

/// A wait that lasted so long had a connection. It is begun again, with a fresh token: those of service principals live an hour.
const LASTING: Duration = Duration::from_secs(60);
/// Seconds between waits that fail at once: the job runs, and a busy endpoint has room again soon.
const PAUSES: [u64; 5] = [1, 2, 4, 8, 16];

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Pending,
    Running,
    Exited,
    Signaled,
    Cancelled,
    TimedOut,
    Lost,
}

impl State {
    /// The word for it, in tunnel's JSON and in Terraform's state.
    pub(super) fn word(self) -> &'static str {
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

    /// Whether a job of this state, by its word, has ended.
    pub(super) fn is_end(word: &str) -> bool {
        !word.is_empty() && ![Self::Pending, Self::Running].iter().any(|state| state.word() == word)
    }
}

/// A job.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) key: Option<String>,
    pub(super) state: State,
    pub(super) exit_code: Option<i64>,
    pub(super) signal: Option<i64>,
    pub(super) started_at: Option<String>,
    pub(super) duration_seconds: Option<f64>,
    /// The last line that it wrote to STATUS_FILE.
    pub(super) status: Option<String>,
    pub(super) stdout_bytes: u64,
    pub(super) stderr_bytes: u64,
}

impl Job {
    pub(super) fn has_ended(&self) -> bool {
        State::is_end(self.state.word())
    }

    pub(super) fn succeeded(&self) -> bool {
        self.state == State::Exited && self.exit_code == Some(0)
    }
}

/// A job to be.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Who asks twice with one key gets one job.
    pub(super) key: String,
    pub(super) name: Option<String>,
    pub(super) command: Vec<String>,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) secrets: Secrets,
    pub(super) directory: Option<String>,
    pub(super) timeout: Option<String>,
    pub(super) stdin: Option<String>,
}

impl Wanted {
    /// What `tunnel job` is asked. Values stand in the same word as their option: none is taken for another option.
    fn ask(self) -> Ask {
        let mut arguments = words(&["submit", "--json"]);
        arguments.push(format!("--key={}", self.key));
        let options = [("name", self.name), ("dir", self.directory), ("timeout", self.timeout)];
        arguments.extend(options.into_iter().filter_map(|(name, value)| Some(format!("--{name}={}", value?))));
        arguments.extend(self.environment.iter().map(|(name, value)| format!("--env={name}={value}")));
        arguments.extend(carriers(&self.secrets).map(|(name, _)| format!("--env={name}")));
        if self.stdin.is_some() {
            arguments.push("--stdin=-".to_owned());
        }
        arguments.push("--".to_owned());
        arguments.extend(wrapped(&self.command, &self.secrets));
        let secrets = carriers(&self.secrets).map(|(name, value)| (name, value.clone())).collect();
        Ask { arguments, secrets, stdin: self.stdin.unwrap_or_default() }
    }
}

/// One of a job's logs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

/// The jobs of an endpoint.
pub(super) struct Jobs<'a> {
    pub(super) cx: &'a Call<Workspace>,
    pub(super) program: TunnelProgram,
    pub(super) endpoint: &'a SshEndpoint,
}

impl Jobs<'_> {
    /// Starts a job, unless one with this key is there, and answers its id. It starts the endpoint's cluster and server.
    pub(super) async fn submit(&self, wanted: Wanted) -> Result<String> {
        #[derive(Deserialize)]
        struct Submitted {
            id: String,
        }
        let action = format!("start the job at the endpoint {:?}", self.endpoint.name);
        let said = self.said(wanted.ask(), &action).await?;
        Ok(read::<Submitted>(&succeeded(said, &action)?, &action)?.id)
    }

    /// The job with this key. Nothing is started to look for it.
    pub(super) async fn with_key(&self, key: &str) -> Result<Option<Job>> {
        let action = format!("list the jobs of the endpoint {:?}", self.endpoint.name);
        let said = self.said(asking(&["list", "--json"]), &action).await?;
        let jobs: Vec<Job> = read(&succeeded(said, &action)?, &action)?;
        Ok(jobs.into_iter().find(|job| job.key.as_deref() == Some(key)))
    }

    /// A job; `None` if nothing is known of it any more. Nothing is started to look at it.
    pub(super) async fn status(&self, id: &str) -> Result<Option<Job>> {
        let action = format!("look at the job {id}");
        let said = self.said(asking(&["status", "--json", id]), &action).await?;
        listed(&said, id).ok_or_else(|| refused(&action, &said))
    }

    /// Waits until a job has ended. An interruption ends the wait and not the job; `afterwards` says what becomes of it.
    pub(super) async fn wait(&self, id: &str, afterwards: &str) -> Result<Job> {
        let action = format!("wait for the job {id}");
        let mut pauses = PAUSES.into_iter();
        loop {
            let begun = Instant::now();
            let asked = self.program.job(self.cx, self.endpoint, asking(&["wait", "--json", id])).await?;
            let said = match asked {
                Ending::Said(said) => said,
                Ending::Interrupted => {
                    return Err(left_behind(id, "Interrupted", "The wait was stopped by the user.", afterwards));
                }
                Ending::Late => {
                    let reason = "Waiting for it took longer than the limit in the resource's timeouts block.";
                    return Err(left_behind(id, "The time limit was reached", reason, afterwards));
                }
            };
            match listed(&said, id) {
                Some(Some(job)) if job.has_ended() => return Ok(job),
                Some(None) => {
                    return Err(Error::new(format!("Nothing is known of the job {id} any more"))
                        .detail("Its files were removed while it was waited for. Apply again to run it again."));
                }
                _ => {}
            }
            if begun.elapsed() >= LASTING {
                pauses = PAUSES.into_iter();
            }
            let Some(pause) = pauses.next() else { return Err(refused(&action, &said)) };
            tracing::info!(id, reason = said.words, "the wait is begun again");
            // An interruption is told by the next wait.
            let _ = self.cx.sleep(Duration::from_secs(pause)).await;
        }
    }

    /// Ends a job: TERM, and KILL ten seconds later.
    pub(super) async fn cancel(&self, id: &str) -> Result<()> {
        let action = format!("cancel the job {id}");
        let said = self.said(asking(&["cancel", "--json", id]), &action).await?;
        succeeded(said, &action).map(|_| ())
    }

    /// Removes the files of a job that has ended. Files that are gone are a success.
    pub(super) async fn clean(&self, id: &str) -> Result<()> {
        let action = format!("remove the files of the job {id}");
        let said = self.said(asking(&["clean", "--older-than=0s", "--ignore-missing", "--json", id]), &action).await?;
        succeeded(said, &action).map(|_| ())
    }

    /// The end of a log.
    pub(super) async fn tail(&self, job: &Job, stream: Stream, redaction: &Redaction<'_>) -> Result<String> {
        let (name, bytes) = match stream {
            Stream::Stdout => ("stdout", job.stdout_bytes),
            Stream::Stderr => ("stderr", job.stderr_bytes),
        };
        if bytes == 0 {
            return Ok(String::new());
        }
        let action = format!("read the {name} of the job {}", job.id);
        let offset = bytes.saturating_sub(redaction.bytes_to_read());
        let (stream, offset) = (format!("--stream={name}"), format!("--since-offset={offset}"));
        let said = self.said(asking(&["logs", &stream, &offset, &job.id]), &action).await?;
        Ok(redaction.tail(&succeeded(said, &action)?.stdout))
    }

    async fn said(&self, ask: Ask, action: &str) -> Result<Said> {
        match self.program.job(self.cx, self.endpoint, ask).await? {
            Ending::Said(said) => Ok(said),
            Ending::Interrupted => Err(Error::new("Interrupted").detail(format!(
                "The user stopped it while it was to {action}. Whether that took effect is looked at by the next apply."
            ))),
            Ending::Late => Err(Error::new(format!("There was not enough time to {action}"))
                .detail("Apply again, or raise the limit in the resource's timeouts block.")),
        }
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn asking(arguments: &[&str]) -> Ask {
    Ask { arguments: words(arguments), ..Ask::default() }
}

/// The job in a list of jobs; `Some(None)` if the list lacks it, `None` if there is no list: nobody could be asked.
fn listed(said: &Said, id: &str) -> Option<Option<Job>> {
    let jobs: Vec<Job> = serde_json::from_slice(&said.stdout).ok()?;
    Some(jobs.into_iter().find(|job| job.id == id))
}

fn succeeded(said: Said, action: &str) -> Result<Said> {
    if said.status.success() { Ok(said) } else { Err(refused(action, &said)) }
}

fn read<T: DeserializeOwned>(said: &Said, action: &str) -> Result<T> {
    serde_json::from_slice(&said.stdout).map_err(|error| {
        Error::new(format!("Cannot {action}")).detail(format!(
            "What tunnel printed is not understood: {error}. Install the tunnel that came with this provider."
        ))
    })
}

fn refused(action: &str, said: &Said) -> Error {
    let words = if said.words.is_empty() { format!("tunnel ended with {}.", said.status) } else { said.words.clone() };
    Error::new(format!("Cannot {action}")).detail(words)
}

fn left_behind(id: &str, summary: &str, reason: &str, afterwards: &str) -> Error {
    Error::new(summary).detail(format!(
        "{reason} The job {id} goes on: `tunnel job wait {id}` waits for it, `tunnel job cancel {id}` ends it. {afterwards}"
    ))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn said(stdout: &str) -> Said {
        Said { status: ExitStatus::from_raw(256), stdout: stdout.into(), words: "no".into() }
    }

    #[test]
    fn a_job_that_is_gone_is_told_from_nobody_to_ask() {
        let job = r#"[{"id":"a","name":null,"key":"k","command":["x"],"state":"timed_out","exit_code":null,"signal":15,
            "started_at":null,"ended_at":null,"duration_seconds":1.5,"status":null,"stdout_bytes":0,"stderr_bytes":3}]"#;
        assert_eq!(listed(&said(job), "a").unwrap().unwrap().state, State::TimedOut);
        assert!(listed(&said(job), "b").unwrap().is_none());
        assert!(listed(&said("[]\n"), "a").unwrap().is_none());
        assert!(listed(&said(""), "a").is_none());
    }

    #[test]
    fn values_are_taken_for_no_options_and_secrets_stand_in_no_argument() {
        let wanted = Wanted {
            key: "k".into(),
            name: Some("-x".into()),
            command: words(&["echo", "--json"]),
            environment: BTreeMap::from([("A".to_owned(), "b c".to_owned())]),
            secrets: Secrets::from([("TOKEN".to_owned(), "dapi-1".into())]),
            stdin: Some("input".into()),
            ..Wanted::default()
        };
        let ask = wanted.ask();
        let expected =
            ["submit", "--json", "--key=k", "--name=-x", "--env=A=b c", "--env=SSH_JOB_SECRET_0", "--stdin=-", "--"];
        assert_eq!(ask.arguments[..8], expected);
        assert_eq!(ask.arguments[ask.arguments.len() - 2..], ["echo", "--json"]);
        assert!(!ask.arguments.concat().contains("dapi-1"), "{:?}", ask.arguments);
        assert_eq!((ask.secrets.len(), ask.stdin.as_str()), (1, "input"));
    }

    #[test]
    fn states_end_or_do_not() {
        for (word, expected) in [("", false), ("pending", false), ("running", false), ("exited", true), ("lost", true)]
        {
            assert_eq!(State::is_end(word), expected, "{word}");
        }
    }
}
