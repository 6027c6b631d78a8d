//! What came of a copy.

use std::path::Path;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use sftp::file::{Carried, Failed};
use sftp::tree::{Done, Step};

use super::meter::Meter;
use crate::error::{Result, exit};
use crate::table::Tint;
use crate::{print, say, words};

/// What came of a copy.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(in crate::commands) struct Report {
    /// Files that were copied; with --dry-run, that would be.
    files: u64,
    /// Their bytes.
    bytes: u64,
    /// Bytes that an earlier try had copied.
    resumed: u64,
    /// Files that were the same, and were left alone.
    same: u64,
    /// Files, links and folders that were removed.
    removed: u64,
    /// Links and the like, which are not copied.
    left_out: u64,
    seconds: f64,
    /// Whether nothing was done: these are the numbers of what would be.
    dry_run: bool,
    /// Whether it was interrupted: the numbers are those of what was done before.
    stopped: bool,
    /// What failed.
    failures: Vec<String>,
    #[serde(skip)]
    code: u8,
}

impl Report {
    /// One of what would be done, where nothing is.
    pub(super) fn new(dry_run: bool) -> Self {
        Self { dry_run, ..Self::default() }
    }

    /// A file was copied by itself.
    pub(super) fn carried(&mut self, path: &Path, carried: Carried) {
        (self.files, self.bytes) = (self.files + 1, self.bytes + carried.bytes);
        self.resumed += carried.resumed;
        if carried.was_absent {
            say!(
                "tunnel: {}: the server cannot rename over a file, so that the old one was removed first",
                shown(path)
            );
        }
    }

    /// A file was written that is no copy of one.
    pub(super) fn streamed(&mut self, bytes: u64) {
        (self.files, self.bytes) = (self.files + 1, self.bytes + bytes);
    }

    /// Whether it was interrupted.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Something failed.
    pub(super) fn failed(&mut self, failed: &Failed) {
        if let Failed::Stopped { kept, .. } = failed {
            (self.stopped, self.code) = (true, exit::INTERRUPTED);
            if kept.is_none() {
                return;
            }
        }
        let error = super::end::failure(failed);
        say!("tunnel: {}", words::in_one_line(&error.to_string()));
        if self.failures.is_empty() && !self.stopped {
            self.code = error.exit_code();
        }
        self.failures.push(error.to_string());
    }

    /// A step of a tree.
    pub(super) fn step(&mut self, step: &Step<'_>, meter: &Meter, is_shown: bool) {
        let line = |word: &str, path: &Path| {
            if is_shown {
                // Who has gone from stdout is told at the end.
                let _ = print::bytes(format!("{word}  {}\n", shown(path)).as_bytes());
            }
        };
        match step {
            Step::Made(path) if !path.as_os_str().is_empty() => line("make  ", path),
            Step::Carried(path, _, None) => line("copy  ", path),
            Step::Carried(_, _, Some(carried)) => {
                self.resumed += carried.resumed;
                meter.file();
            }
            Step::Removed(path) => line("remove", path),
            Step::LeftOut(path) => say!("tunnel: {} is left out: it is neither a file nor a folder", shown(path)),
            Step::Failed(failed) => self.failed(failed),
            Step::Made(_) => {}
        }
    }

    /// A tree was copied.
    pub(super) fn tree(&mut self, done: Done) {
        self.files += done.files;
        self.bytes += done.bytes;
        self.same += done.same;
        self.removed += done.removed;
        self.left_out += done.left_out;
    }

    /// Shows it, and answers the exit code.
    pub(super) fn show(mut self, took: Duration, json: bool, quiet: bool) -> Result<u8> {
        self.seconds = took.as_secs_f64();
        let code = if self.failures.is_empty() && !self.stopped { 0 } else { self.code.max(exit::FAILED) };
        if self.stopped && self.failures.is_empty() {
            say!("tunnel: stopped: of files that were not finished nothing is left");
        }
        if json {
            print::json(&self)?;
        } else if !quiet {
            say!("tunnel: {}", print::painted_on_stderr(Tint::Plain, &self.line()));
        }
        Ok(code)
    }

    fn line(&self) -> String {
        let plural = |count: u64, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
        #[allow(clippy::cast_precision_loss)]
        let rate = (self.bytes - self.resumed.min(self.bytes)) as f64 / self.seconds.max(1e-6) / 1e6;
        let mut line = format!(
            "{}{}, {:.1} MB in {:.1} s ({rate:.1} MB/s)",
            if self.dry_run { "nothing is done; it would be " } else { "" },
            plural(self.files, "file"),
            megabytes(self.bytes),
            self.seconds
        );
        for (count, words) in [
            (self.same, "the same"),
            (self.removed, "removed"),
            (self.left_out, "left out"),
            (self.failures.len() as u64, "failed"),
        ] {
            if count > 0 {
                line.push_str(&format!(", {count} {words}"));
            }
        }
        if self.resumed > 0 {
            line.push_str(&format!(", {:.1} MB of them were there", megabytes(self.resumed)));
        }
        line
    }
}

#[allow(clippy::cast_precision_loss)]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// A path that is fit for a line.
pub(super) fn shown(path: &Path) -> String {
    words::in_one_line(&path.display().to_string())
}
