//! `tunnel sftp mkdir`, `rm` and `mv`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use sftp::client::{Error as SftpError, Status};
use sftp::tree::remove_all;
use sftp::wire::attributes::Attributes;

use super::copy::places;
use super::ends::{Reached, failure, one_server, refused};
use super::reach::{LoadArgs, ReachArgs};
use super::report::shown;
use crate::error::{Error, Result};
use crate::{print, say};

/// What to make.
#[derive(Debug, Args)]
pub(super) struct MkdirArgs {
    /// Make the folders above it too, and be content with one that is there.
    #[arg(long)]
    parents: bool,
    /// The folders.
    #[arg(required = true, value_name = "PLACE")]
    places: Vec<OsString>,
}

/// What to remove.
#[derive(Debug, Args)]
pub(super) struct RmArgs {
    /// Remove folders with all that is in them.
    #[arg(long, short)]
    recursive: bool,
    /// Do nothing, and say what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Files, or patterns.
    #[arg(required = true, value_name = "PLACE")]
    places: Vec<OsString>,
}

/// What to rename.
#[derive(Debug, Args)]
pub(super) struct MvArgs {
    /// What is there.
    #[arg(value_name = "FROM")]
    from: OsString,
    /// What it is to be called, on the same server.
    #[arg(value_name = "TO")]
    to: OsString,
}

const ONE: LoadArgs = LoadArgs { parallel: Some(1), limit: None };

/// Makes folders.
pub(super) async fn mkdir(reach: &ReachArgs, args: MkdirArgs) -> Result<u8> {
    let (address, paths) = one_server(places(args.places)?)?;
    let reached = Reached::new(reach, &address, &ONE).await?;
    for path in &paths {
        let above: Vec<&Path> =
            path.ancestors().filter(|path| !path.as_os_str().is_empty() && *path != Path::new("/")).collect();
        let wanted = if args.parents { above.into_iter().rev().collect() } else { vec![path.as_path()] };
        for folder in wanted {
            let made = reached.sftp.make_folder(folder, &Attributes::default()).await;
            let is_there = args.parents
                && matches!(made, Err(SftpError::Refused { .. }))
                && reached.sftp.stat(folder).await.is_ok_and(|like| like.is_directory());
            if let Err(error) = made
                && !is_there
            {
                return Err(refused(folder, &error));
            }
        }
    }
    reached.close().await;
    Ok(0)
}

/// Removes files.
pub(super) async fn rm(reach: &ReachArgs, args: RmArgs) -> Result<u8> {
    let (address, paths) = one_server(places(args.places)?)?;
    let reached = Reached::new(reach, &address, &LoadArgs::default()).await?;
    let mut meant: Vec<(PathBuf, Attributes)> = Vec::new();
    for path in &paths {
        // A link is removed, and not what it points to.
        match reached.sftp.lstat(path).await {
            Ok(like) => meant.push((path.clone(), like)),
            Err(_) => meant.extend(reached.meant(path).await?),
        }
    }
    if let Some((folder, _)) = meant.iter().find(|(_, like)| like.is_directory() && !args.recursive) {
        return Err(Error::new(format!("{} is a folder", folder.display()))
            .way_out("Remove it with all that is in it: --recursive"));
    }
    let tree = reached.tree(Path::new(""))?;
    let mut failed = Vec::new();
    for (path, like) in &meant {
        if path.file_name().is_none() {
            return Err(Error::new(format!("{} is not removed: it is a root or a home", path.display())));
        }
        let (_, failures) = remove_all(&tree, path, like, args.dry_run, |path| {
            if args.dry_run {
                let _ = print::bytes(format!("remove  {}\n", shown(path)).as_bytes());
            }
        })
        .await;
        failed.extend(failures);
    }
    reached.close().await;
    let Some((first, others)) = failed.split_first() else { return Ok(0) };
    for other in others {
        say!("tunnel: {}", failure(other));
    }
    Err(failure(first))
}

/// Renames.
pub(super) async fn mv(reach: &ReachArgs, args: MvArgs) -> Result<u8> {
    let (address, paths) = one_server(places(vec![args.from, args.to])?)?;
    let [from, to] = &*paths else { return Err(Error::new("there are two places")) };
    let reached = Reached::new(reach, &address, &ONE).await?;
    let sftp = &reached.sftp;
    let to = match sftp.stat(to).await {
        Ok(like) if like.is_directory() => to.join(from.file_name().unwrap_or_default()),
        Ok(_) => to.clone(),
        Err(error) if error.is(Status::NoSuchFile) => to.clone(),
        Err(error) => return Err(refused(to, &error)),
    };
    let renamed =
        if sftp.features().posix_rename { sftp.rename_over(from, &to).await } else { sftp.rename(from, &to).await };
    renamed.map_err(|error| refused(from, &error))?;
    reached.close().await;
    Ok(0)
}
