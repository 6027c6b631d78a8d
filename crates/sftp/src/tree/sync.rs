//! Has one tree be like another, folder by folder.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use futures_util::StreamExt;
use futures_util::future::{Either, LocalBoxFuture};
use futures_util::stream::{self, FuturesUnordered};

use super::{Copy, Side};
use crate::client::Entry;
use crate::file::{Carried, Failed};
use crate::wire::attributes::Attributes;

/// Folders that are looked into at a time.
const FOLDERS: usize = 16;
/// Files that are removed at a time.
const FILES: usize = 128;
/// Bytes of the files that are carried at a time, but for one that has more.
const BYTES: u64 = 16 * 1024 * 1024;
/// Bytes of one of them at least: what is kept of it beside its own.
const FILE: u64 = 16 * 1024;
/// Files that may wait for their turn before no more folders are looked into.
const WAITING: usize = 4096;

/// What is done.
#[derive(Debug, Clone, Copy, Default)]
#[allow(clippy::struct_excessive_bools)]
pub struct Options {
    /// To leave alone files of the same size and time (seconds).
    pub skip_same: bool,
    /// That a file of the same size that is newer is the same too: for a tree that cannot keep times.
    pub newer_is_same: bool,
    /// To remove what the first tree does not have.
    pub delete: bool,
    /// To do nothing, and say what would be done.
    pub dry_run: bool,
    /// To keep the times and the modes of folders too.
    pub preserve: bool,
}

