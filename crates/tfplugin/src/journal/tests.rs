//! Which entries are claimed, which end, and which are told of.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use super::{Entry, Journal, Run, Unclaimed};
use crate::call::Marker;
use crate::environment::Working;

/// A process that stands for a Terraform, and the journal of its providers.
struct Terraform {
    process: Child,
    folder: std::path::PathBuf,
}

impl Terraform {
    fn start(folder: &tempfile::TempDir) -> Self {
        let process = Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().unwrap();
        Self { process, folder: folder.path().join("journal") }
    }

    fn provider(&self) -> Journal {
        self.provider_in(Working::default())
    }

    fn provider_in(&self, working: Working) -> Journal {
        Journal::new(Some(self.folder.clone()), Run::of(self.process.id()), working)
    }

    fn end(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Terraform {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a run leaves that was killed in the middle of one create.
fn cut_off(folder: &tempfile::TempDir) -> Marker {
    let run = Terraform::start(folder);
    let journal = run.provider();
    let entry = journal.begin("thing", "print");
    let marker = entry.marker.clone();
    journal.leave(entry);
    assert!(run.provider().claim("print").is_none(), "its run goes on, in other instances");
    run.end();
    marker
}

fn count(journal: &Journal) -> usize {
    journal.files().len()
}

fn marker(entry: &Entry) -> String {
    entry.marker.id.clone()
}

fn ids(unclaimed: &[Unclaimed]) -> Vec<Option<&str>> {
    unclaimed.iter().map(|one| one.id.as_deref()).collect()
}

/// A run with `-target`, with its state here or elsewhere.
fn targets(is_here: bool) -> Working {
    let mut working = Working { is_partial: true, ..Working::default() };
    if !is_here {
        working.deployment.state = None;
    }
    working
}

#[test]
fn a_create_that_was_cut_off_is_claimed_once_and_not_by_its_own_run() {
    let folder = tempfile::tempdir().unwrap();
    let marker = cut_off(&folder);
    let later = Terraform::start(&folder).provider();
    assert!(later.claim("other").is_none());
    let claimed = later.claim("print").unwrap();
    assert_eq!((&claimed.marker.id, claimed.marker.since), (&marker.id, marker.since));
    assert!(later.claim("print").is_none(), "two creates must not take the same object");
    later.abandon(claimed);
    assert_eq!(count(&later), 0);
}

#[test]
fn neither_an_answer_nor_the_end_of_a_process_ends_an_entry() {
    let folder = tempfile::tempdir().unwrap();
    let first = Terraform::start(&folder);
    let journal = first.provider();
    let entry = journal.begin("thing", "print");
    let marker = marker(&entry);
    journal.answered(entry, "t-1");
    journal.ended();
    drop(journal);
    assert!(first.provider().claim("print").is_none(), "a twin of the same run is another object");
    first.end();

    let second = Terraform::start(&folder);
    assert!(second.provider_in(targets(true)).claim("print").is_some(), "the state is here, and has it not");
    let targets = targets(false);
    assert!(second.provider_in(targets).claim("print").is_none(), "it may be stored, and was not shown");
    let claimed = second.provider().claim("print").unwrap();
    second.provider().leave(claimed);
    second.provider().stored("../escape");
    assert_eq!(count(&second.provider()), 1);
    second.provider().stored(&marker);
    assert_eq!(count(&second.provider()), 0);
}

#[test]
fn what_was_never_answered_is_claimed_with_targets_too() {
    let folder = tempfile::tempdir().unwrap();
    cut_off(&folder);
    let targets = targets(false);
    assert!(Terraform::start(&folder).provider_in(targets).claim("print").is_some());
}

#[test]
fn a_workspace_takes_nothing_of_another() {
    let folder = tempfile::tempdir().unwrap();
    cut_off(&folder);
    let other = Working { workspace: "other".to_owned(), ..Working::default() };
    let later = Terraform::start(&folder);
    assert!(later.provider_in(other.clone()).claim("print").is_none());
    assert_eq!(later.provider_in(other).unclaimed(), []);
    assert_eq!(later.provider().unclaimed().len(), 1);
}

#[test]
fn all_of_a_run_that_was_cut_off_is_told_of_once_and_nothing_of_one_that_ended() {
    let folder = tempfile::tempdir().unwrap();
    let whole = Terraform::start(&folder);
    let journal = whole.provider();
    journal.answered(journal.begin("thing", "a"), "t-1");
    journal.ended();
    whole.end();

    let cut = Terraform::start(&folder);
    let (early, late) = (cut.provider(), cut.provider());
    early.answered(early.begin("thing", "b"), "t-2");
    early.ended();
    late.answered(late.begin("thing", "c"), "t-3");
    late.leave(late.begin("other", "d"));
    assert_eq!(cut.provider().unclaimed(), [], "it goes on");
    drop((early, late));
    cut.end();

    let next = Terraform::start(&folder);
    let unclaimed = next.provider().unclaimed();
    assert_eq!(ids(&unclaimed), [None, Some("t-2"), Some("t-3")]);
    assert!(next.provider().is_first_to_say());
    assert!(!next.provider().is_first_to_say(), "another instance of the same run");
    next.provider().stored(&unclaimed[2].marker);
    next.end();
    let last = Terraform::start(&folder);
    assert!(last.provider().is_first_to_say());
    assert_eq!(ids(&last.provider().unclaimed()), [None, Some("t-2")]);
}

#[test]
fn entries_are_private_old_ones_stay_and_strangers_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::new(Some(folder.path().join("journal")), None, Working::default());
    let entry = journal.begin("thing", "print");
    let path = folder.path().join("journal").join(format!("{}.json", entry.marker.id));
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert!(journal.claim("print").is_none(), "its lock is held");
    let text = fs::read_to_string(&path).unwrap();
    journal.leave(entry);
    let year = jiff::Timestamp::now().strftime("%Y-").to_string();
    fs::write(&path, text.replace(&year, "2001-")).unwrap();
    fs::write(path.with_file_name("stranger.json"), "{").unwrap();
    // A process that another test just forks has the lock until it is another program.
    let claimed = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(5));
        journal.claim("print").is_some()
    });
    assert!(claimed);
    assert_eq!(count(&journal), 2);
}

#[test]
fn a_folder_that_cannot_be_made_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let journal = Journal::new(Some(file.join("journal")), None, Working::default());
    let entry = journal.begin("thing", "print");
    let marker = marker(&entry);
    journal.answered(entry, "t-1");
    journal.ended();
    journal.stored(&marker);
    assert_eq!(journal.unclaimed(), []);
}
