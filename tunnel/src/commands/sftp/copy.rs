//! `tunnel sftp get`, `put` and `sync`.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use clap::Args;
use sftp::file::{self, Source};
use sftp::tree::{self, Down, Here, Up};
use sftp::wire::attributes::Attributes;
use tokio::io::AsyncWriteExt;

use super::between::Between;
use super::ends::{Reached, failure, one_server, refused};
use super::meter::Meter;
use super::place::{Place, asked};
use super::reach::{LoadArgs, ReachArgs};
use super::report::Report;
use crate::error::{Context, Error, Result, exit};

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

    fn file(&self, preserve: bool, unsynced: bool) -> file::Options {
        file::Options { resume: self.resume, preserve, checksum: self.checksum, unsynced }
    }
}

pub(super) fn places(texts: Vec<OsString>) -> Result<Vec<Place>> {
    let place = |text: OsString| {
        let shown = text.to_string_lossy().into_owned();
        Place::parse(text).map_err(|reason| {
            // What may hold a password is not said again.
            if shown.contains('@') { Error::new(reason) } else { Error::new(format!("{shown}: {reason}")) }
        })
    };
    texts.into_iter().map(place).collect()
}

/// Copies from a server.
pub(super) async fn get(reach: &ReachArgs, args: GetArgs) -> Result<u8> {
    let mut places = places(args.places)?;
    if let Some(target) = places.pop_if(|place| matches!(place, Place::Volume(_))) {
        return between(reach, &args.copy, args.recursive, args.preserve).run(places, target).await;
    }
    let target = match places.last() {
        Some(Place::Here(_)) => places.pop(),
        _ => None,
    };
    let to_folder = target.as_ref().is_none_or(Place::is_said_to_be_folder);
    let Some(Place::Here(target)) = target.or(Some(Place::Here(".".into()))) else { return Ok(0) };
    let (address, paths) = one_server(places)?;
    let reached = Reached::new(reach, &address, &args.copy.load).await?;
    let mut sources = Vec::new();
    for path in &paths {
        sources.extend(reached.meant(path).await?);
    }
    if let Some((folder, _)) = sources.iter().find(|(_, like)| like.is_directory() && !args.recursive) {
        return Err(Error::new(format!("{} is a folder", folder.display()))
            .way_out("Copy it with all that is in it: --recursive"));
    }
    let began = Instant::now();
    let mut report = Report::default();
    let is_stdout = target == Path::new("-");
    let into = into_folder(to_folder || target.is_dir(), sources.len(), &target)?;
    let sizes = sources.iter().map(|(_, like)| like.size.filter(|_| !like.is_directory())).sum();
    let meter = Meter::begin(sizes, args.copy.quiet);
    for (path, like) in &sources {
        if is_stdout {
            report.streamed(to_stdout(&reached, path, *like, &meter).await?);
            continue;
        }
        let local =
            if into { path.file_name().map_or(target.clone(), |name| target.join(name)) } else { target.clone() };
        if like.is_directory() {
            let (there, here) = (reached.tree(path)?, Here::new(&local));
            let copy = Down {
                there: &there,
                here: &here,
                options: args.copy.file(args.preserve, true),
                carried: Mutex::new(|more| meter.carried(more)),
            };
            let options = tree::Options {
                skip_same: args.copy.resume && args.preserve,
                preserve: args.preserve,
                ..Default::default()
            };
            let done = tree::sync(&there, &here, &copy, options, |step| report.step(&step, &meter, false)).await;
            report.tree(done.map_err(|failed| failure(&failed))?);
        } else {
            let got = file::get(&reached.channels, path, &local, args.copy.file(args.preserve, false), |more| {
                meter.carried(more)
            })
            .await;
            match got {
                Ok(carried) => report.carried(path, carried),
                Err(failed) => report.failed(&failed),
            }
        }
    }
    drop(meter);
    reached.close().await;
    report.show(began.elapsed(), args.copy.json, args.copy.quiet || is_stdout)
}

