//! `tunnel sftp test`: the way to a server step by step, and which step fails and why.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use sftp::ssh::{Connection, Error as SshError};
use tokio::net::lookup_host;

use super::copy::places;
use super::ends::{one_server, refused};
use super::place::{Address, ServerAddress, asked};
use super::reach::{Failure, ReachArgs, explain, shown_key};
use crate::error::{Error, Result};
use crate::table::{Cell, Tint};
use crate::{print, say};

/// What to test.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tunnel sftp test sftp://me@files.example.com:2222/in
  tunnel sftp test --fingerprint SHA256:… -i key.pem sftp://me@files.example.com
  tunnel sftp test demo:/tmp --json")]
pub(super) struct TestArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The server, and the folder that is listed.
    #[arg(value_name = "PLACE")]
    place: OsString,
}

/// How far the way to a server leads.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(in crate::commands) struct Tested {
    /// Whether all of it works.
    ok: bool,
    steps: Vec<Step>,
    /// The server's key, once it has shown one that is trusted.
    host_key: Option<HostKey>,
}

/// A step of the way.
#[derive(Debug, Serialize, JsonSchema)]
struct Step {
    /// resolve, connect, host key, log in, sftp, list.
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

    /// The way to a server of others, up to the login; `None` where it ends before.
    async fn walk_to(&mut self, reach: &ReachArgs, server: &ServerAddress) -> Option<Connection> {
        if reach.login.jump.is_empty() {
            match lookup_host((&*server.host, server.port)).await {
                Ok(found) => {
                    let found: Vec<String> = found.map(|address| address.ip().to_string()).collect();
                    self.done("resolve", format!("{} is {}", server.host, found.join(", ")));
                }
                Err(error) => {
                    self.failed("resolve", Error::new(format!("the name {} has no address: {error}", server.host)));
                    return None;
                }
            }
        }
        let mut connection = match reach.open(server).await {
            Ok(connection) => connection,
            Err(failure) => {
                let step = match &failure {
                    Failure::Ssh(SshError::Resolve { .. }) => "resolve",
                    Failure::Ssh(SshError::Distrust(_)) => "host key",
                    Failure::Ssh(SshError::Login(_)) | Failure::Other(_) => "log in",
                    Failure::Ssh(_) => "connect",
                };
                if step == "host key" {
                    self.done("connect", format!("{} port {} speaks SSH", server.host, server.port));
                }
                self.failed(step, explain(failure));
                return None;
            }
        };
        self.done("connect", format!("{} port {} speaks SSH", server.host, server.port));
        self.host_key(&connection);
        match reach.log_in(&mut connection, server).await {
            Ok(()) => {
                let user = server.user.as_deref().unwrap_or("this machine's user");
                self.done("log in", format!("{user} is let in"));
                Some(connection)
            }
            Err(error) => {
                self.failed("log in", error);
                None
            }
        }
    }

    fn host_key(&mut self, connection: &Connection) {
        let (algorithm, fingerprint) = shown_key(connection);
        self.done("host key", format!("{algorithm} {fingerprint} is trusted"));
        self.tested.host_key = Some(HostKey { algorithm, fingerprint });
    }

    /// The rest of it: files.
    async fn files(&mut self, connection: &Connection, path: &Path) {
        let sftp = match connection.sftp().await {
            Ok(sftp) => sftp,
            Err(error) => return self.failed("sftp", explain(Failure::Ssh(error))),
        };
        let features = sftp.features();
        let can = [
            (features.posix_rename, "renames over files"),
            (features.fsync, "writes through to the disk"),
            (features.tells_limits(), "tells its limits"),
        ];
        let can: Vec<&str> = can.into_iter().filter(|(can, _)| *can).map(|(_, words)| words).collect();
        let can = if can.is_empty() { "the protocol alone".to_owned() } else { can.join(", ") };
        self.done("sftp", format!("version 3: {can}"));
        let listed = async {
            let folder: PathBuf = sftp.real_path(asked(path)).await?;
            let handle = sftp.open_folder(&folder).await?;
            let mut count = 0;
            while let Some(entries) = sftp.entries(&handle).await? {
                count += entries.len();
            }
            sftp.close(&handle).await?;
            Ok::<_, sftp::client::Error>((folder, count))
        };
        match listed.await {
            Ok((folder, count)) => self.done("list", format!("{} has {count} entries", folder.display())),
            Err(error) => self.failed("list", refused(asked(path), &error)),
        }
    }
}

/// Goes the way, and shows it.
pub(super) async fn run(reach: &ReachArgs, args: TestArgs) -> Result<u8> {
    let (address, paths) = one_server(places(vec![args.place])?)?;
    let mut walk = Walk { tested: Tested::default(), began: Instant::now(), error: None };
    let connection = match &address {
        Address::Server(server) => walk.walk_to(reach, server).await,
        Address::Endpoint(_) => match reach.connection(&address).await {
            Ok(connection) => {
                walk.done("connect", format!("{address} is reached, and lets in"));
                walk.host_key(&connection);
                Some(connection)
            }
            Err(error) => {
                walk.failed("connect", error);
                None
            }
        },
    };
    if let Some(connection) = connection {
        walk.files(&connection, paths.first().map_or(Path::new(""), |path| path)).await;
        connection.close().await;
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
