//! Which entries are claimed, which end, and which are told of.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use super::{Entry, Journal, Mark, Run, Timestamp, Unclaimed};
use crate::call::{Marked, Marker};
use crate::deployment::Deployment;
use crate::environment::Working;
use crate::private::Private;

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

const PRINT: &str = "0123456789abcdef and more";

/// An object that a run left which is over, elsewhere or before its journal was deleted.
fn left_by(deployment: &str) -> Marked {
    marked(deployment, "0:1:2")
}

fn marked(deployment: &str, run: &str) -> Marked {
    let since = jiff::Timestamp::from_second(1_790_000_000).unwrap();
    let mark = Mark::new(uuid::Uuid::new_v4().to_string(), deployment, since, PRINT, run).marker();
    Marked { mark: mark.text().to_owned(), id: "t-1".to_owned() }
}

fn id_of(marked: &Marked) -> &str {
    marked.mark.split(':').next().unwrap()
}

/// A deployment, with its state elsewhere or in a file.
fn working(state: Option<&std::path::Path>) -> Working {
    let deployment = Deployment { name: Some("0123456789ab".to_owned()), state: state.map(Into::into) };
    Working { deployment, ..Working::default() }
}

#[test]
fn marks_restore_the_entries_of_this_deployment_that_no_state_has() {
    let folder = tempfile::tempdir().unwrap();
    let terraform = Terraform::start(&folder);
    let (ours, other, stored) = (left_by("0123456789ab"), left_by("ba9876543210"), left_by("0123456789ab"));
    let plan = terraform.provider_in(working(None));
    plan.planning();
    plan.shown(id_of(&stored));
    // The apply's process, which was shown nothing.
    let apply = terraform.provider_in(working(None));
    assert!(apply.claim(PRINT).is_none());
    assert_eq!(apply.cut_off_elsewhere(), None);
    let twin = marked("0123456789ab", Run::of(terraform.process.id()).unwrap().as_str());
    apply.restore(&[twin, ours.clone(), other, stored], PRINT).unwrap();
    let claimed = apply.claim(PRINT).unwrap();
    assert_eq!(marker(&claimed), id_of(&ours));
    assert!(apply.claim(PRINT).is_none() && terraform.provider_in(working(None)).claim(PRINT).is_none());
    assert_eq!(count(&apply), 1);
    // What it holds is not written again, and nothing is said against it.
    apply.restore(std::slice::from_ref(&ours), PRINT).unwrap();
    assert!(apply.claim(PRINT).is_none());
    // Each process of the run knows by it that something may be there that bears no mark.
    let since = Mark::parse(&ours.mark).map(|mark| mark.since);
    for journal in [&apply, &terraform.provider_in(working(None))] {
        assert_eq!(journal.cut_off_elsewhere(), since);
    }
}

#[test]
fn what_another_create_or_the_state_has_is_nobody_elses() {
    let folder = tempfile::tempdir().unwrap();
    let terraform = Terraform::start(&folder);
    let plan = terraform.provider_in(working(None));
    plan.planning();
    plan.shown_unmarked("thing", "stored");
    plan.shown_unmarked("other", "of another type");
    let apply = terraform.provider_in(working(None));
    let (own, twin) = (apply.begin("thing", PRINT), apply.begin("thing", PRINT));
    let (own, twins) = (own.marker.id.clone(), twin.marker.id.clone());
    apply.answered(twin, "made");
    assert!(apply.take("thing", "taken") && !apply.take("thing", "taken") && apply.take("other", "taken"));
    let others = |marker: &str| {
        let mut others: Vec<String> = apply.others("thing", marker).into_iter().collect();
        others.sort_unstable();
        others
    };
    assert_eq!(others(&own), ["made", "stored", "taken"]);
    assert_eq!(others(&twins), ["stored", "taken"], "its own is not another's");
    let marker = Marker::new("m", Timestamp::UNIX_EPOCH).beside(apply.others("thing", &own));
    assert!(marker.is_anothers("made") && !marker.is_anothers("mine"));
}

