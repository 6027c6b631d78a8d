//! One entry of the journal: a file that its process holds locked, with what is known of one create.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::run::Run;
use crate::call::Marker;

/// The first line of an entry's file, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) marker: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) fingerprint: String,
    /// RFC 3339.
    pub(crate) since: String,
    /// The run of Terraform; empty where it is not known.
    #[serde(default)]
    pub(crate) run: String,
    /// Terraform's workspace: all workspaces of a working directory have one journal.
    #[serde(default = "default_workspace")]
    pub(crate) workspace: String,
}

/// A further line, which says how the create went on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Note {
    /// Terraform was answered: the object has this id.
    Answered(String),
    /// Terraform has asked the process to end: it has taken the answer, and may still have to store it.
    Ended,
}

fn default_workspace() -> String {
    "default".to_owned()
}

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) record: Record,
    pub(crate) notes: Vec<Note>,
}

impl Contents {
    /// Reads a file's text. A last line that was cut off while it was written says nothing.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let record = serde_json::from_str(lines.next()?).ok()?;
        Some(Self { record, notes: lines.map_while(|line| serde_json::from_str(line).ok()).collect() })
    }

    /// Whether Terraform was answered: it may have stored the object.
    pub(crate) fn is_answered(&self) -> bool {
        self.notes.iter().any(|note| matches!(note, Note::Answered(_)))
    }

    /// The id of the object, where Terraform was answered.
    pub(crate) fn id(&self) -> Option<&str> {
        self.notes.iter().find_map(|note| match note {
            Note::Answered(id) if !id.is_empty() => Some(id.as_str()),
            _ => None,
        })
    }

    /// Whether its process was asked to end in good order.
    pub(crate) fn has_ended(&self) -> bool {
        self.notes.contains(&Note::Ended)
    }

    pub(crate) fn marker(&self) -> Option<Marker> {
        Some(Marker::new(self.record.marker.clone(), self.record.since.parse().ok()?))
    }
}

/// A create that this process has in flight: its marker, and the file that says so.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) marker: Marker,
    file: Option<(PathBuf, File)>,
}

impl Entry {
    /// An entry that no file tells of.
    pub(super) fn unwritten(marker: Marker) -> Self {
        Self { marker, file: None }
    }

    /// Writes an entry, and locks it. It is on the disk when this returns.
    pub(super) fn write(folder: &Path, marker: Marker, record: &Record) -> io::Result<Self> {
        let path = path(folder, &marker.id);
        let file = name_when_whole(folder, &path, &line(record)?, File::try_lock)?;
        Ok(Self { marker, file: Some((path, file)) })
    }

    /// Opens and locks an entry. `None`: another create has it, it is gone, or it is no entry.
    pub(super) fn open(path: &Path) -> Option<(Self, Contents)> {
        let mut file = OpenOptions::new().read(true).append(true).open(path).ok()?;
        file.try_lock().ok()?;
        // Whoever had it locked may just have removed it.
        if file.metadata().ok()?.nlink() == 0 {
            return None;
        }
        let contents = read(&mut file)?;
        Some((Self { marker: contents.marker()?, file: Some((path.to_owned(), file)) }, contents))
    }

    /// Says how the create goes on. The file is whole whenever the process ends; a power cut costs a note, and no entry.
    pub(super) fn note(&mut self, note: &Note) {
        if let Some((path, file)) = &mut self.file
            && let Err(error) = line(note).and_then(|line| file.write_all(&line))
        {
            tracing::warn!(path = %path.display(), %error, "a journal entry cannot be written");
        }
    }

    /// Ends the entry: nothing is to be looked for.
    pub(super) fn remove(self) {
        if let Some((path, _locked)) = &self.file
            && let Err(error) = fs::remove_file(path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %path.display(), %error, "a journal entry cannot be removed");
        }
    }
}

/// A process that is just being started has the files of this one until it runs its program, and would hold their locks: to close a
/// file does not end its lock, to unlock it does (flock(2)).
impl Drop for Entry {
    fn drop(&mut self) {
        if let Some((path, file)) = &self.file
            && let Err(error) = file.unlock()
        {
            tracing::warn!(path = %path.display(), %error, "a journal entry cannot be unlocked");
        }
    }
}

