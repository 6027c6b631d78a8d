//! `tunnel sftp`: files of any SFTP server, of endpoints over the tunnel's own stream, and of volumes, without a program of others.

mod change;
mod copy;
mod copying;
mod end;
pub(super) mod list;
mod login;
mod meter;
mod place;
mod rate;
mod reach;
pub(super) mod report;
mod stopping;
pub(super) mod test;
mod tree;
mod volume;

use clap::{Args, Subcommand};

use crate::error::Result;

/// What to do with files of a server, or of a volume.
#[derive(Debug, Args)]
#[command(
    after_help = "PLACE is sftp://user@host:port/path of any server (/~/path begins at the home), ENDPOINT:path of this deployment (or :path with \
--endpoint or --cluster), /Volumes/CATALOG/SCHEMA/VOLUME/path of a Unity Catalog volume, or a path of this machine, whose own /Volumes is \
//Volumes here; - is stdin or stdout. Paths of servers and volumes may be patterns: '*.csv', '**/*.parquet'. Files go between any two \
of this machine, a server and a volume, and from volume to volume (put, sync), without a file of this machine in between.

A file is written beside its place and gets its name when all of it is there. A server must be known: by known_hosts, or by --fingerprint. \
Passwords and passphrases come from files, from TUNNEL_SFTP_PASSWORD and TUNNEL_SFTP_PASSPHRASE, or from the terminal, never from the \
command line.

A copy that is interrupted leaves nothing of what is unfinished, but with --resume, and a second ^C ends it at once.

Exit codes: 0 all is done, 1 something failed, 3 it is not there, 4 not let in or not allowed, 130 it was interrupted.

Examples:
  tunnel sftp test sftp://me@files.example.com/in
  tunnel sftp get 'sftp://me@files.example.com/in/*.csv' ./in/
  tunnel sftp put --resume model.bin demo:/tmp/
  pg_dump shop | tunnel sftp put - sftp://me@files.example.com/backup/shop.sql
  tunnel sftp get 'sftp://me@files.example.com/in/*.csv' /Volumes/main/sales/landing/
  tunnel sftp ls '/Volumes/main/sales/landing/*.csv'
  tunnel sftp sync --delete --dry-run ./site sftp://me@files.example.com/site"
)]
pub struct SftpArgs {
    /// How the server or the workspace is reached.
    #[command(flatten)]
    reach: reach::ReachArgs,
    #[command(subcommand)]
    command: SftpCommand,
}

#[derive(Debug, Subcommand)]
enum SftpCommand {
    /// Go the way to a server or a volume step by step, and say which step fails and why.
    Test(test::TestArgs),
    /// List a folder, or what a pattern means.
    Ls(list::LsArgs),
    /// Show what a file or a folder is like.
    Stat(list::StatArgs),
    /// Copy files from a server or a volume.
    Get(copy::GetArgs),
    /// Copy files to a server or into a volume.
    Put(copy::PutArgs),
    /// Have a folder hold what another one holds: only what differs is copied.
    Sync(copy::SyncArgs),
    /// Make a folder.
    Mkdir(change::MkdirArgs),
    /// Remove files.
    Rm(change::RmArgs),
    /// Rename a file or a folder of a server, over a file that is there.
    Mv(change::MvArgs),
}

/// Does it.
///
/// # Errors
/// When the server or the workspace is not reached, or refuses.
pub async fn run(args: SftpArgs) -> Result<u8> {
    let reach = args.reach;
    match args.command {
        SftpCommand::Test(args) => test::run(&reach, args).await,
        SftpCommand::Ls(args) => list::ls(&reach, args).await,
        SftpCommand::Stat(args) => list::stat(&reach, args).await,
        SftpCommand::Get(args) => copy::get(&reach, args).await,
        SftpCommand::Put(args) => copy::put(&reach, args).await,
        SftpCommand::Sync(args) => copy::sync(&reach, args).await,
        SftpCommand::Mkdir(args) => change::mkdir(&reach, args).await,
        SftpCommand::Rm(args) => change::rm(&reach, args).await,
        SftpCommand::Mv(args) => change::mv(&reach, args).await,
    }
}