/// Copies to a server.
pub(super) async fn put(reach: &ReachArgs, args: PutArgs) -> Result<u8> {
    let mut places = places(args.places)?;
    let target = places.pop();
    if places.iter().any(|place| matches!(place, Place::Volume(_)))
        && let Some(target) = target
    {
        return between(reach, &args.copy, args.recursive, args.preserve).run(places, target).await;
    }
    let to_folder = target.as_ref().is_some_and(Place::is_said_to_be_folder);
    let (address, target) = match target {
        Some(Place::There(address, path)) => (address, path),
        _ => {
            return Err(Error::new("the last place is where to: one of a server")
                .way_out("sftp://user@host/path, or ENDPOINT:path"));
        }
    };
    let mut sources = Vec::new();
    for place in places {
        let Place::Here(path) = place else {
            return Err(
                Error::new("what is put is on this machine").way_out("From a server to this machine: tunnel sftp get")
            );
        };
        // What is not there is said before anything is asked.
        let is_folder =
            path != Path::new("-") && std::fs::metadata(&path).context(|| path.display().to_string())?.is_dir();
        if is_folder && !args.recursive {
            return Err(Error::new(format!("{} is a folder", path.display()))
                .way_out("Copy it with all that is in it: --recursive"));
        }
        sources.push((path, is_folder));
    }
    let reached = Reached::new(reach, &address, &args.copy.load).await?;
    let is_folder_there = reached.sftp.stat(asked(&target)).await.is_ok_and(|like| like.is_directory());
    if to_folder && !is_folder_there && !args.recursive {
        return Err(Error::new(format!("{} is no folder of the server", asked(&target).display()))
            .way_out("Make it first: tunnel sftp mkdir")
            .exits_with(exit::NOT_THERE));
    }
    let into = into_folder(is_folder_there, sources.len(), &target)?;
    let began = Instant::now();
    let mut report = Report::default();
    let sizes = sources
        .iter()
        .map(|(path, is_folder)| std::fs::metadata(path).ok().map(|like| like.len()).filter(|_| !is_folder))
        .sum();
    let meter = Meter::begin(sizes, args.copy.quiet);
    for (local, is_folder) in &sources {
        let is_stdin = local == Path::new("-");
        let path = match local.file_name().filter(|_| into) {
            Some(_) if is_stdin => {
                return Err(
                    Error::new("what comes from stdin has no name").way_out("Say the file's name: …/folder/name")
                );
            }
            Some(name) => target.join(name),
            None => target.clone(),
        };
        if *is_folder {
            let (here, there) = (Here::new(local), reached.tree(&path)?);
            let copy = Up {
                here: &here,
                there: &there,
                options: args.copy.file(args.preserve, true),
                carried: Mutex::new(|more| meter.carried(more)),
            };
            let options = tree::Options {
                skip_same: args.copy.resume && args.preserve,
                preserve: args.preserve,
                ..Default::default()
            };
            let done = tree::sync(&here, &there, &copy, options, |step| report.step(&step, &meter, false)).await;
            report.tree(done.map_err(|failed| failure(&failed))?);
            continue;
        }
        let options = args.copy.file(args.preserve, false);
        let told = |more| meter.carried(more);
        let mut stdin = tokio::io::stdin();
        let source = if is_stdin { Source::Stream(&mut stdin) } else { Source::File(local) };
        match file::put(&reached.channels, source, &path, options, told).await {
            Ok(carried) => report.carried(&path, carried),
            Err(failed) => report.failed(&failed),
        }
    }
    drop(meter);
    reached.close().await;
    report.show(began.elapsed(), args.copy.json, args.copy.quiet)
}

/// Has one folder hold what another holds.
pub(super) async fn sync(reach: &ReachArgs, args: SyncArgs) -> Result<u8> {
    let (from, to) = match <[Place; 2]>::try_from(places(vec![args.from, args.to])?) {
        Ok([from, to]) => (from, to),
        Err(_) => return Err(Error::new("there are two places")),
    };
    let options = tree::Options {
        skip_same: true,
        delete: args.delete,
        dry_run: args.dry_run,
        preserve: true,
        ..Default::default()
    };
    if matches!((&from, &to), (Place::Volume(_), _) | (_, Place::Volume(_))) {
        let tree = tree::Options { newer_is_same: true, preserve: false, ..options };
        return Between { reach, copy: &args.copy, recursive: true, preserve: false, is_sync: true, tree }
            .run(vec![from], to)
            .await;
    }
    let file = args.copy.file(true, true);
    let began = Instant::now();
    let mut report = Report::new(args.dry_run);
    let meter = Meter::begin(None, args.copy.quiet);
    let carried = Mutex::new(|more| meter.carried(more));
    let is_shown = args.dry_run && !args.copy.json;
    let (reached, done) = match (from, to) {
        (Place::Here(local), Place::There(address, path)) => {
            if !local.is_dir() {
                return Err(Error::new(format!("{} is no folder", local.display())).exits_with(exit::NOT_THERE));
            }
            let reached = Reached::new(reach, &address, &args.copy.load).await?;
            let (here, there) = (Here::new(local), reached.tree(&path)?);
            let copy = Up { here: &here, there: &there, options: file, carried };
            let done = tree::sync(&here, &there, &copy, options, |step| report.step(&step, &meter, is_shown)).await;
            (reached, done)
        }
        (Place::There(address, path), Place::Here(local)) => {
            let reached = Reached::new(reach, &address, &args.copy.load).await?;
            let (there, here) = (reached.tree(&path)?, Here::new(local));
            let copy = Down { there: &there, here: &here, options: file, carried };
            let done = tree::sync(&there, &here, &copy, options, |step| report.step(&step, &meter, is_shown)).await;
            (reached, done)
        }
        _ => return Err(Error::new("one of the two places is on this machine, and the other on a server")),
    };
    report.tree(done.map_err(|failed| failure(&failed))?);
    drop(meter);
    reached.close().await;
    report.show(began.elapsed(), args.copy.json, args.copy.quiet)
}

/// A copy between a server and a volume.
fn between<'a>(reach: &'a ReachArgs, copy: &'a CopyArgs, recursive: bool, preserve: bool) -> Between<'a> {
    Between { reach, copy, recursive, preserve, is_sync: false, tree: tree::Options::default() }
}

/// Whether what is copied goes into a folder, under its own name.
fn into_folder(is_folder: bool, sources: usize, target: &Path) -> Result<bool> {
    if sources > 1 && !is_folder && target != Path::new("-") {
        let what = format!("several files cannot all become {}, which is no folder", target.display());
        return Err(Error::new(what).way_out("Make the folder first, or name one that is there."));
    }
    Ok(is_folder)
}

/// Writes a file to stdout.
async fn to_stdout(reached: &Reached, path: &Path, like: Attributes, meter: &Meter) -> Result<u64> {
    let lanes = file::reader(&reached.channels, path).await.map_err(|failed| failure(&failed))?;
    let mut stdout = tokio::io::stdout();
    let end = lanes.download((0, like.size), &mut stdout, |more| meter.carried(more)).await;
    let end = end.map_err(|error| Error::new(format!("{}: {error}", path.display())))?;
    stdout.flush().await.context(|| "cannot write to stdout".to_owned())?;
    lanes.close().await.map_err(|error| refused(path, &error))?;
    Ok(end)
}