/// What an entry says whose run is over. Of a known run no lock is taken: another process may be about to end the entry.
pub(super) fn over(path: &Path) -> Option<Contents> {
    let contents = look(path).filter(|contents| Run::is_over(&contents.record.run))?;
    if contents.record.run.is_empty() {
        Entry::open(path)?;
    }
    Some(contents)
}

/// Writes the entry of an object with this id that another machine's journal had, for anybody to claim.
///
/// # Errors
/// Another instance was faster, or the file cannot be written.
pub(super) fn restore(folder: &Path, record: &Record, id: &str) -> io::Result<()> {
    let text = [line(record)?, line(&Note::Answered(id.to_owned()))?].concat();
    name_when_whole(folder, &path(folder, &record.marker), &text, |_| Ok(())).map(|_| ())
}

/// Writes a file of the journal. It gets its name when it is complete: nobody reads half of one, and whoever is first names it.
pub(super) fn name_when_whole(
    folder: &Path,
    path: &Path,
    text: &[u8],
    lock: impl Fn(&File) -> Result<(), fs::TryLockError>,
) -> io::Result<File> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let draft = folder.join(format!("{}.new", uuid::Uuid::new_v4()));
    let mut file = OpenOptions::new().read(true).append(true).create_new(true).mode(0o600).open(&draft)?;
    let named = lock(&file).map_err(io::Error::from).and_then(|()| {
        file.write_all(text)?;
        file.sync_all()?;
        fs::hard_link(&draft, path)
    });
    fs::remove_file(&draft)?;
    named?;
    File::open(folder)?.sync_all()?;
    Ok(file)
}

/// Where the entry of a marker is.
pub(super) fn path(folder: &Path, marker: &str) -> PathBuf {
    folder.join(format!("{marker}.json"))
}

/// What an entry says, whoever holds it.
pub(super) fn look(path: &Path) -> Option<Contents> {
    read(&mut File::open(path).ok()?)
}

fn read(file: &mut File) -> Option<Contents> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    Contents::parse(&text)
}

fn line(of: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(of)?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Contents, Entry, Note, Record, path};
    use crate::call::Marker;

    #[test]
    fn an_entry_that_is_left_is_unlocked_while_a_process_that_is_being_started_has_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let record = Record {
            marker: "m".to_owned(),
            kind: "thing".to_owned(),
            fingerprint: "f".to_owned(),
            since: Timestamp::now().to_string(),
            run: String::new(),
            workspace: "default".to_owned(),
        };
        let entry = Entry::write(folder.path(), Marker::new("m".to_owned(), Timestamp::now()), &record).unwrap();
        let inherited = entry.file.as_ref().unwrap().1.try_clone().unwrap();
        assert!(Entry::open(&path(folder.path(), "m")).is_none(), "it is in use");
        drop(entry);
        assert!(Entry::open(&path(folder.path(), "m")).is_some());
        drop(inherited);
    }

    #[test]
    fn an_entry_of_an_older_version_and_a_line_that_was_cut_off_are_read() {
        let old = r#"{"marker":"m","type":"thing","fingerprint":"f","since":"2026-01-01T00:00:00Z"}"#;
        let read = Contents::parse(old).unwrap();
        assert_eq!((read.record.workspace.as_str(), read.record.run.as_str()), ("default", ""));
        assert_eq!((read.id(), read.has_ended()), (None, false));
        let noted = format!("{old}\n{{\"answered\":\"vpc-1\"}}\n\"ended\"\n{{\"answ");
        let read = Contents::parse(&noted).unwrap();
        assert_eq!(read.notes, [Note::Answered("vpc-1".to_owned()), Note::Ended]);
        assert_eq!((read.id(), read.has_ended()), (Some("vpc-1"), true));
        for none in ["", "{", "[]", "\n"] {
            assert!(Contents::parse(none).is_none(), "{none:?}");
        }
    }
}
