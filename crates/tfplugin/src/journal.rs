//! The journal of creates: what makes a kill in the middle of an apply leave no orphan.
//!
//! One file per create, written and synced before the request leaves. It ends when a stored state was seen to have the
//! object, when the object is deleted, or when nothing was made: never by time, and never because a process ends, since
//! Terraform writes a remote state minutes after it was answered. An entry whose run of Terraform is over is the trace of a
//! create that may be in no state; the next create of the same values claims it and looks for its object. On another machine
//! there is no journal: the marks that the service shows restore it ([`Journal::restore`]). See
//! `docs/decisions/0002-crash-safe-creates.md`.

mod entry;
mod local_state;
mod mark;
mod own;
mod plans;
mod run;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use jiff::Timestamp;

use crate::call::Marked;
use crate::environment::Working;
pub(crate) use entry::Entry;
use entry::{Contents, Note, Record};
pub(crate) use local_state::{Stored, stored};
pub(crate) use mark::Mark;
pub(crate) use run::Run;

/// What an entry calls its object's type that was restored from a mark.
const RESTORED: &str = "object";

/// The journal of one working directory, as one process sees it.
#[derive(Debug)]
pub(crate) struct Journal {
    /// `None` keeps no journal.
    folder: Option<PathBuf>,
    /// The run of Terraform that the process belongs to; `None` where one process serves many.
    run: Option<Run>,
    working: Working,
    /// Answered creates: this process keeps their locks as long as it lives.
    answered: Mutex<HashMap<String, Entry>>,
    /// The name of the deployment.
    deployment: OnceLock<String>,
    /// What the plan of this run is shown.
    shown: plans::Shown,
    /// What the state had when the plan was made, if that is known.
    stored: OnceLock<Option<Stored>>,
    /// What runs that are over have left, as this process first saw it, and what has been restored since.
    left: Mutex<Option<Vec<Left>>>,
    /// Objects without a mark, by type and id, that creates of this process have made or found.
    taken: Mutex<HashSet<(String, String)>>,
}

/// An entry of a run that is over.
#[derive(Debug, Clone)]
struct Left {
    path: PathBuf,
    /// The fingerprint, or its beginning.
    print: String,
    /// When its create began, if a mark has restored it.
    restored: Option<Timestamp>,
}

/// A create of a run that is over, whose object may be in no state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unclaimed {
    pub(crate) kind: String,
    pub(crate) marker: String,
    /// The object's id, where the create was answered.
    pub(crate) id: Option<String>,
    pub(crate) since: String,
}

/// Whether the journal in a folder has an entry of a create.
pub(crate) fn has_entry(folder: &Path, id: &str) -> bool {
    entry::path(folder, id).exists()
}

/// The name of the deployment of a working directory, for whoever makes nothing: none where none was needed yet.
pub(crate) fn deployment(working: &Working, folder: &Path) -> Option<String> {
    let own = own::given(folder);
    (working.deployment.name.is_some() || own.is_some()).then(|| name_of(working, || own.unwrap_or_default()))
}

fn name_of(working: &Working, own: impl FnOnce() -> String) -> String {
    working.deployment.name_within(own, &working.workspace)
}

impl Journal {
    /// A journal in a folder, which is made when it is needed; `None` keeps none.
    pub(crate) fn new(folder: Option<PathBuf>, run: Option<Run>, working: Working) -> Self {
        let (answered, deployment, shown, stored, left, taken) = Default::default();
        Self { folder, run, working, answered, deployment, shown, stored, left, taken }
    }

    /// Claims the entry of a create of the same values by a run that is over, whose object no state has: this process, or an
    /// earlier one of this run, was handed the whole state when the plan was made, and what that had is no longer here. A
    /// run with `-target` is handed a part of a state that is kept elsewhere; it claims only what was never answered.
    pub(crate) fn claim(&self, fingerprint: &str) -> Option<Entry> {
        let state = self.working.deployment.state.as_deref();
        self.left().into_iter().filter(|left| fingerprint.starts_with(&left.print)).find_map(|left| {
            let (entry, contents) = Entry::open(&left.path)?;
            let may_be_stored = || match local_state::read(state) {
                Some(stored) => stored.markers.contains(&entry.marker.id),
                None => self.working.is_partial,
            };
            if contents.is_answered() && may_be_stored() {
                return None;
            }
            Run::is_over(&contents.record.run).then_some(entry)
        })
    }

    /// What runs that are over have left for this workspace. A process that serves one run looks once.
    fn left(&self) -> Vec<Left> {
        let mut known = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if self.run.is_none() {
            *known = None;
        }
        known.get_or_insert_with(|| self.files().into_iter().filter_map(|path| self.look(path)).collect()).clone()
    }

    fn look(&self, path: PathBuf) -> Option<Left> {
        let record = entry::look(&path)?.record;
        let is_left = record.workspace == self.working.workspace && Run::is_over(&record.run);
        let since = || record.since.parse().ok();
        let restored = (record.kind == RESTORED).then(since).flatten();
        is_left.then_some(Left { path, print: record.fingerprint, restored })
    }

