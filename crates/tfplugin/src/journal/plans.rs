//! What plans were shown: the markers of the objects that their state had, or, of what bears no mark, types and ids. The apply of
//! a plan is another process, which is shown the objects that change and no others; of what a service shows of this deployment's
//! creates, this tells what is stored.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::local_state::Stored;
use super::run::Run;

/// A plan that is so old is applied no more.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What the plan of this run is shown, in a file that its instances share.
#[derive(Debug, Default)]
pub(super) struct Shown {
    written: Mutex<Option<(File, HashSet<String>)>>,
}

impl Shown {
    /// Notes the marker of an object that the state has, or what stands for it; `None` notes that a plan is made at all. What
    /// cannot be noted is not known later.
    pub(super) fn note(&self, journal: &Path, run: &Run, marker: Option<&str>) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.is_none() {
            *written = begin(journal, run).inspect_err(|error| tracing::warn!(%error, "a plan cannot be noted")).ok();
        }
        if let (Some((file, markers)), Some(marker)) = (written.as_mut(), marker)
            && markers.insert(marker.to_owned())
            && let Err(error) = file.write_all(format!("{marker}\n").as_bytes())
        {
            tracing::warn!(%error, "a plan cannot be noted");
        }
    }
}

/// What stands for an object that nothing marks. No marker has a blank in it.
pub(super) fn object(kind: &str, id: &str) -> String {
    format!("{kind} {id}")
}

/// What the plan of a run was shown; `None` where no plan of that run was made here.
pub(super) fn of(journal: &Path, run: &str) -> Option<Stored> {
    let text = fs::read_to_string(path(journal, run)).ok()?;
    let mut stored = Stored::default();
    for line in text.lines() {
        match line.split_once(' ') {
            Some((kind, id)) => drop(stored.objects.insert((kind.to_owned(), id.to_owned()))),
            None => drop(stored.markers.insert(line.to_owned())),
        }
    }
    Some(stored)
}

/// The markers that any plan was shown here: a state has had them all.
pub(super) fn all(journal: &Path) -> HashSet<String> {
    let plans = fs::read_dir(journal.join("plans")).into_iter().flatten().flatten();
    let texts = plans.filter_map(|plan| fs::read_to_string(plan.path()).ok());
    texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn begin(journal: &Path, run: &Run) -> std::io::Result<(File, HashSet<String>)> {
    let path = path(journal, run.as_str());
    let folder = path.parent().unwrap_or(journal);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    for old in fs::read_dir(folder)?.flatten() {
        let age = old.metadata().and_then(|it| it.modified()).map(|time| SystemTime::now().duration_since(time));
        if matches!(age, Ok(Ok(age)) if age > KEPT) {
            let _ = fs::remove_file(old.path());
        }
    }
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path)?;
    Ok((file, HashSet::new()))
}

/// A run's name comes from private bytes as well: whatever it is, it leads to a file of this folder.
fn path(journal: &Path, run: &str) -> PathBuf {
    let name: String = run.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '-' }).collect();
    journal.join("plans").join(name)
}
