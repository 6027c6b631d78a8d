//! `tunnel sftp`: files of any SFTP server, and of endpoints over the tunnel's own stream, without a program of others.

mod between;
mod change;
mod copy;
mod ends;
pub(super) mod list;
mod login;
mod meter;
mod place;
mod rate;
mod reach;
pub(super) mod report;
pub(super) mod test;
mod volume;

use clap::{Args, Subcommand};

use crate::error::Result;

/// What to do with files of a server.
#[derive(Debug, Args)]
#[command(
    after_help = "PLACE is sftp://user@host:port/path of any server (/~/path begins at the home), ENDPOINT:path of this deployment (or :path with \
--endpoint or --cluster), or a path of this machine; - is stdin or stdout. Paths there may be patterns: '*.csv', '**/*.parquet'. get, put \
and sync also go between servers and /Volumes/CATALOG/SCHEMA/VOLUME/path, without a file of this machine (whose own /Volumes is \
//Volumes here).

A file is written beside its place and gets its name when all of it is there. A server must be known: by known_hosts, or by --fingerprint. \
Passwords and passphrases come from files, from TUNNEL_SFTP_PASSWORD and TUNNEL_SFTP_PASSPHRASE, or from the terminal, never from the \
command line.

Exit codes: 0 all is done, 1 something failed, 3 it is not there, 4 not let in or not allowed.

Examples:
  tunnel sftp test sftp://me@files.example.com/in
  tunnel sftp get 'sftp://me@files.example.com/in/*.csv' ./in/
  tunnel sftp put --resume model.bin demo:/tmp/
  pg_dump shop | tunnel sftp put - sftp://me@files.example.com/backup/shop.sql
  tunnel sftp get 'sftp://me@files.example.com/in/*.csv' /Volumes/main/sales/landing/
  tunnel sftp sync --delete --dry-run ./site sftp://me@files.example.com/site"
)]
pub struct SftpArgs {
    /// How the server is reached.
    #[command(flatten)]
    reach: reach::ReachArgs,
    #[command(subcommand)]
    command: SftpCommand,
}

#[derive(Debug, Subcommand)]
enum SftpCommand {
    /// Go the way to a server step by step, and say which step fails and why.
    Test(test::TestArgs),
    /// List a folder, or what a pattern means.
    Ls(list::LsArgs),
    /// Show what a file or a folder is like.
    Stat(list::StatArgs),
    /// Copy files from a server.
    Get(copy::GetArgs),
    /// Copy files to a server.
    Put(copy::PutArgs),
    /// Have a folder hold what another one holds: only what differs is copied.
    Sync(copy::SyncArgs),
    /// Make a folder.
    Mkdir(change::MkdirArgs),
    /// Remove files.
    Rm(change::RmArgs),
    /// Rename a file or a folder, over a file that is there.
    Mv(change::MvArgs),
}

/// Does it.
///
/// # Errors
/// When the server is not reached, or refuses.
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
