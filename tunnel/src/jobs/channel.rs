//! One script on a job's machine: sent over ssh, and its answer read.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdout};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::destination::Route;
use super::payload::Payload;
use super::script::Script;
use crate::error::Error;
use crate::{environment, ssh};

/// A script that says nothing for so long is not there any more: it says something every few seconds.
const SILENCE: Duration = Duration::from_secs(90);
/// The longest line of an answer.
const LINE: u64 = 1 << 20;
/// How much of what ssh says is kept.
const WORDS: u64 = 16 * 1024;
/// What a login shell may say before the answer.
const GREETING: usize = 1000;

/// What went wrong.
#[derive(Debug)]
pub enum Trouble {
    /// There was no connection: nothing was said.
    Unreached(Error),
    /// The connection ended early: asking again may help.
    Cut(Error),
    /// The other side, or this one, said why not.
    Refused(Error),
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        let (Trouble::Unreached(error) | Trouble::Cut(error) | Trouble::Refused(error)) = trouble;
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
}

impl Channel {
    /// Starts a script, and waits for its first word.
    ///
    /// # Errors
    /// When ssh does not get there, or what answers is no POSIX shell.
    pub async fn open(route: &Route, script: &Script, payload: Option<Arc<Payload>>) -> Result<Self, Trouble> {
        let mut arguments = route.arguments.clone();
        arguments.extend(["--".to_owned(), script.command(payload.is_some())]);
        let mut child =
            ssh::piped(arguments, &environment::path(), &route.token, Stdio::piped()).map_err(Trouble::Refused)?;
        let (Some(mut input), Some(output), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(Trouble::Refused(Error::new("ssh has no pipes")));
        };
        let text = script.text.clone();
        let sending = tokio::spawn(async move {
            // Whoever does not read any more says why on the other pipe.
            if input.write_all(text.as_bytes()).await.is_ok()
                && let Some(payload) = payload
            {
                let _ = payload.send(&mut input).await;
            }
            let _ = input.shutdown().await;
        });
        let words = tokio::spawn(async move {
            let mut words = Vec::new();
            let _ = errors.take(WORDS).read_to_end(&mut words).await;
            String::from_utf8_lossy(&words).trim().to_owned()
        });
        let mut channel = Self { child, output: BufReader::new(output), words, sending, name: route.name.clone() };
        for _ in 0..GREETING {
            match read_line(&mut channel.output).await {
                Ok(Some(line)) if line == script.marker => return Ok(channel),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => break,
            }
        }
        let name = channel.name.clone();
        let (code, words) = channel.end().await;
        let error = match code {
            Some(255) => return Err(Trouble::Unreached(told(format!("no connection to {name}"), words))),
            _ => told(format!("{name} has no POSIX shell that answers"), words),
        };
        Err(Trouble::Refused(error))
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
            Some(reason) => Err(Trouble::Refused(Error::new(format!("{}: {reason}", self.name)))),
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

    /// Ends ssh, and answers its code and its words.
    async fn end(mut self) -> (Option<i32>, String) {
        self.sending.abort();
        let code = match timeout(Duration::from_secs(5), self.child.wait()).await {
            Ok(Ok(status)) => status.code(),
            _ => None,
        };
        // A master of a shared connection may keep the pipe.
        let words =
            timeout(Duration::from_millis(500), &mut self.words).await.ok().and_then(Result::ok).unwrap_or_default();
        (code, words)
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.sending.abort();
        self.words.abort();
    }
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

fn told(what: String, words: String) -> Error {
    let last: Vec<&str> = words.lines().rev().take(5).collect();
    let words: Vec<&str> = last.into_iter().rev().collect();
    if words.is_empty() { Error::new(what) } else { Error::new(format!("{what}: {}", words.join("\n"))) }
}
