//! The journal of creates: what makes a kill in the middle of an apply leave no orphan.
//!
//! One file per create, written and synced before the request leaves. It ends when a stored state was seen to have the
//! object, when the object is deleted, or when nothing was made: never by time, and never because a process ends, since
//! Terraform writes a remote state minutes after it was answered. An entry whose run of Terraform is over is the trace of a
//! create that may be in no state; the next create of the same values claims it and looks for its object. See
//! `docs/decisions/0002-crash-safe-creates.md`.

mod entry;
mod local_state;
mod run;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::call::Marker;
use crate::environment::Working;
pub(crate) use entry::Entry;
use entry::{Contents, Note, Record};
pub(crate) use run::Run;

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

impl Journal {
    /// A journal in a folder, which is made when it is needed; `None` keeps none.
    pub(crate) fn new(folder: Option<PathBuf>, run: Option<Run>, working: Working) -> Self {
        Self { folder, run, working, answered: Mutex::default() }
    }

    /// Claims the entry of a create of the same values by a run that is over, whose object no state has: this process, or an
    /// earlier one of this run, was handed the whole state when the plan was made, and what that had is no longer here. A
    /// run with `-target` is handed a part of the state; it claims only what was never answered.
    pub(crate) fn claim(&self, kind: &str, fingerprint: &str) -> Option<Entry> {
        self.files().into_iter().find_map(|path| {
            let is_it = |contents: &Contents| {
                let record = &contents.record;
                record.kind == kind
                    && record.fingerprint == fingerprint
                    && record.workspace == self.working.workspace
                    && !(self.working.is_partial && contents.is_answered())
                    && Run::is_over(&record.run)
            };
            // Most entries are of others: a look takes no lock.
            entry::look(&path).filter(is_it)?;
            let (entry, contents) = Entry::open(&path)?;
            if contents.is_answered() && local_state::markers(&self.working.workspace).contains(&entry.marker.id) {
                return None;
            }
            is_it(&contents).then_some(entry)
        })
    }

    /// Writes the entry of a create that is about to begin. It is on the disk when this returns. A journal that cannot be
    /// written does not stop the create: the log says so.
    pub(crate) fn begin(&self, kind: &str, fingerprint: &str) -> Entry {
        let marker = Marker { id: uuid::Uuid::new_v4().to_string(), since: Timestamp::now() };
        let Some(folder) = self.folder.as_deref() else { return Entry::unwritten(marker) };
        let record = Record {
            marker: marker.id.clone(),
            kind: kind.to_owned(),
            fingerprint: fingerprint.to_owned(),
            since: marker.since.to_string(),
            run: self.run.as_ref().map_or_else(String::new, |run| run.as_str().to_owned()),
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
            && let Some((entry, _)) = Entry::open(&folder.join(format!("{marker}.json")))
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
        let stored = local_state::markers(&self.working.workspace);
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
