//! `tunnel sftp mkdir`, `rm` and `mv`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use sftp::client::{Error as SftpError, Status};
use sftp::file::Failed;
use sftp::tree::{Side, remove_all};
use sftp::wire::attributes::Attributes;

use super::end::{End, Reached, failure, not_there, one_far_end, refused};
use super::place::{At, Place};
use super::reach::{LoadArgs, ReachArgs};
use super::report::shown;
use super::volume::path::is_volume;
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

/// Makes folders.
pub(super) async fn mkdir(reach: &ReachArgs, args: MkdirArgs) -> Result<u8> {
    let (at, paths) = one_far_end(Place::all(args.places)?)?;
    let end = End::reach(reach, &at, &LoadArgs::ONE).await?;
    for path in &paths {
        if let End::Volumes(..) = end {
            // It makes those above too, and is content with one that is there.
            if !args.parents {
                is_new(&end, path).await?;
            }
            end.tree(path)?.make_folder(Path::new("")).await.map_err(|failed| failure(&failed))?;
            continue;
        }
        let above: Vec<&Path> =
            path.ancestors().filter(|path| !path.as_os_str().is_empty() && *path != Path::new("/")).collect();
        let wanted = if args.parents { above.into_iter().rev().collect() } else { vec![path.as_path()] };
        for folder in wanted {
            let made = end.tree(folder)?.make_folder(Path::new("")).await;
            let is_there = args.parents
                && matches!(made, Err(Failed::There { error: SftpError::Refused { .. }, .. }))
                && end.like(folder, true).await.ok().flatten().is_some_and(|like| like.is_directory());
            if let Err(failed) = made
                && !is_there
            {
                return Err(failure(&failed));
            }
        }
    }
    end.close().await;
    Ok(0)
}

/// Refuses a folder that is there, and one whose own folder is not.
async fn is_new(end: &End, folder: &Path) -> Result<()> {
    if end.like(folder, true).await?.is_some() {
        return Err(
            Error::new(format!("{} is there already", folder.display())).way_out("To be content with that: --parents")
        );
    }
    match folder.parent() {
        Some(above) if !is_volume(folder) && end.like(above, true).await?.is_none() => {
            Err(not_there(above).way_out("Make it too: --parents"))
        }
        _ => Ok(()),
    }
}

/// Removes files.
pub(super) async fn rm(reach: &ReachArgs, args: RmArgs) -> Result<u8> {
    let (at, paths) = one_far_end(Place::all(args.places)?)?;
    let end = End::reach(reach, &at, &LoadArgs::default()).await?;
    let mut meant: Vec<(PathBuf, Attributes)> = Vec::new();
    for path in &paths {
        // A link is removed, and not what it points to.
        meant.extend(end.meant(path, false).await?);
    }
    for (path, like) in &meant {
        is_removable(&end, path, like, args.recursive)?;
    }
    let tree = end.tree(Path::new(""))?;
    let mut failed = Vec::new();
    for (path, like) in &meant {
        let (_, failures) = remove_all(&tree, path, like, args.dry_run, |path| {
            if args.dry_run {
                let _ = print::bytes(format!("remove  {}\n", shown(path)).as_bytes());
            }
        })
        .await;
        failed.extend(failures);
    }
    end.close().await;
    let Some((first, others)) = failed.split_first() else { return Ok(0) };
    for other in others {
        say!("tunnel: {}", failure(other));
    }
    Err(failure(first))
}

/// Refuses what is not removed, before anything is.
fn is_removable(end: &End, path: &Path, like: &Attributes, recursive: bool) -> Result<()> {
    let place = path.display();
    if matches!(end, End::Volumes(..)) && is_volume(path) {
        return Err(Error::new(format!("{place} is not removed: it is a volume, and only what is in one is files"))
            .way_out("What is in it: '/Volumes/CATALOG/SCHEMA/VOLUME/*'. The volume: tunnel sql 'DROP VOLUME …'"));
    }
    if path.file_name().is_none() {
        return Err(Error::new(format!("{place} is not removed: it is a root or a home")));
    }
    if like.is_directory() && !recursive {
        return Err(Error::new(format!("{place} is a folder")).way_out("Remove it with all that is in it: --recursive"));
    }
    Ok(())
}

/// Renames.
pub(super) async fn mv(reach: &ReachArgs, args: MvArgs) -> Result<u8> {
    let (at, paths) = one_far_end(Place::all(vec![args.from, args.to])?)?;
    let [from, to] = &*paths else { return Err(Error::new("there are two places")) };
    let At::There(address) = at else {
        return Err(Error::new(format!("{} keeps its name: the Files API of volumes renames nothing", from.display()))
            .way_out("Copy it, then remove it: tunnel sftp put --recursive FROM TO, tunnel sftp rm --recursive FROM"));
    };
    let reached = Reached::new(reach, &address, &LoadArgs::ONE).await?;
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
