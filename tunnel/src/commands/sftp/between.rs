//! Between servers and volumes: what `get`, `put` and `sync` do where one of the places is a volume's.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use sftp::client::Entry;
use sftp::file::Options;
use sftp::tree::{self, Copy, Side};
use sftp::wire::attributes::Attributes;

use super::copy::CopyArgs;
use super::ends::{Reached, failure};
use super::meter::Meter;
use super::place::{Place, asked};
use super::reach::ReachArgs;
use super::report::Report;
use super::volume::{IntoVolume, OutOfVolume, Volume};
use crate::error::{Error, Result, exit};

/// What is to be done.
pub(super) struct Between<'a> {
    pub(super) reach: &'a ReachArgs,
    pub(super) copy: &'a CopyArgs,
    /// Whether folders are copied.
    pub(super) recursive: bool,
    /// Whether times and modes are to be kept.
    pub(super) preserve: bool,
    /// Whether the last place is to hold what the first one holds, and not a copy of it by its name.
    pub(super) is_sync: bool,
    pub(super) tree: tree::Options,
}

/// A file or a folder, and where it is to be.
struct Pair {
    from: PathBuf,
    to: PathBuf,
    like: Attributes,
}

impl Between<'_> {
    /// Copies the sources to their target, one of which is on a server and the other in a volume.
    pub(super) async fn run(self, sources: Vec<Place>, target: Place) -> Result<u8> {
        let not_there = [
            (self.copy.resume, "--resume", "a volume has a file whole or not at all"),
            (self.copy.checksum, "--checksum", "what a volume has is not read back"),
            (self.preserve, "--preserve", "files of volumes have no modes, and their times are when they were written"),
        ];
        if let Some((_, flag, why)) = not_there.into_iter().find(|(is_asked, ..)| *is_asked) {
            return Err(Error::new(format!("{flag} is not there for volumes: {why}")));
        }
        let began = Instant::now();
        let said_to_be_folder = target.is_said_to_be_folder();
        let client = self.reach.endpoint.workspace.client()?;
        let meter = Meter::begin(None, self.copy.quiet);
        let mut report = Report::new(self.tree.dry_run);
        let volume = |root: &Path| Volume { client: client.clone(), root: root.to_owned() };
        let reached = match (sources, target) {
            (sources, Place::Volume(target)) => {
                let (address, paths) = super::ends::one_server(sources)?;
                let reached = Reached::new(self.reach, &address, self.copy.load()).await?;
                let mut found = Vec::new();
                for path in &paths {
                    found.extend(reached.meant(path).await?);
                }
                let is_folder = said_to_be_folder || self.folder(&volume(&target)).await?;
                for pair in self.pairs(found, &target, is_folder)? {
                    let (there, into) = (reached.tree(&pair.from)?, volume(&pair.to));
                    let copy =
                        IntoVolume { there: &there, volume: &into, carried: Mutex::new(|more| meter.carried(more)) };
                    self.one(&there, &into, &copy, &pair, &meter, &mut report).await?;
                }
                reached
            }
            (sources, Place::There(address, target)) => {
                let mut found = Vec::new();
                for source in sources {
                    let Place::Volume(path) = source else { return Err(not_both()) };
                    let permissions = if self.folder(&volume(&path)).await? { 0o040_755 } else { 0o100_644 };
                    found.push((path, Attributes { permissions: Some(permissions), ..Attributes::default() }));
                }
                let reached = Reached::new(self.reach, &address, self.copy.load()).await?;
                let is_folder = reached.sftp.stat(asked(&target)).await.is_ok_and(|like| like.is_directory());
                for pair in self.pairs(found, &target, is_folder)? {
                    let (out, there) = (volume(&pair.from), reached.tree(&pair.to)?);
                    let options = Options { unsynced: pair.like.is_directory(), ..Options::default() };
                    let copy = OutOfVolume {
                        volume: &out,
                        there: &there,
                        options,
                        carried: Mutex::new(|more| meter.carried(more)),
                    };
                    self.one(&out, &there, &copy, &pair, &meter, &mut report).await?;
                }
                reached
            }
            _ => return Err(not_both()),
        };
        drop(meter);
        reached.close().await;
        report.show(began.elapsed(), self.copy.json, self.copy.quiet)
    }

    /// Whether it is a folder of the volume.
    async fn folder(&self, volume: &Volume) -> Result<bool> {
        match volume.list(Path::new("")).await {
            Ok(found) => Ok(found.is_some()),
            Err(failed) => Err(failure(&failed)),
        }
    }

    fn pairs(&self, found: Vec<(PathBuf, Attributes)>, target: &Path, is_folder: bool) -> Result<Vec<Pair>> {
        let count = found.len();
        let pair = |(from, like): (PathBuf, Attributes)| {
            if like.is_directory() && !self.recursive {
                return Err(Error::new(format!("{} is a folder", from.display()))
                    .way_out("Copy it with all that is in it: --recursive"));
            }
            if self.is_sync && !like.is_directory() {
                return Err(Error::new(format!("{} is no folder", from.display())).exits_with(exit::NOT_THERE));
            }
            if count > 1 && !is_folder {
                return Err(Error::new(format!(
                    "several files cannot all become {}, which is no folder",
                    target.display()
                )));
            }
            let to = match from.file_name().filter(|_| is_folder && !self.is_sync) {
                Some(name) => target.join(name),
                None => target.to_owned(),
            };
            Ok(Pair { from, to, like })
        };
        found.into_iter().map(pair).collect()
    }

    async fn one(
        &self,
        from: &impl Side,
        to: &impl Side,
        copy: &impl Copy,
        pair: &Pair,
        meter: &Meter,
        report: &mut Report,
    ) -> Result<()> {
        if pair.like.is_directory() {
            let is_shown = self.tree.dry_run && !self.copy.json;
            let done = tree::sync(from, to, copy, self.tree, |step| report.step(&step, meter, is_shown)).await;
            report.tree(done.map_err(|failed| failure(&failed))?);
            return Ok(());
        }
        let entry = Entry { name: PathBuf::new(), attributes: pair.like };
        match copy.copy(Path::new(""), &entry).await {
            Ok(carried) => report.carried(&pair.to, carried),
            Err(failed) => report.failed(&failed),
        }
        Ok(())
    }
}

fn not_both() -> Error {
    Error::new("of the two places one is a volume's, and the other a server's")
        .way_out("Between a volume and this machine: databricks fs cp, or tunnel api PUT 2.0/fs/files/Volumes/…")
}
