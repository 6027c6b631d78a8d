//! The journal of creates in flight: what makes a kill in the middle of a create leave no orphan.
//!
//! One file per create, written and synced before the request leaves, and locked by this process as long as it lives. A
//! file that nobody locks is the trace of a create whose end nobody saw; the next create of the same values claims it and
//! looks for its object. See `docs/decisions/0002-crash-safe-creates.md`.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::call::Marker;

/// Entries that are older say nothing anymore.
const EXPIRY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What stands in an entry's file, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    marker: String,
    #[serde(rename = "type")]
    kind: String,
    fingerprint: String,
    /// RFC 3339.
    since: String,
}

/// The journal of one working directory.
#[derive(Debug)]
pub(crate) struct Journal {
    /// `None` keeps no journal.
    folder: Option<PathBuf>,
    /// Answered creates, whose entries go once Terraform has had the time to store the state.
    answered: Mutex<HashMap<String, Entry>>,
}

/// A create that this process has in flight: its marker, and the file that says so.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) marker: Marker,
    file: Option<(PathBuf, File)>,
}

impl Entry {
    /// Ends the entry: nothing is to be looked for.
    fn remove(self) {
        if let Some((path, _locked)) = self.file
            && let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %path.display(), %error, "a journal entry cannot be removed");
        }
    }
}

