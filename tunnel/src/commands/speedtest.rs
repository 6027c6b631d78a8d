//! `tunnel speedtest`: what a person gets of the connection: SSH over all of the way, to the driver and back.

use std::process::Stdio;
use std::time::Duration;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::{Instant, timeout_at};

use crate::commands::ready::Ready;
use crate::commands::selection::{IdentityArgs, NamedEndpointArgs};
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::ssh::Login;
use crate::{environment, print, ssh};

/// As long as a key press with what ssh puts around it.
const KEY_PRESS: [u8; 36] = [b'.'; 36];
const ROUNDS: usize = 100;
const CHUNK: usize = 256 * 1024;

/// How to measure.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tunnel speedtest
  tunnel speedtest --duration 10s --json")]
pub struct SpeedtestArgs {
    /// Which endpoint.
    #[command(flatten)]
    pub selection: NamedEndpointArgs,
    /// With which key.
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// Time for each direction.
    #[arg(long, default_value = "5s", value_parser = humantime::parse_duration)]
    pub duration: Duration,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What was measured.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Measured {
    /// From the start of ssh to the first output, in milliseconds.
    login_milliseconds: f64,
    /// There and back again, in milliseconds: the middle of all.
    round_trip_median_milliseconds: f64,
    /// What 99 of 100 stay below.
    round_trip_p99_milliseconds: f64,
    download_bytes_per_second: u64,
    upload_bytes_per_second: u64,
}

/// Measures and prints.
///
/// # Errors
/// As `connect`, or when the connection ends in between.
pub async fn run(args: SpeedtestArgs) -> Result<u8> {
    let ready = Ready::of(&args.selection.into(), &args.identity.into()).await?;
    let progress = Progress::default();
    progress.stage("measuring the latency");
    let (login, round_trips) = latency(&ready).await?;
    progress.stage("measuring the download");
    let download = download(&ready, args.duration).await?;
    progress.stage("measuring the upload");
    let upload = upload(&ready, args.duration).await?;
    progress.done();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    let at = |share: usize| round_trips.get(round_trips.len() * share / 100).copied().unwrap_or_default();
    let measured = Measured {
        login_milliseconds: milliseconds(login),
        round_trip_median_milliseconds: milliseconds(at(50)),
        round_trip_p99_milliseconds: milliseconds(at(99)),
        download_bytes_per_second: download,
        upload_bytes_per_second: upload,
    };
    if args.json {
        print::json(&measured)?;
    } else {
        print::pairs([
            ("login", format!("{:.0} ms", measured.login_milliseconds)),
            (
                "round trip",
                format!(
                    "{:.2} ms (median), {:.2} ms (p99)",
                    measured.round_trip_median_milliseconds, measured.round_trip_p99_milliseconds
                ),
            ),
            ("download", rate(download)),
            ("upload", rate(upload)),
        ])?;
    }
    Ok(0)
}

/// Bits, as networks are measured.
fn rate(bytes_per_second: u64) -> String {
    let bits = bytes_per_second.saturating_mul(8);
    format!("{}.{} Mbit/s", bits / 1_000_000, bits % 1_000_000 / 100_000)
}

/// An ssh whose command talks with this program.
struct Talk {
    child: Child,
    /// `None` when everything was said.
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
}

impl Talk {
    fn start(ready: &Ready, command: &str) -> Result<Self> {
        let command = ["sh", "-c", command].map(str::to_owned);
        let login =
            Login { endpoint: &ready.endpoint, options: ready.options.iter(), command: &command, terminal: false };
        let mut child = ssh::piped(login.arguments(), &environment::path(), &ready.token, Stdio::inherit())?;
        let Some(stdout) = child.stdout.take() else { return Err(lost()) };
        Ok(Self { stdin: child.stdin.take(), child, stdout })
    }

    /// Waits for the line that the command begins with.
    async fn ready(&mut self) -> Result<()> {
        let mut line = [0; 6];
        self.stdout.read_exact(&mut line).await.map_err(|error| lost().caused_by(error))?;
        if line == *b"ready\n" {
            Ok(())
        } else {
            Err(Error::new("the cluster's shell says something of its own at each login"))
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let Some(stdin) = &mut self.stdin else { return Err(lost()) };
        stdin.write(bytes).await.map_err(|error| lost().caused_by(error))
    }

    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        match self.stdout.read(buffer).await.map_err(|error| lost().caused_by(error))? {
            0 => Err(lost()),
            read => Ok(read),
        }
    }

    async fn end(mut self) {
        let _ = self.child.kill().await;
    }
}

fn lost() -> Error {
    Error::new("the connection ended").way_out("tunnel doctor finds out why.")
}

/// The time of a login, and sorted round trips.
async fn latency(ready: &Ready) -> Result<(Duration, Vec<Duration>)> {
    let started = Instant::now();
    let mut talk = Talk::start(ready, "echo ready; exec cat")?;
    talk.ready().await?;
    let login = started.elapsed();
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let sent = Instant::now();
        talk.write(&KEY_PRESS).await?;
        let mut missing = KEY_PRESS.len();
        while missing > 0 {
            missing = missing.saturating_sub(talk.read(&mut [0; KEY_PRESS.len()]).await?);
        }
        times.push(sent.elapsed());
    }
    talk.end().await;
    times.sort();
    Ok((login, times))
}

/// Bytes per second from the driver.
async fn download(ready: &Ready, duration: Duration) -> Result<u64> {
    let mut talk = Talk::start(ready, "echo ready; exec cat /dev/zero")?;
    talk.ready().await?;
    let started = Instant::now();
    let mut buffer = vec![0; CHUNK];
    let mut bytes = 0;
    while let Ok(read) = timeout_at(started + duration, talk.read(&mut buffer)).await {
        bytes += read?;
    }
    let rate = per_second(bytes, started.elapsed());
    talk.end().await;
    Ok(rate)
}

/// Bytes per second to the driver, counted when all of them have arrived.
async fn upload(ready: &Ready, duration: Duration) -> Result<u64> {
    let mut talk = Talk::start(ready, "echo ready; cat >/dev/null; echo ready")?;
    talk.ready().await?;
    let started = Instant::now();
    let buffer = vec![0; CHUNK];
    let mut bytes = 0;
    while let Ok(written) = timeout_at(started + duration, talk.write(&buffer)).await {
        bytes += written?;
    }
    talk.stdin = None;
    talk.ready().await?;
    let rate = per_second(bytes, started.elapsed());
    talk.end().await;
    Ok(rate)
}

fn per_second(bytes: usize, time: Duration) -> u64 {
    let bytes = u128::try_from(bytes).unwrap_or_default();
    u64::try_from(bytes * 1_000_000 / time.as_micros().max(1)).unwrap_or(u64::MAX)
}