#[test]
fn where_it_is_not_known_what_the_state_has_an_equal_object_stops_the_create() {
    let folder = tempfile::tempdir().unwrap();
    let terraform = Terraform::start(&folder);
    let ours = left_by("0123456789ab");
    let nothing_known = |journal: &Journal| {
        assert_eq!(journal.restore(std::slice::from_ref(&ours), PRINT), Err(ours.clone()));
        journal.restore(std::slice::from_ref(&ours), "another print").unwrap();
        journal.restore(&[left_by("ba9876543210")], PRINT).unwrap();
        assert_eq!(count(journal), 0);
    };
    nothing_known(&terraform.provider_in(working(None)));
    let partial = Working { is_partial: true, ..working(None) };
    terraform.provider_in(partial.clone()).planning();
    nothing_known(&terraform.provider_in(partial.clone()));
    // As OpenTofu encrypts it.
    let state = folder.path().join("encrypted.tfstate");
    fs::write(&state, r#"{"encrypted_data": "…"}"#).unwrap();
    nothing_known(&terraform.provider_in(Working { is_partial: true, ..working(Some(&state)) }));
    // Another plan in this folder was shown it: a state has had it.
    let whole = Terraform::start(&folder);
    whole.provider_in(working(None)).shown(id_of(&ours));
    terraform.provider_in(partial).restore(std::slice::from_ref(&ours), PRINT).unwrap();
}

#[test]
fn a_state_in_a_file_says_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let terraform = Terraform::start(&folder);
    let (ours, moved) = (left_by("0123456789ab"), left_by("fedcba987654"));
    let state = folder.path().join("terraform.tfstate");
    let restored = |text: Option<String>| {
        if let Some(text) = text {
            fs::write(&state, text).unwrap();
        }
        let journal = terraform.provider_in(Working { is_partial: true, ..working(Some(&state)) });
        journal.restore(&[ours.clone(), moved.clone()], PRINT).unwrap();
        let claimed = std::iter::from_fn(|| journal.claim(PRINT)).map(|entry| {
            let id = marker(&entry);
            journal.abandon(entry);
            id
        });
        let mut claimed: Vec<String> = claimed.collect();
        claimed.sort();
        claimed
    };
    let with = |marker: Option<&str>, deployment: &str| {
        let private = Private { marker: marker.map(str::to_owned), deployment: Some(deployment.to_owned()) };
        let private = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, private.write());
        Some(format!(r#"{{"version": 4, "resources": [{{"instances": [{{"private": "{private}"}}]}}]}}"#))
    };
    assert_eq!(restored(None), [id_of(&ours)], "there is no state yet");
    assert_eq!(restored(Some(String::new())), [id_of(&ours)], "it is locked, and not written yet");
    assert_eq!(restored(with(Some(id_of(&ours)), "0123456789ab")), [""; 0]);
    // A state that came from another directory knows what it made there.
    let mut both = [id_of(&ours).to_owned(), id_of(&moved).to_owned()];
    both.sort();
    assert_eq!(restored(with(None, "fedcba987654")), both);
}

#[test]
fn what_a_folder_without_a_name_of_its_own_makes_is_its_own_alone() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let nameless = |workspace: &str| Working {
        workspace: workspace.to_owned(),
        deployment: Deployment { name: None, state: None },
        ..Working::default()
    };
    let (here, there) = (Terraform::start(&one), Terraform::start(&other));
    let name = |terraform: &Terraform, workspace| terraform.provider_in(nameless(workspace)).deployment().to_owned();
    assert_eq!(super::deployment(&nameless("a"), &here.folder), None, "nothing was made yet");
    assert_eq!(name(&here, "a"), name(&here, "a"));
    assert_eq!(super::deployment(&nameless("a"), &here.folder), Some(name(&here, "a")));
    assert_ne!(name(&here, "a"), name(&here, "b"));
    assert_ne!(name(&here, "a"), name(&there, "a"));
}