impl Journal {
    /// A journal in a folder, which is made when it is needed; `None` keeps none.
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, answered: Mutex::default() }
    }

    /// Claims the entry of an earlier create of the same values whose end nobody saw.
    pub(crate) fn claim(&self, kind: &str, fingerprint: &str) -> Option<Entry> {
        let now = Timestamp::now();
        for path in self.files() {
            let Some((file, record)) = read_unlocked(&path) else { continue };
            let Some(marker) = marker(&record) else { continue };
            let expired = now.duration_since(marker.since).unsigned_abs() > EXPIRY;
            let entry = Entry { marker, file: Some((path, file)) };
            if expired {
                entry.remove();
            } else if record.kind == kind && record.fingerprint == fingerprint {
                return Some(entry);
            }
        }
        None
    }

    /// Writes the entry of a create that is about to begin. It is on the disk when this returns. A journal that cannot be
    /// written does not stop the create: the log says so.
    pub(crate) fn begin(&self, kind: &str, fingerprint: &str) -> Entry {
        let marker = Marker { id: uuid::Uuid::new_v4().to_string(), since: Timestamp::now() };
        let file = self.folder.as_deref().and_then(|folder| {
            let record = Record {
                marker: marker.id.clone(),
                kind: kind.to_owned(),
                fingerprint: fingerprint.to_owned(),
                since: marker.since.to_string(),
            };
            let path = folder.join(format!("{}.json", marker.id));
            match write(folder, &path, &record) {
                Ok(file) => Some((path, file)),
                Err(error) => {
                    tracing::warn!(folder = %folder.display(), %error, "the journal of creates cannot be written; a kill may leave an orphan");
                    None
                }
            }
        });
        Entry { marker, file }
    }

    /// Nothing was made: ends the entry.
    pub(crate) fn abandon(&self, entry: Entry) {
        entry.remove();
    }

    /// Whether something was made is not known: leaves the entry for the next create of the same values.
    pub(crate) fn leave(&self, entry: Entry) {
        drop(entry);
    }

    /// The object's state is on its way to Terraform: keeps the entry, and this process's claim on it, until
    /// [`Self::stored`].
    pub(crate) fn answered(&self, entry: Entry) {
        self.lock().insert(entry.marker.id.clone(), entry);
    }

    /// Terraform has stored the object of this marker: its entry is over, whoever wrote it.
    pub(crate) fn stored(&self, marker: &str) {
        if let Some(entry) = self.lock().remove(marker) {
            entry.remove();
        } else if let Some(folder) = &self.folder
            && uuid::Uuid::parse_str(marker).is_ok()
        {
            // Names come from our own private bytes, and are ids and nothing else: no way out of the folder.
            let path = folder.join(format!("{marker}.json"));
            if let Some((file, record)) = read_unlocked(&path)
                && let Some(marker) = self::marker(&record)
            {
                Entry { marker, file: Some((path, file)) }.remove();
            }
        }
    }

    /// Terraform has ended in good order, and stored everything it was told.
    pub(crate) fn close(&self) {
        for (_, entry) in self.lock().drain() {
            entry.remove();
        }
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

fn marker(record: &Record) -> Option<Marker> {
    Some(Marker { id: record.marker.clone(), since: record.since.parse().ok()? })
}

/// Opens and locks an entry. `None`: another create has it, it is gone, or it is no entry.
fn read_unlocked(path: &Path) -> Option<(File, Record)> {
    let mut file = OpenOptions::new().read(true).write(true).open(path).ok()?;
    file.try_lock().ok()?;
    // Whoever had it locked may just have removed it.
    if file.metadata().ok()?.nlink() == 0 {
        return None;
    }
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    let record = serde_json::from_str(&text).ok()?;
    Some((file, record))
}

fn write(folder: &Path, path: &Path, record: &Record) -> io::Result<File> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // The entry gets its name when it is complete: nobody reads half of one.
    let draft = path.with_extension("new");
    let mut file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&draft)?;
    file.try_lock()?;
    file.write_all(&serde_json::to_vec(record)?)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    File::open(folder)?.sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::Journal;

    fn journal() -> (tempfile::TempDir, Journal) {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(Some(folder.path().join("journal")));
        (folder, journal)
    }

    fn again(journal: &Journal) -> Journal {
        Journal::new(journal.folder.clone())
    }

    fn count(journal: &Journal) -> usize {
        journal.files().len()
    }

    #[test]
    fn a_create_that_was_cut_off_is_claimed_once() {
        let (_folder, journal) = journal();
        let entry = journal.begin("thing", "print");
        let marker = entry.marker.clone();
        assert!(again(&journal).claim("thing", "print").is_none(), "its process lives");
        journal.leave(entry);
        assert!(again(&journal).claim("other", "print").is_none());
        assert!(again(&journal).claim("thing", "other").is_none());
        let later = again(&journal);
        let claimed = later.claim("thing", "print").unwrap();
        assert_eq!(claimed.marker, marker);
        assert!(later.claim("thing", "print").is_none(), "two creates must not take the same object");
        later.abandon(claimed);
        assert_eq!(count(&journal), 0);
    }

    #[test]
    fn an_answered_create_keeps_its_entry_until_it_is_stored() {
        let (_folder, journal) = journal();
        let entry = journal.begin("thing", "print");
        let marker = entry.marker.id.clone();
        journal.answered(entry);
        assert_eq!(count(&journal), 1);
        assert!(again(&journal).claim("thing", "print").is_none());
        journal.stored(&marker);
        assert_eq!(count(&journal), 0);
        journal.answered(journal.begin("thing", "print"));
        journal.close();
        assert_eq!(count(&journal), 0);
    }

    #[test]
    fn a_state_that_has_the_marker_ends_the_entry_of_a_killed_process() {
        let (_folder, journal) = journal();
        let entry = journal.begin("thing", "print");
        let marker = entry.marker.id.clone();
        journal.leave(entry);
        again(&journal).stored("../escape");
        again(&journal).stored(&marker);
        assert_eq!(count(&journal), 0);
    }

    #[test]
    fn old_entries_expire_and_strangers_are_left_alone() {
        let (_folder, journal) = journal();
        let entry = journal.begin("thing", "print");
        let (path, _) = entry.file.as_ref().unwrap();
        let path = path.clone();
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        let text = fs::read_to_string(&path).unwrap();
        journal.leave(entry);
        let year = jiff::Timestamp::now().strftime("%Y-").to_string();
        fs::write(&path, text.replace(&year, "2001-")).unwrap();
        fs::write(path.with_file_name("stranger.json"), "{").unwrap();
        assert!(journal.claim("thing", "print").is_none());
        assert_eq!(count(&journal), 1);
    }

    #[test]
    fn a_folder_that_cannot_be_made_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let journal = Journal::new(Some(file.join("journal")));
        let entry = journal.begin("thing", "print");
        assert!(entry.file.is_none());
        journal.answered(entry);
        journal.close();
    }
}