/// One thing that was done, or that would be.
#[derive(Debug)]
pub enum Step<'a> {
    /// A folder was made.
    Made(&'a Path),
    /// A file was carried; what it came to, unless nothing is to be done.
    Carried(&'a Path, &'a Entry, Option<Carried>),
    /// A file, a link or an empty folder was removed.
    Removed(&'a Path),
    /// It is neither a file nor a folder, and was left out.
    LeftOut(&'a Path),
    /// Something failed. The rest goes on, unless the connection is lost or all is to stop.
    Failed(&'a Failed),
}

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Files that were carried, or would be.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that were the same.
    pub same: u64,
    /// Files, links and folders that were removed, or would be.
    pub removed: u64,
    /// What is neither a file nor a folder.
    pub left_out: u64,
    /// What failed.
    pub failed: u64,
}

/// What is told and counted.
struct Account<F> {
    done: Done,
    is_over: bool,
    tell: F,
}

impl<F: FnMut(Step<'_>)> Account<F> {
    fn failed(&mut self, failed: &Failed) {
        self.is_over |= failed.is_last();
        self.done.failed += 1;
        (self.tell)(Step::Failed(failed));
    }

    fn carried(&mut self, path: &Path, entry: &Entry, carried: Option<Carried>) {
        self.done.files += 1;
        self.done.bytes += carried.map_or(entry.attributes.size.unwrap_or_default(), |carried| carried.bytes);
        (self.tell)(Step::Carried(path, entry, carried));
    }
}

/// A folder of both trees.
struct Folder {
    path: PathBuf,
    like: Attributes,
    /// Whether it may be in the second tree.
    may_be_there: bool,
}

/// A folder that has been looked into.
struct Seen {
    folder: Folder,
    from: Vec<Entry>,
    /// What was there; `None` where the folder was made, or would be.
    to: Option<BTreeMap<OsString, Attributes>>,
}

enum Event {
    Seen(PathBuf, Result<Seen, Failed>),
    Copied(PathBuf, Entry, Result<Carried, Failed>),
}

/// Has the tree `to` be like `from`, by `copy`. Each step is told when it is done. Answers when all are.
///
/// # Errors
/// The first failure, when the root of `from` cannot be listed; all others are told as steps, and counted.
pub async fn sync<'a>(
    from: &'a impl Side,
    to: &'a impl Side,
    copy: &'a impl Copy,
    options: Options,
    tell: impl FnMut(Step<'_>),
) -> Result<Done, Failed> {
    let mut account = Account { done: Done::default(), is_over: false, tell };
    let mut folders = vec![Folder { path: PathBuf::new(), like: Attributes::default(), may_be_there: true }];
    let mut files: VecDeque<(PathBuf, Entry)> = VecDeque::new();
    let mut settled: Vec<(PathBuf, Attributes)> = Vec::new();
    let mut running: FuturesUnordered<LocalBoxFuture<'a, Event>> = FuturesUnordered::new();
    let (mut looking, mut copying, mut bytes) = (0, 0, 0);
    loop {
        while looking < FOLDERS
            && files.len() < WAITING
            && !account.is_over
            && let Some(folder) = folders.pop()
        {
            looking += 1;
            let path = folder.path.clone();
            running.push(Box::pin(async move { Event::Seen(path, look(from, to, folder, options.dry_run).await) }));
        }
        while copying < from.at_a_time().min(to.at_a_time())
            && !account.is_over
            && let Some((_, entry)) = files.front()
            && (copying == 0 || bytes + weight(entry) <= BYTES)
            && let Some((path, entry)) = files.pop_front()
        {
            copying += 1;
            bytes += weight(&entry);
            running.push(Box::pin(async move {
                let copied = copy.copy(&path, &entry).await;
                Event::Copied(path, entry, copied)
            }));
        }
        match running.next().await {
            None => break,
            Some(Event::Copied(path, entry, copied)) => {
                copying -= 1;
                bytes -= weight(&entry);
                match copied {
                    Ok(carried) => account.carried(&path, &entry, Some(carried)),
                    Err(failed) => account.failed(&failed),
                }
            }
            Some(Event::Seen(path, Err(failed))) => {
                looking -= 1;
                if path.as_os_str().is_empty() {
                    return Err(failed);
                }
                account.failed(&failed);
            }
            Some(Event::Seen(_, Ok(seen))) => {
                looking -= 1;
                if options.preserve && !seen.folder.path.as_os_str().is_empty() {
                    settled.push((seen.folder.path.clone(), seen.folder.like));
                }
                let surplus = compare(seen, options, &mut folders, &mut files, &mut account);
                for (path, like) in surplus.into_iter().filter(|_| options.delete) {
                    let removed = |path: &Path| (account.tell)(Step::Removed(path));
                    let (count, failed) = remove_all(to, &path, &like, options.dry_run, removed).await;
                    account.done.removed += count;
                    failed.iter().for_each(|failed| account.failed(failed));
                }
            }
        }
    }
    // What was put into a folder has changed its time. The inner ones are the later ones.
    for (folder, like) in settled.iter().rev().filter(|_| !options.dry_run) {
        if !account.is_over
            && let Err(failed) = to.settle_folder(folder, like).await
        {
            account.failed(&failed);
        }
    }
    Ok(account.done)
}

/// How much of what may be carried at a time a file is.
fn weight(entry: &Entry) -> u64 {
    entry.attributes.size.unwrap_or(BYTES).clamp(FILE, BYTES)
}

/// Sorts what is in a folder: what is to be looked into, what to be carried, and what only the second tree has, which it answers.
fn compare(
    seen: Seen,
    options: Options,
    folders: &mut Vec<Folder>,
    files: &mut VecDeque<(PathBuf, Entry)>,
    account: &mut Account<impl FnMut(Step<'_>)>,
) -> Vec<(PathBuf, Attributes)> {
    let Seen { folder, from, to } = seen;
    if to.is_none() {
        (account.tell)(Step::Made(&folder.path));
    }
    let may_be_there = to.is_some();
    let mut old = to.unwrap_or_default();
    for entry in from {
        let path = folder.path.join(&entry.name);
        let before = old.remove(entry.name.as_os_str());
        let is_folder = entry.attributes.is_directory();
        if !is_folder && !entry.attributes.is_file() {
            account.done.left_out += 1;
            (account.tell)(Step::LeftOut(&path));
        } else if before.is_some_and(|before| before.is_directory() != is_folder) {
            let error = std::io::Error::other("it is a file on one side and a folder on the other");
            account.failed(&Failed::Here { place: path, error });
        } else if is_folder {
            folders.push(Folder { path, like: entry.attributes, may_be_there });
        } else if options.skip_same
            && before.is_some_and(|before| is_same(&entry.attributes, &before, options.newer_is_same))
        {
            account.done.same += 1;
        } else if options.dry_run {
            account.carried(&path, &entry, None);
        } else {
            files.push_back((path, entry));
        }
    }
    old.into_iter().map(|(name, like)| (folder.path.join(name), like)).collect()
}

/// Whether a file is as it was carried, as far as its size and its time tell.
fn is_same(one: &Attributes, other: &Attributes, newer_is_same: bool) -> bool {
    let modified = |attributes: &Attributes| attributes.times.map(|(_, modified)| modified);
    let is_in_time = modified(one) == modified(other) || newer_is_same && modified(other) > modified(one);
    one.size == other.size && one.size.is_some() && is_in_time
}

/// Looks into a folder of both trees, and makes it in the second one.
async fn look(from: &impl Side, to: &impl Side, folder: Folder, dry_run: bool) -> Result<Seen, Failed> {
    let old = if folder.may_be_there { Either::Left(to.list(&folder.path)) } else { Either::Right(async { Ok(None) }) };
    let (entries, old) = futures_util::join!(from.list(&folder.path), old);
    let entries = entries?
        .ok_or_else(|| Failed::Changed { place: folder.path.clone(), what: "the folder is not there".to_owned() })?;
    let old = old?;
    if old.is_none() && !dry_run {
        to.make_folder(&folder.path).await?;
    }
    let old = old.map(|old| old.into_iter().map(|entry| (entry.name.into(), entry.attributes)).collect());
    Ok(Seen { folder, from: entries, to: old })
}

/// Removes a file, or a folder with all that is in it. Answers how many things were removed, and what failed.
pub async fn remove_all(
    side: &impl Side,
    path: &Path,
    like: &Attributes,
    dry_run: bool,
    mut removed: impl FnMut(&Path),
) -> (u64, Vec<Failed>) {
    let (mut count, mut failures) = (0, Vec::new());
    // A folder is removed when all that was in it is.
    let mut stack = vec![(path.to_owned(), like.is_directory(), false)];
    while let Some((path, is_folder, is_empty)) = stack.pop() {
        if is_folder && !is_empty {
            let entries = match side.list(&path).await {
                Ok(entries) => entries.unwrap_or_default(),
                Err(failed) => {
                    failures.push(failed);
                    continue;
                }
            };
            stack.push((path.clone(), true, true));
            let (inner, files): (Vec<_>, Vec<_>) =
                entries.into_iter().partition(|entry| entry.attributes.is_directory());
            stack.extend(inner.into_iter().map(|entry| (path.join(entry.name), true, false)));
            let paths: Vec<PathBuf> = files.into_iter().map(|entry| path.join(entry.name)).collect();
            let mut removing = stream::iter(&paths)
                .map(|path| async move { (path, if dry_run { Ok(()) } else { side.remove(path).await }) })
                .buffer_unordered(FILES);
            while let Some((path, outcome)) = removing.next().await {
                match outcome {
                    Ok(()) => {
                        count += 1;
                        removed(path);
                    }
                    Err(failed) => failures.push(failed),
                }
            }
            continue;
        }
        let outcome = match (dry_run, is_folder) {
            (true, _) => Ok(()),
            (false, true) => side.remove_folder(&path).await,
            (false, false) => side.remove(&path).await,
        };
        match outcome {
            Ok(()) => {
                count += 1;
                removed(&path);
            }
            Err(failed) => failures.push(failed),
        }
    }
    (count, failures)
}