    /// Adds an entry to those that are left, if it is new.
    fn add(&self, path: PathBuf) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let left = left.get_or_insert_default();
        if !left.iter().any(|one| one.path == path) {
            left.extend(self.look(path));
        }
    }

    /// Writes the entries that are missing here of creates that were cut off elsewhere, as the service shows their objects. What a
    /// state has needs none.
    ///
    /// # Errors
    /// An object of the same values, of which it is not known whether a state has it.
    pub(crate) fn restore(&self, marked: &[Marked], fingerprint: &str) -> Result<(), Marked> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let mut once = None;
        for marked in marked {
            let Some(mark) = Mark::parse(&marked.mark) else { continue };
            if !Run::is_over(&mark.run) {
                continue;
            }
            // Of what this folder's journal has an entry, that decides. Another instance may just have restored it.
            let path = entry::path(folder, &mark.id);
            if path.exists() {
                self.add(path);
                continue;
            }
            let stored = self.planned_with(folder);
            let is_ours = mark.deployment == self.deployment()
                || stored.is_some_and(|stored| stored.deployments.contains(&mark.deployment));
            match stored {
                _ if !is_ours => {}
                Some(stored) if stored.markers.contains(&mark.id) => {}
                Some(_) => self.restore_entry(folder, &mark, &marked.id),
                None if once.get_or_insert_with(|| plans::all(folder)).contains(&mark.id) => {}
                None if fingerprint.starts_with(&mark.print) => return Err(marked.clone()),
                None => {}
            }
        }
        Ok(())
    }

    /// What the state had when the plan was made that is applied, if that is known.
    fn planned_with(&self, folder: &Path) -> Option<&Stored> {
        self.stored.get_or_init(|| self.stored_at_plan(folder)).as_ref()
    }

    /// What the state had when the plan was made that is applied: a state in a file is at hand, a plan in a file has it within,
    /// and a plan of this run was shown it, if it was one of the whole. OpenTofu may have encrypted both files.
    fn stored_at_plan(&self, folder: &Path) -> Option<Stored> {
        let here = local_state::read(self.working.deployment.state.as_deref());
        let shown = || match &self.working.plan {
            Some(plan) => local_state::read_in_plan(plan),
            None if self.working.is_partial => None,
            None => plans::of(folder, self.run.as_ref()?.as_str()),
        };
        here.or_else(shown)
    }

    /// Since when this deployment has been cut off elsewhere, as far as the marks tell that this journal was restored from.
    pub(crate) fn cut_off_elsewhere(&self) -> Option<Timestamp> {
        self.left().into_iter().filter_map(|left| left.restored).min()
    }

    /// The objects of a type that are surely not of the create of a marker: what other creates have made, what has been taken, and
    /// what the state has.
    pub(crate) fn others(&self, kind: &str, marker: &str) -> HashSet<String> {
        let looked = self.files().into_iter().filter_map(|path| entry::look(&path));
        let of_others = looked.filter(|one| one.record.kind == kind && one.record.marker != marker);
        let mut others: HashSet<String> = of_others.filter_map(|one| one.id().map(str::to_owned)).collect();
        let stored = self.folder.as_deref().and_then(|folder| self.planned_with(folder));
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let known = taken.iter().chain(stored.iter().flat_map(|stored| &stored.objects));
        others.extend(known.filter(|(of, _)| of == kind).map(|(_, id)| id.clone()));
        others
    }

    /// Takes an object for one create; false if another one of this run has taken it. Where one process serves many runs, nothing is
    /// kept.
    pub(crate) fn take(&self, kind: &str, id: &str) -> bool {
        let object = (kind.to_owned(), id.to_owned());
        self.run.is_none() || self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(object)
    }

    fn restore_entry(&self, folder: &Path, mark: &Mark, id: &str) {
        let record = Record {
            marker: mark.id.clone(),
            kind: RESTORED.to_owned(),
            fingerprint: mark.print.clone(),
            since: mark.since.to_string(),
            run: mark.run.clone(),
            workspace: self.working.workspace.clone(),
        };
        if let Err(error) = entry::restore(folder, &record, id) {
            // Another instance was faster: whoever claims it first has it.
            tracing::debug!(mark = mark.id, %error, "the entry of a mark was not written");
        }
        self.add(entry::path(folder, &mark.id));
    }

    /// The plan or refresh of this run was shown an object of this marker: a stored state has it.
    pub(crate) fn shown(&self, marker: &str) {
        self.stored(marker);
        self.note_plan(Some(marker));
    }

    /// The plan or refresh of this run was shown an object that nothing marks.
    pub(crate) fn shown_unmarked(&self, kind: &str, id: &str) {
        self.note_plan(Some(&plans::object(kind, id)));
    }

    /// A plan is made: that of a state that has nothing is shown no marker.
    pub(crate) fn planning(&self) {
        self.note_plan(None);
    }

    fn note_plan(&self, marker: Option<&str>) {
        if let (Some(folder), Some(run)) = (&self.folder, &self.run) {
            self.shown.note(folder, run, marker);
        }
    }

    /// The name of the deployment, for the private bytes of what it makes.
    pub(crate) fn deployment(&self) -> &str {
        self.deployment.get_or_init(|| name_of(&self.working, || own::name(self.folder.as_deref())))
    }

    /// Writes the entry of a create that is about to begin. It is on the disk when this returns. A journal that cannot be
    /// written does not stop the create: the log says so.
    pub(crate) fn begin(&self, kind: &str, fingerprint: &str) -> Entry {
        let (id, since) = (uuid::Uuid::new_v4().to_string(), Timestamp::now());
        let run = self.run.as_ref().map_or("", Run::as_str);
        let marker = Mark::new(id, self.deployment(), since, fingerprint, run).marker();
        let Some(folder) = self.folder.as_deref() else { return Entry::unwritten(marker) };
        let record = Record {
            marker: marker.id.clone(),
            kind: kind.to_owned(),
            fingerprint: fingerprint.to_owned(),
            since: marker.since.to_string(),
            run: run.to_owned(),
            workspace: self.working.workspace.clone(),
        };
        Entry::write(folder, marker.clone(), &record).unwrap_or_else(|error| {
            tracing::warn!(folder = %folder.display(), %error, "the journal of creates cannot be written; a kill may leave an orphan");
            Entry::unwritten(marker)
        })
    }

    /// Nothing was made: ends the entry.
    pub(crate) fn abandon(&self, entry: Entry) {
        entry.remove();
    }

    /// Whether something was made is not known: leaves the entry for the next create of the same values.
    pub(crate) fn leave(&self, entry: Entry) {
        drop(entry);
    }

    /// The object's state is on its way to Terraform, which may take minutes to store it: keeps the entry, and this
    /// process's claim on it.
    pub(crate) fn answered(&self, mut entry: Entry, id: &str) {
        entry.note(&Note::Answered(id.to_owned()));
        self.lock().insert(entry.marker.id.clone(), entry);
    }

    /// A stored state has the object of this marker, or it is deleted: its entry is over, whoever wrote it.
    pub(crate) fn stored(&self, marker: &str) {
        if let Some(entry) = self.lock().remove(marker) {
            entry.remove();
        } else if let Some(folder) = &self.folder
            && uuid::Uuid::parse_str(marker).is_ok()
            // Names come from our own private bytes, and are ids and nothing else: no way out of the folder.
            && let Some((entry, _)) = Entry::open(&entry::path(folder, marker))
        {
            entry.remove();
        }
    }

    /// Terraform has asked the process to end: it has all answers. Whether it has stored them is not known; it stores a
    /// remote state at the end of the apply, and ends each instance of a provider long before that.
    pub(crate) fn ended(&self) {
        self.lock().values_mut().for_each(|entry| entry.note(&Note::Ended));
    }

    /// What runs that were cut off may have left in no state. Of a run that ended in good order nothing is said: its state
    /// was stored, or Terraform has said what to do (`errored.tfstate`).
    pub(crate) fn unclaimed(&self) -> Vec<Unclaimed> {
        let mut over: Vec<Contents> = self.files().iter().filter_map(|path| entry::over(path)).collect();
        over.retain(|one| one.record.workspace == self.working.workspace);
        let cut: HashSet<String> =
            over.iter().filter(|one| !one.has_ended()).map(|one| one.record.run.clone()).collect();
        over.retain(|one| if one.record.run.is_empty() { !one.has_ended() } else { cut.contains(&one.record.run) });
        if over.is_empty() {
            return Vec::new();
        }
        let stored = local_state::read(self.working.deployment.state.as_deref()).unwrap_or_default().markers;
        let mut unclaimed: Vec<Unclaimed> = over
            .into_iter()
            .filter(|one| !stored.contains(&one.record.marker))
            .map(|one| Unclaimed {
                id: one.id().map(str::to_owned),
                kind: one.record.kind,
                marker: one.record.marker,
                since: one.record.since,
            })
            .collect();
        unclaimed.sort_by(|one, other| (&one.kind, &one.since).cmp(&(&other.kind, &other.since)));
        unclaimed
    }

    /// Whether nobody has said yet, in this run, what is unclaimed: a run has a process per instance of the provider.
    pub(crate) fn is_first_to_say(&self) -> bool {
        let (Some(folder), Some(run)) = (&self.folder, &self.run) else { return true };
        let (note, name) = (folder.join("said"), run.as_str());
        let is_said = fs::read_to_string(&note).is_ok_and(|said| said == name);
        !is_said && fs::write(&note, name).is_ok()
    }

    /// Where the entry of a marker is, for people.
    pub(crate) fn place(&self) -> String {
        self.folder.as_deref().map_or_else(String::new, |folder| folder.display().to_string())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Entry>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn files(&self) -> Vec<PathBuf> {
        let Some(folder) = &self.folder else { return Vec::new() };
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|it| it == "json")).collect();
        paths.sort();
        paths
    }
}

#[cfg(test)]
mod tests;
