//! One script on a job's machine: sent over ssh, and its answer read.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdout};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::destination::Route;
use super::payload::Payload;
use super::script::Script;
use super::shared::Turn;
use super::unreached::{self, Reason};
use crate::error::Error;
use crate::words::in_one_line;
use crate::{environment, ssh};

/// A script that says nothing for so long is not there any more: it says something every few seconds.
const SILENCE: Duration = Duration::from_secs(90);
/// How long the way there may take, with what people type and a login shell does on it.
const ARRIVAL: Duration = Duration::from_secs(180);
/// The longest line of an answer.
const LINE: u64 = 1 << 20;
/// How much of what ssh says is kept: its end.
const WORDS: usize = 16 * 1024;
/// What a login shell may say before the answer, in bytes. Nothing of it is kept.
const GREETING: usize = 64 << 20;

/// What went wrong.
#[derive(Debug)]
pub enum Trouble {
    /// There was no connection: nothing was said.
    Unreached(Error),
    /// The other side takes no more connections just now: nothing was said.
    Busy(Error),
    /// The connection ended early: asking again may help.
    Cut(Error),
    /// The other side, or this one, said why not.
    Refused(Error),
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        let (Trouble::Unreached(error) | Trouble::Busy(error) | Trouble::Cut(error) | Trouble::Refused(error)) =
            trouble;
        error
    }
}

/// A script that runs.
pub struct Channel {
    child: Child,
    output: BufReader<ChildStdout>,
    words: JoinHandle<String>,
    sending: JoinHandle<()>,
    name: String,
    _turn: Option<Turn>,
}

impl Channel {
    /// Starts a script, and waits for the word that it is there. One with a payload is sent after that word, so that nothing has
    /// begun where it did not come. `alone` is over a connection of its own.
    ///
    /// # Errors
    /// When ssh does not get there, or what answers is no POSIX shell.
    pub async fn open(
        route: &Route,
        alone: bool,
        script: &Script,
        payload: Option<Arc<Payload>>,
    ) -> Result<Self, Trouble> {
        let is_shared = route.shared.is_some() && !alone;
        let in_folder = route.jobs_folder.as_deref().map(|folder| script.in_folder(folder));
        let script = in_folder.as_ref().unwrap_or(script);
        match Self::begin(route, alone, script, payload.clone()).await {
            // ssh takes its words from a proxy whose connection is to be shared (OpenSSH's sshconnect.c, ControlPersist): to hear
            // why, it is asked once more without.
            Err((_, Reason::Unsaid)) if is_shared => {
                Self::begin(route, true, script, payload).await.map_err(|(trouble, _)| trouble)
            }
            begun => begun.map_err(|(trouble, _)| trouble),
        }
    }

    async fn begin(
        route: &Route,
        alone: bool,
        script: &Script,
        payload: Option<Arc<Payload>>,
    ) -> Result<Self, (Trouble, Reason)> {
        let refused = |error| (Trouble::Refused(error), Reason::Other);
        let mut turn = match &route.shared {
            Some(shared) => Some(shared.turn(alone).await),
            None => None,
        };
        let arguments = route.arguments(alone, script.command(payload.is_some()));
        let mut child = ssh::job_call(arguments, &environment::path(), &route.token).map_err(refused)?;
        let (Some(mut input), Some(output), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(refused(Error::new("ssh has no pipes")));
        };
        let text = script.text.clone();
        let (arrived, arrival) = oneshot::channel();
        let sending = tokio::spawn(async move {
            if payload.is_some() && arrival.await.is_err() {
                return;
            }
            // Whoever does not read any more says why on the other pipe.
            if input.write_all(text.as_bytes()).await.is_ok()
                && let Some(payload) = payload
            {
                let _ = payload.send(&mut input).await;
            }
            let _ = input.shutdown().await;
        });
        let words = tokio::spawn(last_words(errors));
        let name = route.name.clone();
        let mut channel = Self { child, output: BufReader::new(output), words, sending, name, _turn: None };
        match timeout(ARRIVAL, passes_greeting(&mut channel.output, &script.marker)).await {
            Ok(true) => {
                let _ = arrived.send(());
                if let Some(turn) = &mut turn {
                    turn.connected();
                }
                channel._turn = turn;
                Ok(channel)
            }
            Ok(false) => Err(channel.explain().await),
            Err(_) => Err((Trouble::Cut(
                Error::new(format!("{} has not answered for {} seconds", channel.name, ARRIVAL.as_secs())).way_out(
                    "Does its login shell come to an end? ssh to it, and look at its start files (.bashrc, .profile).",
                ),
            ), Reason::Other)),
        }
    }

    /// The next line of the answer; `None` at its end. A line that begins with `fail` is an error.
    ///
    /// # Errors
    /// When the connection is silent for too long, or the other side says what is wrong.
    pub async fn line(&mut self) -> Result<Option<String>, Trouble> {
        let silent = |_| Trouble::Cut(Error::new(format!("{} has not answered for a while", self.name)));
        let line = timeout(SILENCE, read_line(&mut self.output)).await.map_err(silent)?;
        let line = line.map_err(|error| Trouble::Cut(Error::new("the connection was cut").caused_by(error)))?;
        match line.as_deref().and_then(|line| line.strip_prefix("fail ")) {
            Some(reason) => Err(Trouble::Refused(Error::new(format!("{}: {}", self.name, in_one_line(reason))))),
            None => Ok(line),
        }
    }

