//! Copies from one end to another, whatever the two are: what `get`, `put` and `sync` come to.

use std::path::{Path, PathBuf};
use std::time::Instant;

use sftp::client::Entry;
use sftp::file::{self, Source};
use sftp::tree;
use sftp::wire::attributes::Attributes;
use tokio_util::sync::CancellationToken;

use super::copy::CopyArgs;
use super::end::{End, failure, not_there, one_end};
use super::meter::Meter;
use super::place::{At, Place, asked};
use super::reach::ReachArgs;
use super::report::Report;
use super::stopping::attended;
use super::tree::{Carry, Tree};
use crate::error::{Error, Result, exit};

/// What is to be done.
pub(super) struct Copying<'a> {
    pub(super) reach: &'a ReachArgs,
    pub(super) args: &'a CopyArgs,
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

impl Copying<'_> {
    /// Copies the sources to their target.
    pub(super) async fn run(mut self, sources: Vec<Place>, target: Place) -> Result<u8> {
        let (at, paths) = one_end(sources)?;
        self.check(&at, &paths, &target)?;
        let from = End::reach(self.reach, &at, self.args.load()).await?;
        let found = self.found(&from, &at, paths).await?;
        found.iter().try_for_each(|(path, like)| self.is_meant(path, like, &target))?;
        let to = End::reach(self.reach, &target.at, self.args.load()).await?;
        let pairs = self.pairs(found, &at, &to, &target).await?;
        if at == At::Volumes || target.at == At::Volumes {
            // A volume has times of its own.
            self.tree = tree::Options { newer_is_same: true, preserve: false, ..self.tree };
        }

        let stop = CancellationToken::new();
        let (from, to) = (from.until(&stop), to.until(&stop));
        let began = Instant::now();
        let mut report = Report::new(self.tree.dry_run);
        let copying = self.carry_all((&from, &to), (&at, &target), &pairs, &mut report);
        attended(copying, &stop).await??;
        from.close().await;
        to.close().await;
        report.show(began.elapsed(), self.args.json, self.args.quiet || target.is_stream())
    }

    /// Copies each of them.
    async fn carry_all(
        &self,
        (from, to): (&End, &End),
        (at, target): (&At, &Place),
        pairs: &[Pair],
        report: &mut Report,
    ) -> Result<()> {
        let sizes = pairs.iter().map(|pair| pair.like.size.filter(|_| !pair.like.is_directory())).sum();
        let meter = Meter::begin(sizes, self.args.quiet);
        for pair in pairs {
            if report.is_stopped() {
                break;
            }
            let trees = (&from.tree(&pair.from)?, &to.tree(&pair.to)?);
            match trees {
                (_, Tree::There(there)) if at.is_stream(&pair.from) => {
                    let mut stdin = tokio::io::stdin();
                    let (source, path) = (Source::Stream(&mut stdin), there.path(Path::new("")));
                    let options = self.args.file(false, false);
                    match file::put(there.channels(), source, &path, options, |more| meter.carried(more)).await {
                        Ok(carried) => report.carried(&path, carried),
                        Err(failed) => report.failed(&failed),
                    }
                }
                (tree, _) if target.is_stream() => {
                    match tree.pour(&pair.like, &mut tokio::io::stdout(), Path::new("stdout"), &meter).await {
                        Ok(bytes) => report.streamed(bytes),
                        Err(failed) if failed.is_last() => report.failed(&failed),
                        Err(failed) => return Err(failure(&failed)),
                    }
                }
                _ => self.carry(trees, pair, &meter, report).await?,
            }
        }
        Ok(())
    }

    /// Refuses what cannot be between these ends, before anything is asked.
    fn check(&self, from: &At, paths: &[PathBuf], target: &Place) -> Result<()> {
        let volumes = [from, &target.at].map(|at| *at == At::Volumes);
        let is_served = [from, &target.at].into_iter().any(|at| matches!(at, At::There(_)));
        match (from, &target.at) {
            (At::Here, At::Here) => {
                return Err(Error::new("both places are on this machine").way_out(
                    "One of them is a server's or a volume's: sftp://user@host/path, ENDPOINT:path, /Volumes/…",
                ));
            }
            (At::There(_), At::There(_)) => {
                return Err(Error::new("files do not go from one server straight to another")
                    .way_out("Get them to this machine or into a volume first, and put them from there."));
            }
            (At::Here, At::Volumes) if paths.iter().any(|path| from.is_stream(path)) => {
                return Err(Error::new(
                    "the Files API is told a file's size before its first byte, and nobody knows that of stdin",
                )
                .way_out("Write it to a file, and put that: tunnel sftp put FILE /Volumes/…"));
            }
            _ => {}
        }
        if !volumes.contains(&true) {
            return Ok(());
        }
        let load = self.args.load();
        let paced = "nothing but the connection to a server is divided or held back";
        let not_there = [
            (self.args.resume, "--resume", "a volume has a file whole or not at all"),
            (self.args.checksum, "--checksum", "what a volume has is not read back"),
            (self.preserve, "--preserve", "files of volumes have no modes, and their times are when they were written"),
            (load.limit.is_some() && !is_served, "--limit", paced),
            (load.parallel.is_some() && !is_served, "--parallel", paced),
        ];
        match not_there.into_iter().find(|(is_asked, ..)| *is_asked) {
            Some((_, flag, why)) => Err(Error::new(format!("{flag} is not there for volumes: {why}"))),
            None => Ok(()),
        }
    }

    /// What is to be copied. The folder of a sync is one, and no pattern.
    async fn found(&self, from: &End, at: &At, paths: Vec<PathBuf>) -> Result<Vec<(PathBuf, Attributes)>> {
        let mut found = Vec::new();
        for path in paths {
            if at.is_stream(&path) {
                found.push((path, Attributes::default()));
            } else if self.is_sync {
                let like = from.like(asked(&path), true).await?.ok_or_else(|| not_there(asked(&path)))?;
                found.push((path, like));
            } else {
                found.extend(from.meant(&path, true).await?);
            }
        }
        Ok(found)
    }

    /// Refuses what was found where something else is meant.
    fn is_meant(&self, path: &Path, like: &Attributes, target: &Place) -> Result<()> {
        let path = path.display();
        if like.is_directory() && target.is_stream() {
            return Err(Error::new(format!("{path} is a folder, and stdout takes files")));
        }
        if like.is_directory() && !self.recursive {
            return Err(
                Error::new(format!("{path} is a folder")).way_out("Copy it with all that is in it: --recursive")
            );
        }
        if !like.is_directory() && self.is_sync {
            return Err(Error::new(format!("{path} is no folder")).exits_with(exit::NOT_THERE));
        }
        Ok(())
    }

    /// Where each of them is to be.
    async fn pairs(&self, found: Vec<(PathBuf, Attributes)>, at: &At, to: &End, target: &Place) -> Result<Vec<Pair>> {
        let root = asked(&target.path);
        let into = !self.is_sync && !target.is_stream() && self.is_folder(to, target).await?;
        if found.len() > 1 && !into && !target.is_stream() {
            let what = format!("several files cannot all become {}, which is no folder", root.display());
            return Err(Error::new(what).way_out("Make the folder first, or name one that is there."));
        }
        let mut pairs = Vec::new();
        for (from, like) in found {
            if into && at.is_stream(&from) {
                return Err(
                    Error::new("what comes from stdin has no name").way_out("Say the file's name: …/folder/name")
                );
            }
            let to = match from.file_name().filter(|_| into) {
                Some(name) => root.join(name),
                None => root.to_owned(),
            };
            let is_around = self.is_sync && from.starts_with(&to);
            if *at == target.at && (is_around || to.starts_with(&from)) {
                let what = format!("{} and {} are one, or one of them is in the other", from.display(), to.display());
                return Err(Error::new(what));
            }
            pairs.push(Pair { from, to, like });
        }
        Ok(pairs)
    }

    /// Whether what is copied goes into the target, under its own name.
    async fn is_folder(&self, to: &End, target: &Place) -> Result<bool> {
        let root = asked(&target.path);
        // Who may write and not look learns it when the file is written.
        let is_there = to.like(root, true).await.ok().flatten().is_some_and(|like| like.is_directory());
        let is_said = target.is_said_to_be_folder();
        if !matches!(target.at, At::There(_)) {
            return Ok(is_there || is_said);
        }
        if is_said && !is_there && !self.recursive {
            return Err(Error::new(format!("{} is no folder of the server", root.display()))
                .way_out("Make it first: tunnel sftp mkdir")
                .exits_with(exit::NOT_THERE));
        }
        Ok(is_there)
    }

    /// A file, or a folder with all that is in it.
    async fn carry(&self, (from, to): (&Tree, &Tree), pair: &Pair, meter: &Meter, report: &mut Report) -> Result<()> {
        let is_folder = pair.like.is_directory();
        let copy = Carry { from, to, options: self.args.file(self.preserve, is_folder), meter };
        if is_folder {
            let is_shown = self.tree.dry_run && !self.args.json;
            match tree::sync(from, to, &copy, self.tree, |step| report.step(&step, meter, is_shown)).await {
                Ok(done) => report.tree(done),
                Err(failed) if failed.is_last() => report.failed(&failed),
                Err(failed) => return Err(failure(&failed)),
            }
            return Ok(());
        }
        let entry = Entry { name: PathBuf::new(), attributes: pair.like };
        match tree::Copy::copy(&copy, Path::new(""), &entry).await {
            Ok(carried) => report.carried(&pair.to, carried),
            Err(failed) => report.failed(&failed),
        }
        Ok(())
    }
}
