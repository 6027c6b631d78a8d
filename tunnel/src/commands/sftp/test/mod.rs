//! `tunnel sftp test`: the way to a server, or to a volume, step by step, and which step fails and why.

mod server;
mod volume;

use std::ffi::OsString;
use std::path::Path;
use std::time::Instant;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::end::one_far_end;
use super::place::{At, Place};
use super::reach::ReachArgs;
use crate::error::{Error, Result};
use crate::table::{Cell, Tint};
use crate::{print, say};

/// What to test.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tunnel sftp test sftp://me@files.example.com:2222/in
  tunnel sftp test --fingerprint SHA256:… -i key.pem sftp://me@files.example.com
  tunnel sftp test demo:/tmp --json
  tunnel sftp test /Volumes/main/sales/landing")]
pub(super) struct TestArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The server or the volume, and the folder that is listed.
    #[arg(value_name = "PLACE")]
    place: OsString,
}

/// How far the way to a server or a volume leads.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(in crate::commands) struct Tested {
    /// Whether all of it works.
    ok: bool,
    steps: Vec<Step>,
    /// The server's key, once it has shown one that is trusted; a volume has none.
    host_key: Option<HostKey>,
}

/// A step of the way.
#[derive(Debug, Serialize, JsonSchema)]
struct Step {
    /// resolve, connect, host key, log in, sftp, list; of a volume: connect, log in, list.
    step: &'static str,
    ok: bool,
    /// What was found, or why it failed.
    detail: String,
    milliseconds: f64,
}

/// A server's key.
#[derive(Debug, Serialize, JsonSchema)]
struct HostKey {
    algorithm: String,
    /// As ssh-keygen -l prints it.
    fingerprint: String,
}

/// The steps as they are done.
struct Walk {
    tested: Tested,
    began: Instant,
    /// What went wrong.
    error: Option<Error>,
}

impl Walk {
    fn done(&mut self, step: &'static str, detail: String) {
        self.step(step, true, detail);
    }

    fn step(&mut self, step: &'static str, ok: bool, detail: String) {
        let milliseconds = self.began.elapsed().as_secs_f64() * 1000.0;
        self.tested.steps.push(Step { step, ok, detail, milliseconds });
        self.began = Instant::now();
    }

    fn failed(&mut self, step: &'static str, error: Error) {
        self.step(step, false, error.to_string());
        self.error = Some(error);
    }
}

/// Goes the way, and shows it.
pub(super) async fn run(reach: &ReachArgs, args: TestArgs) -> Result<u8> {
    let (at, paths) = one_far_end(Place::all(vec![args.place])?)?;
    let folder = paths.first().map_or(Path::new(""), |path| path);
    let mut walk = Walk { tested: Tested::default(), began: Instant::now(), error: None };
    match &at {
        At::There(address) => walk.server(reach, address, folder).await,
        At::Volumes | At::Here => walk.volume(reach, folder).await,
    }
    let Walk { mut tested, error, .. } = walk;
    tested.ok = error.is_none();
    if args.json {
        print::json(&tested)?;
    } else {
        let cells = |step: &Step| {
            let result = if step.ok { Tint::Good.cell("ok") } else { Tint::Bad.cell("failed") };
            [
                Cell::from(step.step),
                result,
                step.detail.lines().next().unwrap_or_default().into(),
                format!("{:.0} ms", step.milliseconds).into(),
            ]
        };
        print::table(["STEP", "RESULT", "WHAT", "TOOK"], tested.steps.iter().map(cells).collect())?;
    }
    match error {
        None => Ok(0),
        Some(error) => {
            let code = error.exit_code();
            say!("tunnel: {}", crate::words::printable(&error.to_string()));
            Ok(code)
        }
    }
}
