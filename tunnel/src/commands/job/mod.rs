//! `tunnel job`: programs on a machine behind ssh that go on when the connection has gone. One file each for what is done with them.

pub mod cancel;
pub mod clean;
pub mod destination;
pub mod list;
pub mod logs;
pub mod rows;
pub mod status;
pub mod submit;
pub mod wait;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use self::destination::{JobDestination, SshHost};
use crate::commands::selection::{IdentityArgs, SelectionArgs};
use crate::completion;
use crate::error::{Error, Result};
use crate::jobs::job::UNKNOWN;
use crate::say;
use crate::workspace::profiles;
use crate::workspace::selection::{AS_WHOM, WorkspaceArgs};

/// The heading in help of what is for a machine behind ssh alone.
const HOST: &str = "Machine behind ssh";

/// Where jobs run, and what to do with them.
#[derive(Debug, Args)]
#[command(
    after_help = "A job outlives the connection, this program, and the tunnel's idle time. Its machine needs a POSIX shell and nothing else.

Examples:
  tunnel job submit --name train --timeout 6h -- python3 train.py --epochs 30
  tunnel job --host build@ci.example.com submit --key nightly-2026-11-27 --upload build.sh -- ./build.sh
  tunnel job logs -f ID
  tunnel job wait ID && echo done"
)]
pub struct JobArgs {
    /// Destination of ssh: a Host of its configuration, user@host, or ssh://user@host:port. Without it, the endpoint of this
    /// folder's outputs.
    #[arg(long, help_heading = HOST, value_name = "DEST", global = true, add = completion::hosts())]
    pub host: Option<String>,
    /// Configuration of ssh, in place of your own.
    #[arg(short = 'F', help_heading = HOST, value_name = "FILE", global = true)]
    pub ssh_config: Option<PathBuf>,
    /// An option for ssh, as for `ssh -o`. May be given several times.
    #[arg(short = 'o', help_heading = HOST, value_name = "OPTION", global = true)]
    pub options: Vec<String>,
    /// Folder of the jobs on that machine, an absolute path, in place of TUNNEL_JOBS there or ~/.tunnel/jobs.
    #[arg(long, help_heading = HOST, value_name = "DIR", global = true)]
    pub jobs_dir: Option<String>,
    /// Which endpoint.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Profile of ~/.databrickscfg to sign in with, as for other commands.
    #[arg(long, help_heading = AS_WHOM, value_name = "NAME", global = true, add = profiles::candidates())]
    pub profile: Option<String>,
    /// With which key.
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: JobCommand,
}

/// What is done with jobs.
#[derive(Debug, Subcommand)]
pub enum JobCommand {
    /// Start a job, and print its id.
    Submit(submit::SubmitArgs),
    /// Show what became of jobs.
    Status(status::StatusArgs),
    /// Show a job's logs.
    Logs(logs::LogsArgs),
    /// Wait until jobs have ended, and exit with the job's code.
    Wait(wait::WaitArgs),
    /// End a job.
    Cancel(cancel::CancelArgs),
    /// List the jobs of a host.
    List(list::ListArgs),
    /// Remove the files of jobs that have ended.
    Clean(clean::CleanArgs),
}

impl JobArgs {
    /// That the flags say one destination: they may stand on either side of the command, where clap sees only half of them.
    fn check(&self) -> Result<()> {
        let Self { host, ssh_config, options, jobs_dir, selection, profile, identity, .. } = self;
        let of_endpoint = [
            ("--outputs", selection.outputs.is_some()),
            ("--endpoint", selection.endpoint.is_some()),
            ("--cluster", selection.cluster.is_some()),
            ("--serverless", selection.serverless),
            ("--identity", identity.identity.is_some()),
            ("--profile", profile.is_some()),
        ];
        let of_host = [("-F", ssh_config.is_some()), ("-o", !options.is_empty()), ("--jobs-dir", jobs_dir.is_some())];
        let (wrong, other) = match host {
            Some(_) => (of_endpoint.as_slice(), "is for an endpoint, and --host names a destination of ssh"),
            None => (of_host.as_slice(), "is for a destination of ssh, and needs --host"),
        };
        match wrong.iter().find(|(_, is_given)| *is_given) {
            Some((flag, _)) => Err(Error::new(format!("{flag} {other}"))),
            None => Ok(()),
        }
    }
}

/// Does it.
///
/// # Errors
/// When the destination cannot be reached, or refuses.
pub async fn run(args: JobArgs) -> Result<u8> {
    args.check()?;
    let destination = match args.host {
        Some(host) => {
            JobDestination::Host(SshHost::new(host, args.ssh_config, args.options)?.with_jobs_in(args.jobs_dir)?)
        }
        None => {
            let workspace = WorkspaceArgs { host: None, profile: args.profile };
            JobDestination::Endpoint(args.selection.in_workspace(workspace), args.identity.into())
        }
    };
    match args.command {
        JobCommand::Submit(args) => submit::run(&destination, args).await,
        JobCommand::Status(args) => status::run(&destination, args).await,
        JobCommand::Logs(args) => logs::run(&destination, args).await,
        JobCommand::Wait(args) => Ok(wait::run(&destination, args).await.unwrap_or_else(|error| {
            say!("tunnel: {error}");
            UNKNOWN
        })),
        JobCommand::Cancel(args) => cancel::run(&destination, args).await,
        JobCommand::List(args) => list::run(&destination, args).await,
        JobCommand::Clean(args) => clean::run(&destination, args).await,
    }
}