    /// The next bytes of the answer, up to as many as the buffer holds.
    ///
    /// # Errors
    /// When there are none.
    pub async fn bytes(&mut self, buffer: &mut [u8]) -> Result<usize, Trouble> {
        match timeout(SILENCE, self.output.read(buffer)).await {
            Ok(Ok(read)) if read > 0 => Ok(read),
            _ => Err(self.cut()),
        }
    }

    /// That the answer ended before it was complete.
    pub fn cut(&self) -> Trouble {
        Trouble::Cut(Error::new(format!("the connection to {} was cut", self.name)))
    }

    /// Why no answer began.
    async fn explain(mut self) -> (Trouble, Reason) {
        self.sending.abort();
        let code = match timeout(Duration::from_secs(5), self.child.wait()).await {
            Ok(Ok(status)) => status.code(),
            _ => None,
        };
        // A master of a shared connection may keep the pipe.
        let words =
            timeout(Duration::from_millis(500), &mut self.words).await.ok().and_then(Result::ok).unwrap_or_default();
        let name = &self.name;
        let reason = unreached::reason(&words);
        let trouble = match (code, reason) {
            (Some(255) | None, Reason::Busy | Reason::Unsaid) => {
                Trouble::Busy(told(format!("{name} takes no more connections just now"), &words))
            }
            (Some(255) | None, Reason::Other) => Trouble::Unreached(told(format!("no connection to {name}"), &words)),
            _ => Trouble::Refused(told(format!("{name} has no POSIX shell that answers"), &words)),
        };
        (trouble, reason)
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.sending.abort();
        self.words.abort();
    }
}

/// Reads up to the end of the line that ends with the marker: whether there is one. A greeting (a title, a prompt, a colour) may stand
/// in front of it on its line.
async fn passes_greeting(output: &mut (impl AsyncBufRead + Unpin), marker: &str) -> bool {
    let (mut line, mut passed) = (Vec::new(), 0);
    while passed < GREETING {
        // Of a line without end its end is enough.
        let overlong = line.len().saturating_sub(marker.len() + 2);
        line.drain(..overlong);
        match output.take(LINE).read_until(b'\n', &mut line).await {
            Ok(read) if read > 0 => passed += read,
            _ => return false,
        }
        if line.last() == Some(&b'\n') {
            let text = line.strip_suffix(b"\r\n").or_else(|| line.strip_suffix(b"\n")).unwrap_or(&line);
            if text.ends_with(marker.as_bytes()) {
                return true;
            }
            line.clear();
        }
    }
    false
}

/// The end of what is written there. It is read to its end, so that nobody who writes much is stopped.
async fn last_words(mut errors: impl AsyncRead + Unpin) -> String {
    let (mut words, mut buffer) = (Vec::new(), vec![0; WORDS]);
    while let Ok(read @ 1..) = errors.read(&mut buffer).await {
        words.extend(buffer.get(..read).unwrap_or_default());
        let overlong = words.len().saturating_sub(WORDS);
        words.drain(..overlong);
    }
    String::from_utf8_lossy(&words).trim().to_owned()
}

async fn read_line(output: &mut BufReader<ChildStdout>) -> std::io::Result<Option<String>> {
    let mut line = Vec::new();
    let read = output.take(LINE).read_until(b'\n', &mut line).await?;
    if read == 0 {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        // Half a line is no line.
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}

/// With the last of ssh's words, each line without its control characters.
fn told(what: String, words: &str) -> Error {
    let last: Vec<String> = words.lines().rev().take(5).map(|line| in_one_line(line.trim_end())).collect();
    let words: Vec<String> = last.into_iter().rev().collect();
    if words.is_empty() { Error::new(what) } else { Error::new(format!("{what}: {}", words.join("\n"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_answer_begins_behind_any_greeting() {
        let check = async |greeting: Vec<u8>, expected: bool| {
            let text = [greeting.as_slice(), b"the answer\n"].concat();
            let mut output = BufReader::new(text.as_slice());
            let start = String::from_utf8_lossy(greeting.get(..20).unwrap_or(&greeting)).into_owned();
            assert_eq!(passes_greeting(&mut output, "tunnel-job-7").await, expected, "{start}");
            if expected {
                let mut rest = String::new();
                output.read_to_string(&mut rest).await.unwrap();
                assert_eq!(rest, "the answer\n", "{start}");
            }
        };
        let mark = b"tunnel-job-7\n";
        check(mark.to_vec(), true).await;
        check(b"tunnel-job-7\r\n".to_vec(), true).await;
        for greeting in ["\u{1b}]0;hi\u{7}", "a\nb\n$ ", "tunnel-job-", "tunnel-job-7 tunnel-job-8\n\n", "\0\n\r"] {
            check([greeting.as_bytes(), mark].concat(), true).await;
        }
        check([b"x\n".repeat(100_000).as_slice(), mark].concat(), true).await;
        check([b"x".repeat(3 << 20).as_slice(), mark].concat(), true).await;
        // Where it stands in the middle of a line it is an echo of the command.
        check(b"tunnel-job-7; eval\n".to_vec(), false).await;
        check(b"tunnel-job-7".to_vec(), false).await;
        check(Vec::new(), false).await;
    }

    #[tokio::test]
    async fn a_greeting_without_end_is_left() {
        let endless = BufReader::new(tokio::io::repeat(b'x'));
        assert!(!passes_greeting(&mut { endless }, "tunnel-job-7").await);
    }

    #[tokio::test]
    async fn of_many_words_the_last_are_kept() {
        let text = ["x".repeat(100_000), "the reason\n".to_owned()].join("\n");
        let words = last_words(text.as_bytes()).await;
        assert!(words.ends_with("\nthe reason") && words.len() <= WORDS, "{}", words.len());
    }
}
