//! `tunnel sftp get`, `put` and `sync`.

use std::ffi::OsString;

use clap::Args;
use sftp::{file, tree};

use super::copying::Copying;
use super::place::{At, Place};
use super::reach::{LoadArgs, ReachArgs};
use crate::error::{Error, Result};

/// How files are copied.
#[derive(Debug, Clone, Default, Args)]
#[group(skip)]
pub(super) struct CopyArgs {
    /// How much of the connection is used.
    #[command(flatten)]
    load: LoadArgs,
    /// Go on with what an earlier try left.
    #[arg(long)]
    pub(super) resume: bool,
    /// Read back what was written, and compare it.
    #[arg(long)]
    pub(super) checksum: bool,
    /// Show nothing but what fails.
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// What to get.
#[derive(Debug, Args)]
pub(super) struct GetArgs {
    #[command(flatten)]
    copy: CopyArgs,
    /// Copy folders with all that is in them.
    #[arg(long, short)]
    recursive: bool,
    /// Keep times and modes.
    #[arg(long)]
    preserve: bool,
    /// What to copy, and at last where to: by default this folder.
    #[arg(required = true, value_name = "PLACE")]
    places: Vec<OsString>,
}

/// What to put.
#[derive(Debug, Args)]
pub(super) struct PutArgs {
    #[command(flatten)]
    copy: CopyArgs,
    /// Copy folders with all that is in them.
    #[arg(long, short)]
    recursive: bool,
    /// Keep times and modes.
    #[arg(long)]
    preserve: bool,
    /// What to copy, and at last where to.
    #[arg(required = true, num_args = 2.., value_name = "PLACE")]
    places: Vec<OsString>,
}

/// What is to be the same as what.
#[derive(Debug, Args)]
pub(super) struct SyncArgs {
    #[command(flatten)]
    copy: CopyArgs,
    /// Remove from the second folder what the first does not have.
    #[arg(long)]
    delete: bool,
    /// Do nothing, and say what would be done.
    #[arg(long)]
    dry_run: bool,
    /// The folder that is copied.
    #[arg(value_name = "FROM")]
    from: OsString,
    /// The folder that is to hold the same.
    #[arg(value_name = "TO")]
    to: OsString,
}

impl CopyArgs {
    pub(super) fn load(&self) -> &LoadArgs {
        &self.load
    }

    pub(super) fn file(&self, preserve: bool, unsynced: bool) -> file::Options {
        file::Options { resume: self.resume, preserve, checksum: self.checksum, unsynced }
    }
}

/// Copies from a server or a volume.
pub(super) async fn get(reach: &ReachArgs, args: GetArgs) -> Result<u8> {
    let mut sources = Place::all(args.places)?;
    let first = sources.first().map(|place| place.at.clone());
    if first == Some(At::Here) {
        return Err(Error::new("what is got is on a server or in a volume")
            .way_out("From this machine to a server or a volume: tunnel sftp put"));
    }
    let is_elsewhere = |place: &Place| match (&first, &place.at) {
        (Some(At::There(_)), At::There(_)) => false,
        (first, at) => first.as_ref() != Some(at),
    };
    let target = sources.pop_if(|place| is_elsewhere(place)).unwrap_or_else(Place::this_folder);
    copying(reach, &args.copy, args.recursive, args.preserve).run(sources, target).await
}

/// Copies to a server or into a volume.
pub(super) async fn put(reach: &ReachArgs, args: PutArgs) -> Result<u8> {
    let mut sources = Place::all(args.places)?;
    let target = sources.pop().filter(|place| place.at != At::Here);
    let target = target.ok_or_else(|| {
        Error::new("the last place is where to: one of a server, or of a volume")
            .way_out("sftp://user@host/path, ENDPOINT:path, or /Volumes/CATALOG/SCHEMA/VOLUME/path. To this machine: tunnel sftp get")
    })?;
    copying(reach, &args.copy, args.recursive, args.preserve).run(sources, target).await
}

/// Has one folder hold what another holds.
pub(super) async fn sync(reach: &ReachArgs, args: SyncArgs) -> Result<u8> {
    let [from, to] = <[Place; 2]>::try_from(Place::all(vec![args.from, args.to])?)
        .map_err(|_| Error::new("there are two places"))?;
    if from.is_stream() || to.is_stream() {
        return Err(Error::new("what is kept the same is a folder, and - is none"));
    }
    let tree = tree::Options {
        skip_same: true,
        delete: args.delete,
        dry_run: args.dry_run,
        preserve: true,
        ..Default::default()
    };
    // Times are what tells the next one what is the same, where they can be kept.
    let preserve = from.at != At::Volumes && to.at != At::Volumes;
    Copying { reach, args: &args.copy, recursive: true, preserve, is_sync: true, tree }.run(vec![from], to).await
}

/// A copy under the names that the files have.
fn copying<'a>(reach: &'a ReachArgs, args: &'a CopyArgs, recursive: bool, preserve: bool) -> Copying<'a> {
    let tree = tree::Options { skip_same: args.resume && preserve, preserve, ..Default::default() };
    Copying { reach, args, recursive, preserve, is_sync: false, tree }
}
